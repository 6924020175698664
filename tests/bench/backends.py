#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure how fast each back end reads and writes through a device, beside socat between the same ends.

README.md beside this file says what each figure is. Ends with status 1 when a measurement failed,
and says which in the table.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from run import KIB, MIB, READY_LIMIT_S, Child, Failure, format_cell, run_all

BLOCK = 64 * KIB
# A program that never comes so far is ended once the far end has all it wants.
ENDLESS = 2 ** 50
LOOK_AGAIN_S = 0.001
KINDS = ["charflow", "socat"]


class Stream:
    """A back end with somebody at its far end, whose clock counts."""

    n_bytes = 2048 * MIB
    # Whether the far end has to be there for the near end to find it.
    far_first = True

    def __init__(self, direction, folder):
        self.direction = direction
        self.folder = folder
        self.far_fd = self.near_fd = None

    def prepare(self, stack):
        """Makes what both ends need."""

    def wrap(self, command):
        return command


class Tcp(Stream):
    place = "tcp"

    def spec(self, place):
        return f"socket,id=b,host=127.0.0.1,port={place}"

    def address(self, place):
        return f"TCP4:127.0.0.1:{place}"


class Unix(Stream):
    @property
    def place(self):
        return f"unix:{self.folder}/socket"

    def spec(self, place):
        return f"socket,id=b,path={place}"

    def address(self, place):
        return f"UNIX-CONNECT:{place}"


class Pty(Stream):
    n_bytes = 256 * MIB
    far_first = False

    @property
    def link(self):
        return f"{self.folder}/pty"

    @property
    def place(self):
        return f"open:{self.link}"

    def spec(self, place):
        return f"pty,id=b,path={self.link}"

    def address(self, place):
        return f"PTY,rawer,wait-slave,link={self.link}"


class Serial(Stream):
    n_bytes = 256 * MIB
    place = "pty"

    def spec(self, place):
        return f"serial,id=b,path={place}"

    def address(self, place):
        return f"OPEN:{place},rawer"


class Pipe(Stream):
    @property
    def place(self):
        return f"open:{self.folder}/fifo.{'in' if self.direction == 'read' else 'out'}"

    def prepare(self, stack):
        os.mkfifo(f"{self.folder}/fifo.in")
        os.mkfifo(f"{self.folder}/fifo.out")

    def spec(self, place):
        return f"pipe,id=b,path={self.folder}/fifo"

    def address(self, place):
        return f"OPEN:{place},{'rdonly' if self.direction == 'read' else 'wronly'}"


class Fd(Stream):
    def prepare(self, stack):
        reader, writer = os.pipe()
        for fd in (reader, writer):
            stack.callback(os.close, fd)
        self.near_fd, self.far_fd = (reader, writer) if self.direction == "read" else (writer, reader)

    @property
    def place(self):
        return str(self.far_fd)

    def spec(self, place):
        return f"fd,id=b,{'in' if self.direction == 'read' else 'out'}={self.near_fd}"

    def address(self, place):
        return f"FD:{self.near_fd}"


class Stdio(Fd):
    """Through the standard input or output of the near end, on which it says no words then."""

    def wrap(self, command):
        redirect = f"0<&{self.near_fd}" if self.direction == "read" else f"1>&{self.near_fd}"
        return ["sh", "-c", f'exec "$0" "$@" {redirect}', *command]

    def spec(self, place):
        return "stdio,id=b"

    def address(self, place):
        return "STDIN" if self.direction == "read" else "STDOUT"


