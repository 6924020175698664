# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server and a client of it, in one program."""
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow


async def main():
    async with (Charflow.CharDevice(backend=Charflow.LoopbackBackend()) as device,
                Charflow.Server(password="s3cret") as server):
        server.add_channel(Charflow.ServerPortChannel(port_name="org.example.echo.0", device=device))
        uri = server.listen("spice://127.0.0.1:0")
        async with Charflow.Session(uri=uri, password="s3cret") as session:
            port = session.lookup_port("org.example.echo.0")
            await port.write_bytes_async(b"hello")
            print("the echo is", (await port.read_bytes_async(64)).get_data())
            print(len(server.get_clients()), "client,", [channel.props.port_name for channel in server.get_channels()
                                                         if isinstance(channel, Charflow.ServerPortChannel)])
    print("the device runs:", device.get_running())


Charflow.run(main())
