# SPDX-License-Identifier: LGPL-2.1-or-later
import gc
import socket
import unittest

import support
from gi.repository import Charflow, GLib
from support import finish, log_of, settle, wait_for


class Collector(Charflow.Client):
    """A client in Python."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.received = b""
        self.flushes = 0
        self.reasons = []
        self.granted = 0

    def do_deliver(self, device, data):
        self.received += data.get_data()

    def do_flush(self, device):
        self.flushes += 1

    def do_tokens(self, device, n_tokens):
        self.granted += n_tokens

    def do_removed(self, device, reason):
        self.reasons.append(reason)


class Lines(Charflow.CharDevice):
    """A device that frames lines, and knows whom each is for."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.targets = {}

    def do_read_message(self):
        available = self.fill(1)
        while (end := self.peek_bytes().get_data().find(b"\n")) < 0:
            if self.fill(available + 1) == available:
                return None
            available = self.fill(0)
        return self.read_bytes(end + 1)

    def do_message_target(self, message):
        return self.targets.get(message.get_data()[:1])


class Raising(Charflow.Client):
    def do_deliver(self, device, data):
        raise RuntimeError("meant to fail")


class DeviceCase(unittest.TestCase):
    def ring_device(self, cls=Charflow.CharDevice, **properties):
        self.ring = Charflow.RingbufBackend(size=4096)
        device = cls(backend=self.ring, **properties)
        device.start()
        wait_for(self.ring.get_opened)
        return device

    def socket_device(self, cls=Charflow.CharDevice, **properties):
        """A device whose other side is a socket of Python."""
        backend = Charflow.Backend.new_from_spec("socket,id=s,host=127.0.0.1,port=0,server=on,wait=off")
        finish(backend.open_async, backend.open_finish)
        port = int(backend.get_uri().rsplit(":", 1)[1].split(",")[0])
        self.far = socket.create_connection(("127.0.0.1", port))
        self.addCleanup(self.far.close)
        self.far.settimeout(support.TIMEOUT_S)
        device = cls(backend=backend, **properties)
        device.start()
        wait_for(device.get_opened)
        self.addCleanup(device.set_backend, None)
        return device

    def assert_fails(self, code, function, *arguments, domain=Charflow.DeviceError):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments)
        self.assertTrue(caught.exception.matches(domain.quark(), code), caught.exception)


