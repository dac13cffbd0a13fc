"""`inventory`: every Windows web app and slot of an account, and what it runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from azext_pythonapp.appservice.account import Directory
from azext_pythonapp.appservice.app import Progress
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.inventory.matrix import matrix, require_count
from azext_pythonapp.operations.inventory.report.page import About, page
from azext_pythonapp.operations.inventory.rows import Open, detailed_row, is_known, plain_row
from azext_pythonapp.operations.inventory.selection import Filter, ListedApp, Selection, select
from azext_pythonapp.operations.inventory.threads import each_of
from azext_pythonapp.output_file import require_writable, write_whole

MOST_PARALLEL = 100
# What the output of a job of GitHub Actions may hold, as UTF-16 (docs/platform/resource-manager.md 4).
_LARGEST_OUTPUT = 1024 * 1024 // 2
# What an environment variable may hold on Linux (docs/platform/resource-manager.md 4).
_LARGEST_VARIABLE = 131_000


@dataclass(frozen=True)
class InventoryRequest:
    """wanted: which apps. details: whether they are asked what they run. end_of_life: whether only those are wanted
    whose Python gets no fixes any more. parallel: how many are asked at a time. shards: of a matrix, None for rows.
    report: the file of the page, None for none."""

    wanted: Filter = field(default_factory=Filter)
    details: bool = True
    end_of_life: bool = False
    parallel: int = 10
    shards: int | None = None
    report: Path | None = None

    @classmethod
    def from_options(
        cls,
        *,
        group: str | None,
        tags: Sequence[str],
        end_of_life: bool,
        no_details: bool,
        parallel: int,
        shards: int | None,
        output_file: str | None,
    ) -> InventoryRequest:
        """Read the options. Raises InvalidInput."""
        if end_of_life and no_details:
            raise InvalidInput(
                "--end-of-life and --no-details exclude each other: only the app itself says which Python it runs.",
                "Leave one of them out.",
            )
        if shards is not None and output_file is not None:
            raise InvalidInput("--matrix and --output-file exclude each other.", "Run the command twice.")
        if not 1 <= parallel <= MOST_PARALLEL:
            raise InvalidInput(f"--parallel {parallel} is not between 1 and {MOST_PARALLEL}.", "Leave it out for 10.")
        return cls(
            Filter.from_options(group, tags),
            end_of_life or not (no_details or shards is not None),
            end_of_life,
            parallel,
            require_count(shards) if shards is not None else None,
            _report_file(output_file) if output_file is not None else None,
        )


@dataclass(frozen=True)
class Inventory:
    """answer: rows, or a matrix. missing: one sentence for each part that could not be read, or not be written."""

    answer: Any
    missing: Sequence[str]


def inventory(
    directories: Sequence[Directory],
    opened: Open,
    request: InventoryRequest,
    progress: Progress,
    names: Mapping[str, str],
    portal: str = "",
    today: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Inventory:
    """Return the rows (docs/json-output.md), or the matrix, of the apps that are wanted.

    directories: with the subscriptions to look into. opened: opens an app without a request. names: of subscriptions,
    by id. portal: the address of Azure's portal. today: the time of this machine in UTC.
    Raises what `select` raises, when nothing could be read.
    """
    moment = today()
    number = len(names)
    with progress.phase(f"Looking for web apps in {number} subscription{'s' * (number != 1)}."):
        found = select(directories, request.wanted, progress.say, request.parallel)
    rows = _rows(found.apps, opened, request, progress, moment.date())
    progress.conclude(*_last_lines(rows, found, request))
    if request.report is not None:
        about = About(moment, names, request.details, _filters(request), _left_out(found), portal, found.missing)
        problem = _written(request.report, page(rows, about))
        progress.conclude(problem or f"Report: {request.report}")
        return Inventory(rows, [*found.missing, *([problem] if problem else [])])
    if request.shards is None:
        return Inventory(rows, found.missing)
    return Inventory(_matrix(rows, found.apps, request.shards, progress), found.missing)


def _rows(
    apps: Sequence[ListedApp], opened: Open, request: InventoryRequest, progress: Progress, today: date
) -> list[dict[str, Any]]:
    if not request.details or not apps:
        return [plain_row(app) for app in apps]
    total = len(apps)
    with progress.phase(f"Asking {total:,} app{'s' * (total != 1)} what {'they run' if total != 1 else 'it runs'}."):
        rows = each_of(
            apps,
            lambda app: detailed_row(app, opened, today),
            request.parallel,
            lambda done: progress.status(f"{done:,} of {total:,} apps answered"),
        )
    return [row for row in rows if not request.end_of_life or _may_have_ended(row)]


def _may_have_ended(row: Mapping[str, Any]) -> bool:
    """Whether a Python gets no fixes any more, or nobody knows: what is not known is not a good one."""
    return not is_known(row) or (row["runtime"] or {}).get("support") == "endOfLife"


def _matrix(
    rows: Sequence[Mapping[str, Any]], apps: Sequence[ListedApp], shards: int, progress: Progress
) -> dict[str, Any]:
    """Return the matrix of the apps that have a row; those of which nothing is known are left out, and said."""
    known = {row["id"] for row in rows if is_known(row)}
    unknown = [row["id"] for row in rows if not is_known(row)]
    if unknown:
        progress.conclude(f"Not in the matrix, because what they run is not known: {', '.join(unknown)}")
    found = matrix([app for app in apps if app.id in known], shards)
    if len(json.dumps(found, ensure_ascii=False, indent=2)) > _LARGEST_OUTPUT:
        progress.conclude(
            "The matrix is larger than what GitHub Actions takes as the output of a job (1 MB). Make one workflow run "
            "for each group of --subscriptions."
        )
    if any(len(shard["ids"].encode("utf-8", "replace")) > _LARGEST_VARIABLE for shard in found["include"]):
        progress.conclude(
            "A shard has more ids than an environment variable of Linux holds (128 kB). Take more shards, or give the "
            "ids to --ids by a file: `--ids @FILE`."
        )
    return found


def _last_lines(rows: Sequence[Mapping[str, Any]], found: Selection, request: InventoryRequest) -> list[str]:
    """Return what is said last: how many there are of what, and what is missing."""
    total = len(rows)
    lines = ["1 app." if total == 1 else f"{total:,} apps and slots."]
    if request.details:
        unread = sum(row["error"] is not None for row in rows)
        runs = Counter(row["runtime"]["support"] for row in rows if row["runtime"] is not None)
        python = sum(runs.values())
        silent = sum(row["error"] is None and not is_known(row) for row in rows)
        parts = [
            f"{python:,} run{'s' * (python == 1)} Python"
            + (f", {runs['endOfLife']:,} of them a version without fixes" if python else "")
        ]
        parts += [f"what {silent:,} run{'s' * (silent == 1)} is not known (see their `warnings`)"] if silent else []
        parts += [f"{unread:,} could not be read (see their `error`)"] if unread else []
        lines = [f"{lines[0][:-1]}: {'; '.join(parts)}."]
    return [
        *lines,
        *_left_out(found),
        *found.missing,
        *(["So there may be more apps than these."] if found.missing else []),
    ]


def _left_out(found: Selection) -> list[str]:
    parts = [
        f"{number:,} {what}{'s' * (number != 1)}"
        for number, what in ((found.linux, "Linux app"), (found.containers, "container app"))
        if number
    ]
    return [f"Left out: {' and '.join(parts)}; this extension manages Python on Windows."] if parts else []


def _filters(request: InventoryRequest) -> list[str]:
    group = [f"resource group {request.wanted.group}"] if request.wanted.group else []
    tags = [f"tag {name}" + (f"={value}" if value is not None else "") for name, value in request.wanted.tags]
    return [*group, *tags, *(["only end of life"] if request.end_of_life else [])]


def _report_file(name: str) -> Path:
    """Return the file of --output-file. Raises InvalidInput for one that cannot be there, before anything is asked."""
    path = Path(name).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise InvalidInput(
            f"--output-file '{name}' does not end in .html: the report is a page for a browser.",
            "For the rows as JSON, redirect standard output.",
        )
    return require_writable(name)


def _written(path: Path, text: str) -> str | None:
    """Write the page, whole or not at all. Return a sentence when that failed: the rows are an answer all the same."""
    try:
        write_whole(path, text.encode("utf-8", "replace"))
    except OSError as error:
        return f"The report could not be written to '{path}': {error.strerror or error}."
    return None
