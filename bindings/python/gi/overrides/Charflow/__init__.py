# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Charflow is in Python besides its introspected classes; PyGObject reads it at the first import.

The classes are extended where they are, so everything that worked without this goes on working.
"""
from gi.repository import Charflow

# First: methods that are wrapped take their docstrings along.
from . import docs  # noqa: F401
from . import calls, contexts, errors, records  # noqa: F401
from .errors import Error
from .expect import Expecting
from .loop import EventLoop, run
from .operation import Operation
from .pending import Pending
from .reader import Readable, Reader

__all__ = ["Error", "EventLoop", "Operation", "Pending", "Reader", "run"]

calls.wrap_all()
contexts.add_contexts()
contexts.extend(Charflow.CharDevice, Readable)
contexts.extend(Charflow.ClientPortChannel, Expecting)
for _name in dir(Charflow):
    if _name.endswith("Error"):
        globals()[_name] = errors.make_kind(_name)
        __all__.append(_name)
for _item in (Error, EventLoop, Operation, Pending, Reader, run):
    _item.__module__ = Charflow.__name__
