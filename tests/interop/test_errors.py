# SPDX-License-Identifier: LGPL-2.1-or-later
"""Back ends that cannot be: one line that names what is wrong, and the status that says whose fault it is."""

import contextlib
import os
import socket
import subprocess
import sys

import harness
import wire_peer
from harness import PASSWORD
from wire_peer import Session

FAILED, USAGE = 1, 2


class ErrorsTest(harness.TestCase):
    def run_serve(self, *specs):
        command = [harness.charflow(), "serve", "--no-auth", "--listen=spice://127.0.0.1:0",
                   *(f"--chardev={spec}" for spec in specs)]
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                                  check=False)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{specs} did not end: {error.stdout!r} {error.stderr!r}") from None

    def assert_refused(self, status, rows):
        """Each row is specs, and the words that the only line has to have."""
        for specs, words in rows:
            with self.subTest("; ".join(specs)):
                done = self.run_serve(*specs)
                self.assertEqual(done.returncode, status, done)
                self.assertEqual(len(done.stderr.splitlines()), 1, done)
                for word in words:
                    self.assertIn(str(word), done.stderr)

    def test_options_that_are_wrong(self):
        self.assert_refused(USAGE, [
            (["nonsense,id=a"], ["'nonsense'", "socket"]),
            (["null,id=a,colour=red"], ["'colour'", "null"]),
            (["null"], ["id"]),
            (["null,id=a", "ringbuf,id=a"], ["'a'"]),
            (["null,id=a,logappend=on"], ["'logfile'"]),
            (["null,id=a,mux=perhaps"], ["'mux'", "'perhaps'"]),
            (["mux,id=a,chardev=nobody"], ["'nobody'"]),
            (["ringbuf,id=a,size=lots"], ["'size'", "'lots'"]),
            (["ringbuf,id=a,size=1000"], ["'size'", "1000"]),
            (["pty,id=a,overflow=explode"], ["'overflow'", "'explode'"]),
            (["file,id=a"], ["'path'"]),
            (["file,id=a,path=x,append=ON"], ["'append'", "'ON'"]),
            (["pipe,id=a"], ["'path'"]),
            (["fd,id=a"], ["fd"]),
            (["fd,id=a,fd=many"], ["'fd'", "'many'"]),
            (["replay,id=a"], ["'path'"]),
            (["replay,id=a,path=x,speed=slow"], ["'speed'", "'slow'"]),
            (["serial,id=a"], ["'path'"]),
            (["serial,id=a,path=/dev/ttyS0,baud=fast"], ["'baud'", "'fast'"]),
            (["serial,id=a,path=/dev/ttyS0,baud=0"], ["'baud'", "0"]),
            (["serial,id=a,path=/dev/ttyS0,data-bits=9"], ["'data-bits'", "9"]),
            (["serial,id=a,path=/dev/ttyS0,parity=strange"], ["'parity'", "'strange'"]),
            (["socket,id=a"], ["'path'"]),
            (["socket,id=a,host=localhost"], ["'port'"]),
            (["socket,id=a,host=localhost,port=http"], ["'port'", "'http'"]),
            (["socket,id=a,host=localhost,port=65536"], ["'port'", "65536"]),
            (["socket,id=a,path=x,server=maybe"], ["'server'", "'maybe'"]),
            (["socket,id=a,path=x,server=on,reconnect=1"], ["'reconnect'"]),
            (["socket,id=a,path=x,server=on,mode=999"], ["'mode'", "'999'"]),
            (["udp,id=a,host=localhost"], ["'port'"]),
            (["udp,id=a,port=-1"], ["'port'", "-1"]),
        ])

    def test_what_the_system_refuses(self):
        missing = self.folder / "missing"
        plain = self.write_file("plain", "text")
        self.assert_refused(FAILED, [
            ([f"file,id=a,path={missing}/x"], [f"{missing}/x", "No such file"]),
            ([f"file,id=a,path={self.folder}"], [self.folder, "directory"]),
            ([f"file,id=a,path={self.folder}/out,input-path={missing}"], [missing, "No such file"]),
            ([f"pipe,id=a,path={missing}"], [missing, "No such file"]),
            ([f"pipe,id=a,path={missing}/x,create=on"], [f"{missing}/x", "No such file"]),
            ([f"pty,id=a,path={missing}/x"], [f"{missing}/x", "No such file"]),
            ([f"pty,id=a,path={plain}"], [plain, "exists"]),
            ([f"replay,id=a,path={missing}"], [missing, "No such file"]),
            ([f"serial,id=a,path={missing}"], [missing, "No such file"]),
            ([f"socket,id=a,path={missing}/x,server=on,wait=off"], [f"{missing}/x", "No such file"]),
            ([f"socket,id=a,path={plain},server=on,wait=off"], [plain]),
            ([f"socket,id=a,path={missing}"], [missing, "No such file"]),
            ([f"null,id=a,logfile={missing}/log"], [f"{missing}/log", "No such file"]),
            ([f"null,id=a,record={missing}/record"], [f"{missing}/record", "No such file"]),
            (["fd,id=a,fd=999"], ["999"]),
        ])
        self.assertEqual(plain.read_text(encoding="utf-8"), "text")

    def test_ports_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            port, udp_port = taken.getsockname()[1], datagrams.getsockname()[1]
            self.assert_refused(FAILED, [
                ([f"socket,id=a,host=127.0.0.1,port={port},server=on,wait=off"], [port, "in use"]),
                ([f"udp,id=a,port=1,localaddr=127.0.0.1,localport={udp_port}"], [udp_port, "in use"]),
            ])
        with socket.socket(socket.AF_UNIX) as taken:
            path = self.folder / "taken"
            taken.bind(str(path))
            taken.listen()
            self.assert_refused(FAILED, [
                ([f"socket,id=a,path={path},server=on,wait=off"], [path, "a server is using it"]),
            ])
            self.assertTrue(path.is_socket())

    def test_a_port_that_nobody_listens_at(self):
        port = harness.free_port()
        self.assert_refused(FAILED, [([f"socket,id=a,host=127.0.0.1,port={port}"], [port, "refused"])])

    @contextlib.contextmanager
    def nobody_special(self):
        """Files obey their modes: root may write to all of them, so the server is not root here."""
        if os.geteuid() != 0:
            yield {}
            return
        self.folder.chmod(0o755)
        yield {"user": 65534, "group": 65534, "extra_groups": []}

    def test_files_that_may_not_be_touched(self):
        locked = self.write_file("locked", "text", mode=0o444)
        hidden = self.write_file("hidden", "text", mode=0o000)
        with self.nobody_special() as identity:
            for spec, path in ((f"file,id=a,path={locked}", locked),
                               (f"file,id=a,path={locked},append=on", locked),
                               (f"null,id=a,logfile={locked}", locked),
                               (f"null,id=a,record={locked}", locked),
                               (f"replay,id=a,path={hidden}", hidden),
                               (f"file,id=a,path=/dev/null,input-path={hidden}", hidden)):
                with self.subTest(spec):
                    done = subprocess.run([harness.charflow(), "serve", "--no-auth", "--listen=spice://127.0.0.1:0",
                                           f"--chardev={spec}"], capture_output=True, text=True, timeout=30,
                                          check=False, **identity)
                    self.assertEqual(done.returncode, FAILED, done)
                    self.assertEqual(len(done.stderr.splitlines()), 1, done)
                    self.assertIn(str(path), done.stderr)
                    self.assertIn("Permission denied", done.stderr)
        self.assertEqual(locked.read_text(encoding="utf-8"), "text")

    def test_a_failed_start_leaves_nothing_behind(self):
        self.assert_refused(FAILED, [([f"pty,id=a,path={self.folder}/pty", f"pipe,id=b,path={self.folder}/p,create=on",
                                       f"socket,id=c,path={self.folder}/s,server=on,wait=off",
                                       f"serial,id=d,path={self.folder}/missing"], ["missing"])])
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_full_disk_stops_nothing(self):
        """Of a file and of a log the first loss is told, and no other."""
        server = self.serve("--chardev=file,id=full,path=/dev/full", "--channel=port,chardev=full",
                            "--chardev=loopback,id=echo,logfile=/dev/full", "--channel=port,chardev=echo", device=None)
        with Session(server.address, PASSWORD) as session:
            full, echo = (session.open_port_id(channel_id) for channel_type, channel_id in session.list_channels()
                          if channel_type == wire_peer.PORT)
            for n in range(3):
                full.send_data(b"%d: lost\n" % n)
                echo.send_data(b"%d: heard\n" % n)
                echo.await_data(b"%d: heard\n" % n)
            server.await_line("full: Could not write to 'file:/dev/full': No space left on device", server.err)
        self.assertEqual(server.stop(), 0, server.describe())
        self.assertEqual(len(server.err), 2, server.describe())
        for place in ("'file:/dev/full'", "the log '/dev/full'"):
            self.assertEqual(len([line for line in server.err if place in line]), 1, server.err)


if __name__ == "__main__":
    sys.exit(harness.main())
