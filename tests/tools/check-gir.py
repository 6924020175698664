#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that an API is as good in Python and in Vala as it is in C: check-gir.py GIR

Each rule is a function below that yields what breaks it, and a row of RULES at the end.
"""
import keyword
import re
import sys

import gir
from gir import GLIB, C, tag

# Methods of GObject.Object in Python, and members of GLib.Object in Vala.
OF_GOBJECT = set("""
    bind_property chain connect connect_after connect_data connect_object connect_object_after constructed disconnect
    disconnect_by_func dispose emit emit_stop_by_name find_property force_floating freeze_notify get_class get_data
    get_properties get_property get_qdata get_type handler_block handler_block_by_func handler_disconnect
    handler_is_connected handler_unblock handler_unblock_by_func install_properties install_property is_floating
    list_properties new notify notify_by_pspec override_property props qdata ref ref_count ref_sink replace_data
    replace_qdata run_dispose set_data set_properties set_property set_qdata steal_data steal_qdata stop_emission
    thaw_notify unref watch_closure weak_ref weak_unref
""".split())

VALA_KEYWORDS = set("""
    abstract as async base break case catch class const construct continue default delegate delete do dynamic else
    ensures enum errordomain extern false finally for foreach if in inline interface internal is lock namespace new null
    out override owned params private protected public ref requires return sealed signal sizeof static struct switch
    this throw throws true try typeof unlock unowned using var virtual void volatile weak while with yield yields
