#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a guide shows its examples as they are, what they print, and links that lead somewhere.

  check-guide.py [--c-only] [--update] GUIDE EXE...
  check-guide.py --python-only FOLDER [--update] GUIDE
  check-guide.py [--update] --run GUIDE
  check-guide.py --links HTML-FOLDER GUIDE

In the guide, <!-- NAME.py --> or <!-- NAME.c --> stands before a block that is a file of the folder examples, and
<!-- output: NAME --> before one that is what NAME.py and the program guide-NAME both print. With --update the blocks are
made so. With --python-only the examples are in that folder beside the guide, and there is none in C.

With --run the files are those of the folder examples/GUIDE, and the reader is given them when they are shown. There,
<!-- run --> stands before commands that the reader types, <!-- run: TERMINAL --> before some that go on running in a
terminal of this name, and <!-- prints --> or <!-- prints: TERMINAL --> before what they print, where … is anything.
<!-- end: TERMINAL -->, which has no block, stands where the reader types Ctrl-C there. Every block of commands has to be
run, and every block of anything has to be one of these.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import terminals

BLOCK = re.compile(r"^<!-- (?P<what>[^\n]+) -->\n```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r"\]\[([^\]]+)\]")
LINK = re.compile(r"/gtk-doc/html/[\w-]+/(?P<page>[\w-]+\.html)#(?P<anchor>[\w-]+)")
STEP = re.compile(r"^<!-- (?P<what>[^\n]+) -->\n(?:```(?P<language>\w*)\n(?P<text>.*?)^```$)?", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```", re.MULTILINE)
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


class Walk:
    """A reader who types all of a guide, from its beginning to its end."""

    def __init__(self, guide, folder):
        self.examples = guide.parent / "examples" / guide.stem
        self.folder = pathlib.Path(folder)
        self.terminals = terminals.Terminals(folder)
        self.shown = set()
        self.wrong = None

    def show(self, name):
        text = (self.examples / name).read_text(encoding="utf-8")
        (self.folder / name).write_text(self.terminals.with_free_ports(text), encoding="utf-8")
        self.shown.add(name)
        return text

    def take(self, match):
        """Does what a step says; the step as it should be. After one that went wrong no other is done."""
        verb, _, name = match["what"].partition(":")
        text = match["text"]
        if verb in ("run", "prints") and text is None:
            self.wrong = self.wrong or f"'{match['what']}' has no block"
        elif verb == "run":
            self.wrong = self.wrong or self.terminals.run(name.strip(), text)
        elif verb == "prints":
            self.wrong = self.wrong or self.terminals.check(name.strip(), text)
        elif verb == "end":
            self.terminals.end(name.strip())
        elif text is not None:
            return f"<!-- {match['what']} -->\n```{match['language']}\n{self.show(match['what'])}```"
        return match[0]

    def go(self, text):
        try:
            return STEP.sub(self.take, text)
        finally:
            self.terminals.end_all()


def run_guide(options):
    text = options.guide.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="charflow-guide-") as folder:
        walk = Walk(options.guide, folder)
        if "BUILD_ROOT" in os.environ:
            terminals.lay_out_clone(walk.folder, pathlib.Path(os.environ["SOURCE_ROOT"]),
                                    pathlib.Path(os.environ["BUILD_ROOT"]))
        right = walk.go(text)
    if options.update:
        options.guide.write_text(right, encoding="utf-8")
        text = right

    wrong = [walk.wrong] if walk.wrong is not None else []
    n_blocks = sum(1 for match in STEP.finditer(text) if match["text"] is not None)
    if len(FENCE.findall(text)) != 2 * n_blocks:
        wrong.append("a block of the guide is neither run nor compared")
    if walk.examples.is_dir():
        wrong += [f"the guide does not show {path.name}" for path in sorted(walk.examples.iterdir())
                  if path.is_file() and path.name not in walk.shown]
    for problem in wrong:
        print(problem)
    return check_same(text, right, "the guide", "the examples") and not wrong


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
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--links", type=pathlib.Path)
    parser.add_argument("guide", type=pathlib.Path)
    parser.add_argument("exes", type=pathlib.Path, nargs="*")
    options = parser.parse_args()

    if options.links:
        valid = check_links(options)
    else:
        valid = run_guide(options) if options.run else check_blocks(options)
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main())
