# SPDX-License-Identifier: LGPL-2.1-or-later
"""What help() shows: the documentation of the library, which the build put beside this package."""
import json
import pathlib

import gi.docstring
import gi.overrides

FILE = "CharflowDocs.json"
NAMESPACE = "Charflow"


def read():
    for folder in gi.overrides.__path__:
        path = pathlib.Path(folder) / FILE
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
    return {}


texts = read()
describe_others = gi.docstring.get_doc_string_generator()


def find(info):
    container = info.get_container() if hasattr(info, "get_container") else None
    name = info.get_name()
    return texts.get(f"{container.get_name()}.{name}" if container is not None else name)


def describe(info):
    """The signature that PyGObject makes, and what is told of it."""
    signature = describe_others(info)
    if info.get_namespace() != NAMESPACE:
        return signature
    return "\n\n".join(part for part in (signature, find(info)) if part)


gi.docstring.set_doc_string_generator(describe)
