#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the seeds of the fuzz targets: messages as SPICE's own ends send them."""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"

MESSAGES = {
    "ping": (4, bytes.fromhex("01000000df2a185d00000000")),
    "set-ack": (3, bytes.fromhex("0100000014000000")),
    "ack": (2, b""),
    "ack-sync": (1, bytes.fromhex("01000000")),
    "disconnecting": (6, bytes(12)),
    "list": (8, bytes.fromhex("02000a00000014000000" "6500" "04000000" "61626364" "6800" "03000000" "656667")),
    "main-init": (103, bytes.fromhex("51c5ed6f01000000030000000100000001000000" "0a00000078d3170000e0ff02")),
    "channels": (104, bytes.fromhex("07000000080009000200040" "00a010a000300")),
    "port-init": (201, bytes.fromhex("1000000009000000016f72672e746573742e706f72742e3000")),
    "data": (104, b"x" * 300),
    "large": (108, b"y" * 20000),
    "head": (102, b"z" * 40),
}

CLIENT_LINK = bytes.fromhex("52454451020000000200000" "01a000000" "00000000010001000000010000001200" "0000" "0d0000000f000000")
ERROR_REPLY = bytes.fromhex("524544510200000002000000b200000005000000") + bytes(174)
# Any RSA key of 1024 bits in its DER.
KEY = (bytes.fromhex("30819f300d06092a864886f70d010101050003818d0030818902818100c1") + bytes(range(127)) +
       bytes.fromhex("0203010001"))
REPLY = (b"REDQ" + struct.pack("<IIII", 2, 2, 178 + 8, 0) + KEY + struct.pack("<IIIII", 1, 1, 178, 0x0B, 0x0F))


# What devices that frame say, and what their clients write.
AGENT_MESSAGES = [struct.pack("<IIQI", 1, kind, 0, len(body)) + body for kind, body in (
    (6, struct.pack("<II", 1, 0x35077)), (4, bytes(3000)), (2, b"monitors"), (10, b"file"), (99, b""))]
READER_MESSAGES = [(2, 0, b"\0\0\0\1"), (7, 1, bytes(200)), (8, 0, b"")]
LINES = b"one\ntwo\n\n" + b"x" * 250 + b"\nno end"


def step(what, data=None, which=0, waits=True):
    """A step of the framing target; see there what they are."""
    return bytes([what | which << 3 | waits << 7]) + (b"" if data is None else struct.pack("<H", len(data)) + data)


def pieces(message):
    return [message[i:i + 2048] for i in range(0, len(message), 2048)]


def write_framing():
    chunks = [struct.pack("<II", port, len(message)) + message for port in (1, 2) for message in AGENT_MESSAGES]
    said = step(0, b"".join(chunks))
    written = b"".join(step(2, piece, which) for which in (0, 1) for message in AGENT_MESSAGES for piece in pieces(message))
    mixed = b"".join(step(2, piece, which) for piece in pieces(AGENT_MESSAGES[1]) for which in (0, 1))
    own = b"".join(step(4, message) for message in AGENT_MESSAGES)
    half = step(0, chunks[1][:2500]) + step(2, pieces(AGENT_MESSAGES[1])[0])
    moved = half + step(7, b"") + step(0, chunks[1][2500:]) + step(2, pieces(AGENT_MESSAGES[1])[1])
    agent = {
        "said": said, "written": written, "mixed": mixed, "own": own, "moved": moved, "changed": half + step(5) + said,
        "left": half + step(6) + written + step(6) + step(6, which=1), "damaged": half + step(7, bytes(33) + b"\1") + said,
        "broken": step(0, struct.pack("<II", 3, 9)) + step(5) + said,
    }
    reader = {
        "said": step(0, b"".join(struct.pack(">III", a, b, len(c)) + c for a, b, c in READER_MESSAGES)),
        "written": b"".join(step(2, struct.pack("<III", a, b, len(c)) + c) for a, b, c in READER_MESSAGES),
        "moved": step(0, bytes(11)) + step(7, b"") + step(0, b"\1x") + step(5),
    }
    line = {"said": step(0, LINES) + step(5), "moved": step(0, LINES[:30]) + step(7, b"") + step(0, LINES[30:])}
    for kind, seeds in enumerate((agent, reader, line, agent)):
        for name, seed in seeds.items():
            for narrow in (0, 4 | 8 | 16):
                write("framing", f"{name}-{kind}-{narrow}", bytes([kind | narrow]) + seed)


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def message(mini, kind, body, sub_list=0):
    if mini:
        return struct.pack("<HI", kind, len(body)) + body
    return struct.pack("<QHII", 1, kind, len(body), sub_list) + body


