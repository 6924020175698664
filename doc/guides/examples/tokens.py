#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens both ways: spent, owed, and given back in lumps."""
from toy_line import Charflow, GLib, Line, start

line = Line(room=0)
device = start(Charflow.CharDevice(backend=line, client_tokens_interval=3))
client = Charflow.Client(flow_control=True, client_tokens=5, send_tokens=2)


def show(what):
    held, owed, waiting = (client.get_property(name) for name in
                           ("client-tokens-held", "client-tokens-owed", "waiting-messages"))
    print(f"{what:<22} held {held}, owed {owed}, waiting {waiting}")


client.connect("tokens", lambda client, device, n_tokens: print(f"  {n_tokens} tokens came back"))
client.connect("deliver", lambda client, device, data: print(f"  the client got '{data.get_data().decode()}'"))
client.connect("removed", lambda client, device, reason: print(f"  removed: {reason.value_nick}"))

print("To the device")
device.attach_client(client)
show("attached")
for text in (b"one", b"two", b"three", b"four"):
    device.write_bytes(client, GLib.Bytes.new(text))
show("wrote four messages")
line.make_room(device, 3)
show("'one' was taken")
line.make_room(device, 2)
show("and a part of 'two'")
line.make_room(device, 1)
show("and the rest of it")
line.make_room(device, 5)
show("and 'three'")

print("To the client")
line.say(device, "a", "b", "c")
print(f"send tokens {client.get_send_tokens_held()}, still in the device {len(line.unread)}")
device.add_send_tokens(client, 2)
line.flow(device)
print(f"send tokens {client.get_send_tokens_held()}, still in the device {len(line.unread)}")

print("One too many")
try:
    for _ in range(5):
        device.write_bytes(client, GLib.Bytes.new(b"x"))
except GLib.Error as error:
    print(error.message)
