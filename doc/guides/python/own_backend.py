# SPDX-License-Identifier: LGPL-2.1-or-later
"""A back end in Python: a pipe, whose other end is ours."""
import os
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib


class Pipe(Charflow.Backend):
    def __init__(self, **properties):
        super().__init__(**properties)
        self.output, self.far = os.pipe()
        os.set_blocking(self.output, False)

    def do_read_bytes(self, max_size):
        return os.read(self.output, max_size)

    def do_create_source(self, condition):
        return GLib.unix_fd_source_new(self.output, condition)

    def do_close(self):
        os.close(self.output)


with Pipe(label="pipe") as pipe, Charflow.CharDevice(backend=pipe) as device, device.open_reader() as reader:
    pipe.emit_event(Charflow.Event.OPENED)
    os.write(pipe.far, b"from the other end")
    print(reader.expect("other end", timeout=5).string)
