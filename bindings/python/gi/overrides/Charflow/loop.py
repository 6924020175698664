# SPDX-License-Identifier: LGPL-2.1-or-later
"""One loop out of two: asyncio's and GLib's.

The descriptors of an asyncio loop are in one epoll descriptor already. A source of GLib's context watches that one, and
keeps its time. When asyncio runs, waiting for events means to iterate the context; when GLib runs, this source gives
asyncio its turns. Nothing polls, and there is no thread.
"""
import asyncio
import contextlib
import heapq
import math
import selectors
import time
import weakref

from gi.repository import GLib

US = 1_000_000
# How long what was cancelled has to end.
GRACE_S = 5


class Joint:
    """The source of one asyncio loop in one context of GLib: its descriptor, and the time of its next timer."""

    def __init__(self, loop, selector, context, turn):
        self._loop = weakref.ref(loop)
        self._select = selector.select
        self._context = context
        self._turn = turn
        self._woken = False
        self._ready_time = -1
        self._source = GLib.unix_fd_source_new(selector.fileno(), GLib.IOCondition.IN)
        self._source.set_name("Charflow asyncio")
        self._source.set_callback(self._wake)
        self._source.attach(context)
        self.turning = False

    def _wake(self, _data):
        loop = self._loop()
        if loop is None or loop.is_closed():
            return GLib.SOURCE_REMOVE

        self._woken = True
        self.expire_at(None)
        if not loop.is_running() and self._turn is not None:
            self._turn()
        return GLib.SOURCE_CONTINUE

    def expire_at(self, when):
        """Has the context woken at a time of time.monotonic(), or never."""
        ready_time = -1 if when is None else math.ceil(when * US)
        if ready_time != self._ready_time:
            self._ready_time = ready_time
            self._source.set_ready_time(ready_time)

    def select(self, timeout=None):
        """What the loop calls to wait for events."""
        if self.turning:
            return self._select(0)
        if timeout is not None and timeout <= 0:
            self._context.iteration(False)
            return self._select(0)

        self._woken = False
        self.expire_at(None if timeout is None else time.monotonic() + timeout)
        loop = self._loop()
        while not (self._woken or loop._ready):
            self._context.iteration(True)
        return self._select(0) if self._woken else []

    def close(self):
        self._source.destroy()


class EventLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that runs the sources of a GLib main context, and is run by these.

    Either may own the thread: with run(), or run_until_complete(), what GLib has to do is done while asyncio waits;
    and while a GLib.MainLoop or an application runs, the tasks of this loop run as well.
    """

    def __init__(self, context=None):
        self._joint = None
        self._times = []
        self._has_work = False
        selector = selectors.DefaultSelector()
        super().__init__(selector)
        self._joint = Joint(self, selector, context or GLib.MainContext.ref_thread_default(), self._take_turn)
        selector.select = self._joint.select

    def _take_turn(self):
        """Does what is to be done right now, when GLib owns the thread."""
        self._has_work = False
        self._joint.turning = True
        try:
            self.stop()
            self.run_forever()
        finally:
            self._joint.turning = False
        now = self.time()
        while self._times and self._times[0] <= now:
            heapq.heappop(self._times)
            self._has_work = True
        self._arm()

    def _arm(self):
        if self._has_work:
            self._joint.expire_at(0)
        else:
            self._joint.expire_at(self._times[0] if self._times else None)

    def _note_work(self):
        self._has_work = True
        if not self.is_running() and self._joint is not None:
            self._arm()

    def call_soon(self, callback, *args, context=None):
        self._note_work()
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        heapq.heappush(self._times, when)
        if not self.is_running():
            self._arm()
        return super().call_at(when, callback, *args, context=context)

    def close(self):
        if self._joint is not None:
            self._joint.close()
        super().close()


joints = weakref.WeakKeyDictionary()


def adopt(loop):
    """Has a loop of asyncio run the main context while it waits, if it does not yet."""
    if isinstance(loop, EventLoop) or loop in joints:
        return

    selector = getattr(loop, "_selector", None)
    if not hasattr(selector, "fileno") or not hasattr(loop, "_ready"):
        raise RuntimeError(f"A {type(loop).__name__} cannot run GLib's sources: use Charflow.run() or Charflow.EventLoop")

    joint = joints[loop] = Joint(loop, selector, GLib.MainContext.ref_thread_default(), None)
    close = selector.close

    def close_both():
        joint.close()
        close()

    selector.select, selector.close = joint.select, close_both


def adopt_running():
    adopt(asyncio.get_running_loop())


def is_asyncio_running():
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop() is not None
    return False


def run(main, *, debug=None):
    """Runs a coroutine to its end, as asyncio.run() does, in a loop that GLib's sources share."""
    with asyncio.Runner(debug=debug, loop_factory=EventLoop) as runner:
        return runner.run(main)


def wait_until(condition, timeout=None):
    """Runs the main context until a condition holds; after timeout seconds it raises TimeoutError."""
    if is_asyncio_running():
        raise RuntimeError("This would block the loop of asyncio: await it instead")

    context = GLib.MainContext.ref_thread_default()
    expired = []
    timer = None
    if timeout is not None:
        timer = GLib.timeout_source_new(max(0, math.ceil(timeout * 1000)))
        timer.set_callback(lambda data: expired.append(True) or True)
        timer.attach(context)
    try:
        while not condition():
            if expired:
                raise TimeoutError(f"It did not come in {timeout} s")
            context.iteration(True)
    finally:
        if timer is not None:
            timer.destroy()
