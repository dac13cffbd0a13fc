"""A Python that no site extension brings: from NuGet, or from a package file, it becomes a runtime like any other."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.local_azure.windows import cpython_packages
from tests.local_azure.windows.cpython_packages import CPythonPackage
from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

EXTENSION, FOLDER = "pythonapp-python3132x64", "python3132x64"
RUNTIME = {
    "version": "3.13.2",
    "architecture": "x64",
    "extensionId": EXTENSION,
    "packageVersion": "3.13.2",
    "pythonPath": rf"D:\home\{FOLDER}\python.exe",
    "source": "siteExtension",
    "inUse": False,
    "answered": True,
}


def package_file(windows: Path, version: str = "3.13.2") -> Path:
    """The file of a package as a browser would have downloaded it."""
    return cpython_packages.path_of(windows, CPythonPackage("python", version))


def targets(answer) -> list[tuple[str, str]]:
    """What changed, or would, and how."""
    return [(change["target"], change["action"]) for change in answer["changes"]]


def test_install_registers_the_newest_listed_release(az, azure, apps):
    site = apps.new()
    command = ("webapp python install --version 3.13 --source nuget", *naming(site))
    planned = [
        ("nuget/python", "install"),
        ("packages/wfastcgi", "install"),
        (f"siteextensions/{EXTENSION}", "install"),
        ("app", "restart"),
    ]

    with unchanged(azure, site):
        dry = az(*command, "--dry-run").json
    assert dry["dryRun"] is True and dry["changed"] is True and targets(dry) == planned
    assert dry["runtime"] == {**RUNTIME, "answered": False}, "nobody has asked a Python that is not there yet"

    before = len(azure.requests)
    done = az(*command)
    answer = done.json
    assert answer["changed"] is True and targets(answer) == planned and "warnings" not in answer
    assert {key: answer["runtime"][key] for key in RUNTIME} == RUNTIME
    assert site.restarts == 1
    uploads = [str(exchange) for exchange in azure.requests[before:] if f"/api/zip/{FOLDER}" in exchange.path]
    assert len(uploads) == 1, "the whole runtime travels in one request"
    assert (site.machine.home / FOLDER / "wfastcgi.py").is_file()

    with unchanged(azure, site):
        again = az(*command).json
    assert (again["changed"], again["changes"], again["runtime"]) == (False, [], answer["runtime"])
    (listed,) = az("webapp python list", *naming(site)).json
    assert {key: listed[key] for key in RUNTIME} == RUNTIME
    azs_own = az(
        "rest --method get --url",
        f"https://management.azure.com{site.address.resource_id}/siteextensions?api-version=2023-12-01",
    ).json
    assert [row["properties"]["title"] for row in azs_own["value"]] == ["Python 3.13.2 x64"], "Azure knows it as well"


@pytest.mark.parametrize(
    "sample, handler, options",
    [("wsgi_hello", "fastCgi", ()), ("waitress_hello", "httpPlatform", ("--handler", "httpplatform"))],
)
def test_set_version_takes_from_nuget_what_no_gallery_has(az, azure, apps, sample, handler, options):
    site = apps.new(sample)
    command = ("webapp python set-version --version 3.13", *naming(site), *options)
    done = az(*command)
    answer = done.json
    assert "Installing Python 3.13.2 x64 (NuGet package python 3.13.2)" in done.stderr, done
    assert targets(answer)[:3] == [
        ("nuget/python", "install"),
        ("packages/wfastcgi", "install"),
        (f"siteextensions/{EXTENSION}", "install"),
    ]
    assert answer["handler"] == handler
    assert answer["verification"].items() >= {"pythonVersion": "3.13.2", "importOk": True, "httpStatus": 200}.items()
    page = apps.get(site)
    assert page.status_code == 200 and "on Python 3.13.2" in page.text, page.text

    with unchanged(azure, site):
        again = az(*command).json
    assert (again["changed"], again["changes"]) == (False, [])


def test_a_file_that_is_not_what_the_catalog_says_is_refused(az, azure, apps):
    site = apps.new()
    azure.nuget.wrong_hashes = True
    try:
        with unchanged(azure, site):
            failed = az("webapp python install --version 3.13 --source nuget", *naming(site), expect=1)
    finally:
        azure.nuget.wrong_hashes = False
    assert failed.stdout == "" and "SHA-512" in failed.stderr, failed
    assert f"'{site.name}'" in failed.stderr


def test_without_nuget_the_choices_are_named(az, azure, apps):
    site = apps.new()
    azure.nuget.away = azure.python_org.away = True
    try:
        with unchanged(azure, site):
            failed = az("webapp python install --version 3.13 --source nuget", *naming(site), expect=1)
            switch = az("webapp python set-version --version 3.13 --startup-command app.py", *naming(site), expect=1)
            latest = az("webapp python install --version latest", *naming(site), expect=1)
            full = az("webapp python install --version 3.6.4 --dry-run", *naming(site)).json
            partial = az("webapp python list-versions", *naming(site))
    finally:
        azure.nuget.away = azure.python_org.away = False
    for each in (failed, switch, latest):
        assert "--package python.nupkg" in each.stderr and "list-versions" in each.stderr, each
        assert "NuGet " in each.stderr and "could not be asked" in each.stderr, "what is not known is not absent"
    assert "offer 3.6.4, but it is not known whether that is the newest" in latest.stderr, latest
    assert full["runtime"]["version"] == "3.6.4", "a full version needs no second source"
    assert "NuGet could not be asked" in partial.stderr and {row["source"] for row in partial.json} == {"siteExtension"}


def test_unavailable_version_names_the_nearest_of_both(az, azure, apps):
    site = apps.new()
    with unchanged(azure, site):
        failed = az("webapp python set-version --version 3.15 --startup-command app.py", *naming(site), expect=3)
        gallery = az("webapp python install --version 3.13 --source gallery", *naming(site), expect=3)
    assert "3.13.2 x64" in failed.stderr and "3.11.9 x64" in failed.stderr, failed
    assert "mallory-python31599x64" in failed.stderr and "--extension-id" in failed.stderr, "who else has it"
    assert "3.6.4 x64" in gallery.stderr and "3.13.2" not in gallery.stderr, gallery


def test_a_package_file_needs_no_nuget_and_no_index(az, azure, apps, windows):
    site = apps.new()
    site.app_settings["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    command = ("webapp python install --package", package_file(windows), *naming(site))
    before = len(azure.requests)
    answer = az(*command).json
    assert not [exchange for exchange in azure.requests[before:] if exchange.host.endswith("nuget.org")]
    assert targets(answer) == [("nuget/python", "install"), (f"siteextensions/{EXTENSION}", "install")]
    (warning,) = answer["warnings"]
    assert "HttpPlatform only" in warning and "--source nuget" in warning
    assert site.restarts == 0, "IIS has nothing new to read"
    (listed,) = az("webapp python list", *naming(site)).json
    assert {key: listed[key] for key in RUNTIME} == RUNTIME

    del site.app_settings["PIP_INDEX_URL"]
    completed = az(*command).json
    assert targets(completed) == [
        ("packages/wfastcgi", "install"),
        (f"siteextensions/{EXTENSION}", "update"),
        ("app", "restart"),
    ]
    with unchanged(azure, site):
        assert az(*command).json["changes"] == []


def test_a_damaged_package_file_and_a_wrong_one_are_refused(az, azure, apps, windows, tmp_path):
    site = apps.new()
    whole = package_file(windows).read_bytes()
    damaged = tmp_path / "damaged.nupkg"
    middle = whole.index(b"python313.dll") + 200_000
    damaged.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    other = tmp_path / "other.nupkg"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(
            "other.nuspec", "<package><metadata><id>other</id><version>1.0.0</version></metadata></package>"
        )
    with unchanged(azure, site):
        broken = az("webapp python install --package", damaged, *naming(site), expect=2)
        wrong = az("webapp python install --package", other, *naming(site), expect=2)
        contradiction = az(
            "webapp python install --version 3.12 --package", package_file(windows), *naming(site), expect=2
        )
    assert "damaged" in broken.stderr and "other 1.0.0" in wrong.stderr, (broken, wrong)
    assert "is Python 3.13.2 x64, not Python 3.12" in contradiction.stderr


def test_an_upload_that_fails_half_way_leaves_nothing(az, azure, apps, windows, tmp_path):
    """python.exe of this package is none, so it does not start."""
    broken = tmp_path / "python.3.13.2.nupkg"
    with zipfile.ZipFile(package_file(windows)) as source, zipfile.ZipFile(broken, "w") as target:
        for name in ("python.nuspec", "tools/LICENSE.txt", "tools/Lib/site-packages/pip/__init__.py"):
            target.writestr(name, source.read(name))
        target.writestr("tools/python.exe", b"MZ")
    site = apps.new()
    failed = az("webapp python install --package", broken, *naming(site), expect=1)
    assert "does not start" in failed.stderr and "was removed again" in failed.stderr, failed
    assert not (site.machine.home / FOLDER).exists() and not (site.machine.home / "SiteExtensions" / EXTENSION).exists()


def test_an_upload_that_outlasts_the_front_end_is_waited_for(az, apps, windows):
    site = apps.new()
    site.app_settings["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    site.switches.archive_cut_times, site.switches.archive_cut_bytes = 1, 1_000_000
    done = az("webapp python install --package", package_file(windows), *naming(site))
    assert "was cut" in done.stderr and done.json["runtime"]["version"] == "3.13.2", done


def test_a_folder_that_is_there_is_left_alone(az, azure, apps):
    site = apps.new()
    shutil.copytree(web_root(site), site.machine.home / FOLDER, dirs_exist_ok=True)
    (site.machine.home / FOLDER / "mine.txt").write_text("mine", encoding="utf-8")
    with unchanged(azure, site):
        failed = az("webapp python install --version 3.13 --source nuget", *naming(site), expect=1)
    assert re.search(f"folder {FOLDER}", failed.stderr), failed


def test_uninstall_removes_all_of_it(az, azure, apps):
    site = apps.new()
    az("webapp python install --version 3.13.1 --arch x64 --source nuget", *naming(site))
    answer = az("webapp python uninstall --version 3.13 --yes", *naming(site)).json
    assert answer["changed"] is True
    home = site.machine.home
    assert not (home / "python3131x64").exists() and not (home / "SiteExtensions/pythonapp-python3131x64").exists()
    assert az("webapp python list", *naming(site)).json == []


def test_x86_is_the_package_of_that_name(az, apps):
    site = apps.new()
    answer = az("webapp python install --version 3.13 --arch x86 --source nuget", *naming(site)).json
    assert ("nuget/pythonx86", "install") in targets(answer)
    assert (answer["runtime"]["architecture"], answer["runtime"]["extensionId"]) == ("x86", "pythonapp-python3132x86")