""".split())

KEYWORDS = set(keyword.kwlist) | set(keyword.softkwlist) - {"type"} | VALA_KEYWORDS

# What a class of reference-counted memory has to have; Vala knows these two by their role.
OF_BOXED = {"ref", "unref"}

NUMBERS = set("gint8 guint8 gint16 guint16 gint32 guint32 gint64 guint64 gint guint gsize gssize gchar gboolean gdouble".split())
RAW = {"gpointer", "gconstpointer", "none", ""}
CALLBACKS = {"Gio.AsyncReadyCallback", "GLib.SourceFunc", "GLib.Func", "GObject.Callback"}
CONTAINERS = {"GLib.List", "GLib.SList", "GLib.PtrArray", "GLib.HashTable", "GLib.Array", "GLib.Queue"}

# A value that may be NULL is said to be so; "never %NULL" is not that.
MAYBE_NULL = re.compile(r"(?<!not )(?<!never )%?\bNULL\b")
MAX_OUTPUTS = 2


def name_of(element):
    return element.get("name").replace("-", "_")


def methods_hide_gobject(api):
    for entry in api.callables(False, "method", "function", "virtual-method"):
        if entry.owner.tag == tag("class") and entry.name in OF_GOBJECT:
            yield entry.where, "GObject has a method of that name"


def names_are_keywords(api):
    for entry in api.callables(False, "method", "function", "virtual-method", GLIB + "signal"):
        if entry.owner.tag == tag("record") and entry.name in OF_BOXED:
            continue
        if entry.name.replace("-", "_") in KEYWORDS:
            yield entry.where, "a keyword of Python or Vala"
    for entry in api.callables():
        for value in entry.parameters():
            if value.element.get("name") in KEYWORDS:
                yield value.where, "a keyword of Python or Vala"
    for value in api.properties():
        if name_of(value.element) in KEYWORDS:
            yield value.where, "a keyword of Python or Vala"


def pointers_are_raw(api):
    for value in api.values():
        if value.role or value.kind == "result" and value.type_name == "none" and "*" not in value.c_type:
            continue
        if not value.is_array and value.type_name in RAW:
            yield value.where, "a raw pointer"
        elif not value.is_array and value.type_name in NUMBERS and "*" in value.c_type and value.direction == "in":
            yield value.where, f"{value.c_type} without (array)"


def arrays_lack_length(api):
    for value in api.values():
        if not value.is_array or value.type_name:
            continue
        zero = value.type.get("zero-terminated")
        if value.type.get("length") is None and value.type.get("fixed-size") is None and zero == "0":
            yield value.where, "an array that has no length and no end"
        elif value.type.get("length") is None and value.type.get("fixed-size") is None and zero is None:
            element = value.type.find(tag("type"))
            if element is None or element.get("name") in NUMBERS:
                yield value.where, "an array of numbers without a length"


def containers_lack_elements(api):
    for value in api.values():
        if value.type is None or value.type_name not in CONTAINERS:
            continue
        elements = [element.get("name", "") for element in value.type.findall(tag("type"))]
        if not elements or any(name in RAW for name in elements):
            yield value.where, f"{value.type_name} without (element-type)"


def callbacks_lack_scope(api):
    own = {element.get("name") for element in api.namespace.findall(tag("callback"))}
    for entry in api.callables():
        for value in entry.parameters():
            if value.type_name in CALLBACKS | own and value.element.get("scope") is None:
                yield value.where, "a callback without (scope)"


def arguments_vary(api):
    for entry in api.callables(True):
        varies = entry.element.find(f"{tag('parameters')}/{tag('parameter')}/{tag('varargs')}") is not None
        if varies and entry.element.get("shadowed-by") is None:
            yield entry.where, "varargs without a twin and (rename-to)"


def calls_are_half_async(api):
    for entry in api.callables(False, "method", "virtual-method"):
        siblings = {name_of(element) for element in entry.owner.findall(tag(entry.kind))}
        if entry.name.endswith("_finish"):
            if entry.name[:-len("finish")] + "async" not in siblings:
                yield entry.where, "has no _async"
            continue
        takes = [value.type_name for value in entry.parameters()]
        if "Gio.AsyncReadyCallback" not in takes:
            continue
        if not entry.name.endswith("_async"):
            yield entry.where, "takes a GAsyncReadyCallback but is not called _async"
        elif entry.name[:-len("async")] + "finish" not in siblings:
            yield entry.where, "has no _finish"
        if takes.count("Gio.Cancellable") != 1:
            yield entry.where, "does not take one GCancellable"
        if entry.result().type_name != "none":
            yield entry.where, "its first half returns something"


def names_are_shared(api):
    for owner in api.classes():
        seen = {}
        for ancestor in api.ancestors(owner):
            for kind in ("method", "property", GLIB + "signal"):
                for element in ancestor.findall(tag(kind)):
                    seen.setdefault(name_of(element), set()).add(kind.split("}")[-1])
        for name, kinds in sorted(seen.items()):
            if len(kinds) > 1:
                yield f"{owner.get('name')}.{name}", "is a " + " and a ".join(sorted(kinds))


def docs_are_missing(api):
    for entry in api.callables(False, "function", "method", "constructor", GLIB + "signal"):
        if not entry.doc and entry.element.get("moved-to") is None:
            yield entry.where, "has no documentation"
    for value in api.properties():
        if not gir.doc_of(value.element):
            yield value.where, "has no documentation"
    for owner in api.containers():
        if not gir.doc_of(owner) and owner.get(GLIB + "is-gtype-struct-for") is None:
            yield owner.get("name"), "has no documentation"
        for member in owner.findall(tag("member")):
            if not gir.doc_of(member):
                yield f"{owner.get('name')}.{member.get('name')}", "has no documentation"


def enums_are_poor(api):
    for owner in api.containers("enumeration", "bitfield"):
        members = owner.findall(tag("member"))
        if owner.get(GLIB + "get-type") is None:
            yield owner.get("name"), "has no GType"
        for member in members:
            name = member.get("name")
            if name[0].isdigit():
                yield f"{owner.get('name')}.{name}", "begins with a digit"
            if name == "last" or name.endswith("_last"):
                yield f"{owner.get('name')}.{name}", "is no value"
        if owner.tag == tag("bitfield") and not any(m.get("name") == "none" and m.get("value") == "0" for m in members):
            yield owner.get("name"), "flags without none = 0"


def error_enums_are_values(api):
    domains = {e.get("name") for e in api.containers("enumeration") if e.get(GLIB + "error-domain") is not None}
    for value in api.values():
        if value.type_name in domains:
            yield value.where, "an error domain is no value in Vala"


def null_is_not_declared(api):
    for entry in api.callables():
        for value in entry.values():
            declared = value.element.get("nullable") == "1" or value.element.get("allow-none") == "1"
            if not declared and value.type_name != "gboolean" and MAYBE_NULL.search(gir.doc_of(value.element)):
                yield value.where, "NULL in its words, but not (nullable)"


def arguments_go_both_ways(api):
    for entry in api.callables():
        for value in entry.parameters():
            if value.direction == "inout":
                yield value.where, "an (inout) argument"


def outputs_are_misplaced(api):
    for entry in api.callables():
        directions = [value.direction for value in entry.parameters()]
        outputs = directions.count("out")
        if outputs > MAX_OUTPUTS:
            yield entry.where, f"{outputs} outputs"
        if "in" in directions[len(directions) - outputs:]:
            yield entry.where, "its outputs are not its last arguments"


def ownership_is_unknown(api):
    for entry in api.callables(True, "function", "method", "constructor", "virtual-method"):
        result = entry.result()
        if entry.element.get("shadowed-by") is None and not gir.is_introspectable(entry.element) and not entry.doc:
            yield entry.where, "left out of the bindings, and nobody said (skip)"
        elif result.element.get("transfer-ownership") is None:
            yield entry.where, "returns without (transfer)"


def skipped_lack_twins(api):
    for entry in api.callables(True, "function", "method", "constructor"):
        if gir.is_introspectable(entry.element) or entry.element.get("shadowed-by") is not None:
            continue
        own = entry.element.get(C + "identifier")
        if not [twin for twin in re.findall(r"\b(\w+)\(\)", entry.doc) if twin != own]:
            yield entry.where, "skipped, and its words name no twin"


def constructors_may_fail(api):
    for owner in api.containers("class"):
        for element in owner.findall(tag("implements")):
            if element.get("name") in ("Gio.Initable", "Gio.AsyncInitable"):
                yield owner.get("name"), f"is a {element.get('name')}: Python constructs it without"


def functions_are_loose(api):
    types = {e.get(C + "symbol-prefix") for e in api.containers("class", "interface", "record")} - {None}
    for entry in api.callables(False, "function"):
        if entry.owner is api.namespace and any(entry.name.startswith(name + "_") for name in types) \
                and entry.element.get("moved-to") is None:
            yield entry.where, "looks like a method but is a loose function"


RULES = [
    ("hides-gobject", methods_hide_gobject),
    ("keyword", names_are_keywords),
    ("raw-pointer", pointers_are_raw),
    ("array-length", arrays_lack_length),
    ("element-type", containers_lack_elements),
    ("scope", callbacks_lack_scope),
    ("varargs", arguments_vary),
    ("async", calls_are_half_async),
    ("shared-name", names_are_shared),
    ("documentation", docs_are_missing),
    ("enum", enums_are_poor),
    ("error-value", error_enums_are_values),
    ("nullable", null_is_not_declared),
    ("inout", arguments_go_both_ways),
    ("outputs", outputs_are_misplaced),
    ("transfer", ownership_is_unknown),
    ("twin", skipped_lack_twins),
    ("initable", constructors_may_fail),
    ("loose-function", functions_are_loose),
]


def find_problems(api):
    for rule, function in RULES:
        for where, what in function(api):
            yield rule, where, what


def main():
    problems = list(find_problems(gir.Gir.load(sys.argv[1])))

    for rule, where, what in problems:
        print(f"{rule:16}{where}: {what}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
