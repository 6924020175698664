# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the generators share: the symbols of a GIR and what is told of them."""
import re
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
CALLABLES = ("constructor", "function", "method")


def read_namespace(path):
    return ElementTree.parse(path).getroot().find(CORE + "namespace")


def get_name(element):
    """As bindings see it."""
    return element.get("shadows") or element.get("name")


def is_seen(element):
    return element.get("introspectable") != "0" and element.get("shadowed-by") is None


def get_doc(element):
    found = element.find(CORE + "doc")
    return None if found is None else found.text


class Words:
    """Turns what the C documentation calls things into what Python calls them."""

    def __init__(self, namespace):
        self.prefix = namespace.get(C + "identifier-prefixes")
        self.names = {}
        for owner in namespace:
            self._add(owner.get(C + "type") or owner.get(C + "identifier"), owner.get("name"))
            for member in owner:
                if member.tag.removeprefix(CORE) in CALLABLES:
                    self._add(member.get(C + "identifier"), f"{owner.get('name')}.{get_name(member)}")
                elif member.tag == CORE + "member":
                    self._add(member.get(C + "identifier"), f"{owner.get('name')}.{member.get('name').upper()}")

    def _add(self, symbol, name):
        if symbol is not None and name is not None:
            self.names[symbol] = name

    def _replace(self, match):
        symbol = match["symbol"]
        if symbol in ("NULL", "TRUE", "FALSE"):
            return {"NULL": "None", "TRUE": "True", "FALSE": "False"}[symbol]
        if symbol in self.names:
            return self.names[symbol]
        return re.sub(r"^G_IO_ERROR_", "Gio.IOErrorEnum.", symbol)

    def to_python(self, text):
        text = re.sub(r"[%#](?P<symbol>[A-Za-z_]\w*)", self._replace, text)
        text = re.sub(r"\b(?P<symbol>charflow_\w+)(?= ?\()", self._replace, text)
        return re.sub(r"(?<!\w)@(\w+)", r"\1", text)
