"""How results look with `--output table`. A command's columns are always the same ones; `_table` fits them in."""

import re
from collections import OrderedDict

from azext_pythonapp._table import UNKNOWN, fitted, yes_no

# Where trusted packages come from; those of third parties are 'other'.
_SOURCES = {"siteExtension": "gallery", "nuget": "nuget", "pythonOrg": "pythonOrg"}
_PUBLISHERS = {"Python Software Foundation": "python.org"}
_WSGI_HANDLER = re.compile(r"(?P<module>[^()]+)\.(?P<object>\w+(?:\(\))?)")
_ENVIRONMENT = re.compile(
    r"[^\s|\"]*\\data\\pythonapp\\environments\\(?P<letter>[ab])\\Scripts\\python\.exe", re.IGNORECASE
)
# The title of a job that builds an environment (operations/job/run.py).
_BUILD = re.compile(r"environment (?P<letter>[ab]) \((?P<command>.+)\)")
_MOMENT = re.compile(r"\d{4}-(?P<day>\d\d-\d\d)T(?P<minute>\d\d:\d\d):[\d.]+Z")


@fitted
def offers_table(offers):
    """Rows of `list-versions`; those of `--all` have the package's version, in the place of the support."""
    ids = [row["extensionId"] for row in offers]
    everything = len(set(ids)) < len(ids) or not all(row["trusted"] for row in offers)
    return [
        OrderedDict(
            [
                ("Version", row["version"]),
                ("Arch", row["architecture"]),
                ("ExtensionId", row["extensionId"]),
                ("Source", _SOURCES[row["source"]] if row["trusted"] else "other"),
                ("Publisher", _publisher(row)),
                ("Package", row["packageVersion"]) if everything else ("Support", row["support"]),
                ("OnApp", yes_no(row["installed"])),
            ]
        )
        for row in offers
    ]


@fitted
def runtimes_table(runtimes):
    """Rows of `list`."""
    return [_runtime_row(row) for row in runtimes]


@fitted
def inventory_table(answer):
    """Rows of `inventory`, or the shards of its matrix."""
    if isinstance(answer, dict):
        return [
            OrderedDict([("Shard", row["shard"]), ("Subscription", row["subscription"]), ("Apps", row["count"])])
            for row in answer["include"]
        ]
    return [_inventory_row(row) for row in answer]


def _inventory_row(row):
    runtime = row["runtime"] or {}
    packages, warnings = row["packages"], row["warnings"]
    return OrderedDict(
        [
            ("App", _app_name(row)),
            ("ResourceGroup", row["resourceGroup"]),
            ("State", row["state"]),
            ("Python", runtime.get("version")),
            ("EndOfLife", _end_of_life(runtime)),
            ("Handler", row["handler"]),
            ("EntryPoint", _entry_point(row)),
            ("Packages", len(packages) if packages is not None else None),
            ("Warnings", "not read" if row["error"] else len(warnings) or None),
        ]
    )


def _end_of_life(runtime):
    """When the support of a Python ends, with a mark when it has ended."""
    ends = runtime.get("endOfLife")
    return f"{ends} !" if ends and runtime.get("support") == "endOfLife" else ends


@fitted
def doctor_table(answer):
    """Rows of `doctor`: one for each check; what is cut of the evidence is in the lines below the table.

    The id says what a check is about, and its title would take the room of the evidence.
    """
    return [
        OrderedDict([("Check", row["id"]), ("Status", row["status"]), ("Evidence", row["evidence"])])
        for row in answer["checks"]
    ]


@fitted
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
                ("EntryPoint", _entry_point(shown)),
                ("Python", _python(runtime.get("pythonPath"))),
            ]
        )
    ]


@fitted
def set_version_table(answer):
    """The row of `set-version`; the planned changes for a dry run."""
    if answer.get("dryRun"):
        return _changes(answer)
    runtime, verification = answer["runtime"], answer["verification"]
    return [
        OrderedDict(
            [
                ("App", _app_name(answer["app"])),
                ("Changed", yes_no(answer["changed"])),
                ("Version", runtime.get("version")),
                ("Arch", runtime.get("architecture")),
                ("Handler", answer["handler"]),
                ("EntryPoint", _entry_point(answer)),
                ("Http", verification.get("httpStatus")),
            ]
        )
    ]


@fitted
def publish_table(answer):
    """The row of `publish`; the planned changes for a dry run."""
    if answer.get("dryRun"):
        return _changes(answer)
    runtime, upload, verification = answer["runtime"], answer["upload"], answer["verification"]
    return [
        OrderedDict(
            [
                ("App", _app_name(answer["app"])),
                ("Changed", yes_no(answer["changed"])),
                ("Files", upload["files"]),
                ("Unchanged", upload["unchanged"]),
                ("Deleted", upload["deleted"]),
                ("Version", runtime.get("version")),
                ("Http", verification.get("httpStatus")),
                ("Url", answer["url"]),
            ]
        )
    ]


@fitted
def rollback_table(answer):
    """The row of `rollback`; the planned changes for a dry run."""
    if answer.get("dryRun"):
        return _changes(answer)
    runtime = answer["runtime"] or {}
    return [
        OrderedDict(
            [
                ("App", _app_name(answer["app"])),
                ("Undone", answer["undone"]),
                ("Changed", yes_no(answer["changed"])),
                ("Version", runtime.get("version")),
                ("Arch", runtime.get("architecture")),
                ("Http", answer["verification"].get("httpStatus")),
            ]
        )
    ]


@fitted
def web_config_table(shown):
    """The row of `web-config show`."""
    return [
        OrderedDict(
            [
                ("App", _app_name(shown["app"]) if shown["app"] else shown["path"]),
                ("Handler", shown["handler"]),
                ("EntryPoint", _entry_point(shown)),
                ("Python", _python(shown["pythonPath"])),
                ("Warnings", len(shown["warnings"])),
            ]
        )
    ]


