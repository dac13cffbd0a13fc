"""Both environments are registered with IIS once, in a file that may be somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.errors import Conflict, Interrupted, InvalidWebConfig, Refused, UnknownOutcome, Unreachable
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.environment.registration import (
    Registering,
    plan_registration,
    plan_unregister,
    registration_of,
)
from azext_pythonapp.plan import Plan, Step
from azext_pythonapp.runtimes.registration import read_registrations
from tests.local_azure.frontend.registration import registered
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app

XDT = "site/applicationHost.xdt"
OTHERS = (
    b'<?xml version="1.0"?>\n<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">\n'
    b"  <system.webServer><!-- ours -->\n    <fastCgi>\n"
    b'      <application fullPath="D:\\home\\x.exe" arguments="-x" xdt:Transform="Insert" />\n'
    b"    </fastCgi>\n  </system.webServer>\n</configuration>\n"
)
NOW = datetime.now(timezone.utc)


class Site(FolderSite):
    """An SCM site that knows when the app was started. started: None where it does not tell."""

    started: datetime | None = NOW - timedelta(days=1)

    def app_start_time(self) -> datetime | None:
        self.path("ask", "the app's start")
        return self.started


@pytest.fixture
def kudu(tmp_path: Path) -> Site:
    (tmp_path / "site").mkdir()
    return Site(tmp_path)


@pytest.fixture
def app(kudu: Site) -> Any:
    settings: dict[str, str] = {}
    arm = SimpleNamespace(done=[], settings=settings, app_settings=lambda site: settings)

    def restart(site: object) -> None:
        arm.done.append("restart")
        kudu.started = datetime.now(timezone.utc) + timedelta(minutes=1)

    arm.restart = restart
    return shop_app(kudu, arm=arm)


@pytest.fixture
def record(app: Any) -> Iterator[OpenChange]:
    with ExitStack() as stack:
        yield stack.enter_context(recorded(app, "set-version"))


def applied(app: Any, planned: Registering | list[Step], *more: Step) -> list[tuple[str, str]]:
    steps = planned.steps if isinstance(planned, Registering) else planned
    return [(change.target, change.action) for change in Plan([*steps, *more]).apply(app.progress)]


def file_of(kudu: Site) -> bytes | None:
    path = kudu.home / XDT
    return path.read_bytes() if path.exists() else None


def put(kudu: Site, content: bytes) -> None:
    (kudu.home / XDT).write_bytes(content)


def pairs(kudu: Site) -> list[tuple[str, str]]:
    return [(each.full_path, each.arguments) for each in read_registrations(file_of(kudu) or b"")]


def none() -> None:
    """Nothing keeps the previous bytes."""


BOTH = [(registration_of(each).full_path, registration_of(each).arguments) for each in ("a", "b")]


def test_the_pair_is_spelled_like_those_of_the_runtimes() -> None:
    assert BOTH[0] == (
        r"D:\home\data\pythonapp\environments\a\Scripts\python.exe",
        r"D:\home\data\pythonapp\environments\a\wfastcgi.py",
    )


@pytest.mark.parametrize("before", [None, OTHERS])
def test_both_are_registered_and_read_with_one_restart(app: Any, kudu: Site, record: OpenChange, before) -> None:
    if before is not None:
        put(kudu, before)
    planned = plan_registration(app, lambda: record)
    assert file_of(kudu) == before and planned.restarts
    done = applied(app, planned)
    assert done == [(XDT, "create" if before is None else "update"), ("app", "restart")]
    assert app.arm.done == ["restart"] and pairs(kudu)[-2:] == BOTH
    kept = record.record.file(XDT)
    assert kept is not None and (kept.before, kept.after, kept.written) == (before, file_of(kudu), True)
    assert plan_registration(app, lambda: record) == Registering((), False)


def test_iis_knows_both_then(app: Any, kudu: Site) -> None:
    put(kudu, OTHERS)
    applied(app, plan_registration(app, none))
    assert [(each.full_path, each.arguments) for each in registered(kudu.home)][-2:] == BOTH
    assert not any(each.environment for each in registered(kudu.home)[-2:])


@pytest.mark.parametrize("late, pauses", [(0, 0), (3, 3), (1000, 30)])
def test_the_switch_waits_for_a_restart_that_comes_late(app: Any, kudu: Site, late: int, pauses: int) -> None:
    """Azure may answer before it restarts the app; a clock that is wrong does not hold the command up for ever."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == late:
            kudu.started = datetime.now(timezone.utc) + timedelta(minutes=1)

    if late:
        app.arm.restart = lambda site: None
    applied(app, plan_registration(app, none, sleep=sleep))
    assert slept == [2] * pauses


