# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Charflow is in Python besides its introspected classes; PyGObject reads it at the first import.

The classes are extended where they are, so everything that worked without this goes on working.
"""
from gi.repository import Charflow

from . import docs  # noqa: F401, first: methods that are wrapped take their docstrings along
from . import calls, contexts, errors
from .loop import EventLoop, run
from .operation import Operation

__all__ = ["Error", "EventLoop", "Operation", "run"]

Error = errors.Error
calls.wrap_all()
contexts.add_contexts()
for _name in dir(Charflow):
    if _name.endswith("Error"):
        globals()[_name] = errors.make_kind(_name)
        __all__.append(_name)
for _item in (EventLoop, Operation, run):
    _item.__module__ = Charflow.__name__
