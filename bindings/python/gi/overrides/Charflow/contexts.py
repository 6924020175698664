# SPDX-License-Identifier: LGPL-2.1-or-later
"""What with and async with do: begin what an object is for, and end it."""
from gi.repository import Charflow

from . import loop


class DeviceContext:
    """A device runs inside of it."""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    async def __aenter__(self):
        loop.adopt_running()
        return self.__enter__()

    async def __aexit__(self, *exception):
        self.stop()


class ServerContext:
    """A server is closed at its end: it listens no more, and its clients are gone."""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    async def __aenter__(self):
        loop.adopt_running()
        return self

    async def __aexit__(self, *exception):
        self.close()


class BackendContext:
    """A back end is open inside of it; one that is open already is just closed at the end."""

    def __enter__(self):
        if not self.get_active():
            self.open_async().wait()
        return self

    def __exit__(self, *exception):
        self.close()

    async def __aenter__(self):
        loop.adopt_running()
        if not self.get_active():
            await self.open_async()
        return self

    async def __aexit__(self, *exception):
        self.close()


class LinkContext:
    """A session, or a channel of it, is open inside of it, and at the end what was written has been sent."""

    def __enter__(self):
        if self.get_state() == Charflow.ClientState.CLOSED:
            self.open_async().wait()
        return self

    def __exit__(self, kind, *exception):
        if kind is None:
            self.close_async().wait()
        else:
            self.close()

    async def __aenter__(self):
        loop.adopt_running()
        if self.get_state() == Charflow.ClientState.CLOSED:
            await self.open_async()
        return self

    async def __aexit__(self, kind, *exception):
        if kind is None:
            await self.close_async()
        else:
            self.close()


class ConnectionContext:
    """The connection of one client is closed at its end."""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


CONTEXTS = {
    Charflow.Backend: BackendContext,
    Charflow.ChannelClient: ConnectionContext,
    Charflow.CharDevice: DeviceContext,
    Charflow.ClientChannel: LinkContext,
    Charflow.Server: ServerContext,
    Charflow.Session: LinkContext,
}


def extend(cls, source):
    """Gives a class of the library what a class written here defines."""
    for name, value in vars(source).items():
        if callable(value):
            setattr(cls, name, value)


def add_contexts():
    for cls, source in CONTEXTS.items():
        extend(cls, source)
