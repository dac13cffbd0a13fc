"""`package audit` and `package sbom` with the unmodified az, on one app and on many."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local_azure.site import Site
from tests.published_schemas import check_published

AUDIT, SBOM = "webapp python package audit", "webapp python package sbom"
HASH = "sha256=aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk"


def add_package(site: Site, name: str, version: str, *headers: str) -> None:
    """Put a distribution into the Python that the app runs."""
    (folder,) = site.machine.home.glob("python38*/Lib/site-packages")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *headers, "", "text"]
    (info / "METADATA").write_text("\n".join(lines), encoding="utf-8")
    (info / "RECORD").write_text(f"{name}.py,{HASH},12\n{info.name}/RECORD,,\n", encoding="utf-8")


def record(name: str, package: str, fixed: str, **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    affected = [{"package": {"ecosystem": "PyPI", "name": package}, "ranges": ranges}]
    return {"id": name, "modified": "2024-01-01T00:00:00Z", "affected": affected, **more}


RECORDS = (
    record("PYSEC-2023-62", "Flask", "2.2.5", aliases=["CVE-2023-30861"], summary="A cookie is cached"),
    record("GHSA-m2qf", "flask", "2.2.5", aliases=["CVE-2023-30861"], database_specific={"severity": "HIGH"}),
    record("PYSEC-2099-1", "flask", "9", withdrawn="2099-01-01T00:00:00Z"),
    record("PYSEC-2099-2", "jinja2", "3.0"),
)
ROW = {
    "name": "flask",
    "version": "2.2.2",
    "id": "PYSEC-2023-62",
    "aliases": ["GHSA-m2qf", "CVE-2023-30861"],
    "severity": "high",
    "fixedIn": "2.2.5",
    "summary": "A cookie is cached",
}


@pytest.fixture
def advisories(tmp_path: Path) -> Callable[..., Path]:
    """Writes a zip of records."""

    def write(*records: Any) -> Path:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for number, each in enumerate(records):
                archive.writestr(f"{number}.json", json.dumps(each))
        (tmp_path / "all.zip").write_bytes(content.getvalue())
        return tmp_path / "all.zip"

    return write


@pytest.fixture
def fleet(azure, request):
    """Makes a fleet of this test, and deletes it."""
    made = []

    def make(count):
        made.append(azure.fleet(count, name=f"t{abs(hash(request.node.name)) % 10**8}x"))
        return made[-1]

    yield make
    for each in made:
        each.remove()


def named(site: Site) -> list[str]:
    return ["-g", site.address.resource_group, "-n", site.name]


def test_findings_are_printed_and_the_exit_code_is_one(az, azure, fleet, advisories, tmp_path):
    (site,) = fleet(1)
    add_package(site, "Flask", "2.2.2")
    add_package(site, "jinja2", "3.1.6")
    add_package(site, "Odd", "1.0_custom")
    number = len(azure.requests)
    found = az(AUDIT, *named(site), "--advisories", str(advisories(*RECORDS)), expect=1)
    # ARM, then web.config, the configuration, site-packages and python.exe: nothing is started on the worker.
    asked = [one for one in azure.requests[number:] if ".scm." in one.host or one.host == "management.azure.com"]
    assert not [one for one in asked if one.path.startswith("/api/command")]
    assert found.json == [ROW]
    assert "Odd (1.0-custom)".lower() in found.stderr.lower() and "WARNING" in found.stderr
    assert "4 advisories of" in found.stderr
    assert f'package install -g rg -n {site.name} --packages "flask>=2.2.5"' in found.stderr
    assert found.stderr.rstrip().endswith("has 1 known vulnerability.")

    quiet = az(AUDIT, *named(site), "--advisories", "all.zip", "--only-show-errors", expect=1)
    assert quiet.json == [ROW] and quiet.stderr.startswith("ERROR: 1 of "), quiet
    table = az(AUDIT, *named(site), "--advisories", "all.zip", "-o", "table", expect=1).stdout.splitlines()
    assert table[0].split() == ["Name", "Version", "Id", "Severity", "FixedIn", "Summary"]
    assert max(map(len, table)) <= 80 and "PYSEC-2023-62" in table[2]

    sarif = az(AUDIT, *named(site), "--advisories", "all.zip", "--format", "sarif", expect=1).json
    check_published("sarif-2.1.0", sarif)
    both = ["--format", "sarif", "--output-file", "audit.sarif"]
    assert az(AUDIT, *named(site), "--advisories", "all.zip", *both, expect=1).json == [ROW]
    assert json.loads((tmp_path / "audit.sarif").read_text(encoding="utf-8")) == sarif

    (tmp_path / "all.json").write_text(json.dumps(RECORDS[2:]), encoding="utf-8")
    assert az(AUDIT, *named(site), "--advisories", "all.json").json == []


def test_each_of_many_apps_has_its_findings(az, fleet, advisories):
    sites = fleet(3)
    add_package(sites[1], "flask", "2.2.2")
    source = ["--advisories", str(advisories(*RECORDS))]
    found = az(AUDIT, "--ids", *sites.ids, *source, expect=1)
    assert [row["status"] for row in found.json] == ["succeeded"] * 3
    assert [row["result"] for row in found.json] == [[], [ROW], []]
    assert found.stderr.count("4 advisories of") == 1
    assert [row["result"] for row in az(AUDIT, "--ids", sites.ids[0], sites.ids[2], *source).json] == [[], []]
    refused = az(AUDIT, "--ids", *sites.ids, "--output-file", "x.json", *source, expect=2)
    assert "cannot be used together" in refused.stderr


def test_a_file_that_is_no_osv_is_named_with_its_record(az, fleet, advisories):
    (site,) = fleet(1)
    path = advisories(RECORDS[0], {"name": "flask"}, 5)
    refused = az(AUDIT, *named(site), "--advisories", str(path), expect=1)
    assert f"--advisories '{path}' is no file of OSV advisories: 1.json: it has no 'id'." in refused.stderr
    missing = az(AUDIT, *named(site), "--advisories", "missing.zip", expect=2)
    assert "--advisories 'missing.zip' cannot be read: No such file or directory" in missing.stderr


def test_a_bill_of_materials_fits_its_schema(az, fleet, tmp_path):
    sites = fleet(2)
    site = sites[0]
    add_package(site, "Flask", "3.0.3", "License-Expression: BSD-3-Clause", "Requires-Dist: jinja2>=3")
    add_package(site, "jinja2", "3.1.6", "Classifier: License :: OSI Approved :: MIT License")
    made = az(SBOM, *named(site), "--output-file", "sbom.json", SOURCE_DATE_EPOCH="1700000000")
    check_published("cyclonedx-1.6", made.json)
    assert json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8")) == made.json
    assert made.json["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    found = {each["name"]: each for each in made.json["components"]}
    assert found["CPython"]["version"] == "3.8.10" and found["CPython"]["type"] == "platform"
    assert found["Flask"]["licenses"] == [{"expression": "BSD-3-Clause", "acknowledgement": "declared"}]
    assert found["jinja2"]["licenses"][0]["license"]["id"] == "MIT"
    assert {"ref": "pkg:pypi/flask@3.0.3", "dependsOn": ["pkg:pypi/jinja2@3.1.6"]} in made.json["dependencies"]

    again = az(SBOM, *named(site), "--files", SOURCE_DATE_EPOCH="1700000000").json
    check_published("cyclonedx-1.6", again)
    files = next(each["components"] for each in again["components"] if each["name"] == "Flask")
    assert [(each["name"], each["hashes"][0]["content"][:4]) for each in files][1] == ("Flask.py", "6969")
    assert az(SBOM, *named(site), SOURCE_DATE_EPOCH="1700000000").json == made.json

    many = az(SBOM, "--ids", *sites.ids).json
    assert [row["status"] for row in many] == ["succeeded"] * 2
    for row in many:
        check_published("cyclonedx-1.6", row["result"])
    table = az(SBOM, *named(site), "-o", "table").stdout.splitlines()
    assert table[0].split() == ["Name", "Version", "Licence", "Purl"] and max(map(len, table)) <= 80
