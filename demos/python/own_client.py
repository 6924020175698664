#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of one's own, which answers what the other side of a device says: own_client.py [BACKEND,id=ID,…]"""
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

class Answers(Charflow.Client):
    def do_deliver(self, device, line):
        answer = line.get_data().decode().rstrip()[::-1]
        print("answering", answer, flush=True)
        device.write_bytes(self, answer.encode() + b"\n")
    def do_removed(self, device, reason):
        print("removed:", reason.value_nick, flush=True)

backend = Charflow.Backend.new_from_spec(sys.argv[1] if len(sys.argv) > 1 else "pty,id=answers")
backend.connect("notify::active", lambda backend, pspec: print("device at", backend.get_uri(), flush=True))
with Charflow.LineDevice(backend=backend) as device:
    client = Answers(name="answers", overflow=Charflow.Overflow.DROP)
    device.attach_client(client)
    device.connect("event", lambda device, event: event == Charflow.Event.CLOSED and device.detach_client(client))
    GLib.MainLoop().run()
