# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the overrides add to the classes: bytes, exceptions, with, await, and the loops that may own the thread."""
import asyncio
import errno
import os
import re
import socket
import threading
import time
import unittest

import support
from gi.repository import Charflow, Gio, GLib
from support import PASSWORD, wait_for

PORT_NAME = "org.example.console.0"


class PipeBackend(Charflow.Backend):
    """A back end in Python that knows nothing of GLib.Bytes and GLib.Error."""

    def __init__(self):
        super().__init__()
        self.readable, self.far = os.pipe()
        os.set_blocking(self.readable, False)
        self.failure = None

    def do_read_bytes(self, max_size):
        if self.failure is not None:
            raise self.failure
        return os.read(self.readable, max_size)

    def do_write(self, data, size):
        raise BlockingIOError("not now")

    def do_close(self):
        os.close(self.readable)
        os.close(self.far)


def serve(device):
    server = Charflow.Server(password=PASSWORD)
    server.add_channel(Charflow.ServerPortChannel(port_name=PORT_NAME, device=device))
    return server, server.listen("spice://127.0.0.1:0")


class Bytes(unittest.TestCase):
    def test_all_that_python_has_are_taken(self):
        ring = Charflow.RingbufBackend(size=64)
        with ring, Charflow.CharDevice(backend=ring) as device:
            wait_for(device.get_opened)
            for data in (b"bytes,", bytearray(b"bytearray,"), memoryview(b"memoryview,"), GLib.Bytes.new(b"GBytes")):
                device.write_bytes(None, data)
            device.write_bytes(client=None, bytes=b"!")
            taken = ring.take_bytes(64)
            self.assertEqual(bytes(taken.get_data()), b"bytes,bytearray,memoryview,GBytes!")
            self.assertIsInstance(taken, GLib.Bytes)
            with self.assertRaises(TypeError):
                device.write_bytes(None, "text")

    def test_virtual_functions_return_bytes(self):
        with PipeBackend() as backend:
            os.write(backend.far, b"hello")
            self.assertEqual(backend.read_bytes(64).get_data(), b"hello")


class Records(unittest.TestCase):
    def test_they_are_made_with_keywords(self):
        self.assertEqual(Charflow.SerialSettings(baud=9600, data_bits=7, parity=Charflow.SerialParity.EVEN).to_string(),
                         "9600 7E1")
        self.assertEqual(Charflow.SerialSettings().to_string(), "115200 8N1")

    def test_help_tells_what_the_reference_tells(self):
        self.assertIn("Connects to the server", Charflow.Session.open_async.__doc__)
        self.assertIn("get_label(self) -> str", Charflow.Backend.get_label.__doc__)
        self.assertIn("A user's connection to a SPICE server", Charflow.Session.__doc__)


class Errors(unittest.TestCase):
    def test_a_domain_is_an_exception(self):
        with self.assertRaises(Charflow.BackendError) as caught:
            Charflow.Backend.new_from_spec("nonsense,id=n0")
        error = caught.exception
        self.assertIsInstance(error, GLib.Error)
        self.assertIsInstance(error, Charflow.Error)
        self.assertEqual(error.code, Charflow.BackendError.UNKNOWN_KIND)
        self.assertTrue(error.matches(Charflow.BackendError.quark(), Charflow.BackendError.UNKNOWN_KIND))
        self.assertEqual(str(error), error.message)
        self.assertEqual(Charflow.BackendError(error.code).value_nick, "unknown-kind")
        with self.assertRaises(Charflow.UriError):
            Charflow.Server().listen("gopher://127.0.0.1:0")

    def test_signals_have_the_same_classes(self):
        device = Charflow.CharDevice(backend=Charflow.Backend.new_from_spec(
            "socket,id=s,path=/nonexistent/socket,server=on,wait=off"))
        errors = support.log_of(device, "backend-error")
        with device:
            wait_for(lambda: errors)
        self.assertIsInstance(errors[0][0], GLib.Error)
        error = GLib.Error("x", GLib.quark_to_string(Charflow.LinkError.quark()), Charflow.LinkError.LIMIT)
        self.assertIsInstance(error, Charflow.LinkError)
        self.assertIs(type(GLib.Error("x", "another-domain", 1)), GLib.Error)

    def test_what_would_block_is_a_blocking_io_error(self):
        with PipeBackend() as backend:
            with self.assertRaises(BlockingIOError) as caught:
                backend.read_bytes(64)
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK))
            self.assertEqual(caught.exception.errno, errno.EAGAIN)
            with self.assertRaises(BlockingIOError):
                backend.write(b"x")
            backend.failure = PermissionError(errno.EACCES, "no")
            with self.assertRaises(PermissionError):
                backend.read_bytes(64)
            backend.failure = GLib.Error("as before", Charflow.BackendError.quark() and "charflow-backend-error-quark",
                                         Charflow.BackendError.NOT_SUPPORTED)
            with self.assertRaises(Charflow.BackendError):
                backend.read_bytes(64)

    def test_a_file_that_is_not_there(self):
        with self.assertRaises(FileNotFoundError):
            with Charflow.Backend.new_from_spec("serial,id=s,path=/nonexistent/tty"):
                self.fail("it is open")


