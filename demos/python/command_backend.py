#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A back end of one's own, which is a command, and a device on it: command_backend.py COMMAND [ARGUMENT…]"""
import os, subprocess, sys, gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

class CommandBackend(Charflow.Backend):
    def start(self, *command):
        self.output, far = os.pipe()
        os.set_blocking(self.output, False)
        subprocess.Popen(command, stdout=far)
        os.close(far)
        self.emit_event(Charflow.Event.OPENED)
    def do_read_bytes(self, max_size):
        if not (data := os.read(self.output, max_size)):  # BlockingIOError: not yet
            self.emit_event(Charflow.Event.CLOSED)
        return data
    def do_create_source(self, condition):
        return GLib.unix_fd_source_new(self.output, condition)

with CommandBackend() as backend, Charflow.LineDevice(backend=backend) as device, device.open_reader() as reader:
    backend.start(*sys.argv[1:])
    for number, line in enumerate(reader, 1):
        print(number, line.get_data().decode().rstrip())
