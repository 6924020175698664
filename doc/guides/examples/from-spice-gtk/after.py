#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says something to a port, and prints the answer: with Charflow."""
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

loop = GLib.MainLoop()


def on_opened(session, result):
    session.open_finish(result)
    port = session.lookup_port("org.example.echo.0")
    port.write_bytes_async(GLib.Bytes.new(b"hello\n"), None, on_written)
    port.read_bytes_async(65536, None, on_read)


def on_written(port, result):
    port.write_bytes_finish(result)


def on_read(port, result):
    print(port.read_bytes_finish(result).get_data().decode(), end="")
    loop.quit()


session = Charflow.Session(uri="spice://127.0.0.1:5930", password="open sesame")
session.open_async(None, on_opened)
loop.run()
