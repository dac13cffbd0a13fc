"""Nobody's code unasked: a version means trusted packages only, whatever others call theirs."""

from __future__ import annotations

from tests.scenario.apps import NAMED, naming
from tests.scenario.unchanged import unchanged

STRANGERS = {"mallory-python31599x64", "azureappservice-python3152x64", "NakedObjects-python3111x64", *NAMED.values()}


def planned(az, site, command: str) -> str:
    """What a dry run would install first."""
    return az("webapp python", *command.split(), "--dry-run", *naming(site)).json["changes"][0]["target"]


def test_untrusted_source_has_to_be_named(az, azure, apps):
    site = apps.new("wsgi_hello")
    with unchanged(azure, site):
        for version in ("latest", "3", "3.13"):
            for command in ("install", "set-version"):
                answer = az("webapp python", command, "--version", version, "--dry-run", *naming(site)).json
                assert answer["changes"][0] == {
                    "target": "nuget/python",
                    "action": "install",
                    "before": None,
                    "after": "3.13.2",
                }, (command, version)
                assert (answer["runtime"]["version"], answer["runtime"]["architecture"]) == ("3.13.2", "x64")
        assert planned(az, site, "install --version 3.6") == "siteextensions/azureappservice-python364x64"
        assert planned(az, site, "install --version latest --arch x86") == "nuget/pythonx86"
        assert (
            planned(az, site, "install --version latest --source gallery")
            == "siteextensions/azureappservice-python364x64"
        )
        assert planned(az, site, "install --extension-id pythonapp-python3119x64") == "nuget/python"
        for version in ("3.15", "3.15.99", "3.15.2"):
            failed = az("webapp python install --version", version, *naming(site), expect=3)
            assert "--extension-id" in failed.stderr and "Third-party packages" in failed.stderr, failed
        for stranger in STRANGERS:
            assert planned(az, site, f"install --extension-id {stranger.upper()}") == f"siteextensions/{stranger}"


def test_pre_releases_are_asked_for(az, azure, apps):
    site = apps.new()
    with unchanged(azure, site):
        assert az("webapp python install --version 3.14", *naming(site), expect=3).stderr.count("--pre") == 1
        for wish in ("3.14.0rc1", "3.14.0-rc1", "3.14 --pre", "latest --pre"):
            answer = az(f"webapp python install --version {wish} --dry-run", *naming(site)).json
            assert answer["changes"][0]["after"] == "3.14.0-rc1" and answer["runtime"]["version"] == "3.14.0rc1", wish


def test_installed_extension_counts_as_named(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    before = len(azure.requests)
    with unchanged(azure, site):
        for version in ("3.8", "3", "3.8.10"):
            assert az("webapp python set-version --version", version, *naming(site)).json["changed"] is False
            answer = az("webapp python install --version", version, *naming(site)).json
            assert (answer["changed"], answer["runtime"]["extensionId"]) == (False, "Contoso-python3810x64")
        asked = {(one.host, one.path) for one in azure.requests[before:]}
        assert not [one for one in asked if one[0].endswith("nuget.org") or "extensionfeed" in one[1]], (
            "nobody else is asked"
        )
        assert planned(az, site, "set-version --version latest") == "nuget/python"


def test_lists_show_strangers_on_request_and_say_so(az, apps):
    site = apps.prepared("wsgi_hello")
    usual = az("webapp python list-versions", *naming(site)).json
    assert {row["trusted"] for row in usual} == {True}
    assert not STRANGERS & {row["extensionId"] for row in usual}
    assert {row["source"] for row in usual} == {"siteExtension", "nuget"}
    assert "3.13.2" == usual[0]["version"] and "3.13.3" not in {row["version"] for row in usual}, "which is withdrawn"
    every = {row["extensionId"]: row for row in az("webapp python list-versions --all", *naming(site)).json}
    assert STRANGERS <= set(every) and not any(every[stranger]["trusted"] for stranger in STRANGERS)
    assert every["Contoso-python3810x64"]["installed"] is True
    assert every["pythonapp-python3810x64"]["installed"] is False
    before = az("webapp python list-versions --pre --version 3.14", *naming(site)).json
    assert [(row["version"], row["support"]) for row in before] == [("3.14.0rc1", "prerelease")]


def test_what_its_owner_advises_against_is_passed_over(az, azure, apps):
    site = apps.new()
    azure.nuget.deprecated.add("3.13.2")
    azure.python_org.left_out.add("3.13.2")
    try:
        answer = az("webapp python install --version latest --dry-run", *naming(site)).json
        full = az("webapp python install --version 3.13.2 --dry-run", *naming(site)).json
        listed = {row["version"] for row in az("webapp python list-versions", *naming(site)).json}
    finally:
        azure.nuget.deprecated.clear()
        azure.python_org.left_out.clear()
    assert answer["runtime"]["version"] == "3.13.1" and full["runtime"]["version"] == "3.13.2"
    assert "3.13.1" in listed
