# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong, as exceptions."""
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

try:
    Charflow.Backend.new_from_spec("socket,id=s,colour=blue")
except Charflow.BackendError as error:
    print(error.code == Charflow.BackendError.UNKNOWN_OPTION, isinstance(error, GLib.Error))

try:
    with Charflow.SerialBackend(path="/nonexistent/tty"):
        pass
except FileNotFoundError as error:
    print(error)

with Charflow.RingbufBackend(size=16) as ring:
    try:
        ring.read_bytes(16)
    except BlockingIOError:
        print("nothing is there yet")
