# SPDX-License-Identifier: LGPL-2.1-or-later
"""The saved state of a device, given to the SPICE server library and taken from it in a seamless migration: the same
bytes, and the device behind them gets each byte once."""

import random
import signal
import struct

import gi

gi.require_version("Charflow", "1")
from gi.repository import Charflow, Gio, GLib  # noqa: E402

import harness  # noqa: E402
import wire_peer  # noqa: E402
from harness import PASSWORD, PORT_NAME  # noqa: E402

SESSION_ID = 0x5E551017
SPICE_HEADER = struct.Struct("<4sI")
SPICE_STATE = struct.Struct("<IBIIIII")
PORT_HEADER = SPICE_HEADER.pack(b"SVMD", 1)
MAIN_HEADER = SPICE_HEADER.pack(b"MNMD", 1)
# What the main channel says after its agent's device.
MAIN_REST = 32
MAIN_WITHOUT_AGENT = MAIN_HEADER + SPICE_STATE.pack(1, 0, 0, 0, 0, 0, 0) + bytes(MAIN_REST)
NO_TOKENS = 0xFFFFFFFF
AGENT_WINDOW = 10
AGENT_INTERVAL = 5
AGENT_GRANT = 50
AGENT_PORT = 1

numbers = random.Random(__name__)
# What the client writes, and how much of that the device takes.
SITUATIONS = {
    "nobody wrote": ((), 0),
    "all was taken": ((b"first", b"second"), 11),
    "nothing was taken": ((b"first", b"second", b"third"), 0),
    "between two messages": ((b"first", b"second", b"third"), 5),
    "in the first message": ((b"first", b"second", b"third"), 3),
    "in a message after others": ((b"first", b"second", b"third", b"fourth"), 8),
    "before the last byte": ((b"first", b"second"), 10),
    "as many as may wait there": (tuple(bytes([65 + i % 26]) * (i + 1) for i in range(120)), 10),
    "big messages": ((numbers.randbytes(100_000), numbers.randbytes(65_536), numbers.randbytes(300_000)), 150_000),
}


class Taking(Charflow.Backend):
    """A back end that takes so many bytes, and then nothing any more."""

    def __init__(self, room):
        super().__init__()
        self.room = room
        self.taken = b""
        self.connect("notify::active", self.tell)

    @staticmethod
    def tell(backend, _pspec):
        """Its other side is there from the first."""
        if backend.get_active():
            backend.emit_event(Charflow.Event.OPENED)

    def do_write(self, data, size):
        taken = bytes(data)[:self.room]
        if not taken:
            raise GLib.Error.new_literal(Gio.io_error_quark(), "No room", Gio.IOErrorEnum.WOULD_BLOCK)
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class Client(Charflow.Client):
    def __init__(self, **properties):
        super().__init__(**properties)
        self.granted = 0

    def do_tokens(self, device, n_tokens):
        self.granted += n_tokens


def new_device(client, room):
    device = Charflow.CharDevice(backend=Taking(room), client_tokens_interval=AGENT_INTERVAL)
    device.start()

    def is_there():
        GLib.MainContext.default().iteration(False)
        return device.get_opened()

    harness.eventually(is_there, "the device to be there")
    device.attach_client(client)
    return device


def save_charflow(messages, n_taken, **properties):
    """What it saves in that situation."""
    device = new_device(client := Client(**properties), n_taken)
    for message in messages:
        device.write_bytes(client, GLib.Bytes.new(message))
    device.stop()
    taken = device.get_backend().taken
    if taken != b"".join(messages)[:n_taken]:
        raise AssertionError(f"the device took {taken[:200]!r}")
    return device.save_state().get_data()


def restore_charflow(state, room, **properties):
    device = new_device(client := Client(wait_for_state=True, **properties), room)
    device.restore_state(GLib.Bytes.new(state))
    return device, client


class StateTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.n_devices = 0

    def new_device(self):
        self.n_devices += 1
        return self.device(harness.Device, name=f"d{self.n_devices}")

    def library(self, device, *options):
        server = self.start(harness.program("SPICE_SERVER_PORT"), harness.free_port(), device.path, PORT_NAME,
                            *options, env=harness.peer_environment(SPICE_SERVER_PASSWORD=PASSWORD))
        self.addCleanup(self.assert_ends_well, server)
        server.address = harness.address_of(server.await_line(r"^listening on (\S+)$").group(1))
        return server

    def session(self, server, **options):
        return self.enterContext(wire_peer.Session(server.address, PASSWORD,
                                                   main_caps=(wire_peer.MAIN_CAPS_MIGRATION,), **options))

    # The library as the target.

    def send_to_library(self, state):
        """A device of the library that goes on from there, with the session and the port."""
        device = self.new_device()
        session = self.session(self.library(device), migrated_id=SESSION_ID)
        port = session.open(wire_peer.PORT, 0)
        session.main.send(wire_peer.CLIENT_MIGRATE_DATA, MAIN_WITHOUT_AGENT)
        port.send(wire_peer.CLIENT_MIGRATE_DATA, PORT_HEADER + state)
        session.await_main(wire_peer.MAIN_MULTI_MEDIA_TIME)
        return device, port

    def assert_goes_on(self, device, port, expected):
        """The device gets that, and what is said then after it; and it is heard."""
        port.send_data(b"[more]")
        device.await_received(lambda received: len(received) >= len(expected) + 6, f"{len(expected)} bytes and more")
        device.connection.sendall(b"[answer]")
        self.assertEqual(port.recv_data(8), b"[answer]")
        self.assertEqual(bytes(device.received), expected + b"[more]")

    # The library as the source.

    def await_migration(self, server, session):
        server.send_signal(signal.SIGUSR1)
        begin = session.await_main(wire_peer.MAIN_MIGRATE_BEGIN_SEAMLESS)
        self.assertEqual(struct.unpack_from("<I", begin, 20)[0], wire_peer.MIGRATION_VERSION)
        session.main.send(wire_peer.MAIN_MIGRATE_CONNECTED_SEAMLESS)

    def end_migration(self, server, session):
        session.close()
        server.await_line("^migrated$")

    def receive_state(self, channel, receive):
        """The migration data of a channel."""
        flags = struct.unpack("<I", receive(wire_peer.MIGRATE))[0]
        self.assertEqual(flags, wire_peer.MIGRATE_NEED_FLUSH | wire_peer.MIGRATE_NEED_DATA)
        channel.send(wire_peer.MIGRATE_FLUSH_MARK)
        return bytes(receive(wire_peer.MIGRATE_DATA))

    def receive_from_port(self, port):
        def receive(wanted):
            message_type, body = port.recv()
            self.assertEqual(message_type, wanted)
            return body

        return self.receive_state(port, receive)

    def take_from_library(self, messages, n_taken):
        """What the library sends for a port in that situation."""
        device = self.new_device()
        server = self.library(device, f"--take={n_taken}", f"--migrate-to={harness.free_port()}")
        session = self.session(server)
        port = session.open_port(PORT_NAME)
        for message in messages:
            port.send(wire_peer.DATA, message)
        device.await_received(lambda received: len(received) == n_taken, f"{n_taken} bytes")
        self.await_migration(server, session)
        blob = self.receive_from_port(port)
        self.assertEqual(self.receive_state(session.main, session.await_main), MAIN_WITHOUT_AGENT)
        self.end_migration(server, session)
        self.assertEqual(bytes(device.received), b"".join(messages)[:n_taken])
        self.assertEqual(blob[:SPICE_HEADER.size], PORT_HEADER)
        return blob[SPICE_HEADER.size:]

    def take_agent_from_library(self, messages, n_taken):
        """What the library sends for the main channel, whose agent is in that situation."""
        device = self.new_device()
        server = self.library(self.new_device(), f"--take={n_taken}", f"--agent={device.path}",
                              f"--migrate-to={harness.free_port()}")
        session = self.session(server)
        session.main.send(wire_peer.MAIN_AGENT_START, struct.pack("<I", AGENT_GRANT))
        for message in messages:
            session.main.send(wire_peer.MAIN_AGENT_DATA, message)
        device.await_received(lambda received: len(received) == n_taken, f"{n_taken} bytes")
        self.await_migration(server, session)
        blob = self.receive_state(session.main, session.await_main)
        self.end_migration(server, session)
        self.assertEqual(bytes(device.received), b"".join(map(agent_chunk, messages))[:n_taken])
        self.assertEqual(blob[:SPICE_HEADER.size], MAIN_HEADER)
        return blob[SPICE_HEADER.size:]


def agent_message(data):
    """A message for the agent, of a type that the library passes on."""
    return struct.pack("<IIQI", 1, 99, 0, len(data)) + data


def agent_chunk(message):
    """What the agent's device gets for it."""
    return struct.pack("<II", AGENT_PORT, len(message)) + message


