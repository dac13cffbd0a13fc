"""A Python from python.org's own feed: installed, served under both handlers, uninstalled; and a feed that is away."""

from __future__ import annotations

from tests.local_azure import python_org
from tests.scenario.apps import naming
from tests.scenario.unchanged import unchanged

EXTENSION, FOLDER, FILES = "pythonapp-python3132x64", "python3132x64", "pythonOrg/pythoncore-3.13-64"


def targets(answer) -> list[tuple[str, str]]:
    """What changed, or would, and how."""
    return [(change["target"], change["action"]) for change in answer["changes"]]


def test_python_org_from_install_to_uninstall(az, azure, apps):
    package = azure.python_org.publish("3.13.2")
    site = apps.new("waitress_hello")
    before = len(azure.requests)
    done = az("webapp python install --version 3.13 --source pythonOrg", *naming(site))
    assert targets(done.json) == [
        (FILES, "install"),
        ("packages/wfastcgi", "install"),
        (f"siteextensions/{EXTENSION}", "install"),
        ("app", "restart"),
    ]
    assert done.json["runtime"].items() >= {"version": "3.13.2", "source": "siteExtension", "answered": True}.items()
    asked = {exchange.host for exchange in azure.requests[before:] if exchange.host.endswith((".org", "nuget.org"))}
    assert asked == {python_org.HOST}
    home = site.machine.home / FOLDER
    assert (home / "wfastcgi.py").is_file() and not (home / "Doc").exists() and not (home / "__install__.json").exists()
    (row,) = az("webapp python list-versions --version 3.13.2 --arch x64", *naming(site)).json
    assert (row["source"], row["installed"]) == ("pythonOrg", True), "where the app has it from"

    command = ("webapp python set-version --version 3.13", *naming(site), "--handler")
    for handler, name in (("fastcgi", "fastCgi"), ("httpplatform", "httpPlatform")):
        answer = az(*command, handler).json
        assert (answer["handler"], answer["verification"]["pythonVersion"]) == (name, "3.13.2")
        page = apps.get(site)
        assert page.status_code == 200 and "on Python 3.13.2" in page.text, page.text

    az("webapp python uninstall --version 3.13 --force --yes", *naming(site))
    assert not home.exists() and not (site.machine.home / "SiteExtensions" / EXTENSION).exists()
    assert az("webapp python list", *naming(site)).json == []
    before = len(azure.requests)
    offline = az("webapp python install --dry-run --package", package, *naming(site)).json
    assert targets(offline)[0] == (FILES, "install") and offline["runtime"]["version"] == "3.13.2"
    assert python_org.HOST not in {exchange.host for exchange in azure.requests[before:]}


def test_python_org_is_chosen_for_its_newer_patch(az, azure, apps):
    """With a feed that has one, and with one that leads elsewhere; by dry runs."""
    site = apps.new()
    page = {"versions": [python_org.entry("3.13.4")]}
    install = ("webapp python install --version 3.13 --dry-run", *naming(site))
    azure.python_org.documents[python_org.PAGES[0]] = page
    try:
        with unchanged(azure, site):
            newest = az(*install).json
            page["versions"].append({**python_org.entry("3.13.5"), "url": "https://python.example/p.zip"})
            refused = az(*install, "--source", "pythonOrg", expect=1)
            warned = az(*install)
            azure.nuget.away = True
            both = az(*install, expect=1)
    finally:
        azure.python_org.documents, azure.nuget.away = {}, False
    assert targets(newest)[0] == (FILES, "install") and newest["runtime"]["version"] == "3.13.4"
    assert "python.org could not be asked for Python 3.13" in refused.stderr, refused
    assert "python.example" in refused.stderr and "nothing of the feed is used" in refused.stderr
    assert targets(warned.json)[0] == ("nuget/python", "install")
    assert "Warning: python.org could not be asked" in warned.stderr and "NuGet offers Python 3.13.2" in warned.stderr
    assert "NuGet and python.org could not be asked for Python 3.13" in both.stderr, both
