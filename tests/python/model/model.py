# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of a device's flow control, as its documentation tells them, with no regard to how the library keeps them.

Nothing here is counted that can be worked out: what a client holds and what it is owed come from a ledger of all that
was granted, spent and freed, and who is read for from the clients as they are at that moment.

A handler may do anything at any time. So each call here tells what happens at the place where the library promises it
to happen, and whoever is told may call again. Some of these places are promised by no document; the model has them
where they are, so that nobody moves one unknowingly:
- the order of clients, of deliveries and flushes in one turn, and of the signals that tell of one and the same thing;
- how much is done in one turn: 4 messages are read, 16 are written, and the rest follows from the main loop.
"""
import dataclasses
import functools

from world import Refusal, World

READS_IN_A_TURN = 4
WRITES_IN_A_TURN = 16
MAX_WAITING_MESSAGES = 1024


def keeps_alive(call):
    """A device whose last reference was dropped goes once the last call of it has ended."""

    @functools.wraps(call)
    def wrapped(self, *arguments):
        self.calls += 1
        try:
            return call(self, *arguments)
        finally:
            self.calls -= 1
            self.go()

    return wrapped


class Client:
    def __init__(self, number, spec):
        self.number = number
        self.spec = spec
        self.ready = True
        self.stay = None
        self.last = None

    @property
    def device(self):
        return self.stay and self.stay.device


class Stay:
    """The time from when a client is attached to a device until it is detached."""

    def __init__(self, client, device):
        self.client = client
        self.spec = client.spec
        self.device = device
        self.window = self.spec.tokens
        self.spent = self.freed = self.returned = 0
        self.granted = self.spec.send
        self.used = 0
        self.queue = []  # (bytes, whether a message begins with them)
        self.gap = 0  # missed, and not told yet
        self.skips = device.in_message
        self.awaits = self.spec.wait
        self.refused = False
        self.moving = False
        self.unflushed = False
        self.leaving = None
        self.open = []  # its messages to the device that are not settled
        self.delivered = []
        self.written = [0, 0]
        self.missed = [0, 0]
        self.peaks = [0, 0]

    @property
    def held(self):
        return self.window + self.returned - self.spent

    @property
    def owed(self):
        return self.freed - self.returned

    @property
    def send(self):
        return self.granted - self.used

    @property
    def queued(self):
        return sum(len(data) for data, begins in self.queue)

    @property
    def waiting(self):
        return sum(message.room for message in self.open)

    @property
    def full(self):
        return len(self.queue) >= self.spec.queue or self.queued >= self.spec.queue_bytes

    @property
    def takes(self):
        return self.client.ready and self.device.running and not self.awaits and (not self.spec.flow or self.send > 0)

    @property
    def holds_up(self):
        return self.spec.overflow == "PACE" and self.full

    @property
    def wants(self):
        return not self.spec.flow or self.send > len(self.queue)

    @property
    def is_over(self):
        return self.client.stay is not self

    def put(self, data, begins):
        self.queue.append((data, begins))
        self.peaks = [max(self.peaks[0], len(self.queue)), max(self.peaks[1], self.queued)]

    def miss(self, data):
        self.gap += len(data)
        self.missed = [self.missed[0] + 1, self.missed[1] + len(data)]

    def check(self):
        """The two sums that are to be true at every moment."""
        if self.spec.flow:
            assert self.spent == sum(message.price for message in self.open) + self.owed + self.returned
            assert self.window + self.returned == self.spent + self.held
            assert self.granted == self.used + self.send and self.held >= 0 <= self.owed


class Message:
    """One message on its way to the device."""

    def __init__(self, device, writer, origin, room, data=b"", price=None, count=1, begun=False):
        self.device = device
        self.writer = writer  # a stay, or None
        self.origin = origin
        self.room = room
        self.data = data
        self.price = price if price is not None else int(writer.spec.flow if writer else origin == "SERVER")
        self.count = count
        self.begun = begun  # the device has had some of it
        self.taken = 0
        self.settled = False

    @property
    def left(self):
        return self.data[self.taken :]

    @property
    def is_void(self):
        return self.settled or (self.writer is not None and self.writer.is_over)


class Backend:
    """The other side: what it sends, and how much it takes."""

    def __init__(self, number, room):
        self.number = number
        self.opened = True
        self.input = []
        self.room = room
        self.failure = None
        self.output = b""
        self.owner = None


class Device:
    def __init__(self, world, kind, backend):
        self.world = world
        self.kind = kind
        self.backend = backend
        backend.owner = self
        self.running = self.active = self.dropped = self.disposed = self.keep_unread = False
        self.calls = 0
        self.stays = []
        self.line = []  # what waits for the back end
        self.line_peaks = [0, 0]
        self.self_spent = self.self_freed = 0
        self.unread = b""
        self.has_end = False
        self.in_message = self.handing = False
        self.read_fails = self.write_fails = False
        self.told_failure = None  # of a write, since the last one that took something
        self.reading = self.again = self.dry = self.writing = False
        self.to_flush = []
        self.later = []  # turns that come from the main loop
        self.read = [0, 0]
        self.discarded = [0, 0]
        self.written = [0, 0]
        self.removals = {}

    # What is so.

    @property
    def opened(self):
        return self.backend is not None and self.backend.opened

    @property
    def self_held(self):
        return self.kind.self_tokens + self.self_freed - self.self_spent

    @property
    def waits(self):
        return any(stay.awaits for stay in self.stays)

    @property
    def wants(self):
        if not self.running or self.waits or not self.has_source:
            return False
        if not self.stays:
            return not self.keep_unread
        return any(stay.wants for stay in self.stays) and not any(stay.holds_up for stay in self.stays)

    @property
    def has_source(self):
        return bool(self.unread) or self.has_end or (self.opened and not self.read_fails)

    @property
    def may_write(self):
        return self.running and not self.write_fails and not self.waits and self.opened

    @property
    def line_bytes(self):
        return sum(len(message.left) for message in self.line)

    def tell(self, what, *details):
        self.world.tell(what, *details)

    def tell_rarely(self, what, *details):
        if not self.kind.quiet:
            self.world.tell(what, *details)

    # The main loop.

    def put_off(self, turn):
        if not any(turn is other for marker, other in self.later):
            self.later.append((object(), turn))

    def call_off(self, *turns):
        self.later = [(marker, turn) for marker, turn in self.later if turn not in turns]

    def iterate(self):
        for entry in list(self.later):
            if entry in self.later:
                self.later.remove(entry)
                (self.pump_reads if entry[1] == "read" else self.pump_writes)()

    # From the device to the clients.

    def take_chunk(self):
        """What the back end gives at once; None when that is nothing."""
        if self.has_end or self.read_fails or not self.opened or not self.backend.input:
            return None
        chunk = self.backend.input.pop(0)
        if isinstance(chunk, bytes):
            return chunk
        self.read_fails = True
        if chunk == "error":
            self.tell("backend-error")
        return None

    def fill(self, size):
        while len(self.unread) < size:
            chunk = self.take_chunk()
            if chunk is None:
                return False
            self.active = True
            self.unread += chunk
        return True

    def next_framed(self):
        """A byte that says how long it is, whether it goes on, and for whom it is; then up to three more."""
        if not self.fill(1) or not self.fill(1 + (self.unread[0] & 3)):
            return None
        size = 1 + (self.unread[0] & 3)
        data, self.unread = self.unread[:size], self.unread[size:]
        return data, bool(data[0] & 4), data[0] >> 3 & 7

    def next_raw(self):
        data, self.unread = self.unread, b""
        data = data or self.take_chunk()
        return data and (data, False, 0)

    def drop_end(self):
        """Nothing more comes of what the other side has left unfinished."""
        if not self.has_end:
            return False
        self.unread = b""
        self.has_end = self.in_message = False
        self.tell("peer-left")
        return True

    def settle_end(self):
        """Not in the middle of a turn, which comes to the end by itself."""
        if not self.reading and not self.unread:
            self.drop_end()

    @keeps_alive
    def pump_reads(self):
        if self.reading:
            self.again = True
            return
        if not self.wants:
            self.call_off("read")
            return

        self.reading = True
        while True:
            self.again = self.dry = False
            self.tell_rarely("read-ready")
            self.read_turn()
            self.flush_all()
            if not self.again or self.dry or not self.wants:
                break
        self.reading = False
        if not self.wants:
            self.call_off("read")
        elif not self.dry or self.has_end:
            self.put_off("read")

    def read_turn(self):
        for _ in range(READS_IN_A_TURN):
            if self.dry or not self.wants:
                return
            message = self.next_framed() if self.kind.framed else self.next_raw()
            if message is not None:
                self.dispatch(*message)
            else:
                self.dry = not self.drop_end()

    def dispatch(self, data, continues, target):
        if self.kind.framed:
            self.tell("target")
        client = self.world.find_target(target)
        begins = not self.in_message
        self.active = True
        self.read = [self.read[0] + 1, self.read[1] + len(data)]
        if not self.stays:
            self.discarded = [self.discarded[0] + 1, self.discarded[1] + len(data)]

        # Who comes while it is handed on comes in the middle of it, unless it is whole.
        self.in_message = continues or not begins
        self.handing = True
        self.tell_rarely("message", client and client.number, data)
        if client is None:
            for stay in list(self.stays):
                if not stay.is_over:
                    self.offer(stay, data, begins)
        elif client.device is self:
            self.offer(client.stay, data, begins)
        self.handing = False
        self.in_message = continues

    def is_skipped(self, stay, data, begins):
        if begins:
            stay.skips = False
        if stay.skips and stay.gap:
            stay.miss(data)
        return stay.skips

    def offer(self, stay, data, begins):
        if self.is_skipped(stay, data, begins):
            return
        if not stay.queue and not stay.moving and stay.takes:
            self.tell_gap(stay)
            if stay.is_over:
                return
            if not stay.queue and stay.takes:
                self.deliver(stay, data)
                return

        if stay.full and stay.spec.overflow == "REMOVE":
            self.request_removal(stay.client, "OVERFLOW")
            return
        if stay.full and stay.spec.overflow == "DROP":
            # Oldest first, and what is left of a message that was cut is of no use.
            while stay.queue and (stay.full or not stay.queue[0][1]):
                stay.miss(stay.queue.pop(0)[0])
            stay.skips = stay.skips or not stay.queue
            if self.is_skipped(stay, data, begins):
                return
        stay.put(data, begins)

    def tell_gap(self, stay):
        gap, stay.gap = stay.gap, 0
        if gap:
            self.tell("missed", stay.client.number, gap)

    def deliver(self, stay, data):
        stay.used += stay.spec.flow
        if not stay.unflushed and not stay.moving:
            self.to_flush.append(stay.client)
        stay.unflushed = True
        stay.delivered.append(data)
        self.tell("deliver", stay.client.number, data, stay.send)

    @keeps_alive
    def move_queue(self, stay):
        if stay.moving or not stay.queue or not stay.takes:
            return
        stay.moving = True
        while not stay.is_over and stay.takes and stay.queue:
            if stay.gap:
                self.tell_gap(stay)
            else:
                self.deliver(stay, stay.queue.pop(0)[0])
        if not stay.is_over:
            stay.moving = False
            self.flush(stay)

    def flush(self, stay):
        if stay.unflushed:
            stay.unflushed = False
            if not stay.spec.by_signals:
                self.tell("flush", stay.client.number)

    def flush_all(self):
        while self.to_flush:
            client = self.to_flush.pop(0)
            if client.device is self:
                self.flush(client.stay)

    # From the clients to the device.

    @keeps_alive
    def reserve(self, client, room):
        stay = self.find(client)
        if stay.spec.read_only:
            raise Refusal("READ_ONLY")
        if stay.awaits:
            stay.refused = True
            raise Refusal("WOULD_BLOCK")
        if stay.spec.flow and not stay.held:
            self.request_removal(client, "NO_TOKENS")
            raise Refusal("NO_TOKENS")
        if not stay.spec.flow and (stay.waiting >= stay.spec.waiting_bytes or len(stay.open) >= MAX_WAITING_MESSAGES):
            stay.refused = True
            raise Refusal("WOULD_BLOCK")

        message = Message(self, stay, "CLIENT", room)
        stay.spent += message.price
        stay.open.append(message)
        return message

    def reserve_self(self, room, token=True):
        if self.disposed:
            raise Refusal("FAILED")
        if token and not self.self_held:
            raise Refusal("NO_TOKENS")
        self.self_spent += token
        return Message(self, None, "SERVER" if token else "SERVER_NO_TOKEN", room)

    @keeps_alive
    def write(self, client, data):
        message = self.reserve(client, len(data)) if client else self.reserve_self(len(data))
        message.data = data
        self.enqueue(message)

    @keeps_alive
    def enqueue(self, message):
        if message.is_void:
            return
        self.line.append(message)
        self.note_peaks()
        self.pump_writes()

    def note_peaks(self):
        self.line_peaks = [max(self.line_peaks[0], len(self.line)), max(self.line_peaks[1], self.line_bytes)]

    @keeps_alive
    def pump_writes(self):
        if self.writing or (self.line and any(turn == "write" for marker, turn in self.later)):
            return
        self.call_off("write")
        self.writing = True
        n = 0
        while n < WRITES_IN_A_TURN and self.may_write and self.line and self.write_first():
            n += 1
        self.writing = False
        if self.line and n == WRITES_IN_A_TURN and self.may_write:
            self.put_off("write")

    def write_first(self):
        """Whether the first message was dealt with, so that the next may be tried."""
        first, backend = self.line[0], self.backend
        if first.left and backend.failure:
            failure, backend.failure = backend.failure, None
            if failure == "BROKEN_PIPE":
                self.write_fails = True
                self.tell("backend-error")
                return True
            self.settle(self.line.pop(0))
            if self.told_failure != failure:
                self.told_failure = failure
                self.tell("backend-error")
            return True

        piece = first.left[: backend.room]
        first.taken += len(piece)
        backend.room -= len(piece)
        backend.output += piece
        if piece:
            self.told_failure = None
        self.active = self.active or bool(piece)
        self.written[1] += len(piece)
        if first.left:
            return False

        self.line.pop(0)
        self.written[0] += first.count
        if first.writer is not None and not first.is_void:
            figures = first.writer.written
            first.writer.written = [figures[0] + first.count, figures[1] + len(first.data)]
        self.settle(first)
        return True

    def settle_silently(self, message):
        if message.is_void:
            return False
        message.settled = True
        if message.writer is not None:
            message.writer.open.remove(message)
            message.writer.freed += message.price
        elif message.origin == "SERVER":
            self.self_freed += message.price
        return True

    @keeps_alive
    def settle(self, message):
        if not self.settle_silently(message):
            return
        if message.writer is not None:
            self.repay(message.writer.client)
        elif message.origin == "SERVER":
            self.tell("self-token-freed")

    def repay(self, client):
        stay = client.stay
        n = stay.owed
        if n and n >= self.kind.interval:
            stay.returned += n
            self.tell("tokens", client.number, n, stay.held, stay.owed)
            self.tell_rarely("tokens-sent", client.number, n)
        if client.device is self:
            self.tell_writable(client.stay)

    def tell_writable(self, stay):
        """Only at half of the bounds, so that a writer is not woken for each small message."""
        if (
            stay.refused
            and not stay.awaits
            and stay.waiting <= stay.spec.waiting_bytes // 2
            and len(stay.open) <= MAX_WAITING_MESSAGES // 2
        ):
            stay.refused = False
            self.tell("writable", stay.client.number)

    # The clients.

    def find(self, client):
        if client.device is not self:
            raise Refusal("NOT_ATTACHED")
        return client.stay

    @keeps_alive
    def attach(self, client):
        if self.disposed:
            raise Refusal("FAILED")
        if client.stay is not None:
            raise Refusal("ALREADY_ATTACHED")
        if client.spec.wait and (self.active or any(not stay.awaits for stay in self.stays)):
            raise Refusal("ACTIVE")
        client.stay = client.last = Stay(client, self)
        self.stays.append(client.stay)
        self.wakeup()

    @keeps_alive
    def detach(self, client, reason="DETACHED"):
        if client.device is not self:
            return False
        stay = client.stay
        reason = stay.leaving or reason
        self.removals[reason] = self.removals.get(reason, 0) + 1
        self.stays.remove(stay)
        client.stay = None
        stay.queue = []
        for message in [message for message in self.line if message.writer is stay]:
            if message.taken or message.begun:
                # The device never sees half a message, so it goes on as nobody's.
                message.writer, message.origin, message.price, message.settled = None, "SERVER_NO_TOKEN", 0, True
            else:
                self.line.remove(message)
        self.tell("client-left", client.number, False)
        self.tell("removed", client.number, reason)
        self.wakeup()
        return True

    @keeps_alive
    def request_removal(self, client, reason):
        stay = client.stay
        if stay.leaving:
            return
        stay.leaving = reason
        self.tell("remove-client", client.number, reason)
        if not stay.is_over:
            self.detach(client)

    def check_takes_tokens(self, client):
        stay = self.find(client)
        if stay.awaits:
            raise Refusal("WAITING")
        return stay

    @keeps_alive
    def add_send_tokens(self, client, n):
        stay = self.check_takes_tokens(client)
        stay.granted += n
        self.move_queue(stay)
        self.pump_reads()

    @keeps_alive
    def set_send_tokens(self, client, n):
        stay = self.check_takes_tokens(client)
        stay.granted = stay.used + n
        self.move_queue(stay)
        self.pump_reads()

    # The device as a whole.

    @keeps_alive
    def start(self):
        if not self.running and not self.disposed:
            self.running = True
            for stay in list(self.stays):
                if self.running and not stay.is_over:
                    self.move_queue(stay)
            self.wakeup()

    @keeps_alive
    def stop(self):
        if self.running:
            self.running = self.active = False
            self.later = []
            self.told_failure = None

    @keeps_alive
    def wakeup(self):
        self.pump_writes()
        self.dry = False
        self.pump_reads()

    @keeps_alive
    def reset(self):
        self.active = False
        self.call_off("write")
        while self.line:
            self.settle_silently(self.line.pop(0))
        for stay in self.stays:
            # It may have lost a part of a message whose end is still to come.
            stay.skips = stay.skips or (bool(stay.queue) and self.in_message)
            stay.queue = []
            stay.returned += stay.owed
            stay.awaits = False
        self.tell("framing-reset")
        for stay in list(self.stays):
            if not stay.is_over and stay.spec.flow:
                self.tell("tokens-reset", stay.client.number, stay.held)
            if not stay.is_over:
                self.tell_writable(stay)
        self.wakeup()

    @keeps_alive
    def set_keep_unread(self, keep):
        if self.keep_unread != keep:
            self.keep_unread = keep
            self.pump_reads()

    @keeps_alive
    def take_event(self, event):
        """Of its back end."""
        if event == "CLOSED":
            self.later = []
            self.told_failure = None
            self.has_end = True
            self.settle_end()
        if event in ("OPENED", "CLOSED"):
            self.read_fails = self.write_fails = False
        backend = self.backend
        self.tell("event", event)
        if event == "CLOSED" or (event == "OPENED" and self.backend is backend):
            self.wakeup()

    @keeps_alive
    def set_backend(self, backend):
        if self.backend is backend:
            return
        if self.disposed:
            raise Refusal("FAILED")
        if backend is not None and backend.owner not in (None, self):
            raise Refusal("BUSY")
        if not self.ask(backend):
            raise Refusal("REFUSED")
        if self.backend is backend:
            return

        was_opened = self.opened
        self.let_go_of_backend()
        self.backend = backend
        if backend is not None:
            backend.owner = self
        self.read_fails = self.write_fails = False
        self.settle_end()
        is_opened = self.opened
        if was_opened:
            self.tell("event", "CLOSED")
        if is_opened and self.backend is backend and self.opened:
            self.tell("event", "OPENED")
        self.wakeup()

    def let_go_of_backend(self):
        self.later = []
        self.told_failure = None
        if self.backend is not None:
            self.has_end = self.has_end or self.opened
            self.backend.owner = None
        self.backend = None

    def ask(self, backend):
        if self.kind.quiet:
            return True
        refuses = self.world.take_refusal()
        self.tell("backend-changed", backend and backend.number)
        return not refuses

    def go(self):
        if self.dropped and not self.disposed and not self.calls:
            self.dispose()

    def dispose(self):
        self.running = False
        self.disposed = True
        self.let_go_of_backend()
        while self.stays:
            self.detach(self.stays[0].client, "DEVICE_GONE")
        self.line = []

    # Saved state.

    @keeps_alive
    def save(self):
        if self.waits:
            raise Refusal("WAITING")
        if self.handing:
            raise Refusal("PENDING")
        return State(self)

    @keeps_alive
    def restore(self, state):
        if self.disposed:
            raise Refusal("FAILED")
        if self.active or self.handing or self.unread or (self.line and (self.line[0].taken or self.line[0].begun)):
            raise Refusal("ACTIVE")
        waiting = [stay for stay in self.stays if stay.awaits]
        matched = state.match(waiting)
        if sum(saved.price for saved in state.messages if saved.origin == "SERVER") > self.self_held:
            raise Refusal("BAD_STATE")

        for saved, stay in zip(state.clients, matched):
            if saved.flow:
                stay.spent = stay.window - saved.held
                stay.freed = stay.spent - state.price_of(saved)
                stay.granted, stay.used = saved.send, 0
            stay.gap, stay.skips = saved.gap, saved.skips
            for data, begins in saved.queue:
                stay.put(data, begins)
        restored = []
        for saved in state.messages:
            stay = None if saved.owner is None else matched[saved.owner]
            message = Message(self, stay, saved.origin, len(saved.data), saved.data, saved.price, saved.count, saved.begun)
            restored.append(message)
            if stay is not None:
                stay.open.append(message)
            elif saved.origin == "SERVER":
                self.self_spent += saved.price
        self.line = restored + self.line
        self.note_peaks()
        self.in_message, self.unread, self.has_end = state.in_message, state.unread, state.has_end
        self.active = True

        for stay in waiting:
            if not stay.is_over:
                stay.awaits = False
        for stay in waiting:
            if stay.client.device is self:
                self.move_queue(stay.client.stay)
            if stay.client.device is self:
                self.repay(stay.client)
        self.wakeup()


@dataclasses.dataclass
class SavedClient:
    name: str
    flow: bool
    held: int
    send: int
    gap: int
    skips: bool
    queue: list


@dataclasses.dataclass
class SavedMessage:
    origin: str
    owner: int
    price: int
    count: int
    begun: bool
    data: bytes


class State:
    """What of a device outlives it."""

    def __init__(self, device):
        stays = device.stays
        self.clients = [
            SavedClient(stay.spec.name, stay.spec.flow, stay.held, stay.send, stay.gap, stay.skips, list(stay.queue))
            for stay in stays
        ]
        self.messages = [
            SavedMessage(
                message.origin,
                None if message.writer is None else stays.index(message.writer),
                message.price,
                max(message.price, 1),  # several that have lost their client are one that nobody paid for
                message.begun or message.taken > 0,
                message.left,
            )
            for message in device.line
        ]
        self.unread = device.unread
        self.has_end = device.has_end
        self.in_message = device.in_message
        self.is_spice = self.fits_spice()
        if self.is_spice:
            self.join()

    def fits_spice(self):
        """No client at all and nothing waits, or just one and nothing waits for that, in the middle of no message."""
        if self.in_message or self.unread or self.has_end:
            return False
        if not self.clients:
            return not self.messages
        if len(self.clients) > 1 or self.clients[0].queue or self.clients[0].gap or self.clients[0].skips:
            return False
        # Messages without bytes that were paid for have no place there.
        return any(message.data for message in self.messages) or not self.messages

    def join(self):
        """All that waits for the device is one block there, which has been begun for all that one knows."""
        for client in self.clients:
            client.name = None
        data = b"".join(message.data for message in self.messages)
        if not data:
            self.messages = []
            return
        price = self.price_of(self.clients[0])
        owner = 0 if price or not self.clients[0].flow else None
        origin = "CLIENT" if owner == 0 else "SERVER_NO_TOKEN"
        self.messages = [SavedMessage(origin, owner, price, max(price, 1), True, data)]

    def price_of(self, client):
        return sum(message.price for message in self.messages if message.owner is not None and self.clients[message.owner] is client)

    def match(self, waiting):
        """Who takes whose place: those with a name first."""
        if self.clients and len(self.clients) != len(waiting):
            raise Refusal("BAD_STATE")
        left = list(waiting)
        places = {}
        for named in (True, False):
            for saved in self.clients:
                if (saved.name is not None) == named:
                    stay = next((stay for stay in left if not named or stay.spec.name == saved.name), None)
                    if stay is None or not self.fits(saved, stay):
                        raise Refusal("BAD_STATE")
                    left.remove(stay)
                    places[id(saved)] = stay
        return [places[id(saved)] for saved in self.clients]

    def fits(self, saved, stay):
        spec = stay.spec
        if saved.flow != spec.flow or (saved.gap and spec.overflow != "DROP"):
            return False
        if saved.flow and saved.held + self.price_of(saved) > spec.tokens:
            return False
        sizes = [len(data) for data, begins in saved.queue]
        return len(sizes) <= spec.queue and (not sizes or sum(sizes[:-1]) < spec.queue_bytes)


class Model(World):
    """What a program does with devices, as the rules have it."""

    def new_client(self, number, spec):
        return Client(number, spec)

    def new_backend(self, number):
        return Backend(number, self.kind.room)

    def new_device(self, kind, backend):
        return Device(self, kind, backend)

    def drop_device(self):
        device, self.device = self.device, None
        device.dropped = True
        device.go()

    def settle(self):
        while self.device is not None and self.device.later:
            self.device.iterate()

    def set_ready(self, client, ready):
        if client.ready == ready:
            return
        client.ready = ready
        if ready and client.device:
            client.device.move_queue(client.stay)
        if ready and client.device:
            client.device.pump_reads()

    def emit(self, backend, event):
        if event != "BREAK":
            if backend.opened == (event == "OPENED"):
                return
            backend.opened = event == "OPENED"
        if backend.owner is not None:
            backend.owner.take_event(event)

    def drop_buffer(self, j):
        message = self.buffers.pop(j)[0]
        # A client is there until it is detached; a device that goes takes no token back.
        if message.writer is not None or not message.device.disposed:
            message.device.settle(message)

    def fill_buffer(self, message, data):
        if len(data) > message.room - len(message.data):
            raise Refusal("FULL")
        message.data += data

    def is_attached(self, client):
        return client.stay is not None

    def attach(self, client):
        self.device.attach(client)

    def detach(self, client):
        return self.device.detach(client)

    def grant(self, client, n):
        self.device.add_send_tokens(client, n)

    def set_grant(self, client, n):
        self.device.set_send_tokens(client, n)

    def swap(self, device, backend):
        device.set_backend(backend)

    def save(self):
        return self.device.save()

    def restore(self, state):
        self.device.restore(state)

    def write(self, client, data):
        self.device.write(client, data)

    def get_server_buffer(self, room, token):
        return self.device.reserve_self(room, token)

    def get_buffer(self, client, room):
        return self.device.reserve(client, room)

    def add_buffer(self, message):
        self.device.enqueue(message)

    def release_buffer(self, message):
        self.device.settle(message)

    def look_at_client(self, client):
        stay = client.stay or client.last
        if stay is None:
            return client.ready, None, *(0,) * 8
        delivered = len(stay.delivered), sum(map(len, stay.delivered))
        figures = *delivered, *stay.written, *stay.missed, *stay.peaks
        if client.stay is None:
            return client.ready, None, *figures
        stay.check()
        counts = (stay.held, stay.owed, stay.send, len(stay.queue), stay.queued)
        waiting = sum(message.count for message in stay.open)
        return client.ready, (*counts, waiting, stay.waiting), *figures

    def look_at_device(self):
        device = self.device
        return (
            device.running,
            device.opened,
            device.self_held,
            (*device.read, *device.discarded, *device.written),
            (len(device.line), device.line_bytes, *device.line_peaks),
            dict(device.removals),
            [stay.client.number for stay in device.stays],
            device.backend and device.backend.number,
        )
