"""`package audit`: what is found in a set of packages, and what is said of it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from azext_pythonapp.operations.package import audit as module
from azext_pythonapp.operations.package.audit import AuditRequest, audit
from tests.published_schemas import check_published
from tests.unit.packages.test_osv import entry, events, record
from tests.unit.progress import Recorded

RECORDS = [
    record("PYSEC-1", entry(*events("i0 f1.2")), aliases=["CVE-1"], summary="One"),
    record("GHSA-2", entry(*events("i0 f1.4")), database_specific={"severity": "HIGH"}),
    record("PYSEC-3", entry(*events("i0 fnever"), name="django"), summary="Three."),
    record("PYSEC-4", entry(*events("i0"), name="odd")),
]


@pytest.fixture
def app(monkeypatch):
    made = SimpleNamespace(
        progress=Recorded(),
        web=None,
        site=SimpleNamespace(
            name="shop", slot="staging", label="app 'shop' (slot 'staging')", arguments="-g rg -n shop"
        ),
    )
    made.packages = {"flask": "1.0", "django": "4.0", "jinja2": "3.1", "odd": "1.0-custom"}
    made.more = []
    rows = lambda _: [  # noqa: E731
        {"name": name, "version": version} for name, version in sorted([*made.packages.items(), *made.more])
    ]
    monkeypatch.setattr(
        module, "every_package", lambda app: ({(row["name"], row["version"]) for row in rows(app)}, rows(app))
    )
    return made


@pytest.fixture
def request_of(tmp_path):
    path = tmp_path / "advisories.json"
    path.write_text(json.dumps(RECORDS), encoding="utf-8")

    def make(form="json", output=None):
        return AuditRequest.from_options(str(path), form, output)

    return make


def test_rows_and_what_is_said(app, request_of, tmp_path):
    found = audit(app, request_of(), tmp_path)
    assert [(row["name"], row["id"], row["severity"], row["fixedIn"]) for row in found.answer] == [
        ("django", "PYSEC-3", None, None),
        ("flask", "GHSA-2", "high", "1.4"),
        ("flask", "PYSEC-1", None, "1.2"),
    ]
    said = "2 of 4 packages of app 'shop' (slot 'staging') have 3 known vulnerabilities."
    assert found.found == said and app.progress.last == [
        'To install what is fixed: `az webapp python package install -g rg -n shop --packages "flask>=1.4"`.',
        said,
    ]
    assert any("WARNING: Not compared" in line and "odd (1.0-custom)" in line for line in app.progress.said)
    assert any("PYSEC-3 (never)" in line for line in app.progress.said)


def test_nothing_found_is_said_too(app, request_of, tmp_path):
    app.packages = {"jinja2": "3.1"}
    found = audit(app, request_of(), tmp_path)
    assert found.answer == [] and found.found is None
    assert app.progress.last == ["No known vulnerability in 1 package of app 'shop' (slot 'staging')."]


def test_each_version_of_a_double_is_compared(app, request_of, tmp_path):
    app.packages, app.more = {"flask": "1.0", "jinja2": "3.1"}, [("flask", "9.0")]
    found = audit(app, request_of(), tmp_path)
    assert [(row["name"], row["version"], row["id"]) for row in found.answer] == [
        ("flask", "1.0", "GHSA-2"),
        ("flask", "1.0", "PYSEC-1"),
    ]
    assert "1 of 2 packages" in found.found
    assert any("several versions" in line and "flask (1.0, 9.0)" in line for line in app.progress.said)


def test_what_is_to_be_installed_has_none_of_it(app, request_of, tmp_path, monkeypatch):
    both = [record("A", entry(*events("i0 f1.5 i2.0 f2.5"))), record("B", entry(*events("i0 f2.0")))]
    (tmp_path / "advisories.json").write_text(json.dumps(both), encoding="utf-8")
    app.packages = {"flask": "1.0"}
    assert [row["fixedIn"] for row in audit(app, request_of(), tmp_path).answer] == ["1.5", "2.0"]
    assert any('"flask>=2.5"' in line for line in app.progress.last)


def test_sarif_fits_its_schema(app, request_of, tmp_path):
    log = audit(app, request_of("sarif"), tmp_path).answer
    check_published("sarif-2.1.0", log)
    run = log["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["GHSA-2"]["properties"]["security-severity"] == "8.0"
    assert "security-severity" not in rules["PYSEC-1"]["properties"]
    assert [(row["ruleId"], row["level"]) for row in run["results"]] == [
        ("PYSEC-3", "warning"),
        ("GHSA-2", "error"),
        ("PYSEC-1", "warning"),
    ]
    assert all(run["tool"]["driver"]["rules"][row["ruleIndex"]]["id"] == row["ruleId"] for row in run["results"])
    assert run["results"][0]["message"]["text"] == (
        "django 4.0 of app 'shop' (slot 'staging') has PYSEC-3: Three. No fixed version is known."
    )
    assert run["automationDetails"]["id"] == "webapp-python-package-audit/shop/staging/"


def test_an_id_of_half_a_character_does_no_harm(app, request_of, tmp_path):
    (tmp_path / "advisories.json").write_text(
        json.dumps([record("X\ud800", entry(*events("i0")), summary="\ud800")]), encoding="utf-8"
    )
    log = audit(app, request_of("sarif", str(tmp_path / "a.sarif")), tmp_path)
    assert [row["id"] for row in log.answer] == ["X\ud800"]
    assert json.loads((tmp_path / "a.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]


def test_sarif_without_findings_fits_its_schema(app, request_of, tmp_path):
    app.packages = {}
    log = audit(app, request_of("sarif"), tmp_path).answer
    check_published("sarif-2.1.0", log)
    assert log["runs"][0]["results"] == []


def test_a_file_has_what_the_format_says(app, request_of, tmp_path):
    output = tmp_path / "audit.sarif"
    found = audit(app, request_of("sarif", str(output)), tmp_path)
    assert isinstance(found.answer, list)
    check_published("sarif-2.1.0", json.loads(output.read_text(encoding="utf-8")))
