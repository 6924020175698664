#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each row of doc/architecture/back-ends.md is a unit test, and that no test names a row that is not there."""
import pathlib
import re
import sys

ROW = re.compile(r"^\| ([A-Z]{1,2}\d+) \|", re.MULTILINE)
TEST = re.compile(r'"(?:/[^"\n]*/)?([A-Z]{1,2}\d+)/')


def main():
    root = pathlib.Path(sys.argv[1])
    rows = ROW.findall((root / "doc" / "architecture" / "back-ends.md").read_text(encoding="utf-8"))
    tested = set()
    for path in (root / "tests" / "unit").glob("test-*.c"):
        tested.update(TEST.findall(path.read_text(encoding="utf-8")))

    problems = [f"row {row} has no test" for row in rows if row not in tested]
    problems += [f"row {row} stands there twice" for row in sorted(set(rows)) if rows.count(row) > 1]
    # Other letters are other lists.
    letters = {row.rstrip("0123456789") for row in rows}
    unknown = {row for row in tested - set(rows) if row.rstrip("0123456789") in letters}
    problems += [f"a test names row {row}, which is not there" for row in sorted(unknown)]
    if not rows:
        problems.append("there are no rows")

    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
