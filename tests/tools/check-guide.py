#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a guide shows its examples as they are, what they print, and links that lead somewhere.

  check-guide.py [--c-only] [--update] GUIDE EXE...
  check-guide.py --python-only FOLDER [--update] GUIDE
  check-guide.py --links HTML-FOLDER GUIDE

In the guide, <!-- NAME.py --> or <!-- NAME.c --> stands before a block that is a file of the folder examples, and
<!-- output: NAME --> before one that is what NAME.py and the program guide-NAME both print. With --update the blocks are
made so. With --python-only the examples are in that folder beside the guide, and there is none in C.
"""
import argparse
import difflib
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^<!-- (?P<what>[^\n]+) -->\n```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r"\]\[([^\]]+)\]")
LINK = re.compile(r"/gtk-doc/html/[\w-]+/(?P<page>[\w-]+\.html)#(?P<anchor>[\w-]+)")
TIMEOUT_S = 60


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_same(first, second, *names):
    diff = list(difflib.unified_diff(first.splitlines(), second.splitlines(), *names, lineterm=""))
    for line in diff:
        print(line)
    return not diff


class Examples:
    def __init__(self, folder, exes, c_only, python_only):
        self.folder = folder
        self.exes = {exe.name.removeprefix("guide-"): exe for exe in exes}
        self.names = {path.stem for path in folder.glob("*.py")} if python_only else set(self.exes)
        self.c_only = c_only
        self.python_only = python_only
        self.shown = set()
        self.failed = False

    def get_output(self, name):
        python = "" if self.c_only else run(["/usr/bin/python3", "-X", "faulthandler", self.folder / f"{name}.py"])
        if self.python_only:
            return python

        output = run([self.exes[name]])
        if not self.c_only:
            self.failed |= not check_same(output, python, f"{name}.c", f"{name}.py")
        return output

    def fill(self, match):
        what, language = match["what"], match["language"]
        self.shown.add(what)
        if what.startswith("output: "):
            text = self.get_output(what.removeprefix("output: "))
        else:
            text = (self.folder / what).read_text(encoding="utf-8")
        return f"<!-- {what} -->\n```{language}\n{text}```"

    def list_all(self):
        files = {path.name for suffix in ("*.py", "*.c", "*.h") for path in self.folder.glob(suffix)}
        return files | {f"output: {name}" for name in self.names}


def check_blocks(options):
    text = options.guide.read_text(encoding="utf-8")
    folder = options.guide.parent / (options.python_only or "examples")
    examples = Examples(folder, options.exes, options.c_only, options.python_only)
    right = BLOCK.sub(examples.fill, text)
    if options.update:
        options.guide.write_text(right, encoding="utf-8")
        text = right

    for missing in sorted(examples.list_all() - examples.shown):
        print(f"the guide does not show {missing}")
        examples.failed = True
    return check_same(text, right, "the guide", "the examples") and not examples.failed


def check_links(options):
    text = options.guide.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = set(LINK.findall(text))
    missing = [label for label in sorted(set(LABEL.findall(prose))) if f"\n[{label}]: " not in text]
    for label in missing:
        print(f"the guide does not say where {label} is")
    for page, anchor in sorted(targets):
        path = options.links / page
        if not path.exists() or f'name="{anchor}"' not in path.read_text(encoding="utf-8"):
            missing.append(f"{page}#{anchor}")
            print(f"the reference has no {missing[-1]}")
    return bool(targets) and not missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--c-only", action="store_true")
    parser.add_argument("--python-only", metavar="FOLDER")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--links", type=pathlib.Path)
    parser.add_argument("guide", type=pathlib.Path)
    parser.add_argument("exes", type=pathlib.Path, nargs="*")
    options = parser.parse_args()

    valid = check_links(options) if options.links else check_blocks(options)
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main())
