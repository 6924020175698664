#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many short messages a second reach Python: python_reader.py [SECONDS]

Lines of 16 bytes come through a UNIX socket from another process. They are read many at once, one by one in a for loop,
and by a handler that is called for each.
"""
import os
import signal
import socket
import sys
import time

import gi

gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib  # noqa: E402

LINE = b"0123456789abcde\n"
N_LINES = 4096


def start_writer():
    """Another process that writes as fast as it is read; its number and our end."""
    near, far = socket.socketpair()
    process = os.fork()
    if process == 0:
        near.close()
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        while True:
            far.sendall(LINE * N_LINES)
    far.close()
    return process, near.detach()


def read_many(device, end):
    n_messages = 0
    with device.open_reader() as reader:
        while time.monotonic() < end:
            for message in reader.read_messages_async().wait():
                assert len(message.get_data()) == len(LINE)
                n_messages += 1
    return n_messages


def read_each(device, end):
    n_messages = 0
    for message in device:
        assert len(message.get_data()) == len(LINE)
        n_messages += 1
        if n_messages % 1000 == 0 and time.monotonic() >= end:
            break
    return n_messages


def be_called(device, end):
    n_messages = 0

    def take(client, device, message):
        nonlocal n_messages
        assert len(message.get_data()) == len(LINE)
        n_messages += 1

    client = Charflow.Client()
    client.connect("deliver", take)
    device.attach_client(client)
    context = GLib.MainContext.default()
    while time.monotonic() < end:
        context.iteration(True)
    device.detach_client(client)
    return n_messages


def measure(way, seconds):
    process, descriptor = start_writer()
    device = Charflow.LineDevice(backend=Charflow.Backend.new_from_spec(f"socket,id=lines,fd={descriptor}"))
    try:
        with device:
            while not device.get_opened():
                GLib.MainContext.default().iteration(True)
            begin = time.monotonic()
            n_messages = way(device, begin + seconds)
            return n_messages / (time.monotonic() - begin)
    finally:
        device.set_backend(None)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3
    for name, way in (("many at once", read_many), ("for message in device", read_each), ("a handler", be_called)):
        print(f"{name:24}{measure(way, seconds):12,.0f} messages/s", flush=True)


if __name__ == "__main__":
    main()
