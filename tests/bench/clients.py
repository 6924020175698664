#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure what each of many clients of one device costs, in the process and on the network.

README.md beside this file says what each figure is. Ends with status 1 when a measurement failed,
and says which in the table.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from run import (END_LIMIT_S, PASSWORD, PORT_NAME, READY_LIMIT_S, Child, Failure, await_listening,
                 format_cell)

SIZES = [1, 10, 100, 1000, 10000]
# Two descriptors for each client, at either end, and some to spare.
FDS_PER_CLIENT = 2
FDS_TO_SPARE = 64
DELIVERIES = 4000
MIN_MESSAGES = 5
WRITES = 500
LOOK_AGAIN_S = 0.005

# The sizes that the last column compares.
FROM_SIZE, TO_SIZE = 10, 1000

# Label, figure, digits after the point.
ROWS = [
    ("attach, ns", "attach_ns", 0),
    ("detach, the first first, ns", "detach_first_ns", 0),
    ("detach, the last first, ns", "detach_last_ns", 0),
    ("detach, shuffled, ns", "detach_shuffled_ns", 0),
    ("a message of 64 KiB to all, ns", "large_ns", 0),
    ("a message of 64 B to all, ns", "small_ns", 0),
    ("64 KiB queued for all, taken by one after the other, ns", "queued_ns", 0),
    ("a send token from each, ns", "grant_ns", 0),
    ("64 B written by each, ns", "write_ns", 0),
    ("heap, idle, bytes", "idle_bytes", 0),
    ("heap while 64 KiB wait for all, bytes", "queued_bytes", 0),
    ("network: server's CPU to let it enter, µs", "enter_us", 0),
    ("network: server's CPU when it leaves, µs", "leave_us", 0),
    ("network: a message of 64 KiB to all, µs", "fan_out_us", 1),
    ("network: the same, server's CPU, µs", "fan_out_cpu_us", 1),
    ("network: server's memory, idle, KiB", "idle_kib", 1),
    ("network: 64 B from one of them to the device, µs", "write_us", 0),
]


def run_in_process(build, folder, mode, size, limit_s):
    environment = dict(os.environ)
    if mode == "memory":
        # GLib's own allocator takes whole pages, which would hide what one client costs.
        environment["G_SLICE"] = "always-malloc"
    command = [build / "tests" / "bench" / "clients", mode, size]
    with Child(f"clients-{mode}", command, folder, env=environment) as child:
        figures = json.loads(child.read_line(limit_s))
    if not figures.pop("intact"):
        raise Failure("a payload was copied, or came to nobody")
    return figures


def cpu_us(server):
    tasks = Path(f"/proc/{server.process.pid}/task")
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0])
               for task in tasks.iterdir()) / 1000


