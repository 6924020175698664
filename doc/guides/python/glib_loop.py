# SPDX-License-Identifier: LGPL-2.1-or-later
"""A task in a program that GLib runs, as those with windows are."""
import asyncio
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib

main_loop = GLib.MainLoop()
loop = Charflow.EventLoop()


async def work():
    pressed = asyncio.Event()
    GLib.timeout_add(20, lambda: print("a source of GLib is called") or pressed.set())
    print("the task waits")
    await pressed.wait()
    async with Charflow.RingbufBackend(size=64) as ring:
        print("and goes on: the back end is open,", ring.get_active())
    main_loop.quit()


task = loop.create_task(work())
main_loop.run()
loop.close()
