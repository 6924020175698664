# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bare SPICE client, written from the protocol and sharing nothing with the library under test."""

import contextlib
import ctypes
import ctypes.util
import queue
import socket
import struct
import threading

MAIN, PORT = 1, 10
LINK_HEADER = struct.Struct("<4sIII")
LINK_MESS = struct.Struct("<IBBIII")
LINK_REPLY = struct.Struct("<I162sIII")
MINI = struct.Struct("<HI")
FULL = struct.Struct("<QHII")
KEY_SIZE = 162
TICKET_SIZE = 128

CAP_AUTH_SELECTION, CAP_AUTH_SPICE, CAP_MINI_HEADER = 1 << 0, 1 << 1, 1 << 3
MECHANISM_TICKET = 1
ERROR_OK, ERROR_INVALID_MAGIC, ERROR_INVALID_DATA, ERROR_VERSION = 0, 2, 3, 4
ERROR_PERMISSION, ERROR_CONNECTION_ID, ERROR_CHANNEL = 7, 8, 9

# To the client, and from it; below 101 they mean the same on every channel.
MIGRATE, MIGRATE_DATA, SET_ACK, PING, DISCONNECTING = 1, 2, 3, 4, 6
ACK_SYNC, ACK, PONG, MIGRATE_FLUSH_MARK, CLIENT_MIGRATE_DATA, CLIENT_DISCONNECTING = 1, 2, 3, 4, 5, 6
MIGRATE_NEED_FLUSH, MIGRATE_NEED_DATA = 1 << 0, 1 << 1
MAIN_INIT, MAIN_CHANNELS_LIST, MAIN_ATTACH_CHANNELS = 103, 104, 104
MAIN_MULTI_MEDIA_TIME, MAIN_AGENT_START, MAIN_AGENT_DATA = 106, 106, 107
MAIN_MIGRATE_BEGIN_SEAMLESS, MAIN_MIGRATE_DST_SEAMLESS_ACK = 116, 117
MAIN_MIGRATE_DST_DO_SEAMLESS, MAIN_MIGRATE_CONNECTED_SEAMLESS = 110, 111
# Semi-seamless migration, counts of tokens, seamless migration.
MAIN_CAPS_MIGRATION = 1 << 0 | 1 << 2 | 1 << 3
MIGRATION_VERSION = 1
DATA, COMPRESSED_DATA, PORT_INIT, PORT_EVENT, CLIENT_PORT_EVENT = 101, 102, 201, 202, 201
EVENT_OPENED, EVENT_CLOSED, EVENT_BREAK = 0, 1, 2

TIME_LIMIT_S = 15


class LinkRefused(Exception):
    """The server's answer was an error; .stage is "reply" or "result", .code its number."""

    def __init__(self, stage, code):
        super().__init__(f"link {stage} {code}")
        self.stage = stage
        self.code = code


class Closed(Exception):
    """The server ended the connection."""


def _load_crypto():
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("d2i_PUBKEY", "EVP_PKEY_CTX_new"):
        getattr(crypto, name).restype = ctypes.c_void_p
    return crypto


_crypto = _load_crypto()


def encrypt_ticket(der, plain):
    """RSA with OAEP and SHA-1, which is OpenSSL's default for OAEP."""
    buffer = ctypes.create_string_buffer(der, len(der))
    place = ctypes.c_void_p(ctypes.addressof(buffer))
    key = ctypes.c_void_p(_crypto.d2i_PUBKEY(None, ctypes.byref(place), ctypes.c_long(len(der))))
    if not key:
        raise AssertionError("the public key of the link reply is no key")
    context = ctypes.c_void_p(_crypto.EVP_PKEY_CTX_new(key, None))
    try:
        size = ctypes.c_size_t(TICKET_SIZE)
        out = ctypes.create_string_buffer(size.value)
        done = (_crypto.EVP_PKEY_encrypt_init(context) == 1
                and _crypto.EVP_PKEY_CTX_ctrl_str(context, b"rsa_padding_mode", b"oaep") == 1
                and _crypto.EVP_PKEY_encrypt(context, out, ctypes.byref(size), plain,
                                             ctypes.c_size_t(len(plain))) == 1)
        if not done or size.value != TICKET_SIZE:
            raise AssertionError("the ticket could not be encrypted")
        return out.raw
    finally:
        _crypto.EVP_PKEY_CTX_free(context)
        _crypto.EVP_PKEY_free(key)


def connect(address, limit_s=TIME_LIMIT_S):
    """A plain connection to a (host, port) pair or to the path of a UNIX socket."""
    sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    sock.settimeout(limit_s)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def read_exactly(sock, size):
    data = bytearray(size)
    view = memoryview(data)
    done = 0
    while done < size:
        try:
            n = sock.recv_into(view[done:])
        except ConnectionError as error:
            raise Closed(f"after {done} of {size} bytes: {error}") from error
        if n == 0:
            raise Closed(f"after {done} of {size} bytes")
        done += n
    return data