def resident_kib(server):
    for line in server.proc_file("status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise Failure(f"{server.name} has ended")


def count_fds(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def await_fds(server, count):
    deadline = time.monotonic() + END_LIMIT_S
    while count_fds(server) > count:
        if time.monotonic() > deadline:
            raise Failure("the server keeps connections that have ended")
        time.sleep(LOOK_AGAIN_S)


def read_step(crowd, name, limit_s):
    figures = json.loads(crowd.read_line(limit_s))
    if figures["step"] != name or not figures["intact"]:
        raise Failure(f"clients or device got other bytes than were sent at step {name}")
    return figures["seconds"] * 1e6


def measure_crowd(crowd, server, size, n_messages, limit_s):
    """One step after the other, with the server's figures in between."""
    figures = {}
    read_step(crowd, "first", READY_LIMIT_S)
    # The server has the device and the first client now, and no other.
    n_fds = count_fds(server) - FDS_PER_CLIENT

    def take_step(name):
        cpu = cpu_us(server)
        crowd.go_on()
        wall = read_step(crowd, name, limit_s)
        if name in ("first-leaves", "leave"):
            await_fds(server, n_fds)
        return wall, cpu_us(server) - cpu

    take_step("first-leaves")
    memory_kib = resident_kib(server)
    figures["enter_us"] = take_step("enter")[1] / size
    figures["idle_kib"] = (resident_kib(server) - memory_kib) / size
    figures["write_us"] = take_step("write")[0] / WRITES
    wall, used = take_step("fan-out")
    figures["fan_out_us"] = wall / n_messages / size
    figures["fan_out_cpu_us"] = used / n_messages / size
    figures["leave_us"] = take_step("leave")[1] / size
    crowd.go_on()
    if crowd.wait() != 0:
        raise Failure(f"crowd ended: {crowd.complaint()}")
    if not server.stop():
        raise Failure("server did not end at SIGTERM")
    return figures


def run_on_network(build, folder, size, limit_s):
    """A new server, and so many clients."""
    device_path = Path(folder) / "device"
    password_file = Path(folder) / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(PASSWORD, encoding="ascii")
    n_messages = max(DELIVERIES // size, MIN_MESSAGES)
    command = [build / "demos" / "charflow" / "charflow", "serve", "--listen=spice://127.0.0.1:0",
               f"--chardev=socket,id=d0,path={device_path},server=on,wait=off",
               f"--channel=port,name={PORT_NAME},chardev=d0", f"--password-file={password_file}"]

    with Child("server", command, folder) as server:
        port = await_listening(server)
        crowd_command = [build / "tests" / "bench" / "crowd", "127.0.0.1", port, PORT_NAME,
                         device_path, size, n_messages, WRITES]
        environment = dict(os.environ, BENCH_PASSWORD=PASSWORD)
        with Child("crowd", crowd_command, folder, env=environment) as crowd:
            return measure_crowd(crowd, server, size, n_messages, limit_s)


def raise_fd_limit():
    """As many as may be; how many clients on the network that is enough for."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return (limit - FDS_TO_SPARE) // FDS_PER_CLIENT


def run_all(build, sizes, network_max, rounds, limit_s):
    """Samples and failures, both by size. What failed once is not tried again."""
    samples = {}
    failures = {}
    kinds = {
        "time": lambda folder, size: run_in_process(build, folder, "time", size, limit_s),
        "memory": lambda folder, size: run_in_process(build, folder, "memory", size, limit_s),
        "network": lambda folder, size: run_on_network(build, folder, size, limit_s),
    }
    for number in range(rounds):
        for size in sizes:
            for kind, measure in kinds.items():
                if (kind, size) in failures or (kind == "network" and size > network_max):
                    continue
                try:
                    with tempfile.TemporaryDirectory(prefix="charflow-bench-") as folder:
                        figures = measure(folder, size)
                except Failure as failure:
                    failures[kind, size] = str(failure)
                    print(f"{kind}, {size} clients: {failure}", file=sys.stderr)
                    continue
                for name, value in figures.items():
                    samples.setdefault((name, size), []).append(value)
        print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    return samples, failures


def make_table(samples, failures, sizes):
    head = [*(f"{size:,}" for size in sizes), f"{TO_SIZE:,} / {FROM_SIZE}"]
    lines = ["| for each of so many clients | " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * len(head)]
    for label, figure, digits in ROWS:
        medians = {size: statistics.median(samples[figure, size])
                   for size in sizes if (figure, size) in samples}
        cells = [format_cell(float(medians[size]) if size in medians else None, digits)
                 for size in sizes]
        # One payload is shared by all, so that figure falls with their number.
        comparable = figure != "queued_bytes" and medians.get(FROM_SIZE, 0) > 0
        cells.append(f"{medians[TO_SIZE] / medians[FROM_SIZE]:.2f}"
                     if comparable and TO_SIZE in medians else "–")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    for (kind, size), failure in failures.items():
        lines.append(f"| {kind}, {size:,} clients | failed: {failure.replace('|', '/')} |")
    return "\n".join(lines)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Measure what each of many clients of one device costs.")
    parser.add_argument("--build", required=True, type=Path, metavar="DIR",
                        help="Charflow's build folder")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), metavar="LIST",
                        help="how many clients (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="how often each measurement is made (%(default)s)")
    parser.add_argument("--limit", type=int, default=120, metavar="SECONDS",
                        help="for one measurement (%(default)s)")
    arguments = parser.parse_args()
    try:
        arguments.sizes = [int(size) for size in arguments.sizes.split(",")]
    except ValueError:
        parser.error("a size is a number")
    if min([arguments.rounds, arguments.limit, *arguments.sizes]) < 1:
        parser.error("a number below 1")
    return arguments


def main():
    # Leaves every `with`, so that no process of ours stays behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    arguments = parse_arguments()
    samples, failures = run_all(arguments.build.resolve(), arguments.sizes, raise_fd_limit(),
                                arguments.rounds, arguments.limit)
    print(make_table(samples, failures, arguments.sizes))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
