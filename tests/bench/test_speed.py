"""One table: what packages cost on an app, with plain pip, with the default, and in an environment; all in one run."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.bench.test_late_compile_time import describe
from tests.bench.test_pip_time import seconds_of_pip
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.scenario.apps import Apps, jobs_started, naming, web_root
from tests.scenario.az import Az

ROUNDS = 3
VERSION, FOLDER = "3.11.9", "python3119x64"

INSTALL = "webapp python install-requirements"
# 42 packages with what they need; pinned, so that the same again is known to be nothing without pip.
PINNED = (
    "bottle==0.13.4 cryptography==43.0.3 django==5.2.19 fastapi==0.165.0 flask==3.1.2 gitpython==3.2.1 lxml==5.3.0 "
    "opentelemetry-api==1.45.2 pandas==2.2.3 requests==2.34.2 uvicorn==0.54.0 waitress==3.0.2"
).split()
# Beside plain pip, of the same round.
IN_RUNTIME, IN_ENVIRONMENT = 0.5, 0.35
PIP, PIP_INDEX = "pip install, as it is, from wheels", "pip install, as it is, from an index"
OURS = "install-requirements in the runtime"
COLD, WARM = "environment, {}, nothing cached", "environment, {}, warm cache"
NOTHING = "the same again, nothing to do, {}"
# pip takes seconds to ask an index. uv is not used with a folder while PIP_INDEX_URL names an index, so it asks that one.
FROM_FOLDER = ["--no-index", "--find-links D:/home/site/wwwroot/wheels", *PINNED]
ROLLBACK = "rollback to the environment before"
# It needs the packages for one page only, so that it answers before they are there.
APP = """\
def application(environ, start_response):
    if environ["PATH_INFO"] == "/all":
        import bottle, cryptography.fernet, django.http, fastapi, flask, lxml.etree, pandas, requests, uvicorn, waitress
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
"""


@dataclass(frozen=True)
class Cost:
    """What one command cost. worker: seconds from the start of its job to its end, None without a job."""

    seconds: float
    worker: float | None
    requests: int


class Table:
    """The figures of all rounds, by row."""

    def __init__(self) -> None:
        self.costs: dict[str, list[Cost]] = defaultdict(list)
        self.first: dict[str, list[float]] = defaultdict(list)

    def ratio(self, row: str) -> float:
        """How long a row took beside plain pip in the same round; the median of all rounds."""
        from_index = "uv" in row or row in (PIP_INDEX, ROLLBACK) or row.startswith(NOTHING.partition(",")[0])
        pairs = zip(self.costs[row], self.costs[PIP_INDEX if from_index else PIP])
        return statistics.median([cost.seconds / pip.seconds for cost, pip in pairs] or [0.0])

    def __str__(self) -> str:
        lines = [f"{'':44}{'seconds':>8}{'ratio':>7}{'worker':>8}{'client':>8}{'requests':>9}{'first answer':>14}"]
        for row, costs in self.costs.items():
            seconds = statistics.median(cost.seconds for cost in costs)
            worker = [cost.worker for cost in costs if cost.worker is not None]
            beside = [cost.seconds - cost.worker for cost in costs if cost.worker is not None]
            lines.append(
                f"{row:44}{seconds:8.1f}{self.ratio(row):7.2f}{_median(worker):>8}{_median(beside):>8}"
                f"{statistics.median(cost.requests for cost in costs):9.0f}{_median(self.first[row]):>14}"
            )
        return "\n".join(lines)


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else ""


def command(az: Az, azure: LocalAzure, site: Site, *arguments: object) -> Cost:
    """Run a command on an app, which changes something unless it says otherwise; what it cost."""
    before, jobs = len(azure.requests), len(jobs_started(site))
    answer = az(*arguments, *naming(site))
    count = len([each for each in azure.requests[before:] if each.host != site.host])
    started = jobs_started(site)[jobs:]
    worker = sum(job_seconds(site.linux_path(each.directory)) for each in started) if started else None
    return Cost(answer.seconds, worker, count)


def job_seconds(folder: Path) -> float:
    """How long a job took, by the worker's clock, without its last phase."""
    state = json.loads((folder / "state.json").read_bytes())
    began, ended = (datetime.fromisoformat(state[name].replace("Z", "+00:00")) for name in ("startedAt", "finishedAt"))
    return (ended - began).total_seconds()


