# SPDX-License-Identifier: LGPL-2.1-or-later
"""Methods and virtual functions as Python has them: bytes for GLib.Bytes, exceptions, and what can be awaited."""
import functools

from gi.repository import Charflow, GLib, GObject

from . import errors
from .operation import Operation

BUFFERS = (bytes, bytearray, memoryview)
# The interval of a timer that is never due.
NEVER_MS = 0xffffffff


def to_bytes(value):
    return GLib.Bytes.new(bytes(value)) if isinstance(value, BUFFERS) else value


def is_bytes(type_info):
    return type_info.get_tag_as_string() == "interface" and type_info.get_interface().get_name() == "Bytes"


def get_type_info(argument):
    # It had the first of these names until PyGObject 3.50.
    return argument.get_type() if hasattr(argument, "get_type") else argument.get_type_info()


def find_bytes(info):
    """The names and the places of the arguments that are GLib.Bytes."""
    return {argument.get_name(): place for place, argument in enumerate(info.get_arguments())
            if is_bytes(get_type_info(argument))}


def convert_call(places, arguments, options):
    arguments = [to_bytes(value) if place in places.values() else value for place, value in enumerate(arguments)]
    options = {name: to_bytes(value) if name in places else value for name, value in options.items()}
    return arguments, options


def make_plain(function, places, throws):
    """A method that takes bytes, raises what Python knows, or both."""
    def call(self, *arguments, **options):
        if places:
            arguments, options = convert_call(places, arguments, options)
        if not throws:
            return function(self, *arguments, **options)
        try:
            return function(self, *arguments, **options)
        except GLib.Error as error:
            if error.domain != errors.IO_DOMAIN:
                raise
            raise errors.from_gio(error) from None

    return call


def make_awaitable(function, finish, places, n_arguments, give_back):
    """A method that returns an Operation when it is called without a callback."""
    def call(self, *arguments, **options):
        if places:
            arguments, options = convert_call(places, arguments, options)
        if len(arguments) > n_arguments + 1 or "callback" in options:
            return function(self, *arguments, **options)

        cancellable = options.pop("cancellable", None)
        if len(arguments) > n_arguments:
            *arguments, cancellable = arguments
        start = functools.partial(function, **options) if options else function
        return Operation(self, start, finish, arguments, cancellable, give_back and functools.partial(give_back, self))

    return call


def wrap_method(cls, info):
    name = info.get_name()
    function = cls.__dict__.get(name)
    if function is None or not info.is_method():
        return

    places, throws = find_bytes(info), info.can_throw_gerror()
    finish = cls.__dict__.get(name.removesuffix("_async") + "_finish") if name.endswith("_async") else None
    if finish is not None:
        # The last three are the cancellable, the callback and its data.
        give_back = getattr(cls, "unread_bytes", None) if name == "read_bytes_async" else None
        call = make_awaitable(function, finish, places, len(info.get_arguments()) - 3, give_back)
    elif places or throws:
        call = make_plain(function, places, throws)
    else:
        return

    call.__name__, call.__qualname__, call.__module__ = name, f"{cls.__name__}.{name}", cls.__module__
    call.__doc__ = function.__doc__
    setattr(cls, name, call)


def to_plain_source(source):
    """A source whose callback has no arguments, ready when another one is: that of a descriptor calls with three."""
    if source is None:
        return None

    plain = GLib.timeout_source_new(NEVER_MS)
    GObject.source_set_dummy_callback(source)
    plain.add_child_source(source)
    return plain


# What the results of virtual functions are made to be.
CONVERTERS = {"Bytes": to_bytes, "Source": to_plain_source}


def find_converter(info):
    result = info.get_return_type()
    return CONVERTERS.get(result.get_interface().get_name()) if result.get_tag_as_string() == "interface" else None


def wrap_vfunc(function, convert, throws):
    """What a program's class implements may return bytes, and raise an OSError where C takes an error."""
    @functools.wraps(function)
    def call(*arguments):
        try:
            result = function(*arguments)
        except OSError as error:
            if not throws:
                raise
            raise errors.to_gio(error) from error
        if convert is None:
            return result
        # Others may be told besides.
        return (convert(result[0]), *result[1:]) if isinstance(result, tuple) else convert(result)

    return call


def prepare_subclasses(cls, vfuncs):
    """Has classes of the program that derive from one of these pass through wrap_vfunc()."""
    def __init_subclass__(subclass, **options):
        super(cls, subclass).__init_subclass__(**options)
        for name, (convert, throws) in vfuncs.items():
            function = subclass.__dict__.get(name)
            if callable(function):
                setattr(subclass, name, wrap_vfunc(function, convert, throws))

    cls.__init_subclass__ = classmethod(__init_subclass__)


def wrap_class(cls):
    for info in cls.__info__.get_methods():
        wrap_method(cls, info)
    vfuncs = {f"do_{info.get_name()}": (find_converter(info), info.can_throw_gerror())
              for info in getattr(cls.__info__, "get_vfuncs", list)()}
    vfuncs = {name: duties for name, duties in vfuncs.items() if any(duties)}
    if vfuncs:
        prepare_subclasses(cls, vfuncs)


def wrap_all():
    for name in dir(Charflow):
        cls = getattr(Charflow, name)
        if isinstance(cls, type) and hasattr(getattr(cls, "__info__", None), "get_methods") and name in cls.__name__:
            if not issubclass(cls, int) and not issubclass(cls, Exception):
                wrap_class(cls)
