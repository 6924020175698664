# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors as exceptions: a class for each domain of Charflow, and for what Python has a class of its own."""
import errno

from gi.repository import Charflow, Gio, GLib

IO_DOMAIN = GLib.quark_to_string(Gio.io_error_quark())
# What fails in these ways is an OSError as well.
IO_KINDS = {
    Gio.IOErrorEnum.WOULD_BLOCK: (BlockingIOError, errno.EAGAIN),
    Gio.IOErrorEnum.TIMED_OUT: (TimeoutError, errno.ETIMEDOUT),
    Gio.IOErrorEnum.NOT_FOUND: (FileNotFoundError, errno.ENOENT),
    Gio.IOErrorEnum.EXISTS: (FileExistsError, errno.EEXIST),
    Gio.IOErrorEnum.PERMISSION_DENIED: (PermissionError, errno.EACCES),
    Gio.IOErrorEnum.CONNECTION_REFUSED: (ConnectionRefusedError, errno.ECONNREFUSED),
    Gio.IOErrorEnum.BROKEN_PIPE: (BrokenPipeError, errno.EPIPE),
}
CODES = {number: code for code, (kind, number) in IO_KINDS.items()}

kinds = {}


class Error(GLib.Error):
    """What all errors of Charflow's own domains have in common."""

    def __new__(cls, message="unknown error", *arguments):
        # As with any enumeration, a number alone stands for its code.
        if isinstance(message, int):
            return cls.__enum__(message)
        return RuntimeError.__new__(cls, message)

    def __str__(self):
        return self.message


def make_kind(name):
    """Makes an exception of an error enumeration, with its codes: except BackendError, BackendError.BUSY."""
    enum = getattr(Charflow, name)
    codes = {value.value_nick.upper().replace("-", "_"): value for value in enum.__enum_values__.values()}
    kind = type(name, (Error,), {
        "__module__": "gi.repository.Charflow",
        "__doc__": f"An error of the domain {GLib.quark_to_string(enum.quark())}; its code is one of this class's.",
        "__gtype__": enum.__gtype__,
        "__info__": enum.__info__,
        "__enum__": enum,
        "quark": staticmethod(enum.quark),
        **codes,
    })
    kinds[GLib.quark_to_string(enum.quark())] = kind
    return kind


def make_io_kind(kind, number):
    def __init__(self, *arguments):
        GLib.Error.__init__(self, *arguments)
        self.errno, self.strerror = number, self.message

    return type(kind.__name__, (GLib.Error, kind), {
        "__module__": "gi.repository.Charflow",
        "__new__": lambda cls, message, *arguments: OSError.__new__(cls, message),
        "__init__": __init__,
        "__str__": lambda self: self.message,
    })


io_kinds = {code: make_io_kind(kind, number) for code, (kind, number) in IO_KINDS.items()}


def new_error(cls, message="unknown error", domain="pygi-error", code=0):
    return RuntimeError.__new__(kinds.get(domain, cls), message)


# PyGObject makes all errors by calling this class; those of other domains stay what they are.
GLib.Error.__new__ = new_error


def from_gio(error):
    """The same error, and also what Python calls it."""
    if error.domain != IO_DOMAIN or error.code not in io_kinds or isinstance(error, OSError):
        return error

    return io_kinds[error.code](error.message, error.domain, error.code).with_traceback(error.__traceback__)


def to_gio(error):
    """An OSError as an error that C understands."""
    if isinstance(error, GLib.Error):
        return error

    if isinstance(error, BlockingIOError):
        code = Gio.IOErrorEnum.WOULD_BLOCK
    else:
        code = Gio.io_error_from_errno(error.errno or 0)
    return GLib.Error(str(error), IO_DOMAIN, code)
