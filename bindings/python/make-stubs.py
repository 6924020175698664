#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the types of the Python classes, of the GIR and of what the overrides add: make-stubs.py GIR ADDITIONS OUTPUT"""
import ast
import keyword
import sys

from girdoc import CALLABLES, CORE, GLIB, get_name, is_seen, read_namespace

BASIC = {
    "utf8": "str", "filename": "str", "gboolean": "bool", "gdouble": "float", "gfloat": "float", "none": "None",
    "GLib.Quark": "int", "gpointer": "Any", "gconstpointer": "Any", "GType": "Any",
    **{name: "int" for name in ("gint", "guint", "gint8", "guint8", "gint16", "guint16", "gint32", "guint32", "gint64",
                                "guint64", "glong", "gulong", "gsize", "gssize", "gunichar")},
}
HEAD = '''# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by the build, of the GIR and of additions.pyi.
'''


class Stubs:
    def __init__(self, namespace, additions):
        self.namespace = namespace
        self.name = namespace.get("name")
        self.callbacks = {element.get("name") for element in namespace.findall(CORE + "callback")}
        self.added = {node.name: node for node in additions.body if isinstance(node, ast.ClassDef)}
        self.others = [node for node in additions.body if not isinstance(node, ast.ClassDef)]
        self.lines = []

    # Types

    def name_type(self, name, is_input):
        if name in BASIC:
            return BASIC[name]
        if name == "GLib.Bytes" and is_input:
            return "BytesLike"
        if name in self.callbacks or name.endswith("Callback"):
            return "Callable[..., Any]"
        if name in ("GLib.Error", "GLib.DestroyNotify"):
            return {"GLib.Error": "GLib.Error"}.get(name, "Any")
        return name if "." in name or self.namespace.find(f"*[@name='{name}']") is not None else "Any"

    def type_of(self, element, is_input):
        array = element.find(CORE + "array")
        if array is not None:
            inner = array.find(CORE + "type").get("name")
            if inner == "guint8":
                result = "bytes"
            else:
                result = f"list[{self.name_type(inner, is_input)}]"
        else:
            found = element.find(CORE + "type")
            result = "Any" if found is None else self.name_type(found.get("name"), is_input)
        is_optional = element.get("nullable") == "1" or (is_input and element.get("allow-none") == "1")
        return f"{result} | None" if is_optional and result not in ("Any", "None") else result

    # Functions

    def split(self, element):
        """The inputs, and the types of the outputs."""
        found = element.find(CORE + "parameters")
        parameters = [] if found is None else found.findall(CORE + "parameter")
        hidden = set()
        results = [element.find(CORE + "return-value"), *parameters]
        for parameter in results:
            array = None if parameter is None else parameter.find(CORE + "array")
            if array is not None and array.get("length") is not None:
                hidden.add(int(array.get("length")))
        for parameter in parameters:
            if parameter.get("destroy") is not None:
                hidden.add(int(parameter.get("destroy")))
        seen = [parameter for place, parameter in enumerate(parameters) if place not in hidden]
        inputs = [parameter for parameter in seen if parameter.get("direction", "in") in ("in", "inout")]
        outputs = [self.type_of(parameter, False) for parameter in seen if parameter.get("direction") in ("out", "inout")]
        return inputs, outputs

    def result_of(self, element, outputs):
        result = element.find(CORE + "return-value")
        result = "None" if result is None or result.get("skip") == "1" else self.type_of(result, False)
        if not outputs:
            return result
        parts = outputs if result == "None" else [result, *outputs]
        return parts[0] if len(parts) == 1 else f"tuple[{', '.join(parts)}]"

    def arguments_of(self, inputs):
        texts = []
        for place, parameter in enumerate(inputs):
            name = parameter.get("name")
            name += "_" if keyword.iskeyword(name) else ""
            may_miss = all(later.get("nullable") == "1" or later.get("allow-none") == "1" for later in inputs[place:])
            texts.append(f"{name}: {self.type_of(parameter, True)}" + (" = None" if may_miss else ""))
        return texts

    def add_function(self, name, arguments, result, *decorators):
        for decorator in decorators:
            self.lines.append(f"    @{decorator}")
        self.lines.append(f"    def {name}({', '.join(arguments)}) -> {result}: ...")

    def add_callable(self, owner, element):
        name = get_name(element)
        inputs, outputs = self.split(element)
        result = self.result_of(element, outputs)
        if element.tag != CORE + "method":
            if element.tag == CORE + "constructor":
                result = owner.get("name")
            self.add_function(name, self.arguments_of(inputs), result, "staticmethod")
            # A class may be made of other things than its parent is.
            self.lines[-1] += "  # type: ignore[override]"
            return

        arguments = ["self", *self.arguments_of(inputs)]
        finish = owner.find(f"{CORE}method[@name='{name.removesuffix('_async')}_finish']")
        if not name.endswith("_async") or finish is None:
            self.add_function(name, arguments, result)
            return

        awaited = self.result_of(finish, self.split(finish)[1])
        self.add_function(name, arguments[:-2], f"Operation[{awaited}]", "overload")
        given = [argument.removesuffix(" = None") for argument in arguments[:-2]]
        self.add_function(name, [*given, "callback: Callable[..., Any] | None", "user_data: Any = None"], "None", "overload")

    def add_vfunc(self, element):
        inputs, outputs = self.split(element)
        result = self.result_of(element, outputs).replace("GLib.Bytes", "BytesLike")
        name = f"do_{element.get('name')}"
        self.add_function(name, ["self", *(f"{parameter.get('name')}: {self.type_of(parameter, False)}"
                                           for parameter in inputs)], result)

    # Classes

    def find_properties(self, owner):
        """The properties that a constructor takes, those of the parents first."""
        parent = self.namespace.find(f"{CORE}class[@name='{owner.get('parent')}']")
        properties = {} if parent is None else self.find_properties(parent)
        for element in owner.findall(CORE + "property"):
            if element.get("writable") == "1":
                properties[element.get("name").replace("-", "_")] = self.type_of(element, True)
        return properties

    def add_init(self, owner):
        arguments = [f"{name}: {kind if kind == 'Any' or 'None' in kind else kind + ' | None'} = ..."
                     for name, kind in self.find_properties(owner).items()]
        self.add_function("__init__", ["self", *(["*"] if arguments else []), *arguments], "None")

    def add_body(self, name):
        """What is added to a class, in the place of what the GIR says."""
        node = self.added.pop(name, None)
        if node is None:
            return
        for item in node.body:
            self.lines += ["    " + line for line in ast.unparse(item).splitlines()]

    def add_class(self, owner, parent):
        name = owner.get("name")
        added = self.added.get(name)
        bases = [parent] * bool(parent) + [ast.unparse(base) for base in (added.bases if added else [])]
        self.lines += ["", "", f"class {name}({', '.join(bases)}):" if bases else f"class {name}:"]
        overridden = {item.name for item in (added.body if added else []) if isinstance(item, ast.FunctionDef)}
        if owner.tag == CORE + "class" and "__init__" not in overridden:
            self.add_init(owner)
        for kind in CALLABLES:
            for element in owner.findall(CORE + kind):
                if is_seen(element) and get_name(element) not in overridden:
                    self.add_callable(owner, element)
        for element in owner.findall(CORE + "virtual-method"):
            if element.get("introspectable") != "0":
                self.add_vfunc(element)
        self.add_body(name)
        if self.lines[-1].endswith(":"):
            self.lines.append("    ...")

    def add_enum(self, element):
        name = element.get("name")
        is_error = element.get(GLIB + "error-domain") is not None
        base = "Error" if is_error else "GObject.GFlags" if element.tag == CORE + "bitfield" else "GObject.GEnum"
        self.lines += ["", "", f"class {name}({base}):"]
        kind = "int" if is_error else name
        self.lines += [f"    {member.get('name').upper()}: ClassVar[{kind}]" for member in element.findall(CORE + "member")]
        for function in element.findall(CORE + "function"):
            if is_seen(function):
                self.add_callable(element, function)

    def make(self):
        for kind in ("enumeration", "bitfield"):
            for element in self.namespace.findall(CORE + kind):
                self.add_enum(element)
        for element in self.namespace.findall(CORE + "record"):
            if element.get(GLIB + "is-gtype-struct-for") is None and element.get(GLIB + "get-type") is not None:
                self.add_class(element, "")
        for element in self.namespace.findall(CORE + "class"):
            self.add_class(element, element.get("parent"))
        for function in self.namespace.findall(CORE + "function"):
            if is_seen(function):
                inputs, outputs = self.split(function)
                self.lines += ["", f"def {get_name(function)}({', '.join(self.arguments_of(inputs))})"
                                   f" -> {self.result_of(function, outputs)}: ..."]
        head = [ast.unparse(node) for node in self.others]
        own = [ast.unparse(node) for node in self.added.values()]
        return HEAD + "\n".join(head) + "\n".join(self.lines) + "\n\n\n" + "\n\n\n".join(own) + "\n"


def main():
    gir, additions, output = sys.argv[1:]
    with open(additions, encoding="utf-8") as file:
        stubs = Stubs(read_namespace(gir), ast.parse(file.read()))
    with open(output, "w", encoding="utf-8") as file:
        file.write(stubs.make())


if __name__ == "__main__":
    main()
