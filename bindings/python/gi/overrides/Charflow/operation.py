# SPDX-License-Identifier: LGPL-2.1-or-later
"""An asynchronous call that is under way."""
import asyncio

from gi.repository import Gio, GLib

from . import errors, loop


class Operation:
    """What an _async method without a callback returns. It has begun already; await it, or wait() for it.

    Cancelling the task that awaits it cancels its Gio.Cancellable.
    """

    def __init__(self, instance, start, finish, arguments, cancellable=None, give_back=None):
        self._cancellable = cancellable or Gio.Cancellable()
        self._finish = finish
        self._give_back = give_back
        self._waiters = []
        self._done = False
        self._abandoned = False
        self._result = self._error = None
        start(instance, *arguments, self._cancellable, self._take_result)

    def _take_result(self, source, result):
        try:
            self._result = self._finish(source, result)
        except GLib.Error as error:
            self._error = errors.from_gio(error)
        except Exception as error:  # of a back end in Python: it is for whoever waits
            self._error = error
        self._done = True
        if self._abandoned:
            self._return_result()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def _abandon(self):
        """Nobody takes the result: bytes that were read are put back, where that can be."""
        self._abandoned = True
        if self._done:
            self._return_result()

    def _return_result(self):
        if self._give_back is not None and self._error is None:
            self._give_back(self._result)
            self._give_back = None

    def done(self):
        """Whether it has ended."""
        return self._done

    def cancel(self):
        """Asks it to end; it then fails with Gio.IOErrorEnum.CANCELLED, unless it was done before."""
        self._cancellable.cancel()

    def result(self):
        """What the call returns, or raises. Only once it is done."""
        if not self._done:
            raise asyncio.InvalidStateError("the operation has not ended yet")
        if self._error is not None:
            raise self._error
        return self._result

    def wait(self, timeout=None):
        """Runs the main context until it has ended, and returns its result: for programs without a loop.

        After timeout seconds it is cancelled, and a TimeoutError raised.
        """
        try:
            loop.wait_until(self.done, timeout)
        except BaseException:
            self.cancel()
            self._abandon()
            if not loop.is_asyncio_running():
                loop.wait_until(self.done, loop.GRACE_S)
            raise
        return self.result()

    async def _wait_done(self):
        running = asyncio.get_running_loop()
        loop.adopt(running)
        while not self._done:
            waiter = running.create_future()
            self._waiters.append(waiter)
            await waiter

    def __await__(self):
        try:
            yield from self._wait_done().__await__()
        except asyncio.CancelledError:
            self.cancel()
            self._abandon()
            # So that the next call finds the way free. Whoever cancels twice does not wait for that.
            yield from self._wait_done().__await__()
            raise
        return self.result()
