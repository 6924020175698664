# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library, made to do what the model does."""
import traceback

import gi

gi.require_version("Charflow", "1")
from gi.repository import Charflow, Gio, GLib  # noqa: E402
from world import Refusal, World  # noqa: E402

NEVER_MS = (1 << 32) - 1
CLIENT_COUNTS = (
    "client-tokens-held",
    "client-tokens-owed",
    "send-tokens-held",
    "queued-messages",
    "queued-bytes",
    "waiting-messages",
    "waiting-bytes",
)
CLIENT_FIGURES = (
    "messages-delivered",
    "bytes-delivered",
    "messages-written",
    "bytes-written",
    "messages-missed",
    "bytes-missed",
    "queued-messages-peak",
    "queued-bytes-peak",
)
DEVICE_FIGURES = (
    "messages-read",
    "bytes-read",
    "messages-discarded",
    "bytes-discarded",
    "messages-written",
    "bytes-written",
)
DEVICE_COUNTS = ("waiting-messages", "waiting-bytes", "waiting-messages-peak", "waiting-bytes-peak")

world = None  # the one at hand: vfuncs are called even where an object has lost all that Python knew of it

REASONS = {
    name: getattr(Charflow.RemoveReason, name)
    for name in "DETACHED NO_TOKENS TOKEN_OVERFLOW OVERFLOW STALLED TOKEN_TIMEOUT DEVICE_GONE BAD_MESSAGE".split()
}


def would_block():
    return GLib.Error.new_literal(Gio.io_error_quark(), "Not now", Gio.IOErrorEnum.WOULD_BLOCK)


def name_of(value):
    return value.value_nick.upper().replace("-", "_")


def call(function, *arguments):
    try:
        return function(*arguments)
    except GLib.Error as error:
        for domain, codes in (
            (Charflow.DeviceError.quark(), Charflow.DeviceError),
            (Charflow.BackendError.quark(), Charflow.BackendError),
            (Gio.io_error_quark(), Gio.IOErrorEnum),
        ):
            if error.matches(domain, error.code):
                raise Refusal(name_of(codes(error.code)))
        raise


class Backend(Charflow.Backend):
    """It takes as many bytes as it has room for, and gives what it is fed. It never says when."""

    def __init__(self, number, room):
        super().__init__()
        self.number = number
        self.input = []
        self.room = room
        self.failure = None
        self.output = b""
        self.open_async(None, lambda backend, result: backend.open_finish(result))
        while not self.get_active():
            GLib.MainContext.default().iteration(True)
        self.emit_event(Charflow.Event.OPENED)

    @property
    def opened(self):
        return self.get_opened()

    def do_read_bytes(self, max_size):
        if not self.input:
            raise would_block()
        chunk = self.input.pop(0)
        if chunk == "error":
            raise GLib.Error.new_literal(Gio.io_error_quark(), "It fails", Gio.IOErrorEnum.FAILED)
        return GLib.Bytes.new(b"" if chunk == "end" else chunk)

    def do_write(self, data, size):
        if self.failure:
            code = getattr(Gio.IOErrorEnum, self.failure)
            self.failure = None
            raise GLib.Error.new_literal(Gio.io_error_quark(), "It fails", code)
        # In pieces, so that it is asked again for the rest.
        taken = bytes(data)[: min(self.room, 5)]
        if not taken:
            raise would_block()
        self.room -= len(taken)
        self.output += taken
        return len(taken)


class SilentClient(Charflow.Client):
    """One that is told by its signals."""

    number = -1


class Client(Charflow.Client):
    number = -1

    def do_deliver(self, device, data):
        world.tell("deliver", self.number, data.get_data(), self.get_send_tokens_held())

    def do_flush(self, device):
        world.tell("flush", self.number)

    def do_tokens(self, device, n):
        world.tell("tokens", self.number, n, self.get_client_tokens_held(), self.get_client_tokens_owed())

    def do_tokens_reset(self, device, n):
        world.tell("tokens-reset", self.number, n)

    def do_writable(self, device):
        world.tell("writable", self.number)

    def do_missed(self, device, n):
        world.tell("missed", self.number, n)

    def do_removed(self, device, reason):
        world.tell("removed", self.number, name_of(reason))


def new_client(number, spec):
    properties = {
        "flow_control": spec.flow,
        "client_tokens": spec.tokens,
        "send_tokens": spec.send,
        "max_queue_messages": spec.queue,
        "max_queue_bytes": spec.queue_bytes,
        "overflow": getattr(Charflow.Overflow, spec.overflow),
        "max_waiting_bytes": spec.waiting_bytes,
        "read_only": spec.read_only,
        "wait_for_state": spec.wait,
        "name": spec.name,
        "stall_time": NEVER_MS,
        "wait_time": NEVER_MS,
    }
    client = (SilentClient if spec.by_signals else Client)(**properties)
    client.number, client.spec = number, spec
    if spec.by_signals:
        for signal, method in (
            ("deliver", Client.do_deliver),
            ("tokens", Client.do_tokens),
            ("tokens-reset", Client.do_tokens_reset),
            ("writable", Client.do_writable),
            ("missed", Client.do_missed),
            ("removed", Client.do_removed),
        ):
            client.connect(signal, method)
    return client


