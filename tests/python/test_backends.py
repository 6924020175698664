# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import socket
import tempfile
import unittest

import support
from gi.repository import Charflow, Gio, GLib
from support import finish, log_of, settle, wait_for


class Loop(Charflow.Backend):
    """A back end in Python: what is written comes back."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.input = bytearray()
        self.closed = 0
        self.connect("notify::active", self.on_active)

    def on_active(self, backend, pspec):
        if self.get_active():
            self.emit_event(Charflow.Event.OPENED)

    def do_read_bytes(self, max_size):
        if not self.input:
            raise GLib.Error.new_literal(Gio.io_error_quark(), "Nothing has come", Gio.IOErrorEnum.WOULD_BLOCK)
        taken = bytes(self.input[:max_size])
        del self.input[:max_size]
        return GLib.Bytes.new(taken)

    def do_write(self, data, size):
        self.input += bytes(data)
        return len(data)

    def do_close(self):
        self.closed += 1


class SourcedLoop(Loop):
    """One that says by itself when to read."""

    def __init__(self, **properties):
        self.n_sources = 0
        super().__init__(**properties)

    def do_create_source(self, condition):
        self.n_sources += 1
        return GLib.timeout_source_new(1)


class RaisingLoop(Loop):
    def do_read_bytes(self, max_size):
        raise RuntimeError("meant to fail")

    def do_write(self, data, size):
        raise GLib.Error.new_literal(Gio.io_error_quark(), "Broken", Gio.IOErrorEnum.NO_SPACE)


def open_backend(backend):
    finish(backend.open_async, backend.open_finish)
    return backend


class Specs(unittest.TestCase):
    def test_a_spec_makes_a_backend(self):
        backend = Charflow.Backend.new_from_spec("ringbuf,id=memory,size=64")
        self.assertIsInstance(backend, Charflow.RingbufBackend)
        self.assertEqual(backend.get_label(), "memory")
        self.assertEqual(backend.get_size(), 64)

    def test_bad_specs_say_what_is_wrong(self):
        for spec, code in [
            ("nonsense,id=a", Charflow.BackendError.UNKNOWN_KIND),
            ("ringbuf,sise=64", Charflow.BackendError.UNKNOWN_OPTION),
            ("ringbuf,size=much", Charflow.BackendError.INVALID_VALUE),
        ]:
            with self.subTest(spec=spec), self.assertRaises(GLib.Error) as caught:
                Charflow.Backend.new_from_spec(spec)
            self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), code), caught.exception)

    def test_kinds_and_options_are_described(self):
        self.assertIn("ringbuf", Charflow.Backend.list_kinds())
        self.assertTrue(Charflow.Backend.describe_kind("pty"))
        self.assertIsNone(Charflow.Backend.describe_kind("nonsense"))
        options = {option.get_name(): option for option in Charflow.Backend.list_options("ringbuf")}
        self.assertEqual(options["size"].get_value_type(), Charflow.OptionType.SIZE)
        self.assertTrue(options["size"].get_description())
        options["size"].get_default_value()

    def test_none_and_wrong_types_are_type_errors(self):
        for wrong in (None, 5, b"null", object()):
            with self.subTest(wrong=wrong), self.assertRaises(TypeError):
                Charflow.Backend.new_from_spec(wrong)
        with self.assertRaises(TypeError):
            Charflow.Backend()  # it is abstract


class Kinds(unittest.TestCase):
    def test_a_ring_remembers_the_last_bytes(self):
        ring = open_backend(Charflow.RingbufBackend(size=4))
        changes = log_of(ring, "changed")
        self.assertEqual(ring.write(b"abcdef"), 6)
        self.assertEqual(ring.get_stored(), 4)
        self.assertEqual(ring.get_lost_bytes(), 2)
        self.assertEqual(ring.peek_bytes(10).get_data(), b"cdef")
        self.assertEqual(ring.take_bytes(10).get_data(), b"cdef")
        self.assertTrue(changes)
        self.assertTrue(ring.get_opened())
        self.assertEqual(Charflow.RingbufBackend.new(8).get_size(), 8)

    def test_a_null_backend_takes_everything(self):
        null = open_backend(Charflow.NullBackend.new())
        self.assertEqual(null.write(b"gone"), 4)
        self.assertEqual(null.get_uri(), "null")

    def test_a_pty_has_a_name(self):
        pty = open_backend(Charflow.PtyBackend.new(None))
        self.assertTrue(os.path.exists(pty.get_slave_path()))
        self.assertIsNone(pty.get_path())
        pty.close()
        self.assertFalse(pty.get_active())

    def test_two_sockets_talk(self):
        listening = open_backend(Charflow.SocketBackend.new_for_tcp("127.0.0.1", 0, True))
        self.assertTrue(listening.get_server())
        self.assertEqual(listening.get_host(), "127.0.0.1")
        self.assertIsNone(listening.get_path())
        port = int(listening.get_uri().rsplit(":", 1)[1].split(",")[0])
        calling = open_backend(Charflow.SocketBackend.new_for_tcp("127.0.0.1", port, False))
        self.assertEqual(calling.get_port(), port)
        wait_for(listening.get_opened)
        wait_for(calling.get_opened)
        self.assertEqual(calling.write(b"ping"), 4)
        source = listening.create_source(GLib.IOCondition.IN)
        ready = []
        source.set_callback(lambda data: ready.append(True) and False)
        source.attach(None)
        wait_for(lambda: ready)
        source.destroy()
        self.assertEqual(listening.read_bytes(16).get_data(), b"ping")

    def test_a_unix_socket_has_a_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            listening = open_backend(Charflow.SocketBackend.new_for_unix(path, True))
            self.assertEqual(listening.get_path(), path)
            self.assertTrue(os.path.exists(path))
            listening.close()

    def test_sockets_by_their_numbers(self):
        ours, theirs = socket.socketpair()
        given = open_backend(Charflow.SocketBackend.new_for_fd(ours.detach(), False))
        self.assertTrue(given.has_feature(Charflow.Features.FD_PASS))
        theirs.send(b"hi")
        wait_for(lambda: given.create_source(GLib.IOCondition.IN) is not None)
        self.assertEqual(finish(given.read_bytes_async, given.read_bytes_finish, 16).get_data(), b"hi")

        waiting = open_backend(Charflow.SocketBackend.new_unbound())
        ours, more = socket.socketpair()
        waiting.accept_fd(ours.detach())
        self.assertTrue(waiting.get_opened())
        more.close()
        wait_for(lambda: not waiting.get_opened())
        theirs.close()

    def test_a_peer_that_is_sent_away(self):
        listening = open_backend(Charflow.Backend.new_from_spec("socket,port=0,server=on,wait=off,websocket=on"))
        errors = log_of(listening, "peer-error")
        with socket.create_connection(("127.0.0.1", listening.get_port())) as peer:
            peer.send(b"nonsense\r\n\r\n")
            wait_for(lambda: errors)
        self.assertIsInstance(errors[0][0], GLib.Error)

    def test_a_serial_line_by_telnet(self):
        listening = open_backend(Charflow.Backend.new_from_spec("socket,port=0,server=on,wait=off,rfc2217=on"))
        requests = []

        def settings_requested(backend, settings):
            requests.append(settings)
            return settings.get_baud() < 10000

        listening.connect("settings-requested", settings_requested)
        calling = open_backend(Charflow.Backend.new_from_spec(f"socket,port={listening.get_port()},rfc2217=on"))
        calling.set_serial_settings(Charflow.SerialSettings.new_from_string("4800 7E1"))
        wait_for(lambda: calling.get_peer_settings() and calling.get_peer_settings().get_data_bits() == 7)
        calling.set_serial_settings(Charflow.SerialSettings.new_from_string("115200 7E1"))
        wait_for(lambda: requests[-1].get_baud() == 115200)
        self.assertEqual(listening.get_peer_settings().get_baud(), 4800)

    def test_what_is_not_open_says_so(self):
        with self.assertRaises(GLib.Error) as caught:
            Charflow.NullBackend().write(b"early")
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.NOT_OPEN))


class Subclasses(unittest.TestCase):
    def test_a_backend_in_python_behind_a_device(self):
        backend = Loop(label="loop")
        device = Charflow.CharDevice(backend=backend, self_tokens=4)
        client = Charflow.Client()
        delivered = log_of(client, "deliver")
        device.attach_client(client)
        device.start()
        wait_for(backend.get_opened)
        device.write_bytes(client, GLib.Bytes.new(b"hello"))
        self.assertEqual(bytes(backend.input), b"hello")
        device.wakeup()
        wait_for(lambda: delivered)
        self.assertEqual(delivered[0][1].get_data(), b"hello")
        device.set_backend(None)
        self.assertEqual(backend.closed, 1)

    def test_a_source_in_python_wakes_the_device(self):
        backend = SourcedLoop()
        device = Charflow.CharDevice(backend=backend)
        client = Charflow.Client()
        delivered = log_of(client, "deliver")
        device.attach_client(client)
        device.start()
        wait_for(backend.get_opened)
        device.write_bytes(client, GLib.Bytes.new(b"by itself"))
        wait_for(lambda: delivered)
        self.assertEqual(delivered[0][1].get_data(), b"by itself")
        self.assertGreater(backend.n_sources, 0)

    def test_features_and_uri_are_the_implementors(self):
        backend = Loop()
        backend.add_features(Charflow.Features.RECONNECTABLE | Charflow.Features.FD_PASS)
        backend.drop_features(Charflow.Features.FD_PASS)
        self.assertEqual(backend.get_features(), Charflow.Features.RECONNECTABLE)
        self.assertTrue(backend.has_feature(Charflow.Features.RECONNECTABLE))
        backend.set_uri("loop:")
        self.assertEqual(backend.get_uri(), "loop:")

    def test_a_failing_backend_harms_nobody(self):
        backend = RaisingLoop()
        device = Charflow.CharDevice(backend=backend, self_tokens=1)
        errors = log_of(device, "backend-error")
        device.start()
        wait_for(backend.get_opened)
        device.write_bytes(None, GLib.Bytes.new(b"lost"))
        self.assertTrue(any(e.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NO_SPACE) for e, in errors))
        self.assertTrue(any(e.matches(Charflow.BackendError.quark(), Charflow.BackendError.FAILED) for e, in errors))
        self.assertEqual(device.get_self_tokens_held(), 1)
        device.wakeup()
        settle()


class Properties(unittest.TestCase):
    def test_all_can_be_read(self):
        read = support.surface.read_properties
        self.assertEqual(read(Charflow.RingbufBackend(size=16, label="r"))["size"], 16)
        self.assertEqual(read(Charflow.NullBackend(label="n"))["label"], "n")
        self.assertIsNone(read(Charflow.PtyBackend())["slave-path"])
        values = read(Charflow.SocketBackend(host="localhost", port=5, to=7, server=True, wait=True, nodelay=True,
                                             family=Gio.SocketFamily.IPV4))
        self.assertEqual((values["host"], values["port"], values["to"]), ("localhost", 5, 7))
        self.assertEqual(values["family"], Gio.SocketFamily.IPV4)
