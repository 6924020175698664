# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saved state: one device's place is taken by another."""
import struct
import unittest

from gi.repository import Charflow, Gio, GLib
from support import wait_for
from test_device import Collector, DeviceCase


class Slow(Charflow.Backend):
    """A back end that takes so many bytes, and gives what it is fed."""

    def __init__(self, room=0, **properties):
        super().__init__(**properties)
        self.room = room
        self.input = bytearray()
        self.written = b""
        self.connect("notify::active", lambda backend, pspec: backend.get_active() and backend.emit_event(Charflow.Event.OPENED))

    def do_read_bytes(self, max_size):
        if not self.input:
            raise GLib.Error.new_literal(Gio.io_error_quark(), "Nothing has come", Gio.IOErrorEnum.WOULD_BLOCK)
        taken = bytes(self.input[:max_size])
        del self.input[:max_size]
        return GLib.Bytes.new(taken)

    def do_write(self, data, size):
        taken = bytes(data)[: self.room]
        if not taken:
            raise GLib.Error.new_literal(Gio.io_error_quark(), "No room", Gio.IOErrorEnum.WOULD_BLOCK)
        self.room -= len(taken)
        self.written += taken
        return len(taken)


class Pairs(Charflow.CharDevice):
    """A device whose messages are two bytes long."""

    def do_read_message(self):
        if self.fill(2) < 2:
            return self.read_bytes(2) if self.is_at_end() else None
        return self.read_bytes(2)


class Blocks(Charflow.CharDevice):
    """A device whose messages are blocks of two bytes, the last of which ends with a stop."""

    def do_read_message(self):
        if self.fill(2) < 2:
            return None
        block = self.read_bytes(2)
        self.set_message_continues(not block.get_data().endswith(b"."))
        return block


def new_client(cls=Collector, **properties):
    return cls(**({"flow_control": True, "client_tokens": 10, "send_tokens": 7} | properties))


class StateCase(DeviceCase):
    def device(self, cls=Charflow.CharDevice, room=0, **properties):
        device = cls(backend=Slow(room), **({"client_tokens_interval": 5} | properties))
        device.start()
        wait_for(device.get_opened)
        return device

    def waiting(self, cls=Charflow.CharDevice, clients=1, room=1000, **properties):
        device = self.device(cls, room)
        attached = [new_client(wait_for_state=True, **properties) for _ in range(clients)]
        for client in attached:
            device.attach_client(client)
        return device, *attached


class SpiceLayout(StateCase):
    def test_nobody_is_connected(self):
        state = self.device().save_state().get_data()
        self.assertEqual(state, struct.pack("<IBIIIII", 1, 0, 0, 0, 0, 0, 0))

    def test_a_half_written_message_and_what_follows(self):
        device = self.device(room=1)
        client = new_client()
        device.attach_client(client)
        for text in (b"one", b"two", b"three"):
            device.write_bytes(client, GLib.Bytes.new(text))
        state = device.save_state().get_data()
        self.assertEqual(state, struct.pack("<IBIIIII", 1, 1, 7, 7, 10, 3, 33) + b"netwothree")

    def test_without_flow_control(self):
        device = self.device()
        client = Collector()
        device.attach_client(client)
        self.assertEqual(device.save_state().get_data().hex(), "01000000" "01" "ffffffff" "ffffffff" "000000000000000000000000")
        device.write_bytes(client, GLib.Bytes.new(b"15 bytes of it."))
        self.assertEqual(
            device.save_state().get_data().hex(),
            "01000000" "01" "ffffffff" "ffffffff" "0f000000" "00000000" "21000000" + b"15 bytes of it.".hex(),
        )

    def test_each_byte_comes_once(self):
        source = self.device(room=1)
        client = new_client()
        source.attach_client(client)
        for text in (b"one", b"two", b"three"):
            source.write_bytes(client, GLib.Bytes.new(text))
        source.stop()
        state = source.save_state()

        device, client = self.waiting()
        device.restore_state(state)
        self.assertEqual(source.get_backend().written + device.get_backend().written, b"onetwothree")
        self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()), (7, 3))
        self.assertEqual(client.get_send_tokens_held(), 7)

    def test_a_channel_has_more_behind_it(self):
        for text in (b"", b"netwothree"):
            with self.subTest(text=text):
                more = bytes(range(32))
                state = struct.pack("<IBIIIII", 1, 1, 7, 6, len(text), 3 if text else 0, 65 if text else 0) + more + text
                device, client = self.waiting(room=len(text))
                device.restore_state(GLib.Bytes.new(state))
                self.assertEqual(device.get_backend().written, text)
                self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()), (7, 3))
                self.assertEqual(client.get_send_tokens_held(), 6)
        nobody = struct.pack("<IBIIIII", 1, 0, 0, 0, 0, 0, 0) + bytes(32)
        device, client = self.waiting()
        device.restore_state(GLib.Bytes.new(nobody))
        self.assertEqual(client.get_client_tokens_held(), 10)

    def test_parts_need_no_device(self):
        device = self.device()
        client = new_client()
        device.attach_client(client)
        device.write_bytes(client, GLib.Bytes.new(b"kept"))
        parts = device.save_state_parts()
        device.set_backend(None)
        device.detach_client(client)
        del device
        self.assertEqual(b"".join(part.get_data() for part in parts)[25:], b"kept")


