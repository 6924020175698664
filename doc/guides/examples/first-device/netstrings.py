#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device that speaks netstrings: "5:hello," is the message "hello"."""
import re
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

HEADER = re.compile(rb"(\d{1,4}):")
BEGINNING = re.compile(rb"\d{1,4}$")


class Netstrings(Charflow.CharDevice):
    def do_read_message(self):
        """From the device to the clients."""
        n_bytes = 0
        while not (header := HEADER.match(data := self.get_available())):
            if data and not BEGINNING.match(data):
                self.read_bytes(1)  # noise: look again from the next byte on
                return None
            n_bytes = len(data)
            if self.fill(n_bytes + 1) == n_bytes:
                return None  # not all of it has come
        end = header.end() + int(header[1])
        if self.fill(end + 1) <= end:
            return None
        if self.get_available()[end:end + 1] != b",":
            self.read_bytes(1)
            return None
        self.read_bytes(header.end())
        message = self.read_bytes(int(header[1]))
        self.read_bytes(1)
        return message

    def get_available(self):
        data = self.peek_bytes()
        return data.get_data() if data else b""

    def do_frame_message(self, client, message):
        """From a client to the device; whether the message goes on in the next one is the second value."""
        data = message.get_data()
        return GLib.Bytes.new(b"%d:%b," % (len(data), data)), False


backend = Charflow.Backend.new_from_spec("socket,id=line,path=line.sock,server=on,wait=off")
device, client = Netstrings(backend=backend), Charflow.Client()
client.connect("deliver", lambda client, device, message: print("message:", message.get_data().decode(), flush=True))
device.attach_client(client)
device.start()
device.write_bytes(client, GLib.Bytes.new(b"hello"))  # waits until somebody is there
GLib.MainLoop().run()
