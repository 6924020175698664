# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server with all kinds of back ends open, and nothing to do, does nothing."""

import os
import pty
import shutil
import signal
import socket
import sys
import time

import harness
import wire_peer
from harness import PASSWORD, Device
from wire_peer import Session

IDLE_S = 5
SOCAT = "/usr/bin/socat"


def udp_socket():
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind(("127.0.0.1", 0))
    return peer


class IdleTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.strace = shutil.which("strace")
        self.assertIsNotNone(self.strace, "strace is not installed")

    def lines(self):
        """Two terminals that are the ends of one line."""
        ends = [self.folder / "tty", self.folder / "other"]
        wire = self.start(harness.program("SOCAT", SOCAT), *(f"PTY,rawer,link={end}" for end in ends))
        harness.eventually(lambda: all(end.exists() for end in ends), wire.describe)
        return ends[0]

    def fifo(self):
        """A fifo with somebody who holds it open and writes nothing."""
        path = self.folder / "fifo"
        os.mkfifo(path)
        self.addCleanup(os.close, os.open(path, os.O_RDWR))
        return path

    def terminal(self):
        ends = pty.openpty()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends[1]

    def record(self):
        """Of a session in which nothing passed."""
        path = self.folder / "played"
        self.assert_ends_well(self.serve(f"--chardev=null,id=r,record={path}", device=None))
        return path

    def all_kinds(self):
        """What --chardev says, of all that can be open without a device that is not everywhere."""
        udp = self.enterContext(udp_socket())
        fifo, tty, record = self.fifo(), self.lines(), self.record()
        return ["console", "null", "ringbuf", "loopback", "stdio", "pty", f"pty,path={self.folder}/pty,keep-unsent=4K",
                "socket,host=127.0.0.1,port=0,server=on,wait=off",
                f"socket,path={self.folder}/server,server=on,wait=off",
                "socket,host=127.0.0.1,port=0,server=on,wait=off,telnet=on",
                "socket,host=127.0.0.1,port=0,server=on,wait=off,websocket=on",
                f"socket,path={self.folder}/client,reconnect=1",
                f"udp,host=127.0.0.1,port={udp.getsockname()[1]}",
                f"pipe,path={self.folder}/pipe,create=on",
                f"file,path={self.folder}/file",
                f"file,path={self.folder}/file-2,input-path={fifo}",
                f"serial,path={tty},baud=9600,reconnect=1",
                f"replay,path={record}",
                "null,mux=on",
                f"null,logfile={self.folder}/log,record={self.folder}/record"]

    def serve_all(self):
        options = []
        for n, spec in enumerate(self.all_kinds()):
            options += [f"--chardev={spec},id=c{n}", f"--channel=port,name=org.example.c{n}.0,chardev=c{n}"]
        peer = self.device(Device, name="client")
        command = [harness.charflow(), "serve", "--listen=spice://127.0.0.1:0", *options,
                   f"--password-file={self.write_file('password', PASSWORD)}"]
        server = self.start(*command, stdin=self.terminal())
        self.addCleanup(self.assert_ends_well, server)
        server.address = harness.address_of(server.await_line(r"^listening on (\S+)$").group(1))
        peer.await_connection()
        self.assertEqual(server.err, [], "a back end did not open")
        return server

    def calls_while_idle(self, server):
        """All system calls that any of its threads makes while nobody asks for anything."""
        path = self.folder / "calls"
        tracer = self.start(self.strace, "-f", "-p", server.pid, "-o", path)
        tracer.await_line("attached", tracer.err)
        # This is what is measured, so here time has to pass.
        time.sleep(IDLE_S)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        return path.read_text(encoding="utf-8").splitlines()

    def assert_idle(self, server):
        """strace tells once of each thread in which call it waits, and nothing more."""
        self.settle(server)
        calls = self.calls_while_idle(server)
        waits = [call for call in calls if any(name in call for name in ("poll(", "futex(", "restart_syscall("))]
        self.assertEqual([call for call in calls if call not in waits and "detached" not in call], [])
        self.assertLessEqual(len(waits), len(os.listdir(f"/proc/{server.pid}/task")), calls)
        self.assertGreater(len(waits), 0, "strace saw nothing at all")

    def settle(self, server):
        """Until all its threads sleep, and have been left alone for a while."""
        def switches():
            total = 0
            for task in os.listdir(f"/proc/{server.pid}/task"):
                with open(f"/proc/{server.pid}/task/{task}/status", encoding="ascii") as status:
                    total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
            return total

        def is_still():
            before = switches()
            time.sleep(1)
            return switches() == before

        harness.eventually(is_still, lambda: f"a server that rests: {server.describe()}")

    def test_with_nobody_there(self):
        self.assert_idle(self.serve_all())

    def test_with_clients_that_are_silent(self):
        server = self.serve_all()
        with Session(server.address, PASSWORD) as session:
            for channel_type, channel_id in session.list_channels():
                if channel_type == wire_peer.PORT:
                    session.open_port_id(channel_id)
            self.assert_idle(server)

    def test_a_timer_would_be_seen(self):
        """A client that nobody lets in tries again each second."""
        server = self.serve(f"--chardev=socket,id=c,path={self.folder}/nowhere,reconnect=1", device=None)
        self.assertTrue(any("connect(" in call for call in self.calls_while_idle(server)))


if __name__ == "__main__":
    sys.exit(harness.main())