class Writing(DeviceCase):
    def test_each_message_costs_a_token(self):
        device = self.ring_device(client_tokens_interval=2)
        client = Collector(flow_control=True, client_tokens=2)
        granted = log_of(device, "tokens-sent")
        device.attach_client(client)
        device.write_bytes(client, GLib.Bytes.new(b"one "))
        self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()), (1, 1))
        device.write_bytes(client, GLib.Bytes.new(b"two"))
        self.assertEqual(client.granted, 2)
        self.assertEqual(granted, [(client, 2)])
        self.assertEqual(client.get_client_tokens_held(), 2)
        self.assertEqual(self.ring.take_bytes(64).get_data(), b"one two")

    def test_a_client_without_tokens_is_removed(self):
        device = self.ring_device(client_tokens_interval=100)
        client = Collector(flow_control=True, client_tokens=1)
        asked = log_of(device, "remove-client")
        device.attach_client(client)
        device.write_bytes(client, GLib.Bytes.new(b"x"))
        self.assert_fails(Charflow.DeviceError.NO_TOKENS, device.write_bytes, client, GLib.Bytes.new(b"y"))
        self.assertEqual(asked, [(client, Charflow.RemoveReason.NO_TOKENS)])
        self.assertEqual(client.reasons, [Charflow.RemoveReason.NO_TOKENS])
        self.assertFalse(device.has_client(client))

    def test_a_handler_may_remove_the_client_itself(self):
        device = self.ring_device(client_tokens_interval=100)
        client = Collector(flow_control=True, client_tokens=0)
        device.connect("remove-client", lambda device, client, reason: device.detach_client(client))
        device.attach_client(client)
        self.assert_fails(Charflow.DeviceError.NO_TOKENS, device.write_bytes, client, GLib.Bytes.new(b"y"))
        self.assertEqual(client.reasons, [Charflow.RemoveReason.NO_TOKENS])

    def test_a_buffer_is_filled_and_written(self):
        device = self.ring_device(client_tokens_interval=1)
        client = Charflow.Client(flow_control=True, client_tokens=3)
        device.attach_client(client)
        buffer = device.get_write_buffer(client, 8)
        self.assertTrue(buffer.append(b"hello"))
        self.assertEqual((buffer.get_size(), buffer.get_capacity(), buffer.get_token_price()), (5, 8, 1))
        self.assertEqual((buffer.get_origin(), buffer.get_client()), (Charflow.WriteOrigin.CLIENT, client))
        self.assert_fails(Charflow.DeviceError.FULL, buffer.append, b"world")
        self.assertEqual(buffer.copy_bytes().get_data(), b"hello")
        device.add_write_buffer(buffer)
        self.assertEqual(self.ring.take_bytes(64).get_data(), b"hello")
        self.assertEqual(client.get_client_tokens_held(), 3)

    def test_a_buffer_is_given_back(self):
        device = self.ring_device(client_tokens_interval=1)
        client = Charflow.Client(flow_control=True, client_tokens=1)
        device.attach_client(client)
        device.release_write_buffer(device.get_write_buffer(client, 8))
        self.assertEqual(client.get_client_tokens_held(), 1)
        buffer = device.get_write_buffer(client, 8)
        del buffer
        gc.collect()
        self.assertEqual(client.get_client_tokens_held(), 1)

    def test_the_program_pays_self_tokens(self):
        device = self.ring_device(self_tokens=1)
        freed = log_of(device, "self-token-freed")
        first = device.get_server_write_buffer(4, True)
        self.assertEqual(first.get_origin(), Charflow.WriteOrigin.SERVER)
        self.assertEqual((device.get_self_tokens(), device.get_self_tokens_held()), (1, 0))
        self.assert_fails(Charflow.DeviceError.NO_TOKENS, device.get_write_buffer, None, 4)
        free = device.get_server_write_buffer(4, False)
        self.assertEqual(free.get_token_price(), 0)
        device.add_write_buffer(free)
        device.add_write_buffer(first)
        self.assertEqual(len(freed), 1)

    def test_refusals_have_codes(self):
        device = self.ring_device()
        client = Charflow.Client(read_only=True)
        data = GLib.Bytes.new(b"x")
        self.assert_fails(Charflow.DeviceError.NOT_ATTACHED, device.write_bytes, client, data)
        device.attach_client(client)
        self.assert_fails(Charflow.DeviceError.READ_ONLY, device.write_bytes, client, data)
        self.assert_fails(Charflow.DeviceError.ALREADY_ATTACHED, device.attach_client, client)
        self.assert_fails(Charflow.DeviceError.TOO_BIG, device.get_write_buffer, client, 17 << 20)

    def test_what_waits_is_dropped_by_a_reset(self):
        device = self.ring_device(client_tokens_interval=100)
        client = Charflow.Client(flow_control=True, client_tokens=2)
        device.attach_client(client)
        device.stop()
        device.write_bytes(client, GLib.Bytes.new(b"late"))
        self.assertEqual(client.get_waiting_bytes(), 4)
        device.reset()
        device.start()
        self.assertEqual(self.ring.get_stored(), 0)
        self.assertEqual((client.get_waiting_bytes(), client.get_client_tokens_held()), (0, 2))


