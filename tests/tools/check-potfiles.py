#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that po/POTFILES names exactly the files with words for translators, in order."""
import pathlib
import re
import sys

FOLDERS = ["charflow-glib", "demos"]
SUFFIXES = {".c", ".h", ".py", ".vala", ".ui"}
MARK = re.compile(r"""(?<![\w.])(?:_|N_|C_|NC_|Q_|gettext|ngettext|g_dngettext)\s*\(\s*["']|translatable=["']""")


def find_marked(root):
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in SUFFIXES and MARK.search(path.read_text(encoding="utf-8")):
                yield str(path.relative_to(root))


def main():
    root = pathlib.Path(sys.argv[1])
    lines = (root / "po" / "POTFILES").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    marked = sorted(find_marked(root))

    problems = [f"missing in po/POTFILES: {path}" for path in marked if path not in listed]
    problems += [f"in po/POTFILES, but has nothing to translate: {path}" for path in listed if path not in marked]
    problems += [f"twice in po/POTFILES: {path}" for path in sorted(set(listed)) if listed.count(path) > 1]
    if listed != sorted(listed):
        problems.append("po/POTFILES is not sorted")

    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
