"""The bill of materials: valid, the same for the same packages, and hashes of what they say they are of."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from azext_pythonapp.packages.cyclonedx import Component, Runtime, bill
from tests.published_schemas import check_published

APP = {"name": "shop", "resourceGroup": "rg", "slot": "staging"}
MOMENT = datetime(2026, 11, 27, 20, 0, tzinfo=timezone.utc)
SHA = "a" * 64
# "sha256=" and the URL-safe base64 of 32 bytes 0x69.
ROW = "sha256=aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk"


def made(*components: Component, reproducible: bool = True, version: str = "3.11.9") -> dict:
    runtime = Runtime(version, "x64")
    document = bill(APP, "shop.azurewebsites.net", runtime, components, "0.1", MOMENT, reproducible)
    check_published("cyclonedx-1.6", document)
    return document


def component(key: str, **more) -> Component:
    return Component(**{"key": key, "name": key, "version": "1.0", **more})


FLASK = component(
    "flask",
    name="Flask",
    version="3.0.3",
    summary="A framework",
    licences=[{"license": {"id": "BSD-3-Clause", "acknowledgement": "declared"}}],
    record=("flask-3.0.3.dist-info/RECORD", SHA),
    needs=["werkzeug", "absent", "flask"],
)


def test_all_parts_of_a_document():
    document = made(FLASK, component("werkzeug"))
    runtime, flask, werkzeug = document["components"]
    assert runtime["type"] == "platform" and runtime["purl"] == "pkg:generic/python@3.11.9"
    assert runtime["cpe"] == "cpe:2.3:a:python:python:3.11.9:*:*:*:*:*:*:*"
    assert flask["purl"] == "pkg:pypi/flask@3.0.3" and flask["name"] == "Flask"
    assert [(each["type"], each["name"], each["hashes"]) for each in flask["components"]] == [
        ("file", "flask-3.0.3.dist-info/RECORD", [{"alg": "SHA-256", "content": SHA}])
    ]
    assert "hashes" not in flask and "components" not in werkzeug
    assert {row["ref"]: row.get("dependsOn", []) for row in document["dependencies"]} == {
        "app": ["pkg:generic/python@3.11.9", "pkg:pypi/flask@3.0.3"],
        "pkg:generic/python@3.11.9": [],
        "pkg:pypi/flask@3.0.3": ["pkg:pypi/werkzeug@1.0"],
        "pkg:pypi/werkzeug@1.0": [],
    }
    assert document["metadata"]["component"]["name"] == "shop/staging"


def test_the_same_packages_give_the_same_document():
    one, other = made(FLASK, component("werkzeug")), made(component("werkzeug"), FLASK)
    assert one == other
    assert made(FLASK)["serialNumber"] != one["serialNumber"]
    assert made(FLASK, reproducible=False)["serialNumber"] != made(FLASK, reproducible=False)["serialNumber"]


@pytest.mark.parametrize(
    "name, version, purl",
    [
        ("Flask_SQLAlchemy", "3.1", "pkg:pypi/flask-sqlalchemy@3.1"),
        ("zope.interface", "5.0", "pkg:pypi/zope.interface@5.0"),
        ("torch", "2.0+cu118", "pkg:pypi/torch@2.0%2Bcu118"),
        ("x", "1!2.0", "pkg:pypi/x@1%212.0"),
        ("x", "", "pkg:pypi/x"),
    ],
)
def test_package_urls(name, version, purl):
    document = made(component("x", name=name, version=version))
    assert document["components"][1]["purl"] == purl


def test_each_file_has_the_hash_of_its_row():
    files = [("x/__init__.py", ROW), ("x/__pycache__/a.pyc", ""), ("x-1.dist-info/RECORD", ""), ("b", "md5=short")]
    found = made(component("x", files=files, record=("x-1.dist-info/RECORD", SHA)))["components"][1]["components"]
    assert [(each["name"], each["hashes"][0]["content"]) for each in found] == [
        ("x-1.dist-info/RECORD", SHA),
        ("x/__init__.py", "69" * 32),
    ]


def test_a_file_that_is_listed_twice_is_there_once():
    document = made(component("x", files=[("a.py", ""), ("a.py", ROW), ("a.py", ROW), ("b.py", ROW)]))
    found = document["components"][1]["components"]
    assert [each["bom-ref"] for each in found] == ["pkg:pypi/x@1.0#a.py", "pkg:pypi/x@1.0#b.py"]


def test_a_hash_of_the_package_is_that_of_its_archive():
    archive = {"sha256": SHA.upper(), "sha512": "short", "crc32": "0"}
    address = "https://example.org/x-1.0-py3-none-any.whl"
    found = made(component("x", hashes=archive, address=address, homepage="not an address"))["components"][1]
    assert found["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    assert found["externalReferences"] == [{"type": "distribution", "url": address}]


def test_packages_that_need_each_other_are_the_app_s():
    document = made(component("a", needs=["b"]), component("b", needs=["a"]))
    assert document["dependencies"][0]["dependsOn"] == ["pkg:generic/python@3.11.9", "pkg:pypi/a@1.0"]


def test_a_prerelease_of_python_has_its_update():
    assert made(version="3.15.0rc1")["components"][0]["cpe"] == "cpe:2.3:a:python:python:3.15.0:rc1:*:*:*:*:*:*"


def test_odd_packages_still_fit_the_schema():
    made(
        component("a", name="same"),
        component("b", name="same"),
        component("", name="", version=""),
        component("c", homepage="https://exa mple.org", licences=[{"license": {"name": "All\trights"}}]),
    )
