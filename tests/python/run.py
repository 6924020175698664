#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the Python tests in one process, then checks that they left nothing of the API out: run.py GIR"""
import pathlib
import sys
import unittest

import support


def main():
    support.surface = support.Surface(sys.argv[1])
    support.surface.record()
    tests = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent), "test_*.py")
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1

    untouched = support.surface.untouched()
    for name in untouched:
        print(f"no test touches {name}")
    return 1 if untouched else 0


if __name__ == "__main__":
    sys.exit(main())
