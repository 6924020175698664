# SPDX-License-Identifier: LGPL-2.1-or-later
"""Datagrams, with socat on the other side."""

import socket
import subprocess
import sys

import harness
from harness import PASSWORD, PORT_NAME
from wire_peer import Session


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UdpTest(harness.TestCase):
    def serve_udp(self, spec):
        return self.serve(f"--chardev={spec}", f"--channel=port,name={PORT_NAME},chardev=u", device=None)

    def socat(self, *addresses, **kwargs):
        peer = self.start(harness.program("SOCAT", "/usr/bin/socat"), "-dd", *addresses, **kwargs)
        peer.await_line("starting data transfer loop", peer.err)
        return peer

    def echo(self, port, local_port):
        """A peer at the port that sends each datagram back to the local port."""
        return self.socat(f"UDP4:127.0.0.1:{local_port},bind=127.0.0.1:{port}", "PIPE")

    def test_both_ways(self):
        port, local_port = free_udp_port(), free_udp_port()
        self.echo(port, local_port)
        server = self.serve_udp(f"udp:127.0.0.1:{port}@127.0.0.1:{local_port},id=u")
        with Session(server.address, PASSWORD) as session:
            channel = session.open_port(PORT_NAME)
            for text in (b"hello", b"a", b"x" * 1400):
                channel.send_data(text)
                channel.await_data(text)

    def test_a_peer_that_comes_late_is_heard(self):
        port, local_port = free_udp_port(), free_udp_port()
        server = self.serve_udp(f"udp,id=u,host=localhost,port={port},localport={local_port},ipv4")
        with Session(server.address, PASSWORD) as session:
            channel = session.open_port(PORT_NAME)
            for _ in range(3):
                channel.send_data(b"maybe nobody listens\n")
            peer = self.socat(f"UDP4:127.0.0.1:{local_port},bind=127.0.0.1:{port}", "-", stdin=subprocess.PIPE)
            peer.process.stdin.write(b"now I do\n")
            peer.process.stdin.flush()
            channel.await_data(b"now I do\n")
            channel.send_data(b"good\n")
            peer.await_line("^good$")

    def test_whoever_spoke_last_is_answered(self):
        local_port = free_udp_port()
        server = self.serve_udp(f"udp,id=u,localport={local_port},reply-to-sender")
        with Session(server.address, PASSWORD) as session:
            channel = session.open_port(PORT_NAME)
            for name in ("one", "other"):
                peer = self.socat(f"UDP4:127.0.0.1:{local_port}", "-", stdin=subprocess.PIPE)
                peer.process.stdin.write(f"here is {name}\n".encode())
                peer.process.stdin.flush()
                channel.await_data(f"here is {name}\n".encode())
                channel.send_data(f"hello {name}\n".encode())
                peer.await_line(f"^hello {name}$")


if __name__ == "__main__":
    sys.exit(harness.main())
