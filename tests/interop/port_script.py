# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts of what a device and a client do at the two ends of a port, played on any server of ports.

A script is a list of steps, each a tuple of a name and its arguments:

    ("device-says", SIZE)       the device writes so many bytes
    ("client-says", SIZES)      the client sends a DATA message of each size, back to back
    ("client-event", EVENT)     the client sends a port event, which no device sees as bytes
    ("stall-client",) ("resume-client",)    it stops reading its socket, and goes on
    ("stall-device",) ("resume-device",)
    ("unplug",) ("plug",)       the device closes, and another one takes its place
    ("vanish",) ("leave",)      the client ends its connections, without a word or saying DISCONNECTING
    ("join",)                   a new client
    ("settle",)                 all that was said has come to every end that reads

The data of a script follows from its seed, and what every end is to get from the script. Data of a port is a stream of
bytes whose messages mean nothing, so neighbouring pieces are one; events keep their place in it."""

import contextlib
import fcntl
import random
import select
import socket
import struct
import termios
import threading
import time

import harness
import wire_peer
from harness import PASSWORD, PORT_NAME
from wire_peer import DATA, PORT, PORT_EVENT, PORT_INIT, Session

KIB = 1024
# Little, so that a client that stalls is soon felt.
RECEIVE_BUFFER = 16 * KIB


class Stream:
    """A socket that sends what it is given, and reads all the time unless it is paused: not a byte then."""

    def __init__(self, sock, take):
        self.sock = sock
        self.take = take
        self.outgoing = bytearray()
        self.paused = False
        self.output_ends = False
        self.ended = threading.Event()
        self.stopping = False
        self.changed = threading.Lock()
        self.waker, self.wakened = socket.socketpair()
        self.wakened.setblocking(False)
        self.sock.setblocking(False)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while self._turn():
                continue
        except OSError:
            pass
        self.ended.set()

    def _turn(self):
        with self.changed:
            events = (0 if self.paused or self.ended.is_set() else select.POLLIN) \
                | (select.POLLOUT if self.outgoing else 0)
        poll = select.poll()
        poll.register(self.wakened, select.POLLIN)
        if events:
            poll.register(self.sock, events)
        ready = dict(poll.poll())
        if self.wakened.fileno() in ready:
            self.wakened.recv(4096)
        ready = ready.get(self.sock.fileno(), 0)

        with self.changed:
            if self.stopping:
                return False
            with contextlib.suppress(BlockingIOError):
                if ready & ~select.POLLIN and self.outgoing:
                    del self.outgoing[:self.sock.send(self.outgoing[:256 * KIB])]
                    self._end_output()
            with contextlib.suppress(BlockingIOError):
                if ready & ~select.POLLOUT and not self.paused:
                    data = self.sock.recv(64 * KIB)
                    if data:
                        self.take(data)
                    else:
                        self.ended.set()
        return True

    def _wake(self):
        self.waker.send(b"!")

    def _end_output(self):
        if self.output_ends and not self.outgoing:
            self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        with self.changed:
            self.outgoing += data
        self._wake()

    def reply(self, data):
        """From within take()."""
        self.outgoing += data

    def end_output(self):
        """After all that was sent; reading goes on until the other side has ended its own."""
        with self.changed:
            self.output_ends = True
            with contextlib.suppress(OSError):
                self._end_output()

    def pause(self):
        with self.changed:
            self.paused = True

    def resume(self):
        with self.changed:
            self.paused = False
        self._wake()

    def close(self):
        with self.changed:
            self.stopping = True
        with contextlib.suppress(OSError):
            self._wake()
        self.thread.join(harness.END_LIMIT_S)
        for sock in (self.sock, self.waker, self.wakened):
            sock.close()


class Device:
    """What connects to a server that listens for its port's device, one time after the other."""

    def __init__(self, path):
        self.path = str(path)
        self.received = bytearray()
        self.streams = []

    @property
    def stream(self):
        return self.streams[-1]

    def plug(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(harness.WAIT_LIMIT_S)
        sock.connect(self.path)
        self.streams.append(Stream(sock, self.received.extend))

    def say(self, data):
        self.stream.send(data)

    def unplug(self):
        self.stream.end_output()

    def n_readable(self):
        """Bytes that the server has written and this end has not read."""
        return struct.unpack("i", fcntl.ioctl(self.stream.sock, termios.FIONREAD, bytes(4)))[0]

    def is_drained(self):
        """Whether all that it said has been read by the server."""
        with self.stream.changed:
            left = fcntl.ioctl(self.stream.sock, termios.TIOCOUTQ, bytes(4))
            return not self.stream.outgoing and not any(left)

    def break_off(self):
        """Closes at once; what it has not read is lost."""
        self.streams.pop().close()

    def await_received(self, data):
        harness.eventually(lambda: self.received == data, lambda: f"{data} at the device, but {bytes(self.received)}")

    def close(self):
        for stream in self.streams:
            stream.close()


class Client:
    """A session with its port. What it got, in order, is a list of ("init", opened), ("data", bytes) and
    ("event", number)."""

    def __init__(self, address):
        self.items = []
        self.pending = bytearray()
        self.session = Session(address, PASSWORD)
        self.stream = None
        try:
            ids = [number for kind, number in self.session.list_channels() if kind == PORT]
            if len(ids) != 1:
                raise AssertionError(f"ports {ids}")
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(harness.WAIT_LIMIT_S)
            sock.connect(address)
            self.channel = wire_peer.link(address, PASSWORD, PORT, ids[0], self.session.id, sock=sock)
            self.stream = Stream(sock, self._take)
            # From then on it gets what the device says.
            harness.eventually(lambda: self.items, "the port's first message")
        except BaseException:
            self.close()
            raise

    def _take(self, data):
        self.pending += data
        while len(self.pending) >= wire_peer.MINI.size:
            kind, size = wire_peer.MINI.unpack_from(self.pending)
            end = wire_peer.MINI.size + size
            if len(self.pending) < end:
                return
            body = bytes(self.pending[wire_peer.MINI.size:end])
            del self.pending[:end]
            self._take_message(kind, body)

    def _take_message(self, kind, body):
        if kind == wire_peer.PING:
            self.stream.reply(self.channel.header(wire_peer.PONG, 12) + body[:12])
        elif kind == DATA and self.items and self.items[-1][0] == "data":
            self.items[-1][1].extend(body)
        elif kind == DATA:
            self.items.append(("data", bytearray(body)))
        elif kind == PORT_EVENT:
            self.items.append(("event", body[0]))
        elif kind == PORT_INIT:
            size, offset, opened = struct.unpack_from("<IIB", body)
            name = body[offset:offset + size].rstrip(b"\0").decode()
            self.items.append(("init", bool(opened)) if name == PORT_NAME else ("init", name))
        else:
            self.items.append(("message", kind))

    def snapshot(self):
        with self.stream.changed:
            return [(kind, bytes(value) if kind == "data" else value) for kind, value in self.items]

    def send(self, kind, body=b""):
        self.stream.send(self.channel.header(kind, len(body)) + body)

    def say(self, *pieces):
        self.stream.send(b"".join(self.channel.header(DATA, len(piece)) + piece for piece in pieces))

    def vanish(self):
        """Ends its output; the server ends the rest, by which it is known to have seen it."""
        self.stream.end_output()

    def leave(self):
        self.send(wire_peer.CLIENT_DISCONNECTING, struct.pack("<QI", 0, 0))
        self.stream.end_output()

    def await_end(self):
        if not self.stream.ended.wait(harness.WAIT_LIMIT_S):
            raise AssertionError(f"the server did not end the port of a client that had {describe(self.snapshot())}")

    def close(self):
        if self.stream:
            self.stream.close()
        self.session.close()


def describe(items):
    """Data by its size and its ends."""
    def one(kind, value):
        if kind != "data":
            return f"{kind} {value}"
        ends = value.hex() if len(value) <= 8 else f"{bytes(value[:4]).hex()}…{bytes(value[-4:]).hex()}"
        return f"{len(value)} bytes {ends}"

    return "[" + ", ".join(one(*item) for item in items) + "]"


def first_difference(a, b):
    return next((i for i, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), min(len(a), len(b)))


class Player:
    """The ends of one server's port, and what they are to get."""

    def __init__(self, server):
        self.server = server
        self.device = Device(server.device_path)
        self.client = None
        self.numbers = None
        self.expected_items = []
        self.expected_received = bytearray()
        self.unread = []
        self.plugged = False
        self.n_settled = 0
        self.transcript = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.device.close()
        if self.client:
            self.client.close()

    def begin(self, seed):
        """A device, and a client that knows it."""
        self.numbers = random.Random(seed)
        self.play([("plug",), ("join",)])
        # The device may have come before the client, or a moment after.
        harness.eventually(lambda: self.client.snapshot() in ([("init", True)], [("init", False), ("event", 0)]),
                           "the open port")
        self.client.items[:] = [("init", True)]

    def play(self, script):
        for step in script:
            getattr(self, "do_" + step[0].replace("-", "_"))(*step[1:])

    def expect(self, kind, value):
        """At the client, or at the one that comes next."""
        items = self.expected_items if self.client else self.unread
        if kind == "data" and items and items[-1][0] == "data":
            items[-1] = ("data", items[-1][1] + value)
        elif kind != "data" or value:
            items.append((kind, value))

    def do_device_says(self, size):
        data = self.numbers.randbytes(size)
        self.device.say(data)
        self.expect("data", data)

    def do_client_says(self, sizes):
        pieces = [self.numbers.randbytes(size) for size in sizes]
        self.client.say(*pieces)
        self.expected_received += b"".join(pieces)

    def do_client_event(self, event):
        self.client.send(wire_peer.CLIENT_PORT_EVENT, bytes([event]))

    def do_stall_client(self):
        self.client.stream.pause()

    def do_resume_client(self):
        self.client.stream.resume()

    def do_stall_device(self):
        self.device.stream.pause()

    def do_resume_device(self):
        self.device.stream.resume()

    def do_plug(self):
        self.device.plug()
        self.plugged = True
        if self.client:
            self.expect("event", wire_peer.EVENT_OPENED)

    def do_unplug(self):
        self.device.unplug()
        self.plugged = False
        self.expect("event", wire_peer.EVENT_CLOSED)

    def do_join(self):
        opened = self.plugged or bool(self.unread)
        self.client = Client(self.server.address)
        self.expected_items = [("init", opened), *self.unread]
        self.unread = []

    def do_leave(self):
        self.client.leave()
        self.end_client()

    def do_vanish(self):
        self.client.vanish()
        self.end_client()

    def end_client(self):
        self.client.await_end()
        self.transcript.append(self.client.snapshot())
        self.client.session.main.leave()
        if not self.client.session.closed.wait(harness.WAIT_LIMIT_S):
            raise AssertionError("the server did not end the session of a client that left")
        self.client.close()
        self.client = None

    def do_settle(self):
        self.n_settled += 1
        if self.client and not self.client.stream.paused:
            self.await_items()
            self.transcript.append(self.client.snapshot())
        if self.plugged and not self.device.stream.paused:
            self.await_received()
            self.transcript.append(bytes(self.device.received))

    def await_items(self):
        def complain():
            return (f"settling {self.n_settled}: the client was to get {describe(self.expected_items)} "
                    f"but got {describe(self.client.snapshot())}; {self.server.describe()}")

        self.await_size(lambda: self.size_of(self.client.snapshot()), self.size_of(self.expected_items), complain)
        if self.client.snapshot() != self.expected_items:
            raise AssertionError(complain())

    def await_received(self):
        def complain():
            place = first_difference(self.device.received, self.expected_received)
            return (f"settling {self.n_settled}: the device was to get {len(self.expected_received)} bytes but got "
                    f"{len(self.device.received)}, of which {place} are right; {self.server.describe()}")

        self.await_size(lambda: len(self.device.received), len(self.expected_received), complain)
        if self.device.received != self.expected_received:
            raise AssertionError(complain())

    @staticmethod
    def size_of(items):
        return sum(len(value) if kind == "data" else 1 for kind, value in items)

    def await_size(self, size, wanted, complain):
        """Polls closely: it is most often a matter of a millisecond."""
        deadline = time.monotonic() + harness.WAIT_LIMIT_S
        while size() < wanted:
            if time.monotonic() > deadline or not self.server.lives:
                raise AssertionError(complain())
            time.sleep(0.001)


FINAL = [("device-says", 33), ("client-says", (33,)), ("settle",)]


def finish(player):
    """Everything goes on, and a last word each way shows that nothing else was on the way before it."""
    if not player.plugged:
        player.play([("plug",)])
    if not player.client:
        player.play([("join",)])
    player.play([("resume-client",), ("resume-device",), *FINAL])


def play_all(server, script, seed):
    """The transcript: what each end had got whenever all was settled."""
    with Player(server) as player:
        player.begin(seed)
        player.play(script)
        finish(player)
        return player.transcript
