#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each language of po/LINGUAS has every message that a user can see, and nothing broken."""
import pathlib
import re
import subprocess
import sys
import tempfile

# What meson's preset "glib" looks for.
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3"]
FLAGS = ["N_:1:pass-c-format", "C_:2:pass-c-format", "NC_:2:pass-c-format", "g_dngettext:2:pass-c-format",
         "g_error_new:3:c-format", "g_set_error:4:c-format", "g_print:1:c-format", "g_printerr:1:c-format"]
FIELD = re.compile(r'(#, |(?:msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) )?(.*)')
# Options and variables have one name in all languages.
NAME = re.compile(r"--[a-z][a-z-]*|\b[A-Z]+_[A-Z_]+\b|spice[+a-z]*://")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read_entries(text):
    """Each message of a catalog: a table of its fields, with "#," for its flags."""
    for block in text.split("\n\n"):
        entry = {}
        key = None
        for line in block.splitlines():
            if line.startswith("#") and not line.startswith("#,"):
                continue
            field, rest = FIELD.fullmatch(line).groups()
            key = field.strip() if field else key
            entry[key] = entry.get(key, "") + (rest if key == "#," else rest[1:-1])
        if "msgid" in entry:
            yield entry


def find_fault(entry):
    """What is wrong with a message, or None."""
    words = [text for key, text in entry.items() if key.startswith("msgstr")]
    source = entry["msgid"]
    if not all(words):
        return "not translated"
    if "fuzzy" in entry.get("#,", ""):
        return "fuzzy"
    if any(text.endswith(" ") != source.endswith(" ") or text.startswith(" ") != source.startswith(" ") for text in words):
        return "blanks at the ends differ"
    missing = [name for name in NAME.findall(source) if not all(name in text for text in words)]
    return f"lacks {', '.join(missing)}" if missing else None


def name_message(complaint, lines):
    """What msgfmt complains of, with the message instead of the line in a file that is gone."""
    found = re.match(r".*?:(\d+): (.*)", complaint)
    if found is None:
        return complaint
    above = [line for line in lines[:int(found[1])] if line.startswith("msgid ")]
    return f"{found[2]}: {above[-1].removeprefix('msgid ')}" if above else complaint


def check_language(root, template, language, folder):
    path = root / "po" / f"{language}.po"
    if not path.exists():
        return [f"{language}: there is no po/{language}.po"]

    merged = folder / f"{language}.po"
    done = run("msgmerge", "--quiet", "--no-fuzzy-matching", "--no-wrap", "-o", str(merged), str(path), str(template))
    if done.returncode != 0:
        return [f"{language}: {done.stderr}"]

    # The flags that tell which messages are formats come from the template.
    done = run("msgfmt", "--check", "--check-accelerators=_", "-o", str(folder / "checked.mo"), str(merged))
    text = merged.read_text(encoding="utf-8")
    complaints = done.stderr.splitlines() if done.returncode != 0 else []
    problems = [f"{language}: {name_message(line, text.splitlines())}" for line in complaints]
    for entry in list(read_entries(text))[1:]:
        fault = find_fault(entry)
        if fault is not None:
            problems.append(f"{language}: {fault}: \"{entry['msgid']}\"")
    return problems


def main():
    root = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="charflow-po-") as name:
        folder = pathlib.Path(name)
        template = folder / "template.pot"
        done = run("xgettext", "--from-code=UTF-8", "--add-comments", f"--directory={root}",
                   f"--files-from={root / 'po' / 'POTFILES'}", f"--output={template}",
                   *[f"--keyword={keyword}" for keyword in KEYWORDS], *[f"--flag={flag}" for flag in FLAGS])
        if done.returncode != 0:
            sys.exit(done.stderr)

        lines = (root / "po" / "LINGUAS").read_text(encoding="utf-8").splitlines()
        languages = [line for line in lines if line and not line.startswith("#")]
        problems = [] if languages == sorted(set(languages)) and languages else ["po/LINGUAS is empty or not sorted"]
        # A text that goes on in a macro unknown to xgettext ends there, and would never be found.
        for entry in read_entries(template.read_text(encoding="utf-8")):
            if re.search(r"(?<!%)(%%)*%$", entry["msgid"]):
                problems.append(f"cut off, write PRIu64 for G_GUINT64_FORMAT: \"{entry['msgid']}\"")
        for language in languages:
            problems += check_language(root, template, language, folder)

    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
