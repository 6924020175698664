#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure Charflow's server beside the SPICE server library and socat.

The device, the client and the machine are the same for all three; README.md beside this file says
what each figure is. Ends with status 1 when a measurement failed, and says which in the table.
"""

import argparse
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PASSWORD = "bench-password"
PORT_NAME = "org.charflow.bench.0"
READY_LIMIT_S = 15
END_LIMIT_S = 5
KIB = 1024
MIB = 1024 * KIB
GB = 10 ** 9
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A measurement that came to nothing; its text goes into the table."""


class Child:
    """A process of ours, read line by line with a time limit, and gone at the end of its `with`."""

    def __init__(self, name, command, folder, **kwargs):
        self.name = name
        self.pending = b""
        self.errors = open(Path(folder) / f"{name}.errors", "w+", encoding="utf-8",
                           errors="replace")
        try:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=self.errors, **kwargs)
        except OSError as error:
            self.errors.close()
            raise Failure(f"{name} did not start: {error.strerror}") from error

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()

    def complaint(self):
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        return lines[-1] if lines else f"status {self.process.poll()}"

    def read_line(self, limit_s):
        """The next line, or a Failure when none comes in time or the process has ended."""
        deadline = time.monotonic() + limit_s
        while b"\n" not in self.pending:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([self.process.stdout], [], [], left_s)[0]:
                raise Failure(f"{self.name} said nothing for {limit_s} s")
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(END_LIMIT_S)
                raise Failure(f"{self.name} ended: {self.complaint()}")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def go_on(self):
        try:
            os.write(self.process.stdin.fileno(), b"\n")
        except BrokenPipeError:
            raise Failure(f"{self.name} ended: {self.complaint()}") from None

    def wait(self):
        try:
            return self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end") from None

    def stop(self):
        """End it by its own id; False when it had to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_LIMIT_S)
            return True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    def proc_file(self, name):
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8", errors="replace")

    def cpu_seconds(self):
        text = self.proc_file("stat")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def peak_mib(self):
        for line in self.proc_file("status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / KIB
        raise Failure(f"{self.name} has ended")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listening(server):
    """The port of a server that prints `listening on spice://127.0.0.1:PORT`."""
    deadline = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < deadline:
        line = server.read_line(READY_LIMIT_S)
        if line.startswith("listening on "):
            return int(line.rstrip("/").rpartition(":")[2])
    raise Failure(f"{server.name} never listened")


class Charflow:
    plain = False

    def __init__(self, build):
        self.program = build / "demos" / "charflow" / "charflow"

    def command(self, device_path, folder):
        password_file = Path(folder) / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(PASSWORD, encoding="ascii")
        return [self.program, "serve", "--listen=spice://127.0.0.1:0",
                f"--chardev=socket,id=d0,path={device_path}",
                f"--channel=port,name={PORT_NAME},chardev=d0",
                f"--password-file={password_file}"]

    def await_port(self, server):
        return await_listening(server)


class Libspice:
    plain = False

    def __init__(self, build):
        self.program = build / "tests" / "peers" / "spice-server-port"

    def command(self, device_path, folder):
        return [self.program, free_port(), device_path, PORT_NAME]

    def await_port(self, server):
        return await_listening(server)


class Socat:
    plain = True

    def __init__(self, build):
        self.program = Path(shutil.which("socat") or "socat")
        self.port = None

    def command(self, device_path, folder):
        self.port = free_port()
        return [self.program, f"TCP-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,nodelay",
                f"UNIX-CONNECT:{device_path}"]

    def await_port(self, server):
        """socat takes one connection and never says that it listens: the client tries again."""
        return self.port


SERVERS = {"charflow": Charflow, "libspice": Libspice, "socat": Socat}


def make_steps(quick):
    bulk = 512 * MIB if quick else 2048 * MIB
    small = 32 * MIB if quick else 128 * MIB
    count = 3000 if quick else 20000
    return {
        "read-64k": (["source", 64 * KIB, bulk], ["read", bulk]),
        "read-256": (["source", 256, small], ["read", small]),
        "write-64k": (["sink", bulk], ["write", bulk, 64 * KIB]),
        "write-256": (["sink", small], ["write", small, 256]),
        "echo": (["echo"], ["echo", count]),
    }


# Label, step, figure, digits after the point.
ROWS = [
    ("device → client, 64 KiB writes, MB/s", "read-64k", "mb_per_s", 0),
    ("device → client, 256 B writes, MB/s", "read-256", "mb_per_s", 1),
    ("client → device, 64 KiB messages, MB/s", "write-64k", "mb_per_s", 0),
    ("client → device, 256 B messages, MB/s", "write-256", "mb_per_s", 1),
    ("echo of 64 B, p50, µs", "echo", "p50_us", 1),
    ("echo of 64 B, p99, µs", "echo", "p99_us", 1),
    ("device → client, server's CPU, s/GB", "read-64k", "cpu_s_per_gb", 3),
    ("client → device, server's CPU, s/GB", "write-64k", "cpu_s_per_gb", 3),
    ("peak memory of the server, MiB", None, "peak_mib", 1),
]


def read_figures(child, limit_s):
    figures = json.loads(child.read_line(limit_s))
    if not figures["intact"]:
        raise Failure(f"{child.name} got other bytes than were sent")
    return figures


def measure_step(client, server, device, limit_s):
    """Let the client, linked and waiting, measure; with the server's figures before and after."""
    if client.read_line(READY_LIMIT_S) != "ready":
        raise Failure("the client never got ready")

    cpu_s = server.cpu_seconds()
    client.go_on()
    figures = read_figures(client, limit_s)
    cpu_s = server.cpu_seconds() - cpu_s
    figures["peak_mib"] = server.peak_mib()
    if "bytes" in figures:
        figures["cpu_s_per_gb"] = cpu_s / figures["bytes"] * GB
    if figures["mode"] == "write":
        # The receiver's clock, as in the other direction.
        figures["mb_per_s"] = figures["bytes"] / read_figures(device, limit_s)["seconds"] / 1e6

    client.go_on()
    if client.wait() != 0:
        raise Failure(f"client ended: {client.complaint()}")
    if not server.stop():
        raise Failure("server did not end at SIGTERM")
    return figures


