# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of the bindings need to know of a GIR."""
import dataclasses
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

CALLABLES = ["function", "method", "constructor", "virtual-method", "callback", GLIB + "signal"]
CONTAINERS = ["class", "interface", "record", "union", "enumeration", "bitfield"]


def tag(name):
    return name if name.startswith("{") else CORE + name


def attribute(element, name, default=None):
    return element.get(name, default)


def is_introspectable(element):
    return element.get("introspectable") != "0"


def doc_of(element):
    doc = element.find(tag("doc"))
    return "" if doc is None or doc.text is None else doc.text


@dataclasses.dataclass
class Value:
    """A parameter, a returned value, or a property: something with a type."""

    where: str
    element: ElementTree.Element
    kind: str
    role: str = ""  # "closure" or "destroy" for what only goes with a callback

    @property
    def type(self):
        found = self.element.find(tag("type"))
        return found if found is not None else self.element.find(tag("array"))

    @property
    def is_array(self):
        return self.type is not None and self.type.tag == tag("array")

    @property
    def type_name(self):
        return "" if self.type is None else self.type.get("name", "")

    @property
    def c_type(self):
        return "" if self.type is None else self.type.get(C + "type", "")

    @property
    def direction(self):
        return self.element.get("direction", "in")


@dataclasses.dataclass
class Callable:
    where: str
    element: ElementTree.Element
    kind: str
    owner: ElementTree.Element

    @property
    def name(self):
        return self.element.get("name")

    @property
    def doc(self):
        return doc_of(self.element)

    def parameters(self):
        elements = self.element.findall(f"{tag('parameters')}/{tag('parameter')}")
        roles = {}
        for element in elements:
            for role in ("closure", "destroy"):
                index = element.get(role)
                if index is not None and element.get("scope") is not None:
                    roles[int(index)] = role
        return [
            Value(f"{self.where} ({element.get('name')})", element, "parameter", roles.get(index, ""))
            for index, element in enumerate(elements)
        ]

    def result(self):
        element = self.element.find(tag("return-value"))
        return Value(f"{self.where} (result)", element, "result")

    def values(self):
        return self.parameters() + [self.result()]


class Gir:
    def __init__(self, text):
        self.namespace = ElementTree.fromstring(text).find(tag("namespace"))
        self.prefixes = self.namespace.get(C + "symbol-prefixes", "").split(",")

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    def containers(self, *kinds):
        for kind in kinds or CONTAINERS:
            yield from self.namespace.findall(tag(kind))

    def classes(self):
        yield from self.containers("class", "interface")

    def ancestors(self, element):
        """The class itself and those that it derives from, as far as they are of this namespace."""
        while element is not None:
            yield element
            parent = element.get("parent")
            element = next((c for c in self.classes() if c.get("name") == parent), None)

    def callables(self, every=False, *kinds):
        """All that can be called; with every, also what bindings do not see."""
        for owner in [self.namespace, *self.containers()]:
            if not every and owner is not self.namespace and not is_introspectable(owner):
                continue
            prefix = "" if owner is self.namespace else owner.get("name") + "."
            for kind in kinds or CALLABLES:
                for element in owner.findall(tag(kind)):
                    if every or is_introspectable(element):
                        yield Callable(prefix + element.get("name"), element, kind, owner)

    def properties(self):
        for owner in self.classes():
            for element in owner.findall(tag("property")):
                if is_introspectable(element):
                    yield Value(f"{owner.get('name')}:{element.get('name')}", element, "property")

    def values(self):
        for entry in self.callables():
            yield from entry.values()
        yield from self.properties()
