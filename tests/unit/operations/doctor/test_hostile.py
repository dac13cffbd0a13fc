"""Apps, files and answers that a check of `doctor` must neither break over nor take for worse than they are."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.doctor.checks.server_log import said_by_wfastcgi
from tests.unit.operations.doctor.kit import configuration, look, platform, site
from tests.unit.operations.doctor.test_server_log_check import INITIALIZED, START

BUSY = PlatformFailed("Azure answered 503.", "Try again in a minute.")


def test_a_line_that_only_looks_like_a_time_is_text() -> None:
    text = INITIALIZED + "0000-00-00 00:00:00: a row of the database\n"
    assert said_by_wfastcgi(text, START) == (None, False)
    assert said_by_wfastcgi("2026-13-45 25:61:61: no time\n", START) == (None, False)


@pytest.mark.parametrize("limit", ["\u00b2", "\u0665" * 4, "9" * 5000])
def test_an_odd_startup_time_limit_is_no_number(limit: str) -> None:
    content = platform("-m waitress app:app", f'startupTimeLimit="{limit}"')
    assert look("always-on", web_config=content, configuration=configuration(alwaysOn=False)).status == "pass"


@pytest.mark.parametrize("name", ["gb2312", "shift_jis", "x-none", "utf-16"])
def test_an_encoding_that_only_iis_may_know_is_no_fault(name: str) -> None:
    content = f'<?xml version="1.0" encoding="{name}"?><configuration/>'.encode()
    found = look("web-config", web_config=content, handler=None, problem=Finding("It declares an encoding."))
    assert (found.status, found.evidence) == ("warn", "It declares an encoding.")


def test_a_plan_that_does_not_answer_hides_no_fault() -> None:
    used_up = look("site-state", site=site(usage="Exceeded"), tier=BUSY)
    assert (used_up.status, used_up.fix) == ("fail", None)
    assert look("disk-space", free_bytes=(0, 0), tier=BUSY).status == "warn"
    assert look("always-on", configuration=configuration(alwaysOn=False), packages={"pandas": "2"}, tier=BUSY).fix
    assert look("worker-bitness", configuration=configuration(use32BitWorkerProcess=True), tier=BUSY).status == "warn"


def test_without_its_tier_no_plan_gets_what_it_may_refuse() -> None:
    narrow = configuration(use32BitWorkerProcess=True, alwaysOn=False)
    for name in ("worker-bitness", "always-on"):
        found = look(name, configuration=narrow, packages={"pandas": "2"}, tier="")
        assert found.status == "warn" and found.fix and found.fix.mend is None
    assert "no Always On" in look("always-on", configuration=narrow, packages={"pandas": "2"}, tier="Dynamic").evidence
