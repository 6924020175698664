# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several clients on one port: slow ones, stalled ones, and those that leave in the middle."""

import hashlib
import os
import socket
import sys
import threading
import time

import harness
import wire_peer
from harness import MIB, PASSWORD, PORT_NAME, Device, EchoDevice, SourceDevice
from wire_peer import DATA, Session

FLOOD = 64 * MIB
MEMORY_LIMIT_KIB = 32 * 1024
STALL_MS = 1000


class Reader(threading.Thread):
    """Takes so many bytes from a port, with a rest after each MiB where it is to be slow."""

    def __init__(self, channel, n_bytes, rest_s=0.0):
        super().__init__(daemon=True)
        self.channel = channel
        self.n_wanted = n_bytes
        self.rest_s = rest_s
        self.n_bytes = 0
        self.digest = hashlib.sha256()
        self.error = None

    def run(self):
        rested = 0
        try:
            while self.n_bytes < self.n_wanted:
                message_type, body = self.channel.recv()
                if message_type != DATA:
                    continue
                self.digest.update(body)
                self.n_bytes += len(body)
                if self.rest_s and self.n_bytes // MIB > rested:
                    rested = self.n_bytes // MIB
                    time.sleep(self.rest_s)
        except (wire_peer.Closed, OSError) as error:
            self.error = error

    def result(self, limit_s):
        self.join(limit_s)
        if self.is_alive() or self.error:
            raise AssertionError(f"only {self.n_bytes} of {self.n_wanted} bytes: {self.error}")
        return self.digest.hexdigest()


class ClientsTest(harness.TestCase):
    def session(self, server, **kwargs):
        return self.enterContext(Session(server.address, PASSWORD, **kwargs))

    def port(self, server, **kwargs):
        return self.session(server, **kwargs).open_port(PORT_NAME)

    def assert_echoes(self, channel, text=b"are you there?"):
        channel.send_data(text)
        self.assertEqual(channel.recv_data(len(text)), text)


class FloodTest(ClientsTest):
    def test_a_stalled_client_stops_nobody(self):
        device = self.device(SourceDevice, FLOOD)
        server = self.serve(channel_options=f",stall-time={STALL_MS}")
        fast = self.port(server)
        throttled = self.port(server)
        stalled = self.port(server)
        stalled_port = stalled.local_port
        readers = [Reader(fast, FLOOD), Reader(throttled, FLOOD, rest_s=0.02)]
        for reader in readers:
            reader.start()
        fast.send_data(b"go")

        results = [reader.result(60) for reader in readers]
        self.assertEqual(results, [device.await_digest()] * 2)

        # Whatever was under way for the stalled one is still in its socket; then comes the end.
        drained = len(wire_peer.read_to_end(stalled.sock))
        self.assertLess(drained, FLOOD)
        reasons = harness.eventually(lambda: [line for line in server.err if "stall" in line.lower()], server.describe)
        self.assertEqual(len(reasons), 1, server.describe())
        self.assertIn(str(stalled_port), reasons[0])
        self.assert_serves(server)
        peak_kib = server.peak_kib()
        print(f"peak of the server: {peak_kib} KiB, limit {MEMORY_LIMIT_KIB} KiB", flush=True)
        self.assertLess(peak_kib, MEMORY_LIMIT_KIB)

    def test_full_headers_carry_the_same(self):
        n_bytes = 4 * MIB
        device = self.device(SourceDevice, n_bytes)
        server = self.serve()
        channel = self.port(server, mini=False)
        self.assertFalse(channel.mini)
        reader = Reader(channel, n_bytes)
        reader.start()
        channel.send_data(b"go")
        self.assertEqual(reader.result(30), device.await_digest())