class OwnLayout(StateCase):
    def test_a_queue_and_a_name(self):
        source = self.device(room=2)
        first, second = new_client(name="first", send_tokens=0), new_client(name="second")
        for client in (first, second):
            source.attach_client(client)
        source.get_backend().input += b"news"
        source.wakeup()
        source.write_bytes(second, GLib.Bytes.new(b"later"))
        state = source.save_state()
        self.assertEqual(state.get_data()[:4], b"CFDS")

        device = self.device(room=100)
        second_again, first_again = (new_client(name=name, wait_for_state=True) for name in ("second", "first"))
        for client in (second_again, first_again):
            device.attach_client(client)
        device.restore_state(state)
        self.assertEqual(device.get_backend().written, b"ter")
        self.assertEqual((first_again.received, second_again.received), (b"", b""))
        device.set_send_tokens(first_again, 1)
        self.assertEqual((first_again.received, second_again.received), (b"news", b""))
        self.assertEqual(second_again.get_client_tokens_owed(), 1)

    def test_a_name_that_is_not_there(self):
        source = self.device()
        for name in ("first", "second"):
            source.attach_client(new_client(name=name))
        state = source.save_state()
        for names in (("other", "second"), ("first", "other"), ("first", None)):
            device = self.device()
            for name in names:
                device.attach_client(new_client(name=name, wait_for_state=True))
            self.assert_fails(Charflow.DeviceError.BAD_STATE, device.restore_state, state)

    def test_unread_bytes(self):
        source = self.device(Pairs)
        source.attach_client(new_client())
        source.get_backend().input += b"abc"
        source.wakeup()
        state = source.save_state()

        device, client = self.waiting(Pairs)
        device.restore_state(state)
        device.get_backend().input += b"d"
        device.wakeup()
        self.assertEqual(client.received, b"cd")

    def test_the_middle_of_a_message(self):
        source = self.device(Blocks)
        client = new_client()
        source.attach_client(client)
        source.get_backend().input += b"abcd"
        source.wakeup()
        late = new_client()
        source.attach_client(late)
        self.assertEqual(client.received, b"abcd")
        state = source.save_state()

        device, client, late = self.waiting(Blocks, clients=2)
        device.restore_state(state)
        device.get_backend().input += b"e.fg"
        device.wakeup()
        self.assertEqual((client.received, late.received), (b"e.fg", b"fg"))


