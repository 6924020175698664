#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the first port of a server: CHARFLOW_PASSWORD=… read.py URI [LINE TO WRITE]"""
import os
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

async def main(uri, *lines):
    async with Charflow.Session(uri=uri, password=os.environ["CHARFLOW_PASSWORD"]) as session:
        port = next(c for c in session.get_channels() if isinstance(c, Charflow.ClientPortChannel))
        for line in lines:
            await port.write_bytes_async(line.encode() + b"\n")
        while data := (await port.read_bytes_async(65536)).get_data():
            print(data, flush=True)

try:
    Charflow.run(main(*sys.argv[1:]))
except GLib.Error as error:
    sys.exit(error.message)
