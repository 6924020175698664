# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pty
import tempfile
import termios
import unittest

import support
from gi.repository import Charflow, Gio, GLib
from support import finish, log_of, wait_for


def open_backend(backend):
    finish(backend.open_async, backend.open_finish)
    return backend


class Duct(Charflow.FdBackend):
    """A back end in Python over descriptors of its own: what is written comes back."""

    def __init__(self, **properties):
        super().__init__(**properties)
        self.steps = []

    def do_open_fds(self):
        self.steps.append("open")
        return True, *os.pipe()

    def do_release_fds(self):
        self.steps.append("release")

    def do_input_ended(self):
        self.steps.append("ended")
        self.emit_event(Charflow.Event.CLOSED)


class BrokenDuct(Charflow.FdBackend):
    def do_open_fds(self):
        raise GLib.Error.new_literal(Gio.io_error_quark(), "No pipe today", Gio.IOErrorEnum.BUSY)


class FdBackends(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def read_when_ready(self, backend):
        source = backend.create_source(GLib.IOCondition.IN)
        ready = []
        source.set_callback(lambda data: ready.append(True) and False)
        source.attach(None)
        wait_for(lambda: ready)
        source.destroy()
        return backend.read_bytes(64).get_data()

    def test_descriptors_stay_the_callers(self):
        reader, writer = os.pipe()
        backend = open_backend(Charflow.FdBackend.new(reader, writer))
        self.assertEqual((backend.get_in_fd(), backend.get_out_fd()), (reader, writer))
        self.assertEqual(backend.write(b"round"), 5)
        self.assertEqual(self.read_when_ready(backend), b"round")
        backend.close()
        os.write(writer, b"still")
        self.assertEqual(os.read(reader, 16), b"still")
        os.close(reader)
        os.close(writer)

    def test_a_file_is_written_and_another_read(self):
        with open(self.path("in"), "wb") as file:
            file.write(b"input")
        backend = Charflow.FileBackend(path=self.path("out"), append=True, input_path=self.path("in"))
        self.assertEqual(backend.get_input_path(), self.path("in"))
        events = log_of(backend, "event")
        open_backend(backend)
        self.assertEqual(self.read_when_ready(backend), b"input")
        self.assertEqual(backend.read_bytes(64).get_data(), b"")
        self.assertEqual([event for event, in events], [Charflow.Event.OPENED, Charflow.Event.CLOSED])
        self.assertEqual(backend.write(b"output"), 6)
        backend.close()
        again = Charflow.FileBackend.new(self.path("out"), True)
        self.assertTrue(again.get_append())
        self.assertEqual(again.get_path(), self.path("out"))
        self.assertEqual(open_backend(again).write(b", more"), 6)
        with open(self.path("out"), "rb") as file:
            self.assertEqual(file.read(), b"output, more")

    def test_fifos_are_made_and_removed(self):
        backend = open_backend(Charflow.PipeBackend.new(self.path("x"), True))
        self.assertEqual(sorted(os.listdir(self.folder)), ["x.in", "x.out"])
        self.assertEqual((backend.get_path(), backend.get_create(), backend.get_duplex()),
                         (self.path("x"), True, False))
        backend.close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_the_terminal_is_as_it_was(self):
        master, slave = pty.openpty()
        found = termios.tcgetattr(slave)
        saved = os.dup(0)
        os.dup2(slave, 0)
        self.addCleanup(lambda: (os.dup2(saved, 0), os.close(saved), os.close(slave), os.close(master)))
        backend = open_backend(Charflow.StdioBackend.new(False))
        self.assertFalse(backend.get_signal_keys())
        self.assertNotEqual(termios.tcgetattr(slave), found)
        with self.assertRaises(GLib.Error) as caught:
            open_backend(Charflow.StdioBackend(signal_keys=True))
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.BUSY))
        backend.set_echo(True)
        self.assertTrue(termios.tcgetattr(slave)[3] & termios.ECHO)
        backend.set_echo(False)
        Charflow.StdioBackend.restore()
        self.assertEqual(termios.tcgetattr(slave), found)
        Charflow.StdioBackend.resume()
        self.assertNotEqual(termios.tcgetattr(slave), found)
        backend.close()
        self.assertEqual(termios.tcgetattr(slave), found)

    def test_the_console_needs_no_settings(self):
        console = open_backend(Charflow.ConsoleBackend.new())
        self.assertTrue(console.get_opened())
        self.assertEqual(console.get_uri(), "console")
        self.assertIsNone(console.get_resource())

    def test_a_pty_keeps_what_nobody_reads(self):
        backend = open_backend(Charflow.PtyBackend(keep_unsent=4, overflow=Charflow.BackendOverflow.DROP_OLD))
        self.assertEqual(backend.write(b"123456"), 6)
        self.assertEqual(backend.get_lost_bytes(), 2)
        self.assertEqual(backend.get_keep_unsent(), 4)
        self.assertEqual(backend.get_overflow(), Charflow.BackendOverflow.DROP_OLD)
        slave = os.open(backend.get_slave_path(), os.O_RDONLY | os.O_NOCTTY)
        wait_for(backend.get_opened)
        self.assertEqual(os.read(slave, 16), b"3456")
        os.close(slave)

    def test_a_subclass_opens_what_it_likes(self):
        backend = open_backend(Duct())
        self.assertEqual(backend.write(b"round"), 5)
        self.assertEqual(self.read_when_ready(backend), b"round")
        backend.close()
        self.assertEqual(backend.steps, ["open", "release"])

    def test_a_subclass_may_fail(self):
        with self.assertRaises(GLib.Error) as caught:
            open_backend(BrokenDuct())
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY), caught.exception)

    def test_all_properties_can_be_read(self):
        read = support.surface.read_properties
        self.assertEqual(read(Charflow.FdBackend(in_fd=3))["out-fd"], -1)
        self.assertEqual(read(Charflow.FileBackend(path="a"))["path"], "a")
        self.assertTrue(read(Charflow.PipeBackend(path="a", duplex=True))["duplex"])
        self.assertTrue(read(Charflow.StdioBackend())["signal-keys"])