class File(Stream):
    """Nobody is at its far end: the time is until the near end has done it all."""

    place = None

    @property
    def path(self):
        return f"{self.folder}/file"

    def prepare(self, stack):
        if self.direction == "read":
            with open(self.path, "wb") as file:
                for _ in range(self.n_bytes // BLOCK):
                    file.write(bytes(BLOCK))

    def spec(self, place):
        if self.direction == "read":
            return f"file,id=b,path=/dev/null,input-path={self.path}"
        return f"file,id=b,path={self.path}"

    def address(self, place):
        return f"OPEN:{self.path},rdonly" if self.direction == "read" else f"CREATE:{self.path}"


BACKENDS = {"pty": Pty, "serial, on a pty": Serial, "socket, TCP": Tcp, "socket, UNIX": Unix, "pipe": Pipe,
            "fd, a pipe": Fd, "stdio, a pipe": Stdio, "file": File}


def near_command(kind, build, stream, place):
    n_bytes = ENDLESS if stream.place else stream.n_bytes
    if kind == "charflow":
        return [build / "tests" / "bench" / "backends", stream.spec(place), stream.direction, n_bytes]
    near = stream.address(place)
    ends = [near, "OPEN:/dev/null,wronly"] if stream.direction == "read" else \
        [f"OPEN:/dev/zero,rdonly,readbytes={n_bytes}", near]
    return [shutil.which("socat") or "socat", "-u", f"-b{BLOCK}", *ends]


def time_file(kind, near, started, limit_s):
    """Charflow's clock starts once it is ready. socat says nothing: it is from its start to its end."""
    if kind == "socat":
        if near.process.wait(limit_s) != 0:
            raise Failure(f"socat ended: {near.complaint()}")
        return time.monotonic() - started
    near.read_line(READY_LIMIT_S)
    started = time.monotonic()
    near.read_line(limit_s)
    return time.monotonic() - started


def await_path(near, path):
    deadline = time.monotonic() + READY_LIMIT_S
    while not os.path.exists(path):
        if near.process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{near.name} made no {path}: {near.complaint()}")
        time.sleep(LOOK_AGAIN_S)


def measure(build, kind, backend, direction, limit_s, share):
    """MB/s of one kind, with new programs at both ends."""
    with contextlib.ExitStack() as stack:
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="charflow-bench-", dir=in_memory))
        stream = BACKENDS[backend](direction, folder)
        stream.n_bytes //= share
        stream.prepare(stack)

        def start(name, command, fd):
            return stack.enter_context(Child(name, command, folder, pass_fds=[fd] if fd is not None else []))

        def start_far():
            role = "source" if direction == "read" else "sink"
            return start("far-end", [build / "tests" / "bench" / "far-end", role, stream.place, stream.n_bytes],
                         stream.far_fd)

        place = far = None
        if stream.place and stream.far_first:
            far = start_far()
            place = far.read_line(READY_LIMIT_S)
        started = time.monotonic()
        near = start(kind, stream.wrap(near_command(kind, build, stream, place)), stream.near_fd)
        if stream.place is None:
            return stream.n_bytes / time_file(kind, near, started, limit_s) / 1e6
        if far is None:
            await_path(near, stream.link)
            far = start_far()
            far.read_line(READY_LIMIT_S)
        try:
            figures = json.loads(far.read_line(limit_s))
        except Failure:
            if near.process.poll() is not None:
                raise Failure(f"{kind} ended: {near.complaint()}") from None
            raise
        return figures["bytes"] / figures["seconds"] / 1e6


def make_table(samples, failures, rows):
    lines = ["| MB/s | charflow | socat | charflow/socat |", "| --- | ---: | ---: | ---: |"]
    for row in rows:
        values = {}
        for kind in KINDS:
            failure = failures.get((kind, row))
            values[kind] = f"failed: {failure}" if failure else statistics.median(samples[kind, row])
        ratio = "–" if any((kind, row) in failures for kind in KINDS) else f"{values['charflow'] / values['socat']:.2f}"
        cells = [format_cell(value, 0) for value in values.values()]
        lines.append(f"| {row[0]}: {row[1]} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(lines)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measure Charflow's back ends beside socat.")
    parser.add_argument("--build", required=True, type=Path, metavar="DIR", help="Charflow's build folder")
    parser.add_argument("--quick", action="store_true", help="less data, and one round")
    parser.add_argument("--rounds", type=int, help="how often each measurement is made (5; 1 with --quick)")
    parser.add_argument("--only", metavar="WORD", default="", help="back ends that have it in their name")
    parser.add_argument("--limit", type=int, default=60, metavar="SECONDS", help="for one measurement (60)")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.quick else 5
    if arguments.rounds < 1 or arguments.limit < 1:
        parser.error("a number below 1")
    return arguments


def main():
    # Leaves every `with`, so that no process of ours stays behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    arguments = parse_arguments()
    rows = [(name, direction) for name in BACKENDS if arguments.only in name for direction in ("read", "write")]
    build = arguments.build.resolve()
    share = 8 if arguments.quick else 1
    samples, failures = run_all(KINDS, rows, arguments.rounds,
                                lambda kind, row: measure(build, kind, *row, arguments.limit, share))
    print(make_table(samples, failures, rows))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
