#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logs in on a port and runs a command there: CHARFLOW_PASSWORD=… login.py URI PORT NAME PASSWORD COMMAND"""
import os
import re
import sys
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow

async def main(uri, port_name, name, password, command):
    async with Charflow.Session(uri=uri, password=os.environ["CHARFLOW_PASSWORD"]) as session:
        port = session.lookup_port(port_name) or sys.exit(f"There is no port '{port_name}'")
        await port.write_bytes_async(b"\n")  # so that it asks again
        for question, answer in (b"login: ", name), (b"Password: ", password), (b"$ ", command):
            await port.expect_async(question, timeout=10)
            await port.write_bytes_async(answer.encode() + b"\n")
        match = await port.expect_async(re.compile(rb"(.*?)[^\n]*\$ ", re.DOTALL), timeout=10)
        print(match[1].decode(), end="")

Charflow.run(main(*sys.argv[1:]))
