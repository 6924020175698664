#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device of one's own, which reads whole lines, and prints them numbered: line_device.py [BACKEND,id=ID,…]"""
import itertools
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

class Lines(Charflow.CharDevice):
    def do_read_message(self):
        size = self.fill(1)
        while (end := self.peek_bytes().get_data().find(b"\n")) < 0:
            if size == (size := self.fill(size + 1)):  # nothing more has come
                return self.read_bytes(size) if self.is_at_end() else None
        return self.read_bytes(end + 1)

numbers = itertools.count(1)
backend = Charflow.Backend.new_from_spec(sys.argv[1] if len(sys.argv) > 1 else "pty,id=lines")
backend.connect("notify::active", lambda backend, pspec: print("device at", backend.get_uri(), flush=True))
device, client = Lines(backend=backend), Charflow.Client()
client.connect("deliver", lambda client, device, line: print(next(numbers), line.get_data().decode().rstrip(), flush=True))
device.attach_client(client)
device.start()
GLib.MainLoop().run()