class Raw(Charflow.CharDevice):
    """A device that tells what it is told."""

    def do_client_left(self, client, cut):
        world.tell("client-left", client.number, cut)

    def do_peer_left(self):
        world.tell("peer-left")

    def do_framing_reset(self):
        world.tell("framing-reset")


class Framed(Raw):
    """A byte that says how long a message is, whether it goes on, and for whom it is; then up to three more."""

    def do_read_message(self):
        if self.fill(1) < 1:
            return None
        size = 1 + (self.peek_bytes().get_data()[0] & 3)
        if self.fill(size) < size:
            return None
        message = self.read_bytes(size)
        self.set_message_continues(bool(message.get_data()[0] & 4))
        return message

    def do_message_target(self, message):
        world.tell("target")
        return world.find_target(message.get_data()[0] >> 3 & 7)


class Library(World):
    """What a program does with devices, done with the library itself."""

    def __init__(self, kind):
        global world
        world = self
        self.problems = []
        super().__init__(kind)

    def tell(self, what, *details):
        # What a handler raises would only be printed.
        try:
            super().tell(what, *details)
        except Exception:
            self.problems.append(traceback.format_exc())

    def new_client(self, number, spec):
        return new_client(number, spec)

    def new_backend(self, number):
        return Backend(number, self.kind.room)

    def new_device(self, kind, backend):
        device = (Framed if kind.framed else Raw)(
            backend=backend,
            client_tokens_interval=kind.interval,
            self_tokens=kind.self_tokens,
        )
        device.connect("remove-client", lambda device, client, why: world.tell("remove-client", client.number, name_of(why)))
        device.connect("self-token-freed", lambda device: world.tell("self-token-freed"))
        device.connect("event", lambda device, event: world.tell("event", name_of(event)))
        device.connect("backend-error", lambda device, error: world.tell("backend-error"))
        if not kind.quiet:
            device.connect("read-ready", lambda device: world.tell("read-ready"))
            device.connect(
                "message", lambda device, client, data: world.tell("message", client and client.number, data.get_data())
            )
            device.connect("tokens-sent", lambda device, client, n: world.tell("tokens-sent", client.number, n))
            device.connect("backend-changed", self.ask)
        return device

    @staticmethod
    def ask(device, backend):
        refuses = world.take_refusal()
        world.tell("backend-changed", backend and backend.number)
        return not refuses

    def drop_device(self):
        self.device = None

    def settle(self):
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass

    def is_attached(self, client):
        return client.get_device() is not None

    def attach(self, client):
        call(self.device.attach_client, client)

    def detach(self, client):
        return self.device.detach_client(client)

    def grant(self, client, n):
        call(self.device.add_send_tokens, client, n)

    def set_grant(self, client, n):
        call(self.device.set_send_tokens, client, n)

    def set_ready(self, client, ready):
        client.set_ready(ready)

    def emit(self, backend, event):
        backend.emit_event(getattr(Charflow.Event, event))

    def swap(self, device, backend):
        call(device.set_backend, backend)

    def write(self, client, data):
        call(self.device.write_bytes, client, GLib.Bytes.new(data))

    def get_buffer(self, client, room):
        return call(self.device.get_write_buffer, client, room)

    def get_server_buffer(self, room, token):
        return call(self.device.get_server_write_buffer, room, token)

    def fill_buffer(self, buffer, data):
        call(buffer.append, data)

    def add_buffer(self, buffer):
        self.device.add_write_buffer(buffer)

    def release_buffer(self, buffer):
        self.device.release_write_buffer(buffer)

    def drop_buffer(self, place):
        del self.buffers[place]

    def save(self):
        return call(self.device.save_state)

    def restore(self, state):
        call(self.device.restore_state, state)

    def look_at_client(self, client):
        figures = client.get_properties(*CLIENT_FIGURES)
        ready = client.get_ready()
        if client.get_device() is None:
            return (ready, None, *figures)
        return (ready, client.get_properties(*CLIENT_COUNTS), *figures)

    def look_at_device(self):
        device = self.device
        backend = device.get_backend()
        return (
            device.get_running(),
            device.get_opened(),
            device.get_self_tokens_held(),
            device.get_properties(*DEVICE_FIGURES),
            device.get_properties(*DEVICE_COUNTS),
            {name: n for name, reason in REASONS.items() if (n := device.get_removals(reason))},
            [client.number for client in device.get_clients()],
            backend and backend.number,
        )
