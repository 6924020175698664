# SPDX-License-Identifier: LGPL-2.1-or-later
"""A result that is still to come, for whoever awaits it in a task or waits for it without one."""
import asyncio

from . import loop


class Pending:
    """Await it, or wait() for it. It was begun when it was made, and goes on when nobody looks."""

    def __init__(self, give_back=None):
        self._give_back = give_back
        self._waiters = []
        self._done = False
        self._abandoned = False
        self._result = self._error = None

    def _end(self, result=None, error=None):
        self._result, self._error, self._done = result, error, True
        if self._abandoned:
            self._return_result()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def _abandon(self):
        """Nobody takes the result: what was read is put back, where that can be."""
        self.cancel()
        self._abandoned = True
        if self._done:
            self._return_result()

    def _return_result(self):
        if self._give_back is not None and self._error is None:
            self._give_back(self._result)
            self._give_back = None

    def cancel(self):
        """Asks it to end. It then fails, unless it was done before."""
        raise NotImplementedError

    def done(self):
        """Whether it has ended."""
        return self._done

    def result(self):
        """What the call returns, or raises. Only once it is done."""
        if not self._done:
            raise asyncio.InvalidStateError("the operation has not ended yet")
        if self._error is not None:
            raise self._error
        return self._result

    def wait(self, timeout=None):
        """Runs the main context until it has ended, and returns its result: for programs without a loop of asyncio.

        After timeout seconds it is cancelled, and a TimeoutError raised.
        """
        try:
            loop.wait_until(self.done, timeout)
        except BaseException:
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
            self._abandon()
            # So that the next call finds the way free. Whoever cancels twice does not wait for that.
            yield from self._wait_done().__await__()
            raise
        return self.result()
