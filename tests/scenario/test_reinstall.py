"""Installing over a runtime folder that holds packages: nothing is lost, whether it succeeds or fails."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

from tests.local_azure.windows import gallery
from tests.scenario.apps import naming
from tests.scenario.terminal import answered
from tests.scenario.unchanged import home_files, unchanged

MORE = (
    "six-1.17.0-py2",
    "waitress-3.0.0",
    "packaging-25.0",
    "typing_extensions-4.13.2",
    "pyparsing-3.0.7",
    "dataclasses-0.8",
    "certifi-2024.8.30",
)
"""Wheels of the index that go into a Python 3.8 beside Flask and what it needs, which is ten packages."""
NOWHERE = ("contoso-orders", "contoso-stock", "contoso-mail", "contoso-tax")
"""Packages that no index has."""


def add_packages(site, windows: Path, folder: str) -> None:
    """Put packages into a runtime's site-packages as pip does with a wheel."""
    site_packages = site.machine.home / folder / "Lib" / "site-packages"
    for old in list(site_packages.glob("certifi*")):
        shutil.rmtree(old)
    for name in MORE:
        (wheel,) = (windows / "index").glob(f"{name}*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site_packages)
    for name in NOWHERE:
        add_private_package(site_packages, name)


def add_private_package(site_packages: Path, name: str) -> None:
    """Put a package of one module into site-packages."""
    module = name.replace("-", "_")
    (site_packages / f"{module}.py").write_text('VERSION = "1.0"\n', encoding="utf-8")
    information = site_packages / f"{module}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")


def take_for_older(site, package_id: str, version: str) -> None:
    """Make an installed extension one of an older package version."""
    folder = site.machine.home / "SiteExtensions" / package_id
    for newer in folder.glob("*.nupkg"):
        newer.unlink()
    package = replace(gallery.find(package_id), version=version)
    (folder / f"{package_id}.{version}.nupkg").write_bytes(gallery.nupkg(package))


def freeze(site, folder: str) -> list[str]:
    """What pip itself says on the worker."""
    process = site.machine.spawn(rf"D:\home\{folder}\python.exe -m pip freeze --all --disable-pip-version-check")
    lines = [line.decode().rstrip() for stream, line in process.lines() if stream == "out"]
    assert process.wait(60) == 0, lines
    return lines


def test_twenty_packages_are_the_same_afterwards(az, azure, apps, windows):
    """Somebody uninstalled the extension in the portal; its folder and packages stayed, and so did the app."""
    site = apps.prepared("flask_hello")
    add_packages(site, windows, "python3810x64")
    gallery.remove(site.machine, "Contoso-python3810x64")
    before = freeze(site, "python3810x64")
    assert len(before) >= 20 and {"contoso-orders==1.0", "six==1.17.0", "certifi==2024.8.30"} <= set(before), before
    command = ("webapp python install --extension-id Contoso-python3810x64", *naming(site))
    planned = [
        ("siteextensions/Contoso-python3810x64", "install", None, "3.8.10"),
        ("python3810x64/Lib/site-packages", "update", "20 packages", "kept"),
    ]

    with unchanged(azure, site):
        dry = az(*command, "--dry-run")
        unasked = az(*command, expect=1)
        at_once = az(*command, "--no-wait", expect=2)
        code, screen = answered(az, *command, answer="n")
    assert [
        tuple(change[key] for key in ("target", "action", "before", "after")) for change in dry.json["changes"]
    ] == planned
    assert "20 packages" in unasked.stderr and "--yes" in unasked.stderr and unasked.stdout == "", unasked
    assert "--no-wait" in at_once.stderr
    assert code == 1 and "its 20 packages are kept and put back" in screen and "Nothing was changed" in screen, screen

    done = az(*command, "--yes")
    assert targets(done.json) == [(target, action) for target, action, _, _ in planned]
    assert "Putting the 20 packages back" in done.stderr, done
    assert freeze(site, "python3810x64") == before
    assert site.state == "Running" and "Hello from Flask on Python 3.8.10" in apps.get(site).text
    kept = [path for path in (site.machine.home / "data/pythonapp/replaced").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["freeze.txt"] and "contoso-stock==1.0\n" in kept[0].read_text(
        encoding="utf-8"
    )
    with unchanged(azure, site):
        assert az(*command).json["changed"] is False


def test_failed_upgrade_is_rolled_back(az, azure, apps):
    """Azure deletes the extension that was there when a newer package cannot be installed."""
    site = apps.prepared("wsgi_hello", "3.6.4")
    extension = "azureappservice-python364x64"
    take_for_older(site, extension, "3.6.4.3")
    add_private_package(site.machine.home / "python364x64/Lib/site-packages", "contoso-orders")
    command = (f"webapp python install --extension-id {extension} --package-version 3.6.4.4 --yes", *naming(site))
    before = {path: digest for path, digest in home_files(site).items() if not path.startswith("data/")}
    site.switches.install_fails = "There is not enough space on the disk."

    failed = az(*command, expect=1)
    assert "There is not enough space on the disk." in failed.stderr and "is back as it was" in failed.stderr, failed
    assert {path: digest for path, digest in home_files(site).items() if not path.startswith("data/")} == before
    assert [one.text("version") for one in site.extensions.installed()] == ["3.6.4.3"]
    assert site.state == "Running" and "Hello from WSGI on Python 3.6.4" in apps.get(site).text

    site.switches.install_fails = None
    answer = az(*command).json
    assert targets(answer) == [(f"siteextensions/{extension}", "upgrade"), ("python364x64/Lib/site-packages", "update")]
    assert "contoso-orders==1.0" in freeze(site, "python364x64")
    assert "Hello from WSGI on Python 3.6.4" in apps.get(site).text


def test_packages_of_another_python_are_not_put_into_this_one(az, azure, apps):
    """Every 2.7 lives in Python27, so the folder may hold what was installed for the other architecture."""
    site = apps.prepared("flask_hello")
    gallery.remove(site.machine, "Contoso-python3810x64")
    (site.machine.home / "python3810x64").rename(site.machine.home / "python364x64")
    with unchanged(azure, site):
        refused = az("webapp python install --version 3.6.4 --arch x64 --yes", *naming(site), expect=1)
    assert "packages for Python 3.8.10 x64" in refused.stderr and "Uninstall the other one first" in refused.stderr, (
        refused
    )


def targets(answer) -> list[tuple[str, str]]:
    """What changed, or would, and how."""
    return [(change["target"], change["action"]) for change in answer["changes"]]