class Contexts(unittest.TestCase):
    def test_each_ends_what_it_began(self):
        ring = Charflow.RingbufBackend(size=64)
        device = Charflow.CharDevice(backend=ring)
        server, uri = serve(device)
        with ring, device, server:
            self.assertTrue(device.get_running())
            with Charflow.Session(uri=uri, password=PASSWORD) as session:
                self.assertEqual(session.get_state(), Charflow.ClientState.OPEN)
                session.lookup_port(PORT_NAME).write_bytes_async(b"all of it")
                self.assertEqual(len(server.get_clients()), 1)
                connection = server.get_clients()[0]
                self.assertIn(connection, server.get_clients())
            self.assertEqual(session.get_state(), Charflow.ClientState.CLOSED)
            self.assertEqual([channel.get_state() for channel in session.get_channels()], [])
            wait_for(lambda: not len(server.get_clients()))
            self.assertEqual(ring.take_bytes(64).get_data(), b"all of it")
        self.assertFalse(device.get_running())
        self.assertFalse(ring.get_active())
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", int(uri.rsplit(":", 1)[1])), timeout=support.TIMEOUT_S)

    def test_a_wrong_password_is_an_exception(self):
        with Charflow.CharDevice() as device:
            server, uri = serve(device)
            with server, self.assertRaises(Charflow.LinkError) as caught:
                with Charflow.Session(uri=uri, password="wrong"):
                    self.fail("it is open")
        self.assertEqual(caught.exception.code, Charflow.LinkError.PERMISSION_DENIED)


