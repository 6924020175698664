#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the same to a device and to a model of its rules, at random, and compares all that can be seen after each step.

CHARFLOW_MODEL_SEED repeats a run, CHARFLOW_MODEL_STEPS says how long one is, and CHARFLOW_MODEL_SHRINK=no has the program
that fails told as it was found.
"""
import faulthandler
import os
import random
import sys
import tempfile
import time

import hypothesis
import known
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pair import Pair
from world import Kind, Spec

STEPS = 20000
STEPS_IN_AN_EXAMPLE = 50
# On average, since some examples end early.
STEPS_OF_AN_EXAMPLE = 35
EXAMPLES_IN_A_ROUND = 100

numbers = st.integers(0, 6)
writers = st.one_of(numbers, st.none())
few = st.sampled_from([2, 1, 0, 4])
sizes = st.sampled_from([3, 0, 1, 2, 7, 20])
rooms = st.sampled_from([30, 1, 2, 5, 1000])
# A device that frames nothing is fed with so many bytes at once.
raw_chunks = st.sampled_from([3, 1, 2, 5, 8, 2047, 2048, 3000])
# For one that does, any bytes are messages; these are mostly for all, and begin, go on and end.
framed_chunks = st.one_of(
    st.lists(st.sampled_from([0, 4, 5, 1, 8, 12, 20]), min_size=1, max_size=6).map(bytes),
    st.binary(min_size=1, max_size=8),
)
often, rarely = st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])

@st.composite
def objects(draw, cls, **fields):
    """Objects of a class, whose fields have simple values first."""
    return cls(**{name: draw(st.sampled_from(values)) for name, values in fields.items()})


specs = objects(
    Spec,
    flow=[False, True],
    tokens=[3, 0, 1, 2, 5, 20],
    send=[2, 0, 1, 5, 20],
    queue=[1024, 1, 2, 3],
    queue_bytes=[1 << 18, 1 << 18, 1, 4, 10],
    overflow=["PACE", "REMOVE", "DROP"],
    waiting_bytes=[1 << 18, 1, 6],
    read_only=[False] * 15 + [True],
    wait=[False] * 39 + [True],
    name=[None, None, "a", "b"],
    by_signals=[False, True],
)
kinds = objects(
    Kind,
    framed=[False, True],
    interval=[0, 1, 2, 3],
    self_tokens=[2, 0, 1, 30],
    room=[50, 0, 0, 3],
    quiet=[False, False, False, True],
)


def action(name, *arguments):
    return st.tuples(st.just(name), *arguments)


def pick(*weights):
    """One of some actions, with their weights."""
    return st.one_of(*(strategy for n, strategy in weights for _ in range(n)))


members = pick(
    (3, action("attach", specs)),
    (1, action("reattach", numbers)),
    (2, action("detach", numbers)),
)
tokens = pick(
    (3, action("grant", numbers, few)),
    (1, action("set_grant", numbers, few)),
    (4, action("ready", numbers, st.booleans())),
)
writing = pick(
    (4, action("write", writers, sizes)),
    (1, action("write", writers, sizes, st.sampled_from([2, 5, 18]))),
)
buffers = pick(
    (4, action("get", numbers, sizes)),
    (1, action("get_server", sizes, st.booleans())),
    (2, action("fill", numbers, sizes)),
    (3, action("add", numbers)),
    (1, action("release", numbers)),
    (1, action("drop", numbers)),
)
room = action("room", rooms, often)
control = pick(
    (2, action("start")),
    (1, action("stop")),
    (1, action("wakeup")),
    (1, action("reset")),
)
other_side = pick(
    (3, action("event", st.none(), st.sampled_from(["OPENED", "OPENED", "CLOSED", "BREAK"]))),
    (1, action("event", numbers, st.sampled_from(["OPENED", "CLOSED"]))),
    (1, action("feed", st.sampled_from([["end"], ["error"]]), st.booleans())),
    (1, action("fail", st.sampled_from(["BROKEN_PIPE", "FAILED"]))),
)
swapping = action("swap", st.one_of(numbers, numbers, st.none()), rarely)
migrating = action("migrate", often, st.booleans(), st.booleans(), st.sampled_from([0, 0, 3]))
rest = pick(
    (4, action("keep", st.booleans())),
    (4, action("save")),
    (4, action("restore", numbers)),
    (1, action("drop_device")),
)
feeding = action("feed", st.lists(framed_chunks, min_size=1, max_size=3), often)
anything = pick((2, action("detach_told")), (1, action("reattach_told")), (2, members), (2, tokens), (2, writing), (2, buffers), (1, room), (2, control), (2, other_side), (1, swapping), (1, rest), (1, feeding))
triggers = {
    "deliver": feeding,
    "flush": feeding,
    "message": feeding,
    "target": feeding,
    "read-ready": feeding,
    "missed": tokens,
    "tokens": room,
    "tokens-sent": room,
    "self-token-freed": room,
    "writable": room,
    "tokens-reset": control,
    "framing-reset": control,
    "remove-client": writing,
    "removed": members,
    "client-left": members,
    "event": other_side,
    "peer-left": other_side,
    "backend-error": other_side,
    "backend-changed": swapping,
}
told = st.sampled_from(list(triggers))
within = st.one_of(*(st.tuples(st.just(what), anything, trigger) for what, trigger in triggers.items()))


class Figures:
    examples = 0
    steps = 0


class Device(RuleBasedStateMachine):
    record = None

    def __init__(self):
        super().__init__()
        self.pair = None
        Figures.examples += 1

    @initialize(kind=kinds, first=st.lists(specs, min_size=1, max_size=3), starts=often)
    def begin(self, kind, first, starts):
        self.pair = Pair(kind)
        for spec in first:
            self.step(("attach", spec))
        if starts:
            self.step(("start",))

    def step(self, action):
        Figures.steps += 1
        self.pair.step(action)

    @rule(action=members)
    def change_members(self, action):
        self.step(action)

    @rule(action=tokens)
    def give_tokens(self, action):
        self.step(action)

    @rule(action=writing)
    def write(self, action):
        self.step(action)

    @rule(action=writing)
    def write_more(self, action):
        self.step(action)

    @rule(action=buffers)
    def hold_buffers(self, action):
        self.step(action)

    @rule(action=room)
    def make_room(self, action):
        self.step(action)

    @rule(action=room)
    def make_more_room(self, action):
        self.step(action)

    @rule(action=control)
    def control(self, action):
        self.step(action)

    @rule(action=other_side)
    def meet_other_side(self, action):
        self.step(action)

    @rule(action=swapping)
    def swap(self, action):
        self.step(action)

    @rule(action=migrating)
    def migrate(self, action):
        self.step(action)

    @rule(action=rest)
    def do_the_rest(self, action):
        self.step(action)

    @rule(data=st.data(), wake=often)
    def feed(self, data, wake):
        chunks = framed_chunks if self.pair.model.kind.framed else raw_chunks
        self.step(("feed", data.draw(st.lists(chunks, min_size=1, max_size=6), label="chunks"), wake))

    @rule(data=st.data(), wake=often)
    def feed_more(self, data, wake):
        self.feed(data, wake)

    @rule(what=told, action=anything)
    def arm(self, what, action):
        self.pair.arm(what, action)

    @rule(within=within)
    def act_within(self, within):
        what, action, trigger = within
        self.pair.arm(what, action)
        self.step(trigger)

    def teardown(self):
        if self.pair is not None:
            self.pair.end()
            if self.record is not None:
                print(*self.pair.program, sep="\n", file=self.record)


def run_round(seed, steps):
    run_state_machine_as_test(
        hypothesis.seed(seed)(Device),
        settings=settings(
            max_examples=min(EXAMPLES_IN_A_ROUND, steps // STEPS_OF_AN_EXAMPLE + 1),
            stateful_step_count=STEPS_IN_AN_EXAMPLE,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,) if os.environ.get("CHARFLOW_MODEL_SHRINK") == "no" else (Phase.generate, Phase.shrink),
        ),
    )


def main():
    faulthandler.enable()
    seed = int(os.environ.get("CHARFLOW_MODEL_SEED") or random.SystemRandom().randrange(1 << 32))
    steps = int(os.environ.get("CHARFLOW_MODEL_STEPS") or STEPS)
    start = time.monotonic()
    if len(sys.argv) > 1:
        Device.record = open(sys.argv[1], "w", encoding="utf-8")
    # Also where it is killed in the middle.
    print(f"CHARFLOW_MODEL_SEED={seed} CHARFLOW_MODEL_STEPS={steps}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)
        print(f"{known.run()} known programs", flush=True)
        n = 0
        while Figures.steps < steps:
            run_round(seed + n, steps - Figures.steps)
            n += 1
    print(f"{Figures.examples} examples, {Figures.steps} steps, {time.monotonic() - start:.0f} s")
    return 0 if Figures.steps >= steps else 1


if __name__ == "__main__":
    sys.exit(main())
