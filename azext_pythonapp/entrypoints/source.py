"""A Python source file of an app, parsed and never executed."""

from __future__ import annotations

import ast
import re
import threading
import warnings
from collections.abc import Iterable, Iterator
from typing import Union

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
# How many lines that this Python cannot parse (Python 2's, or a newer one's) are skipped in one file.
_MAX_SKIPPED_LINES = 60
# How many characters are parsed in all to find them.
_MAX_PARSED = 3_000_000
_INDENTATION = re.compile(r"[ \t]*")
_PARSING = threading.Lock()
_PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)


class Source:
    """A parsed file. `path` is relative to the app's folder, with '/'.

    imports: the dotted name of each imported name, such as {"Flask": "flask.Flask"}, in functions too. A relative
    import has its path in front: {"views": "/shop.views"} for `from . import views` in shop/__init__.py.
    """

    def __init__(self, path: str, tree: ast.Module):
        self.path = path
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.imported: list[str] = []
        self.relative_levels = 0
        self._read_imports()

    @classmethod
    def parse(cls, path: str, content: str | bytes) -> Source | None:
        """Return the file, or None when it is not Python source.

        Statements that this Python cannot parse, such as Python 2's print, are skipped.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = _tree(content)
                return None if tree is None else cls(path, tree)
        except _PARSE_ERRORS:
            return None

    @property
    def folders(self) -> list[str]:
        """Return the folders of its path, the outermost first."""
        return self.path.split("/")[:-1]

    @property
    def stem(self) -> str:
        """Return its name in lower case without ".py"; that of the folder for __init__.py is "__init__"."""
        return re.sub(r"\.pyw?$", "", self.path.rpartition("/")[2].lower())

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
            name = _text(value) or _default(value)
            if _text(key) == "DJANGO_SETTINGS_MODULE" and name:
                return name, node.lineno
        return None

    def assigned(self, *names: str) -> int | None:
        """Return the line of the first assignment to one of names at the top level."""
        for statement in statements(self.tree.body):
            if any(isinstance(target, ast.Name) and target.id in names for target, _ in assignments(statement)):
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
        """Return the module that `from … import` names; a relative one with its path, as in `imports`."""
        if not node.level:
            return node.module or ""
        folders = self.folders[: len(self.folders) - node.level + 1]
        return "/" + ".".join([*folders, *filter(None, [node.module])])

    def _read_imports(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.imported.append(alias.name)
                    self.imports[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                self.relative_levels = max(self.relative_levels, node.level)
                module = self.absolute(node)
                self.imported.append(module)
                for alias in node.names:
                    if alias.name != "*":
                        dotted = f"{module}{'' if module in ('', '/') else '.'}{alias.name}"
                        self.imported.append(dotted)
                        self.imports[alias.asname or alias.name] = dotted


def parsed(content: str | bytes) -> ast.Module:
    """Return `ast.parse(content)`, in one thread at a time. Raises what that raises.

    Some versions of Python count the depth of all trees that are being made together; of two threads at the same time,
    one may get a SystemError (docs/platform/az-extension.md 5.4).
    """
    with _PARSING:
        return ast.parse(content)


def _tree(content: str | bytes) -> ast.Module | None:
    """Parse content, without the lines that cannot be parsed; None when hardly any can."""
    try:
        return parsed(content)
    except _PARSE_ERRORS:
        pass
    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else content
    if "\0" in text:
        return None
    lines = re.split(r"\r\n|\r|\n", text)
    for _ in range(min(_MAX_SKIPPED_LINES, len(lines), 1 + _MAX_PARSED // (len(text) + 1))):
        try:
            return parsed("\n".join(lines))
        except SyntaxError as error:
            if not _skip_line(lines, error):
                return None
        except _PARSE_ERRORS:
            return None
    return None


def _skip_line(lines: list[str], error: SyntaxError) -> bool:
    """Replace the line that error names with a harmless statement. Returns whether that changes anything."""
    number = error.lineno or 0
    if not 1 <= number <= len(lines):
        return False
    line = lines[number - 1]
    stripped = line.strip()
    indentation = _INDENTATION.match(line)
    blanks = indentation.group() if indentation else ""
    if isinstance(error, IndentationError) and "unexpected" in str(error.msg):
        replacement = ""
    elif stripped.startswith("except"):
        replacement = f"{blanks}except Exception:"
    elif stripped.endswith(":"):
        replacement = f"{blanks}if True:"
    else:
        replacement = f"{blanks}pass"
    if replacement == line:
        return False
    lines[number - 1] = replacement
    return True


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of body and of the if, try, with and for in it, without those that only a script runs."""
    rest = list(body)[::-1]
    while rest:
        statement = rest.pop()
        if isinstance(statement, ast.If):
            script = script_part(statement)
            if script is not None:
                rest += (statement.orelse if script is statement.body else statement.body)[::-1]
                continue
        yield statement
        rest += [child for part in _parts(statement) for child in part][::-1]


def certain_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of body that run in any case: not those below an if, a loop or an except."""
    rest = list(body)[::-1]
    while rest:
        statement = rest.pop()
        yield statement
        if isinstance(statement, ast.With) or type(statement).__name__ in ("Try", "TryStar"):
            rest += getattr(statement, "body", [])[::-1]


def script_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that only a script runs: those below `if __name__ == "__main__"` at the top of body."""
    for statement in body:
        if isinstance(statement, ast.If):
            script = script_part(statement)
            if script is not None:
                yield from statements(script)


def script_part(statement: ast.If) -> list[ast.stmt] | None:
    """Return the part of an if that only a script runs, by its test of __name__; None when it does not test that."""
    test, turned = statement.test, False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, turned = test.operand, not turned
    compares = [node for node in ast.walk(test) if isinstance(node, ast.Compare)]
    for compare in compares:
        parts = [compare.left, *compare.comparators]
        names = any(isinstance(part, ast.Name) and part.id == "__name__" for part in parts)
        mains = any(_text(node) == "__main__" for part in parts for node in ast.walk(part))
        if names and mains:
            differs = isinstance(compare.ops[0], (ast.NotEq, ast.NotIn))
            return statement.orelse if differs != turned else statement.body
    return None


def _parts(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the lists of statements in an if, try, with, for or match."""
    if isinstance(statement, (ast.If, ast.With, ast.For)) or type(statement).__name__ in ("Try", "TryStar"):
        yield getattr(statement, "body", [])
        for handler in getattr(statement, "handlers", []):
            yield handler.body
        yield getattr(statement, "orelse", [])
        yield getattr(statement, "finalbody", [])
    elif type(statement).__name__ == "Match":
        for case in getattr(statement, "cases", []):
            yield case.body


def assignments(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield (target, value) for each target of an assignment; of two tuples, for each pair in them."""
    if isinstance(statement, ast.Assign):
        pairs: list[tuple[ast.expr, ast.expr]] = [(target, statement.value) for target in statement.targets]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        pairs = [(statement.target, statement.value)]
    else:
        return
    for target, value in pairs:
        if (
            isinstance(target, (ast.Tuple, ast.List))
            and isinstance(value, (ast.Tuple, ast.List))
            and len(target.elts) == len(value.elts)
        ):
            yield from zip(target.elts, value.elts)
        else:
            yield target, value


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _default(node: ast.expr) -> str | None:
    """Return the default in `os.environ.get("NAME", "default")` and `config("NAME", default="default")`."""
    if not isinstance(node, ast.Call):
        return None
    keywords = [keyword.value for keyword in node.keywords if keyword.arg == "default"]
    given = keywords or node.args[1:]
    return _text(given[-1]) if given else None
