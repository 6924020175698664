#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the first port of a server: CHARFLOW_PASSWORD=… read.py URI [LINE TO WRITE]"""
import os, sys, gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

def opened(session, result):
    try:
        session.open_finish(result)
    except GLib.Error as error:
        sys.exit(error.message)
    port = next(c for c in session.get_channels() if isinstance(c, Charflow.ClientPortChannel))
    if len(sys.argv) > 2:
        port.write_bytes_async(GLib.Bytes.new(sys.argv[2].encode() + b"\n"), None, None)
    port.read_bytes_async(65536, None, got)

def got(port, result):
    print(data := port.read_bytes_finish(result).get_data(), flush=True)
    port.read_bytes_async(65536, None, got) if data else loop.quit()

loop = GLib.MainLoop()
session = Charflow.Session(uri=sys.argv[1], password=os.environ["CHARFLOW_PASSWORD"])
session.open_async(None, opened)
loop.run()
