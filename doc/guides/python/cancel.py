# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time limits, and tasks that are cancelled."""
import asyncio
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow


async def main():
    async with Charflow.Backend.new_from_spec("socket,id=s,host=127.0.0.1,port=0,server=on,wait=off") as backend:
        try:
            await asyncio.wait_for(backend.wait_connected_async(), 0.1)
        except TimeoutError:
            print("nobody came")

        port = int(backend.get_uri().rsplit(":", 1)[1].split(",")[0])
        waiting = asyncio.create_task(wait_for_peer(backend))
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        print("somebody came:", await waiting)
        writer.close()


async def wait_for_peer(backend):
    return await backend.wait_connected_async()


asyncio.run(main())
