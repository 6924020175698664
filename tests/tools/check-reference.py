#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the reference builds without a warning: check-reference.py NINJA BUILD-FOLDER TARGET"""
import re
import subprocess
import sys

COMPLAINT = re.compile(r"\bwarning\b|\berror:|\bFAILED\b", re.IGNORECASE)


def main():
    ninja, folder, target = sys.argv[1:]
    # All that it needs is there after the first time; the target itself is built each time, and tells all it has to say.
    subprocess.run([ninja, "-C", folder, target], check=True, capture_output=True)
    result = subprocess.run([ninja, "-C", folder, target], capture_output=True, text=True)
    lines = (result.stdout + result.stderr).splitlines()
    complaints = [line for line in lines if COMPLAINT.search(line)]

    if not any("Building documentation" in line for line in lines):
        complaints.append("the reference was not built")
    for line in complaints:
        print(line)
    return 1 if complaints or result.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
