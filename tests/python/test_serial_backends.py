# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import pty
import termios
import unittest

import support
from gi.repository import Charflow, GLib
from support import finish, log_of, wait_for


def open_backend(backend):
    finish(backend.open_async, backend.open_finish)
    return backend


class SerialLines(unittest.TestCase):
    def setUp(self):
        self.far_end, self.keeper = pty.openpty()
        self.addCleanup(os.close, self.far_end)
        self.addCleanup(os.close, self.keeper)
        self.path = os.ttyname(self.keeper)

    def test_bytes_pass_and_settings_follow(self):
        before = termios.tcgetattr(self.keeper)
        backend = open_backend(Charflow.SerialBackend.new(self.path))
        self.assertEqual(backend.get_path(), self.path)
        self.assertEqual(backend.write(b"hello\n"), 6)
        self.assertEqual(os.read(self.far_end, 64), b"hello\n")

        changes = log_of(backend, "notify::settings")
        backend.set_serial_settings(Charflow.SerialSettings.new_from_string("9600 8N2"))
        self.assertEqual(len(changes), 1)
        self.assertEqual(backend.get_settings().to_string(), "9600 8N2")
        self.assertEqual(backend.props.baud, 9600)
        self.assertEqual(termios.tcgetattr(self.keeper)[5], termios.B9600)
        backend.close()
        self.assertEqual(termios.tcgetattr(self.keeper), before)

    def test_it_is_exclusive(self):
        first = open_backend(Charflow.SerialBackend.new(self.path))
        with self.assertRaises(GLib.Error) as caught:
            open_backend(Charflow.SerialBackend.new(self.path))
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.BUSY))
        first.close()
        open_backend(Charflow.SerialBackend.new(self.path)).close()

    def test_a_line_that_hangs_up_is_closed(self):
        far_end, near_end = pty.openpty()
        backend = open_backend(Charflow.SerialBackend(path=os.ttyname(near_end), reconnect_interval=60))
        events = log_of(backend, "event")
        os.close(far_end)
        os.close(near_end)
        wait_for(lambda: events)
        self.assertEqual(events[0], (Charflow.Event.CLOSED,))
        self.assertTrue(backend.get_active())
        backend.close()

    def test_a_break_has_an_end(self):
        backend = open_backend(Charflow.SerialBackend.new(self.path))
        backend.set_break(True)
        backend.set_break(False)
        backend.send_break(1)
        with self.assertRaises(GLib.Error) as caught:
            backend.send_break(0)
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.INVALID_VALUE))
        backend.close()

    def test_a_pseudo_terminal_has_no_modem_lines(self):
        backend = open_backend(Charflow.SerialBackend.new(self.path))
        for call in (backend.query_modem_lines, lambda: backend.set_modem_lines(Charflow.ModemLines.DTR)):
            with self.assertRaises(GLib.Error) as caught:
                call()
            self.assertIn(self.path, caught.exception.message)
        self.assertEqual(backend.get_modem_lines(), Charflow.ModemLines.NONE)
        backend.close()

    def test_properties(self):
        values = support.surface.read_properties(
            Charflow.SerialBackend(path="/dev/x", parity=Charflow.SerialParity.MARK, stop_bits=Charflow.SerialStop.TWO,
                                   dtr=Charflow.SerialOutput.OFF, watch_modem_lines=100))
        self.assertEqual(values["settings"].to_string(), "115200 8M2")
        self.assertEqual(values["dtr"], Charflow.SerialOutput.OFF)
        self.assertEqual(values["rts"], Charflow.SerialOutput.KEEP)
        self.assertEqual(values["watch-modem-lines"], 100)
        self.assertTrue(values["exclusive"])


class SerialSettings(unittest.TestCase):
    def test_parts_and_text(self):
        settings = Charflow.SerialSettings.new(9600, 7, Charflow.SerialParity.EVEN, Charflow.SerialStop.TWO,
                                               Charflow.SerialFlow.RTSCTS)
        self.assertEqual(settings.to_string(), "9600 7E2 rtscts")
        self.assertEqual((settings.get_baud(), settings.get_data_bits()), (9600, 7))
        self.assertEqual(settings.get_parity(), Charflow.SerialParity.EVEN)
        self.assertEqual(settings.get_stop(), Charflow.SerialStop.TWO)
        self.assertEqual(settings.get_flow(), Charflow.SerialFlow.RTSCTS)
        self.assertTrue(settings.equal(Charflow.SerialSettings.new_from_string("9600 7e2 rtscts")))
        self.assertFalse(settings.equal(Charflow.SerialSettings.new_from_string("9600 7e2")))


class ParallelPorts(unittest.TestCase):
    def test_what_is_no_port_says_so(self):
        backend = Charflow.ParallelBackend.new("/dev/null")
        with self.assertRaises(GLib.Error) as caught:
            open_backend(backend)
        self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.INVALID_VALUE))
        self.assertIn("/dev/null", caught.exception.message)

    def test_one_that_is_not_open_has_no_registers(self):
        backend = Charflow.ParallelBackend(path="/dev/parport0", input=True)
        self.assertEqual(backend.get_path(), "/dev/parport0")
        self.assertTrue(backend.get_input())
        for call in (backend.read_data, backend.read_control, backend.read_status,
                     lambda: backend.write_data(1), lambda: backend.write_control(1),
                     lambda: backend.set_direction(True),
                     lambda: backend.read_epp_data(1), lambda: backend.read_epp_address(1),
                     lambda: backend.write_epp_data(GLib.Bytes.new(b"a")),
                     lambda: backend.write_epp_address(GLib.Bytes.new(b"a"))):
            with self.assertRaises(GLib.Error) as caught:
                call()
            self.assertTrue(caught.exception.matches(Charflow.BackendError.quark(), Charflow.BackendError.NOT_OPEN))

    def test_properties(self):
        values = support.surface.read_properties(Charflow.ParallelBackend(path="/dev/parport1"))
        self.assertEqual((values["path"], values["input"]), ("/dev/parport1", False))