def measure(build, kind, step, limit_s):
    """One device, one server, one client, all of them new: a dict of figures."""
    device_arguments, client_arguments = step
    programs = build / "tests" / "bench"
    environment = dict(os.environ, BENCH_PASSWORD=PASSWORD, SPICE_SERVER_PASSWORD=PASSWORD)
    server_kind = SERVERS[kind](build)
    plain = ["--plain"] if server_kind.plain else [f"--name={PORT_NAME}"]

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="charflow-bench-"))
        device_path = Path(folder) / "device"

        def start(name, *command):
            return stack.enter_context(Child(name, command, folder, env=environment))

        device = start("device", programs / "device", device_path, *device_arguments)
        device.read_line(READY_LIMIT_S)
        server = start("server", *server_kind.command(device_path, folder))
        port = server_kind.await_port(server)
        client = start("client", programs / "bench-client", "--stepwise", *plain, "127.0.0.1", port,
                       *client_arguments)
        try:
            figures = measure_step(client, server, device, limit_s)
        except Failure:
            # A client that lost its server only knows that it was cut off.
            if server.process.poll() not in (None, 0):
                raise Failure(f"server ended: {server.complaint()}") from None
            raise

        if server.process.returncode not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
            raise Failure(f"server ended badly: {server.complaint()}")
        return figures


