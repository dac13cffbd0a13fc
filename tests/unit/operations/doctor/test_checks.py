"""Each check of `doctor`: what it says of a clean app, of a fault, and of the app after its fix."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from azext_pythonapp.errors import AccessDenied, InvalidInput, Unreachable
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.doctor.checks import all_checks
from azext_pythonapp.operations.doctor.command import DoctorRequest
from tests.unit.operations.doctor.kit import configuration, look, platform, python, site

DOCUMENT = (Path(__file__).resolve().parents[4] / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_check_has_a_section_and_every_section_a_check() -> None:
    sections = dict(re.findall(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", DOCUMENT, re.M | re.S))
    assert list(sections) == list(all_checks())
    for name, text in sections.items():
        assert "Source: [" in text, f"{name} has no source"


@pytest.mark.parametrize("name", all_checks())
def test_a_clean_app_passes(name: str) -> None:
    found = look(name, clock_difference=timedelta(seconds=2))
    assert (found.status, found.fix) == ("pass", None), found


def test_an_unknown_check_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        DoctorRequest.from_options(checks=["scm-acces"], fix=False, dry_run=False, confirmed=False)
    assert "scm-acces" in caught.value.message and "scm-access, clock" in str(caught.value.recommendation)


@pytest.mark.parametrize("options", [{"dry_run": True, "confirmed": False}, {"dry_run": False, "confirmed": True}])
def test_what_is_only_for_fix_is_refused(options: dict[str, bool]) -> None:
    with pytest.raises(InvalidInput, match="is only for --fix"):
        DoctorRequest.from_options(checks=None, fix=False, **options)


def test_a_refused_scm_site_fails() -> None:
    denied = AccessDenied("The SCM site of app 'shop' refused access (403): Ip Forbidden")
    assert look("scm-access", home=denied).status == "fail"
    assert look("scm-access", home=denied).fix is None
    fix = look("scm-access", home=denied, site=site("Stopped")).fix
    assert fix is not None and fix.command == "az webapp start -g rg -n shop"
    assert (
        look("scm-access", home=Unreachable("no answer", "Check the proxy.")).evidence == "no answer Check the proxy."
    )
    assert "off, which does no harm" in look("scm-access").evidence
    assert look("scm-access", basic_allowed=AccessDenied("no")).status == "pass"


@pytest.mark.parametrize(("minutes", "status"), [(0, "pass"), (5, "pass"), (6, "warn"), (-6, "warn")])
def test_a_clock_that_is_off_is_told(minutes: int, status: str) -> None:
    assert look("clock", clock_difference=timedelta(minutes=minutes)).status == status
    assert look("clock").status == "skipped"


def test_a_stopped_app_and_a_used_up_quota_fail() -> None:
    stopped = look("site-state", site=site("Stopped"))
    assert stopped.status == "fail" and stopped.fix and stopped.fix.command == "az webapp start -g rg -n shop"
    for used_up in (site("QuotaExceeded"), site(usage="Exceeded")):
        found = look("site-state", site=used_up, tier="Free")
        assert found.status == "fail" and found.fix is not None
        assert found.fix.command == "az appservice plan update -g plans -n plan --sku B1"
    assert look("site-state", site=site(usage="Exceeded"), tier="PremiumV3").fix is None


def test_plain_http_is_warned_of() -> None:
    found = look("https-only", site=site(https_only=False))
    assert found.status == "warn" and found.fix and found.fix.mend is None
    assert found.fix.command == "az webapp update -g rg -n shop --https-only true"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "pass"),
        ({"packages": {"pandas": "2.0"}}, "warn"),
        ({"web_config": platform("-m waitress app:app", 'startupTimeLimit="300"')}, "warn"),
        ({"web_config": platform("-m waitress app:app", 'startupTimeLimit="120"')}, "pass"),
    ],
)
def test_always_on_matters_where_the_start_is_long(values, status: str) -> None:
    off = configuration(alwaysOn=False)
    found = look("always-on", configuration=off, **values)
    assert found.status == status
    assert look("always-on", configuration=configuration(), **values).status == "pass"
    if status == "warn":
        assert found.fix and found.fix.mend and found.fix.command.endswith("-g rg -n shop --always-on true")
        free = look("always-on", configuration=off, tier="Free", **values).fix
        assert free and free.mend is None and "--sku B1" in free.command


def test_streamlit_needs_web_sockets() -> None:
    content = platform("-m streamlit run app.py --server.port %HTTP_PLATFORM_PORT%")
    found = look("web-sockets", web_config=content)
    assert found.status == "warn" and found.fix and found.fix.mend
    assert found.fix.command == "az webapp config set -g rg -n shop --web-sockets-enabled true"
    on = configuration(webSocketsEnabled=True)
    assert look("web-sockets", web_config=content, configuration=on).status == "pass"
    unknown = configuration(webSocketsEnabled=None)
    assert look("web-sockets", web_config=content, configuration=unknown).status == "skipped"


def test_a_python_that_is_not_there_fails() -> None:
    gone = Finding("It is not there.", "Again: `az webapp python set-version -g rg -n shop --version 3`. Or not.", True)
    found = look("python-starts", trouble=gone, current=None)
    assert found.status == "fail" and found.fix
    assert found.fix.command == "az webapp python set-version -g rg -n shop --version 3"
    silent = python(answered=False, unknown=True)
    assert look("python-starts", trouble=Finding("Silent."), current=silent).status == "skipped"
    assert look("python-starts", trouble=Finding("A script."), current=None).status == "warn"


def test_a_64_bit_python_needs_a_64_bit_worker() -> None:
    narrow = configuration(use32BitWorkerProcess=True)
    found = look("worker-bitness", configuration=narrow)
    assert found.status == "warn" and found.fix and found.fix.mend
    assert found.fix.command.endswith("-g rg -n shop --use-32bit-worker-process false")
    assert look("worker-bitness", configuration=narrow, current=python(architecture="x86")).status == "pass"
    free = look("worker-bitness", configuration=narrow, tier="Free").fix
    assert free and free.mend is None and free.command.endswith("--version 3 --arch x86")
