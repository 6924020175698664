#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that the checks find what they are for: each rule meets something that breaks it."""
import contextlib
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import gir

FOLDER = pathlib.Path(__file__).parent


def load(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Where dataclasses looks for it.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


check_gir = load("check-gir")
check_exports = load("check-exports")
check_po = load("check-po")
check_vapi = load("check-vapi")

FRAME = """<repository xmlns="http://www.gtk.org/introspection/core/1.0"
  xmlns:c="http://www.gtk.org/introspection/c/1.0" xmlns:glib="http://www.gtk.org/introspection/glib/1.0">
  <namespace name="Toy" c:symbol-prefixes="toy">{}</namespace></repository>"""
VOID = '<return-value transfer-ownership="none"><type name="none" c:type="void"/></return-value>'
DOC = "<doc>Words.</doc>"


def in_namespace(content):
    return gir.Gir(FRAME.format(content))


def in_class(content, attributes=""):
    return in_namespace(f'<class name="Top" c:symbol-prefix="top" {attributes}>{DOC}{content}</class>')


def method(name, parameters="", result=VOID, attributes="", doc=DOC, kind="method"):
    return (f'<{kind} name="{name}" c:identifier="toy_top_{name}" {attributes}>{doc}{result}'
            f"<parameters>{parameters}</parameters></{kind}>")


def parameter(name, content, attributes=""):
    return f'<parameter name="{name}" transfer-ownership="none" {attributes}>{content}</parameter>'


def typed(name, c_type):
    return f'<type name="{name}" c:type="{c_type}"/>'


def returns(content, attributes='transfer-ownership="none"'):
    return f"<return-value {attributes}>{content}</return-value>"


NUMBER = typed("guint", "guint")
CALLBACK = typed("Gio.AsyncReadyCallback", "GAsyncReadyCallback")
CANCELLABLE = parameter("cancellable", typed("Gio.Cancellable", "GCancellable*"))
ASYNC = CANCELLABLE + parameter("callback", CALLBACK, 'scope="async" closure="2"') \
    + parameter("user_data", typed("gpointer", "gpointer"))
OPEN_ASYNC = method("open_async", ASYNC)
OPEN_FINISH = method("open_finish", result=returns(typed("gboolean", "gboolean")))
MEMBER = '<member name="{}" value="{}"><doc>Words.</doc></member>'
ENUM = '<enumeration name="Kind" {}><doc>Words.</doc>{}</enumeration>'
TYPED = 'glib:get-type="toy_kind_get_type"'

SOUND = in_class(
    OPEN_ASYNC + OPEN_FINISH
    + method("spin", parameter("n_turns", NUMBER))
    + method("write", parameter("data", '<array length="1" zero-terminated="0" c:type="const guint8*">'
                                + typed("guint8", "guint8") + "</array>") + parameter("size", typed("gsize", "gsize")))
    + f'<property name="speed" transfer-ownership="none">{DOC}{NUMBER}</property>'
    + f'<glib:signal name="stopped">{DOC}{VOID}</glib:signal>'
)

BROKEN = {
    "hides-gobject": [
        in_class(method("connect")),
        in_class(method("get_data")),
        in_class(method("bind_property", kind="virtual-method")),
    ],
    "keyword": [
        in_class(method("delete")),
        in_class(method("yield")),
        in_class(f'<property name="lock" transfer-ownership="none">{DOC}{NUMBER}</property>'),
        in_class(f'<glib:signal name="finally">{DOC}{VOID}</glib:signal>'),
        in_class(method("move", parameter("from", NUMBER))),
    ],
    "raw-pointer": [
        in_class(method("take", parameter("block", typed("gpointer", "gpointer")))),
        in_class(method("take", parameter("block", typed("guint8", "const guint8*")))),
        in_class(method("get_block", result=returns(typed("gpointer", "void*")))),
        in_class(f'<property name="block" transfer-ownership="none">{DOC}{typed("gpointer", "gpointer")}</property>'),
        in_class(f'<glib:signal name="came">{DOC}{VOID}<parameters>'
                 + parameter("block", typed("gpointer", "gpointer")) + "</parameters></glib:signal>"),
    ],
    "array-length": [
        in_class(method("take", parameter("data", '<array zero-terminated="0">' + typed("guint8", "guint8") + "</array>"))),
        in_class(method("take", parameter("data", "<array>" + typed("guint8", "guint8") + "</array>"))),
    ],
    "element-type": [
        in_class(method("list", result=returns('<array name="GLib.PtrArray" c:type="GPtrArray*">'
                                               + typed("gpointer", "gpointer") + "</array>"))),
        in_class(method("list", result=returns(typed("GLib.List", "GList*")))),
    ],
    "scope": [in_class(method("open_async", CANCELLABLE + parameter("callback", CALLBACK)) + OPEN_FINISH)],
    "varargs": [in_class(method("print", parameter("...", "<varargs/>"), attributes='introspectable="0"'))],
    "async": [
        in_class(OPEN_ASYNC),
        in_class(OPEN_FINISH),
        in_class(method("open_async", parameter("callback", CALLBACK, 'scope="async"')) + OPEN_FINISH),
        in_class(method("open", ASYNC)),
        in_class(method("open_async", ASYNC, returns(typed("gboolean", "gboolean"))) + OPEN_FINISH),
    ],
    "shared-name": [
        in_class(method("stopped") + f'<glib:signal name="stopped">{DOC}{VOID}</glib:signal>'),
        in_class(method("speed") + f'<property name="speed" transfer-ownership="none">{DOC}{NUMBER}</property>'),
        in_namespace(f'<class name="Top">{DOC}{method("spin")}</class><class name="Child" parent="Top">{DOC}'
                     f'<glib:signal name="spin">{DOC}{VOID}</glib:signal></class>'),
    ],
    "documentation": [
        in_class(method("spin", doc="")),
        in_class(f'<property name="speed" transfer-ownership="none">{NUMBER}</property>'),
        in_class(f'<glib:signal name="stopped">{VOID}</glib:signal>'),
        in_namespace('<class name="Top"/>'),
        in_namespace(ENUM.format(TYPED, '<member name="one" value="1"/>')),
    ],
    "enum": [
        in_namespace(ENUM.format("", MEMBER.format("one", 1))),
        in_namespace(ENUM.format(TYPED, MEMBER.format("5g", 1))),
        in_namespace(ENUM.format(TYPED, MEMBER.format("last", 1))),
        in_namespace(ENUM.format(TYPED, MEMBER.format("one", 1)).replace("enumeration", "bitfield")),
    ],
    "error-value": [
        in_namespace(ENUM.format(TYPED + ' glib:error-domain="toy"', MEMBER.format("failed", 0))
                     + f'<class name="Top">{DOC}<glib:signal name="fell">{DOC}{VOID}<parameters>'
                     + parameter("why", typed("Kind", "ToyKind")) + "</parameters></glib:signal></class>"),
    ],
    "nullable": [
        in_class(method("name", parameter("name", "<doc>a name, or %NULL</doc>" + typed("utf8", "const char*")))),
        in_class(method("get_name", result=returns("<doc>the name, or %NULL</doc>" + typed("utf8", "const char*")))),
    ],
    "inout": [in_class(method("swap", parameter("n", NUMBER, 'direction="inout"')))],
    "outputs": [
        in_class(method("measure", parameter("n", NUMBER, 'direction="out"') + parameter("m", NUMBER))),
        in_class(method("measure", "".join(parameter(n, NUMBER, 'direction="out"') for n in "abc"))),
    ],
    "transfer": [
        in_class(method("get_name", result=returns(typed("utf8", "char*"), ""))),
        in_class(method("get_name", attributes='introspectable="0"', doc="")),
    ],
    "twin": [in_class(method("peek", attributes='introspectable="0"'))],
    "initable": [in_class('<implements name="Gio.Initable"/>')],
    "loose-function": [
        in_namespace(f'<class name="Top" c:symbol-prefix="top">{DOC}</class>'
                     f'<function name="top_spin" c:identifier="toy_top_spin">{DOC}{VOID}</function>'),
    ],
}


class GirRules(unittest.TestCase):
    def test_a_sound_api_passes(self):
        self.assertEqual(list(check_gir.find_problems(SOUND)), [])

    def test_every_rule_has_a_broken_api(self):
        self.assertEqual({rule for rule, function in check_gir.RULES}, set(BROKEN))

    def test_every_broken_api_is_found(self):
        for rule, snippets in BROKEN.items():
            for number, snippet in enumerate(snippets):
                with self.subTest(rule=rule, number=number):
                    self.assertIn(rule, {found for found, where, what in check_gir.find_problems(snippet)})


HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nLanguage: xx\\n"\n\n'
SOURCE = 'f (_("Give --port to %s: "), "x");\n'
CATALOG = 'msgid "Give --port to %s: "\nmsgstr "Gib %s --port: "\n'


class Translations(unittest.TestCase):
    def check(self, source=SOURCE, catalog=CATALOG, languages="xx\n"):
        """What the check prints about a tree of one source and one language."""
        with tempfile.TemporaryDirectory(prefix="charflow-po-") as name:
            root = pathlib.Path(name)
            (root / "po").mkdir()
            (root / "po" / "POTFILES").write_text("toy.c\n", encoding="utf-8")
            (root / "po" / "LINGUAS").write_text(languages, encoding="utf-8")
            (root / "po" / "xx.po").write_text(HEADER + catalog, encoding="utf-8")
            (root / "toy.c").write_text(source, encoding="utf-8")
            output = io.StringIO()
            with contextlib.redirect_stdout(output), mock.patch.object(sys, "argv", ["check-po", name]):
                self.assertEqual(check_po.main(), 1 if output.getvalue() else 0)
            return output.getvalue()

    def test_a_whole_language_passes(self):
        self.assertEqual(self.check(), "")

    def test_each_fault_is_told_with_its_message(self):
        broken = {
            "not translated": CATALOG.replace("Gib %s --port: ", ""),
            "fuzzy": "#, fuzzy\n" + CATALOG,
            "blanks at the ends differ": CATALOG.replace('port: "\n', 'port:"\n'),
            "lacks --port": CATALOG.replace("Gib %s --port", "Gib %s -p"),
            "format specifications": "#, c-format\n" + CATALOG.replace("Gib %s", "Gib %d"),
        }
        for fault, catalog in broken.items():
            with self.subTest(fault):
                output = self.check(catalog=catalog)
                self.assertRegex(output, f'(?m)^xx: {fault}.*"Give --port to %s: "$')

    def test_a_message_that_is_new_in_the_source(self):
        self.assertIn('xx: not translated: "New"', self.check(source=SOURCE + 'f (_("New"));\n'))

    def test_a_message_that_is_cut_off(self):
        self.assertIn('cut off', self.check(source='f (_("%" G_GUINT64_FORMAT " bytes"));\n'))

    def test_a_language_that_is_not_there(self):
        self.assertIn("yy: there is no po/yy.po", self.check(languages="xx\nyy\n"))

    def test_languages_out_of_order(self):
        self.assertIn("not sorted", self.check(languages="yy\nxx\n"))


class Exports(unittest.TestCase):
    API = in_class(method("spin") + method("peek", attributes='introspectable="0"'), 'glib:get-type="toy_top_get_type"')
    SYMBOLS = {"toy_top_spin", "toy_top_peek", "toy_top_get_type"}

    def problems(self, symbols):
        return list(check_exports.find_problems(symbols, self.API))

    def test_what_is_described_is_exported(self):
        self.assertEqual(self.problems(self.SYMBOLS), [])

    def test_a_symbol_that_nobody_describes(self):
        self.assertRegex(self.problems(self.SYMBOLS | {"toy_top_secret"})[0], "toy_top_secret: exported, but neither")

    def test_a_symbol_of_another_name(self):
        self.assertRegex(self.problems(self.SYMBOLS | {"helper"})[0], "helper: exported, but begins")

    def test_a_symbol_that_is_not_exported(self):
        self.assertEqual(self.problems(self.SYMBOLS - {"toy_top_spin"}), ["toy_top_spin: in the GIR, but not exported"])

    def test_a_library_without_symbols(self):
        self.assertIn("nothing is exported at all", self.problems(set()))


VAPI_FRAME = """/* toy.vapi generated by vapigen, do not modify. */
[CCode (cprefix = "Toy")]
namespace Toy {{
    [CCode (type_id = "toy_top_get_type ()"{notes})]
    public class Top : GLib.Object {{
        public Top (string? name = null);
        public async bool spin_async (uint speed, GLib.Cancellable? cancellable = null) throws GLib.Error;
        public unowned string? get_name ();
        [CCode (array_length = false, array_null_terminated = true)]
        public string[] list_names ();
        public string? name {{ get; construct; }}
        public signal void fell (GLib.Error? error);
        {members}
    }}
    {rest}
}}
"""
VAPI_BROKEN = {
    "by-hand": ["public void stop_async (GLib.AsyncReadyCallback callback);",
                "public bool stop_finish (void result) throws GLib.Error;"],
    "async": ["public async bool stop_async (GLib.Cancellable? cancellable = null);",
              "public async bool stop_async () throws GLib.Error;"],
    "cancellable": ["public async bool stop_async (GLib.Cancellable? cancellable) throws GLib.Error;"],
    "default": ["public bool stop (uint speed = 3, out uint n);"],
    "pointer": ["public void stop (void* data);", "public void* data { get; }"],
    "element": ["public GLib.GenericArray<weak Toy.Top> list_tops ();", "public GLib.GenericArray list_tops ();"],
    "array": ["[CCode (array_length = false)]\npublic string[] list_speeds ();",
              "public void stop ([CCode (array_length = false)] uint8[] data);"],
    "lent": ["public unowned GLib.Bytes take_bytes ();"],
    "nullable": ["public unowned string? get_colour ();\npublic string colour { get; }"],
    "reference": ["public void unref ();"],
    "keyword": ["public bool @lock ();"],
    "unread": ["public of (no) kind;"],
}


class VapiRules(unittest.TestCase):
    def rules(self, members="", rest="", notes=""):
        api = check_vapi.Vapi(VAPI_FRAME.format(members=members, rest=rest, notes=notes))
        return {rule for rule, where, what in check_vapi.find_problems(api)}

    def test_a_sound_binding_passes(self):
        self.assertEqual(self.rules(), set())

    def test_every_rule_has_a_broken_binding(self):
        self.assertEqual({rule for rule, function in check_vapi.RULES} - set(VAPI_BROKEN), {"twice", "quark"})

    def test_every_broken_binding_is_found(self):
        for rule, snippets in VAPI_BROKEN.items():
            for snippet in snippets:
                with self.subTest(rule=rule, snippet=snippet):
                    self.assertIn(rule, self.rules(snippet))

    def test_what_is_beside_the_class(self):
        self.assertIn("twice", self.rules(rest="public class Humming : Toy.Top {\npublic string? name { get; }\n}"))
        self.assertIn("quark", self.rules(rest="public static GLib.Quark top_error_quark ();"))
        self.assertIn("reference", self.rules(notes=', ref_function = "toy_top_ref"'))

    def test_what_no_test_uses(self):
        api = check_vapi.Vapi(VAPI_FRAME.format(members="", rest="", notes=""))
        self.assertEqual([where for rule, where, what in check_vapi.find_unused(api, "")], ["Top", "Top.spin_async"])
        self.assertEqual(list(check_vapi.find_unused(api, "new Charflow.Top ().spin_async ()")), [])

    def test_an_empty_binding(self):
        self.assertIn("empty", {rule for rule, where, what in check_vapi.find_problems(check_vapi.Vapi(""))})


if __name__ == "__main__":
    sys.exit(unittest.main())