def read_to_end(sock):
    """What is left to read; a reset ends it as a close does."""
    data = bytearray()
    with contextlib.suppress(ConnectionError):
        while more := sock.recv(65536):
            data += more
    return bytes(data)


def reset(sock):
    """Closes with RST in place of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def build_link(connection_id=0, channel_type=MAIN, channel_id=0, mini=True, selection=True,
               common=None, channel_caps=(), major=2, minor=2, size=None, counts=None, offset=18,
               magic=b"REDQ"):
    """The client's first message; what is named differs from a right one."""
    if common is None:
        common = [CAP_AUTH_SPICE | (CAP_AUTH_SELECTION if selection else 0)
                  | (CAP_MINI_HEADER if mini else 0)]
    words = b"".join(struct.pack("<I", word) for word in (*common, *channel_caps))
    n_common, n_channel = counts or (len(common), len(channel_caps))
    body = LINK_MESS.pack(connection_id, channel_type, channel_id, n_common, n_channel, offset) + words
    return LINK_HEADER.pack(magic, major, minor, len(body) if size is None else size) + body


def read_link_reply(sock):
    """(error, key, common words, channel words)"""
    magic, major, _minor, size = LINK_HEADER.unpack(read_exactly(sock, LINK_HEADER.size))
    if magic != b"REDQ" or major != 2 or not LINK_REPLY.size <= size <= 4096:
        raise AssertionError(f"link reply begins with {magic!r}, version {major}, {size} bytes")
    body = bytes(read_exactly(sock, size))
    error, key, n_common, n_channel, offset = LINK_REPLY.unpack(body[:LINK_REPLY.size])
    words = struct.unpack_from(f"<{n_common + n_channel}I", body, offset)
    return error, key, words[:n_common], words[n_common:]


def send_ticket(sock, key, password, selection=True, plain=None):
    plain = password.encode() + b"\0" if plain is None else plain
    mechanism = struct.pack("<I", MECHANISM_TICKET) if selection else b""
    sock.sendall(mechanism + encrypt_ticket(key, plain))


def read_result(sock):
    return struct.unpack("<I", read_exactly(sock, 4))[0]


def link(address, password, channel_type=MAIN, channel_id=0, connection_id=0, mini=True, selection=True,
         plain=None, channel_caps=(), sock=None):
    """A Channel in the data stage, or LinkRefused."""
    sock = sock or connect(address)
    try:
        sock.sendall(build_link(connection_id, channel_type, channel_id, mini, selection,
                                channel_caps=channel_caps))
        error, key, common, channel_words = read_link_reply(sock)
        if error != ERROR_OK:
            raise LinkRefused("reply", error)
        send_ticket(sock, key, password, selection and bool(common[0] & CAP_AUTH_SELECTION), plain)
        error = read_result(sock)
        if error != ERROR_OK:
            raise LinkRefused("result", error)
    except BaseException:
        sock.close()
        raise
    return Channel(sock, channel_type, channel_id, mini and bool(common[0] & CAP_MINI_HEADER),
                   channel_words)