def first_answer(apps: Apps, site: Site) -> float:
    """Seconds until a page that needs all packages comes from new processes of an app.

    The restart ends the compilation of its packages, if that goes on, so that this is the first answer that is possible.
    """
    site.restart()
    began = time.monotonic()
    answer = apps.get(site, "/all", timeout=230)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


def prepared(apps: Apps, windows: Path) -> Site:
    """An app that has none of the packages."""
    site = apps.prepared("wsgi_hello", VERSION)
    (web_root(site) / "wheels").symlink_to(windows / "index")
    (web_root(site) / "app.py").write_text(APP, encoding="utf-8")
    site.machine.boot()
    return site


def require(site: Site, *lines: str) -> None:
    """Write the app's requirements."""
    (web_root(site) / "requirements.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def nothing(az: Az, azure: LocalAzure, site: Site, *options: str) -> Cost:
    """The cost of a command that finds everything done, by itself: it knows nothing of a folder."""
    require(site, *PINNED)
    command(az, azure, site, INSTALL, *options)
    return command(az, azure, site, INSTALL, *options)


def in_environment(az: Az, azure: LocalAzure, apps: Apps, windows: Path, table: Table, installer: str) -> None:
    """The rows of an app in an environment."""
    site = prepared(apps, windows)
    az("webapp python set-version --packages-in environment --version", VERSION, *naming(site))
    for row, more in ((COLD, ()), (WARM, ("toml==0.10.2",))):
        require(site, *(PINNED if installer == "uv" else FROM_FOLDER), *more)
        name = row.format(installer)
        table.costs[name].append(command(az, azure, site, INSTALL, "--installer", installer))
        table.first[name].append(first_answer(apps, site))
    if installer == "uv":
        table.costs[ROLLBACK].append(command(az, azure, site, "webapp python rollback --yes"))
        table.costs[NOTHING.format("environment")].append(nothing(az, azure, site, "--installer", installer))


def in_runtime(az: Az, azure: LocalAzure, apps: Apps, windows: Path, table: Table) -> None:
    """The rows of an app whose packages are in its runtime."""
    site = prepared(apps, windows)
    require(site, *FROM_FOLDER)
    table.costs[OURS].append(command(az, azure, site, INSTALL))
    table.first[OURS].append(first_answer(apps, site))
    table.costs[NOTHING.format("runtime")].append(nothing(az, azure, site))


def plain_pip(apps: Apps, windows: Path, table: Table) -> None:
    """The rows that the others are compared with."""
    for row, lines in ((PIP, FROM_FOLDER), (PIP_INDEX, PINNED)):
        site = prepared(apps, windows)
        require(site, *lines)
        table.costs[row].append(Cost(seconds_of_pip(site, FOLDER), None, 0))
        table.first[row].append(first_answer(apps, site))


def test_table_of_ratios(az, azure, apps, windows):
    table = Table()
    for number in range(ROUNDS):
        rows = [
            lambda: plain_pip(apps, windows, table),
            lambda: in_runtime(az, azure, apps, windows, table),
            lambda: in_environment(az, azure, apps, windows, table, "pip"),
            lambda: in_environment(az, azure, apps, windows, table, "uv"),
        ]
        for row in reversed(rows) if number % 2 else rows:
            row()
            print(f"load {os.getloadavg()[0]:.1f}\n{table}", flush=True)
        if not number:
            print(f"\n{describe(prepared(apps, windows))}")
    print(f"\nmedian of {ROUNDS} rounds; ratio: beside plain pip of the same round\n{table}")
    assert table.ratio(OURS) <= IN_RUNTIME
    assert table.ratio(WARM.format("uv")) <= IN_ENVIRONMENT
