#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A channel of a type of one's own, and both of its ends, of which one shouts: own_channel.py WORD…"""
import asyncio, sys, gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow

class Shouting(Charflow.ServerChannel):
    def do_message_limit(self, client, message_type): return 100  # bytes
    def do_handle_message(self, client, message_type, body):
        client.send_message(message_type, body.get_data().upper())
        return True
class Asking(Charflow.ClientChannel):
    answer: asyncio.Future[str]
    def do_message_limit(self, message_type): return 100
    def do_handle_message(self, message_type, body):
        self.answer.set_result(body.get_data().decode())
        return True
async def main(words):
    async with Charflow.Server(authentication=Charflow.Authentication.NONE) as server:
        server.add_channel(Shouting(channel_type=200))
        async with (Charflow.Session(uri=server.listen("spice://127.0.0.1:0")) as session,
                    Asking(channel_type=200, channel_id=0, session=session) as channel):
            for word in words:
                channel.answer = asyncio.get_running_loop().create_future()
                channel.send_message(101, word.encode())
                print(await channel.answer)
Charflow.run(main(sys.argv[1:]))
