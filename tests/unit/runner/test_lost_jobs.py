"""A living job is never taken for dead, a dead one leaves no secret, and what was given up does not begin."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.runner import file_access, old_jobs, runtime_lock
from azext_pythonapp.jobs.runner.state import State
from azext_pythonapp.packages import record
from tests.unit.runner.job_runtime import Index

OTHER = "20260101-000000-0bad"


def ago(seconds):
    return f"{datetime.now(timezone.utc) - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def jobs(runtime):
    return runtime.site.home / "data/pythonapp/jobs"


def other_job(runtime, request=None, state=None, **files):
    folder = jobs(runtime) / OTHER
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps(request or {"createdAt": ago(9000)}))
    if state is not None:
        (folder / "state.json").write_text(state if isinstance(state, str) else json.dumps(state))
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_on_a_full_disk_the_heart_beats_on_in_place(runtime):
    index = Index()
    launched = runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    state = runtime.job / "state.json"
    (runtime.job / "state.json.new").unlink(missing_ok=True)
    (runtime.job / "state.json.new").mkdir()  # as good as a full disk: no new file can be made
    first, node, size = json.loads(state.read_bytes())["heartbeatAt"], state.stat().st_ino, state.stat().st_size
    until = time.monotonic() + 60
    while json.loads(state.read_bytes())["heartbeatAt"] == first:
        assert time.monotonic() < until, "no heartbeat any more"
        time.sleep(0.1)
    node = state.stat().st_ino
    time.sleep(1)
    assert (state.stat().st_ino, state.stat().st_size) == (node, size), "it takes no more room than before"
    index.released.set()
    job = runtime.follow(launched)
    assert job.state == "succeeded" and job.result.installed[0].name == "left"


def test_a_state_that_cannot_grow_leaves_out_what_does_not_fit(tmp_path, monkeypatch):
    state = State(str(tmp_path))
    (tmp_path / "state.json.new").mkdir()
    real = file_access.overwrite
    size = (tmp_path / "state.json").stat().st_size

    def full(path, value):
        if len(json.dumps(value)) > size:
            raise OSError(28, "No space left on device")
        real(path, value)

    monkeypatch.setattr(file_access, "overwrite", full)
    state.finish(
        state="succeeded",
        exitCode=0,
        error=None,
        result={
            "installed": [{"name": "left", "version": "1.0"}],
            "upgraded": [],
            "check": {"ok": False, "problems": ["x" * 9000]},
        },
    )
    found = json.loads((tmp_path / "state.json").read_bytes())
    assert (found["state"], found["result"]["installed"]) == ("succeeded", [{"name": "left", "version": "1.0"}])
    assert found["result"]["check"] == {"ok": False, "problems": []}
    assert "could not be replaced" in found["warnings"][0]


def lock_of(runtime, owner, folder=None):
    data = runtime.site.home / "data/pythonapp"
    (data / "locks").mkdir(parents=True, exist_ok=True)
    (data / "locks/python311x64.lock").write_text(owner)
    return runtime_lock.RuntimeLock(str(data), "python311x64", "20260101-000000-aaaa")


@pytest.mark.parametrize("content", ['{"id": "cut', "", "[]", '{"state": "running"}'])
def test_job_with_unreadable_state_keeps_its_lock(runtime, content):
    other_job(runtime, state=content)
    lock = lock_of(runtime, OTHER)
    long_ago = time.time() - 9000
    os.utime(lock.path, (long_ago, long_ago))  # the job runs since then
    silence, _ = lock.silence(OTHER)
    assert silence < 60


@pytest.mark.parametrize("lives", [True, False])
def test_a_heartbeat_that_looks_old_is_looked_at_again(runtime, monkeypatch, lives):
    """The clock of the other instance is two minutes behind; the heart of its job beats, or does not."""
    folder = other_job(runtime, state={"id": OTHER, "state": "running", "heartbeatAt": ago(120)})
    lock = lock_of(runtime, OTHER)
    said, pauses = [], []
    monkeypatch.setattr(runtime_lock, "time", SimpleNamespace(time=lambda: 1e9 + sum(pauses), sleep=pauses.append))

    def pause(seconds):
        pauses.append(seconds)
        if lives:
            over = len(pauses) == 30
            (folder / "state.json").write_text(
                json.dumps(
                    {"id": OTHER, "state": "failed" if over else "running", "heartbeatAt": ago(120 - len(pauses) % 7)}
                )
            )

    lock.acquire(SimpleNamespace(line=said.append), SimpleNamespace(raise_if_stopped=lambda: None, pause=pause))
    assert lock.owner() == "20260101-000000-aaaa"
    assert len(pauses) == (30 if lives else 4), "at once when it is over, else after four beats"
    assert [line.split()[0] for line in said] == ["Waiting", "Job"]


def test_job_that_lost_its_lock_ends_its_pip(runtime):
    index = Index()
    launched = runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    (runtime.site.home / "data/pythonapp/locks/python311x64.lock").write_text(OTHER)
    job = runtime.follow(launched)
    assert job.state == "failed" and f"job {OTHER} took over" in job.error and job.blocked_by == OTHER
    assert (runtime.site.home / "data/pythonapp/locks/python311x64.lock").read_text() == OTHER
    assert not job.result.changed


@pytest.mark.parametrize("state", [None, {"id": OTHER, "state": "running", "heartbeatAt": "2026-01-01T00:00:00Z"}])
def test_secrets_of_a_lost_job_are_deleted_by_the_next(runtime, state):
    folder = other_job(
        runtime,
        {"createdAt": ago(9000), "secretFiles": ["requirements.txt", "../../keep"]},
        state,
        secrets_json="{}",
        requirements_txt="--index-url https://u:p@h/",
        log_txt="x",
        restore_txt="x",
    )
    (jobs(runtime).parent / "keep").write_text("x")
    assert runtime.install("left").state == "succeeded"
    runtime.site.pending[0].thread.join(20)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["log.txt", "request.json"] + ["state.json"] * (state is not None)
    )
    assert (jobs(runtime).parent / "keep").exists()


@pytest.mark.parametrize(
    "asked, state", [(60, None), (None, None), (9000, {"state": "running", "heartbeatAt": 90}), (9000, '{"id": "cut')]
)
def test_secrets_of_a_job_that_may_still_begin_or_go_on_are_kept(runtime, asked, state):
    """Ages are in seconds, before the moment at which the test runs."""
    if isinstance(state, dict):
        state = state | {"heartbeatAt": ago(state["heartbeatAt"])}
    request = {"id": OTHER} if asked is None else {"createdAt": ago(asked)}
    folder = other_job(runtime, request, state, secrets_json="{}")
    old_jobs.delete_secrets(str(runtime.site.home / "data/pythonapp"), str(jobs(runtime) / "none"))
    assert (folder / "secrets.json").exists()


def test_a_job_that_begins_too_late_does_nothing(runtime):
    def age_it(request):
        if request.startswith("start"):
            path = runtime.site.home / request.split()[1] / "request.json"
            path.write_text(json.dumps(json.loads(path.read_bytes()) | {"createdAt": ago(1000)}))

    runtime.site.before_request = age_it
    job = runtime.install("left")
    assert job.state == "failed" and "too late" in job.error
    assert not list(runtime.packages.glob("left*"))


@pytest.mark.parametrize("name", ["secrets.json", "requirements.txt"])
def test_a_job_whose_secrets_are_gone_does_not_ask_another_index(runtime, name):
    def forget(request):
        if request.startswith("start"):
            (runtime.site.home / request.split()[1] / name).unlink()

    index = Index(0)
    runtime.site.before_request = forget
    job = runtime.install(f"--extra-index-url {index.url}\nleft", pip=runtime.from_index(index))
    assert job.state == "failed" and f"{name} was deleted" in job.error
    assert not index.entered.is_set()


def test_neither_itself_nor_what_ended_minutes_ago_is_pruned(runtime):
    own = jobs(runtime) / "20200101-000000-0000"  # a client whose clock is wrong
    names = [own.name] + [f"20260101-{number:06}-0000" for number in range(40)]
    for number, name in enumerate(names):
        (jobs(runtime) / name).mkdir(parents=True)
        (jobs(runtime) / name / "state.json").write_text(
            json.dumps({"state": "succeeded", "heartbeatAt": ago(5000 if number < 20 else 300)})
        )
    records = jobs(runtime).parent / "records"
    records.mkdir()
    for name, content in (("a", "[]"), ("b", '{"jobId'), ("c", "{}")):
        (records / f"{name}.json").write_text(content)
    old_jobs.delete_old_jobs(str(jobs(runtime).parent), str(own))
    assert own.exists()
    assert {path.name for path in jobs(runtime).iterdir()} == {own.name, *names[20:]}


def test_the_record_that_is_replaced_is_told(runtime):
    assert runtime.install("left==1.0", record=record.to_json("abc", {})).result.record_before == {}
    assert runtime.install("left==2.0").result.record_before is None
    before = runtime.install("left==1.0", record=record.to_json("def", {})).result.record_before
    assert before["requirementsSha256"] == "abc" and before["packagesDigest"]
    (path,) = (runtime.site.home / record.FOLDER).iterdir()
    path.write_text("[")
    assert runtime.install("left==2.0", record=record.to_json("def", {})).result.record_before == {}


def test_unwritable_record_is_no_failure(runtime):
    records = runtime.site.home / "data/pythonapp/records"
    records.parent.mkdir(parents=True)
    records.write_text("as good as a full disk")
    job = runtime.install("left", record=record.to_json("abc", {}))
    assert job.state == "succeeded", job.error
    assert any("record of this run could not be written" in line for line in runtime.lines)
