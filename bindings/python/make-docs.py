#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes what help() shows, of the documentation in the GIR: make-docs.py GIR OUTPUT"""
import json
import sys

import girdoc


def describe(element, words):
    """The text of a symbol, with its arguments and its result below it."""
    parts = [girdoc.get_doc(element) or ""]
    parameters = element.find(girdoc.CORE + "parameters")
    lines = [f"  {parameter.get('name')}: {girdoc.get_doc(parameter)}"
             for parameter in (parameters if parameters is not None else [])
             if parameter.tag == girdoc.CORE + "parameter" and girdoc.get_doc(parameter)]
    if lines:
        parts.append("\n".join(["Arguments:", *lines]))
    result = element.find(girdoc.CORE + "return-value")
    if result is not None and girdoc.get_doc(result):
        parts.append(f"Returns: {girdoc.get_doc(result)}")
    return words.to_python("\n\n".join(part for part in parts if part))


def main():
    gir, output = sys.argv[1:]
    namespace = girdoc.read_namespace(gir)
    words = girdoc.Words(namespace)
    docs = {}
    for owner in namespace:
        if owner.get("name") is None or not girdoc.is_seen(owner):
            continue
        docs[girdoc.get_name(owner)] = describe(owner, words)
        for member in owner:
            if member.tag.removeprefix(girdoc.CORE) in girdoc.CALLABLES and girdoc.is_seen(member):
                docs[f"{owner.get('name')}.{girdoc.get_name(member)}"] = describe(member, words)

    with open(output, "w", encoding="utf-8") as file:
        json.dump({name: text for name, text in docs.items() if text}, file, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    main()