class PortTest(StateTest):
    def test_from_charflow_to_the_library(self):
        for name, (messages, n_taken) in SITUATIONS.items():
            with self.subTest(name):
                device, port = self.send_to_library(save_charflow(messages, n_taken))
                self.assert_goes_on(device, port, b"".join(messages)[n_taken:])

    def test_from_the_library_to_charflow(self):
        for name, (messages, n_taken) in SITUATIONS.items():
            with self.subTest(name):
                left = b"".join(messages)[n_taken:]
                state = self.take_from_library(messages, n_taken)
                self.assertEqual(state, save_charflow(messages, n_taken))
                pointer = SPICE_HEADER.size + SPICE_STATE.size if left else 0
                self.assertEqual(SPICE_STATE.unpack_from(state), (1, 1, NO_TOKENS, NO_TOKENS, len(left), 0, pointer))

                device, client = restore_charflow(state, len(left) + 6)
                device.write_bytes(client, GLib.Bytes.new(b"[more]"))
                self.assertEqual(device.get_backend().taken, left + b"[more]")
                self.assertEqual((device.props.waiting_messages, device.props.waiting_bytes), (0, 0))
                self.assertFalse(client.get_flow_control())

                device, client = restore_charflow(state, 0)
                self.assertEqual(device.props.waiting_bytes, len(left))
                self.assertEqual(device.save_state().get_data(), state)

    def test_from_the_library_through_charflow_to_the_library(self):
        messages, n_taken = SITUATIONS["in a message after others"]
        state = self.take_from_library(messages, n_taken)
        # A byte of what is left is written in the middle of the way.
        device, client = restore_charflow(state, 1)
        device.stop()
        left = b"".join(messages)[n_taken:]
        self.assertEqual(device.get_backend().taken, left[:1])
        self.assert_goes_on(*self.send_to_library(device.save_state().get_data()), left[1:])


class AgentTest(StateTest):
    """The agent's device has flow control; its part of the main channel's data is not at the end of it."""

    def check(self, n_messages, n_taken_chunks, n_more):
        messages = [agent_message(bytes([65 + i]) * (i + 1)) for i in range(n_messages)]
        chunks = [agent_chunk(message) for message in messages]
        n_taken = len(b"".join(chunks[:n_taken_chunks])) + n_more
        left = b"".join(chunks)[n_taken:]
        n_waiting = n_messages - n_taken_chunks
        state = self.take_agent_from_library(messages, n_taken)

        window = {"flow_control": True, "client_tokens": AGENT_WINDOW, "send_tokens": AGENT_GRANT}
        own = save_charflow(chunks, n_taken, **window)
        n_held = SPICE_STATE.unpack_from(own)[2]
        pointer = SPICE_HEADER.size + SPICE_STATE.size + MAIN_REST if left else 0
        expected = SPICE_STATE.pack(1, 1, n_held, AGENT_GRANT, len(left), n_waiting, pointer)
        self.assertEqual(state[:SPICE_STATE.size], expected)
        self.assertEqual(state[SPICE_STATE.size + MAIN_REST:], left)
        # All but the pointer, behind which the main channel has more of its own.
        self.assertEqual(own[:SPICE_STATE.size - 4] + own[SPICE_STATE.size:], expected[:-4] + left)

        device, client = restore_charflow(state, 0, **window)
        n_owed = AGENT_WINDOW - n_held - n_waiting
        self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()), (n_held, n_owed))
        self.assertEqual(client.get_send_tokens_held(), AGENT_GRANT)
        self.assertEqual((client.props.waiting_messages, client.props.waiting_bytes), (n_waiting, len(left)))
        self.assertEqual(device.save_state().get_data(), own)

        device, client = restore_charflow(state, len(left), **window)
        self.assertEqual(device.get_backend().taken, left)
        self.assertEqual(device.props.messages_written, n_waiting)
        n_owed += n_waiting
        n_granted = n_owed if n_owed >= AGENT_INTERVAL else 0
        self.assertEqual(client.granted, n_granted)
        self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()),
                         (n_held + n_granted, n_owed - n_granted))

    def test_from_the_library_to_charflow(self):
        for situation in ((0, 0, 0), (2, 2, 0), (3, 0, 1), (4, 1, 0), (4, 1, 13), (8, 2, 9), (10, 0, 0), (10, 5, 20),
                          (10, 6, 20), (10, 10, 0)):
            with self.subTest(situation):
                self.check(*situation)

    def test_without_an_agent(self):
        # That the library sends these bytes is looked at wherever it moves a port.
        part = MAIN_WITHOUT_AGENT[SPICE_HEADER.size:]
        nobody = Charflow.CharDevice(backend=Taking(0)).save_state().get_data()
        self.assertEqual(nobody + bytes(MAIN_REST), part)
        device, client = restore_charflow(part, 5, flow_control=True, client_tokens=AGENT_WINDOW)
        device.write_bytes(client, GLib.Bytes.new(b"hello"))
        self.assertEqual(device.get_backend().taken, b"hello")
        self.assertEqual((client.get_client_tokens_held(), client.get_client_tokens_owed()), (AGENT_WINDOW - 1, 1))


if __name__ == "__main__":
    harness.main()
