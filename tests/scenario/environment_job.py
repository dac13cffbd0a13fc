"""A job that builds an environment, as Kudu starts it: without a command of az."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.request import RUNNER_START, EnvironmentBuild, JobSpec, request_files
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from azext_pythonapp.runtimes.environment import LOCK, Letter
from tests.local_azure.site import Site

HOME = "D:\\home"


def run_job(
    site: Site,
    python: str,
    letter: Letter,
    requirements: str,
    options: PipOptions,
    files: Mapping[str, bytes],
    **spec: Any,
) -> tuple[dict[str, Any], str]:
    """Have a runtime build an environment of requirements.txt. Returns the state at the job's end, and its log.

    python: of the runtime. files: further ones for the job's folder. spec: more of the JobSpec.
    """
    build = EnvironmentBuild("requirements.txt", None, (), ())
    call = install(JobFile("requirements.txt"), options)
    job_id = new_id(None)
    asked = JobSpec("install-requirements", python, LOCK, call, letter=letter, build=build, **spec)
    folder = site.machine.home / "data/pythonapp/jobs" / job_id
    for path, content in request_files(asked, job_id, {"requirements.txt": requirements.encode(), **files}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    process = site.machine.spawn(
        f'"{python}" -u -B -E -s {RUNNER_START}', directory=f"{HOME}\\data\\pythonapp\\jobs\\{job_id}"
    )
    lines = [line.decode(errors="replace") for _, line in process.lines()]
    process.wait(300)
    state: dict[str, Any] = json.loads((folder / "state.json").read_bytes())
    log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
    assert state["state"] == "succeeded", [state, log[-3000:], lines[-20:]]
    assert "Error in sitecustomize" not in log
    return state, log
