"""The check `server-log`: what counts, and what is over."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.operations.app.server_log import Tail
from azext_pythonapp.operations.doctor.checks.server_log import said_by_processes, said_by_wfastcgi
from tests.unit.operations.doctor.kit import look, platform

START = datetime(2026, 11, 22, 13, 0, 0, 500000, timezone.utc)
TRACEBACK = """Traceback (most recent call last):
  File "D:\\home\\site\\wwwroot\\app.py", line 6, in application
    import yaml
ModuleNotFoundError: No module named 'yaml'
"""
INITIALIZED = "2026-11-22 13:00:03.1: wfastcgi.py 3.0.0 initialized\n"
NOT_READ = f"2026-11-22 13:00:02.2: Error occurred while reading WSGI handler:\n\n{TRACEBACK}\nStdOut: \n\nStdErr: \n"
OF_A_REQUEST = f"2026-11-22 13:00:05.2: Error occurred:\n\n{TRACEBACK}\n"
CLOSED = "2026-11-22 13:00:06.0: wfastcgi.py 3.0.0 closed\n"
SAID = "ModuleNotFoundError: No module named 'yaml' (D:\\home\\site\\wwwroot\\app.py, line 6)"


@pytest.mark.parametrize(
    ("text", "said", "fatal"),
    [
        (INITIALIZED + CLOSED, None, False),
        (NOT_READ + CLOSED, SAID, True),
        (NOT_READ + INITIALIZED, SAID, False),
        (INITIALIZED + OF_A_REQUEST + CLOSED, SAID, False),
        (NOT_READ.replace("13:00:02", "12:59:59") + CLOSED, None, False),
        (NOT_READ.replace("13:00:02.2", "13:00:00.1"), SAID, True),
        (TRACEBACK, SAID, False),  # cut, or another program's
        ("", None, False),
    ],
)
def test_what_wfastcgi_wrote(text: str, said: str | None, fatal: bool) -> None:
    assert said_by_wfastcgi(text, START) == (said, fatal)


def test_without_a_time_to_compare_with_all_of_it_counts() -> None:
    assert said_by_wfastcgi(NOT_READ.replace("13:00:02", "12:59:59"), None) == (SAID, True)


def tail(text: str, seconds: int = 5) -> Tail:
    return Tail("LogFiles/python_1_2.log", START + timedelta(seconds=seconds), text)


OF_A_START = TRACEBACK.replace("in application", "in <module>")


@pytest.mark.parametrize(
    ("texts", "fatal"),
    [
        ([OF_A_START, OF_A_START], True),
        ([OF_A_START], False),
        ([TRACEBACK, TRACEBACK], False),  # of a request, which the server logs while it goes on
        ([f"{OF_A_START}Serving on 127.0.0.1\n", OF_A_START], False),
        ([OF_A_START, OF_A_START.replace("yaml", "toml")], False),
    ],
)
def test_two_processes_that_ended_alike_do_not_start(texts: list[str], fatal: bool) -> None:
    said, certain = said_by_processes([tail(text) for text in texts])
    assert (said, certain) == (SAID, fatal)


def log_of(*tails: Tail) -> dict[str, Any]:
    """The parts of an app whose log has these files."""
    return {"server log": SimpleNamespace(exists=True, tails=lambda most, since: list(tails)), "app start": START}


def test_an_app_that_does_not_start_fails_with_its_package() -> None:
    found = look("server-log", parts=log_of(tail(NOT_READ)))
    assert found.status == "fail" and SAID in found.evidence and "the app does not start" in found.evidence
    assert "2026-11-22 13:00:05 UTC" in found.evidence
    assert found.fix and found.fix.command == "az webapp python package install -g rg -n shop --packages pyyaml"
    assert found.fix.mend is None


def test_an_error_of_a_request_is_warned_of() -> None:
    text = INITIALIZED + OF_A_REQUEST.replace("ModuleNotFoundError: No module named 'yaml'", "ValueError: no stock")
    found = look("server-log", parts=log_of(tail(text)))
    assert (found.status, found.fix) == ("warn", None) and "ValueError: no stock" in found.evidence


def test_a_log_without_errors_and_no_log_pass() -> None:
    assert look("server-log", parts=log_of(tail(INITIALIZED))).status == "pass"
    assert (
        look("server-log", parts=log_of()).evidence == "Nothing was written to the log since 2026-11-22 13:00:00 UTC."
    )
    assert "stdoutLogEnabled" in look("server-log", web_config=platform("app.py")).evidence
    assert look("server-log", web_config=None).status == "pass"


def test_another_zone_s_times_are_not_compared() -> None:
    old = tail(NOT_READ.replace("13:00:02", "12:00:02"))
    assert look("server-log", parts=log_of(old)).status == "pass"
    zone = {"WEBSITE_TIME_ZONE": "Eastern Standard Time"}
    assert look("server-log", parts=log_of(old), settings=zone).status == "fail"


def test_what_may_be_secret_is_not_shown() -> None:
    text = INITIALIZED + OF_A_REQUEST.replace("No module named 'yaml'", "Server=x;Password=geheim")
    evidence = look("server-log", parts=log_of(tail(text))).evidence
    assert "geheim" not in evidence and "may hold a secret" in evidence
    text = INITIALIZED + OF_A_REQUEST.replace("No module named 'yaml'", "redis://user:geheim@cache:6379")
    assert "geheim" not in look("server-log", parts=log_of(tail(text))).evidence
