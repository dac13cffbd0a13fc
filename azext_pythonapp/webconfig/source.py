"""One Python source file of an app, parsed and never executed: which web applications it makes, and where.

Names are followed through imports, assignments and factories, also into other files of the app.
"""
from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Iterable, Iterator, Literal, Union

from .application import Framework

_MAKERS: tuple[tuple[str, Framework], ...] = (
    ("flask.Flask", "flask"), ("flask.app.Flask", "flask"), ("dash.Dash.server", "flask"),
    ("bottle.Bottle", "bottle"), ("bottle.default_app", "bottle"), ("bottle.app", "bottle"),
    ("fastapi.FastAPI", "fastapi"), ("fastapi.applications.FastAPI", "fastapi"),
    ("starlette.applications.Starlette", "starlette"),
    ("django.core.wsgi.get_wsgi_application", "django"), ("django.core.handlers.wsgi.WSGIHandler", "django"),
    ("django.core.asgi.get_asgi_application", "asgi"),
    ("falcon.App", "wsgi"), ("falcon.API", "wsgi"), ("webapp2.WSGIApplication", "wsgi"),
    ("cherrypy.Application", "wsgi"), ("a2wsgi.ASGIMiddleware", "wsgi"), ("socketio.WSGIApp", "wsgi"),
    ("falcon.asgi.App", "asgi"), ("quart.Quart", "asgi"), ("litestar.Litestar", "asgi"), ("sanic.Sanic", "asgi"),
    ("a2wsgi.WSGIMiddleware", "asgi"), ("asgiref.wsgi.WsgiToAsgi", "asgi"), ("socketio.ASGIApp", "asgi"),
)
_WSGI_METHODS = ("make_wsgi_app", "wsgifunc")
_USUAL_NAMES = ("app", "application")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


@dataclass(frozen=True)
class Found:
    """A web application in a file: the name it has there, what it is, and how: made, built, or imported."""

    name: str
    framework: Framework
    line: int
    how: Literal["object", "factory", "import"]


