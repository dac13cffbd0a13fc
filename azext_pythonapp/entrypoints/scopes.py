"""Resolve the names in an app's files through imports, assignments, factories and wrappers, without executing them.

A name stands for a `Value`; two names for the same object have the same origin.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Literal

from azext_pythonapp.entrypoints import frameworks
from azext_pythonapp.entrypoints.application import Framework
from azext_pythonapp.entrypoints.modules import Modules
from azext_pythonapp.entrypoints.source import FUNCTIONS, Function, Source, assignments, statements

USUAL_NAMES = ("app", "application")
# The file, line and column where an object is created.
Origin = tuple[str, int, int]
_Kind = Literal["object", "factory", "arguments", "class", "dash", "runner", "foreign", "tuple"]
_CACHES = ("functools.lru_cache", "functools.cache")


@dataclass(frozen=True)
class Value:
    """The value of an expression.

    kind: "object" is an application; "factory" creates one when called without arguments, "arguments" only with some;
    "class": its instances are applications; "dash": a Dash object, whose `server` is one; "runner": an object that can
    run an application; "foreign": an object with its own web server; "tuple": several, in items.
    title: for "foreign" the name of the server; for "arguments" the required arguments. origin: the object's identity.
    wraps: the origins of wrapped applications.
    """

    kind: _Kind
    framework: Framework
    origin: Origin
    title: str = ""
    items: tuple[Value | None, ...] = ()
    wraps: frozenset[Origin] = frozenset()


Names = dict[str, tuple[Value, int, bool]]


class Scopes:
    """The names at the top of each file of an app."""

    def __init__(self, modules: Modules):
        self.modules = modules
        self._scopes: dict[str, Names] = {}
        self._functions: dict[str, dict[str, Function]] = {}

    def function(self, source: Source, node: ast.expr) -> Function | None:
        """Return the function of source that node names."""
        return self._functions.get(source.path, {}).get(node.id) if isinstance(node, ast.Name) else None

    def scope(self, source: Source) -> Names:
        """Return what the names at the top of source stand for: value, line, and whether it is another file's."""
        if source.path not in self._scopes:
            names: Names = {}
            self._scopes[source.path] = names
            self._functions[source.path] = {node.name: node for node in source.tree.body if isinstance(node, FUNCTIONS)}
            for statement in statements(source.tree.body):
                self.take(source, statement, names)
        return self._scopes[source.path]

    def take(self, source: Source, statement: ast.stmt, names: Names) -> None:
        """Add the definitions of a statement to names. Statements that are nested too deeply are skipped."""
        try:
            self._take_statement(source, statement, names)
        except RecursionError:
            pass

    def _take_statement(self, source: Source, statement: ast.stmt, names: Names) -> None:
        if isinstance(statement, ast.ImportFrom):
            self._take_imports(source, statement, names)
        elif isinstance(statement, FUNCTIONS):
            value = self._function(source, statement, names)
            if value is not None:
                names[statement.name] = (value, statement.lineno, False)
        elif isinstance(statement, ast.ClassDef):
            value = self._class(source, statement)
            if value is not None:
                names[statement.name] = (value, statement.lineno, False)
        else:
            self._take_assignment(source, statement, names)

    def _take_imports(self, source: Source, statement: ast.ImportFrom, names: Names) -> None:
        module = source.absolute(statement)
        for alias in statement.names:
            if alias.name == "*":
                file, rest = self.modules.locate(source, module)
                if file in self.modules.sources and not rest:
                    names.update(
                        {
                            name: (value, statement.lineno, True)
                            for name, (value, _, _) in self.scope(self.modules.sources[file]).items()
                            if not name.startswith("_")
                        }
                    )
                continue
            value = self._imported(source, f"{module}{'' if module in ('', '/') else '.'}{alias.name}")
            if value is not None:
                names[alias.asname or alias.name] = (value, statement.lineno, True)

    def _take_assignment(self, source: Source, statement: ast.stmt, names: Names) -> None:
        values: dict[int, Value | None] = {}
        for target, expression in assignments(statement):
            if id(expression) not in values:
                values[id(expression)] = self.value(source, expression, names) or self._unknown_wrapper(
                    source, target, expression, names
                )
            value = values[id(expression)]
            if isinstance(target, (ast.Tuple, ast.List)) and value is not None and value.kind == "tuple":
                for element, item in zip(target.elts, value.items):
                    if isinstance(element, ast.Name) and item is not None:
                        names[element.id] = (replace(item, origin=_origin(source, element)), statement.lineno, False)
            elif isinstance(target, ast.Name) and value is not None and value.kind != "tuple":
                imported = isinstance(expression, ast.Name) and names.get(expression.id, (None, 0, False))[2]
                names[target.id] = (value, statement.lineno, imported)

    def _unknown_wrapper(self, source: Source, target: ast.expr, expression: ast.expr, names: Names) -> Value | None:
        """Return the value of `app = Anything(app)`: by its name, an application of the same kind."""
        if isinstance(target, ast.Name) and target.id in USUAL_NAMES and isinstance(expression, ast.Call):
            inner = self.arguments(source, expression, names)
            if inner:
                return Value(
                    "object",
                    inner[0].framework,
                    _origin(source, expression),
                    wraps=frozenset(value.origin for value in inner),
                )
        return None

    def value(self, source: Source, node: ast.expr, names: Names) -> Value | None:
        """Return the value of node; None for any that does not matter here."""
        if isinstance(node, ast.Name):
            return names[node.id][0] if node.id in names else self._imported(source, source.imports.get(node.id, ""))
        if isinstance(node, ast.Attribute):
            return self._attribute(source, node, names)
        if isinstance(node, ast.Call):
            return self._call(source, node, names)
        if isinstance(node, (ast.Tuple, ast.List)):
            items = tuple(self.value(source, each, names) for each in node.elts)
            return Value("tuple", "wsgi", _origin(source, node), items=items) if any(items) else None
        if isinstance(node, ast.Lambda) and [each.arg for each in node.args.args][1:] == ["start_response"]:
            return Value("object", "wsgi", _origin(source, node))
        return next(filter(None, (self.value(source, each, names) for each in _alternatives(node))), None)

    def _attribute(self, source: Source, node: ast.Attribute, names: Names) -> Value | None:
        inner = self.value(source, node.value, names)
        if inner is not None:
            if inner.kind == "dash" and node.attr == "server":
                return replace(inner, kind="object")
            return inner if inner.kind == "object" and node.attr in ("wsgi_app", "server") else None
        return self._imported(source, self.dotted(source, node))

    def _call(self, source: Source, node: ast.Call, names: Names) -> Value | None:
        dotted = self.dotted(source, node.func)
        known = _known(dotted, _origin(source, node))
        if known is not None:
            return self._with_server(source, node, known, names) if known.kind == "dash" else known
        if dotted in frameworks.WRAPPERS or dotted.startswith(frameworks.WRAPPER_MODULES):
            return self._wrapper(source, node, dotted, names)
        if isinstance(node.func, ast.Attribute) and node.func.attr in frameworks.WSGI_METHODS:
            return Value("object", "wsgi", _origin(source, node))
        return _made_by(self.value(source, node.func, names), _origin(source, node))

    def _with_server(self, source: Source, node: ast.Call, dash: Value, names: Names) -> Value:
        """Return a Dash object; with `Dash(…, server=app)` it is the same as the Flask application app."""
        given = next((keyword.value for keyword in node.keywords if keyword.arg == "server"), None)
        server = self.value(source, given, names) if given is not None else None
        return replace(dash, origin=server.origin) if server is not None and server.kind == "object" else dash

    def _wrapper(self, source: Source, node: ast.Call, dotted: str, names: Names) -> Value | None:
        inner = self.arguments(source, node, names)
        framework = frameworks.WRAPPERS.get(dotted)
        if not inner and framework is None:
            return None
        wraps = frozenset() if dotted in frameworks.ADAPTERS else frozenset(value.origin for value in inner)
        return Value("object", framework or inner[0].framework, _origin(source, node), wraps=wraps)

    def arguments(self, source: Source, node: ast.Call, names: Names) -> list[Value]:
        """Return the applications among the arguments of a call, also in dictionaries."""
        expressions = [*node.args, *(keyword.value for keyword in node.keywords)]
        expressions += [value for each in expressions if isinstance(each, ast.Dict) for value in each.values]
        found = (self.value(source, each, names) for each in expressions)
        return [value for value in found if value is not None and value.kind in ("object", "dash")]

    def _imported(self, source: Source, dotted: str) -> Value | None:
        """Return the value of "module.name" when module is a file of the app."""
        if not dotted:
            return None
        file, name = self.modules.locate(source, dotted)
        other = self.modules.sources.get(file)
        if other is None or not name or other is source:
            return None
        first, _, rest = name.partition(".")
        value = self.scope(other).get(first, (None, 0, False))[0]
        if value is not None and rest == "server" and value.kind == "dash":
            return replace(value, kind="object")
        return value if not rest else None

    def _class(self, source: Source, statement: ast.ClassDef) -> Value | None:
        """Return the value of a class whose instances are applications; None for any other."""
        origin = _origin(source, statement)
        for base in statement.bases:
            dotted = self.dotted(source, base)
            inherited = self.value(source, base, self._scopes.get(source.path, {}))
            if dotted in frameworks.MAKERS:
                return Value("class", frameworks.MAKERS[dotted], origin)
            if dotted in frameworks.DASH or dotted in frameworks.OWN_SERVERS:
                return Value("class", "flask", origin, frameworks.OWN_SERVERS.get(dotted, "dash"))
            if inherited is not None and inherited.kind == "class":
                return replace(inherited, origin=origin)
        for method in statement.body:
            if isinstance(method, FUNCTIONS) and method.name == "__call__":
                framework = _callable(method, 1)
                return Value("class", framework, origin) if framework else None
        return None

    def _function(self, source: Source, function: Function, outer: Names) -> Value | None:
        """Return the value of a function that is an application or creates one; None for any other."""
        origin = _origin(source, function)
        decorators = [
            self.dotted(source, each.func if isinstance(each, ast.Call) else each) for each in function.decorator_list
        ]
        if any(each in frameworks.WSGI_DECORATORS for each in decorators):
            return Value("object", "wsgi", origin)
        framework = _callable(function)
        if framework:
            return Value("object", framework, origin)
        if any(each not in _CACHES for each in decorators):
            return None
        made = self._returned(source, function, outer)
        if made is None or (isinstance(function, ast.AsyncFunctionDef) and made.kind != "foreign"):
            return None
        required = _required(function)
        if made.kind == "tuple":
            return Value("arguments", "wsgi", origin, "", made.items)
        if made.kind == "foreign":
            return replace(made, origin=origin)
        kind: _Kind = "arguments" if required or made.kind == "dash" else "factory"
        return Value(kind, made.framework, origin, "dash" if made.kind == "dash" else ", ".join(required))

    def _returned(self, source: Source, function: Function, outer: Names) -> Value | None:
        parameters = {each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
        local = {name: found for name, found in outer.items() if name not in parameters}
        for statement in statements(function.body):
            if isinstance(statement, ast.Return):
                value = self.value(source, statement.value, local) if statement.value is not None else None
                if value is not None and value.kind in ("object", "dash", "foreign", "tuple"):
                    return value
            else:
                self.take(source, statement, local)
        if function.returns is None:
            return None
        annotation = function.returns
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            dotted = source.imports.get(annotation.value, annotation.value)
        else:
            dotted = self.dotted(source, annotation)
        framework = frameworks.MAKERS.get(dotted)
        return Value("object", framework, _origin(source, function)) if framework else None

    def dotted(self, source: Source, node: ast.expr) -> str:
        """Return the full dotted name that node stands for, "" when it is not a name."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([source.imports.get(node.id, node.id), *reversed(parts)])


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the possible results of node: `a if x else b`, `a or b`, `name := a`."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    return [node.value] if isinstance(node, ast.NamedExpr) else []


def _known(dotted: str, origin: Origin) -> Value | None:
    """Return the value of a call of a framework's own name."""
    if dotted in frameworks.MAKERS:
        return Value("object", frameworks.MAKERS[dotted], origin)
    if dotted in frameworks.DASH:
        return Value("dash", "flask", origin)
    if dotted in frameworks.OWN_SERVERS:
        return Value("foreign", "wsgi", origin, frameworks.OWN_SERVERS[dotted])
    return Value("runner", "wsgi", origin) if dotted in frameworks.RUNNERS else None


def _made_by(made: Value | None, origin: Origin) -> Value | None:
    """Return the value of a call of made, a factory or class of the app."""
    if made is not None and made.kind == "foreign":
        return replace(made, origin=origin)
    if made is None or made.kind not in ("factory", "arguments", "class"):
        return None
    if made.items:
        return Value("tuple", "wsgi", origin, items=made.items)
    if made.title == "dash":
        return Value("dash", made.framework, origin)
    foreign = made.kind == "class" and made.title
    return Value("foreign" if foreign else "object", made.framework, origin, made.title if foreign else "")


def _origin(source: Source, node: ast.AST) -> Origin:
    return source.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _required(function: Function) -> list[str]:
    """Return the names of function's required arguments."""
    arguments = function.args
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    required = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults)
    return required + [each.arg for each, default in keywords if default is None]


def _callable(function: Function, skip: int = 0) -> Framework | None:
    """Return "wsgi" or "asgi" when function, after `skip` arguments, is itself such an application, else None."""
    names = [argument.arg for argument in [*function.args.posonlyargs, *function.args.args]][skip:]
    if isinstance(function, ast.AsyncFunctionDef):
        return "asgi" if names == ["scope", "receive", "send"] else None
    return "wsgi" if len(names) == 2 and names[1] in ("start_response", "start_resp", "_start_response") else None
