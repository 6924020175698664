#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that links of the documents lead to files, and to headings of them, and that the index has all: check-documents.py SOURCE"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def get_anchors(path):
    """What GitHub makes of headings, and others too."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in HEADING.findall(text)}


def check(path):
    for name, anchor in LINK.findall(FENCED.sub("", path.read_text(encoding="utf-8"))):
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            yield f"{path}: there is no {name}"
        elif anchor and anchor not in get_anchors(target):
            yield f"{path}: {name or path.name} has no heading for #{anchor}"


def main():
    source = pathlib.Path(sys.argv[1])
    index = source / "doc" / "README.md"
    documents = [source / "README.md", *sorted((source / "doc").rglob("*.md"))]
    wrong = [line for path in documents for line in check(path)]
    linked = {(index.parent / name).resolve() for name, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    wrong += [f"{index} does not have {path}" for path in documents if path != index and path.resolve() not in linked]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
