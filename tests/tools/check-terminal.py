#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the picture of a terminal shows what demos/quickstart.sh prints: check-terminal.py [--update] SOURCE BUILD SVG

The folder, the password and the port are each time others, so the picture has an example of each.
"""
import argparse
import html
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import terminals

COMMAND = "sh demos/quickstart.sh"
END = "Ctrl-C here ends it."
LIMIT_S = 120
POLL_S = 0.05
FOLDER = "~/charflow"
MAX_COLUMNS = 96
PASSWORD = (re.compile(r"(CHARFLOW_PASSWORD=|password )([a-z0-9]{12})\b"), r"\1wc7mxk4qh2ya")
PORT = (re.compile(r"(spice://127\.0\.0\.1:)\d+"), r"\g<1>5930")
LINE, CHARACTER, LEFT, TOP = 20, 8.43, 20, 58

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!-- Made by tests/tools/check-terminal.py from what the script printed. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
     font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="14" aria-labelledby="title">
  <title id="title">What demos/quickstart.sh prints</title>
  <rect width="{width}" height="{height}" rx="8" fill="#1b2130" stroke="#465467"/>
  <g fill="#465467"><circle cx="22" cy="20" r="6"/><circle cx="42" cy="20" r="6"/><circle cx="62" cy="20" r="6"/></g>
"""


def record(source, build):
    with tempfile.TemporaryDirectory(prefix="charflow-terminal-") as name, tempfile.TemporaryFile("w+") as output:
        folder = pathlib.Path(name).resolve()
        terminals.lay_out_clone(folder, source, build)
        process = subprocess.Popen(["sh", "demos/quickstart.sh", "--listen=spice://127.0.0.1:0"], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + LIMIT_S
            text = ""
            while END not in text:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the script did not get to its end:\n{text}")
                time.sleep(POLL_S)
                output.seek(0)
                text = output.read()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT_S)

    text = text.replace(str(folder), FOLDER)
    for pattern, example in (PASSWORD, PORT):
        text = pattern.sub(example, text)
    return text


def wrap(line):
    """As a terminal does, with no regard for words."""
    return [line[i:i + MAX_COLUMNS] for i in range(0, len(line), MAX_COLUMNS)] or [""]


def draw(text):
    lines = [f"$ {COMMAND}"] + [piece for line in text.splitlines() for piece in wrap(line)]
    width = round(2 * LEFT + MAX_COLUMNS * CHARACTER)
    svg = HEAD.format(width=width, height=TOP + LINE * len(lines))
    for i, line in enumerate(lines):
        colour = "#8fb0dd" if i == 0 else "#e8edf5"
        svg += (f'  <text x="{LEFT}" y="{TOP + LINE * i}" fill="{colour}" xml:space="preserve">'
                f"{html.escape(line, quote=False)}</text>\n")
    return svg + "</svg>\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    for name in ("source", "build", "svg"):
        parser.add_argument(name, type=pathlib.Path)
    options = parser.parse_args()

    svg = draw(record(options.source, options.build))
    if options.update:
        options.svg.write_text(svg, encoding="utf-8")
    if options.svg.read_text(encoding="utf-8") == svg:
        return 0
    print(f"{options.svg} shows something else; it should be, with --update:\n{svg}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
