"""`package list`, `freeze`, `outdated` and `check`: look at the packages of the Python that an app runs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PlatformFailed, Refused, RemoteFailed
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import JobSpec
from azext_pythonapp.jobs.state import JobResult
from azext_pythonapp.operations.app.observe import going_on, observe
from azext_pythonapp.operations.app.python_in_use import Target, packages_in_use, runtime_of, target_in_use
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.job.run import PipJob, require_job_success
from azext_pythonapp.packages import pip, pip_versions
from azext_pythonapp.packages.index_answers import IndexAnswers
from azext_pythonapp.packages.pip import PipCommand, PipOptions

# What `pip freeze` leaves out, as the tools that install the others.
TOOLS = ("pip", "setuptools", "wheel", "distribute")
# `pip check`: "a 1.0 requires b, which is not installed.", "a 1.0 has requirement b>=2, but you have b 1.0."
_MISSING = re.compile(r" requires (\S+), which is not installed| has requirement (.+), but you have ")


def list_packages(app: App) -> list[dict[str, Any]]:
    """Rows {"name", "version"} by name: read off site-packages, no Python is started."""
    packages = packages_in_use(observe(app, pythons=False))
    return [{"name": name, "version": version} for name, version in sorted(packages.items())]


def freeze_packages(app: App) -> list[dict[str, Any]]:
    """Rows {"name", "version", "requirement"}, without the tools that `pip freeze` leaves out as well."""
    return [
        {**row, "requirement": f"{row['name']}=={row['version']}"}
        for row in list_packages(app)
        if row["name"] not in TOOLS
    ]


def outdated_packages(app: App, options: PipOptions, timeout: float | None) -> list[dict[str, Any]]:
    """Rows {"name", "version", "latestVersion"}: what the index has newer versions of, asked by pip on the worker."""
    target = _target(app)
    _require(app, target, "--format=json")
    lines: list[str] = []
    _ask(app, target, "package outdated", pip.list_outdated(options), timeout, lines)
    answers = IndexAnswers()
    for line in lines:
        answers.take(line)
    unreached = answers.failure(None)
    if unreached is not None:
        raise RemoteFailed(
            f"It is not known which packages of {app.site.label} (Python {target.version}) are outdated: "
            f"{unreached.sentence}",
            unreached.advice,
        )
    for line in reversed(lines):
        if line.startswith("["):
            return [
                {"name": row["name"], "version": row["version"], "latestVersion": row["latest_version"]}
                for row in json.loads(line)
            ]
    raise PlatformFailed(
        f"pip on {app.site.label} did not print the list of outdated packages.",
        f"Read what it printed: `az webapp python job log {app.site.arguments}`.",
    )


def check_packages(app: App, timeout: float | None) -> dict[str, Any]:
    """{"ok": True, "problems": []} when all packages have what they require, as `pip check` on the worker says.

    Raises RemoteFailed with pip's lines when they have not.
    """
    target = _target(app)
    _require(app, target, "check")
    result = _ask(app, target, "package check", None, timeout, [])
    if not result.check_ok:
        raise RemoteFailed(
            f"The packages of Python {target.version} on {app.site.label} have broken requirements: "
            f"{'; '.join(result.problems)}.",
            _repair(app, result.problems),
        )
    return {"ok": True, "problems": []}


def _repair(app: App, problems: Sequence[str]) -> str | None:
    """Return the command that installs what `pip check` misses; None when it does not say what that is."""
    found = [match[1] or match[2] for match in map(_MISSING.search, problems) if match]
    if not found:
        return None
    wanted = " ".join(quoted(each.partition(";")[0].strip()) for each in dict.fromkeys(found))
    return f"Install what is missing: `az webapp python package install {app.site.arguments} --packages {wanted}`."


def _target(app: App) -> Target:
    """Return the Python in use; say what else goes on, because a running job may be changing its packages."""
    seen = observe(app)
    target = target_in_use(seen)
    for finding in going_on(seen):
        app.progress.say(str(finding))
    return target


def _ask(
    app: App, target: Target, command: str, call: PipCommand | None, timeout: float | None, lines: list[str]
) -> JobResult:
    """Run pip to look, as a job that changes nothing and waits for no other; lines: gets what it prints."""
    spec = JobSpec(
        command=command,
        python=target.runner,
        runtime=target.folder,
        letter=target.letter,
        pip=call,
        exclusive=False,
        checked=call is None,
    )
    job = PipJob(app, launch(app.kudu, spec, {}), timeout, on_line=lines.append).wait()
    return require_job_success(app, job)


def _require(app: App, target: Target, feature: str) -> None:
    """Raises Refused when the runtime's pip is too old for a feature."""
    present = present_packages(app, runtime_of(target).place).get("pip")
    if pip_versions.missing([feature], present):
        raise Refused(
            f"pip {present} of Python {target.version} on {app.site.label} is too old for this; it takes "
            f"pip {pip_versions.INTRODUCED[feature]}.",
            f"Upgrade it: `az webapp python package install {app.site.arguments} --packages pip --upgrade`.",
        )
