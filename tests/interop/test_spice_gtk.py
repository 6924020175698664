# SPDX-License-Identifier: LGPL-2.1-or-later
"""spice-gtk, the client that most viewers are made with, through its Python binding."""

import hashlib
import sys

import harness
from harness import MIB, PASSWORD, PORT_NAME, Device, EchoDevice, SourceDevice

BULK = 64 * MIB
# One read() for each byte, on a machine of two slow cores with the server and the client on the same.
# 67 million system calls of the device are most of it, whatever else the machine does meanwhile.
SLOW_LIMIT_S = 300


class SpiceGtkTest(harness.TestCase):
    def spice_gtk(self, server, action, argument="", password=PASSWORD, limit_s=60):
        host, port = server.address
        env = harness.peer_environment(SPICE_PASSWORD=password, SPICE_PORT_NAME=PORT_NAME,
                                       SPICE_TIME_LIMIT=str(limit_s))
        return self.start("/usr/bin/python3", harness.HERE / "spice_gtk_peer.py", host, port, action,
                          argument, env=env)

    def assert_done(self, peer, limit_s=60):
        self.assertEqual(peer.wait(limit_s), 0, peer.describe())

    def test_lists_the_port_by_name(self):
        self.device(EchoDevice)
        peer = self.spice_gtk(self.serve(), "watch")
        peer.await_line(f"^name {PORT_NAME}$")
        peer.await_line("^opened True$")
        self.assertEqual(sorted(line for line in peer.out if line.startswith("channel ")),
                         ["channel MainChannel", "channel PortChannel"])

    def test_reads_what_it_wrote(self):
        device = self.device(EchoDevice)
        peer = self.spice_gtk(self.serve(), "echo", "over there and back again")
        self.assert_done(peer)
        peer.await_line("^answer over there and back again$")
        self.assertEqual(bytes(device.received), b"over there and back again")

    def test_sees_the_device_leave_and_return(self):
        device = self.device(EchoDevice)
        peer = self.spice_gtk(self.serve(chardev_options=",reconnect=1"), "watch")
        peer.await_line("^opened True$")
        device.drop()
        peer.await_line("^port-event 1$")
        device.await_connection(2)
        closed = peer.out.index("port-event 1")
        harness.eventually(lambda: "port-event 0" in peer.out[closed:], peer.describe)

    def test_is_refused_with_a_wrong_password(self):
        self.device(EchoDevice)
        server = self.serve()
        peer = self.spice_gtk(server, "watch", password="not-the-password")
        self.assertEqual(peer.wait(30), 3, peer.describe())
        peer.await_line("^event MainChannel error-auth$")
        self.assert_done(self.spice_gtk(server, "echo", "the right one"))

    def test_reads_64_mib_intact(self):
        device = self.device(SourceDevice, BULK)
        peer = self.spice_gtk(self.serve(), "download", BULK)
        self.assert_done(peer)
        peer.await_line(f"^download {BULK} {device.await_digest()}$")

    def test_writes_64_mib_intact(self):
        device = self.device(HashingDevice, BULK)
        peer = self.spice_gtk(self.serve(), "upload", BULK)
        digest = peer.await_line(rf"^upload {BULK} (\w+)$", limit_s=60).group(1)
        harness.eventually(lambda: device.n_hashed >= BULK, lambda: f"{device.n_hashed} bytes", 30)
        self.assertEqual(device.digest.hexdigest(), digest)

    def test_writes_64_mib_to_a_device_that_takes_single_bytes(self):
        device = self.start(harness.program("SLOW_DEVICE"), self.folder / "d0", "take", BULK)
        device.await_line("^ready$")
        peer = self.spice_gtk(self.serve(), "upload", BULK, limit_s=SLOW_LIMIT_S)
        digest = peer.await_line(rf"^upload {BULK} (\w+)$", limit_s=SLOW_LIMIT_S).group(1)
        taken = device.await_line(r"^(\d+) bytes, sha256 (\w+)$", limit_s=SLOW_LIMIT_S)
        self.assertEqual(taken.groups(), (str(BULK), digest))


class HashingDevice(Device):
    """Keeps a checksum in place of the bytes."""

    def __init__(self, path, n_wanted):
        self.n_wanted = n_wanted
        self.n_hashed = 0
        self.digest = hashlib.sha256()
        super().__init__(path)

    def serve(self, connection):
        while data := connection.recv(harness.MIB):
            self.digest.update(data)
            self.n_hashed += len(data)


if __name__ == "__main__":
    sys.exit(harness.main())