def run_all(kinds, names, rounds, measure_one):
    """Samples of measure_one(kind, name), and failures, both by (kind, name). What failed once is not tried again."""
    samples = {}
    failures = {}
    for number in range(rounds):
        for name in names:
            for kind in kinds:
                if (kind, name) in failures:
                    continue
                try:
                    sample = measure_one(kind, name)
                except Failure as failure:
                    failures[kind, name] = str(failure)
                    print(f"{kind}, {name}: {failure}", file=sys.stderr)
                    continue
                samples.setdefault((kind, name), []).append(sample)
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return samples, failures


def figure_of(samples, failures, kind, step, figure):
    """The median over the rounds, the text of a failure, or None if it was not measured."""
    tried = sorted(name for key, name in {*samples, *failures} if key == kind)
    names = [step] if step is not None else tried
    for name in names:
        if (kind, name) in failures:
            return f"failed: {failures[kind, name]}"
    if not samples.keys() >= {(kind, name) for name in names}:
        return None
    medians = [statistics.median(sample[figure] for sample in samples[kind, name])
               for name in names]
    return max(medians, default=None)


def format_cell(value, digits):
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return str(value or "–").replace("|", "/")


def make_table(samples, failures, kinds):
    lines = ["| | " + " | ".join([*kinds, "charflow/libspice"]) + " |",
             "| --- |" + " ---: |" * (len(kinds) + 1)]
    for label, step, figure, digits in ROWS:
        values = {kind: figure_of(samples, failures, kind, step, figure) for kind in kinds}
        if not any(values.values()):
            continue
        cells = [format_cell(value, digits) for value in values.values()]
        ours, theirs = values.get("charflow"), values.get("libspice")
        comparable = isinstance(ours, float) and isinstance(theirs, float) and theirs > 0
        cells.append(f"{ours / theirs:.2f}" if comparable else "–")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def save_json(path, samples, failures, rounds, quick):
    report = {
        "quick": quick,
        "rounds": rounds,
        "kernel": os.uname().release,
        "cpus": os.cpu_count(),
        "samples": {},
        "failures": {},
    }
    for (kind, name), figures in samples.items():
        report["samples"].setdefault(kind, {})[name] = figures
    for (kind, name), failure in failures.items():
        report["failures"].setdefault(kind, {})[name] = failure
    Path(path).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Measure Charflow beside the SPICE server library and socat.")
    parser.add_argument("--build", required=True, type=Path, metavar="DIR",
                        help="Charflow's build folder")
    parser.add_argument("--quick", action="store_true", help="less data, and one round")
    parser.add_argument("--rounds", type=int,
                        help="how often each measurement is made (5; 1 with --quick)")
    parser.add_argument("--only", metavar="LIST", help="servers, of " + ",".join(SERVERS))
    parser.add_argument("--steps", metavar="LIST",
                        help="measurements, of " + ",".join(make_steps(True)))
    parser.add_argument("--limit", type=int, default=60, metavar="SECONDS",
                        help="for one measurement (60)")
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    arguments = parser.parse_args()

    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.quick else 5
    arguments.kinds = arguments.only.split(",") if arguments.only else list(SERVERS)
    if not set(arguments.kinds) <= set(SERVERS) or arguments.rounds < 1 or arguments.limit < 1:
        parser.error("no such server, or a number below 1")
    return parser, arguments


def main():
    # Leaves every `with`, so that no process of ours stays behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parser, arguments = parse_arguments()
    steps = make_steps(arguments.quick)
    if arguments.steps:
        wanted = arguments.steps.split(",")
        if not set(wanted) <= set(steps):
            parser.error("no such measurement")
        steps = {name: steps[name] for name in wanted}

    build = arguments.build.resolve()
    samples, failures = run_all(arguments.kinds, steps, arguments.rounds,
                                lambda kind, name: measure(build, kind, steps[name], arguments.limit))
    print(make_table(samples, failures, arguments.kinds))
    if arguments.json:
        save_json(arguments.json, samples, failures, arguments.rounds, arguments.quick)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
