#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A handler writes, and removes its own client, which leaves a message half written."""
from toy_line import Charflow, GLib, Line, start

line = Line(room=4)
device = start(Charflow.CharDevice(backend=line))
ann, bob = Charflow.Client(), Charflow.Client()


def ann_gets(client, device, data):
    print(f"ann gets '{data.get_data().decode()}'")
    device.write_bytes(client, GLib.Bytes.new(b"farewell,"))
    device.write_bytes(client, GLib.Bytes.new(b"never sent,"))
    print(f"taken '{line.written.decode()}', {device.get_property('waiting-messages')} messages wait")
    device.detach_client(client)
    print(f"ann has left, {device.get_property('waiting-messages')} message waits")


def bob_gets(client, device, data):
    print(f"bob gets '{data.get_data().decode()}'")
    device.write_bytes(client, GLib.Bytes.new(b" hello"))


ann.connect("deliver", ann_gets)
ann.connect("removed", lambda client, device, reason: print(f"removed: {reason.value_nick}"))
bob.connect("deliver", bob_gets)
for client in (ann, bob):
    device.attach_client(client)

line.say(device, "who is there?")
line.make_room(device, 1000)
print(f"taken '{line.written.decode()}'")
