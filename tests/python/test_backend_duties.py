# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import socket
import tempfile
import unittest

from gi.repository import Charflow, Gio, GLib
from support import finish, log_of, settle, wait_for


class Line(Charflow.Backend):
    """A serial port that does what it is told."""

    __gtype_name__ = "TestPythonLine"

    def __init__(self, **properties):
        super().__init__(**properties)
        self.calls = []
        self.connect("notify::active", self.on_active)

    def on_active(self, backend, pspec):
        if self.get_active():
            self.emit_event(Charflow.Event.OPENED)

    def do_close(self):
        self.calls.append("close")

    def do_set_front_end_open(self, is_open):
        self.calls.append(("front end", is_open))

    def do_set_echo(self, echo):
        self.calls.append(("echo", echo))

    def do_set_serial_settings(self, settings):
        self.calls.append(("baud", settings.get_baud()))
        return True

    def do_set_break(self, on):
        self.calls.append(("break", on))
        return True

    def do_query_modem_lines(self):
        return True, Charflow.ModemLines.CTS

    def do_set_modem_lines(self, lines):
        self.calls.append(("lines", lines))
        return True

    def do_drop_peer(self):
        self.calls.append("drop")
        return True

    def do_accept_fd(self, fd):
        self.calls.append(("fd", fd))
        return True

    def do_queue_fds(self, fds):
        self.fds = fds
        return True

    def do_steal_fds(self):
        return self.fds


class Duties(unittest.TestCase):
    def assert_fails(self, code, function, *arguments, domain=Charflow.BackendError.quark()):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments)
        self.assertTrue(caught.exception.matches(domain, code), caught.exception)

    def socket_backend(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "socket")
        backend = Charflow.Backend.new_from_spec(f"socket,path={path},server=on,wait=off")
        self.addCleanup(backend.close)
        finish(backend.open_async, backend.open_finish)
        far = socket.socket(socket.AF_UNIX)
        self.addCleanup(far.close)
        far.connect(path)
        self.assertTrue(finish(backend.wait_connected_async, backend.wait_connected_finish))
        return backend, far

    def test_bytes_are_awaited(self):
        backend, far = self.socket_backend()
        far.sendall(b"in")
        self.assertEqual(finish(backend.read_bytes_async, backend.read_bytes_finish, 64).get_data(), b"in")
        written, n_written = finish(backend.write_all_async, backend.write_all_finish, GLib.Bytes.new(b"out"))
        self.assertEqual((written, n_written, far.recv(64)), (True, 3, b"out"))

    def test_a_subclass_has_a_peer(self):
        line = Line()
        finish(line.open_async, line.open_finish)
        line.drop_peer()
        line.accept_fd(5)
        self.assertEqual(line.calls, ["drop", ("fd", 5)])
        self.assert_fails(Charflow.BackendError.NOT_SUPPORTED, line.queue_fds, Gio.UnixFDList())
        line.add_features(Charflow.Features.FD_PASS)
        fds = Gio.UnixFDList()
        fds.append(0)
        line.queue_fds(fds)
        self.assertEqual(line.steal_fds().get_length(), 1)

    def test_a_null_backend_has_no_duties(self):
        backend = Charflow.NullBackend()
        finish(backend.open_async, backend.open_finish)
        code = Charflow.BackendError.NOT_SUPPORTED
        for function, arguments in [
            (backend.set_break, (True,)),
            (backend.send_break, (10,)),
            (backend.query_modem_lines, ()),
            (backend.set_modem_lines, (Charflow.ModemLines.DTR,)),
            (backend.drop_peer, ()),
            (backend.accept_fd, (0,)),
            (backend.queue_fds, (Gio.UnixFDList(),)),
        ]:
            with self.subTest(function=function.__name__):
                self.assert_fails(code, function, *arguments)
        self.assertIsNone(backend.steal_fds())

    def test_a_subclass_has_the_line(self):
        line = Line()
        changes = log_of(line, "notify::modem-lines")
        finish(line.open_async, line.open_finish)
        line.set_front_end_open(True)
        line.set_echo(False)
        line.set_break(True)
        line.set_break(False)
        self.assertEqual(line.calls, [("front end", True), ("echo", False), ("break", True), ("break", False)])
        self.assertEqual(line.query_modem_lines()[1], Charflow.ModemLines.CTS)
        line.note_modem_lines(Charflow.ModemLines.DSR)
        self.assertEqual((line.get_modem_lines(), len(changes)), (Charflow.ModemLines.DSR, 2))
        line.close()

    def test_a_change_keeps_what_was_asked_of_the_line(self):
        first, second = Line(), Line()
        settings = Charflow.SerialSettings.new_from_string("9600")
        device = Charflow.CharDevice(backend=first)
        device.start()
        wait_for(device.get_opened)
        device.set_echo(False)
        device.set_serial_settings(settings)
        device.set_modem_lines(Charflow.ModemLines.RTS)
        device.set_break(True)
        self.assertFalse(device.get_echo())
        self.assertTrue(device.get_serial_settings().equal(settings))

        self.assertTrue(finish(device.change_backend_async, device.change_backend_finish, second))
        self.assertEqual(device.get_backend(), second)
        self.assertEqual([call for call in second.calls if call[0] != "front end"],
                         [("echo", False), ("baud", 9600), ("lines", Charflow.ModemLines.RTS), ("break", True)])
        self.assertIn("close", first.calls)
        device.set_break(False)
        del second.calls[:]
        device.send_break(1)
        wait_for(lambda: ("break", False) in second.calls)

    def test_a_change_that_fails_says_why(self):
        first = Charflow.NullBackend()
        device = Charflow.CharDevice(backend=first)
        device.start()
        wait_for(device.get_opened)
        self.assert_fails(Gio.IOErrorEnum.NOT_FOUND, finish, device.change_backend_async, device.change_backend_finish,
                          Charflow.FileBackend.new("/nonexistent/file", False), domain=Gio.io_error_quark())
        self.assertEqual(device.get_backend(), first)

    def test_what_waits_goes_on_or_is_lost(self):
        for keep, text in [(True, b"late"), (False, b"")]:
            device = Charflow.CharDevice(backend=Charflow.NullBackend())
            device.set_keep_unwritten(keep)
            self.assertEqual(device.get_keep_unwritten(), keep)
            device.attach_client(client := Charflow.Client())
            device.write_bytes(client, GLib.Bytes.new(b"late"))
            ring = Charflow.RingbufBackend(size=64)
            device.set_backend(ring)
            device.start()
            wait_for(device.get_opened)
            settle()
            self.assertEqual(ring.take_bytes(64).get_data(), text)
