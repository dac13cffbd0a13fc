"""The checks of what earlier commands left: `unfinished-change`, `stopped-for-job`, `lost-jobs`; and secrets."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.history.record import Record
from azext_pythonapp.jobs.pending_restart import START, Marker
from azext_pythonapp.jobs.state import LOST, QUEUED, RUNNING, Job
from azext_pythonapp.operations.app.activity import Records
from tests.unit.operations.doctor.kit import FASTCGI, look, site

JOB = "20261122-130000-aaaa"
SHOP = {"name": "shop", "resourceGroup": "rg", "slot": None}
AGAIN = "az webapp python install-requirements -g rg -n shop"


def record(command_line: str = AGAIN, app: Any = None, jobs: tuple[str, ...] = ()) -> Record:
    """A change that was interrupted."""
    return Record(
        "20261122-125959-bbbb",
        "install-requirements",
        command_line,
        app or SHOP,
        "ann@contoso.com",
        "",
        "2026-11-22T12:59:59Z",
        jobs=jobs,
    )


def records(*jobs: str, left: tuple[Marker, ...] = ()) -> dict[str, Any]:
    return {"records": Records(left, jobs, (), {})}


def test_an_interrupted_change_is_finished_by_its_command() -> None:
    found = look("unfinished-change", parts={"interrupted change": record()})
    assert found.status == "warn" and found.fix and found.fix.command == AGAIN and found.fix.mend is None
    assert "20261122-125959-bbbb" in found.evidence and "ann@contoso.com" in found.evidence
    assert "`az webapp python rollback -g rg -n shop --change-id 20261122-125959-bbbb --yes`" in found.evidence


def test_without_its_command_it_is_undone() -> None:
    undo = "az webapp python rollback -g rg -n shop --change-id 20261122-125959-bbbb --yes"
    for left in (record(""), record(app={**SHOP, "slot": "staging"})):
        found = look("unfinished-change", parts={"interrupted change": left})
        assert found.status == "warn" and found.fix and found.fix.command == undo


def test_an_app_that_a_job_left_stopped_fails() -> None:
    parts = records(left=(Marker(JOB, START),))
    found = look("stopped-for-job", site=site("Stopped"), parts={**parts, "claim": False})
    assert found.status == "fail" and JOB in found.evidence and found.fix
    assert found.fix.command == f"az webapp python job wait -g rg -n shop --job-id {JOB}"
    at_work = look("stopped-for-job", site=site("Stopped"), parts={**parts, "claim": True})
    assert at_work.status == "pass" and "at work" in at_work.evidence
    assert look("stopped-for-job", parts=parts).status == "pass"
    assert look("stopped-for-job", site=site("Stopped")).status == "pass"
    assert look("stopped-for-job", site=site("Stopped"), parts={"records": None}).status == "skipped"


def test_a_lost_job_is_done_again() -> None:
    lost = Job(JOB, "install-requirements", LOST, error="Its heartbeat is 70 s old.")
    parts = {**records(JOB), "jobs": [lost]}
    found = look("lost-jobs", parts=parts)
    assert found.status == "warn" and f"Job {JOB}" in found.evidence and "70 s old" in found.evidence
    assert found.fix and found.fix.command == AGAIN
    other = record("az webapp python package install -g rg -n shop --packages six", jobs=(JOB,))
    again = look("lost-jobs", parts={**parts, "interrupted change": other}).fix
    assert again and again.command == "az webapp python package install -g rg -n shop --packages six"


def test_jobs_that_run_or_never_began_are_not_lost() -> None:
    running = Job(JOB, "install-requirements", RUNNING)
    never = Job(JOB, "install-requirements", LOST, phase=QUEUED, error="It never began.")
    for job in (running, never):
        assert look("lost-jobs", parts={**records(JOB), "jobs": [job]}).status == "pass"
    assert look("lost-jobs", parts={"records": None}).status == "skipped"


def test_secrets_are_named_and_never_shown() -> None:
    content = FASTCGI.replace(b"</appSettings>", b'\n<add key="API_KEY" value="geheim-1" /></appSettings>')
    found = look("web-config-secrets", web_config=content)
    assert found.status == "warn" and "line 3 (API_KEY in appSettings)" in found.evidence
    assert "geheim" not in repr(found)
    assert found.fix and found.fix.mend is not None
    assert found.fix.command == "az webapp python doctor -g rg -n shop --check web-config-secrets --fix --yes"
    assert look("web-config-secrets", web_config=None).status == "pass"
