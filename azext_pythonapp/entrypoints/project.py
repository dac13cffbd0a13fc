"""The web applications in an app's files: which files define, change and serve them, and which cannot be served."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from azext_pythonapp.entrypoints import frameworks
from azext_pythonapp.entrypoints.application import Framework
from azext_pythonapp.entrypoints.modules import Modules
from azext_pythonapp.entrypoints.scopes import USUAL_NAMES, Names, Origin, Scopes, Value
from azext_pythonapp.entrypoints.source import FUNCTIONS, Source, certain_statements, script_statements, statements

How = Literal["object", "factory", "import"]


@dataclass(frozen=True)
class Found:
    """A web application in a file. how: whether the name is the object, a factory for it, or imported."""

    name: str
    framework: Framework
    line: int
    how: How
    origin: Origin
    wraps: frozenset[Origin] = frozenset()


class Project:
    """The files of an app, and the objects that the names in them stand for.

    sources: those that were read. names: the paths of all files, also of those that were not.
    """

    def __init__(self, sources: Iterable[Source], names: Iterable[str] = ()):
        self.sources = list(sources)
        self.modules = Modules(self.sources, names)
        self._scopes = Scopes(self.modules)

    def applications(self, source: Source) -> list[Found]:
        """Return the web applications in source, in the order of the file; of several names for one, the best."""
        names = self._scopes.scope(source)
        wrapped = {origin for value, _, _ in names.values() for origin in value.wraps} | self._mounted(source)
        best: dict[Origin, Found] = {}
        for name, (value, line, imported) in names.items():
            if value.kind not in ("object", "factory", "dash") or value.origin in wrapped:
                continue
            if value.kind == "factory" and (imported or name.startswith("_")):
                continue
            shown = f"{name}.server" if value.kind == "dash" else name
            how: How = "import" if imported else "factory" if value.kind == "factory" else "object"
            found = Found(shown, value.framework, line, how, value.origin, value.wraps)
            known = best.get(value.origin)
            if known is None or _preference(found) < _preference(known):
                best[value.origin] = found
        return sorted(best.values(), key=lambda found: found.line)

    def script_only(self, source: Source) -> Found | None:
        """Return an application that only a script makes, below `if __name__ == "__main__"`."""
        names = dict(self._scopes.scope(source))
        before = {value.origin for value, _, _ in names.values()}
        for statement in script_statements(source.tree.body):
            self._scopes.take(source, statement, names)
        return next(
            (
                Found(name, value.framework, line, "object", value.origin)
                for name, (value, line, _) in names.items()
                if value.kind in ("object", "dash") and value.origin not in before
            ),
            None,
        )

    def others(self, source: Source, kind: Literal["arguments", "foreign"]) -> Iterator[tuple[str, Value, int]]:
        """Yield (name, value, line) of the objects of a kind in source that no server can run."""
        for name, (value, line, imported) in self._scopes.scope(source).items():
            if value.kind == kind and not imported:
                yield name, value, line

    def foreign_call(self, source: Source) -> tuple[str, int] | None:
        """Return the name of the web server that source uses itself, and the line; None for none."""
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                title = frameworks.OWN_SERVERS.get(self._scopes.dotted(source, node.func))
                if title:
                    return title, node.lineno
        return None

    def registrations(self, source: Source) -> set[Origin]:
        """Return the origins of the applications of other files that source changes when it is imported."""
        names, found = self._scopes.scope(source), set()
        for statement in statements(source.tree.body):
            expressions: list[ast.expr] = []
            if isinstance(statement, FUNCTIONS):
                expressions = [each.func if isinstance(each, ast.Call) else each for each in statement.decorator_list]
            elif isinstance(statement, ast.Assign):
                expressions = [
                    target
                    for target in statement.targets
                    if isinstance(target, ast.Attribute) and target.attr in frameworks.SET_ATTRIBUTES
                ]
            elif (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
                and isinstance(statement.value.func, ast.Attribute)
                and statement.value.func.attr in frameworks.REGISTRATIONS
            ):
                expressions = [statement.value.func]
            for expression in expressions:
                if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
                    value, _, imported = names.get(expression.value.id, (None, 0, False))
                    if value is not None and imported and value.kind in ("object", "dash"):
                        found.add(value.origin)
        return found

    def serves_on_import(self, source: Source) -> int | None:
        """Return the line at which importing source would start a server and never return; None for none."""
        return self._serves(source, source.tree.body, 0)

    def _serves(self, source: Source, body: list[ast.stmt], depth: int) -> int | None:
        scope = dict(self._scopes.scope(source))
        for statement in certain_statements(body):
            if depth:
                self._scopes.take(source, statement, scope)
            value = getattr(statement, "value", None)
            if not isinstance(statement, (ast.Expr, ast.Assign)) or not isinstance(value, ast.Call):
                continue
            for call in (node for node in ast.walk(value) if isinstance(node, ast.Call)):
                if self._scopes.dotted(source, call.func) in frameworks.SERVE_CALLS or self._runs(call, scope):
                    return statement.lineno
                function = self._scopes.function(source, call.func)
                if function is not None and depth < 3 and self._serves(source, function.body, depth + 1):
                    return statement.lineno
        return None

    def _runs(self, call: ast.Call, scope: Names) -> bool:
        if not isinstance(call.func, ast.Attribute):
            return False
        if call.func.attr in frameworks.SERVE_METHODS:
            return True
        value = (
            scope[call.func.value.id][0]
            if isinstance(call.func.value, ast.Name) and call.func.value.id in scope
            else None
        )
        return (
            call.func.attr in frameworks.RUN_METHODS
            and value is not None
            and value.kind in ("object", "dash", "runner", "foreign")
        )

    def _mounted(self, source: Source) -> set[Origin]:
        """Return the origins of applications that become a part of another.

        As in `app.wsgi_app = Dispatcher(app.wsgi_app, {…: b})` and `app.mount("/old", WSGIMiddleware(old))`.
        """
        names = self._scopes.scope(source)
        found: set[Origin] = set()
        for statement in statements(source.tree.body):
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Call)
                and isinstance(statement.targets[0], ast.Attribute)
            ):
                owner, call = statement.targets[0].value, statement.value
            elif (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
                and isinstance(statement.value.func, ast.Attribute)
                and statement.value.func.attr in frameworks.REGISTRATIONS
            ):
                owner, call = statement.value.func.value, statement.value
            else:
                continue
            whole = self._scopes.value(source, owner, names)
            calls = [call, *(node for each in call.args for node in ast.walk(each) if isinstance(node, ast.Call))]
            parts = [value for each in calls for value in self._scopes.arguments(source, each, names)]
            if whole is not None and whole.kind in ("object", "dash"):
                found.update(value.origin for value in parts if value.origin != whole.origin)
        return found


def _preference(found: Found) -> tuple[int, int]:
    """Return which of several names for one object is the best: a usual one, a plain one."""
    usual = USUAL_NAMES.index(found.name) if found.name in USUAL_NAMES else len(USUAL_NAMES)
    return ("." in found.name, usual)
