#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the reference.

  check-reference.py NINJA BUILD-FOLDER TARGET            that it builds without a warning
  check-reference.py --examples SOURCES EXAMPLES EXE...   that each class has an example that works
  check-reference.py --picture SOURCES SVG                that the picture of the classes has them all

An example of a class is a block of C in a comment of the library's SOURCES, and a literal part of a file in the folder
EXAMPLES. The program of NAME.c prints what is in NAME.txt.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

COMPLAINT = re.compile(r"\bwarning\b|\berror:|\bFAILED\b", re.IGNORECASE)
SECTION = re.compile(r"^/\*\*\n \* SECTION:(?P<name>[\w-]+)\n(?P<text>.*?)^ \*/", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r'^ \* \|\[<!-- language="C" -->\n(?P<text>.*?)^ \* \]\|', re.MULTILINE | re.DOTALL)
CLASS = re.compile(r"^G_DECLARE_(FINAL|DERIVABLE)_TYPE \(Charflow(\w+),", re.MULTILINE)
SHOWN = re.compile(r'<text class="(name|plain)"[^>]*>(\w+)</text>')
# These have no class.
WITHOUT = {"charflow-enums", "charflow-version"}
MAX_LINES = 30
TIMEOUT_S = 90


def check_warnings(ninja, folder, target):
    # It is built each time that it is asked for, and tells all that it has to say.
    result = subprocess.run([ninja, "-C", folder, target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    before, beginning, said = result.stdout.partition("Building documentation")
    complaints = [line for line in said.splitlines() if COMPLAINT.search(line)]
    if not beginning:
        complaints.append("the reference was not built:\n" + before)
    if result.returncode != 0:
        complaints.append(f"it ended with {result.returncode}")
    return complaints


def unwrap(comment):
    """The code in a comment, without what makes it one."""
    return "".join(line[2:].removeprefix(" ") for line in comment.splitlines(keepends=True))


def holds(file_text, code):
    """Whether some code is in a file, however deep it is indented there."""
    return any(textwrap.indent(code, " " * depth) in file_text for depth in range(0, 9, 2))


def check_comments(sources, texts):
    complaints, n_sections = [], 0
    for path in sorted(sources.rglob("*.c")):
        for section in SECTION.finditer(path.read_text(encoding="utf-8")):
            n_sections += 1
            blocks = [unwrap(match["text"]) for match in BLOCK.finditer(section["text"])]
            if not blocks and section["name"] not in WITHOUT:
                complaints.append(f"{section['name']} has no example")
            for code in blocks:
                if not any(holds(text, code) for text in texts):
                    complaints.append(f"an example of {section['name']} is in no file:\n{code}")
                if code.count("\n") > MAX_LINES:
                    complaints.append(f"an example of {section['name']} has more than {MAX_LINES} lines")
    if n_sections == 0:
        complaints.append(f"{sources} has no sections")
    return complaints


def check_output(exe, expected):
    done = subprocess.run([exe], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0 or done.stderr:
        return [f"{exe} ended with {done.returncode}:\n{done.stdout}{done.stderr}"]
    return [] if done.stdout == expected else [f"{exe} printed\n{done.stdout}instead of\n{expected}"]


def check_examples(sources, examples, *exes):
    texts = [path.read_text(encoding="utf-8") for path in pathlib.Path(examples).glob("*.c")]
    complaints = check_comments(pathlib.Path(sources), texts)
    for exe in exes:
        name = pathlib.Path(exe).name.removeprefix("reference-")
        complaints += check_output(exe, (pathlib.Path(examples) / f"{name}.txt").read_text(encoding="utf-8"))
    return complaints


def check_picture(sources, svg):
    headers = [path.read_text(encoding="utf-8") for path in pathlib.Path(sources).rglob("*.h")
               if not path.name.endswith("-private.h")]
    classes = {(name, kind == "DERIVABLE") for text in headers for kind, name in CLASS.findall(text)}
    shown = {(name, look == "name") for look, name in SHOWN.findall(pathlib.Path(svg).read_text(encoding="utf-8"))}
    return [f"{svg} {'lacks' if what in classes else 'has, but the library has not,'} the "
            f"{'derivable' if what[1] else 'final'} class {what[0]}" for what in sorted(classes ^ shown)]


CHECKS = {"--examples": check_examples, "--picture": check_picture}


def main():
    check = CHECKS.get(sys.argv[1])
    complaints = check(*sys.argv[2:]) if check else check_warnings(*sys.argv[1:])
    for line in complaints:
        print(line)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
