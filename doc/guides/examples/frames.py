#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device that frames its messages, with one for one client, and a client that comes late.

A frame is three characters and its text: whom it is for (the first letter of a name, or * for all), whether it goes on
in the next frame (+) or ends (.), and the size of the text, one digit.
"""
from toy_line import Charflow, Line, start

HEADER_SIZE = 3


class Frames(Charflow.CharDevice):
    def do_read_message(self):
        if self.fill(HEADER_SIZE) < HEADER_SIZE:
            return None
        header = self.peek_bytes().get_data().decode()
        size = HEADER_SIZE + int(header[2])
        if self.fill(size) < size:
            return None
        self.set_message_continues(header[1] == "+")
        return self.read_bytes(size)

    def do_message_target(self, message):
        letter = message.get_data()[:1].decode()
        for client in self.get_clients():
            if client.get_property("name").startswith(letter):
                return client
        return None


class Reader(Charflow.Client):
    def do_deliver(self, device, data):
        print(f"  {self.get_property('name')} gets {data.get_data().decode()}")


def say(*texts):
    for text in texts:
        print(f"the line says {text}")
        line.say(device, text)


line = Line()
device = start(Frames(backend=line))
for name in ("ann", "bob"):
    device.attach_client(Reader(name=name))

say("*.5he", "llo")  # a frame in two pieces
say("b.2hi*.3two")  # two frames in one
say("*+3one")
print("cas comes")
device.attach_client(Reader(name="cas"))
say("*.3two", "*.3new")