def test_a_stopped_app_reads_it_when_it_is_started(app: Any) -> None:
    planned = plan_registration(app, none, running=False)
    assert applied(app, planned) == [(XDT, "create")] and not planned.restarts and app.arm.done == []
    assert plan_registration(app, none, running=False) == Registering((), False)


def test_a_file_written_since_the_start_is_read_by_a_restart(app: Any, kudu: Site) -> None:
    applied(app, plan_registration(app, none, running=False))
    assert applied(app, plan_registration(app, none)) == [("app", "restart")]


@pytest.mark.parametrize("in_use, restarts", [(None, True), ("a", False), ("b", False)])
def test_an_unknown_start_is_no_proof_but_the_app_is(app: Any, kudu: Site, in_use, restarts: bool) -> None:
    applied(app, plan_registration(app, none))
    kudu.started = None
    assert plan_registration(app, none, in_use=in_use).restarts is restarts


def test_a_file_written_again_was_not_read_even_when_one_runs(app: Any, kudu: Site) -> None:
    """Somebody has just put the file there again, after a deployment had deleted it."""
    applied(app, plan_registration(app, none))
    kudu.started = NOW - timedelta(days=1)
    assert plan_registration(app, none, in_use="a").restarts


def test_without_a_restart_it_is_refused_beforehand(app: Any, kudu: Site) -> None:
    with pytest.raises(Refused) as caught:
        plan_registration(app, none, restart=False)
    assert "IIS does not know the environments of app 'shop' yet" in caught.value.message
    assert "nothing was changed" in caught.value.message
    assert caught.value.recommendation == (
        "Leave --no-restart out, or use `--handler httpplatform`, which needs no registration."
    )
    assert file_of(kudu) is None and app.arm.done == []


def test_what_is_there_but_not_read_needs_a_restart_first(app: Any, kudu: Site) -> None:
    applied(app, plan_registration(app, none))
    kudu.started = None
    with pytest.raises(Refused) as caught:
        plan_registration(app, none, restart=False, option="--no-wait")
    assert "It is not known whether IIS knows" in caught.value.message
    assert caught.value.recommendation == (
        "Leave --no-wait out, or restart the app first: `az webapp restart -g rg -n shop`."
    )


@pytest.mark.parametrize("content", [b"", b"<configuration>", b"<web/>", b"<configuration xmlns='urn:x'/>"])
def test_a_file_that_iis_cannot_read_is_refused(app: Any, kudu: Site, content: bytes) -> None:
    put(kudu, content)
    with pytest.raises(InvalidWebConfig, match=r"site\\applicationHost.xdt of app 'shop'"):
        plan_registration(app, none)
    assert plan_unregister(app, none) == [] and file_of(kudu) == content


def failing(error: BaseException) -> Step:
    def fail() -> Any:
        raise error

    return Step("Failing.", [], fail)


@pytest.mark.parametrize("before", [None, OTHERS])
def test_a_later_failure_takes_it_back(app: Any, kudu: Site, record: OpenChange, before: bytes | None) -> None:
    if before is not None:
        put(kudu, before)
    with pytest.raises(Refused) as caught:
        applied(app, plan_registration(app, lambda: record), failing(Refused("No.")))
    assert file_of(kudu) == before and "applicationHost.xdt of app 'shop' was" in caught.value.message
    kept = record.record.file(XDT)
    assert kept is not None and kept.after == before


def test_an_unknown_outcome_leaves_it(app: Any, kudu: Site) -> None:
    with pytest.raises(UnknownOutcome):
        applied(app, plan_registration(app, none), failing(UnknownOutcome("Cut.")))
    assert pairs(kudu) == BOTH


def before_write(kudu: Site, act: Callable[[int], None]) -> None:
    """Have somebody else act ahead of each write of the file, with its number."""
    count = 0

    def ahead(request: str) -> None:
        nonlocal count
        if request in (f"write {XDT}", f"delete {XDT}"):
            count += 1
            act(count)

    kudu.before_request = ahead


def test_what_somebody_else_writes_meanwhile_is_kept(app: Any, kudu: Site, record: OpenChange) -> None:
    before_write(kudu, lambda number: put(kudu, OTHERS) if number == 1 else None)
    assert applied(app, plan_registration(app, lambda: record))[0] == (XDT, "update")
    assert pairs(kudu)[-2:] == BOTH and b"<!-- ours -->" in (file_of(kudu) or b"")
    kept = record.record.file(XDT)
    assert kept is not None and kept.before == OTHERS


def test_somebody_who_writes_again_and_again_is_a_conflict(app: Any, kudu: Site) -> None:
    before_write(kudu, lambda number: put(kudu, OTHERS + b"\n" * number))
    with pytest.raises(Conflict, match="Somebody changed site.applicationHost.xdt of app 'shop'"):
        applied(app, plan_registration(app, none))
    assert file_of(kudu) == OTHERS + b"\n\n" and app.arm.done == []


