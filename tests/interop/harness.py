# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the interop tests share: processes, devices, and waits that end when what they wait for is there."""

import contextlib
import hashlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

PASSWORD = "interop-password"
PORT_NAME = "org.charflow.interop.0"
HERE = Path(__file__).resolve().parent
MIB = 1024 * 1024

# Generous, because they are only waited out when something is wrong.
READY_LIMIT_S = 20
WAIT_LIMIT_S = 15
END_LIMIT_S = 10
POLL_S = 0.01


def program(variable, default=None):
    """The path of a program that the build names in the environment; a missing one is a failure."""
    path = os.environ.get(variable, default)
    if not path:
        raise AssertionError(f"{variable} does not say which program to test")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{variable}={path} cannot be run")
    return path


def charflow():
    return program("CHARFLOW")


def peer_environment(**more):
    """Without what makes our own code strict: warnings of others are theirs."""
    strict = ("G_DEBUG", "G_SLICE", "MALLOC_PERTURB_", "CHARFLOW_PASSWORD")
    return {**{k: v for k, v in os.environ.items() if k not in strict}, **more}


def eventually(condition, what, limit_s=WAIT_LIMIT_S):
    """The first true value of condition(); an AssertionError that says what never was."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {what() if callable(what) else what}")
        time.sleep(POLL_S)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program with its output gathered line by line; it is gone at the end of its `with`."""

    def __init__(self, *command, env=None, stdin=subprocess.DEVNULL):
        self.command = [str(part) for part in command]
        self.out = []
        self.err = []
        self.was_killed = False
        # The leader of its own group, so that what it starts can be ended with it.
        self.process = subprocess.Popen(self.command, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=env, start_new_session=True)
        self.readers = [threading.Thread(target=self._gather, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _gather(stream, lines):
        for line in stream:
            lines.append(line.decode(errors="backslashreplace").rstrip("\n"))
        stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    @property
    def lives(self):
        return self.process.poll() is None

    def describe(self):
        state = "lives" if self.lives else f"ended with {self.process.returncode}"
        return f"{shlex.join(self.command)} {state}; output {self.out}; errors {self.err}"

    def await_line(self, pattern, lines=None, limit_s=READY_LIMIT_S):
        """The match of the first line of output (or of `lines`) that fits the pattern."""
        lines = self.out if lines is None else lines

        def find():
            found = next(filter(None, (re.search(pattern, line) for line in list(lines))), None)
            if found is None and not self.lives:
                self._join()
                found = next(filter(None, (re.search(pattern, line) for line in lines)), None)
                if found is None:
                    raise AssertionError(f"no line like {pattern!r}: {self.describe()}")
            return found

        return eventually(find, lambda: f"a line like {pattern!r}: {self.describe()}", limit_s)

    def _join(self):
        for reader in self.readers:
            reader.join(END_LIMIT_S)

    def wait(self, limit_s=END_LIMIT_S):
        """Its status, with all of its output gathered."""
        try:
            status = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {limit_s} s: {self.describe()}") from None
        self._join()
        return status

    def send_signal(self, number):
        self.was_killed = number == signal.SIGKILL
        self.process.send_signal(number)

    def stop(self):
        """End it; its status. One that does not obey is killed."""
        if self.lives:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        try:
            self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
        self._join()
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        return self.process.returncode

    def peak_kib(self):
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"^VmHWM:\s*(\d+)", text, re.M)
        if not found:
            raise AssertionError(f"no memory figures: {self.describe()}")
        return int(found.group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Device:
    """The other side of a socket back end: a UNIX listener that the server connects to, again and again."""

    def __init__(self, path):
        self.path = str(path)
        self.received = bytearray()
        self.connection = None
        self.n_connections = 0
        self.changed = threading.Condition()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def _run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with self.changed:
                if self.ended:
                    connection.close()
                    return
                self.connection = connection
                self.n_connections += 1
                self.changed.notify_all()
            with contextlib.suppress(OSError):
                self.serve(connection)
            with self.changed:
                if self.connection is connection:
                    self.connection = None
                connection.close()

    def serve(self, connection):
        """Keeps what arrives."""
        while data := connection.recv(65536):
            self.take(data)

    def take(self, data):
        with self.changed:
            self.received += data
            self.changed.notify_all()

    def await_received(self, condition, what, limit_s=WAIT_LIMIT_S):
        """All that was received, once it fulfils the condition."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.received), limit_s):
                got = bytes(self.received[-200:])
                raise AssertionError(f"the device never got {what}, but {len(self.received)} bytes "
                                     f"that end with {got!r}")
            return bytes(self.received)

    def await_connection(self, n=1):
        with self.changed:
            if not self.changed.wait_for(lambda: self.n_connections >= n, WAIT_LIMIT_S):
                raise AssertionError(f"the server never made connection {n} to the device")

    def drop(self):
        """Cuts the connection that is there; the listener goes on."""
        with self.changed:
            if self.connection is not None:
                self.connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        with self.changed:
            self.ended = True
        self.drop()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(END_LIMIT_S)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class EchoDevice(Device):
    def serve(self, connection):
        while data := connection.recv(65536):
            self.take(data)
            connection.sendall(data)


class SourceDevice(Device):
    """Sends n random bytes, as fast as it can, from the moment it is sent anything."""

    def __init__(self, path, n_bytes):
        self.n_bytes = n_bytes
        self.digest = None
        super().__init__(path)

    def await_digest(self):
        """Of all that was sent; the last of it may have arrived before this end knows that it went."""
        return eventually(lambda: self.digest, f"the device to have sent {self.n_bytes} bytes")

    def serve(self, connection):
        if not connection.recv(65536):
            return
        digest = hashlib.sha256()
        left = self.n_bytes
        while left > 0:
            block = os.urandom(min(left, MIB))
            digest.update(block)
            connection.sendall(block)
            left -= len(block)
        self.digest = digest.hexdigest()
        super().serve(connection)


class TestCase(unittest.TestCase):
    """A temporary folder, and everything that was started gone at the end of the test."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="charflow-")))
        self.n_servers = 0

    def write_file(self, name, text, mode=0o600):
        path = self.folder / name
        path.touch(mode=mode)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *command, **kwargs):
        return self.enterContext(Process(*command, **kwargs))

    def device(self, kind=EchoDevice, *args, name="d0"):
        return self.enterContext(kind(self.folder / name, *args))

    def serve(self, *options, listen="spice://127.0.0.1:0", password=PASSWORD, device="d0",
              chardev_options="", channel_options="", env=None):
        """A `charflow serve` that is ready, with one port on the device's socket; has .uri and .address.

        It has to end well, too, at the end of the test if not before."""
        command = [charflow(), "serve", f"--listen={listen}"]
        if device is not None:
            command += [f"--chardev=socket,id=d0,path={self.folder / device},server=off{chardev_options}",
                        f"--channel=port,name={PORT_NAME},chardev=d0{channel_options}"]
        if password is not None:
            self.n_servers += 1
            command.append(f"--password-file={self.write_file(f'password-{self.n_servers}', password)}")
        server = self.start(*command, *options, env=env)
        self.addCleanup(self.assert_ends_well, server)
        server.uri = server.await_line(r"^listening on (\S+)$").group(1)
        server.address = address_of(server.uri)
        return server

    def assert_ends_well(self, server):
        lived = server.lives
        status = server.stop()
        expected = (0, -signal.SIGKILL) if server.was_killed and not lived else (0,)
        self.assertIn(status, expected, server.describe())

    def assert_serves(self, server):
        self.assertTrue(server.lives, server.describe())


def address_of(uri):
    """What a socket connects to: a pair, or the path of a UNIX socket."""
    if uri.startswith("spice+unix://"):
        return uri.removeprefix("spice+unix://")
    found = re.fullmatch(r"spice://([\d.]+):(\d+)/?", uri)
    if not found:
        raise AssertionError(f"not a URI to connect to: {uri}")
    return found.group(1), int(found.group(2))


def main():
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *sys.argv[1:]])
