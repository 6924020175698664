#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The model test for tools that slow everything down: has its programs made by another process, and only does them.

CHARFLOW_MODEL_SEED and CHARFLOW_MODEL_STEPS are those of test_model.py.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from pair import Pair
from world import Kind, Spec

STEPS = "500"


def make_programs(path):
    environment = {"CHARFLOW_MODEL_STEPS": STEPS, **os.environ}
    subprocess.run([sys.executable, pathlib.Path(__file__).with_name("test_model.py"), path], env=environment, check=True)


def main():
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as programs:
        make_programs(programs.name)
        pair = None
        steps = 0
        for line in programs:
            what, *arguments = eval(line, {"Kind": Kind, "Spec": Spec})
            if what == "begin":
                if pair is not None:
                    pair.end()
                pair = Pair(*arguments)
            else:
                getattr(pair, what)(*arguments)
                steps += what == "step"
        pair.end()
    print(f"{steps} steps")
    return 0 if steps >= int(os.environ.get("CHARFLOW_MODEL_STEPS") or STEPS) else 1


if __name__ == "__main__":
    sys.exit(main())
