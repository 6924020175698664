# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be done with a device, in words that the model and the library both understand."""
import dataclasses


class Refusal(Exception):
    """A call fails: its code."""


class Brief:
    """Only what is not as usual is shown."""

    def __repr__(self):
        fields = [(field.name, getattr(self, field.name), field.default) for field in dataclasses.fields(self)]
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value, usual in fields if value != usual)})"


@dataclasses.dataclass(frozen=True, repr=False)
class Spec(Brief):
    """What a client is made of."""

    flow: bool = False
    tokens: int = 3
    send: int = 0
    queue: int = 1024
    queue_bytes: int = 1 << 18
    overflow: str = "PACE"
    waiting_bytes: int = 1 << 18
    read_only: bool = False
    wait: bool = False
    name: str = None
    by_signals: bool = False  # where it is told by its signals, and not by its virtual functions


@dataclasses.dataclass(frozen=True, repr=False)
class Kind(Brief):
    """What a device is made of."""

    framed: bool = False
    interval: int = 0
    self_tokens: int = 2
    room: int = 50  # of its back ends, at first
    quiet: bool = False  # nobody is connected to those of its signals that are emitted only then


class World:
    """A device, its back ends and its clients, what is done with them and what they tell.

    An action is a tuple of its name and what it is done with; clients and the like are told by numbers, which count from
    the start again after the last. One that is armed is done once, when the next thing of its kind is told.
    """

    def __init__(self, kind):
        self.kind = kind
        self.trace = []
        self.armed = {}
        self.told = 0
        self.clients = []
        self.buffers = []  # those that the program holds, and of which device
        self.states = []
        self.stamp = 0
        self.refuses = False
        self.backends = [self.new_backend(0), self.new_backend(1)]
        self.generation = 0  # of the device
        self.device = None
        self.make_device(self.backends[0])

    def tell(self, what, *details):
        self.trace.append((what, *details))
        actions = self.armed.pop(what, ())
        for action in actions:
            self.told = details[0] if details and isinstance(details[0], int) else 0
            self.perform(action)

    def perform(self, action):
        name, *arguments = action
        try:
            outcome = getattr(self, "do_" + name)(*arguments)
        except Refusal as refusal:
            outcome = str(refusal)
        self.trace.append(("did", name, outcome))

    def pick(self, things, number):
        if not things:
            raise Refusal("nothing there")
        return things[number % len(things)]

    def pick_client(self, number):
        """One that is attached, for the first numbers."""
        attached = [client for client in self.clients if self.is_attached(client)]
        return self.pick(attached if attached and number < 5 else self.clients, number)

    def need_device(self):
        if self.device is None:
            raise Refusal("no device")
        return self.device

    def find_target(self, number):
        return self.clients[(number - 1) % len(self.clients)] if number and self.clients else None

    def take_refusal(self):
        refuses, self.refuses = self.refuses, False
        return refuses

    def payload(self, size):
        self.stamp += 1
        return bytes((self.stamp * 29 + i * 7) & 255 for i in range(size))

    def look(self):
        """All that can be seen from outside."""
        return (
            self.look_at_device(),
            [self.look_at_client(client) for client in self.clients],
            [(backend.opened, backend.input, backend.room, backend.output) for backend in self.backends],
        )

    # The device.

    def do_renew(self):
        """Another device, for the clients that there are."""
        self.make_device(self.backends[0])
        self.do_start()
        for number in range(len(self.clients)):
            if number < 3:
                self.do_reattach(number)

    def make_device(self, backend):
        self.generation += 1
        self.device = self.new_device(self.kind, backend)

    def do_drop_device(self):
        self.need_device()
        self.drop_device()

    def do_start(self):
        self.need_device().start()

    def do_stop(self):
        self.need_device().stop()

    def do_wakeup(self):
        self.need_device().wakeup()

    def do_reset(self):
        self.need_device().reset()

    def do_keep(self, keep):
        self.need_device().set_keep_unread(keep)

    # The other side.

    def do_feed(self, chunks, wake):
        """With bytes, so many bytes, or how it ends."""
        backend = self.need_device() and self.backend_at_hand()
        backend.input += [self.payload(chunk) if isinstance(chunk, int) else chunk for chunk in chunks]
        if wake:
            self.device.wakeup()

    def do_room(self, n, wake):
        backend = self.need_device() and self.backend_at_hand()
        backend.room += n
        if wake:
            self.device.wakeup()

    def do_fail(self, failure):
        backend = self.need_device() and self.backend_at_hand()
        backend.failure = failure

    def backend_at_hand(self):
        number = self.look_at_device()[-1]
        return self.backends[0 if number is None else number]

    def do_event(self, number, event):
        """Of the back end at hand where the number is None."""
        self.need_device()
        self.emit(self.backend_at_hand() if number is None else self.pick(self.backends, number), event)

    def do_swap(self, number, refuses):
        """Which a handler refuses, where one is asked."""
        device = self.need_device()
        self.refuses = refuses
        self.swap(device, None if number is None else self.pick(self.backends, number))

    # Clients.

    def do_attach(self, spec):
        self.need_device()
        client = self.new_client(len(self.clients), spec)
        self.clients.append(client)
        self.attach(client)

    def do_reattach(self, number):
        self.need_device()
        self.attach(self.pick(self.clients, number))

    def do_detach(self, number):
        self.need_device()
        return self.detach(self.pick_client(number))

    def do_detach_told(self):
        """The one that is told, or told about."""
        self.need_device()
        return self.detach(self.pick(self.clients, self.told))

    def do_reattach_told(self):
        self.need_device()
        self.attach(self.pick(self.clients, self.told))

    def do_grant(self, number, n):
        self.need_device()
        self.grant(self.pick_client(number), n)

    def do_set_grant(self, number, n):
        self.need_device()
        self.set_grant(self.pick_client(number), n)

    def do_ready(self, number, ready):
        self.set_ready(self.pick_client(number), ready)

    # Writing.

    def do_write(self, number, size, times=1):
        """By the program itself where the number is None."""
        for _ in range(times):
            self.need_device()
            self.write(None if number is None else self.pick_client(number), self.payload(size))

    def do_get(self, number, room):
        self.need_device()
        self.keep_buffer(self.get_buffer(self.pick_client(number), room))

    def do_get_server(self, room, token):
        self.need_device()
        self.keep_buffer(self.get_server_buffer(room, token))

    def keep_buffer(self, buffer):
        self.buffers.append((buffer, self.generation))

    def place_of_buffer(self, number):
        return self.buffers.index(self.pick(self.buffers, number))

    def do_fill(self, number, size):
        self.fill_buffer(self.pick(self.buffers, number)[0], self.payload(size))

    def is_foreign(self, place):
        """The buffer is one of another device, which can only be dropped."""
        return self.device is None or self.buffers[place][1] != self.generation

    def do_add(self, number):
        place = self.place_of_buffer(number)
        if self.is_foreign(place):
            self.drop_buffer(place)
        else:
            self.add_buffer(self.buffers.pop(place)[0])

    def do_release(self, number):
        place = self.place_of_buffer(number)
        if self.is_foreign(place):
            self.drop_buffer(place)
        else:
            self.release_buffer(self.buffers.pop(place)[0])

    def do_drop(self, number):
        self.drop_buffer(self.place_of_buffer(number))

    # Saved state.

    def do_save(self):
        self.need_device()
        self.states.append(self.save())

    def do_restore(self, number):
        self.need_device()
        self.restore(self.pick(self.states, number))

    def do_migrate(self, stops, starts, reverses, writes):
        """Another device takes the place of this one, with clients as the old ones were."""
        self.need_device()
        if stops:
            self.device.stop()
        specs = [self.clients[number].spec for number in self.look_at_device()[-2]]
        state = self.save()
        self.drop_device()
        self.backends.append(self.new_backend(len(self.backends)))
        self.make_device(self.backends[-1])
        # Those without a name take the places in order.
        if reverses and all(spec.name for spec in specs):
            specs.reverse()
        if starts:
            self.device.start()
        for spec in specs:
            self.do_attach(dataclasses.replace(spec, wait=True))
        if writes:
            self.do_write(None, writes)
        self.need_device()
        self.restore(state)
        self.do_start()