class Channel:
    """Messages of one connection. PING and SET_ACK are answered by whoever receives."""

    def __init__(self, sock, channel_type, channel_id, mini, server_caps):
        self.sock = sock
        self.type = channel_type
        self.id = channel_id
        self.mini = mini
        self.server_caps = server_caps
        self.name = None
        self.opened = None
        self.serial = 0
        self.window = 0
        self.unacked = 0
        self.send_lock = threading.Lock()
        self.pending = bytearray()

    @property
    def local_port(self):
        return self.sock.getsockname()[1]

    def header(self, message_type, size):
        self.serial += 1
        if self.mini:
            return MINI.pack(message_type, size)
        return FULL.pack(self.serial, message_type, size, 0)

    def send(self, message_type, body=b""):
        with self.send_lock:
            self.sock.sendall(self.header(message_type, len(body)) + body)

    def send_raw(self, data):
        with self.send_lock:
            self.sock.sendall(data)

    def send_data(self, data, piece=32768):
        for start in range(0, len(data), piece):
            self.send(DATA, data[start:start + piece])

    def _receive_one(self):
        if self.mini:
            message_type, size = MINI.unpack(read_exactly(self.sock, MINI.size))
        else:
            _serial, message_type, size, _list = FULL.unpack(read_exactly(self.sock, FULL.size))
        return message_type, read_exactly(self.sock, size)

    def recv(self):
        """The next message that is not about the connection itself, as (type, body)."""
        while True:
            message_type, body = self._receive_one()
            if message_type == SET_ACK:
                generation, self.window = struct.unpack_from("<II", body)
                self.unacked = 0
                self.send(ACK_SYNC, struct.pack("<I", generation))
                continue
            self.unacked += 1
            if self.window and self.unacked == self.window:
                self.unacked = 0
                self.send(ACK)
            if message_type == PING:
                self.send(PONG, bytes(body[:12]))
                continue
            return message_type, body

    def _receive_data(self):
        message_type, body = self.recv()
        if message_type == DATA:
            self.pending += body
        elif message_type not in (PORT_EVENT, PORT_INIT):
            raise AssertionError(f"message {message_type} where data was expected")

    def recv_data(self, size):
        """So many bytes of a port's data; events in between are passed over."""
        while len(self.pending) < size:
            self._receive_data()
        data = bytes(self.pending[:size])
        del self.pending[:size]
        return data

    def await_data(self, end):
        """A port's data up to and with these bytes."""
        while end not in self.pending:
            self._receive_data()
        return self.recv_data(self.pending.index(end) + len(end))

    def await_event(self, event):
        while True:
            message_type, body = self.recv()
            if message_type == PORT_EVENT and body[0] == event:
                return

    def await_close(self):
        """The messages that came before the server ended the connection."""
        messages = []
        with contextlib.suppress(Closed, ConnectionError):
            while True:
                messages.append(self.recv())
        return messages

    def leave(self):
        """Says that it leaves, after all that was sent, and ends its output."""
        self.send(CLIENT_DISCONNECTING, struct.pack("<QI", 0, 0))
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        # A thread may be in recv(): closing alone would not wake it.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Session:
    """A main channel, kept alive by a thread of its own, and the channels opened beside it.

    With the number of a session it comes from another server, in a seamless migration."""

    def __init__(self, address, password, mini=True, main_caps=(), migrated_id=0):
        self.address = address
        self.password = password
        self.mini = mini
        self.channels = []
        self.others = queue.Queue()
        self.closed = threading.Event()
        self.id = migrated_id
        self.main = link(address, password, mini=mini, connection_id=migrated_id, channel_caps=main_caps)
        if migrated_id:
            self.main.send(MAIN_MIGRATE_DST_DO_SEAMLESS, struct.pack("<I", MIGRATION_VERSION))
        message_type, body = self.main.recv()
        if message_type != (MAIN_MIGRATE_DST_SEAMLESS_ACK if migrated_id else MAIN_INIT):
            raise AssertionError(f"main began with message {message_type}")
        if not migrated_id:
            self.id = struct.unpack_from("<I", body)[0]
        # Nothing may come for long: the thread waits for as long as the session lasts.
        self.main.sock.settimeout(None)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def _run(self):
        with contextlib.suppress(Closed, OSError, ValueError):
            while True:
                self.others.put(self.main.recv())
        self.closed.set()
        self.others.put((None, b""))

    def await_main(self, wanted):
        """The body of the next main message of that type."""
        while True:
            message_type, body = self.others.get(timeout=TIME_LIMIT_S)
            if message_type == wanted:
                return body
            if message_type is None:
                raise Closed(f"main, before message {wanted}")

    def list_channels(self):
        self.main.send(MAIN_ATTACH_CHANNELS)
        body = self.await_main(MAIN_CHANNELS_LIST)
        n = struct.unpack_from("<I", body)[0]
        return [tuple(body[4 + 2 * i:6 + 2 * i]) for i in range(n)]

    def open(self, channel_type, channel_id, **kwargs):
        channel = link(self.address, self.password, channel_type, channel_id, self.id, self.mini, **kwargs)
        self.channels.append(channel)
        return channel

    def open_port_id(self, channel_id, **kwargs):
        channel = self.open(PORT, channel_id, **kwargs)
        message_type, body = channel.recv()
        if message_type != PORT_INIT:
            raise AssertionError(f"port {channel_id} began with message {message_type}")
        size, offset, opened = struct.unpack_from("<IIB", body)
        channel.name = bytes(body[offset:offset + size]).rstrip(b"\0").decode()
        channel.opened = bool(opened)
        return channel

    def open_port(self, name, **kwargs):
        """The port of that name; others are opened to be asked for theirs."""
        names = []
        for channel_type, channel_id in self.list_channels():
            if channel_type != PORT:
                continue
            channel = self.open_port_id(channel_id, **kwargs)
            if channel.name == name:
                return channel
            names.append(channel.name)
            self.channels.remove(channel)
            channel.close()
        raise AssertionError(f"no port {name}, only {names}")

    def close(self):
        for channel in (*self.channels, self.main):
            channel.close()
        self.thread.join(TIME_LIMIT_S)
