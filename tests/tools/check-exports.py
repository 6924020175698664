#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a library exports what its GIR describes, and nothing else: check-exports.py LIBRARY GIR"""
import subprocess
import sys

import gir


def exported_symbols(library):
    lines = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--extern-only", library],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.strip()}


def described_symbols(gir_file):
    """The C names of all functions, also of those that are skipped, and of what makes types."""
    symbols = set()
    for entry in gir_file.callables(True, "function", "method", "constructor"):
        symbols.add(entry.element.get(gir.C + "identifier"))
    for element in gir_file.containers():
        for name in ("get-type", "ref-func", "unref-func"):
            symbols.add(element.get(gir.GLIB + name))
    return symbols - {None, "intern"}


def find_problems(exported, gir_file):
    described = described_symbols(gir_file)
    prefixes = tuple(prefix + "_" for prefix in gir_file.prefixes)

    for symbol in sorted(exported):
        if not symbol.startswith(prefixes):
            yield f"{symbol}: exported, but begins with none of {', '.join(prefixes)}"
        elif symbol not in described:
            yield f"{symbol}: exported, but neither described nor skipped in the GIR"
    for symbol in sorted(described - exported):
        yield f"{symbol}: in the GIR, but not exported"
    if not exported:
        yield "nothing is exported at all"


def main():
    library, path = sys.argv[1:]
    problems = list(find_problems(exported_symbols(library), gir.Gir.load(path)))

    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
