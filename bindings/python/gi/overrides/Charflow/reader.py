# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client in the process that is read from, instead of being called."""
import collections
import weakref

from gi.repository import Charflow, Gio, GLib

from . import loop
from .expect import Expecting
from .pending import Pending

# So many messages are taken from the queue of the client at a time.
N_MESSAGES = 1024


def disconnect(device, handlers):
    for handler in handlers:
        device.disconnect(handler)


class Reading(Pending):
    """Something that a reader is to take, as soon as there is anything."""

    def __init__(self, reader, take, give_back=None):
        super().__init__(give_back)
        self._reader = reader
        self._take = take
        reader._readings.append(self)
        reader._serve()

    def cancel(self):
        if not self.done():
            self._reader._readings.remove(self)
            self._end(error=GLib.Error.new_literal(Gio.io_error_quark(), "It was cancelled", Gio.IOErrorEnum.CANCELLED))

    def finish(self):
        self._end(self._take())


class Reader(Charflow.Client, Expecting):
    """A client of a device that a program reads from: by iteration, many messages at once, or until a pattern comes.

    It ends when the other side of the device goes, when the device is stopped, or when it is detached. What nobody has read
    waits in the queue of the client, with the bounds and the policy that it was made with.
    """

    # PyGObject makes no type of a class whose module is an override.
    __module__ = "Charflow"
    __gtype_name__ = "CharflowReader"

    def __init__(self, device=None, **properties):
        super().__init__(**properties)
        self._messages = collections.deque()
        self._readings = collections.deque()
        self._closed = self._looking = self._ended = False
        self._handlers = []
        if device is not None:
            self.attach(device)

    def attach(self, device):
        """Makes it a client of a device."""
        this = weakref.ref(self)
        # The device may tell all, to its end, while it takes the client.
        handlers = [
            device.connect("event", lambda device, event: this() and this()._note_event(event)),
            device.connect("notify::running", lambda device, pspec: this() and this()._note_running(device)),
        ]
        self._closed = self._ended = False
        try:
            device.attach_client(self)
        except GLib.Error:
            disconnect(device, handlers)
            raise
        self._handlers = handlers

    def close(self):
        """Lets go of the device."""
        device = self.get_device()
        if device is not None:
            device.detach_client(self)

    def _note_event(self, event):
        if event == Charflow.Event.OPENED:
            self._closed = False
            self._set_ended(False)
        elif event == Charflow.Event.CLOSED:
            self._closed = True
            self._look_for_end()

    def _look_for_end(self):
        """A device tells that the other side has gone, and then what it said last: the end is when nothing comes more."""
        if self._looking or self._ended:
            return

        self._looking = True
        this = weakref.ref(self)
        source = GLib.idle_source_new()
        source.set_callback(lambda data: this() and this()._decide_end())
        source.attach(GLib.MainContext.ref_thread_default())

    def _decide_end(self):
        self._looking = False
        if self._closed and self.get_ready() and not self._messages:
            self._set_ended(True)
        return GLib.SOURCE_REMOVE

    def _note_running(self, device):
        self._set_ended(not device.get_running())

    def _set_ended(self, ended):
        self._ended = ended
        self._serve()

    def do_removed(self, device, reason):
        disconnect(device, self._handlers)
        self._handlers = []
        self._set_ended(True)
        Charflow.Client.do_removed(self, device, reason)

    def do_deliver(self, device, message):
        # The others go to the queue, from where they are taken many at a time.
        self.set_ready(False)
        self._messages.append(message)
        self._serve()

    def _fill(self):
        """Whether there are messages; the device is read on when there are none."""
        if not self._messages:
            self._messages.extend(self.take_messages(N_MESSAGES))
        if not self._messages:
            self.set_ready(True)
        if not self._messages and self._closed:
            self._look_for_end()
        return bool(self._messages)

    def _serve(self):
        while self._readings and (self._fill() or self._ended):
            # One that was served by a delivery within is not there any more.
            if self._readings:
                self._readings.popleft().finish()

    def _await_more(self):
        return Reading(self, lambda: bool(self._messages))

    def _put_back(self, messages):
        self._messages.extendleft(reversed(messages))

    def read_messages(self, max_messages=N_MESSAGES):
        """Takes the messages that are there, a list of GLib.Bytes: none when there are none now."""
        messages = []
        while len(messages) < max_messages and self._fill():
            n_wanted = max_messages - len(messages)
            if len(self._messages) <= n_wanted:
                messages += self._messages
                self._messages.clear()
            else:
                messages += [self._messages.popleft() for _ in range(n_wanted)]
        return messages

    def read_messages_async(self, max_messages=N_MESSAGES):
        """Takes messages as soon as there are any: await it, or wait() for it. There are none at the end."""
        return Reading(self, lambda: self.read_messages(max_messages), self._put_back)

    def _read_bytes(self, max_size):
        if not self._messages:
            return GLib.Bytes.new(b"")
        message = self._messages.popleft()
        size = message.get_size()
        if size <= max_size:
            return message
        self._messages.appendleft(message.new_from_bytes(max_size, size - max_size))
        return message.new_from_bytes(0, max_size)

    def read_bytes_async(self, max_size):
        """Reads bytes of one message as soon as there are any, none at the end, as a port does."""
        return Reading(self, lambda: self._read_bytes(max_size), self.unread_bytes)

    def unread_bytes(self, data):
        """Puts bytes back that were read."""
        data = data if isinstance(data, GLib.Bytes) else GLib.Bytes.new(bytes(data))
        if data.get_size() > 0:
            self._messages.appendleft(data)
            self._serve()

    def write_bytes(self, data):
        """Writes one message to the device."""
        self.get_device().write_bytes(self, data)

    def __iter__(self):
        while self._messages or self._await_more().wait():
            yield self._messages.popleft()

    async def __aiter__(self):
        loop.adopt_running()
        while self._messages or await self._await_more():
            yield self._messages.popleft()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Readable:
    """What a device has for those who read it."""

    def open_reader(self, **properties):
        """Makes a reader of the device: a client in the process, with the properties of one."""
        return Reader(self, **properties)

    def __iter__(self):
        with Reader(self) as reader:
            yield from reader

    async def __aiter__(self):
        with Reader(self) as reader:
            async for message in reader:
                yield message
