# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three ways to read a device in the process."""
import re
import socket
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow

near, far = socket.socketpair()
backend = Charflow.Backend.new_from_spec(f"socket,id=guest,fd={near.detach()}")
with Charflow.LineDevice(backend=backend, keep_unread=True) as device:
    far.sendall(b"booting\nhost-17 ready\nmore\nand more\n")
    with device.open_reader() as reader:
        match = reader.expect(re.compile(rb"(\S+) ready\n"), timeout=5)
        print("the name is", match[1], "after", match.string[:match.start()])

        messages = reader.read_messages_async().wait(timeout=5)
        print("at once:", b"".join(message.get_data() for message in messages).splitlines())
        reader.write_bytes(b"bye\n")
        print("it heard", far.recv(64))

    far.sendall(b"one\ntwo\nno end")
    far.close()
    for line in device:
        print("a line:", line.get_data())