class Reading(DeviceCase):
    def test_signals_deliver_over_a_socket(self):
        device = self.socket_device()
        client = Charflow.Client.new()
        delivered, messages = log_of(client, "deliver"), log_of(device, "message")
        device.attach_client(client)
        self.assertEqual(client.get_device(), device)
        self.far.sendall(b"from afar")
        wait_for(lambda: delivered)
        self.assertEqual(delivered[0][0], device)
        self.assertEqual(delivered[0][1].get_data(), b"from afar")
        self.assertEqual(messages[0][0], None)
        device.write_bytes(client, GLib.Bytes.new(b"and back"))
        self.assertEqual(self.far.recv(64), b"and back")

    def test_a_subclass_is_delivered_to(self):
        device = self.socket_device()
        client = Collector()
        device.attach_client(client)
        self.far.sendall(b"from afar")
        wait_for(lambda: client.received == b"from afar" and client.flushes)

    def test_send_tokens_pay_for_messages(self):
        device = self.socket_device()
        client = Collector(flow_control=True, send_tokens=0)
        device.attach_client(client)
        self.far.sendall(b"first")
        settle()
        self.assertEqual((client.received, client.get_send_tokens_held()), (b"", 0))
        device.add_send_tokens(client, 2)
        wait_for(lambda: client.received == b"first")
        self.assertEqual(client.get_send_tokens_held(), 1)
        device.set_send_tokens(client, 7)
        self.assertEqual(client.get_send_tokens_held(), 7)

    def test_a_client_that_is_not_ready_has_a_queue(self):
        device = self.socket_device()
        client = Collector()
        client.set_ready(False)
        self.assertFalse(client.get_ready())
        device.attach_client(client)
        self.far.sendall(b"wait")
        wait_for(client.get_queued_messages)
        self.assertEqual(client.get_queued_bytes(), 4)
        client.note_progress()
        client.set_ready(True)
        self.assertEqual(client.received, b"wait")

    def test_a_full_queue_drops_or_removes(self):
        device = self.socket_device()
        dropping = Charflow.Client(overflow=Charflow.Overflow.DROP, max_queue_messages=1)
        removed = Collector(overflow=Charflow.Overflow.REMOVE, max_queue_messages=1)
        reader = Collector()
        missed = log_of(dropping, "missed")
        self.assertEqual(dropping.get_overflow(), Charflow.Overflow.DROP)
        for client in (dropping, removed, reader):
            device.attach_client(client)
        dropping.set_ready(False)
        removed.set_ready(False)
        for n, piece in enumerate((b"one", b"two"), 1):
            self.far.sendall(piece)
            wait_for(lambda: len(reader.received) == 3 * n)
        self.assertEqual(removed.reasons, [Charflow.RemoveReason.OVERFLOW])
        dropping.set_ready(True)
        self.assertEqual(missed, [(device, 3)])

    def test_a_framing_subclass(self):
        device = self.socket_device(Lines)
        everybody, alice = Collector(), Collector()
        device.attach_client(everybody)
        device.attach_client(alice)
        device.targets = {b"a": alice}
        self.far.sendall(b"all\nb: all\na: al")
        wait_for(lambda: b"b: all" in alice.received)
        self.far.sendall(b"ice\n")
        device.targets = {b"a": alice}
        wait_for(lambda: b"a: alice\n" in alice.received or b"a: alice\n" in everybody.received)
        self.assertNotIn(b"alice", everybody.received)

    def test_the_device_tells_of_events(self):
        device = self.socket_device()
        events = log_of(device, "event")
        self.far.close()
        wait_for(lambda: (Charflow.Event.CLOSED,) in events)
        self.assertFalse(device.get_opened())

    def test_unread_data_is_kept(self):
        device = self.socket_device(keep_unread=True)
        self.assertTrue(device.get_keep_unread())
        self.far.sendall(b"kept")
        settle()
        client = Collector()
        device.attach_client(client)
        wait_for(lambda: client.received == b"kept")
        device.set_keep_unread(False)


