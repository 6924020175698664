# SPDX-License-Identifier: LGPL-2.1-or-later
import socket
import unittest

import support
from gi.repository import Charflow, Gio, GLib
from support import PASSWORD, finish, log_of, open_session, settle, wait_for

PORT_NAME = "org.example.console.0"
OWN_TYPE = 77
ECHO, ECHOED, REFUSED = 101, 102, 103


class OwnServerChannel(Charflow.ServerChannel):
    """A channel of a type of its own: it greets, and sends back what it gets."""

    def __init__(self, **properties):
        super().__init__(channel_type=OWN_TYPE, **properties)
        self.log = []

    def do_client_attached(self, client):
        self.log.append("attached")
        client.send_message(ECHOED, GLib.Bytes.new(b"welcome"))

    def do_client_detached(self, client):
        self.log.append("detached")

    def do_message_limit(self, client, message_type):
        return 1024 if message_type in (ECHO, REFUSED) else 0

    def do_handle_message(self, client, message_type, body):
        if message_type == REFUSED:
            raise RuntimeError("meant to fail")
        client.send_message(ECHOED, body)
        return True


class OwnClientChannel(Charflow.ClientChannel):
    def __init__(self, **properties):
        super().__init__(channel_type=OWN_TYPE, channel_id=0, **properties)
        self.received = []

    def do_message_limit(self, message_type):
        return 1024

    def do_handle_message(self, message_type, body):
        self.received.append((message_type, body.get_data()))
        return True


class NetworkCase(unittest.TestCase):
    def setUp(self):
        backend = Charflow.SocketBackend(host="127.0.0.1", port=0, server=True)
        finish(backend.open_async, backend.open_finish)
        far_port = int(backend.get_uri().rsplit(":", 1)[1].split(",")[0])
        self.far = socket.create_connection(("127.0.0.1", far_port))
        self.far.settimeout(support.TIMEOUT_S)
        self.addCleanup(self.far.close)
        self.device = Charflow.CharDevice(backend=backend)
        self.device.start()
        wait_for(self.device.get_opened)

        self.server = Charflow.Server(password=PASSWORD, name="a toy")
        self.port_channel = Charflow.ServerPortChannel(port_name=PORT_NAME, device=self.device)
        self.server.add_channel(self.port_channel)
        self.uri = self.server.listen("spice://127.0.0.1:0")
        self.addCleanup(self.stop)

    def stop(self):
        self.server.close()
        self.device.set_backend(None)
        settle()

    def receive(self, size):
        """What comes out of the device's other side, while the loop runs."""
        data = b""
        self.far.setblocking(False)
        timer = GLib.timeout_add(5, lambda: True)

        def has_all():
            nonlocal data
            try:
                data += self.far.recv(65536)
            except BlockingIOError:
                pass
            return len(data) >= size

        wait_for(has_all, f"{size} bytes")
        GLib.source_remove(timer)
        return data

    def read(self, port, size):
        data = b""
        while len(data) < size:
            data += finish(port.read_bytes_async, port.read_bytes_finish, 65536).get_data()
        return data


