#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the tests in the logs of meson: sum-tests.py testlog.json… prints "PASSED FAILED", then those that failed.

A test that was skipped has shown nothing, so it counts as failed.
"""
import json
import re
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
# A part of a test, in the Test Anything Protocol.
SKIPPED_PART = re.compile(r"^ok\b.*# *SKIP", re.IGNORECASE | re.MULTILINE)


def main():
    passed = 0
    failed = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if SKIPPED_PART.search(test.get("stdout") or ""):
                    failed.append(f"SKIP in part: {test['name']}")
                elif test["result"] in PASSED:
                    passed += 1
                else:
                    failed.append(f"{test['result']}: {test['name']}")

    print(passed, len(failed))
    print("\n".join(failed), end="\n" if failed else "")


if __name__ == "__main__":
    main()
