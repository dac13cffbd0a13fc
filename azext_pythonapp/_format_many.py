"""How the answer for many apps looks with `--output table`: one row for each app, or a summary for a dry run."""

from collections import Counter, OrderedDict
from functools import wraps

from azext_pythonapp._table import fitted


def or_many(table):
    """Return a table function that also takes the answer for many apps. table: that of the command for one app."""

    @wraps(table)
    def either(answer):
        return many_apps_table(answer, table) if of_many(answer) else table(answer)

    return either


def of_many(answer):
    """Return whether an answer is a list of what became of many apps."""
    return (
        isinstance(answer, list)
        and bool(answer)
        and all(
            isinstance(row, dict) and {"id", "app", "status"} <= set(row) and ("result" in row or "error" in row)
            for row in answer
        )
    )


def many_apps_table(answer, table):
    """Rows of `--ids`: the app and how it ended, then the columns of the command's own table, and what went wrong."""
    if any((row.get("result") or {}).get("dryRun") for row in answer if isinstance(row.get("result"), dict)):
        return _summary(answer)
    named = {id(row): label for row, label in zip(answer, _apps(answer))}
    rows = [(row, own) for row in answer for own in _own_rows(row, table)]
    columns = list(dict.fromkeys(name for _, own in rows for name in own))
    warned = any(_warnings(row) is not None for row in answer)
    failed = any("error" in row for row in answer)
    return _as_printed(
        [
            OrderedDict(
                [
                    ("App", named[id(row)]),
                    ("Status", row["status"]),
                    *((name, own.get(name)) for name in columns),
                    *([("Warnings", _warnings(row))] if warned else []),
                    *([("Error", (row.get("error") or {}).get("message"))] if failed else []),
                ]
            )
            for row, own in rows
        ]
    )


@fitted
def _summary(answer):
    from azext_pythonapp.fleet.summary import summary

    return [OrderedDict([("Apps", number), ("Change", what)]) for number, what in summary(answer)]


@fitted
def _as_printed(rows):
    return rows


def _own_rows(row, table):
    """The rows of the command's own table for one app, without the app; one empty row where there are none."""
    result = row.get("result")
    if not result:
        return [{}]
    return [{name: value for name, value in own.items() if name != "App"} for own in table(result)] or [{}]


def _warnings(row):
    result = row.get("result")
    warnings = result.get("warnings") if isinstance(result, dict) else None
    return len(warnings) if isinstance(warnings, list) else None


def _apps(answer):
    """The apps' names, with the slot; with the group, then the subscription, where another has the same name."""
    names = [_name(row["app"]) for row in answer]
    for more in ([row["app"]["resourceGroup"] for row in answer], [row["id"].split("/")[2] for row in answer]):
        same = Counter(map(str.lower, names))
        names = [f"{name} ({one})" if same[name.lower()] > 1 else name for name, one in zip(names, more)]
    return names


def _name(app):
    return f"{app['name']}/{app['slot']}" if app.get("slot") else app["name"]
