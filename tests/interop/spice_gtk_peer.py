# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of spice-gtk, in a process of its own so that a crash of it is a failure and nothing else.

Usage: spice_gtk_peer.py HOST PORT ACTION [ARGUMENT]; the password is in SPICE_PASSWORD and the port's
name in SPICE_PORT_NAME. Each thing that happens is one line of output; status 0 when the action is done.
"""

import ctypes
import hashlib
import os
import sys

import gi

gi.require_version("SpiceClientGLib", "2.0")
from gi.repository import GLib, GObject, SpiceClientGLib  # noqa: E402

TIME_LIMIT_S = int(os.environ.get("SPICE_TIME_LIMIT", "60"))
PIECE = 65536
MIB = 1024 * 1024


def say(*words):
    print(*words, flush=True)


class Peer:
    """A session with one port channel, whose action is the method of that name."""

    def __init__(self, host, port, action, argument):
        self.loop = GLib.MainLoop()
        self.status = 1
        self.action = getattr(self, f"start_{action}")
        self.argument = argument
        self.channel = None
        self.started = False
        self.received = 0
        self.answer = b""
        self.digest = hashlib.sha256()
        self.blocks = None
        self.sending = None
        self.session = SpiceClientGLib.Session(host=host, port=port, password=os.environ["SPICE_PASSWORD"])
        self.take_data = self.keep_answer
        # GObject's own connect: the session and the channels have methods of that name.
        GObject.Object.connect(self.session, "channel-new", self.on_channel_new)

    def run(self):
        GLib.timeout_add_seconds(TIME_LIMIT_S, self.end, 1, f"not done after {TIME_LIMIT_S} s")
        if not SpiceClientGLib.Session.connect(self.session):
            return 1
        self.loop.run()
        SpiceClientGLib.Session.disconnect(self.session)
        return self.status

    def end(self, status, *words):
        say(*words)
        self.status = status
        self.loop.quit()
        return GLib.SOURCE_REMOVE

    def on_channel_new(self, _session, channel):
        say("channel", type(channel).__name__)
        GObject.Object.connect(channel, "channel-event", self.on_channel_event)
        if isinstance(channel, SpiceClientGLib.PortChannel):
            GObject.Object.connect(channel, "notify::port-name", self.on_name)
            GObject.Object.connect(channel, "port-data", self.on_data)
            GObject.Object.connect(channel, "port-event", self.on_event)
            SpiceClientGLib.Channel.connect(channel)

    def on_channel_event(self, channel, event):
        say("event", type(channel).__name__, event.value_nick)
        if event == SpiceClientGLib.ChannelEvent.ERROR_AUTH:
            self.end(3, "refused")

    def on_name(self, channel, _pspec):
        say("name", channel.props.port_name)
        if channel.props.port_name == os.environ["SPICE_PORT_NAME"] and not self.started:
            self.started = True
            self.channel = channel
            # The property for "opened" is set after the one for the name.
            GLib.idle_add(self.start)

    def start(self):
        say("opened", self.channel.props.port_opened)
        self.action()
        return GLib.SOURCE_REMOVE

    def on_data(self, _channel, pointer, size):
        data = ctypes.string_at(pointer, size)
        self.received += size
        self.take_data(data)

    def on_event(self, _channel, event):
        say("port-event", event)

    def keep_answer(self, data):
        self.answer += data

    # What it is asked to do.

    def start_watch(self):
        """Goes on until it is ended."""

    def start_echo(self):
        text = self.argument.encode()

        def compare(data):
            self.answer += data
            if len(self.answer) >= len(text):
                self.end(0 if self.answer == text else 1, "answer", self.answer.decode(errors="replace"))

        self.take_data = compare
        self.send_blocks([text])

    def start_download(self):
        """Asks the device for its bytes and hashes so many of them."""
        wanted = int(self.argument)

        def hash_it(data):
            self.digest.update(data)
            if self.received >= wanted:
                self.end(0, "download", self.received, self.digest.hexdigest())

        self.take_data = hash_it
        self.send_blocks([b"."])

    def start_upload(self):
        left = int(self.argument)

        def blocks():
            nonlocal left
            while left > 0:
                block = os.urandom(min(PIECE, left))
                self.digest.update(block)
                left -= len(block)
                yield block
            say("upload", self.argument, self.digest.hexdigest())

        self.send_blocks(blocks())

    def send_blocks(self, blocks):
        self.blocks = iter(blocks)
        self.send_next()

    def send_next(self):
        block = next(self.blocks, None)
        if block is None:
            return
        # spice-gtk keeps the pointer, not the bytes: they have to live until it has written them.
        self.sending = block
        self.channel.write_async(block, None, self.on_written)

    def on_written(self, channel, result):
        written = channel.write_finish(result)
        if written != len(self.sending):
            self.end(1, "wrote", written, "of", len(self.sending))
            return
        self.send_next()


def main():
    host, port, action, *argument = sys.argv[1:]
    return Peer(host, port, action, argument[0] if argument else "").run()


if __name__ == "__main__":
    sys.exit(main())
