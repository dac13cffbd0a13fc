"""What an app imports from the folders of PYTHONPATH is compared too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.package import sbom
from azext_pythonapp.operations.package.audit import every_package
from azext_pythonapp.operations.package.python_path import Place, places
from tests.unit.operations.app.test_observe import Azure


@pytest.fixture
def azure(monkeypatch):
    made = Azure()
    made.settings = {"pythonpath": "D:\\home\\site\\wwwroot\\.python_packages;lib;;%HOME%/absent;D:\\local\\x;a.zip"}
    made.app.arm.app_settings = lambda site: made.settings
    made.folders = {
        "site/wwwroot/.python_packages": ["flask", "Flask-0.12.dist-info"],
        "site/wwwroot/lib": ["x.py", "jinja2-2.0.dist-info", "Flask-0.12.dist-info"],
        "python364x64/Lib/site-packages": ["flask-3.0.dist-info"],
    }
    return made


def seen_of(azure, kind="fastCgi", **environment):
    seen = observe(azure.app, pythons=False)
    handler = replace(seen.handler, kind=kind, environment=environment)
    return type("Seen", (), {"app": azure.app, "handler": handler})()


def test_each_folder_has_what_its_names_tell(azure):
    assert places(seen_of(azure)) == [
        Place("D:\\home\\site\\wwwroot\\.python_packages", [("flask", "0.12")]),
        Place("D:\\home\\site\\wwwroot\\lib", [("flask", "0.12"), ("jinja2", "2.0")]),
        Place("D:\\local\\x", None),
    ]


def test_web_config_replaces_the_setting_on_http_platform(azure):
    own = {"PYTHONPATH": "%HOME%\\site\\wwwroot\\lib"}
    assert [each.path[-3:] for each in places(seen_of(azure, "httpPlatform", **own))] == ["lib"]
    assert len(places(seen_of(azure, **own))) == 3


def test_rows_are_of_the_python_and_of_the_folders(azure):
    own, rows = every_package(azure.app)
    assert own == {("flask", "3.0")}
    assert [(row["name"], row["version"]) for row in rows] == [("flask", "0.12"), ("flask", "3.0"), ("jinja2", "2.0")]
    assert any("2 packages in D:\\home\\site\\wwwroot\\lib" in line for line in azure.said)
    assert any("Not compared: D:\\local\\x" in line for line in azure.said)


def test_a_bill_of_materials_says_what_it_leaves_out(azure, monkeypatch):
    target = Target("D:\\home\\python364x64\\python.exe", "python364x64", "3.6.4", "x64")
    monkeypatch.setattr(sbom, "target_in_use", lambda seen: target)
    monkeypatch.setattr(sbom, "survey_metadata", lambda *_: [])
    sbom.sbom(azure.app, None, False)
    assert any("Not in the document: what is in D:\\home\\site\\wwwroot\\lib" in line for line in azure.said)