class Awaiting(unittest.TestCase):
    """One program, in each of the loops that may run it."""

    async def talk(self):
        ring = Charflow.RingbufBackend(size=64)
        async with ring, Charflow.CharDevice(backend=ring) as device:
            server, uri = serve(device)
            async with server, Charflow.Session(uri=uri, password=PASSWORD) as session:
                port = session.lookup_port(PORT_NAME)
                await port.write_bytes_async(b"to the device")
                while ring.get_stored() < 13:
                    await asyncio.sleep(0)
                with self.assertRaises(TimeoutError):
                    await asyncio.wait_for(port.read_bytes_async(64), 0.05)
                # The one before has ended, so that this one may begin.
                reading = asyncio.ensure_future(port.read_bytes_async(64))
                await asyncio.sleep(0)
                reading.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await reading
                with self.assertRaises(Charflow.LinkError):
                    await Charflow.Session(uri=uri, password="wrong").open_async()
            return ring.take_bytes(64).get_data()

    def test_asyncio_runs(self):
        self.assertEqual(asyncio.run(self.talk()), b"to the device")

    def test_our_loop_runs(self):
        self.assertEqual(Charflow.run(self.talk()), b"to the device")

    def test_glib_runs(self):
        main_loop = GLib.MainLoop()
        loop = Charflow.EventLoop()
        task = loop.create_task(self.talk())
        task.add_done_callback(lambda task: main_loop.quit())
        main_loop.run()
        self.assertEqual(task.result(), b"to the device")
        loop.close()

    def test_both_take_turns(self):
        """Descriptors, timers and threads of asyncio, and GLib's sources, while either runs."""
        async def program(log):
            loop = asyncio.get_running_loop()
            near, far = socket.socketpair()
            with near, far:
                near.setblocking(False)
                far.setblocking(False)
                GLib.timeout_add(10, lambda: log.append("source") or far.send(b"x") and False)
                log.append(await loop.sock_recv(near, 10))
            log.append(await loop.run_in_executor(None, lambda: "thread"))
            before = loop.time()
            await asyncio.sleep(0.02)
            log.append(loop.time() - before >= 0.019)
            event = asyncio.Event()
            threading.Thread(target=lambda: loop.call_soon_threadsafe(event.set)).start()
            await event.wait()

        expected = ["source", b"x", "thread", True]
        log = []
        Charflow.run(program(log))
        self.assertEqual(log, expected)

        log = []
        loop = Charflow.EventLoop()
        task = loop.create_task(program(log))
        wait_for(task.done)
        task.result()
        self.assertEqual(log, expected)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    def test_nothing_polls(self):
        turns = []

        async def idle():
            loop = asyncio.get_running_loop()
            select = loop._selector.select
            loop._selector.select = lambda timeout=None: turns.append(timeout) or select(timeout)
            await asyncio.sleep(0.3)

        before = time.process_time()
        Charflow.run(idle())
        self.assertLess(len(turns), 20)
        self.assertLess(time.process_time() - before, 0.15)

    def test_an_own_cancellable_is_used(self):
        async def program():
            cancellable = Gio.Cancellable()
            operation = Charflow.PtyBackend().open_async(cancellable)
            cancellable.cancel()
            await operation

        with self.assertRaises(GLib.Error) as caught:
            Charflow.run(program())
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    def test_callbacks_are_called_as_before(self):
        for arguments in ((None, lambda *_: log.append(_)), (None, lambda *_: log.append(_), "data")):
            ring, log = Charflow.RingbufBackend(size=64), []
            self.assertIsNone(ring.open_async(*arguments))
            wait_for(lambda: log)
            self.assertEqual((log[0][0], *log[0][2:]), (ring, *arguments[2:]))
            self.assertTrue(ring.open_finish(log[0][1]))

    def test_it_begins_at_once(self):
        ring = Charflow.RingbufBackend(size=64)
        operation = ring.open_async()
        self.assertFalse(operation.done())
        with self.assertRaises(asyncio.InvalidStateError):
            operation.result()
        wait_for(operation.done)
        self.assertTrue(operation.result())
        self.assertTrue(operation.wait())

    def test_waiting_in_a_task_is_refused(self):
        async def program():
            Charflow.RingbufBackend(size=64).open_async().wait()

        with self.assertRaisesRegex(RuntimeError, "await it"):
            Charflow.run(program())

    def test_a_wait_has_a_limit(self):
        with Charflow.Backend.new_from_spec("socket,id=s,host=127.0.0.1,port=0,server=on,wait=off") as backend:
            with self.assertRaises(TimeoutError):
                backend.wait_connected_async().wait(0.05)


class Far:
    """A device whose other side is a socket of Python."""

    def __init__(self, cls=Charflow.CharDevice, **properties):
        near, self.socket = socket.socketpair()
        backend = Charflow.Backend.new_from_spec(f"socket,id=s,fd={near.detach()}")
        self.device = cls(backend=backend, **properties)

    def __enter__(self):
        self.device.start()
        wait_for(self.device.get_opened)
        return self.device, self.socket

    def __exit__(self, *exception):
        self.device.stop()
        self.device.set_backend(None)
        self.socket.close()


