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
        self.assertFalse(options["size"].get_choices())
        self.assertIn("logfile", options)

    def test_the_older_syntax_makes_the_same(self):
        ring = Charflow.Backend.new_from_spec("ringbuf:64,id=r")
        self.assertEqual((ring.get_label(), ring.get_size()), ("r", 64))
        for spec in ("vc", "vc:80Cx24C", "chardev:r"):
            with self.subTest(spec=spec), self.assertRaises(GLib.Error) as caught:
                Charflow.Backend.new_from_spec(spec)
            self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.NOT_SUPPORTED))

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
        self.assertTrue(ring.feed_bytes(GLib.Bytes.new(b"\0\xff\1")))
        self.assertEqual(ring.take_base64(10), "AP8B")
        self.assertTrue(ring.feed_base64("YQ=="))
        self.assertEqual(ring.take_bytes(10).get_data(), b"a")
        with self.assertRaises(GLib.Error) as caught:
            ring.feed_base64("YQ")
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.INVALID_VALUE))

    def test_a_loopback_gives_back(self):
        loopback = open_backend(Charflow.LoopbackBackend.new(4))
        self.assertEqual(loopback.get_size(), 4)
        self.assertEqual(loopback.write(b"abcdef"), 4)
        self.assertEqual(loopback.read_bytes(10).get_data(), b"abcd")

    def test_a_null_backend_takes_everything(self):
        null = open_backend(Charflow.NullBackend.new())
        self.assertEqual(null.write(b"gone"), 4)
        self.assertEqual(null.get_uri(), "null")

    def test_datagrams_go_both_ways(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(30)
            udp = open_backend(Charflow.UdpBackend.new("127.0.0.1", peer.getsockname()[1]))
            self.assertEqual((udp.get_host(), udp.get_port()), peer.getsockname())
            self.assertIsNone(udp.get_local_address())
            self.assertFalse(udp.get_reply_to_sender())
            self.assertEqual(udp.write(b"there"), 5)
            self.assertEqual(peer.recvfrom(100), (b"there", ("127.0.0.1", udp.get_local_port())))
            udp.close()

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
        self.assertIsNone(waiting.get_resource())
        with open(os.devnull, "rb") as null:
            waiting.queue_fds(Gio.UnixFDList.new_from_array([os.dup(null.fileno())]))
        self.assertTrue(finish(waiting.write_all_async, waiting.write_all_finish, GLib.Bytes.new(b"with it"))[0])
        data, fds, *_ = socket.recv_fds(more, 16, 4)
        self.assertEqual((data, len(fds)), (b"with it", 1))
        socket.send_fds(more, [b"back"], fds)
        os.close(fds[0])
        self.assertEqual(finish(waiting.read_bytes_async, waiting.read_bytes_finish, 16).get_data(), b"back")
        self.assertEqual(waiting.steal_fds().get_length(), 1)
        waiting.drop_peer()
        self.assertFalse(waiting.get_opened())

        ours, more = socket.socketpair()
        waiting.accept_fd(ours.detach())
        finish(waiting.wait_connected_async, waiting.wait_connected_finish)
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

        calling.set_modem_lines(Charflow.ModemLines.RTS)
        wait_for(lambda: not listening.query_modem_lines()[1] & Charflow.ModemLines.DSR)
        self.assertTrue(listening.get_modem_lines() & Charflow.ModemLines.CTS)
        events = log_of(listening, "event")
        calling.send_break(10)
        wait_for(lambda: (Charflow.Event.BREAK,) in events)
        calling.set_break(False)

    def test_what_is_not_open_says_so(self):
        with self.assertRaises(GLib.Error) as caught:
            Charflow.NullBackend().write(b"early")
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.NOT_OPEN))


