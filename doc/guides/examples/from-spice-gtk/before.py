#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says something to a port, and prints the answer: with spice-gtk."""
import ctypes
import gi
gi.require_version("SpiceClientGLib", "2.0")
from gi.repository import GLib, GObject, SpiceClientGLib as Spice

loop = GLib.MainLoop()


def on_channel_new(session, channel):
    if isinstance(channel, Spice.PortChannel):
        GObject.Object.connect(channel, "notify::port-opened", on_opened)
        GObject.Object.connect(channel, "port-data", on_data)
        Spice.Channel.connect(channel)


def on_opened(channel, pspec):
    if channel.props.port_name == "org.example.echo.0" and channel.props.port_opened:
        channel.write_async(b"hello\n", None, on_written)


def on_written(channel, result):
    channel.write_finish(result)


def on_data(channel, pointer, size):
    print(ctypes.string_at(pointer, size).decode(), end="")
    loop.quit()


session = Spice.Session(uri="spice://127.0.0.1:5930", password="open sesame")
GObject.Object.connect(session, "channel-new", on_channel_new)
Spice.Session.connect(session)
loop.run()
