"""What a command would change, or has changed, in how many of many apps."""

from __future__ import annotations

import ntpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from azext_pythonapp.fleet.outcome import apps

UNCHANGED = "unchanged"
# Packages and files are counted together: an app has its own.
_TOGETHER = ("packages/", "vendored/")
_WEB_CONFIG = "web.config"


def summary(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return (how many apps, what changes in them) of the answers of many apps, in the order of the changes.

    rows: as docs/json-output.md has them. The last ones are those in which nothing changes, and those that were
    refused or failed, by what is wrong in how many.
    """
    changed: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for row in rows:
        result = row.get("result")
        changes = result.get("changes") if isinstance(result, Mapping) else None
        if row["status"] != "succeeded":
            ends["refused" if row["status"] == "failed" else row["status"]] += 1
        elif isinstance(changes, Sequence) and changes:
            changed.update(list(dict.fromkeys(map(_in_words, changes))))  # each once an app
        else:
            ends[UNCHANGED] += 1
    order = {word: number for number, word in enumerate((UNCHANGED, "refused", "unknown", "skipped"))}
    found = [(number, what) for what, number in changed.items()]
    return found + sorted(((number, what) for what, number in ends.items()), key=lambda each: order[each[1]])


def summary_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of a summary: "40 apps: install python3132x64 3.13.2", "2 apps: unchanged"."""
    found = summary(rows)
    wide = max((len(apps(number)) for number, _ in found), default=0)
    return [f"{apps(number):>{wide}}: {what}" for number, what in found]


def affected(rows: Iterable[Mapping[str, Any]]) -> int:
    """Return in how many apps something would change."""
    results = [row.get("result") for row in rows if row["status"] == "succeeded"]
    return sum(1 for result in results if isinstance(result, Mapping) and result.get("changed"))


def result_in_words(result: Any) -> str:
    """Return what an answer says, in a few words: "3 changes", "unchanged", "Python 3.13.2"; "" for nothing short."""
    if not isinstance(result, Mapping):
        return ""
    if "changed" in result:
        number = len(result.get("changes") or ())
        planned = " planned" if result.get("dryRun") else ""
        return UNCHANGED if not result["changed"] else f"{number} {'change' if number == 1 else 'changes'}{planned}"
    runtime = result.get("runtime")
    if isinstance(runtime, Mapping) and runtime.get("version"):
        return f"Python {runtime['version']}"
    if isinstance(result.get("state"), str) and "exitCode" in result:  # a job
        return f"job {result.get('id')} {result['state']}"
    return ""


def _in_words(change: Mapping[str, Any]) -> str:
    """Return a change without what only one app has."""
    action, target, after = str(change["action"]), str(change["target"]), change.get("after")
    for prefix in _TOGETHER:
        if target.startswith(prefix):
            return f"{action} {prefix.rstrip('/')}"
    if target == "app":
        return f"{action} the app" if after is None else f"{action} the app to {after}"
    if target.startswith("jobs/"):
        return f"{action} a job"
    name = ntpath.basename(target)
    if target.startswith(("siteextensions/", "nuget/", "pythonOrg/")):
        return " ".join(filter(None, (action, name, str(after or change.get("before") or ""))))
    if name.lower() == _WEB_CONFIG:
        return f"{action} {_WEB_CONFIG}"
    if target.startswith("site/wwwroot/"):
        return f"{action} files"
    return f"{action} {target}"
