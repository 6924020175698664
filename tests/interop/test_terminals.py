# SPDX-License-Identifier: LGPL-2.1-or-later
"""Back ends on terminals, files and fifos: how they get on with socat and the shell's tools, and what they leave behind."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import tty

import harness
from harness import PASSWORD, PORT_NAME
from wire_peer import EVENT_CLOSED, Session

SOCAT = "/usr/bin/socat"


def is_quiet(fd):
    return not termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)


class Terminal:
    """A terminal with a program on it; the test has both of its ends."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.found = termios.tcgetattr(self.slave)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.master)
        os.close(self.slave)


class StdioTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.terminal = self.enterContext(Terminal())
        self.command = [harness.charflow(), "serve", "--listen=spice://127.0.0.1:0", "--chardev=stdio,id=term",
                        f"--password-file={self.write_file('password', PASSWORD)}"]

    def serve_here(self, *options):
        server = self.start(*self.command, *options, stdin=self.terminal.slave)
        server.address = harness.address_of(server.await_line(r"^listening on (\S+)$").group(1))
        self.assertTrue(is_quiet(self.terminal.slave))
        return server

    def assert_restored(self):
        self.assertEqual(termios.tcgetattr(self.terminal.slave), self.terminal.found)
        self.assertFalse(fcntl.fcntl(self.terminal.slave, fcntl.F_GETFL) & os.O_NONBLOCK)

    def test_keys_reach_the_client(self):
        server = self.serve_here()
        with Session(server.address, PASSWORD) as session:
            port = session.open_port("org.charflow.term.0")
            os.write(self.terminal.master, b"typed\r")
            port.await_data(b"typed\r")
            port.send_data(b"shown\n")
            server.await_line("^shown$")
        server.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assert_restored()

    def test_a_signal_that_kills_restores(self):
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
            with self.subTest(number):
                # Under nohup the server would inherit that it is ignored.
                self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))
                server = self.serve_here()
                server.send_signal(number)
                self.assertIn(server.wait(), (0, -number), server.describe())
                self.assert_restored()

    def test_it_is_set_up_again_after_a_stop(self):
        server = self.serve_here()
        server.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, server.pid, os.WSTOPPED | os.WNOWAIT)
        termios.tcsetattr(self.terminal.slave, termios.TCSANOW, self.terminal.found)
        server.send_signal(signal.SIGCONT)
        harness.eventually(lambda: is_quiet(self.terminal.slave), "a quiet terminal")
        server.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assert_restored()

    def test_a_failed_start_restores(self):
        server = self.start(*self.command, f"--chardev=file,id=log,path={self.folder}/missing/log",
                            stdin=self.terminal.slave)
        self.assertEqual(server.wait(), 1, server.describe())
        self.assertIn(f"{self.folder}/missing/log", "".join(server.err))
        self.assert_restored()

    def test_a_second_one_is_refused(self):
        server = self.start(*self.command, "--chardev=stdio,id=other", stdin=self.terminal.slave)
        self.assertEqual(server.wait(), 1, server.describe())
        self.assert_restored()


class OthersTest(harness.TestCase):
    """The other program is socat, or what every shell has."""

    def serve_one(self, chardev):
        server = self.serve(f"--chardev={chardev},id=d1",
                            f"--channel=port,name={PORT_NAME},chardev=d1,keep-unread=on", device=None)
        return server, self.enterContext(Session(server.address, PASSWORD)).open_port(PORT_NAME)

    def socat(self, *addresses, stdin=subprocess.DEVNULL):
        return self.start(SOCAT, *addresses, stdin=stdin)

    def assert_talk(self, port, socat):
        socat.process.stdin.write(b"from socat\n")
        socat.process.stdin.flush()
        port.await_data(b"from socat\n")
        port.send_data(b"to socat\n")
        socat.await_line("^to socat$")

    def test_a_terminal_program_comes_and_goes(self):
        link = self.folder / "tty"
        server, port = self.serve_one(f"pty,path={link}")
        for n in range(3):
            with self.subTest(n):
                socat = self.socat("-", f"OPEN:{link},raw,echo=0", stdin=subprocess.PIPE)
                self.assert_talk(port, socat)
                socat.stop()
        self.assert_serves(server)
        server.stop()
        self.assertFalse(os.path.lexists(link))

    def test_a_late_reader_gets_the_history(self):
        link = self.folder / "tty"
        server, port = self.serve_one(f"pty,path={link},keep-unsent=64K,overflow=drop-old")
        # More than all the buffers on the way hold: that nobody reads holds nobody up.
        for n in range(800):
            port.send_data(b"%09d\n" % n * 1000)
        port.send_data(b"the end\n")
        socat = self.socat("-u", f"OPEN:{link},raw,echo=0", "-")
        socat.await_line("^the end$")
        self.assertIn("000000799", socat.out)

    def test_a_pair_of_terminals(self):
        near, far = self.folder / "near", self.folder / "far"
        self.socat(f"PTY,link={near},raw,echo=0", f"PTY,link={far},raw,echo=0")
        harness.eventually(lambda: near.exists() and far.exists(), "the pair of socat")
        server, port = self.serve_one(f"file,path={near},input-path={near},append=on")
        fd = os.open(far, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        os.write(fd, bytes(range(256)))
        port.await_data(bytes(range(256)))
        port.send_data(bytes(range(256)))
        received = b""
        while len(received) < 256:
            received += os.read(fd, 256)
        self.assertEqual(received, bytes(range(256)))
        os.close(fd)
        self.assert_serves(server)

    def test_fifos(self):
        server, port = self.serve_one(f"pipe,path={self.folder}/x,create=on")
        for n in range(2):
            writer = self.socat("-u", "EXEC:echo hello", f"OPEN:{self.folder}/x.in,wronly")
            self.assertEqual(writer.wait(), 0, writer.describe())
            port.await_data(b"hello\n")
        port.send_data(b"there\n")
        reader = self.socat("-u", f"OPEN:{self.folder}/x.out,rdonly", "-")
        reader.await_line("^there$")
        server.stop()
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("x")], [])

    def test_a_full_disk_costs_nobody_the_server(self):
        server, port = self.serve_one("file,path=/dev/full")
        port.send_data(b"lost\n")
        server.await_line("No space left", server.err)
        self.assert_serves(server)

    def test_the_end_of_a_file(self):
        source = self.write_file("in", "all of it\n")
        server, port = self.serve_one(f"file,path={self.folder}/out,input-path={source}")
        port.await_data(b"all of it\n")
        port.await_event(EVENT_CLOSED)
        port.send_data(b"still written\n")
        harness.eventually(lambda: (self.folder / "out").read_text() == "still written\n", "the output")
        self.assert_serves(server)


if __name__ == "__main__":
    harness.main()