class VanishTest(ClientsTest):
    MARK = b"what another client sends after it"
    SECOND_MARK = b"and more of it"

    def assert_survives(self, vanish):
        device = self.device(Device)
        server = self.serve()
        witness = self.port(server)
        leaver = self.port(server)
        begun = b"0123456789"
        leaver.send_raw(leaver.header(DATA, 1000) + begun)
        vanish(leaver.sock)
        witness.send_data(self.MARK)

        device.await_received(lambda data: self.MARK in data, "the witness's data")
        self.assert_serves(server)
        witness.send_data(self.SECOND_MARK)
        received = device.await_received(lambda data: self.SECOND_MARK in data, "the second mark")
        # A port is a stream: what came of the message may have gone through, before or after what others
        # sent, and nothing else.
        rest = received.replace(self.MARK, b"", 1).replace(self.SECOND_MARK, b"", 1)
        self.assertTrue(begun.startswith(rest), received)

    def test_close_in_the_middle_of_a_message(self):
        self.assert_survives(lambda sock: sock.close())

    def test_reset_in_the_middle_of_a_message(self):
        self.assert_survives(wire_peer.reset)

    def test_half_close_in_the_middle_of_a_message(self):
        self.assert_survives(lambda sock: sock.shutdown(socket.SHUT_WR))

    def test_a_session_that_ends_takes_its_ports(self):
        self.device(EchoDevice)
        server = self.serve()
        session = self.session(server)
        port = session.open_port(PORT_NAME)
        session.main.close()
        port.await_close()
        self.assert_echoes(self.port(server))

    def test_descriptors_return(self):
        self.device(EchoDevice)
        server = self.serve()
        witness = self.port(server)
        before = server.descriptors()
        for _ in range(50):
            with Session(server.address, PASSWORD) as session:
                wire_peer.reset(session.open_port(PORT_NAME).sock)
        harness.eventually(lambda: server.descriptors() == before,
                           lambda: f"{before} descriptors, but {server.descriptors()}")
        self.assert_echoes(witness)


class SessionsTest(ClientsTest):
    def test_several_at_once(self):
        self.device(Device)
        server = self.serve()
        sessions = [self.session(server) for _ in range(8)]
        self.assertEqual(len({session.id for session in sessions}), 8)
        self.assertNotIn(0, {session.id for session in sessions})
        ports = [session.open_port(PORT_NAME) for session in sessions]
        self.assertEqual([port.opened for port in ports], [True] * 8)
        self.assertFalse(any(session.closed.is_set() for session in sessions))

    def test_all_get_the_same(self):
        self.device(EchoDevice)
        server = self.serve()
        ports = [self.port(server) for _ in range(4)]
        text = bytes(range(256)) * 256
        ports[0].send_data(text)
        for port in ports:
            self.assertEqual(port.recv_data(len(text)), text)

    def test_the_same_channel_twice_in_a_session(self):
        self.device(EchoDevice)
        server = self.serve()
        session = self.session(server)
        first = session.open_port(PORT_NAME)
        self.assert_refused(session, first.id)
        self.assert_echoes(first)
        self.assertFalse(session.closed.is_set())

    def assert_refused(self, session, channel_id):
        """By an error of the link, or by an end before the port's first message."""
        try:
            second = session.open(wire_peer.PORT, channel_id)
        except (wire_peer.LinkRefused, wire_peer.Closed):
            return
        types = [message_type for message_type, _body in second.await_close()]
        self.assertNotIn(wire_peer.PORT_INIT, types)

    def test_port_events_follow_the_device(self):
        device = self.device(EchoDevice)
        server = self.serve(chardev_options=",reconnect=1")
        device.await_connection()
        port = self.port(server)
        device.drop()
        port.await_event(wire_peer.EVENT_CLOSED)
        device.await_connection(2)
        port.await_event(wire_peer.EVENT_OPENED)
        self.assert_echoes(port)


class LeaveTest(ClientsTest):
    N_BYTES = MIB

    def test_what_was_sent_arrives_after_leaving(self):
        device = self.start(harness.program("SLOW_DEVICE"), self.folder / "d0", "take", self.N_BYTES)
        device.await_line("^ready$")
        server = self.serve()
        session = self.session(server)
        port = session.open_port(PORT_NAME)
        data = os.urandom(self.N_BYTES)
        port.send_data(data, piece=10000)
        port.leave()
        # The server closes once the device has it all.
        port.await_close()
        session.main.leave()
        self.assertTrue(session.closed.wait(harness.WAIT_LIMIT_S), "main was not closed")

        taken = device.await_line(r"^(\d+) bytes, sha256 (\w+)$")
        self.assertEqual(taken.groups(), (str(self.N_BYTES), hashlib.sha256(data).hexdigest()))
        self.assert_serves(server)
        self.assertEqual(server.err, [], "it was no error to leave")


if __name__ == "__main__":
    sys.exit(harness.main())
