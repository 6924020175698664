# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python tests share: waiting in the main loop, and a record of what of the API they touched."""
import functools
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib  # noqa: E402

CORE = "{http://www.gtk.org/introspection/core/1.0}"
TIMEOUT_S = 20
PASSWORD = "s3cret"

touched = set()


def wait_for(condition, what="the condition"):
    """Runs the main loop until the condition holds."""
    expired = []
    timer = GLib.timeout_add_seconds(TIMEOUT_S, lambda: expired.append(True) or True)
    context = GLib.MainContext.default()
    try:
        while not condition():
            context.iteration(True)
            if expired:
                raise AssertionError(f"{what} did not come in {TIMEOUT_S} s")
    finally:
        GLib.source_remove(timer)


def settle():
    """Runs what the main loop has to do right now."""
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass


def finish(start, end, *arguments):
    """Runs an asynchronous call to its end: finish(port.read_bytes_async, port.read_bytes_finish, 64)"""
    results = []
    start(*arguments, None, lambda source, result: results.append(result))
    wait_for(lambda: results, start.__name__ if hasattr(start, "__name__") else "the result")
    return end(results[0])


def log_of(instance, signal):
    """A list that gets the arguments of each emission of a signal."""
    log = []
    instance.connect(signal, lambda instance, *arguments: log.append(arguments))
    return log


def open_session(uri, password=PASSWORD):
    session = Charflow.Session(uri=uri, password=password)
    finish(session.open_async, session.open_finish)
    return session


class Surface:
    """The methods and properties of all classes, as the GIR tells them."""

    def __init__(self, path):
        namespace = ElementTree.parse(path).getroot().find(CORE + "namespace")
        self.methods = []
        self.properties = {}
        for kind in ("class", "record"):
            for owner in namespace.findall(CORE + kind):
                self._add(owner)

    def _add(self, owner):
        name = owner.get("name")
        for kind in ("method", "function", "constructor"):
            for element in owner.findall(CORE + kind):
                shadow = element.get("shadows") or element.get("name")
                if element.get("introspectable") != "0" and not (kind == "method" and shadow in ("ref", "unref")):
                    self.methods.append((name, shadow, kind))
        self.properties[name] = [
            (element.get("name"), element.get("readable") != "0") for element in owner.findall(CORE + "property")
        ]

    def record(self):
        """Puts a note-taker in front of every method."""
        for owner, name, kind in self.methods:
            cls = getattr(Charflow, owner)
            wrapped = note_calls(f"{owner}.{name}", getattr(cls, name))
            setattr(cls, name, wrapped if kind == "method" else staticmethod(wrapped))

    def read_properties(self, instance):
        """Reads every property of an object, and returns their values."""
        values = {}
        for cls in type(instance).__mro__:
            owner = cls.__name__
            for name, readable in self.properties.get(owner, []) if cls.__module__.endswith("Charflow") else []:
                if readable:
                    values[name] = instance.get_property(name)
                    touched.add(f"{owner}:{name}")
        return values

    def write_property(self, instance, owner, name, value):
        instance.set_property(name, value)
        touched.add(f"{owner}:{name}")

    def untouched(self):
        everything = {f"{owner}.{name}" for owner, name, kind in self.methods}
        everything |= {f"{owner}:{name}" for owner, names in self.properties.items() for name, readable in names}
        return sorted(everything - touched)


def note_calls(name, function):
    @functools.wraps(function, assigned=("__name__", "__doc__"), updated=())
    def call(*arguments, **options):
        touched.add(name)
        return function(*arguments, **options)

    return call


surface = None
