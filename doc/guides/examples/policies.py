#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three clients of one device, each with another overflow policy, of which one is slow."""
from toy_line import Charflow, GLib, Line, start

POLICIES = (Charflow.Overflow.PACE, Charflow.Overflow.REMOVE, Charflow.Overflow.DROP)


class Reader(Charflow.Client):
    def __init__(self, policy, **properties):
        super().__init__(overflow=policy, max_queue_messages=2, **properties)
        self.log = []

    def do_deliver(self, device, data):
        self.log.append(data.get_data().decode())

    def do_missed(self, device, n_bytes):
        self.log.append(f"({n_bytes} bytes missed)")

    def do_removed(self, device, reason):
        self.log.append(f"(removed: {reason.value_nick})")


def show(when, readers, line):
    for policy, reader in readers.items():
        print(f"  {when:<6} {policy.value_nick:<7}", *reader.log or "-")
    print(f"  {when:<6} {len(line.unread)} left in the device")


for slow in POLICIES:
    line = Line()
    device = start(Charflow.CharDevice(backend=line))
    readers = {policy: Reader(policy) for policy in POLICIES}
    for reader in readers.values():
        device.attach_client(reader)

    print(f"The one with '{slow.value_nick}' is slow")
    readers[slow].set_ready(False)
    line.say(device, "1", "2", "3", "4", "5", "6")
    show("now", readers, line)
    readers[slow].set_ready(True)
    line.flow(device)
    show("later", readers, line)

print("One with 'pace' takes nothing at all, and may for 20 ms")
line = Line()
device = start(Charflow.CharDevice(backend=line))
stalled, other = Reader(Charflow.Overflow.PACE, stall_time=20), Reader(Charflow.Overflow.PACE)
stalled.set_ready(False)
for reader in (stalled, other):
    device.attach_client(reader)
line.say(device, "1", "2", "3", "4")
while stalled.get_device() is not None:
    GLib.MainContext.default().iteration(True)
line.flow(device)
print("  it    ", *stalled.log)
print("  other ", *other.log)