def spice_state(client_tokens, send_tokens, price, data, gap=b""):
    return struct.pack("<IBIIIII", 1, 1, client_tokens, send_tokens, len(data), price,
                       33 + len(gap) if data else 0) + gap + data


def own_state(clients, buffers, unread=b"", framing=None, word=0xFFFFFFFF, in_message=False):
    body = b"".join(clients) + b"".join(buffers) + unread + (framing or b"")
    flags = in_message | (framing is not None) << 2
    return (struct.pack("<4sIIIIIIIB", b"CFDS", 1, 33 + len(body), len(clients), len(buffers), len(unread),
                        len(framing or b""), word, flags) + body)


def own_client(flags, name, client_tokens, send_tokens, missed, messages=()):
    return (struct.pack("<BB", flags, len(name)) + name +
            struct.pack("<QQQI", client_tokens, send_tokens, missed, len(messages)) +
            b"".join(struct.pack("<BI", begins, len(data)) + data for begins, data in messages))


def own_buffer(origin, flags, client, price, data):
    return struct.pack("<BBIIII", origin, flags, client, price, max(price, 1), len(data)) + data


def write_states():
    """The first byte says what waits: see fuzz-state.c."""
    write("state", "nobody", b"\x00" + bytes.fromhex("01000000") + bytes(21))
    write("state", "vmc", b"\x01" + spice_state(0xFFFFFFFF, 0xFFFFFFFF, 0, b"15 bytes of it."))
    write("state", "vmc-nothing", b"\x01" + spice_state(0xFFFFFFFF, 0xFFFFFFFF, 0, b""))
    write("state", "agent", b"\x05" + spice_state(7, 50, 3, b"netwothree"))
    write("state", "main", b"\x05" + spice_state(7, 50, 3, b"z" * 101, bytes(32)))
    queue = [(1, b"one."), (1, b"tw"), (0, b"o.")]
    for choice, flow in ((0x1A, 0), (0x1E, 1)):
        clients = [own_client(flow, b"", 8 * flow, 0, 5, queue), own_client(flow | 2, b"", 9 * flow, 3 * flow, 0)]
        buffers = [own_buffer(0, 6, 0, flow, b"2"), own_buffer(0, 1, 1, flow, b"x")]
        write("state", f"rich-{choice:x}", bytes([choice]) + own_state(
            clients, buffers + [own_buffer(1, 1, 0xFFFFFFFF, 1, b"p"), own_buffer(2, 1, 0xFFFFFFFF, 0, b"q")],
            b"a.b", b"framing", 0, True))
    write("state", "names", b"\x72" + own_state([own_client(8, b"c0", 0, 0, 0), own_client(9, b"c1", 5, 2, 0)],
                                               [own_buffer(0, 0, 1, 1, b"text")], b"a.b", word=0xFFFFFFFF))
    write("state", "plain", b"\x02" + own_state([own_client(0, b"", 0, 0, 0, queue)] * 2,
                                                [own_buffer(0, 0, 0, 0, b"text"), own_buffer(0, 0, 1, 0, b"")]))


IAC, SE, SB, WILL, WONT, DO, DONT, EOR = 255, 240, 250, 251, 252, 253, 254, 239


def sub(option, body):
    return bytes([IAC, SB, option]) + body.replace(b"\xff", b"\xff\xff") + bytes([IAC, SE])


