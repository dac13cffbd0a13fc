"""`list-versions`: which Pythons can be installed, on an app and in the public gallery."""

from __future__ import annotations

from tests.local_azure import arm, login, nuget, python_org
from tests.local_azure.windows import gallery
from tests.scenario.apps import naming

KEYS = {
    "version",
    "architecture",
    "extensionId",
    "packageVersion",
    "title",
    "publisher",
    "trusted",
    "source",
    "installPath",
    "support",
    "endOfLife",
    "latestPatch",
    "installed",
}


SWITCH = "set-version --app app:app --handler httpplatform --startup-command app.py --no-import-check"


def rows(result) -> list[tuple[str, str]]:
    """Version and architecture of each row."""
    return [(row["version"], row["architecture"]) for row in result.json]


def test_without_an_app_the_public_gallery_is_asked(az, azure):
    before = len(azure.requests)
    result = az("webapp python list-versions")
    hosts = {(request.host, request.auth) for request in azure.requests[before:] if request.host != login.HOST}
    assert hosts == {(nuget.HOST, None), (nuget.SEARCH_HOSTS[0], None), (python_org.HOST, None)}, "and it gets no token"
    assert arm.HOST not in {host for host, _ in hosts}
    found = rows(result)
    assert len(found) == len(set(found)), "one row per version and architecture"
    assert ("3.6.4", "x64") in found and ("3.6.4", "x86") in found
    numbers = [tuple(map(int, version.split("."))) for version, _ in found]
    assert numbers == sorted(numbers, reverse=True)
    assert all(set(row) == KEYS and row["installed"] is None for row in result.json)
    ids = {row["extensionId"] for row in result.json}
    assert "azureappservice-python362x86" not in ids, "unlisted"
    every = {row["extensionId"] for row in az("webapp python list-versions --all").json}
    assert "Contoso.WebLog" not in every, "which only speaks of Python"
    assert "NakedObjects-python3111x64" in every - ids, "a third party"


def test_all_package_versions_of_the_public_gallery(az):
    packages = [
        (row["version"], row["packageVersion"])
        for row in az("webapp python list-versions --version 3.6.4 --arch x64 --all").json
    ]
    assert packages == [("3.6.4", "3.6.4.4"), ("3.6.4", "3.6.4.3")]


def test_of_an_app_it_says_what_is_installed(az, apps):
    site = apps.prepared("wsgi_hello")
    result = az("webapp python list-versions", *naming(site)).json
    assert {row["installed"] for row in result} == {False}
    every = az("webapp python list-versions --all", *naming(site)).json
    assert {row["extensionId"] for row in every if row["installed"]} == {"Contoso-python3810x64"}
    (row,) = [row for row in result if row["extensionId"] == "azureappservice-python364x64"]
    assert row == {
        "version": "3.6.4",
        "architecture": "x64",
        "extensionId": "azureappservice-python364x64",
        "packageVersion": "3.6.4.4",
        "title": "Python 3.6.4 x64",
        "publisher": "Microsoft",
        "trusted": True,
        "source": "siteExtension",
        "installPath": r"D:\home\python364x64",
        "support": "endOfLife",
        "endOfLife": "2021-12-23",
        "latestPatch": True,
        "installed": False,
    }


def test_the_list_can_be_narrowed(az, apps):
    site = apps.new()
    of_36 = rows(az("webapp python list-versions --version 3.6", *naming(site)))
    assert {version[:3] for version, _ in of_36} == {"3.6"}
    assert {architecture for _, architecture in rows(az("webapp python list-versions --arch x86", *naming(site)))} == {
        "x86"
    }
    supported = az("webapp python list-versions --supported", *naming(site)).json
    assert {row["support"] for row in supported} <= {"active", "security"} and supported
    every = az("webapp python list-versions --all", *naming(site)).json
    assert len(every) >= len(az("webapp python list-versions", *naming(site)).json)
    assert az("webapp python list-versions --version 2.6", *naming(site)).json == []


def choice(az, command: str, version: str, architecture: str, site) -> tuple[str, str] | None:
    """Version and architecture of the Python that a command would take; None when it finds none."""
    done = az(
        f"webapp python {command} --dry-run --version {version}", *architecture.split(), *naming(site), expect=None
    )
    assert done.returncode in (0, 3), done
    return (done.json["runtime"]["version"], done.json["runtime"]["architecture"]) if done.returncode == 0 else None


def test_three_commands_know_the_same_pythons(az, apps):
    """One that is listed is installed, and switched to; one that is not listed is not, but for what the app has."""
    site = apps.new()
    (site.machine.home / "site/wwwroot/app.py").write_text("def app(environ, start_response): pass\n")
    for version, architecture in (
        ("3.13", ""),
        ("3.13.3", ""),
        ("3.6.2", "--arch x86"),
        ("3.8", "--arch x86"),
        ("3.14", ""),
    ):
        listed = az(f"webapp python list-versions --version {version} {architecture}", *naming(site))
        installed = choice(az, "install", version, architecture, site)
        assert installed == choice(az, SWITCH, version, architecture, site), (version, architecture)
        assert installed == next(iter(rows(listed)), None), listed
        if not listed.json:
            assert f"There is no Python {version}" in listed.stderr and f"-n {site.name}" in listed.stderr, listed


def test_what_the_app_has_is_meant_before_what_is_listed(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    listed = az("webapp python list-versions --version 3.8", *naming(site))
    assert f"(Contoso-python3810x64) is on app '{site.name}' already" in listed.stderr, listed
    gallery.lay_down(site.machine, gallery.find("NakedObjects-python3111x64"))
    gallery.remove(site.machine, "NakedObjects-python3111x64")
    listed = az("webapp python list-versions --version 3.11.1", *naming(site))
    folder = r"Python 3.11.1 x64 (D:\home\python3111x64\python.exe) is on app"
    assert listed.json == [] and folder in listed.stderr, listed
    for command in ("install", SWITCH):
        assert choice(az, command, "3.11.1", "", site) == ("3.11.1", "x64")
