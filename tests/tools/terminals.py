# SPDX-License-Identifier: LGPL-2.1-or-later
"""The terminals of a guide: each runs its commands in one folder, and says whether they printed what the guide says."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

LIMIT_S = 90
PRINT_LIMIT_S = 30
POLL_S = 0.02
ANYTHING = "…"
# Ports as guides have them; each run has free ones in their place.
PORT = re.compile(r"\b59[3-9]\d\b")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def is_like(expected, text):
    """Whether a text is as expected, where … is anything in a line, and a line of … any lines; its last may lack its end."""
    text += "" if text.endswith("\n") or not text else "\n"
    parts = [r"(?:[^\n]*\n)*" if line == ANYTHING + "\n"
             else r"[^\n]*".join(map(re.escape, line.split(ANYTHING))) for line in expected.splitlines(keepends=True)]
    return re.fullmatch("".join(parts), text) is not None


def lay_out_clone(folder, source, build):
    """Makes a folder look like a clone that was built."""
    for path in source.iterdir():
        if not path.name.startswith("_build") and path.resolve() != build.resolve():
            (folder / path.name).symlink_to(path)
    (folder / "_build").symlink_to(build)


class Terminals:
    """A folder, the programs that go on running in it by the names of their terminals, and what each has printed."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.running = {}
        self.printed = {}
        self.ports = {}

    def with_free_ports(self, text):
        return PORT.sub(lambda match: self.ports.setdefault(match[0], free_port()), text)

    def run(self, name, commands):
        """Runs commands to their end, or, in a terminal that has a name, beside what follows; None, or what is wrong."""
        commands = self.with_free_ports(commands)
        # A terminal that is used again was interrupted before.
        self.end(name)
        out = tempfile.TemporaryFile()
        # In a terminal of its own a program finds a reader who types nothing.
        stdin = subprocess.PIPE if name else subprocess.DEVNULL
        process = subprocess.Popen(["bash", "-ec", commands], cwd=self.folder, stdin=stdin, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        self.running[name], self.printed[name] = process, out
        if name:
            return None

        try:
            status = process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.end(name)
            return f"does not end within {LIMIT_S} s:\n{commands}{self.read(name)}"
        return None if status == 0 else f"ended with {status}:\n{commands}{self.read(name)}"

    def read(self, name):
        out = self.printed[name]
        text = os.pread(out.fileno(), os.fstat(out.fileno()).st_size, 0).decode(errors="backslashreplace")
        for shown, real in self.ports.items():
            text = text.replace(real, shown)
        return text.replace("\r\n", "\n")

    def check(self, name, expected):
        """Waits until a terminal has printed what is expected, and no more; None, or what is wrong."""
        process = self.running[name]
        deadline = time.monotonic() + PRINT_LIMIT_S
        while not is_like(expected, self.read(name)):
            if process.poll() is not None and not is_like(expected, self.read(name)) or time.monotonic() > deadline:
                return f"expected of the terminal '{name}':\n{expected}but it printed:\n{self.read(name)}"
            time.sleep(POLL_S)
        return None

    def end(self, name):
        process = self.running.get(name)
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def end_all(self):
        for name in reversed(self.running):
            self.end(name)