def diff_table(answer):
    """One row per line of the diff. The bar keeps the indentation, which tables strip."""
    return [OrderedDict([("Diff", f"|{line}")]) for line in answer["diff"].splitlines()]


def exported_table(answer):
    """The file that `export` wrote; of an app among many, whose text is in the answer, its lines."""
    if isinstance(answer, list):
        return [OrderedDict([("Line", f"|{line}")]) for line in answer]
    return [
        OrderedDict([("Format", answer["format"]), ("Path", answer["path"]), ("Changed", yes_no(answer["changed"]))])
    ]


@fitted
def changes_table(answer):
    """One row per change; without any, one row that says so."""
    return _changes(answer)


@fitted
def job_table(job):
    """The row of `job show`, `job wait` and `job cancel`."""
    return [_job_row(job)]


@fitted
def jobs_table(jobs):
    """Rows of `job list`."""
    return [_job_row(job) for job in jobs]


def lines_table(lines):
    """One row per line of `job log`, of many apps. The bar keeps the indentation, which tables strip."""
    return [OrderedDict([("Line", f"|{line}")]) for line in lines]


@fitted
def history_table(changes):
    """Rows of `history list`."""
    return [_history_row(change) for change in changes]


@fitted
def recorded_change_table(change):
    """The rows of `history show`: one for each thing that was changed, else the one of `history list`."""
    return _changes(change) if change["changes"] else [_history_row(change)]


@fitted
def packages_table(packages):
    """Rows of `package list`."""
    return [OrderedDict([("Name", row["name"]), ("Version", row["version"])]) for row in packages]


@fitted
def outdated_table(packages):
    """Rows of `package outdated`."""
    return [
        OrderedDict([("Name", row["name"]), ("Version", row["version"]), ("Latest", row["latestVersion"])])
        for row in packages
    ]


@fitted
def requirements_table(packages):
    """Rows of `package freeze`; packages: its answer, a list, or a lock."""
    if isinstance(packages, dict):
        return [
            OrderedDict([("Name", row["name"]), ("Version", row.get("version")), ("File", _locked_file(row))])
            for row in packages["packages"]
        ]
    return [OrderedDict([("Requirement", row["requirement"])]) for row in packages]


def _locked_file(row):
    """Return what a lock installs a package from."""
    source = (row.get("wheels") or [None])[0] or row.get("sdist") or row.get("archive") or row.get("vcs")
    return source.get("name") or source.get("url")


@fitted
def check_table(answer):
    """The row of `package check`, which fails when there are problems."""
    return [OrderedDict([("Ok", yes_no(answer["ok"])), ("Problems", len(answer["problems"]))])]


def _changes(answer):
    app = _app_name(answer["app"]) if answer["app"] else None
    nothing = {"action": "none", "target": app, "before": None, "after": None}
    return [
        OrderedDict(
            [
                ("Action", row["action"]),
                ("Target", row["target"]),
                ("Before", _python(row["before"])),
                ("After", _python(row["after"])),
            ]
        )
        for row in answer["changes"] or [nothing]
    ]


def _history_row(row):
    return OrderedDict(
        [
            ("ChangeId", row["changeId"]),
            ("StartedAt", _to_the_minute(row["startedAt"])),
            ("State", "in progress" if row["inProgress"] else row["state"]),
            ("Command", row["command"]),
            ("User", row["user"]),
        ]
    )


def _runtime_row(row):
    version = row.get("version") or ""
    return OrderedDict(
        [
            ("Version", version if row.get("answered", True) else f"{version}{UNKNOWN}"),
            ("Arch", row.get("architecture")),
            ("Source", row.get("source")),
            ("InUse", UNKNOWN if row.get("inUseUnknown") else yes_no(row.get("inUse"))),
            ("Python", _python(row.get("pythonPath"))),
        ]
    )


def _job_row(job):
    return OrderedDict(
        [
            ("Id", job["id"]),
            ("Command", _title(job["title"])),
            ("State", job["state"]),
            ("Exit", job["exitCode"]),
            ("StartedAt", _to_the_minute(job["startedAt"])),
        ]
    )


def _title(title):
    """ "env b install-requirements" for "environment b (install-requirements)", so that a row fits 80 columns."""
    found = _BUILD.fullmatch(title or "")
    return f"env {found['letter']} {found['command']}" if found else title


def _to_the_minute(moment):
    """ "11-26 15:57" for "2026-11-26T15:57:13Z", so that a row of a list fits 80 columns; the id has the year."""
    found = _MOMENT.fullmatch(moment or "")
    return f"{found['day']} {found['minute']}" if found else moment


def _publisher(row):
    """Who made a package; with a question mark where that is only its own word."""
    if row["trusted"]:
        return _PUBLISHERS.get(row["publisher"], row["publisher"])
    return f"{row['publisher']}{UNKNOWN}"


def _python(text):
    """A text about a Python; one of the app's environments by its letter, which a path that is cut would not tell."""
    return _ENVIRONMENT.sub(lambda found: f"environment {found['letter'].lower()}", text) if text else text


def _entry_point(answer):
    """The entry point as --app takes it and every server but wfastcgi writes it: `app.app` is `app:app`."""
    text = answer.get("entryPoint")
    found = _WSGI_HANDLER.fullmatch(text or "") if answer.get("handler") == "fastCgi" else None
    return f"{found['module']}:{found['object']}" if found and ":" not in text else text


def _app_name(app):
    return f"{app['name']}/{app['slot']}" if app.get("slot") else app["name"]