def test_somebody_who_breaks_it_meanwhile_is_not_overwritten(app: Any, kudu: Site) -> None:
    before_write(kudu, lambda number: put(kudu, b"<broken>") if number == 1 else None)
    with pytest.raises(InvalidWebConfig):
        applied(app, plan_registration(app, none))
    assert file_of(kudu) == b"<broken>"


def test_a_file_that_cannot_be_written_says_so(app: Any, kudu: Site) -> None:
    def refuse(number: int) -> None:
        raise Conflict("Access is denied.")

    before_write(kudu, refuse)
    with pytest.raises(Conflict, match="cannot be written: Access is denied") as caught:
        applied(app, plan_registration(app, none))
    assert "--handler httpplatform" in str(caught.value.recommendation)


def test_ctrl_c_while_it_is_written_leaves_what_was_there(app: Any, kudu: Site) -> None:
    put(kudu, OTHERS)

    def interrupt(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    before_write(kudu, interrupt)
    with pytest.raises(Interrupted, match="read again and is as it was"):
        applied(app, plan_registration(app, none))
    assert file_of(kudu) == OTHERS


@pytest.mark.parametrize("before", [None, OTHERS])
def test_it_is_taken_out_without_a_trace(app: Any, kudu: Site, record: OpenChange, before: bytes | None) -> None:
    if before is not None:
        put(kudu, before)
    applied(app, plan_registration(app, none))
    ours = file_of(kudu)
    steps = plan_unregister(app, lambda: record)
    assert file_of(kudu) == ours
    assert applied(app, steps) == [(XDT, "delete" if before is None else "update")]
    assert file_of(kudu) == before
    kept = record.record.file(XDT)
    assert kept is not None and (kept.before, kept.after, kept.written) == (ours, before, True)
    assert plan_unregister(app, none) == []


@pytest.mark.parametrize("before", [None, OTHERS])
def test_a_later_failure_registers_them_again(app: Any, kudu: Site, record: OpenChange, before: bytes | None) -> None:
    if before is not None:
        put(kudu, before)
    applied(app, plan_registration(app, none))
    ours = file_of(kudu)
    with pytest.raises(Refused):
        applied(app, plan_unregister(app, lambda: record), failing(Refused("No.")))
    assert file_of(kudu) == ours
    kept = record.record.file(XDT)
    assert kept is not None and kept.after == ours


def test_an_app_without_registration_has_nothing_to_take_out(app: Any, kudu: Site) -> None:
    assert plan_unregister(app, none) == []
    put(kudu, OTHERS)
    assert plan_unregister(app, none) == []


def test_what_others_add_after_us_is_kept(app: Any, kudu: Site) -> None:
    applied(app, plan_registration(app, none))
    steps = plan_unregister(app, none)
    added = (file_of(kudu) or b"").replace(b"</configuration>", b"<location/></configuration>")
    before_write(kudu, lambda number: put(kudu, added) if number == 1 else None)
    assert applied(app, steps) == [(XDT, "update")]
    assert b"<location/>" in (file_of(kudu) or b"") and pairs(kudu) == []


def test_a_registration_that_cannot_be_taken_out_is_said(app: Any, kudu: Site) -> None:
    applied(app, plan_registration(app, none))
    steps = plan_unregister(app, none)

    def refuse(number: int) -> None:
        raise Conflict("Access is denied.")

    before_write(kudu, refuse)
    assert applied(app, steps) == [] and pairs(kudu) == BOTH
    assert "Warning" in app.progress.said[-1] and "does no harm" in app.progress.said[-1]


def test_a_lost_answer_to_a_deletion_is_looked_up(app: Any, kudu: Site, record: OpenChange) -> None:
    applied(app, plan_registration(app, none))
    steps, delete = plan_unregister(app, lambda: record), kudu.delete

    def cut(path: str, if_match: str = "*") -> None:
        delete(path, if_match)
        if path == XDT:
            raise Unreachable("Cut.")

    kudu.delete = cut  # type: ignore[method-assign]
    assert applied(app, steps) == [(XDT, "delete")] and file_of(kudu) is None


@pytest.mark.parametrize("value, warned", [("0", True), ("1", False), ("", False)])
def test_switched_off_extensions_are_said(app: Any, value: str, warned: bool) -> None:
    app.arm.settings["website_private_extensions"] = value
    plan_registration(app, none)
    assert any("WEBSITE_PRIVATE_EXTENSIONS" in line for line in app.progress.said) is warned


def test_requests_of_a_switch_that_changes_nothing(app: Any, kudu: Site) -> None:
    applied(app, plan_registration(app, none))
    kudu.requests.clear()
    plan_registration(app, none, in_use="a")
    assert kudu.requests == [f"read {XDT}", "ask the app's start", "list site"]
