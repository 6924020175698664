# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library and the model, side by side."""
from library import Library
from model import Model


def brief(text):
    return text if len(text) < 500 else f"{text[:240]} ... {text[-240:]}"


def difference(library, model):
    """Where they part."""
    if isinstance(library, (list, tuple)) and isinstance(model, (list, tuple)):
        for i, (left, right) in enumerate(zip(library, model)):
            if left != right:
                before = f" after {brief(str(library[i - 1]))}" if i and isinstance(library, list) else ""
                return f"[{i}]{before}: {difference(left, right)}"
        if len(library) != len(model):
            n = min(len(library), len(model))
            return brief(f"[{n}]: the library has {library[n:]}, the model {model[n:]}, after {library[:n]}")
    return f"the library has {brief(repr(library))}, the model {brief(repr(model))}"


def same(library, model):
    if library != model:
        raise AssertionError(difference(library, model))


class Pair:
    """Both do the same, and are compared after each step. What they did can be replayed."""

    def __init__(self, kind):
        self.model, self.library = Model(kind), Library(kind)
        self.program = [("begin", kind)]

    def step(self, action):
        self.program.append(("step", action))
        for world in (self.library, self.model):
            world.trace.clear()
            world.perform(action)
            world.settle()
        while self.library.device is None or self.model.device is None:
            assert self.library.device is None and self.model.device is None
            for world in (self.library, self.model):
                world.perform(("renew",))
                world.settle()
        self.compare()

    def compare(self):
        assert not self.library.problems, "\n".join(self.library.problems)
        same(self.library.trace, self.model.trace)
        same(self.library.look(), self.model.look())

    def arm(self, what, action):
        self.program.append(("arm", what, action))
        for world in (self.library, self.model):
            world.armed.setdefault(what, []).append(action)

    def end(self):
        self.library.armed.clear()
        self.library.drop_device()
        self.library.buffers.clear()
        self.library.settle()
