#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks programs against the types of the classes, and that what is wrong is found: check_types.py STUBS PROGRAM..."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What the types have to refuse, and what they say of it.
WRONG = {
    "Charflow.Session(url='spice://127.0.0.1')": "Unexpected keyword argument",
    "Charflow.CharDevice().write_bytes(None, 'text')": "incompatible type",
    "Charflow.Client().open_async()": "has no attribute",
    "Charflow.Server().listen(5930)": "incompatible type",
    "len(Charflow.Session().open_async().wait())": "incompatible type",
    "Charflow.BackendError.NONSENSE": "has no attribute",
    "Charflow.CharDevice().start(1)": "Too many arguments",
}
RIGHT = """
import re
from gi.repository import Charflow, GLib

async def talk(port: Charflow.ClientPortChannel) -> bytes:
    await port.write_bytes_async(b"x")
    match: re.Match[bytes] = await port.expect_async("x", 5)
    data: GLib.Bytes = await port.read_bytes_async(5)
    return match[0] + data.get_data()
"""


def check(folder, *programs):
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--check-untyped-defs", "--no-incremental", "--no-error-summary",
         "--no-site-packages", "--cache-dir", os.devnull, *map(str, programs)],
        env={**os.environ, "MYPYPATH": str(folder)}, capture_output=True, text=True, check=False)


def main():
    stubs, *programs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(pathlib.Path(__file__).parent / "stubs" / "gi", folder / "gi")
        shutil.copy(stubs, folder / "gi" / "repository" / "Charflow.pyi")
        (folder / "right.py").write_text(RIGHT, encoding="utf-8")
        done = check(folder, folder / "gi" / "repository" / "Charflow.pyi", folder / "right.py", *programs)
        failed = done.returncode != 0
        print(done.stdout + done.stderr, end="")

        (folder / "wrong.py").write_text("from gi.repository import Charflow\n" + "\n".join(WRONG) + "\n", encoding="utf-8")
        found = check(folder, folder / "wrong.py").stdout.splitlines()
        for number, (text, words) in enumerate(WRONG.items(), 2):
            if not any(f"wrong.py:{number}:" in line and words in line for line in found):
                print(f"the types allow {text}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
