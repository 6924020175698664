#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the reference builds without a warning: check-reference.py NINJA BUILD-FOLDER TARGET"""
import re
import subprocess
import sys

COMPLAINT = re.compile(r"\bwarning\b|\berror:|\bFAILED\b", re.IGNORECASE)


def main():
    ninja, folder, target = sys.argv[1:]
    # It is built each time that it is asked for, and tells all that it has to say.
    result = subprocess.run([ninja, "-C", folder, target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    before, beginning, said = result.stdout.partition("Building documentation")
    complaints = [line for line in said.splitlines() if COMPLAINT.search(line)]

    if not beginning:
        complaints.append("the reference was not built:\n" + before)
    for line in complaints:
        print(line)
    return 1 if complaints or result.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
