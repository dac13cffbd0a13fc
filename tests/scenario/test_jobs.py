"""Work on the worker that outlives its client: `--no-wait`, a killed az, a cut connection, a recycled SCM site."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import jobs_started, naming, record_of, records_of
from tests.scenario.az import Az
from tests.scenario.held_index import HeldIndex

JOB_KEYS = {"id", "command", "title", "state", "phase", "exitCode", "startedAt", "finishedAt", "logUrl"}


@pytest.fixture
def index(windows: Path) -> Iterator[HeldIndex]:
    """An index that makes pip wait until it is released."""
    with HeldIndex(windows / "index") as held:
        yield held


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """A requirements file."""
    file = tmp_path / "requirements.txt"
    file.write_text("six==1.16.0\n", encoding="utf-8")
    return file


def started(az: Az, site: Site, index: HeldIndex, requirements: Path) -> subprocess.Popen[str]:
    """install-requirements in a process of its own, as far as pip's first question to the index."""
    running = az.start("webapp python install-requirements -r", requirements, "--index-url", index.url, *naming(site))
    while not index.asked.wait(0.2):
        assert running.poll() is None, running.communicate()
    return running


def has_six(site: Site) -> bool:
    """Whether six is installed on the app."""
    return (site.machine.home / "python3810x64/Lib/site-packages/six.py").exists()


def test_a_killed_client_does_not_end_the_job(az, apps, index, six):
    site = apps.prepared("wsgi_hello")
    running = started(az, site, index, six)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()

    shown = az("webapp python job show", *naming(site)).json
    assert set(shown) == JOB_KEYS
    assert (shown["state"], shown["exitCode"], shown["command"]) == ("running", None, "install-requirements")
    other = az("webapp python install-requirements -r", six, *naming(site), expect=1)
    assert f"job {shown['id']} is changing the packages of python3810x64 at this moment" in other.stderr, other
    late = az("webapp python job wait --timeout 1 --job-id", shown["id"], *naming(site), expect=1)
    assert f"Job {shown['id']} is still running on the worker" in late.stderr, late
    assert f"az webapp python job wait -g rg -n {site.name} --job-id {shown['id']}" in late.stderr

    index.release()
    waited = az("webapp python job wait --job-id", shown["id"], *naming(site))
    assert set(waited.json) == JOB_KEYS
    assert (waited.json["state"], waited.json["exitCode"]) == ("succeeded", 0)
    assert "  | Successfully installed six-1.16.0" in waited.stderr, waited
    assert has_six(site)
    first, second = records_of(site)
    assert (first["state"], second["state"]) == ("succeeded", "failed")
    assert first["jobs"] == [shown["id"]] and first["packages"][0]["after"]["six"] == "1.16.0"


def test_no_wait_returns_a_job_that_has_begun(az, apps, index, six):
    site = apps.prepared("wsgi_hello")
    command = ("webapp python install-requirements -r", six, "--index-url", index.url, *naming(site))
    answer = az(*command, "--no-wait").json
    assert answer["changed"] is True and answer["exitCode"] is None and answer["job"]["state"] == "running"
    assert answer["finishCommand"] == (f"az webapp python job wait -g rg -n {site.name} --job-id {answer['job']['id']}")
    assert not has_six(site) and record_of(site, answer["changeId"])["state"] == "unfinished"
    index.release()
    assert az(*answer["finishCommand"].removeprefix("az ").split()).json["state"] == "succeeded"
    assert has_six(site) and record_of(site, answer["changeId"])["state"] == "succeeded"


def test_timeout_ends_the_watching_only(az, apps, index, six):
    site = apps.prepared("wsgi_hello")
    late = az(
        "webapp python install-requirements --timeout 2 -r", six, "--index-url", index.url, *naming(site), expect=1
    )
    assert "is still running on the worker. It was not finished after 2 s" in late.stderr and late.stdout == "", late
    index.release()
    assert az("webapp python job wait", *naming(site)).json["state"] == "succeeded"


def test_the_front_ends_limit_does_not_end_the_job(az, azure, apps, index, six):
    site = apps.prepared("wsgi_hello")
    site.machine.boot()
    site.switches.front_end_limit, site.switches.front_end_cut = 8, "closed"
    running = started(az, site, index, six)
    time.sleep(9)
    job = site.commands.started[-1]
    assert jobs_started(site) == [job] and not job.answer.done()
    index.release()
    stdout, stderr = running.communicate(timeout=300)
    assert running.returncode == 0, stderr
    assert json.loads(stdout)["installed"] == [{"name": "six", "version": "1.16.0"}]
    assert jobs_started(site) == [job]
    commands = [
        request for request in azure.requests if request.host == site.scm_host and request.path == "/api/command"
    ]
    assert [request.status for request in commands if request.status != 200] == [None], "one was cut"


def test_next_run_takes_over_from_a_lost_job(az, apps, index, six):
    site = apps.prepared("wsgi_hello")
    running = started(az, site, index, six)
    site.recycle_scm()
    stdout, stderr = running.communicate(timeout=300)
    assert running.returncode == 1 and stdout == ""
    assert "was lost, so what it did is unknown" in stderr and f"app '{site.name}'" in stderr, stderr

    (job,) = (site.machine.home / "data/pythonapp/jobs").glob("*/state.json")
    state = json.loads(job.read_text(encoding="ascii"))
    assert state["state"] == "running", "it had no time to say anything else"
    job.write_text(json.dumps(state | {"heartbeatAt": "2026-01-01T00:00:00Z"}), encoding="ascii")
    assert az("webapp python job show", *naming(site)).json["state"] == "lost"
    assert "was lost" in az("webapp python job wait", *naming(site), expect=1).stderr

    index.release()
    again = az("webapp python install-requirements -r", six, "--index-url", index.url, *naming(site))
    assert again.json["installed"] == [{"name": "six", "version": "1.16.0"}]
    assert "this job takes over" in again.stderr


def test_an_app_without_jobs(az, apps):
    site = apps.new()
    for command in ("show", "wait"):
        missing = az(f"webapp python job {command}", *naming(site), expect=3)
        assert f"'{site.name}'" in missing.stderr and "No job has run" in missing.stderr, missing
    unknown = az("webapp python job show --job-id 20200101-000000-abcd", *naming(site), expect=3)
    assert "There is no job 20200101-000000-abcd" in unknown.stderr, unknown
    wrong = az("webapp python job show --job-id ../../x", *naming(site), expect=2)
    assert "is not the id of a job" in wrong.stderr and "Traceback" not in wrong.stderr, wrong


def test_a_worker_short_of_memory_is_asked_again(az, apps, six):
    """Neither the import check nor the job that cmd.exe could not start at first is called failed."""
    site = apps.prepared("wsgi_hello")
    site.switches.command_short_at, site.switches.command_short_times = "runner/__main__.py", 2
    done = az("webapp python install-requirements -r", six, *naming(site))
    assert [row["name"] for row in done.json["installed"]] == ["six"] and site.switches.command_short_times == 0
    (site.machine.home / "site/wwwroot/web.config").unlink()
    site.switches.command_short_at, site.switches.command_short_times = "b64decode", 1
    checked = az("webapp python set-version --version 3.8 --no-requirements", *naming(site))
    assert site.switches.command_short_times == 0 and checked.json["verification"]["importOk"] is True
