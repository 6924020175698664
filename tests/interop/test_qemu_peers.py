# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU on the other end of a back end: its monitor answers through a port of ours."""

import re
import shutil
import signal
import subprocess
import sys

import harness
from harness import PASSWORD, PORT_NAME
from wire_peer import EVENT_CLOSED, EVENT_OPENED, Session

PROMPT = b"(qemu) "


class QemuPeerTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.qemu = shutil.which("qemu-system-x86_64")
        self.assertIsNotNone(self.qemu, "QEMU is not installed")
        told = subprocess.run([self.qemu, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = re.search(r"version ([\d.]+)", told).group(1).encode()

    def machine(self, *options):
        return self.start(self.qemu, "-nodefaults", "-display", "none", *options, env=harness.peer_environment())

    def monitor(self, chardev):
        """A machine with nothing in it but a monitor."""
        return self.machine("-M", "none", "-chardev", f"{chardev},id=m0", "-mon", "chardev=m0,mode=readline")

    def serve_one(self, chardev):
        return self.serve(f"--chardev={chardev},id=d1", f"--channel=port,name={PORT_NAME},chardev=d1,keep-unread=on",
                          device=None)

    def port(self, server):
        return self.enterContext(Session(server.address, PASSWORD)).open_port(PORT_NAME)

    def open_port(self, server):
        """The port, once the other end is there."""
        port = self.port(server)
        if not port.opened:
            port.await_event(EVENT_OPENED)
        return port

    def assert_answers(self, port, end=b"\n"):
        """QEMU greets with its version too, so the answer has to come after the question's echo."""
        port.send_data(b"info version" + end)
        port.await_data(b"info version")
        port.await_data(self.version)
        port.await_data(PROMPT)

    def assert_comes_back(self, ours, theirs):
        server = self.serve_one(ours)
        machine = self.monitor(theirs)
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(number.name):
                port = self.open_port(server)
                self.assert_answers(port)
                server.send_signal(number)
                server.wait()
                port.await_close()
                server = self.serve_one(ours)
        self.assert_answers(self.open_port(server))
        self.assertTrue(machine.lives, machine.describe())

    def test_it_comes_back_to_a_tcp_server(self):
        port = harness.free_port()
        self.assert_comes_back(f"socket,host=127.0.0.1,port={port},server=on,wait=off",
                               f"socket,host=127.0.0.1,port={port},reconnect=1")

    def test_it_comes_back_to_a_unix_server(self):
        path = self.folder / "monitor"
        self.assert_comes_back(f"socket,path={path},server=on,wait=off", f"socket,path={path},reconnect=1")

    def test_its_end_is_told_and_another_may_come(self):
        path = self.folder / "monitor"
        server = self.serve_one(f"socket,path={path},server=on,wait=off")
        port = self.port(server)
        for _ in range(2):
            machine = self.monitor(f"socket,path={path}")
            port.await_event(EVENT_OPENED)
            self.assert_answers(port)
            machine.stop()
            port.await_event(EVENT_CLOSED)
        self.assert_serves(server)

    def test_a_server_of_its_own(self):
        path = self.folder / "monitor"
        server = self.serve_one(f"socket,path={path},reconnect=1")
        port = self.port(server)
        for _ in range(2):
            machine = self.monitor(f"socket,path={path},server=on,wait=off")
            port.await_event(EVENT_OPENED)
            self.assert_answers(port)
            machine.stop()
            port.await_event(EVENT_CLOSED)
        self.assert_serves(server)

    def test_telnet(self):
        tcp_port = harness.free_port()
        self.monitor(f"socket,host=127.0.0.1,port={tcp_port},telnet=on,server=on,wait=off")
        server = self.serve_one(f"socket,host=127.0.0.1,port={tcp_port},telnet=on,reconnect=1")
        self.assert_answers(self.open_port(server), end=b"\r")

    def test_a_serial_line_over_telnet(self):
        """Nothing in the machine speaks to its UART: what is heard is the monitor that shares the line."""
        tcp_port = harness.free_port()
        self.machine("-M", "isapc", "-S", "-serial", f"mon:telnet:127.0.0.1:{tcp_port},server=on,wait=off")
        server = self.serve_one(f"socket,host=127.0.0.1,port={tcp_port},telnet=on,reconnect=1")
        port = self.open_port(server)
        port.send_data(b"\x01c")
        port.await_data(PROMPT)
        self.assert_answers(port, end=b"\r")

    def await_terminal(self, machine):
        line = machine.await_line(r"redirected to (/dev/pts/\d+)")
        return line.group(1)

    def test_a_terminal_of_its_own(self):
        for spec in ("serial,path={0}", "file,path={0},input-path={0},append=on"):
            with self.subTest(spec):
                machine = self.monitor("pty")
                path = self.await_terminal(machine)
                server = self.serve_one(spec.format(path))
                self.assert_answers(self.open_port(server))
                self.assertEqual(server.stop(), 0, server.describe())
                machine.stop()

    def test_a_terminal_is_opened_again(self):
        machine = self.monitor("pty")
        path = self.await_terminal(machine)
        for _ in range(2):
            server = self.serve_one(f"serial,path={path}")
            self.assert_answers(self.open_port(server))
            self.assertEqual(server.stop(), 0, server.describe())
        self.assertTrue(machine.lives, machine.describe())


if __name__ == "__main__":
    sys.exit(harness.main())
