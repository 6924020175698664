#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that a Vala binding leaves nothing to its users that a language can do, and that tests use it.

  check-vapi.py VAPI TEST...

Each rule is a function below that yields what breaks it, and a row of RULES at the end. What breaks one is mended in the
comment of the C function, or where a GIR has no words for it in bindings/vala/Charflow-1.metadata.
"""
import dataclasses
import pathlib
import re
import sys

OWNER = re.compile(r"^public .*?\b(?:class|interface|struct|enum|errordomain) (\w+)(?: : (.*?))? \{$")
CALLABLE = re.compile(r"^(?P<flags>(?:(?:public|protected|static|virtual|abstract|async|signal|delegate) )+)"
                      r"(?:(?P<result>\S.*?) )?(?P<name>@?[\w.]+) \((?P<arguments>.*)\)(?P<throws> throws [\w.]+)?;$")
PROPERTY = re.compile(r"^public (?:(?:virtual|abstract) )?(?P<type>\S+) (?P<name>@?\w+) \{ (?P<accessors>.*) \}$")
# What may hand out something that it keeps; all else hands over what it returns.
KEEPERS = re.compile(r"^(get|describe|lookup|message_target)(_|$)")
# The registry has what it creates.
KEEPERS_ELSE = {"BackendRegistry.create"}


@dataclasses.dataclass
class Member:
    owner: str
    name: str
    text: str
    notes: str  # the attributes that stand above it
    flags: str = ""
    type: str = ""
    arguments: tuple = ()
    throws: bool = False

    @property
    def where(self):
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def plain_name(self):
        return self.name.lstrip("@")


def split_arguments(text):
    """At its commas, but those inside of the parentheses of attributes and the brackets of types."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([<") - (char in ")]>")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return tuple(part.strip() for part in parts if part.strip())


class Vapi:
    def __init__(self, text):
        self.methods, self.properties, self.unread = [], [], []
        self.parents, self.owner_notes, self.classes = {}, {}, set()
        owner, notes = "", []
        for line in (line.strip() for line in text.splitlines()):
            if line.startswith("["):
                notes.append(line)
                continue
            if found := OWNER.match(line):
                owner = found[1]
                if " enum " not in line:
                    self.classes.add(owner)
                self.parents[owner] = (found[2] or "").split(",")[0].split(".")[-1]
                self.owner_notes[owner] = " ".join(notes)
            elif line == "}":
                owner = ""
            else:
                self.take(owner, line, " ".join(notes))
            notes = []

    def take(self, owner, line, notes):
        if found := PROPERTY.match(line):
            self.properties.append(Member(owner, found["name"], line, notes, type=found["type"]))
        elif found := CALLABLE.match(line):
            self.methods.append(Member(owner, found["name"], line, notes, found["flags"], found["result"] or "",
                                       split_arguments(found["arguments"]), found["throws"] is not None))
        elif "(" in line or "{" in line and not line.startswith(("/*", "namespace")):
            self.unread.append(line)

    def members(self):
        return self.methods + self.properties

    def ancestors(self, owner):
        while owner := self.parents.get(owner):
            yield owner


def calls_are_not_async(api):
    for member in api.methods:
        if "AsyncReadyCallback" in member.text or "AsyncResult" in member.text:
            yield member.where, "takes part in a call by hand that could be async"
        elif member.plain_name.endswith("_finish"):
            yield member.where, "is the second half of a call that could be async"


def async_calls_are_poor(api):
    for member in api.methods:
        if "async " not in member.flags:
            continue
        if not member.throws:
            yield member.where, "is async and throws nothing"
        if not any(argument.startswith("GLib.Cancellable?") for argument in member.arguments):
            yield member.where, "is async and takes no cancellable, or not null"


def cancellables_have_no_default(api):
    for member in api.methods:
        if member.arguments and re.fullmatch(r"GLib\.Cancellable\?? \w+", member.arguments[-1]):
            yield member.where, "its cancellable may not be left out"