class Traces(unittest.TestCase):
    """What passes is logged, recorded, and played again."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "trace")

    def contents(self):
        with open(self.path, "rb") as file:
            return file.read()

    def test_a_log_gets_what_is_accepted(self):
        log = Charflow.Log.new(self.path, False)
        log.set_directions(Charflow.LogDirections.OUTPUT | Charflow.LogDirections.INPUT)
        loop = Loop()
        loop.set_log(log)
        open_backend(loop)
        loop.write(b"there ")
        loop.read_bytes(64)
        self.assertEqual(self.contents(), b"there there ")
        os.rename(self.path, self.path + ".old")
        self.assertTrue(log.reopen())
        self.assertEqual(loop.get_log(), log)
        loop.props.log = None
        loop.write(b"unseen")
        self.assertEqual(self.contents(), b"")

    def test_a_log_has_lines_and_rotates(self):
        log = Charflow.Log(path=self.path, append=True)
        log.set_timestamps(Charflow.LogTimestamps.UTC)
        log.set_rotate_size(40)
        log.set_rotate_count(1)
        null = Charflow.NullBackend(log=log)
        open_backend(null)
        null.write(b"one\n")
        null.write(b"two\n")
        self.assertRegex(self.contents(), rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z two\n$")
        self.assertTrue(os.path.exists(self.path + ".1"))
        self.assertEqual(log.get_timestamps(), Charflow.LogTimestamps.UTC)
        self.assertEqual((log.get_rotate_size(), log.get_rotate_count()), (40, 1))
        self.assertEqual(log.get_directions(), Charflow.LogDirections.OUTPUT)
        self.assertEqual((log.get_path(), log.get_append()), (self.path, True))

    def test_a_full_disk_is_told(self):
        log = Charflow.Log.new("/dev/full", False)
        failures = log_of(log, "failed")
        null = Charflow.NullBackend(log=log)
        open_backend(null)
        self.assertEqual(null.write(b"lost"), 4)
        wait_for(lambda: failures)
        self.assertTrue(failures[0][0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.NO_SPACE))
        self.assertEqual(log.get_lost_bytes(), 4)

    def test_a_log_that_cannot_be_opened_is_an_error(self):
        null = Charflow.NullBackend(log=Charflow.Log.new(self.path + "/missing", False))
        with self.assertRaises(GLib.Error) as caught:
            open_backend(null)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))

    def record(self):
        recorder = Charflow.Recorder.new(self.path)
        self.assertTrue(recorder.open())
        loop = Loop(label="loop")
        loop.set_recorder(recorder)
        self.assertEqual(loop.get_recorder(), recorder)
        self.assertTrue(loop.has_feature(Charflow.Features.RECORDED))
        open_backend(loop)
        loop.write(b"hello ")
        loop.read_bytes(64)
        loop.emit_event(Charflow.Event.BREAK)
        loop.write(b"again")
        loop.read_bytes(64)
        loop.close()
        self.assertTrue(recorder.get_recording())
        self.assertTrue(recorder.close())
        self.assertFalse(recorder.get_recording())
        self.assertEqual(recorder.get_path(), self.path)

    def test_a_record_is_played_to_a_device(self):
        self.record()
        replay = Charflow.ReplayBackend.new(self.path, Charflow.ReplaySpeed.FULL)
        device = Charflow.CharDevice(backend=replay, self_tokens=2)
        story = []
        device.connect("event", lambda device, event: story.append(event))
        device.connect("message", lambda device, client, message: story.append(message.get_data()))
        device.start()
        wait_for(lambda: Charflow.Event.CLOSED in story)
        self.assertEqual(story, [Charflow.Event.OPENED, b"hello ", Charflow.Event.BREAK, b"again", Charflow.Event.CLOSED])
        self.assertFalse(replay.get_diverged())

    def test_a_replay_compares_what_is_written(self):
        self.record()
        replay = open_backend(Charflow.ReplayBackend(path=self.path, source_label="loop", speed=Charflow.ReplaySpeed.REAL))
        wait_for(replay.get_opened)
        self.assertEqual(replay.write(b"hello again"), 11)
        self.assertFalse(replay.get_diverged())
        self.assertEqual(replay.write(b"!"), 1)
        self.assertTrue(replay.get_diverged())
        self.assertEqual(replay.get_diverged_bytes(), 1)
        self.assertEqual((replay.get_path(), replay.get_source_label()), (self.path, "loop"))
        self.assertEqual(replay.get_speed(), Charflow.ReplaySpeed.REAL)

    def test_a_damaged_record_says_where(self):
        self.record()
        with open(self.path, "r+b") as file:
            file.truncate(30)
        with self.assertRaises(GLib.Error) as caught:
            open_backend(Charflow.Backend.new_from_spec(f"replay,path={self.path}"))
        self.assertIn("at byte 30", caught.exception.message)


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
        self.assertEqual(read(Charflow.LoopbackBackend(size=3))["size"], 3)
        self.assertEqual(read(Charflow.NullBackend(label="n"))["label"], "n")
        self.assertIsNone(read(Charflow.PtyBackend())["slave-path"])
        self.assertFalse(read(Charflow.Log(path="log"))["append"])
        self.assertFalse(read(Charflow.Recorder(path="record"))["recording"])
        self.assertIsNone(read(Charflow.ReplayBackend(path="record"))["source-label"])
        values = read(Charflow.SocketBackend(host="localhost", port=5, to=7, server=True, wait=True, nodelay=True,
                                             family=Gio.SocketFamily.IPV4))
        self.assertEqual((values["host"], values["port"], values["to"]), ("localhost", 5, 7))
        self.assertEqual(values["family"], Gio.SocketFamily.IPV4)
        values = read(Charflow.UdpBackend(host="h", port=5, local_address="l", local_port=6, reply_to_sender=True))
        self.assertEqual((values["host"], values["port"]), ("h", 5))
        self.assertEqual((values["local-address"], values["local-port"]), ("l", 6))
        self.assertTrue(values["reply-to-sender"])
        self.assertEqual(values["family"], Gio.SocketFamily.INVALID)
