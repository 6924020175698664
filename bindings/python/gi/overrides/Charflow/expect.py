# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for what the other side says."""
import asyncio
import re
import time

LIMIT = 64 * 1024
# At most so much is read at a time, and put back where it is not wanted.
PIECE = 16 * 1024


class Search:
    """What has been read, until a pattern is found in it. At its end what is not wanted is put back."""

    def __init__(self, source, pattern, timeout, limit):
        self.source = source
        self.pattern = compile_pattern(pattern)
        self.timeout, self.limit = timeout, limit
        self.end = None if timeout is None else time.monotonic() + timeout
        self.text = b""
        self.match = None

    def get_time_left(self):
        return None if self.end is None else max(0, self.end - time.monotonic())

    def add(self, data):
        """Takes what was read; whether that is enough."""
        if not data:
            raise EOFError(f"The end came before {self.pattern.pattern!r}")
        self.text += data
        self.match = self.pattern.search(self.text)
        if self.match is None and len(self.text) >= self.limit:
            raise OverflowError(f"{self.pattern.pattern!r} is not in the first {len(self.text)} bytes")
        return self.match is not None

    def get_rest(self):
        """What is to stay unread: all that follows, or all of it when nothing was found."""
        return self.text[self.match.end():] if self.match is not None else self.text

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        self.source.unread_bytes(self.get_rest())
        if kind is not None and issubclass(kind, TimeoutError):
            raise TimeoutError(f"{self.pattern.pattern!r} did not come in {self.timeout} s") from None


def compile_pattern(pattern):
    if isinstance(pattern, re.Pattern):
        if not isinstance(pattern.pattern, bytes):
            raise TypeError(f"A pattern of bytes is needed, not {pattern.pattern!r}")
        return pattern
    return re.compile(re.escape(pattern.encode() if isinstance(pattern, str) else bytes(pattern)))


class Expecting:
    """For what has read_bytes_async() and unread_bytes()."""

    def expect(self, pattern, timeout=None, limit=LIMIT):
        """Reads until a pattern is found, and returns the match; what follows it stays unread.

        The pattern is some bytes or a text, to be found as such, or a compiled regular expression of bytes. What was read
        before it is in match.string. Raises TimeoutError after timeout seconds, EOFError at the end, and OverflowError
        when it is not in the first limit bytes; what was read is unread again then.
        """
        with Search(self, pattern, timeout, limit) as search:
            while not search.add(self.read_bytes_async(PIECE).wait(search.get_time_left()).get_data()):
                pass
        return search.match

    async def expect_async(self, pattern, timeout=None, limit=LIMIT):
        """What expect() does, for tasks."""
        with Search(self, pattern, timeout, limit) as search:
            async with asyncio.timeout(timeout):
                while not search.add((await self.read_bytes_async(PIECE)).get_data()):
                    pass
        return search.match