def defaults_are_of_no_use(api):
    for member in api.methods:
        seen = False
        for argument in member.arguments:
            seen |= " = " in argument
            if seen and " = " not in argument:
                yield member.where, "an argument with a default stands before one without"
                break


def pointers_are_raw(api):
    for member in api.members():
        if "*" in member.text:
            yield member.where, "a pointer"


def elements_are_weak(api):
    for member in api.members():
        if "<weak " in member.text or "<unowned " in member.text:
            yield member.where, "what it holds may go before the one who got it has done"
        elif re.search(r"\b(GenericArray|List|SList|HashTable|Array|PtrArray)\b(?!<)", member.type):
            yield member.where, "holds nobody knows what"


def arrays_have_no_end(api):
    for member in api.methods:
        if "[]" in member.type and "array_length = false" in member.notes and "null_terminated" not in member.notes:
            yield member.where, "returns an array with neither length nor end"
        for argument in member.arguments:
            if "[]" in argument and "array_length = false" in argument and "null_terminated" not in argument:
                yield member.where, "takes an array with neither length nor end"


def results_are_lent(api):
    for member in api.methods:
        if member.type.startswith("unowned ") and not KEEPERS.match(member.plain_name) \
                and member.where not in KEEPERS_ELSE:
            yield member.where, "returns something that it keeps, and its name does not say so"


def null_is_half_declared(api):
    getters = {member.where: member for member in api.methods}
    for member in api.properties:
        getter = getters.get(f"{member.owner}.get_{member.plain_name}")
        if getter is not None and getter.type.endswith("?") != member.type.endswith("?"):
            yield member.where, f"is {member.type}, and its getter returns {getter.type}"


def properties_come_twice(api):
    own = {member.where for member in api.properties}
    for member in api.properties:
        for owner in api.ancestors(member.owner):
            if f"{owner}.{member.name}" in own:
                yield member.where, f"is that of {owner}"


def references_are_counted_by_hand(api):
    for member in api.methods:
        if member.plain_name in ("ref", "unref"):
            yield member.where, "Vala counts references itself"
    for owner, notes in api.owner_notes.items():
        if ("ref_function" in notes) != ("unref_function" in notes):
            yield owner, "has half of its counting of references"


def names_are_keywords(api):
    for member in api.members():
        if member.name.startswith("@"):
            yield member.where, "a keyword of Vala"


def quarks_are_loose(api):
    for member in api.methods:
        if not member.owner and member.plain_name.endswith("_quark"):
            yield member.where, "the error domain has its own quark ()"


RULES = [
    ("by-hand", calls_are_not_async),
    ("async", async_calls_are_poor),
    ("cancellable", cancellables_have_no_default),
    ("default", defaults_are_of_no_use),
    ("pointer", pointers_are_raw),
    ("element", elements_are_weak),
    ("array", arrays_have_no_end),
    ("lent", results_are_lent),
    ("nullable", null_is_half_declared),
    ("twice", properties_come_twice),
    ("reference", references_are_counted_by_hand),
    ("keyword", names_are_keywords),
    ("quark", quarks_are_loose),
]


def find_problems(api):
    if not api.methods or not api.properties:
        yield "empty", "the binding", "has no methods, or no properties"
    for line in api.unread:
        yield "unread", line, "this check cannot read it"
    for rule, function in RULES:
        for where, what in function(api):
            yield rule, where, what


def find_unused(api, source):
    """Classes and domains of errors that no test names, and async calls that none makes."""
    for owner in sorted(api.classes):
        if not re.search(rf"\bCharflow\.{owner}\b", source):
            yield "unused", owner, "no test uses it"
    for member in api.methods:
        if "async " in member.flags and not re.search(rf"\b{member.name}\b", source):
            yield "unused", member.where, "no test calls it"


def main():
    vapi, *tests = [pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[1:]]
    api = Vapi(vapi)
    problems = list(find_problems(api)) + list(find_unused(api, "\n".join(tests)))

    for rule, where, what in problems:
        print(f"{rule:16}{where}: {what}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
