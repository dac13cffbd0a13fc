"""As much of Kusto's query language as a selection of resources needs, over rows that are dictionaries.

Operators: where, extend, project, project-away, order by or sort by, limit or take, top, count, distinct, and summarize
with count(). In expressions: and, or, not(), the comparisons of texts with and without case, `in`, paths such as
properties.state and tags['name'], and a few functions. Anything else is refused with InvalidQuery.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Value = Callable[[Row], Any]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)
    |(?P<word>!?[A-Za-z_][A-Za-z0-9_-]*~?|!in~?)|(?P<sign>==|!=|=~|!~|<=|>=|[-<>=|,()\[\].]))""",
    re.VERBOSE,
)


class InvalidQuery(ValueError):
    """A query that this does not understand, and that Resource Graph may not either."""


@dataclass(frozen=True)
class Result:
    """rows: all that the query gives. ordered: whether their order is defined. limited: whether the query cut them."""

    rows: list[Row]
    ordered: bool
    limited: bool


def run(query: str, tables: dict[str, Iterable[Row]]) -> Result:
    """Run a query. tables: rows by the table's name in lower case. Raises InvalidQuery."""
    reader = _Reader(query)
    name = reader.word().lower()
    if name not in tables:
        raise InvalidQuery(f"Failed to resolve table or column expression named '{name}'")
    result = Result([dict(row) for row in tables[name]], False, False)
    while reader.take("|"):
        operator = reader.word()
        if operator not in _OPERATORS:
            raise InvalidQuery(f"Query operator '{operator}' is not known")
        result = _OPERATORS[operator](reader, result)
    reader.end()
    return result


class _Reader:
    """The words of a query, one after the other."""

    def __init__(self, query: str):
        self._tokens: list[tuple[str, str]] = []
        query = re.sub(r"(?m)^\s*//.*$", "", query).rstrip().rstrip(";")
        position = 0
        while position < len(query):
            match = _TOKEN.match(query, position)
            if match is None or match.lastgroup is None:
                raise InvalidQuery(f"Syntax error at {query[position : position + 20]!r}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._next = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def take(self, *wanted: str) -> str | None:
        """The next token, if it is one of these."""
        kind, value = self.peek()
        if kind in ("word", "sign") and value.lower() in wanted:
            self._next += 1
            return value.lower()
        return None

    def need(self, wanted: str) -> None:
        if self.take(wanted) is None:
            raise InvalidQuery(f"'{wanted}' is missing at '{self.peek()[1]}'")

    def word(self) -> str:
        kind, value = self.peek()
        if kind != "word":
            raise InvalidQuery(f"a name is missing at '{value}'")
        self._next += 1
        return value

    def number(self) -> int:
        kind, value = self.peek()
        if kind != "number":
            raise InvalidQuery(f"a number is missing at '{value}'")
        self._next += 1
        return int(value)

    def end(self) -> None:
        if self.peek()[0] != "end":
            raise InvalidQuery(f"Syntax error at '{self.peek()[1]}'")

    def skip(self) -> tuple[str, str]:
        token = self.peek()
        self._next += 1
        return token

    def assignment(self) -> tuple[str | None, Value]:
        """`name = expression`, or an expression, which has the name of its column if it is one."""
        kind, value = self.peek()
        following = self._tokens[self._next + 1] if self._next + 1 < len(self._tokens) else ("end", "")
        if kind == "word" and following == ("sign", "="):
            self._next += 2
            return value, expression(self)
        start = self._next
        found = expression(self)
        return (value if kind == "word" and self._next == start + 1 else None), found


def expression(reader: _Reader) -> Value:
    """One expression."""
    left = _conjunction(reader)
    while reader.take("or"):
        left = _either(left, _conjunction(reader))
    return left


def _conjunction(reader: _Reader) -> Value:
    left = _comparison(reader)
    while reader.take("and"):
        left = _both(left, _comparison(reader))
    return left


def _either(one: Value, other: Value) -> Value:
    return lambda row: bool(one(row)) or bool(other(row))


def _both(one: Value, other: Value) -> Value:
    return lambda row: bool(one(row)) and bool(other(row))


def _comparison(reader: _Reader) -> Value:
    left = _term(reader)
    sign = reader.take(*_COMPARISONS, *_MEMBERSHIPS)
    if sign is None:
        return left
    if sign in _MEMBERSHIPS:
        reader.need("(")
        values = [_term(reader)]
        while reader.take(","):
            values.append(_term(reader))
        reader.need(")")
        folded, wanted = "~" in sign, not sign.startswith("!")
        return lambda row: (_fold(left(row), folded) in [_fold(each(row), folded) for each in values]) == wanted
    right = _term(reader)
    compare = _COMPARISONS[sign]
    return lambda row: compare(left(row), right(row))


def _term(reader: _Reader) -> Value:
    kind, value = reader.skip()
    if kind == "text":
        text = re.sub(r"\\(.)", r"\1", value[1:-1])
        return lambda row: text
    if kind == "number":
        number = float(value) if "." in value else int(value)
        return lambda row: number
    if (kind, value) == ("sign", "("):
        inner = expression(reader)
        reader.need(")")
        return inner
    if kind != "word":
        raise InvalidQuery(f"an expression is missing at '{value}'")
    if value.lower() in ("true", "false"):
        truth = value.lower() == "true"
        return lambda row: truth
    if reader.take("("):
        return _call(reader, value)
    return _path(reader, value)


def _call(reader: _Reader, name: str) -> Value:
    if name not in _FUNCTIONS:
        raise InvalidQuery(f"Unknown function: '{name}'")
    values: list[Value] = []
    if not reader.take(")"):
        values.append(expression(reader))
        while reader.take(","):
            values.append(expression(reader))
        reader.need(")")
    function = _FUNCTIONS[name]
    return lambda row: function(*(each(row) for each in values))


def _path(reader: _Reader, name: str) -> Value:
    steps: list[str] = []
    while sign := reader.take(".", "["):
        kind, value = reader.skip()
        if kind not in ("word", "text"):
            raise InvalidQuery(f"a name is missing at '{value}'")
        steps.append(value[1:-1] if kind == "text" else value)
        if sign == "[":
            reader.need("]")

    def found(row: Row) -> Any:
        if name not in row:
            raise InvalidQuery(f"Failed to resolve scalar expression named '{name}'")
        value = row[name]
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _fold(value: Any, folded: bool) -> Any:
    return _text(value).lower() if folded else value


def _folded(compare: Callable[[str, str], bool], wanted: bool = True) -> Callable[[Any, Any], bool]:
    return lambda one, other: compare(_text(one).lower(), _text(other).lower()) == wanted


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) is not None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "=~": _folded(lambda one, other: one == other),
    "!~": _folded(lambda one, other: one == other, False),
    "<": lambda one, other: one is not None and one < other,
    ">": lambda one, other: one is not None and one > other,
    "<=": lambda one, other: one is not None and one <= other,
    ">=": lambda one, other: one is not None and one >= other,
    "contains": _folded(lambda one, other: other in one),
    "!contains": _folded(lambda one, other: other in one, False),
    "has": _folded(_has),
    "!has": _folded(_has, False),
    "startswith": _folded(str.startswith),
    "!startswith": _folded(str.startswith, False),
    "endswith": _folded(str.endswith),
    "!endswith": _folded(str.endswith, False),
}
_MEMBERSHIPS = ("in", "in~", "!in", "!in~")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not value,
    "tostring": _text,
    "tolower": lambda value: _text(value).lower(),
    "toupper": lambda value: _text(value).upper(),
    "tobool": lambda value: (
        value if isinstance(value, bool) else {"true": True, "false": False}.get(_text(value).lower())
    ),
    "isempty": lambda value: _text(value) == "",
    "isnotempty": lambda value: _text(value) != "",
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "iff": lambda test, one, other: one if test else other,
    "coalesce": lambda *values: next((each for each in values if _text(each) != ""), None),
    "strcat": lambda *values: "".join(map(_text, values)),
}


