# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that showed a bug once, or that chance hardly finds: done before those of chance."""
from pair import Pair
from world import Kind, Spec

FRAMED = Kind(framed=True)
GOES_ON, ENDS = b"\4", b"\0"  # parts of a message for all

PROGRAMS = {
    "who comes while the end of a message is announced": (
        FRAMED,
        ("step", ("attach", Spec())),
        ("step", ("start",)),
        ("step", ("feed", [GOES_ON], True)),
        ("arm", "message", ("attach", Spec())),
        ("step", ("feed", [ENDS], True)),
        ("step", ("feed", [ENDS], True)),
    ),
    "a change of the back end within another": (
        Kind(),
        ("step", ("start",)),
        ("step", ("migrate", True, True, False, 0)),
        ("arm", "backend-changed", ("swap", None, False)),
        ("step", ("swap", 0, False)),
    ),
    "the rest of a message after a reset": (
        FRAMED,
        ("step", ("attach", Spec(name="a"))),
        ("step", ("attach", Spec())),
        ("step", ("start",)),
        ("step", ("ready", 0, False)),
        ("step", ("feed", [GOES_ON], True)),
        ("step", ("reset",)),
        ("step", ("ready", 0, True)),
        ("step", ("feed", [ENDS + ENDS], True)),
    ),
    "a client is detached where its removal is asked for": (
        Kind(),
        ("step", ("attach", Spec(flow=True, tokens=0))),
        ("step", ("start",)),
        ("arm", "remove-client", ("detach", 0)),
        ("step", ("write", 0, 3)),
    ),
    "several messages in one that have lost their client": (
        Kind(room=0),
        ("step", ("attach", Spec(flow=True, tokens=5))),
        ("step", ("start",)),
        ("step", ("write", 0, 3, 5)),
        ("step", ("migrate", True, True, False, 0)),
        ("step", ("detach", 0)),
        ("step", ("migrate", True, True, False, 0)),
        ("step", ("room", 30, True)),
    ),
    "messages without bytes that were paid for": (
        Kind(),
        ("step", ("attach", Spec(flow=True))),
        ("step", ("write", 0, 0, 2)),
        ("step", ("migrate", True, True, False, 0)),
    ),
    "an end behind which there is nothing": (
        FRAMED,
        ("step", ("attach", Spec())),
        ("step", ("attach", Spec(flow=True, send=1))),
        ("step", ("start",)),
        ("step", ("ready", 0, False)),
        ("step", ("feed", [GOES_ON * 20], True)),
        ("arm", "message", ("event", None, "CLOSED")),
        ("step", ("feed", [GOES_ON + GOES_ON], True)),
        ("step", ("migrate", True, True, False, 0)),
        ("step", ("feed", [ENDS], True)),
    ),
}


def run():
    for name, (kind, *program) in PROGRAMS.items():
        pair = Pair(kind)
        try:
            for what, *arguments in program:
                getattr(pair, what)(*arguments)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        pair.end()
    return len(PROGRAMS)
