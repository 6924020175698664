#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a manual page is well formed, and has the commands and options that the program has: check-man.py PROGRAM PAGE"""
import os
import pathlib
import re
import subprocess
import sys

COMMAND = re.compile(r"^  ([a-z][a-z-]*) {2,}\w", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# What every program has, and nobody looks up.
COMMON = {"--help"}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "120", "MANROFFOPT": "-rHY=0"})
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def get_page_options(page):
    """The options that the source of a page names as such: Fl \\-name."""
    return {"--" + name.replace("\\-", "-") for name in re.findall(r"\bFl \\-([a-z\\-]+)", page)}


def main():
    program, page = sys.argv[1:]
    run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)
    told = re.sub(r".\x08", "", run("man", "-l", "-P", "cat", page))
    if "DESCRIPTION" not in told:
        sys.exit(f"{page} has no description")
    named = get_page_options(pathlib.Path(page).read_text(encoding="utf-8"))

    general = run(program, "--help")
    commands = set(COMMAND.findall(general))
    options = set(OPTION.findall(general))
    # Help is told of itself, not of by itself.
    for command in sorted(commands - {"help"}):
        options |= set(OPTION.findall(run(program, command, "--help")))

    wrong = [f"the page does not tell of {command}" for command in sorted(commands)
             if not re.search(rf"\b{command}\b", told)]
    wrong += [f"the page does not tell of {option}" for option in sorted(options - named - COMMON)]
    wrong += [f"the page tells of {option}, which there is not" for option in sorted(named - options)]
    if not commands or not options:
        wrong.append(f"{program} --help tells of no commands or options")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