class Swapping(DeviceCase):
    def test_the_backend_is_exchanged_live(self):
        device = self.ring_device(self_tokens=2)
        other = Charflow.RingbufBackend(size=64)
        device.set_backend(other)
        self.assertEqual(device.get_backend(), self.ring)
        wait_for(lambda: device.get_backend() == other)
        device.write_bytes(None, GLib.Bytes.new(b"new"))
        self.assertEqual(other.take_bytes(8).get_data(), b"new")

    def test_a_handler_may_refuse(self):
        device = self.ring_device()
        device.connect("backend-changed", lambda device, backend: False)
        self.assert_fails(Charflow.DeviceError.REFUSED, device.set_backend, Charflow.NullBackend())
        self.assertEqual(device.get_backend(), self.ring)

    def test_a_backend_has_one_device(self):
        device = self.ring_device()
        self.assert_fails(Charflow.BackendError.BUSY, Charflow.CharDevice.new(None).set_backend, self.ring,
                          domain=Charflow.BackendError)
        self.assertEqual(device.get_backend(), self.ring)


class Robustness(DeviceCase):
    def test_none_and_wrong_types_are_type_errors(self):
        device = self.ring_device()
        data = GLib.Bytes.new(b"x")
        for function, arguments in [
            (device.attach_client, (None,)),
            (device.attach_client, (device,)),
            (device.detach_client, (None,)),
            (device.has_client, ("client",)),
            (device.write_bytes, (None, None)),
            (device.write_bytes, (None, "text")),
            (device.write_bytes, (device, data)),
            (device.get_write_buffer, (None, "size")),
            (device.add_write_buffer, (None,)),
            (device.set_backend, (5,)),
        ]:
            with self.subTest(function=function.__name__, arguments=arguments), self.assertRaises(TypeError):
                function(*arguments)
        with self.assertRaises(TypeError):
            Charflow.Client(nonsense=1)
        with self.assertRaises(TypeError):
            Charflow.Client(client_tokens="many")

    def test_handlers_that_raise_harm_nobody(self):
        device = self.socket_device()
        raising, reader = Raising(), Collector()

        def fail(*arguments):
            raise RuntimeError("meant to fail")

        device.connect("message", fail)
        device.connect("remove-client", fail)
        device.attach_client(raising)
        device.attach_client(reader)
        self.far.sendall(b"still here")
        wait_for(lambda: reader.received == b"still here")
        device.connect("backend-changed", fail)
        self.assert_fails(Charflow.DeviceError.REFUSED, device.set_backend, Charflow.NullBackend())
        device.disconnect_by_func(fail)
        device.disconnect_by_func(fail)
        device.disconnect_by_func(fail)

    def test_a_device_may_go_in_its_own_handler(self):
        holder = [self.socket_device()]
        client = Collector()
        client.connect("notify::device", lambda *arguments: holder.clear())
        holder[0].attach_client(client)
        self.doCleanups()
        gc.collect()
        settle()


class Properties(DeviceCase):
    def test_all_can_be_read(self):
        read = support.surface.read_properties
        device = self.ring_device(client_tokens_interval=5, self_tokens=1)
        client = Charflow.Client(flow_control=True, client_tokens=10, send_tokens=2, max_queue_messages=5,
                                 max_queue_bytes=1000, max_waiting_bytes=2000, stall_time=10, wait_time=20,
                                 overflow=Charflow.Overflow.REMOVE, wait_for_state=True)
        device.attach_client(client)
        values = read(client)
        self.assertEqual((values["client-tokens"], values["send-tokens"], values["stall-time"]), (10, 2, 10))
        self.assertEqual(values["device"], device)
        self.assertTrue(client.get_flow_control())
        self.assertFalse(client.get_read_only())
        values = read(device)
        self.assertEqual(values["backend"], self.ring)
        self.assertEqual(values["client-tokens-interval"], device.get_client_tokens_interval())
        self.assertTrue(device.get_running())
        self.assertEqual(list(device.get_clients()), [client])
