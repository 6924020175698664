#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A back end that is a program: what is written is its input, and what is read its output."""
import os
import subprocess
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib


class Command(Charflow.FdBackend):
    def __init__(self, argv):
        super().__init__(label="command")
        self.argv = argv

    def do_open_fds(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.set_uri(self.argv[0])
        # They belong to the back end from now on; what it reads is what the program writes.
        return True, os.dup(self.process.stdout.fileno()), os.dup(self.process.stdin.fileno())

    def do_release_fds(self):
        self.process.terminate()


device = Charflow.CharDevice(backend=Command(sys.argv[1:]))
device.start()
server = Charflow.Server(password="open sesame")
server.add_channel(Charflow.ServerPortChannel(port_name="org.example.command.0", device=device))
print("listening on", server.listen("spice://127.0.0.1:5931"), flush=True)
GLib.MainLoop().run()
