"""IIS reads a FastCGI registration when the app starts: was this one read?"""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.kudu_commands import parse_time
from azext_pythonapp.errors import Conflict, NotFound, Unreachable
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.app.registration import is_read, unread_registration
from azext_pythonapp.operations.job.pending_restart import restart_to_read

ID = "azureappservice-python364x64"
INSTALLED = "2026-11-26T12:00:00.1234567+00:00"


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


class Kudu:
    """started: when the app's process began. names: folders of SiteExtensions and their times; or an error."""

    def __init__(self, started, **names):
        self._started, self.names = started, names
        self.asked: list[str] = []

    def retrying_for(self, seconds):
        return self

    def app_start_time(self):
        if isinstance(self._started, Exception):
            raise self._started
        return self._started

    def read(self, path):
        raise NotFound(f"{path} was not found.")

    def list_directory(self, path):
        self.asked.append(path)
        if path != "SiteExtensions":
            raise NotFound(f"{path} was not found.")
        return [SimpleNamespace(name=name, modified=modified) for name, modified in self.names.items()]


def app(kudu):
    arm = SimpleNamespace(done=[], restart=lambda site: arm.done.append("restart"))
    return SimpleNamespace(kudu=kudu, arm=arm, site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop"))


@pytest.mark.parametrize(
    "started, expected",
    [
        (utc(2026, 11, 26, 12, 0, 1), True),
        (utc(2026, 11, 26, 11, 59), False),
        (None, None),
        (Unreachable("away"), None),
    ],
)
def test_only_an_app_that_was_started_later_has_read_it(started, expected):
    assert is_read(app(Kudu(started, **{ID: INSTALLED})), ID.upper()) is expected


@pytest.mark.parametrize("names", [{}, {"other": INSTALLED}, {ID: ""}, {ID: "yesterday"}])
def test_what_cannot_be_told(names):
    assert is_read(app(Kudu(utc(2026, 12, 1), **names)), ID) is None


def test_the_restart_waits_for_the_scm_site():
    kudu = Kudu(None)
    shop = app(kudu)
    restart_to_read(shop)
    assert shop.arm.done == ["restart"] and kudu.asked[-1] == "SiteExtensions"


def test_an_app_without_site_extensions_answers_too():
    kudu = Kudu(None)
    kudu.list_directory = kudu.read
    shop = app(kudu)
    restart_to_read(shop)
    assert shop.arm.done == ["restart"]


def test_no_restart_under_a_running_job(monkeypatch):
    job = Job("20261126-120000-0001", "install-requirements", "running")
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.await_quiet", lambda *arguments: job)
    shop = app(Kudu(None))
    with pytest.raises(
        Conflict, match=r"Job 20261126-120000-0001, pip \(install-requirements\), is running on app 'shop'"
    ):
        restart_to_read(shop)
    assert shop.arm.done == []


def test_a_refusal_says_why_and_what_to_do():
    error = unread_registration(app(Kudu(None)), "3.6.4", False, "--no-restart")
    assert "IIS does not know Python 3.6.4" in error.message and "nothing was changed" in error.message
    assert error.recommendation == (
        "Leave --no-restart out, or restart the app first: `az webapp restart -g rg -n shop`."
    )
    assert "It is not known whether" in unread_registration(app(Kudu(None)), "3.6.4", None).message


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-11-26T12:00:00.1234567+00:00", utc(2026, 11, 26, 12, 0, 0, 123456)),
        ("2026-11-26T12:00:00Z", utc(2026, 11, 26, 12)),
        ("2026-11-26T14:00:00.5+02:00", utc(2026, 11, 26, 12, 0, 0, 500000)),
        ("2026-13-26T12:00:00Z", None),
        ("", None),
        ("0001-01-01T00:00:00", None),
    ],
)
def test_kudu_s_times(text, expected):
    assert parse_time(text) == expected
