#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves a device: CHARFLOW_PASSWORD=… serve.py [BACKEND,id=ID,…] [URI]"""
import os
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

spec, uri = (sys.argv[1:] + ["pty,id=console", "spice://127.0.0.1:0"][len(sys.argv) - 1:])[:2]
backend = Charflow.Backend.new_from_spec(spec)
backend.connect("notify::active", lambda backend, pspec: print("device at", backend.get_uri(), flush=True))
with Charflow.CharDevice(backend=backend) as device, Charflow.Server(password=os.environ["CHARFLOW_PASSWORD"]) as server:
    device.connect("backend-error", lambda device, error: print(error.message, file=sys.stderr))
    server.connect("peer-error", lambda server, peer, error: print(peer, error.message, file=sys.stderr))
    server.add_channel(Charflow.ServerPortChannel(port_name="org.charflow.python.0", device=device))
    print("listening on", server.listen(uri), flush=True)
    GLib.MainLoop().run()
