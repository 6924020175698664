#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device stops in the middle of a message, and another one goes on: each byte is written once."""
from toy_line import Charflow, GLib, Line, start


class Reader(Charflow.Client):
    def do_deliver(self, device, data):
        print(f"  {self.get_property('name')} gets '{data.get_data().decode()}'")


def new_device(line, *clients):
    device = start(Charflow.CharDevice(backend=line, client_tokens_interval=5))
    for client in clients:
        device.attach_client(client)
    return device


def new_client(name, **properties):
    return Reader(name=name, client_tokens=10, **properties)


def show(client):
    held, owed = client.get_client_tokens_held(), client.get_client_tokens_owed()
    print(f"  {client.get_property('name')} holds {held}, is owed {owed}")


def save(device):
    device.stop()
    state = device.save_state().get_data()
    layout = "Charflow's" if state[:4] == b"CFDS" else "SPICE's"
    print(f"  {len(state)} bytes in {layout} layout")
    return state


def restore(device, state):
    device.restore_state(GLib.Bytes.new(state))


print("One client; the line takes 5 bytes, then no more")
old_line, new_line = Line(room=5), Line()
ann = new_client("ann", flow_control=True)
old = new_device(old_line, ann)
for text in (b"one ", b"two ", b"three"):
    old.write_bytes(ann, GLib.Bytes.new(text))
show(ann)
state = save(old)

# These are plain bytes: the rest may as well happen in another process.
ann = new_client("ann", flow_control=True, wait_for_state=True)
new = new_device(new_line, ann)
try:
    new.write_bytes(ann, GLib.Bytes.new(b"four"))
except GLib.Error as error:
    print(f"  {error.message}")
restore(new, state)
show(ann)
print(f"  taken: '{old_line.written.decode()}' and '{new_line.written.decode()}'")

print("Two clients, one of which has granted no send token")
line = Line()
old = new_device(line, new_client("ann", flow_control=True), new_client("bob"))
line.say(old, "news")
state = save(old)

ann = new_client("ann", flow_control=True, wait_for_state=True)
bob = new_client("bob", wait_for_state=True)
new = new_device(Line(), bob, ann)
restore(new, state)
print(f"  {ann.get_queued_messages()} message waits for ann, {bob.get_queued_messages()} for bob")
new.add_send_tokens(ann, 1)