class Source:
    """A parsed file. `path` is relative to site\\wwwroot, with '/'."""

    def __init__(self, path: str, tree: ast.Module):
        self.path = path
        self.tree = tree
        self.module = module_name(path)
        self._package = self.module if path.endswith("__init__.py") else self.module.rpartition(".")[0]
        self.imports = self._imports(tree)

    @classmethod
    def parse(cls, path: str, content: str | bytes) -> Source | None:
        """Return the file, or None when it is not Python 3 source."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return cls(path, ast.parse(content))
        except (SyntaxError, ValueError, RecursionError):
            return None

    def settings_module(self) -> tuple[str, int] | None:
        """Return the DJANGO_SETTINGS_MODULE that the file sets, and the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
                if len(node.args) != 2:
                    continue
                key, value = node.args
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                key, value = node.targets[0].slice, node.value
            else:
                continue
            name = _text(value)
            if _text(key) == "DJANGO_SETTINGS_MODULE" and name:
                return name, node.lineno
        return None

    def assigned(self, *names: str) -> int | None:
        """Return the line of the first assignment to one of names at the top level."""
        for statement in statements(self.tree.body):
            if any(isinstance(target, ast.Name) and target.id in names for target, _ in _assignments(statement)):
                return statement.lineno
        return None

    def import_line(self, package: str) -> int | None:
        """Return the line at which package is imported, None when it is not."""
        for node in ast.walk(self.tree):
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if any(name.split(".")[0] == package for name in names) and not getattr(node, "level", 0):
                return node.lineno
        return None

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the module that `from … import` names, with leading dots resolved."""
        if not node.level:
            return node.module or ""
        parts = self._package.split(".")
        base = ".".join(parts[:len(parts) - node.level + 1])
        return ".".join(part for part in (base, node.module or "") if part)

    def _imports(self, tree: ast.AST) -> dict[str, str]:
        """Return what each imported name stands for, such as {"Flask": "flask.Flask"}, in functions too."""
        found = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else \
                        alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{self.absolute(node)}.{alias.name}"
        return found


class Project:
    """The files of an app, and what the names in them stand for."""

    def __init__(self, sources: Iterable[Source]):
        self.sources = list(sources)
        self._modules = {source.module: source for source in self.sources}
        self._found: dict[str, dict[str, Found]] = {}

    def applications(self, source: Source) -> list[Found]:
        """Return the web applications in source, in the order of the file."""
        return list(self._scan(source).values())

    def _scan(self, source: Source) -> dict[str, Found]:
        if source.module in self._found:
            return self._found[source.module]
        found = self._found[source.module] = {}
        for statement in statements(source.tree.body):
            self._scan_statement(source, statement, found)
        return found

    def _scan_statement(self, source: Source, statement: ast.stmt, found: dict[str, Found]) -> None:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name
                framework = self._imported(f"{source.absolute(statement)}.{alias.name}")
                if framework and name in _USUAL_NAMES:
                    found[name] = Found(name, framework, statement.lineno, "import")
        elif isinstance(statement, _FUNCTIONS):
            made = _callable(statement)
            if made:
                found[statement.name] = Found(statement.name, made, statement.lineno, "object")
                return
            framework = self._factory(source, statement, found)
            if framework and not statement.name.startswith("_"):
                found[statement.name] = Found(statement.name, framework, statement.lineno, "factory")
        else:
            self._scan_assignment(source, statement, found)

    def _scan_assignment(self, source: Source, statement: ast.stmt, found: dict[str, Found]) -> None:
        for target, value in _assignments(statement):
            if not isinstance(target, ast.Name) or (isinstance(value, ast.Name) and value.id in found):
                continue
            framework = self._framework(source, value, found)
            if framework is None and target.id in _USUAL_NAMES and isinstance(value, ast.Call):
                wrapped = [found[argument.id].framework for argument in value.args
                           if isinstance(argument, ast.Name) and argument.id in found]
                framework = wrapped[0] if wrapped else None
            if framework:
                if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
                    found.pop(f"{value.value.id}.{value.attr}", None)
                found[target.id] = Found(target.id, framework, statement.lineno, "object")
            elif isinstance(value, ast.Call) and self._dotted(source, value.func) == "dash.Dash":
                name = f"{target.id}.server"
                found[name] = Found(name, "flask", statement.lineno, "object")

    def _framework(self, source: Source, value: ast.expr, local: dict[str, Found]) -> Framework | None:
        """Return what kind of application value is, None when it is none."""
        if isinstance(value, ast.Name):
            return local[value.id].framework if value.id in local else None
        if isinstance(value, ast.Await):
            return None
        if isinstance(value, ast.Attribute):
            inner = value.value
            if value.attr in ("wsgi_app", "server") and isinstance(inner, ast.Name):
                known = local.get(inner.id) or local.get(f"{inner.id}.{value.attr}")
                return known.framework if known else None
            return None
        if not isinstance(value, ast.Call):
            return None
        if isinstance(value.func, ast.Attribute) and value.func.attr in _WSGI_METHODS:
            return "wsgi"
        dotted = self._dotted(source, value.func)
        if isinstance(value.func, ast.Name) and value.func.id in local and local[value.func.id].how == "factory":
            return local[value.func.id].framework
        return dict(_MAKERS).get(dotted) or self._class(source, dotted) or self._imported(dotted)

    def _imported(self, dotted: str) -> Framework | None:
        """Return the framework of "module.name" when module is a file of the app and name an application in it."""
        module, _, name = dotted.rpartition(".")
        source = self._modules.get(module)
        if source is None:
            return None
        found = self._scan(source).get(name)
        return found.framework if found else self._class(source, name)

    def _class(self, source: Source, name: str) -> Framework | None:
        """Return what instances of the class called name in source are."""
        for statement in source.tree.body:
            if not isinstance(statement, ast.ClassDef) or statement.name != name:
                continue
            bases = [dict(_MAKERS).get(self._dotted(source, base)) for base in statement.bases]
            calls = [_callable(method, 1) for method in statement.body
                     if isinstance(method, _FUNCTIONS) and method.name == "__call__"]
            return next((framework for framework in bases + calls if framework), None)
        return None

    def _factory(self, source: Source, function: _Function, outer: dict[str, Found]) -> Framework | None:
        """Return what function gives when it is called without arguments, None when it is no factory."""
        arguments = function.args
        required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
        if isinstance(function, ast.AsyncFunctionDef) or function.decorator_list or required > 0 \
                or None in arguments.kw_defaults:
            return None
        local = dict(outer)
        for statement in statements(function.body):
            self._scan_assignment(source, statement, local)
            if isinstance(statement, ast.Return) and statement.value is not None:
                framework = self._framework(source, statement.value, local)
                if framework:
                    return framework
        return dict(_MAKERS).get(self._dotted(source, function.returns)) if function.returns is not None else None

    def _dotted(self, source: Source, node: ast.expr) -> str:
        """Return the full dotted name that node stands for, "" when it is not a name."""
        if isinstance(node, ast.Name):
            return source.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            inner = self._dotted(source, node.value)
            return f"{inner}.{node.attr}" if inner else ""
        return ""


def module_name(path: str) -> str:
    """Return the dotted module name of a path ("proj/wsgi.py" -> "proj.wsgi")."""
    stem = path[:-len(".py")] if path.lower().endswith(".py") else path
    return stem.removesuffix("/__init__").replace("/", ".")


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of body and of the if, try, with and for in it, but not what only a script runs."""
    for statement in body:
        if isinstance(statement, ast.If) and "__main__" in ast.dump(statement.test):
            yield from statements(statement.orelse)
            continue
        yield statement
        if isinstance(statement, (ast.If, ast.Try, ast.With, ast.For)):
            for name in ("body", "handlers", "orelse", "finalbody"):
                for child in getattr(statement, name, []):
                    yield from statements(child.body if isinstance(child, ast.ExceptHandler) else [child])


def _assignments(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield (target, value) for each target of an assignment."""
    if isinstance(statement, ast.Assign):
        yield from ((target, statement.value) for target in statement.targets)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield statement.target, statement.value


def _callable(function: _Function, skip: int = 0) -> Framework | None:
    """Return whether function, after `skip` arguments, is itself a WSGI or ASGI application."""
    names = [argument.arg for argument in [*function.args.posonlyargs, *function.args.args]][skip:]
    if isinstance(function, ast.AsyncFunctionDef):
        return "asgi" if names == ["scope", "receive", "send"] else None
    return "wsgi" if len(names) == 2 and names[1] in ("start_response", "start_resp", "_start_response") else None


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