def _where(reader: _Reader, result: Result) -> Result:
    test = expression(reader)
    return Result([row for row in result.rows if test(row)], result.ordered, result.limited)


def _columns(reader: _Reader, function: Callable[[], tuple[str | None, Value]]) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    while True:
        name, value = function()
        found.append((name or f"Column{len(found) + 1}", value))
        if not reader.take(","):
            return found


def _extend(reader: _Reader, result: Result) -> Result:
    columns = _columns(reader, reader.assignment)
    rows = [{**row, **{name: value(row) for name, value in columns}} for row in result.rows]
    return Result(rows, result.ordered, result.limited)


def _project(reader: _Reader, result: Result) -> Result:
    columns = _columns(reader, reader.assignment)
    return Result(
        [{name: value(row) for name, value in columns} for row in result.rows], result.ordered, result.limited
    )


def _project_away(reader: _Reader, result: Result) -> Result:
    names = {name for name, _ in _columns(reader, reader.assignment)}
    rows = [{name: value for name, value in row.items() if name not in names} for row in result.rows]
    return Result(rows, result.ordered, result.limited)


def _order(reader: _Reader, result: Result) -> Result:
    reader.need("by")
    return Result(_sorted(reader, result.rows), True, result.limited)


def _sorted(reader: _Reader, rows: Sequence[Row]) -> list[Row]:
    keys: list[tuple[Value, bool]] = []
    while True:
        value = expression(reader)
        keys.append((value, reader.take("asc", "desc") != "asc"))  # descending unless it is said
        if not reader.take(","):
            break
    found = list(rows)
    for value, descending in reversed(keys):
        found.sort(key=lambda row, of=value: _text(of(row)), reverse=descending)  # type: ignore[misc]
    return found


def _limit(reader: _Reader, result: Result) -> Result:
    return Result(result.rows[: reader.number()], result.ordered, True)


def _top(reader: _Reader, result: Result) -> Result:
    number = reader.number()
    reader.need("by")
    return Result(_sorted(reader, result.rows)[:number], True, True)


def _count(_: _Reader, result: Result) -> Result:
    return Result([{"Count": len(result.rows)}], True, False)


def _distinct(reader: _Reader, result: Result) -> Result:
    columns = _columns(reader, reader.assignment)
    found = {repr(each): each for each in ({name: value(row) for name, value in columns} for row in result.rows)}
    return Result(list(found.values()), False, True)


def _summarize(reader: _Reader, result: Result) -> Result:
    name = reader.word()
    if reader.take("="):
        reader.need("count")
    elif name == "count":
        name = "count_"
    else:
        raise InvalidQuery(f"'{name}' is not known here")
    reader.need("(")
    reader.need(")")
    columns = _columns(reader, reader.assignment) if reader.take("by") else []
    groups: dict[str, Row] = {}
    for row in result.rows:
        key = {each: value(row) for each, value in columns}
        groups.setdefault(repr(key), {**key, name: 0})[name] += 1
    return Result(list(groups.values()), False, True)


_OPERATORS: dict[str, Callable[[_Reader, Result], Result]] = {
    "where": _where,
    "extend": _extend,
    "project": _project,
    "project-away": _project_away,
    "order": _order,
    "sort": _order,
    "limit": _limit,
    "take": _limit,
    "top": _top,
    "count": _count,
    "distinct": _distinct,
    "summarize": _summarize,
}
