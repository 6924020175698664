#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a device and its clients have counted."""
from toy_line import Charflow, GLib, Line, start

DEVICE = ("messages-read", "bytes-read", "messages-discarded", "bytes-discarded",
          "messages-written", "bytes-written", "waiting-messages", "waiting-bytes",
          "waiting-messages-peak", "waiting-bytes-peak")
CLIENT = ("messages-delivered", "bytes-delivered", "messages-written", "bytes-written",
          "messages-missed", "bytes-missed", "queued-messages", "queued-bytes",
          "queued-messages-peak", "queued-bytes-peak", "waiting-messages", "waiting-bytes")


def show(title, instance, names):
    print(title)
    for name in names:
        if value := instance.get_property(name):
            print(f"  {name:<22} {value}")


line = Line(room=8)
device = start(Charflow.CharDevice(backend=line))
line.say(device, "nobody hears this")

fast = Charflow.Client()
lossy = Charflow.Client(overflow=Charflow.Overflow.DROP, max_queue_bytes=8)
strict = Charflow.Client(overflow=Charflow.Overflow.REMOVE, max_queue_bytes=8)
for client in (fast, lossy, strict):
    device.attach_client(client)
lossy.set_ready(False)
strict.set_ready(False)
line.say(device, "first", "second", "third")
for text in (b"one", b"two", b"three"):
    device.write_bytes(fast, GLib.Bytes.new(text))

show("the device", device, DEVICE)
show("the fast client", fast, CLIENT)
show("the lossy client", lossy, CLIENT)
print("removals")
for reason, number in device.get_property("removals").unpack().items():
    if number > 0:
        print(f"  {reason:<22} {number}")

# Times are in microseconds, and one that goes on counts as far as it has come.
while device.get_property("write-blocked-time") == 0 or lossy.get_property("blocked-time") == 0:
    pass
print("the line has kept the device waiting, and the lossy client has kept messages")
