"""What undoing a change brings back, by its record, as rows of docs/json-output.md."""

from __future__ import annotations

from collections.abc import Mapping

from azext_pythonapp.history.environment import EnvironmentChange
from azext_pythonapp.history.record import SUCCEEDED, KeptFile, PackageChange, Published, Record, RuntimeChange
from azext_pythonapp.operations.job.run import package_change, rose
from azext_pythonapp.plan import Change
from azext_pythonapp.webconfig.diff import unified_diff

# Undoing these leaves a Python that they installed on the app.
_KEEPS_RUNTIMES = ("set-version", "publish")


def restored(record: Record) -> list[Change]:
    """Return what a record says was there before its change: `before` is what the change left, `after` what comes back.

    What the command had put back itself is as it was, so it is not among them.
    Values in files that may be secrets are masked in the diffs. What an interrupted change left is not known: then
    `before` is "unknown", and a file has no diff.
    """
    first: dict[str, RuntimeChange] = {}
    for each in record.runtimes:
        first.setdefault(each.python_path.lower(), each)
    new = [path for path, each in first.items() if each.action == "install"]
    stays = record.command in _KEEPS_RUNTIMES or bool(record.files)
    changes = [_runtime(record, each) for path, each in first.items() if not (stays and path in new)]
    for packages in record.packages:
        changes += _packages(packages) if packages.python_path.lower() not in new else []
    changes += _environment(record.environment)
    changes += [_file(record, each) for each in record.files if not each.as_before]
    return changes + (_published(record.published) if record.published is not None else [])


def _runtime(record: Record, change: RuntimeChange) -> Change:
    """Return the row of a runtime that was installed or uninstalled."""
    folder = change.python_path.replace("/", "\\").split("\\")[-2:-1]
    target = f"siteextensions/{change.extension_id}" if change.extension_id else "".join(folder) or change.python_path
    version = change.package_version or change.version
    if change.action == "install":
        return Change(target, "uninstall", version if record.state == SUCCEEDED else "unknown", None)
    return Change(target, "install", None, version)


def _packages(change: PackageChange) -> list[Change]:
    if change.before is None:
        return []
    if change.after is None:
        count = len(change.before)
        words = f"{count} package{'' if count == 1 else 's'}"
        return [Change(f"{change.folder}/Lib/site-packages", "update", "unknown", words)]
    return package_rows(change.after, change.before)


def _environment(change: EnvironmentChange | None) -> list[Change]:
    """Return the rows of the packages that the app has again; none where one of both is not an environment."""
    before, after = (change.before, change.after) if change is not None else (None, None)
    if before is None or after is None or before.packages is None or after.packages is None:
        return []
    return package_rows(after.packages, before.packages)


def package_rows(now: Mapping[str, str], then: Mapping[str, str]) -> list[Change]:
    """Return the rows of packages that come back. now, then: versions by canonical name, as they are and come back."""
    rows = []
    for name in sorted({*now, *then}):
        left, back = now.get(name), then.get(name)
        if left == back:
            continue
        if left is None or back is None:
            rows.append(package_change(name, "install" if left is None else "uninstall", left, back))
        else:
            rows.append(package_change(name, "upgrade" if rose(left, back) else "downgrade", left, back))
    return rows


def _file(record: Record, kept: KeptFile) -> Change:
    """Return the row of a file; its words are those of the change, the other way round."""
    row = next((each for each in record.changes if str(each.get("target")).lower() == kept.path.lower()), {})
    left, back = row.get("after"), row.get("before")
    if not kept.written:
        return Change(kept.path, "delete" if kept.before is None else "update", "unknown", back)
    if kept.before is None:
        return Change(kept.path, "delete", left, None, unified_diff(kept.after, b"", kept.path))
    diff = unified_diff(kept.after, kept.before, kept.path)
    return Change(kept.path, "create" if kept.after is None else "update", left, back, diff)


def _published(published: Published) -> list[Change]:
    """Return a row for each file that `publish` created, replaced or deleted."""
    return [
        *(Change(f"{published.root}/{path}", "delete") for path in published.created),
        *(Change(f"{published.root}/{path}", "update") for path in published.replaced),
        *(Change(f"{published.root}/{path}", "create") for path in published.deleted),
    ]
