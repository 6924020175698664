#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command in each language of po/LINGUAS, and checks its words and its columns."""
import gettext
import os
import pathlib
import subprocess
import sys
import tempfile
import unicodedata

DOMAIN = "charflow-glib-1"
# Words of the table that are two columns wide, whatever languages there are.
WIDE = {"text": "文字列", "number": "数", "on or off": "オンかオフ", "A serial line": "シリアル回線"}


def count_columns(text):
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def find_column(line, word, start=0):
    """The column in which a word begins, or None where it is not in the line."""
    index = line.find(word, start)
    return None if index < 0 else count_columns(line[:index])


class Command:
    """The command in one language."""

    def __init__(self, program, catalogs, locales, language):
        self.program = program
        self.language = language
        self.translation = gettext.translation(DOMAIN, catalogs, [language])
        # In the C locale no language is looked up, so there is one that was just built.
        self.environment = {**os.environ, "LC_ALL": "en_US.UTF-8", "LOCPATH": str(locales), "LANGUAGE": language,
                            "TEXTDOMAINDIR": str(catalogs)}

    def translate(self, message):
        words = self.translation.gettext(message)
        if words == message:
            sys.exit(f"{self.language}: the catalog does not have \"{message}\"")
        return words

    def run(self, *arguments, status=0):
        done = subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, timeout=60, check=False)
        if done.returncode != status:
            sys.exit(f"{self.language}: charflow {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return (done.stdout if status == 0 else done.stderr).decode("utf-8")

    def expect(self, output, words):
        if words not in output:
            sys.exit(f"{self.language}: \"{words}\" is missing in:\n{output}")

    def expect_table(self, output, rows):
        """Each row has its words, and each word but the first begins in the column of those above it."""
        columns = {}
        for row in rows:
            for line in output.splitlines():
                if line.split()[:1] == row[:1] and row[-1] in line:
                    break
            else:
                sys.exit(f"{self.language}: there is no line \"{' '.join(row)}\" in:\n{output}")
            start = 0
            for i, word in enumerate(row):
                column = find_column(line, word, start)
                if column is None or columns.setdefault(i, column) != column:
                    sys.exit(f"{self.language}: \"{word}\" is not in column {columns.get(i)} of:\n{output}")
                start = line.find(word, start) + len(word)


def check_language(command):
    tr = command.translate

    output = command.run("backends")
    command.expect_table(output, [["serial", tr("A serial line")], ["pty", tr("A pseudo terminal")],
                                  ["mux", tr("Lets several front ends share another back end")]])

    output = command.run("backends", "serial")
    command.expect_table(output, [["baud", tr("number"), "115200", tr("Bits a second, any rate that the line can do")],
                                  ["exclusive", tr("on or off"), "on", tr("Whether nobody else may use the device")],
                                  ["path", tr("text"), "-", tr("The device, such as /dev/ttyUSB0")]])

    output = command.run("--help")
    command.expect(output, tr("Usage: charflow COMMAND [OPTION…]"))
    command.expect_table(output.replace("\n  ", "\n"), [["list", tr("list what a server has")],
                                                        ["help", tr("show this, or the options of a command")]])
    command.expect(command.run("serve", "--help"), tr("Let everybody in without a password"))

    output = command.run("backends", "nonesuch", status=2)
    command.expect(output, tr("There is no back end '%s', only %s").split("%s", maxsplit=1)[0])
    output = command.run("serve", "--chardev=serial,id=c0,baud=fast", status=2)
    command.expect(output, tr("Option '%s' expects %s, not '%s'") % ("baud", tr("a number"), "fast"))


def build_wide_catalog(folder):
    """A language whose words are wide: the table must be straight in it, too."""
    lines = [f'msgid "{source}"\nmsgstr "{words}"\n' for source, words in WIDE.items()]
    target = folder / "ja" / "LC_MESSAGES"
    target.mkdir(parents=True)
    text = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "\n".join(lines)
    subprocess.run(["msgfmt", "-", "-o", str(target / f"{DOMAIN}.mo")], input=text.encode("utf-8"), check=True)


def check_wide(command):
    tr = command.translate
    command.expect_table(command.run("backends", "serial"),
                         [["id", tr("text"), "-", "The name of the back end"],
                          ["baud", tr("number"), "115200", "Bits a second"],
                          ["exclusive", tr("on or off"), "on", "Whether nobody else"],
                          ["parity", "none|", "none", "The parity bit"]])


def main():
    program, catalogs, sources = sys.argv[1:]
    languages = (pathlib.Path(sources) / "LINGUAS").read_text(encoding="utf-8").split()
    if not languages:
        sys.exit("po/LINGUAS has no language")

    with tempfile.TemporaryDirectory(prefix="charflow-locales-") as name:
        folder = pathlib.Path(name)
        subprocess.run(["localedef", "--no-archive", "-i", "en_US", "-f", "UTF-8", str(folder / "en_US.UTF-8")], check=True)
        for language in languages:
            check_language(Command(program, pathlib.Path(catalogs), folder, language))

        build_wide_catalog(folder / "po")
        check_wide(Command(program, folder / "po", folder, "ja"))


if __name__ == "__main__":
    main()