class RoundTrip(NetworkCase):
    def test_bytes_go_both_ways(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        self.assertIsInstance(port, Charflow.ClientPortChannel)
        self.assertEqual(port.get_port_name(), PORT_NAME)
        self.assertTrue(port.get_port_opened())
        self.far.sendall(b"from the device")
        self.assertEqual(self.read(port, 15), b"from the device")
        finish(port.write_bytes_async, port.write_bytes_finish, GLib.Bytes.new(b"to the device"))
        self.assertEqual(self.receive(13), b"to the device")
        self.assertTrue(finish(session.close_async, session.close_finish))
        self.assertEqual(session.get_state(), Charflow.ClientState.CLOSED)

    def test_bulk_goes_through_whole(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        bulk = bytes(range(256)) * 4096
        done = []
        port.write_bytes_async(GLib.Bytes.new(bulk), None, lambda port, result: done.append(port.write_bytes_finish(result)))
        self.assertEqual(self.receive(len(bulk)), bulk)
        self.assertEqual(done, [True])
        session.close()

    def test_what_was_written_arrives_before_the_session_closes(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        finish(port.write_bytes_async, port.write_bytes_finish, GLib.Bytes.new(b"last words"))
        finish(session.close_async, session.close_finish)
        self.assertEqual(self.receive(10), b"last words")

    def test_a_port_has_a_stream(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        stream = port.get_stream()
        results = []
        stream.get_output_stream().write_bytes_async(GLib.Bytes.new(b"streamed"), 0, None,
                                                     lambda stream, result: results.append(result))
        wait_for(lambda: results)
        self.assertEqual(stream.get_output_stream().write_bytes_finish(results[0]), 8)
        self.assertEqual(self.receive(8), b"streamed")
        session.close()

    def test_events_reach_the_port(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        events = log_of(port, "event")
        self.assertTrue(port.send_event(Charflow.Event.BREAK))
        self.far.close()
        wait_for(lambda: (Charflow.Event.CLOSED,) in events)
        self.assertFalse(port.get_port_opened())
        session.close()

    def test_a_port_is_closed_and_opened_again(self):
        session = open_session(self.uri)
        port = session.lookup_port(PORT_NAME)
        closed = log_of(port, "closed")
        self.assertTrue(finish(port.close_async, port.close_finish))
        self.assertEqual(closed, [(None,)])
        self.assertEqual(port.get_state(), Charflow.ClientState.CLOSED)
        wait_for(lambda: len(self.port_channel.get_clients()) == 0)
        self.assertTrue(finish(port.open_async, port.open_finish))
        self.assertEqual(port.get_state(), Charflow.ClientState.OPEN)
        self.assertEqual(port.get_session(), session)
        port.close()
        session.close()

    def test_many_share_a_device(self):
        sessions = [open_session(self.uri) for n in range(3)]
        self.far.sendall(b"to all")
        for session in sessions:
            self.assertEqual(self.read(session.lookup_port(PORT_NAME), 6), b"to all")
        self.assertEqual(len(self.device.get_clients()), 3)
        for session in sessions:
            session.close()
        wait_for(lambda: len(self.device.get_clients()) == 0)


class Entering(NetworkCase):
    def test_a_wrong_password_is_told(self):
        refused = log_of(self.server, "peer-error")
        with self.assertRaises(GLib.Error) as caught:
            open_session(self.uri, "wrong")
        self.assertTrue(caught.exception.matches(Charflow.LinkError.quark(), Charflow.LinkError.PERMISSION_DENIED))
        wait_for(lambda: refused)
        self.assertTrue(refused[0][1].matches(Charflow.LinkError.quark(), Charflow.LinkError.PERMISSION_DENIED))

    def test_without_authentication_everybody_enters(self):
        self.server.set_password(None)
        with self.assertRaises(GLib.Error):
            open_session(self.uri, "")
        self.server.set_authentication(Charflow.Authentication.NONE)
        self.assertEqual(self.server.get_authentication(), Charflow.Authentication.NONE)
        open_session(self.uri, None).close()

    def test_a_ticket_lets_one_in(self):
        self.server.set_ticket("once", 60)
        open_session(self.uri, "once").close()

    def test_bad_uris_say_what_is_wrong(self):
        for uri, code in [("gopher://127.0.0.1:0", Charflow.UriError.BAD_SCHEME),
                          ("spice://127.0.0.1:port", Charflow.UriError.BAD_PORT)]:
            with self.subTest(uri=uri), self.assertRaises(GLib.Error) as caught:
                self.server.listen(uri)
            self.assertTrue(caught.exception.matches(Charflow.UriError.quark(), code), caught.exception)
        with self.assertRaises(GLib.Error):
            self.server.listen(self.uri)

    def test_none_and_wrong_types_are_type_errors(self):
        session = Charflow.Session.new(None)
        for function, arguments in [
            (self.server.listen, (None,)),
            (self.server.add_channel, (None,)),
            (self.server.add_channel, (self.device,)),
            (self.server.set_link_timeout, ("long",)),
            (session.lookup_port, (None,)),
            (session.set_uri, (5,)),
            (session.open_async, ("now", None)),
        ]:
            with self.subTest(function=function.__name__, arguments=arguments), self.assertRaises(TypeError):
                function(*arguments)

    def test_opening_can_be_cancelled(self):
        session = Charflow.Session(uri=self.uri, password=PASSWORD)
        cancellable = Gio.Cancellable()
        results = []
        session.open_async(cancellable, lambda session, result: results.append(result))
        cancellable.cancel()
        wait_for(lambda: results)
        with self.assertRaises(GLib.Error) as caught:
            session.open_finish(results[0])
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))


class OwnChannels(NetworkCase):
    def setUp(self):
        super().setUp()
        self.own = OwnServerChannel()
        self.own.add_capability(3)
        self.server.add_channel(self.own)
        self.session = open_session(self.uri)
        self.addCleanup(self.session.close)

    def open_channel(self):
        channel = OwnClientChannel(session=self.session)
        channel.add_capability(40)
        finish(channel.open_async, channel.open_finish)
        wait_for(lambda: channel.received)
        return channel

    def test_a_channel_type_in_python(self):
        channel = self.open_channel()
        self.assertEqual(channel.received, [(ECHOED, b"welcome")])
        channel.send_message(ECHO, GLib.Bytes.new(b"shout"))
        wait_for(lambda: len(channel.received) == 2)
        self.assertEqual(channel.received[1], (ECHOED, b"shout"))
        self.assertTrue(self.own.has_capability(3))
        self.assertEqual((self.own.get_channel_type(), self.own.get_channel_id()), (OWN_TYPE, 0))
        self.assertEqual(self.own.get_type_name(), channel.get_type_name())
        client = self.own.get_clients()[0]
        self.assertTrue(client.has_capability(40))
        self.assertFalse(client.has_capability(41))
        self.assertEqual(client.get_queued_bytes(), 0)
        client.close()
        wait_for(lambda: channel.get_state() == Charflow.ClientState.CLOSED)
        self.assertEqual(self.own.log, ["attached", "detached"])

    def test_a_handler_that_raises_costs_its_client_alone(self):
        channel = self.open_channel()
        closed = log_of(channel, "closed")
        errors = log_of(self.server, "peer-error")
        channel.send_message(REFUSED, GLib.Bytes.new(b"x"))
        wait_for(lambda: closed and errors)
        self.assertTrue(errors[0][1].matches(Charflow.LinkError.quark(), Charflow.LinkError.FAILED))
        self.assertEqual(self.session.get_state(), Charflow.ClientState.OPEN)

    def test_a_message_that_is_not_known_ends_the_connection(self):
        channel = self.open_channel()
        closed = log_of(channel, "closed")
        channel.send_message(999, None)
        wait_for(lambda: closed)

    def test_the_register(self):
        self.assertEqual(self.own.get_server(), self.server)
        self.assertEqual(self.server.lookup_channel(OWN_TYPE, 0), self.own)
        self.assertIn(self.own, list(self.server.get_channels()))
        with self.assertRaises(GLib.Error) as caught:
            self.server.add_channel(self.own)
        self.assertTrue(caught.exception.matches(Charflow.LinkError.quark(), Charflow.LinkError.CHANNEL_NOT_AVAILABLE))
        self.assertTrue(self.server.remove_channel(self.own))
        self.assertIsNone(self.server.lookup_channel(OWN_TYPE, 0))


class Properties(NetworkCase):
    def test_all_can_be_read(self):
        read = support.surface.read_properties
        session = open_session(self.uri)
        closed = log_of(session, "closed")
        values = read(session)
        self.assertEqual(values["server-name"], "a toy")
        self.assertEqual((session.get_uri(), session.get_server_name()), (self.uri, "a toy"))
        self.assertEqual(session.get_session_id(), values["session-id"])
        channels = list(session.get_channels())
        self.assertIsInstance(channels[0], Charflow.ClientMainChannel)
        for channel in channels:
            self.assertEqual(read(channel)["state"], Charflow.ClientState.OPEN)

        values = read(self.server)
        self.assertEqual(values["name"], self.server.get_name())
        client = self.server.get_clients()[0]
        self.assertEqual(read(client)["session-id"], client.get_session_id())
        self.assertTrue(client.get_peer())
        for connection in client.get_channels():
            values = read(connection)
            self.assertEqual((values["session"], connection.get_session()), (client, client))
            self.assertEqual((values["channel"], connection.get_channel()), (connection.get_channel(),) * 2)
            self.assertEqual(values["peer"], connection.get_peer())
        self.assertIsInstance(read(self.server.get_channels()[0])["server"], Charflow.Server)
        values = read(self.port_channel)
        self.assertEqual(values["port-name"], self.port_channel.get_port_name())
        self.assertEqual(self.port_channel.get_device(), self.device)
        client.close()
        wait_for(lambda: closed)

    def test_what_can_be_set(self):
        write = support.surface.write_property
        write(self.server, "Server", "password", "other")
        self.server.set_name("renamed")
        self.server.set_link_timeout(5000)
        self.assertEqual(self.server.get_link_timeout(), 5000)
        session = Charflow.Session()
        session.set_uri(self.uri)
        session.set_password("wrong")
        write(session, "Session", "password", "other")
        finish(session.open_async, session.open_finish)
        self.assertEqual(session.get_server_name(), "renamed")
        session.close()
        with self.assertRaises(TypeError):
            self.server.get_property("password")

    def test_constructors_are_there(self):
        self.assertEqual(Charflow.Server.new().get_authentication(), Charflow.Authentication.TICKET)
        port = Charflow.ServerPortChannel.new("org.example.port.0", self.device)
        self.assertEqual(port.get_port_name(), "org.example.port.0")
        self.assertTrue(Charflow.check_version(1, 0, 0))
        self.assertFalse(Charflow.check_version(2, 0, 0))