class Waiting(StateCase):
    def test_all_is_still(self):
        device, client = self.waiting()
        device.get_backend().input += b"news"
        device.write_bytes(None, GLib.Bytes.new(b"mine"))
        device.wakeup()
        self.assertEqual((client.received, device.get_backend().written), (b"", b""))
        with self.assertRaises(GLib.Error) as caught:
            device.write_bytes(client, GLib.Bytes.new(b"early"))
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK))
        self.assert_fails(Charflow.DeviceError.WAITING, device.add_send_tokens, client, 1)
        self.assert_fails(Charflow.DeviceError.WAITING, device.save_state)
        device.detach_client(client)
        self.assertEqual(device.get_backend().written, b"mine")

    def test_a_reset_ends_it(self):
        device, client = self.waiting()
        device.get_backend().input += b"news"
        device.reset()
        self.assertEqual(client.received, b"news")

    def test_an_active_device_takes_none(self):
        device, client = self.device(), new_client()
        device.attach_client(client)
        self.assert_fails(Charflow.DeviceError.ACTIVE, device.attach_client, new_client(wait_for_state=True))
        device.detach_client(client)
        device.get_backend().input += b"lost"
        device.wakeup()
        self.assertEqual(device.get_removals(Charflow.RemoveReason.DETACHED), 1)
        self.assert_fails(Charflow.DeviceError.ACTIVE, device.attach_client, new_client(wait_for_state=True))
        self.assert_fails(Charflow.DeviceError.ACTIVE, device.restore_state, GLib.Bytes.new(bytes(25)))
        device.stop()
        device.attach_client(new_client(wait_for_state=True))


class Damaged(StateCase):
    def assert_refused(self, state, words, **properties):
        device, client = self.waiting(**properties)
        with self.assertRaises(GLib.Error) as caught:
            device.restore_state(GLib.Bytes.new(state))
        self.assertTrue(caught.exception.matches(Charflow.DeviceError.quark(), Charflow.DeviceError.BAD_STATE))
        self.assertIn(words, caught.exception.message)
        self.assertEqual(client.get_client_tokens_held(), 10)
        self.assertEqual(device.props.waiting_messages, 0)

    def test_spice_fields(self):
        good = (1, 1, 7, 7, 0, 0, 0)
        for at, value, words in (
            (0, 2, "begins with 0x00000002"),
            (1, 2, "'connected' is 2"),
            (2, 11, "holds 11 tokens and has 0 under way, and its window is 10"),
            (4, 1, "1 bytes at offset 0"),
            (5, 1, "1 tokens were paid"),
            (6, 33, "at offset 33"),
        ):
            fields = list(good)
            fields[at] = value
            with self.subTest(words=words):
                self.assert_refused(struct.pack("<IBIIIII", *fields), words)
        self.assert_refused(struct.pack("<IBIIIII", 1, 0, 1, 0, 0, 0, 0), "nobody is connected")
        self.assert_refused(struct.pack("<IBIIIII", 1, 1, 8, 7, 3, 3, 33) + b"abc", "holds 8 tokens and has 3 under way")
        self.assert_refused(struct.pack("<IBIIIII", 1, 1, 7, 7, 4, 3, 33) + b"abc", "outside of its 28 bytes")
        self.assert_refused(b"\1\0\0\0\1", "not enough")
        self.assert_refused(b"", "too few")
        self.assert_refused(struct.pack("<IBIIIII", 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0), "no flow control")

    def test_own_layout_cut_anywhere(self):
        source = self.device()
        client = new_client(send_tokens=1)
        source.attach_client(client)
        source.get_backend().input += b"news"
        source.wakeup()
        source.get_backend().input += b"more"
        source.wakeup()
        source.write_bytes(client, GLib.Bytes.new(b"later"))
        source.attach_client(new_client())
        state = source.save_state().get_data()
        for size in range(len(state)):
            device, *_ = self.waiting(clients=2)
            with self.assertRaises(GLib.Error):
                device.restore_state(GLib.Bytes.new(state[:size]))
            self.assertEqual(device.props.waiting_messages, 0)
        self.assert_refused(state, "it has 2 clients, and 1 wait for it")


if __name__ == "__main__":
    unittest.main()
