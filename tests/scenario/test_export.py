"""`export` through az: what an app has as code, in each language, and what is said of an app that has nothing."""

from __future__ import annotations

import json
import os

import pytest

from tests.unit.operations.export.read_back import READERS

GROUP = "of-code"
NAMES = {"arm": "python.json", "bicep": "python.bicep", "terraform": "python.tf"}


@pytest.fixture
def fleet(azure):
    """Two apps that run Python 3.8 and have 3.11, each with a slot, in a group of their own."""
    with azure.fleet(2, name="coded", resource_group=GROUP, slots=("staging",)) as made:
        yield made


def writes(azure, before):
    """The requests since then that change something."""
    reads = ("GET", "HEAD")
    asks = ("/list", "/api/command", "/token", "ResourceGraph")
    return [one for one in azure.requests[before:] if one.method not in reads and not any(a in one.path for a in asks)]


def said(program):
    """What a program deploys, in order."""
    return [(each.owner, each.kind, each.name, each.properties) for each in program.resources]


def test_an_app_is_the_same_in_each_language(az, azure, fleet, tmp_path):
    site = fleet[0]
    site.configuration.update(webSocketsEnabled=True, alwaysOn=True)
    site.app_settings.update({"PYTHONUTF8": "1", "DB_PASSWORD": "hunter2", "WSGI_LOG": "D:\\home\\${x}'\"\u202e%{y}"})
    before = len(azure.requests)
    texts = {}
    for language, name in NAMES.items():
        printed = az("webapp python export -g", GROUP, "-n", site.name, "--format", language)
        assert "Exported: 2 site extensions" in printed.stderr and "hunter2" not in printed.stdout
        written = az(
            "webapp python export -g", GROUP, "-n", site.name, "--format", language, "--output-file", tmp_path / name
        )
        assert written.json == {
            "app": {"name": site.name, "resourceGroup": GROUP, "slot": None},
            "changed": True,
            "format": language,
            "path": str(tmp_path / name),
        }
        texts[language] = (tmp_path / name).read_bytes()
        assert printed.stdout.encode() == texts[language], "the same bytes"
    programs = {language: READERS[language](text.decode()) for language, text in texts.items()}
    arm = programs["arm"]
    assert all(said(each) == said(arm) and each.comments == arm.comments for each in programs.values())
    assert [each.name.lower() for each in arm.resources[:2]] == sorted(
        (each.name.lower() for each in arm.resources[:2]), key=lambda name: "python38" in name
    ), "the one in use comes last"
    assert [each.after for each in arm.resources] == [None, 0, 1, 2], "one after the other"
    assert arm.resources[2].properties == {"use32BitWorkerProcess": False, "webSocketsEnabled": True, "alwaysOn": True}
    assert arm.resources[3].properties == {"PYTHONUTF8": "1", "WSGI_LOG": "D:\\home\\${x}'\"\u202e%{y}"}
    assert arm.secret == {"otherAppSettings"} and not arm.defaults
    assert any(
        line.endswith("--version 3.8.10 --arch x64 --handler fastcgi --app app:application") for line in arm.comments
    )
    assert all(site.name not in text.decode() and GROUP not in text.decode() for text in texts.values())
    assert writes(azure, before) == []


def test_a_file_is_written_only_when_it_differs(az, fleet, tmp_path):
    path = tmp_path / "python.bicep"
    command = ("webapp python export --format bicep --output-file", path, "-g", GROUP, "-n", fleet[0].name)
    assert az(*command).json["changed"] is True
    os.utime(path, (1, 1))
    assert az(*command).json["changed"] is False and path.stat().st_mtime == 1
    path.write_text("// mine\n")
    table = az(*command, "--output", "table")
    assert table.stdout.split()[-3:] == ["bicep", str(path), "yes"] and "// mine" not in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["python.bicep"]


def test_a_slot_is_a_slot_s(az, fleet):
    found = az("webapp python export --format bicep -s staging -g", GROUP, "-n", fleet[1].name)
    program = READERS["bicep"](found.stdout)
    assert {each.owner for each in program.resources} == {"Microsoft.Web/sites/slots"}
    assert program.parameters == {"siteName", "slotName"}


def test_many_apps_have_their_lines(az, fleet):
    fleet.fail("gone", 1)
    found = az("webapp python export --format arm --ids", *fleet.ids, expect=1)
    assert [row["status"] for row in found.json] == ["succeeded", "failed"]
    assert len(json.loads("\n".join(found.json[0]["result"]))["resources"]) == 3
    assert found.json[1]["error"]["code"] == 3
    file = az("webapp python export --format arm --output-file x.json --ids", *fleet.ids, expect=2)
    assert "--ids and --output-file cannot be used together" in file.stderr


def test_an_app_without_python_says_what_is_missing(az, azure):
    with azure.fleet(1, name="bare", resource_group=GROUP, installed=()) as fleet:
        found = az("webapp python export --format bicep -g", GROUP, "-n", fleet[0].name, expect=3)
    assert f"There is nothing to export of app '{fleet[0].name}': no Python is installed there." in found.stderr
    assert f"`az webapp python install -g {GROUP} -n {fleet[0].name} --version latest`" in found.stderr


def test_an_app_that_is_not_reached_is_not_empty(az, azure, fleet):
    fleet[0].switches.bearer_refused = True
    found = az("webapp python export --format bicep -g", GROUP, "-n", fleet[0].name, expect=1)
    assert found.stdout == "" and "nothing to export" not in found.stderr


def test_a_version_needs_no_app(az, azure):
    before = len(azure.requests)
    found = az("webapp python export --version 3.6.4 --name shop --slot staging --format terraform")
    program = READERS["terraform"](found.stdout)
    assert program.defaults == {"site_name": "shop", "slot_name": "staging"}
    assert said(program)[0][1:] == ("siteextensions", "azureappservice-python364x64", {"version": "3.6.4.4"})
    assert azure.requests[before:] == [], "Microsoft's own are known"
    newer = READERS["arm"](az("webapp python export --version 3.11 --arch x64 --format arm").stdout)
    assert [each.name for each in newer.resources] == ["web"]
    assert any(
        "webapp python install -g RESOURCE_GROUP -n SITE_NAME --version 3.11." in each for each in newer.comments
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--version 3.6.4 -g rg -n shop", 2, "--version and --resource-group exclude each other"),
        ("--arch x64 -g rg -n shop", 2, "--arch is only for --version"),
        ("-n shop", 2, "The following arguments are required: --resource-group/-g"),
        ("--version 9.9", 3, "There is no Python 9.9"),
        ("--version x", 2, "'x'"),
        ("--version 3.6.4 --output-file python.tf", 2, "does not end in .bicep"),
        ("--version 3.6.4 --output-file no/such/python.bicep", 2, "is not a file in a folder that exists"),
    ],
)
def test_wrong_options_are_refused(az, words, code, message):
    found = az(f"webapp python export --format bicep {words}", expect=code)
    assert message in found.stderr and found.stdout == ""