class Reading(unittest.TestCase):
    def test_messages_are_iterated(self):
        with Far(Charflow.LineDevice) as (device, far):
            far.sendall(b"one\ntwo\nthree\n" + 500 * b"more\n")
            lines = []
            for line in device:
                lines.append(line.get_data())
                if len(lines) == 200:
                    far.close()
            self.assertEqual(lines, [b"one\n", b"two\n", b"three\n"] + 500 * [b"more\n"])
            self.assertEqual(len(device.get_clients()), 0)

    def test_messages_are_iterated_in_a_task(self):
        async def program(device):
            return [line.get_data() async for line in device]

        with Far(Charflow.LineDevice, keep_unread=True) as (device, far):
            far.sendall(b"one\ntwo\nand the rest")
            far.shutdown(socket.SHUT_WR)
            self.assertEqual(Charflow.run(program(device)), [b"one\n", b"two\n", b"and the rest"])

    def test_many_messages_are_read_at_once(self):
        with Far(Charflow.LineDevice) as (device, far), device.open_reader(max_queue_messages=300) as reader:
            self.assertEqual(reader.read_messages(), [])
            far.sendall(b"".join(b"%d\n" % n for n in range(1000)))
            wait_for(lambda: reader.get_queued_messages() >= 300)
            self.assertFalse(reader.get_ready())
            got = reader.read_messages(10)
            self.assertEqual([message.get_data() for message in got], [b"%d\n" % n for n in range(10)])
            self.assertGreaterEqual(len(got := got + reader.read_messages()), 300)
            while len(got) < 1000:
                got += reader.read_messages_async().wait(support.TIMEOUT_S)
            self.assertEqual([message.get_data() for message in got], [b"%d\n" % n for n in range(1000)])
            device.stop()
            self.assertEqual(reader.read_messages_async().wait(support.TIMEOUT_S), [])

    def test_a_cancelled_reading_loses_nothing(self):
        async def program(reader, far):
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(reader.read_messages_async(), 0.02)
            reading = asyncio.ensure_future(reader.read_messages_async())
            await asyncio.sleep(0)
            far.sendall(b"kept")
            while not reader.get_property("messages-delivered"):
                await asyncio.sleep(0)
                if reading.cancel():
                    continue
            try:
                return await reading
            except asyncio.CancelledError:
                return await reader.read_messages_async()

        with Far() as (device, far), device.open_reader() as reader:
            self.assertEqual([message.get_data() for message in Charflow.run(program(reader, far))], [b"kept"])

    def test_a_reader_writes(self):
        with Far() as (device, far), device.open_reader() as reader:
            reader.write_bytes(b"to the other side")
            far.settimeout(support.TIMEOUT_S)
            self.assertEqual(far.recv(64), b"to the other side")


class Expecting(unittest.TestCase):
    """The same of a reader of a device and of a port of a session."""

    def check(self, source, far):
        far.sendall(b"Debian\nlogin: ")
        match = source.expect(b"login: ", support.TIMEOUT_S)
        self.assertEqual(match.string[:match.start()], b"Debian\n")
        far.sendall(b"host-17$ and")
        match = source.expect(re.compile(rb"host-(\d+)\$"), support.TIMEOUT_S)
        self.assertEqual(match[1], b"17")
        self.assertEqual(source.read_bytes_async(64).wait(support.TIMEOUT_S).get_data(), b" and")
        far.sendall(b"half a wo")
        with self.assertRaisesRegex(TimeoutError, "b'word' did not come in 0.1 s"):
            source.expect("word", 0.1)
        with self.assertRaises(OverflowError):
            source.expect("word", support.TIMEOUT_S, limit=5)
        with self.assertRaises(TypeError):
            source.expect(re.compile("text"))
        far.sendall(b"rd.")
        self.assertEqual(source.expect("half a word", support.TIMEOUT_S)[0], b"half a word")
        self.assertEqual(source.expect(b".")[0], b".")

    async def check_async(self, source, far):
        far.sendall(b"not ye")
        with self.assertRaises(TimeoutError):
            await source.expect_async("yet", 0.05)
        waiting = asyncio.ensure_future(source.expect_async("yet"))
        await asyncio.sleep(0)
        waiting.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await waiting
        far.sendall(b"t, but now")
        self.assertEqual((await source.expect_async("not yet")).string[:7], b"not yet")
        self.assertEqual((await source.expect_async("now")).start(), 6)

    def check_end(self, source, far):
        far.sendall(b"the end")
        far.close()
        with self.assertRaises(EOFError):
            source.expect("more", support.TIMEOUT_S)
        self.assertEqual(source.read_bytes_async(64).wait().get_data(), b"the end")

    def test_a_reader(self):
        with Far() as (device, far), device.open_reader() as reader:
            self.check(reader, far)
            Charflow.run(self.check_async(reader, far))
            self.check_end(reader, far)

    def test_a_port(self):
        with Far() as (device, far):
            server, uri = serve(device)
            with server, Charflow.Session(uri=uri, password=PASSWORD) as session:
                port = session.lookup_port(PORT_NAME)
                self.check(port, far)
                Charflow.run(self.check_async(port, far))
                far.sendall(b"the end")
                self.assertEqual(port.expect("the").end(), 3)
                session.close()
                with self.assertRaises(EOFError):
                    port.expect("more", support.TIMEOUT_S)
                self.assertEqual(port.read_bytes_async(64).wait().get_data(), b" end")
