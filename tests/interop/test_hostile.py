# SPDX-License-Identifier: LGPL-2.1-or-later
"""What no honest client sends. Each case has a server of its own, with an honest client beside it, and the
server has to be as good as new after it: nobody else notices, one line of its log names the peer, and no
descriptor is left behind."""

import contextlib
import hashlib
import os
import select
import socket
import struct
import sys
import threading
import time

import harness
import wire_peer
from harness import MIB, PASSWORD, PORT_NAME, Device, EchoDevice
from wire_peer import (CLIENT_PORT_EVENT, COMPRESSED_DATA, DATA, MAIN, PORT, MINI, Closed, LinkRefused,
                       Session, build_link, read_link_reply, read_result, read_to_end)

HUGE = (0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff)
UNKNOWN = (0, 100, 9999, 65535)
LINK_LIMIT_S = 10
FLAT_KIB = 4 * 1024


class HashingDevice(Device):
    """Keeps a checksum in place of the bytes."""

    def __init__(self, path):
        self.n_hashed = 0
        self.digest = hashlib.sha256()
        super().__init__(path)

    def serve(self, connection):
        while data := connection.recv(MIB):
            self.digest.update(data)
            self.n_hashed += len(data)


class Attack:
    """What one hostile peer has at hand: its server, and the connections it made."""

    def __init__(self, stack, server, device):
        self.stack = stack
        self.server = server
        self.device = device
        self.address = server.address
        self.offender = None
        self.is_anonymous = False

    def connect(self):
        sock = self.stack.enter_context(wire_peer.connect(self.address))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.offender = sock.getsockname()[1]
        return sock

    def session(self, **kwargs):
        """It knows the password; the worse."""
        session = self.stack.enter_context(Session(self.address, PASSWORD, **kwargs))
        self.offender = session.main.local_port
        return session

    def port(self):
        channel = self.session().open_port(PORT_NAME)
        self.offender = channel.local_port
        return channel

    def session_id(self):
        """Of a session that is none of the offender's business."""
        return self.stack.enter_context(Session(self.address, PASSWORD)).id


def send(sock, data):
    """A server that has closed already did so rightly; what it said is looked at by the case."""
    with contextlib.suppress(ConnectionError):
        sock.sendall(data)


class HostileTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.n_cases = 0

    def case(self, name, act, lines=(1,), device=EchoDevice, password=PASSWORD):
        """Run one case; its offender is to be named by so many lines of the log."""
        self.n_cases += 1
        with self.subTest(name), contextlib.ExitStack() as stack:
            own_device = stack.enter_context(device(self.folder / f"d{self.n_cases}"))
            server = self.serve(device=f"d{self.n_cases}", password=password)
            stack.callback(server.stop)
            witness = stack.enter_context(Session(server.address, password)).open_port(PORT_NAME)
            n_descriptors = server.descriptors()
            try:
                with contextlib.ExitStack() as attack_stack:
                    attack = Attack(attack_stack, server, own_device)
                    act(attack)
                self.assert_as_new(server, own_device, witness, n_descriptors, password)
            except (Closed, OSError, LinkRefused) as error:
                raise AssertionError(f"{error!r}; {server.describe()}") from error
            self.assertEqual(server.stop(), 0, server.describe())
            if attack.offender is not None:
                named = [line for line in server.err if f":{attack.offender}" in line]
                if attack.is_anonymous:
                    named = named or list(server.err)
                self.assertIn(len(named), lines, f"lines about :{attack.offender} in {server.err}")

    def assert_as_new(self, server, device, witness, n_descriptors, password):
        self.assert_serves(server)
        if isinstance(device, EchoDevice):
            witness.send_data(b"still here")
            witness.await_data(b"still here")
        with Session(server.address, password) as session:
            session.open_port(PORT_NAME).send_data(b"new here")
            if isinstance(device, EchoDevice):
                witness.await_data(b"new here")
        harness.eventually(lambda: server.descriptors() == n_descriptors,
                           lambda: f"{n_descriptors} descriptors, but {server.descriptors()}")

    def assert_flat(self, server, before_kib):
        self.assertLess(server.peak_kib() - before_kib, FLAT_KIB, "KiB more at the peak")

    # The link stage.

    def assert_reply(self, sock, code):
        self.assertEqual(read_link_reply(sock)[0], code)
        self.assertEqual(read_to_end(sock), b"")

    def refuse_link(self, data, code):
        def act(attack):
            sock = attack.connect()
            send(sock, data)
            self.assert_reply(sock, code)

        return act

    def test_wrong_magic(self):
        tls_hello = bytes.fromhex("16030100c8010000c40303") + bytes(190)
        for name, data in {
                "other magic": build_link(magic=b"RED!"),
                "four bytes": b"QDER",
                "zeros": bytes(64),
                "TLS hello": tls_hello,
        }.items():
            self.case(name, self.refuse_link(data, wire_peer.ERROR_INVALID_MAGIC))

    def test_http_request(self):
        def act(attack):
            sock = attack.connect()
            send(sock, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = read_to_end(sock)
            self.assertTrue(answer.startswith(b"HTTP/1.1 4") or answer[:4] == b"REDQ", answer)

        self.case("HTTP GET", act)

    def test_versions(self):
        for major in (0, 1, 3, 0xffffffff):
            self.case(f"major {major}", self.refuse_link(build_link(major=major), wire_peer.ERROR_VERSION))

    def test_header_sizes(self):
        for size in (0, 17, 4097, 0x7fffffff, 0x80000000, 0xffffffff):
            self.case(f"size {size}", self.refuse_link(build_link(size=size), wire_peer.ERROR_INVALID_DATA))

    def test_capability_counts(self):
        for counts in ((1025, 0), (0, 1025), (0xffffffff, 0), (0, 0xffffffff), (0xffffffff, 1),
                       (0x80000000, 0x80000000), (0x40000000, 0), (0x20000000, 0x20000000), (2, 0)):
            self.case(f"counts {counts}",
                      self.refuse_link(build_link(counts=counts), wire_peer.ERROR_INVALID_DATA))

    def test_capability_offsets(self):
        size = wire_peer.LINK_MESS.size + 4
        for offset in (0, 17, 19, size - 1, size, 0x7fffffff, 0xfffffff0, 0xffffffff):
            self.case(f"offset {offset}",
                      self.refuse_link(build_link(offset=offset), wire_peer.ERROR_INVALID_DATA))

    def test_served_all_the_same(self):
        """Odd, and yet right: each must get a session."""
        def served(data, pieces=False):
            def act(attack):
                sock = attack.connect()
                if pieces:
                    for byte in data:
                        sock.sendall(bytes([byte]))
                else:
                    sock.sendall(data)
                error, key, _common, _channel = read_link_reply(sock)
                self.assertEqual(error, wire_peer.ERROR_OK)
                wire_peer.send_ticket(sock, key, PASSWORD)
                self.assertEqual(read_result(sock), wire_peer.ERROR_OK)
                message_type, size = MINI.unpack(wire_peer.read_exactly(sock, MINI.size))
                self.assertEqual((message_type, size), (wire_peer.MAIN_INIT, 32))

            return act

        plain = build_link()
        gap = build_link(offset=26, size=30)
        for name, act in {
                "minor 0": served(build_link(minor=0)),
                "minor 99": served(build_link(minor=99)),
                "byte by byte": served(plain, pieces=True),
                "a gap before the words": served(gap[:34] + bytes(8) + gap[34:]),
                "unknown capabilities": served(build_link(common=[0xffffffff] * 4, channel_caps=[0xffffffff])),
                "4096 bytes": served(build_link(size=4096) + bytes(4096 - 22)),
        }.items():
            self.case(name, act, lines=(0, 1))

    def test_served_without_choosing_a_mechanism(self):
        def act(attack):
            channel = wire_peer.link(attack.address, PASSWORD, selection=False)
            self.assertEqual(channel.recv()[0], wire_peer.MAIN_INIT)
            channel.close()

        self.case("straight to the ticket", act)

    def test_cut_short(self):
        whole = build_link()

        def cut(n, end):
            def act(attack):
                sock = attack.connect()
                sock.sendall(whole[:n])
                # Reset before it was accepted: then nobody can tell any more where it came from.
                attack.is_anonymous = end is wire_peer.reset
                end(sock)

            return act

        # A peer that never said a word need not be talked of.
        self.case("0 bytes, then close", cut(0, socket.socket.close), lines=(0, 1))
        self.case("0 bytes, then reset", cut(0, wire_peer.reset), lines=(0, 1))
        for n in (1, 3, 4, 15, 16, 17, 33, len(whole) - 1, len(whole)):
            self.case(f"{n} bytes, then close", cut(n, socket.socket.close))
            self.case(f"{n} bytes, then reset", cut(n, wire_peer.reset))

    def test_cut_short_in_the_ticket(self):
        def cut(n, end):
            def act(attack):
                sock = attack.connect()
                sock.sendall(build_link())
                read_link_reply(sock)
                sock.sendall((struct.pack("<I", 1) + os.urandom(128))[:n])
                end(sock)

            return act

        for n in (1, 4, 5, 131):
            self.case(f"{n} bytes, then close", cut(n, socket.socket.close))
            self.case(f"{n} bytes, then reset", cut(n, wire_peer.reset))

    def test_mechanisms_that_were_not_offered(self):
        def act_with(mechanism):
            def act(attack):
                sock = attack.connect()
                sock.sendall(build_link())
                read_link_reply(sock)
                sock.sendall(struct.pack("<I", mechanism))
                answer = read_to_end(sock)
                # A result, or a second link reply as the SPICE server has it.
                code = answer[16:20] if answer[:4] == b"REDQ" else answer
                self.assertEqual(code, struct.pack("<I", wire_peer.ERROR_INVALID_DATA), answer)

            return act

        for mechanism in (0, 2, 3, 77, 0xffffffff):
            self.case(f"mechanism {mechanism}", act_with(mechanism))

    def refuse_ticket(self, ticket_of):
        def act(attack):
            sock = attack.connect()
            sock.sendall(build_link())
            key = read_link_reply(sock)[1]
            sock.sendall(struct.pack("<I", 1) + ticket_of(key))
            self.assertEqual(read_result(sock), wire_peer.ERROR_PERMISSION)
            self.assertEqual(read_to_end(sock), b"")

        return act

    def refuse_plain(self, plain):
        return self.refuse_ticket(lambda key: wire_peer.encrypt_ticket(key, plain))

    def test_tickets(self):
        right = PASSWORD.encode()
        self.case("random bytes", self.refuse_ticket(lambda key: os.urandom(128)))
        self.case("zeros", self.refuse_ticket(lambda key: bytes(128)))
        self.case("ones", self.refuse_ticket(lambda key: b"\xff" * 128))
        for name, plain in {
                "wrong": b"not-the-password\0",
                "empty": b"\0",
                "nothing": b"",
                "first letter only": right[:1] + b"\0",
                "one letter less": right[:-1] + b"\0",
                "one letter more": right + b"x\0",
                "NUL in the middle": right[:5] + b"\0" + right[5:] + b"\0",
                "86 bytes": b"x" * 86,
        }.items():
            self.case(name, self.refuse_plain(plain))

    def test_longest_password(self):
        longest = "p" * 60
        self.case("61 letters", self.refuse_plain(longest.encode() + b"p\0"), password=longest)
        # The honest client of this case is the test: its password has 60.
        self.case("59 letters", self.refuse_plain(longest[:-1].encode() + b"\0"), password=longest)

    def test_channels_that_are_not_there(self):
        for channel_type, channel_id in ((PORT, 99), (77, 0), (0, 0), (255, 255), (2, 0), (MAIN, 1)):
            def act(attack, channel_type=channel_type, channel_id=channel_id):
                connection_id = 0 if channel_type == MAIN else attack.session_id()
                sock = attack.connect()
                send(sock, build_link(connection_id, channel_type, channel_id))
                self.assert_reply(sock, wire_peer.ERROR_CHANNEL)

            self.case(f"type {channel_type}, id {channel_id}", act)

    def link_result(self, attack, connection_id, channel_type):
        sock = attack.connect()
        with self.assertRaises(LinkRefused) as caught:
            wire_peer.link(attack.address, PASSWORD, channel_type, 0, connection_id, sock=sock)
        return caught.exception

    def test_connection_ids(self):
        def wrong(attack):
            return attack.session_id() ^ 0x5a5a5a5a

        def ended(attack):
            with Session(attack.address, PASSWORD) as session:
                return session.id

        for name, make in {"0": lambda attack: 0, "wrong": wrong, "ended": ended}.items():
            def act(attack, make=make):
                refused = self.link_result(attack, make(attack), PORT)
                self.assertEqual((refused.stage, refused.code), ("result", wire_peer.ERROR_CONNECTION_ID))

            self.case(f"port, id {name}", act)

    def test_main_with_a_connection_id(self):
        def act(attack):
            refused = self.link_result(attack, attack.session_id(), MAIN)
            self.assertNotEqual(refused.code, wire_peer.ERROR_OK)

        self.case("of another session", act)

    def test_silence(self):
        """All at once, because each takes as long as a link may: counted from its beginning, not from the
        last byte."""
        self.device(EchoDevice)
        server = self.serve()
        witness = self.enterContext(Session(server.address, PASSWORD)).open_port(PORT_NAME)
        whole = build_link() + struct.pack("<I", 1) + os.urandom(127)
        n_first = {"silent": 0, "magic": 4, "header": 16, "waits for its ticket": 38,
                   "ticket but for a byte": len(whole), "a byte a second": None}
        lasted_s, offenders = {}, {}

        def stay(name, n):
            with wire_peer.connect(server.address) as sock:
                start = time.monotonic()
                offenders[name] = sock.getsockname()[1]
                drip = iter(whole) if n is None else iter(())
                sock.sendall(whole[:n or 0])
                while time.monotonic() - start < 2 * LINK_LIMIT_S:
                    if not select.select([sock], [], [], 1)[0]:
                        send(sock, bytes([next(drip)]) if n is None else b"")
                        continue
                    try:
                        if not sock.recv(4096):
                            break
                    except ConnectionError:
                        break
                lasted_s[name] = time.monotonic() - start

        threads = [threading.Thread(target=stay, args=item) for item in n_first.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for name, duration_s in lasted_s.items():
            with self.subTest(name):
                self.assertGreater(duration_s, LINK_LIMIT_S - 2)
                self.assertLess(duration_s, LINK_LIMIT_S + 3)
                # The line is written after the connection is closed.
                named = harness.eventually(lambda: [line for line in server.err if f":{offenders[name]}" in line],
                                           server.describe)
                self.assertEqual(len(named), 1, server.describe())
        self.assertEqual(len(lasted_s), len(n_first))
        witness.send_data(b"still here")
        self.assertEqual(witness.recv_data(10), b"still here")

    # Messages.

    def break_main(self, data):
        def act(attack):
            session = attack.session()
            before_kib = attack.server.peak_kib()
            send(session.main.sock, data)
            self.assertTrue(session.closed.wait(wire_peer.TIME_LIMIT_S), "main was not closed")
            self.assert_flat(attack.server, before_kib)

        return act

    def break_port(self, data):
        def act(attack):
            port = attack.port()
            before_kib = attack.server.peak_kib()
            send(port.sock, data)
            port.await_close()
            self.assert_flat(attack.server, before_kib)

        return act

    def spare_port(self, data):
        """Nothing happens: the port goes on."""
        def act(attack):
            port = attack.port()
            send(port.sock, data)
            port.send_data(b"go on")
            self.assertEqual(port.recv_data(5), b"go on")

        return act

    def test_announced_sizes_on_main(self):
        for size in HUGE:
            for message_type in (104, 107, wire_peer.PONG, 9999):
                for n_after in (0, 100000):
                    self.case(f"type {message_type}, size {size:#x}, {n_after} bytes",
                              self.break_main(MINI.pack(message_type, size) + bytes(n_after)))

    def test_announced_sizes_on_a_port(self):
        for message_type in (CLIENT_PORT_EVENT, wire_peer.PONG, 9999):
            self.case(f"type {message_type}",
                      self.break_port(MINI.pack(message_type, 0xffffffff) + bytes(100000)))

    def test_unknown_types(self):
        for message_type in UNKNOWN:
            for body in (b"", b"1234"):
                data = MINI.pack(message_type, len(body)) + body
                self.case(f"main, type {message_type}, {len(body)} bytes", self.break_main(data))
                self.case(f"port, type {message_type}, {len(body)} bytes", self.break_port(data))

    def test_messages_of_the_other_direction(self):
        self.case("port, type 202", self.break_port(MINI.pack(202, 1) + b"\0"))
        self.case("main, type 115", self.break_main(MINI.pack(115, 4) + bytes(4)))

    def test_migration_out_of_the_blue(self):
        flush_mark = MINI.pack(wire_peer.MIGRATE_FLUSH_MARK, 0)
        self.case("flush mark on main", self.break_main(flush_mark))
        self.case("flush mark on a port", self.break_port(flush_mark))
        self.case("data on a port", self.break_port(MINI.pack(5, 4) + b"SVMD"))

    def test_empty_data(self):
        """Defined, whichever it is: it passes, or the port is closed; and the same each time."""
        outcomes = []

        def act(attack):
            port = attack.port()
            send(port.sock, MINI.pack(DATA, 0))
            with contextlib.suppress(ConnectionError):
                port.send_data(b"go on")
            try:
                outcomes.append(port.recv_data(5) == b"go on")
            except Closed:
                outcomes.append("closed")

        for name in ("once", "again"):
            self.case(name, act, lines=(0, 1))
        self.assertEqual(len(outcomes), 2)
        self.assertEqual(len(set(outcomes)), 1, outcomes)
        self.assertIn(outcomes[0], (True, "closed"))

    def test_endless_data_streams(self):
        def act(attack):
            port = attack.port()
            block = os.urandom(MIB)
            before_kib = attack.server.peak_kib()
            port.send_raw(MINI.pack(DATA, 0xffffffff))
            for _ in range(16):
                port.send_raw(block)
            harness.eventually(lambda: attack.device.n_hashed == 16 * MIB,
                               lambda: f"the device got {attack.device.n_hashed} bytes")
            self.assertEqual(attack.device.digest.digest(), hashlib.sha256(block * 16).digest())
            self.assert_flat(attack.server, before_kib)
            # The end of the session would take the port with it, and that is nothing to tell.
            port.close()
            attack.server.await_line(f":{attack.offender}", attack.server.err)

        self.case("16 MiB of 4 GiB", act, device=HashingDevice)

    def test_port_events(self):
        self.case("0 bytes", self.break_port(MINI.pack(CLIENT_PORT_EVENT, 0)))
        for event in (0, 1, 2, 3, 77, 255):
            self.case(f"event {event}", self.spare_port(MINI.pack(CLIENT_PORT_EVENT, 1) + bytes([event])),
                      lines=(0, 1))
        self.case("2 bytes", self.spare_port(MINI.pack(CLIENT_PORT_EVENT, 2) + b"\2\2"), lines=(0, 1))

    def test_answers_to_nothing(self):
        pong = MINI.pack(wire_peer.PONG, 12) + struct.pack("<IQ", 4711, 0)
        for name, data in {
                "pong": pong,
                "a thousand pongs": pong * 1000,
                "acks": MINI.pack(wire_peer.ACK, 0) * 1000,
                "generation of nothing": MINI.pack(wire_peer.ACK_SYNC, 4) + struct.pack("<I", 99),
        }.items():
            self.case(name, self.spare_port(data), lines=(0, 1))
        self.case("pong of 0 bytes", self.break_port(MINI.pack(wire_peer.PONG, 0)))
        self.case("generation of 3 bytes", self.break_port(MINI.pack(wire_peer.ACK_SYNC, 3) + b"123"))

    def test_compressed_data_without_the_capability(self):
        def act(attack):
            port = attack.port()
            self.assertFalse(port.server_caps and port.server_caps[0] & 1, "the capability is there")
            send(port.sock, MINI.pack(COMPRESSED_DATA, 9) + struct.pack("<BI", 1, 4) + b"\x40abc")
            port.await_close()

        self.case("LZ4", act)


if __name__ == "__main__":
    sys.exit(harness.main())
