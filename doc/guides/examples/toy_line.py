# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the examples share: a back end in memory, whose other side does what the example says."""
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, Gio, GLib


def would_block():
    return GLib.Error.new_literal(Gio.io_error_quark(), "Not now", Gio.IOErrorEnum.WOULD_BLOCK)


class Line(Charflow.Backend):
    """A line that has said `unread`, has taken `written`, and takes `room` bytes more."""

    def __init__(self, room=1000):
        super().__init__()
        self.unread, self.written, self.room = [], b"", room
        self.connect("notify::active", lambda line, pspec: line.get_active() and line.emit_event(Charflow.Event.OPENED))

    def do_read_bytes(self, max_size):
        if not self.unread:
            raise would_block()
        return GLib.Bytes.new(self.unread.pop(0))

    def do_write(self, data, size):
        taken = bytes(data)[:self.room]
        if not taken:
            raise would_block()
        self.room -= len(taken)
        self.written += taken
        return len(taken)

    # A real back end has a GSource that tells its device; this one is silent, so the example wakes the device.

    def flow(self, device):
        """Lets the device read until it takes no more."""
        n_before = None
        while len(self.unread) != n_before:
            n_before = len(self.unread)
            device.wakeup()

    def say(self, device, *texts):
        self.unread += [text.encode() for text in texts]
        self.flow(device)

    def make_room(self, device, size):
        self.room += size
        device.wakeup()


def start(device):
    """Starts a device and waits until its line is open, which the main loop tells."""
    device.start()
    while not device.get_opened():
        GLib.MainContext.default().iteration(True)
    return device
