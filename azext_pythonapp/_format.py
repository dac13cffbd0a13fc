"""How results look with `--output table`: at most 80 columns."""

from collections import OrderedDict
from functools import wraps

_COLUMNS = 80
_LEAST = 8
# What az puts around columns: a heading's margin, and the gap between two columns.
_MARGIN, _GAP = 2, 2
_ELASTIC = ("App", "EntryPoint", "Python", "Target", "Before", "After", "Command", "ExtensionId")
# Where trusted packages come from; those of third parties are 'other'.
_SOURCES = {"siteExtension": "gallery", "nuget": "nuget"}


def _fitting(table):
    """Make the longest texts of a table give way, from their beginning on, until it is no wider than a terminal."""

    @wraps(table)
    def fitted(answer):
        rows = table(answer)
        for limit in range(_COLUMNS, _LEAST, -1):
            if _width(rows) <= _COLUMNS:
                break
            rows = [
                OrderedDict((name, _cut(value, limit) if name in _ELASTIC else value) for name, value in row.items())
                for row in rows
            ]
        return rows

    return fitted


def _width(rows):
    columns = {name: len(name) + _MARGIN for row in rows for name in row}
    for row in rows:
        for name, value in row.items():
            columns[name] = max(columns[name], len(str(value)) if value is not None else 0)
    return sum(columns.values()) + _GAP * (len(columns) - 1)


def _cut(text, limit):
    if text is None or len(text) <= limit:
        return text
    return "…" + text.lstrip("…")[1 - limit :]


@_fitting
def offers_table(offers):
    """Rows of `list-versions`; with the package's version where one package is there in several."""
    ids = [row["extensionId"] for row in offers]
    return [
        OrderedDict(
            [("Version", row["version"]), ("Arch", row["architecture"]), ("ExtensionId", row["extensionId"])]
            + ([("Package", row["packageVersion"])] if len(set(ids)) < len(ids) else [])
            + [
                ("Source", _SOURCES[row["source"]] if row["trusted"] else "other"),
                ("Support", row["support"]),
                ("OnApp", _yes_no(row["installed"])),
            ]
        )
        for row in offers
    ]


@_fitting
def runtimes_table(runtimes):
    """Rows of `list`."""
    return [_runtime_row(row) for row in runtimes]


@_fitting
def app_table(shown):
    """The row of `show`."""
    runtime = shown.get("runtime") or {}
    return [
        OrderedDict(
            [
                ("App", _app_name(shown["app"])),
                ("Version", runtime.get("version")),
                ("Arch", runtime.get("architecture")),
                ("Handler", shown.get("handler")),
                ("EntryPoint", shown.get("entryPoint")),
                ("Python", runtime.get("pythonPath")),
            ]
        )
    ]


@_fitting
def install_table(answer):
    """The rows of `install`: what changed, then the runtime."""
    return changes_table(answer) or [_runtime_row(answer["runtime"])]


@_fitting
def set_version_table(answer):
    """The row of `set-version`; the planned changes for a dry run."""
    if answer.get("dryRun"):
        return changes_table(answer)
    runtime, verification = answer["runtime"], answer["verification"]
    return [
        OrderedDict(
            [
                ("App", _app_name(answer["app"])),
                ("Changed", _yes_no(answer["changed"])),
                ("Version", runtime.get("version")),
                ("Arch", runtime.get("architecture")),
                ("Handler", answer["handler"]),
                ("EntryPoint", answer["entryPoint"]),
                ("Http", verification.get("httpStatus")),
            ]
        )
    ]


@_fitting
def web_config_table(shown):
    """The row of `web-config show`."""
    return [
        OrderedDict(
            [
                ("App", _app_name(shown["app"]) if shown["app"] else shown["path"]),
                ("Handler", shown["handler"]),
                ("EntryPoint", shown["entryPoint"]),
                ("Python", shown["pythonPath"]),
                ("Warnings", len(shown["warnings"])),
            ]
        )
    ]


def diff_table(answer):
    """One row per line of the diff. The bar keeps the indentation, which tables strip."""
    return [OrderedDict([("Diff", f"|{line}")]) for line in answer["diff"].splitlines()]


@_fitting
def changes_or_none_table(answer):
    """One row per change; without any, one row that says so."""
    rows = changes_table(answer)
    if rows:
        return rows
    app = _app_name(answer["app"]) if answer["app"] else None
    return [OrderedDict([("App", app), ("Changed", "no")])]


@_fitting
def job_table(job):
    """The row of `job show`, `job wait` and `job cancel`."""
    return [
        OrderedDict(
            [
                ("Id", job["id"]),
                ("Command", job["title"]),
                ("State", job["state"]),
                ("ExitCode", job["exitCode"]),
                ("StartedAt", job["startedAt"]),
            ]
        )
    ]


@_fitting
def jobs_table(jobs):
    """Rows of `job list`."""
    return [row for job in jobs for row in job_table(job)]


def packages_table(packages):
    """Rows of `package list` and `package outdated`."""
    return [
        OrderedDict(
            [("Name", row["name"]), ("Version", row["version"])]
            + ([("Latest", row["latestVersion"])] if "latestVersion" in row else [])
        )
        for row in packages
    ]


def requirements_table(packages):
    """Rows of `package freeze`."""
    return [OrderedDict([("Requirement", row["requirement"])]) for row in packages]


def check_table(answer):
    """The row of `package check`, which fails when there are problems."""
    return [OrderedDict([("Ok", _yes_no(answer["ok"])), ("Problems", len(answer["problems"]))])]


def changes_table(answer):
    """One row per change."""
    return [
        OrderedDict(
            [("Action", row["action"]), ("Target", row["target"]), ("Before", row["before"]), ("After", row["after"])]
        )
        for row in answer["changes"]
    ]


def _runtime_row(row):
    return OrderedDict(
        [
            ("Version", row.get("version") if row.get("answered", True) else _unanswered(row)),
            ("Arch", row.get("architecture")),
            ("Source", row.get("source")),
            ("InUse", _yes_no(row.get("inUse"))),
            ("Python", row.get("pythonPath")),
        ]
    )


def _unanswered(row):
    return f"{row.get('version') or ''}?"


def _app_name(app):
    return f"{app['name']}/{app['slot']}" if app.get("slot") else app["name"]


def _yes_no(value):
    return None if value is None else "yes" if value else "no"
