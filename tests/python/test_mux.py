# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest

import support
from gi.repository import Charflow, GLib
from support import finish, log_of, settle, wait_for


def started(backend):
    device = Charflow.CharDevice(backend=backend)
    device.start()
    wait_for(device.get_opened, "the back end")
    return device


def text_of(log):
    return b"".join(message.get_data() for client, message in log)


class Mux(unittest.TestCase):
    def assert_fails(self, code, call, *arguments):
        with self.assertRaises(GLib.Error) as caught:
            call(*arguments)
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), code), caught.exception)

    def test_two_devices_share_a_loopback(self):
        mux = Charflow.MuxBackend(backend=Charflow.LoopbackBackend.new(4096), timestamps=False)
        console, monitor = started(mux), started(mux)
        logs = [log_of(console, "message"), log_of(monitor, "message")]
        events = [log_of(console, "event"), log_of(monitor, "event")]
        commands = log_of(mux, "escape-command")
        self.assertEqual(mux.get_n_front_ends(), 2)
        self.assertEqual(mux.get_focus(), 1)
        self.assertEqual([mux.lookup_front_end(device) for device in (console, monitor, mux)], [0, 1, -1])

        console.write_bytes(None, GLib.Bytes.new(b"to the monitor \x01c"))
        wait_for(lambda: mux.get_focus() == 0, "the focus")
        monitor.write_bytes(None, GLib.Bytes.new(b"to the console\x01x"))
        wait_for(lambda: commands, "the command")
        settle()
        self.assertEqual([text_of(log) for log in logs], [b"to the console", b"to the monitor "])
        self.assertEqual(events, [[(Charflow.Event.MUX_IN,)], [(Charflow.Event.MUX_OUT,)]])
        self.assertEqual(commands, [(ord("x"),)])

        mux.focus_next()
        self.assertEqual(mux.get_focus(), 1)
        mux.focus_front_end(0)
        self.assertEqual(mux.get_focus(), 0)
        self.assert_fails(Charflow.BackendError.NOT_FOUND, mux.focus_front_end, 2)

        monitor.set_backend(None)
        self.assertEqual(mux.get_n_front_ends(), 1)

    def test_properties(self):
        base = Charflow.NullBackend()
        mux = Charflow.MuxBackend.new(base)
        self.assertEqual(mux.get_backend(), base)
        mux.set_escape_char(0x1D)
        mux.set_timestamps(True)
        self.assertEqual((mux.get_escape_char(), mux.get_timestamps()), (0x1D, True))
        self.assertEqual((mux.get_ring_size(), mux.get_look_ahead(), mux.get_max_front_ends()), (4096, 4096, 4))
        self.assertEqual(support.surface.read_properties(mux)["focus"], -1)

        other = Charflow.MuxBackend.new(None)
        self.assert_fails(Charflow.BackendError.BUSY, other.set_backend, base)
        mux.set_backend(None)
        other.set_backend(base)
        finish(other.open_async, other.open_finish)
        self.assertTrue(other.get_opened())


class Registry(unittest.TestCase):
    assert_fails = Mux.assert_fails

    def test_labels(self):
        registry = Charflow.BackendRegistry.new()
        backend = Charflow.NullBackend(label="a")
        registry.add(backend)
        mux = registry.create("mux,id=m,chardev=a")
        self.assertEqual(list(registry), [backend, mux])
        self.assertEqual(registry.lookup("a"), backend)
        self.assertIsNone(registry.lookup("b"))
        self.assert_fails(Charflow.BackendError.EXISTS, registry.create, "null,id=a")
        self.assert_fails(Charflow.BackendError.BUSY, registry.remove, "a")
        self.assert_fails(Charflow.BackendError.NOT_FOUND, registry.remove, "b")

        finish(mux.open_async, mux.open_finish)
        registry.close_all()
        self.assertFalse(backend.get_active())
        registry.remove("m")
        self.assertEqual(len(registry), 1)

    def test_a_ring_by_its_label(self):
        registry = Charflow.BackendRegistry()
        registry.create("null,id=a")
        ring = registry.create("ringbuf,id=r")
        finish(ring.open_async, ring.open_finish)
        data = GLib.Bytes.new(b"\0\xff\1")
        self.assertTrue(registry.feed_ring_bytes("r", data))
        self.assertEqual(registry.take_ring_bytes("r", 10).get_data(), b"\0\xff\1")
        self.assert_fails(Charflow.BackendError.INVALID_VALUE, registry.take_ring_bytes, "r", 0)
        self.assert_fails(Charflow.BackendError.INCOMPATIBLE, registry.feed_ring_bytes, "a", data)
        self.assert_fails(Charflow.BackendError.NOT_FOUND, registry.take_ring_bytes, "b", 10)

    def test_a_handler_makes_the_change(self):
        registry = Charflow.BackendRegistry()
        device = started(registry.create("null,id=a"))
        events = log_of(device, "event")
        registry.send_break("a")
        self.assertEqual(events, [(Charflow.Event.BREAK,)])
        self.assert_fails(Charflow.BackendError.BUSY, registry.change, "a", "ringbuf")

        registry.connect("change-backend", lambda registry, old, backend: device.set_backend(backend))
        registry.change("a", "ringbuf,size=16")
        self.assertIsInstance(registry.lookup("a"), Charflow.RingbufBackend)
        wait_for(lambda: device.get_backend() == registry.lookup("a"))


if __name__ == "__main__":
    unittest.main()
