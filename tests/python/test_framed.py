# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices that frame lines, an agent's chunks, and a smartcard reader's messages."""
import struct
import unittest

import support
from gi.repository import Charflow, GLib
from support import log_of, wait_for
from test_device import Collector, DeviceCase


class Pieces(Collector):
    """Keeps apart what it is handed."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.pieces = []

    def do_deliver(self, device, data):
        self.pieces.append(data.get_data())


def agent_message(kind, body=b""):
    return struct.pack("<IIQI", 1, kind, 0, len(body)) + body


def chunk(port, data):
    return struct.pack("<II", port, len(data)) + data


class FramedCase(DeviceCase):
    def attached(self, cls, **properties):
        device, client = self.socket_device(cls, **properties), Pieces()
        device.attach_client(client)
        return device, client

    def assert_says(self, device, said, client, expected):
        self.far.sendall(said)
        wait_for(lambda: len(client.pieces) >= len(expected))
        self.assertEqual(client.pieces, expected)
        client.pieces = []

    def assert_far_gets(self, expected):
        received = b""
        while len(received) < len(expected):
            received += self.far.recv(len(expected) - len(received))
        self.assertEqual(received, expected)

    def assert_gives_up(self, device, said, words):
        errors = log_of(device, "backend-error")
        self.far.sendall(said)
        wait_for(lambda: errors)
        self.assertTrue(errors[0][0].matches(Charflow.DeviceError.quark(), Charflow.DeviceError.BAD_MESSAGE))
        self.assertIn(words, errors[0][0].message)
        self.assertIsNone(device.get_backend())


class Lines(FramedCase):
    def test_lines(self):
        device, client = self.attached(Charflow.LineDevice)
        self.assertEqual((device.get_max_length(), device.get_separator()), (65536, 10))
        self.assert_says(device, b"one\ntwo\nthr", client, [b"one\n", b"two\n"])
        self.assert_says(device, b"ee\n", client, [b"three\n"])
        self.far.sendall(b"unfinished")
        self.far.close()
        wait_for(lambda: client.pieces)
        self.assertEqual(client.pieces, [b"unfinished"])

    def test_other_lines(self):
        device, client = self.attached(Charflow.LineDevice, max_length=3, separator=0)
        self.assertEqual((device.props.max_length, device.props.separator), (3, 0))
        self.assert_says(device, b"a\0bcdefg\0", client, [b"a\0", b"bcd", b"efg", b"\0"])

    def test_new(self):
        self.assertIsInstance(Charflow.LineDevice.new(None), Charflow.CharDevice)


class Agent(FramedCase):
    def test_both_ways(self):
        device, client = self.attached(Charflow.AgentDevice)
        large = agent_message(4, bytes(5000))
        self.assert_says(device, chunk(1, large), client, [large[:2048], large[2048:4096], large[4096:]])
        device.write_bytes(client, GLib.Bytes.new(agent_message(2, b"piece")))
        device.write_bytes(None, GLib.Bytes.new(agent_message(1, b"own")))
        self.assert_far_gets(chunk(1, agent_message(2, b"piece")) + chunk(2, agent_message(1, b"own")))
        device.detach_client(client)
        self.assert_far_gets(bytes.fromhex("020000001400000001000000" "0d000000000000000000000000000000"))

    def test_a_message_to_the_program(self):
        device, client = self.attached(Charflow.AgentDevice)
        told = log_of(device, "server-message")
        self.far.sendall(chunk(2, b"for the program"))
        wait_for(lambda: told)
        self.assertEqual(told[0][0].get_data(), b"for the program")
        self.assertEqual(client.pieces, [])

    def test_filters(self):
        device, client = self.attached(Charflow.AgentDevice)
        notified = log_of(device, "notify")
        device.set_copy_paste(False)
        device.set_file_transfer(False)
        device.set_file_transfer(False)
        self.assertEqual((device.get_copy_paste(), device.get_file_transfer(), len(notified)), (False, False, 2))
        said = b"".join(chunk(1, agent_message(kind, b"body")) for kind in (4, 7, 10, 12))
        announced = agent_message(6, struct.pack("<II", 1, 0x77))
        hidden = agent_message(6, struct.pack("<II", 1, 0x2017))
        self.assert_says(device, said + chunk(1, announced), client, [hidden])

    def test_defaults(self):
        device = Charflow.AgentDevice()
        self.assertEqual((device.get_client_tokens_interval(), device.get_self_tokens()), (5, 1))
        self.assertEqual((device.props.client_tokens_interval, device.props.self_tokens), (5, 1))
        self.assertEqual((device.props.copy_paste, device.props.file_transfer), (True, True))
        device = Charflow.AgentDevice(client_tokens_interval=2, self_tokens=3, copy_paste=False)
        self.assertEqual((device.get_client_tokens_interval(), device.get_self_tokens_held()), (2, 3))
        self.assertFalse(device.get_copy_paste())
        self.assertEqual(Charflow.AgentDevice.new(None).get_client_tokens_interval(), 5)

    def test_a_breach_removes(self):
        device, client = self.attached(Charflow.AgentDevice)
        self.assert_fails(Charflow.DeviceError.BAD_MESSAGE, device.write_bytes, client, GLib.Bytes.new(bytes(2049)))
        self.assertEqual(client.reasons, [Charflow.RemoveReason.BAD_MESSAGE])

    def test_a_broken_agent(self):
        device, client = self.attached(Charflow.AgentDevice)
        self.assert_gives_up(device, chunk(7, b"x"), "port 7")


class Smartcard(FramedCase):
    def test_both_ways(self):
        device, client = self.attached(Charflow.SmartcardDevice)
        little, big = (struct.pack(order + "III", 2, 0, 4) + b"\0\0\0\1" for order in "<>")
        self.assert_says(device, big, client, [little])
        device.write_bytes(client, GLib.Bytes.new(little))
        self.assert_far_gets(big)

    def test_a_broken_reader(self):
        device, client = self.attached(Charflow.SmartcardDevice)
        self.assert_gives_up(device, struct.pack(">III", 7, 0, 0xFFFFFFFF), "4294967295 bytes")

    def test_new(self):
        self.assertIsInstance(Charflow.SmartcardDevice.new(None), Charflow.CharDevice)


class Properties(unittest.TestCase):
    def test_all_can_be_read(self):
        for cls in (Charflow.LineDevice, Charflow.AgentDevice, Charflow.SmartcardDevice):
            self.assertIsNone(support.surface.read_properties(cls())["backend"])


if __name__ == "__main__":
    unittest.main()