def write_telnet():
    """The first byte says who is fed: see the targets."""
    server = bytes([IAC, WILL, 1, IAC, WILL, 3, IAC, WILL, 0, IAC, DO, 0])
    client = bytes([IAC, DO, 3, IAC, WILL, 0, IAC, DO, 0, IAC, DO, 1, IAC, WILL, 24, IAC, WILL, 31, IAC, WILL, 32])
    said = {
        "text": b"login: \r\n\r\0a\r\rb\xff\xffc",
        "commands": b"a" + b"b".join(bytes([IAC, command]) for command in range(236, 250)) + b"c",
        "type": sub(24, b"\0XTERM\xff") + sub(24, b"\1") + sub(31, struct.pack(">HH", 255, 25)),
        "long": sub(24, bytes(511)) + sub(24, bytes(512)) + b"\xff\xfa\x18\0x\xff\xf3y",
        "change": bytes([IAC, WONT, 0, IAC, DONT, 0, IAC, DO, 6, IAC, DO, 99, IAC, DO, 99, IAC, DONT, 99, IAC, DO, 99]),
    }
    for name, seed in said.items():
        for choice in range(4):
            write("telnet", f"{name}-{choice}", bytes([choice]) + (client if choice % 2 == 0 else server) + seed)

    terminal = bytes([IAC, WILL, 25, IAC, DO, 25, IAC, WILL, 0, IAC, DO, 0, IAC, WILL, 24]) + sub(24, b"\0IBM-3278-2")
    host = bytes([IAC, DO, 25, IAC, WILL, 25, IAC, DO, 0, IAC, WILL, 0, IAC, DO, 24]) + sub(24, b"\1")
    end = bytes([IAC, EOR])
    records = b"\x7d\x40\x40\x11\xff\xff" + end + end + b"\xf5\xc3\r\0" + bytes([IAC, 241, IAC, 243]) + end + b"no end"
    for choice in range(4):
        write("tn3270", f"records-{choice}", bytes([choice]) + (terminal if choice % 2 == 0 else host) + records)
        write("tn3270", f"longest-{choice}", bytes([choice]) + bytes(10) + end + records)
        write("tn3270", f"too-long-{choice}", bytes([choice]) + bytes(9) + b"\xff\xff\xff\xff" + end + records)

    values = [(1, struct.pack(">I", 9600)), (1, struct.pack(">I", 255)), (2, b"\x08"), (3, b"\1"), (4, b"\3")]
    values += [(5, bytes([control])) for control in range(20)]
    values += [(6, b"\x10"), (7, b"\xb0"), (8, b""), (9, b""), (10, b"\xff"), (11, b"\xf0"), (12, b"\3"), (0, b""), (0, b"x")]
    for choice in range(4):
        offset = 100 * (choice % 2)
        good = b"data".join(sub(44, bytes([command + offset]) + body) for command, body in values)
        bad = b"".join(sub(44, bytes([command + offset]) + body + b"\xff") for command, body in values)
        agree = bytes([IAC, WILL, 44, IAC, DO, 44])
        write("rfc2217", f"good-{choice}", bytes([choice]) + agree + good)
        write("rfc2217", f"bad-{choice}", bytes([choice]) + agree + bad + sub(44, b"") + sub(44, b"\xff"))
        write("rfc2217", f"left-{choice}", bytes([choice]) + agree + sub(44, bytes([8 + offset])) + bytes([IAC, WONT, 44, IAC, DONT, 44]))


def record_entry(time, kind, data=b"", backend=0, event=0):
    return struct.pack("<QIHBB", time, len(data), backend, kind, event) + data


def write_records():
    """The first byte says how much is read and written: see fuzz-record.c."""
    header = b"CFRECORD" + struct.pack("<IQ", 1, 1700000000000000)
    backend, read, written, happened, end = range(5)
    session = (record_entry(0, backend, b"a") + record_entry(5, happened) + record_entry(9, read, b"hello") +
               record_entry(9, written, bytes(5)) + record_entry(20, happened, event=2) + record_entry(21, read, b"x" * 300) +
               record_entry(30, happened, event=1))
    shared = (record_entry(0, backend, b"a") + record_entry(1, backend, b"b", 1) + record_entry(1, happened, backend=1) +
              record_entry(2, read, b"other", 1) + record_entry(3, read, b"mine") + record_entry(3, written, b"AT", 1))
    for choice in (0, 0x23, 0xFF):
        write("record", f"session-{choice:x}", bytes([choice]) + header + session + record_entry(31, end))
        write("record", f"twice-{choice:x}", bytes([choice]) + header + session + session[17:] + record_entry(31, end))
        write("record", f"shared-{choice:x}", bytes([choice]) + header + shared + record_entry(4, end))
    write("record", "cut", b"\x10" + header + session)
    write("record", "empty", b"\x10" + header + record_entry(0, end))


def frame(head, payload, length=None):
    """A client's frame; its first byte and, if it is not the shortest, its length as it is written."""
    mask = b"\x01\x02\x03\x04"
    if length is None:
        length = bytes([len(payload)]) if len(payload) < 126 else struct.pack(">BH", 126, len(payload))
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([head, length[0] | 0x80]) + length[1:] + mask + masked


