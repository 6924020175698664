# SPDX-License-Identifier: LGPL-2.1-or-later
"""A serial line between the server and a device: two pseudo terminals, and socat for the wire."""

import contextlib
import os
import sys
import termios
import threading

import harness
from harness import PASSWORD, PORT_NAME
from wire_peer import EVENT_CLOSED, EVENT_OPENED, Session

SOCAT = "/usr/bin/socat"
N_BYTES = 256 * 1024
PIECE = 8 * 1024


class EchoLine(threading.Thread):
    """The device: it sends back what it gets, until its line hangs up."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 4096):
                while data:
                    data = data[os.write(self.fd, data):]
        os.close(self.fd)


class SerialTest(harness.TestCase):
    def plug_in(self):
        """A line that is there, with its device; the line."""
        ends = [self.folder / "tty", self.folder / "device"]
        wire = self.start(harness.program("SOCAT", SOCAT), *(f"PTY,rawer,link={end}" for end in ends))
        harness.eventually(lambda: all(end.exists() for end in ends), wire.describe)
        EchoLine(ends[1])
        return wire

    def serve_line(self, options=""):
        return self.serve(f"--chardev=serial,id=s0,path={self.folder}/tty{options}",
                          f"--channel=port,name={PORT_NAME},chardev=s0", device=None)

    def port(self, server):
        return self.enterContext(Session(server.address, PASSWORD)).open_port(PORT_NAME)

    def test_all_bytes_come_back(self):
        self.plug_in()
        port = self.port(self.serve_line(",baud=9600,parity=even,stop-bits=2"))
        for data in (bytes(range(256)), b"\xff" * 300, os.urandom(N_BYTES)):
            for start in range(0, len(data), PIECE):
                piece = data[start:start + PIECE]
                port.send_data(piece)
                self.assertEqual(port.recv_data(len(piece)), piece)

    def test_a_line_that_is_unplugged_comes_back(self):
        wire = self.plug_in()
        port = self.port(self.serve_line(",reconnect=1"))
        for _ in range(2):
            port.send_data(b"there?")
            self.assertEqual(port.recv_data(6), b"there?")
            wire.stop()
            port.await_event(EVENT_CLOSED)
            wire = self.plug_in()
            port.await_event(EVENT_OPENED)

    def test_a_line_that_comes_later(self):
        server = self.serve_line(",reconnect=1")
        port = self.port(server)
        self.plug_in()
        port.await_event(EVENT_OPENED)
        port.send_data(b"there?")
        self.assertEqual(port.recv_data(6), b"there?")

    def test_its_modes_are_left_as_they_were(self):
        self.plug_in()
        keeper = os.open(self.folder / "tty", os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, keeper)
        before = termios.tcgetattr(keeper)
        server = self.serve_line(",baud=4800,flow=xonxoff")
        self.assertNotEqual(termios.tcgetattr(keeper), before)
        self.assert_ends_well(server)
        self.assertEqual(termios.tcgetattr(keeper), before)


if __name__ == "__main__":
    sys.exit(harness.main())
