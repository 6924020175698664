#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes the back end of a device while a client has it open."""
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

loop = GLib.MainLoop()


def make(spec):
    return Charflow.Backend.new_from_spec(spec)


def changed(device, result, what):
    try:
        device.change_backend_finish(result)
        print(f"{what}: changed to {device.get_backend().get_label()}")
    except GLib.Error as error:
        print(f"{what}: {error.message}; still {device.get_backend().get_label()}")
    if what == "good":
        device.change_backend_async(make("file,id=bad,path=/nowhere/file"), None, changed, "bad")
    else:
        device.write_bytes(client, GLib.Bytes.new(b"after"))


def deliver(client, device, data):
    print(f"{device.get_backend().get_label()} says {data.get_data().decode()}")
    if data.get_data() == b"before":
        device.change_backend_async(make("loopback,id=second"), None, changed, "good")
    else:
        loop.quit()


device, client = Charflow.CharDevice(backend=make("loopback,id=first")), Charflow.Client()
device.connect("event", lambda device, event: print("event:", event.value_nick))
client.connect("deliver", deliver)
device.attach_client(client)
device.start()
device.write_bytes(client, GLib.Bytes.new(b"before"))
loop.run()