def write_websocket():
    """The first byte says what the rest is: see fuzz-websocket.c."""
    hello, ping, end = frame(0x82, b"hello"), frame(0x89, b"hi"), frame(0x88, b"\x03\xe8bye")
    frames = {
        "session": ping + hello + frame(0x8A, b"") + frame(0x82, b"x" * 300) + end + hello,
        "fragments": frame(0x02, b"he") + ping + frame(0x00, b"llo") + frame(0x80, b"") + frame(0x88, b""),
        "text": hello + frame(0x81, b"hello"),
        "long": frame(0x82, b"x" * 100, struct.pack(">BQ", 127, 1 << 62)),
        "not-shortest": frame(0x82, b"x", struct.pack(">BH", 126, 1)),
        "close-half": frame(0x88, b"\x03"),
        "close-reason": frame(0x88, b"\x03\xe8\xc3\x28"),
        "not-masked": b"\x82\x05hello",
    }
    for name, data in frames.items():
        write("websocket", name, b"\x00\x03\x05" + data)
    write("websocket", "server-session", b"\x01\x03\x05" + b"\x89\x02hi\x82\x05hello\x88\x02\x03\xe8")
    write("websocket", "server-masked", b"\x01\x00\x00" + hello)

    fields = [b"GET / HTTP/1.1", b"Host: localhost", b"Upgrade: websocket", b"Connection: keep-alive, Upgrade",
              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Protocol: binary"]
    upgrade = b"\r\n".join(fields) + b"\r\n\r\n"
    write("websocket", "upgrade", b"\x02" + upgrade + frames["session"])
    write("websocket", "upgrade-half", b"\x02" + upgrade[:-2])
    write("websocket", "upgrade-version", b"\x02" + upgrade.replace(b"13", b"8"))
    write("websocket", "upgrade-large", b"\x02" + upgrade[:-2] + b"X: " + b"y" * 5000 + b"\r\n\r\n")
    write("websocket", "body", b"\x02POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    write("websocket", "body-chunked", b"\x02POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    write("websocket", "expect", b"\x02POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")


def main():
    for choice in range(4):
        mini = bool(choice & 2)
        everything = b""
        for name, (kind, body) in MESSAGES.items():
            everything += message(mini, kind, body)
            write("connection", f"{name}-{choice}", bytes([choice]) + message(mini, kind, body))
        for extra in (0, 4, 8, 16):
            write("connection", f"all-{choice}-{extra}", bytes([choice | extra]) + everything)
    body = b"main" + bytes.fromhex("01000a000000650003000000616263")
    write("connection", "sub-list", b"\x01" + message(False, 102, body, 4))

    write_states()
    write_records()
    write_websocket()

    write("link", "client", b"\x00" + CLIENT_LINK + b"\x01\0\0\0" + bytes(128))
    write("link", "client-no-selection", b"\x00" + CLIENT_LINK[:34] + b"\x0c" + CLIENT_LINK[35:] + bytes(128))
    write("link", "error-reply", b"\x01" + ERROR_REPLY)
    write("link", "reply", b"\x01" + REPLY + bytes(4))
    write("link", "http", b"\x00GET / HTTP/1.1\r\n\r\n")

    write_framing()
    write_telnet()

    for i, text in enumerate((
            "null,id=c0", "pty,path=/tmp/pty", "ringbuf,size=64K", "ringbuf,size=4096,id=a",
            "socket,id=c0,path=/run/c0.sock,server=on,wait=off", "socket,host=::1,port=7,server=off,reconnect=3",
            "socket,path=a,,b,server", "telnet:127.0.0.1:1234,server,nowait", "unix:/tmp/x,server", "tcp:[::1]:0,wait=off",
            "mon:stdio,logfile=l", "udp:h:1@[::]:2,ipv6", "vc:80Cx24C", "file:a,b", "/dev/ttyS0", "COM1", "ringbuf:1.5k",
            "fd:5,server=on", "chardev:a", "con:", "udp,port=1,mux=on,record=r,reply-to-sender", "loopback,size=1k")):
        write("spec", f"spec-{i}", text.encode())

    for i, text in enumerate((
            "spice://127.0.0.1:5930", "spice://[::1]:5930", "spice://host?port=1&password=a%20b", "spice+tls://host:1",
            "spice+unix:///run/spice.sock", "spice://user@host:1", "spice://host;port=5;tls-port=6")):
        write("uri", f"uri-{i}", text.encode())


if __name__ == "__main__":
    main()
