"""`rollback`: what a change touched becomes what it was, byte for byte, or the command says why not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import zipfile
from pathlib import Path

from tests.scenario.apps import SAMPLES, naming, web_root
from tests.scenario.held_index import HeldIndex
from tests.scenario.unchanged import unchanged

WEB_CONFIG = "web.config"
FAILS_ON_38 = """\
import sys


def application(environ, start_response):
    if sys.version_info < (3, 11):
        raise RuntimeError("not ready for 3.8")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served"]
"""

SERVED = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"another page"]
"""
# A build backend (PEP 517, PEP 660) that writes a wheel by itself.
BACKEND = """\
import zipfile

INFORMATION = "library-VERSION.dist-info"
FILES = {
    "library.py": "",
    INFORMATION + "/METADATA": "Metadata-Version: 2.1\\nName: library\\nVersion: VERSION\\n",
    INFORMATION + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
FILES[INFORMATION + "/RECORD"] = "".join(path + ",,\\n" for path in [*FILES, INFORMATION + "/RECORD"])


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "library-VERSION-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as packed:
        for path, text in FILES.items():
            packed.writestr(path, text)
    return name


build_editable = build_wheel
"""


def make_wheel(folder: Path, name: str, version: str) -> None:
    """Write a wheel with one module."""
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as packed:
        for file, text in files.items():
            packed.writestr(file, text)
        packed.writestr(f"{information}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{information}/RECORD"]))


def make_project(folder: Path, version: str) -> None:
    """Write a project that builds itself, without an index."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(BACKEND.replace("VERSION", version))


def undo_line(result):
    """The command of the line "Undo: …" among the last lines, as words for az."""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Undo: az ")]
    return line.removeprefix("Undo: az ")


def frozen(az, site):
    """What `package freeze` prints, as a requirements file."""
    return az("webapp python package freeze --output tsv", *naming(site)).stdout


def test_switch_there_and_back_and_there_again(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    config = web_root(site) / WEB_CONFIG
    before, names = config.read_bytes(), naming(site)
    switch = ("webapp python set-version --version 3.11", *names)
    with unchanged(azure, site):
        assert az("webapp python set-version --version 3.8", *names).json["changed"] is False

    switched = az(*switch)
    after = config.read_bytes()
    assert after != before

    with unchanged(azure, site):
        dry = az("webapp python rollback --dry-run", *names)
    assert dry.json["undone"] == switched.json["changeId"] and dry.json["changed"] is True
    assert dry.json["runtime"]["version"] == "3.8.10"

    back = az(undo_line(switched))
    assert back.json["undone"] == switched.json["changeId"] and back.json["changed"] is True, back
    assert [(each["target"], each["action"]) for each in back.json["changes"]] == [
        ("site/wwwroot/web.config", "update"),
        ("app", "restart"),
    ]
    assert back.json["runtime"]["version"] == "3.8.10" and back.json["runtime"]["inUse"] is True
    assert back.json["verification"]["importOk"] is True and back.json["verification"]["httpStatus"] == 200
    assert config.read_bytes() == before
    assert apps.get(site).status_code == 200

    with unchanged(azure, site):
        again = az("webapp python rollback --yes", *names, "--change-id", switched.json["changeId"])
        assert (again.json["changed"], again.json["changes"], again.json["changeId"]) == (False, [], None), again
        assert az("webapp python set-version --version 3.8", *names).json["changed"] is False

    redone = az(undo_line(back))
    assert redone.json["undone"] == back.json["changeId"] and redone.json["runtime"]["version"] == "3.11.9"
    assert config.read_bytes() == after


def test_packages_come_back_in_the_versions_of_then(az, azure, apps, package_index):
    site = apps.prepared("wsgi_hello")
    names, requirements = naming(site), web_root(site) / "requirements.txt"
    install = ("webapp python install-requirements", *names)
    requirements.write_text("six==1.16.0\n")
    created = az(*install)
    first = frozen(az, site)
    assert "six==1.16.0" in first.splitlines()
    with unchanged(azure, site):
        assert az(*install).json["changed"] is False

    requirements.write_text("six==1.17.0\nwaitress\n")
    changed = az(*install)
    second = frozen(az, site)
    assert "six==1.17.0" in second.splitlines() and "waitress" in second

    with unchanged(azure, site):
        dry = az("webapp python rollback --dry-run", *names)
    assert [(each["target"], each["action"], each["after"]) for each in dry.json["changes"]] == [
        ("packages/six", "downgrade", "1.16.0"),
        ("packages/waitress", "uninstall", None),
        ("app", "restart", None),
    ], dry
    back = az("webapp python rollback --yes", *names)
    assert back.json["undone"] == changed.json["changeId"] and back.json["verification"]["httpStatus"] == 200
    assert [each["target"] for each in back.json["changes"]] == ["packages/six", "packages/waitress", "app"]
    assert frozen(az, site) == first, "byte for byte"
    requirements.write_text("six==1.16.0\n")
    with unchanged(azure, site):
        assert az(*install).json["changed"] is False, "the requirements of then are known again"
    requirements.write_text("six==1.17.0\nwaitress\n")
    with unchanged(azure, site):
        named = az("webapp python rollback --yes", *names, "--change-id", changed.json["changeId"])
    assert named.json["changed"] is False and back.json["changeId"] in named.stderr

    redone = az(undo_line(back))
    assert redone.json["undone"] == back.json["changeId"] and frozen(az, site) == second
    az(undo_line(redone))
    assert frozen(az, site) == first
    az(undo_line(created))
    assert "six" not in frozen(az, site), "before the first change there was none"


def test_a_package_that_no_index_has_leaves_all_as_it_is(az, azure, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    names = naming(site)
    wheels = tmp_path / "own"
    wheels.mkdir()
    make_wheel(wheels, "ownpkg", "1.0")
    make_wheel(wheels, "ownpkg", "2.0")
    requirements = tmp_path / "requirements.txt"
    options = ("-r", requirements, "--wheel-dir", wheels, *names)
    requirements.write_text("ownpkg==1.0\n")
    az("webapp python install-requirements", *options)
    requirements.write_text("ownpkg==2.0\nsix==1.16.0\n")
    az("webapp python install-requirements", *options)
    second = frozen(az, site)

    (stored,) = (site.machine.home / "data" / "pythonapp" / "wheels").glob("*-ownpkg-1.0-*.whole")
    aside = tmp_path / stored.name
    stored.rename(aside)
    failed = az("webapp python rollback --yes", *names, expect=1)
    assert "ownpkg==1.0" in failed.stderr and "No package was changed." in failed.stderr, failed
    assert frozen(az, site) == second and apps.get(site).status_code == 200

    aside.rename(stored)
    az("webapp python rollback --yes", *names)
    assert "ownpkg==1.0" in frozen(az, site) and "six" not in frozen(az, site)


def test_an_uninstalled_python_comes_back_with_its_packages(az, azure, apps, package_index):
    site = apps.prepared("flask_hello", also="3.11.9")
    names, config = naming(site), web_root(site) / WEB_CONFIG
    wheel = package_index.replace("/simple/", "/files/") + "six-1.16.0-py2.py3-none-any.whl"
    az("webapp python package install --packages", f"six @ {wheel}", *names)
    came_from = site.machine.home / "python3810x64/Lib/site-packages/six-1.16.0.dist-info/direct_url.json"
    address = came_from.read_text()
    first, before = frozen(az, site), config.read_bytes()
    listed = az("webapp python list", *names).json
    switched = az("webapp python set-version --version 3.11", *names)
    removed = az("webapp python uninstall --version 3.8 --yes", *names)
    gone = az("webapp python list", *names).json
    assert [each["version"] for each in gone] == ["3.11.9"]

    with unchanged(azure, site):
        refused = az(
            "webapp python rollback --yes --no-restart --change-id", switched.json["changeId"], *names, expect=1
        )
    assert "does not know Python 3.8.10" in refused.stderr, refused

    back = az(undo_line(removed))
    assert back.json["runtime"]["version"] == "3.11.9" and ("packages/flask", "install") in [
        (each["target"], each["action"]) for each in back.json["changes"]
    ]
    az(undo_line(switched))
    assert config.read_bytes() == before and frozen(az, site) == first
    assert came_from.read_text() == address, "no index was asked for it"
    assert apps.get(site).status_code == 200
    now = az("webapp python list", *names).json
    assert now == listed


def test_what_install_put_there_is_uninstalled(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    names = naming(site)
    listed = az("webapp python list", *names).json
    installed = az("webapp python install --extension-id Contoso-python3119x64 --yes", *names)
    back = az(undo_line(installed))
    assert [each["action"] for each in back.json["changes"]] == ["uninstall", "uninstall"]
    assert az("webapp python list", *names).json == listed
    redone = az(undo_line(back))
    assert [each["target"] for each in redone.json["changes"]] == ["siteextensions/Contoso-python3119x64"]
    az("webapp python set-version --version 3.11", *names)
    with unchanged(azure, site):
        refused = az("webapp python rollback --yes --change-id", installed.json["changeId"], *names, expect=1)
    assert "web.config starts" in refused.stderr, refused


def test_bytes_of_another_hand_are_kept_unless_forced(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    names, config = naming(site), web_root(site) / WEB_CONFIG
    before = config.read_bytes()
    switched = az("webapp python set-version --version 3.11", *names)
    theirs = config.read_bytes().replace(b"</configuration>", b"<!-- theirs --></configuration>")
    config.write_bytes(theirs)

    with unchanged(azure, site):
        refused = az("webapp python rollback --yes", *names, expect=1)
    assert "before: Python 3.8.10, FastCGI; after it: Python 3.11.9, FastCGI; now: Python 3.11.9" in refused.stderr
    assert "  +<!-- theirs --></configuration>" in refused.stderr.splitlines(), refused
    assert f"--change-id {switched.json['changeId']} --yes --force" in refused.stderr

    forced = az("webapp python rollback --yes --force", *names)
    assert config.read_bytes() == before
    az(undo_line(forced))
    assert config.read_bytes() == theirs, "nothing is lost"


def test_an_old_version_that_is_broken_now_is_not_brought_back(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    names, config = naming(site), web_root(site) / WEB_CONFIG
    az("webapp python set-version --version 3.11", *names)
    after = config.read_bytes()
    (web_root(site) / "app.py").write_text(FAILS_ON_38)
    failed = az("webapp python rollback --yes --health-timeout 60", *names, expect=1)
    assert "not ready for 3.8" in failed.stderr and "answers 200, as before" in failed.stderr, failed
    assert config.read_bytes() == after and apps.get(site).status_code == 200
    assert [each["state"] for each in az("webapp python history list", *names).json][0] == "failed"

    (web_root(site) / "app.py").write_text(FAILS_ON_38.replace("< (3, 11)", ">= (3, 11)"))
    site.restart()
    assert apps.get(site).status_code == 500
    back = az("webapp python rollback --yes", *names)
    assert back.json["verification"]["httpStatusBefore"] == 500 and back.json["verification"]["httpStatus"] == 200


def test_packages_that_no_index_has_come_back(az, apps, package_index, tmp_path):
    site = apps.prepared("wsgi_hello")
    names, library = naming(site), web_root(site) / "library"
    files = package_index.replace("/simple/", "/files/")
    make_project(library, "1.0")
    (web_root(site) / "requirements.txt").write_text(f"six @ {files}six-1.16.0-py2.py3-none-any.whl\n-e ./library\n")
    az("webapp python install-requirements", *names)
    first, site_packages = frozen(az, site), site.machine.home / "python3810x64/Lib/site-packages"
    assert {"six==1.16.0", "library==1.0"} <= set(first.splitlines())
    before = {path.parent.name: path.read_text() for path in site_packages.glob("*/direct_url.json")}
    assert len(before) == 2, before

    az("webapp python package uninstall --packages library --yes", *names)
    changed = az("webapp python package install --packages six==1.17.0", *names)
    az(undo_line(changed))
    az(
        "webapp python rollback --yes",
        *names,
        "--change-id",
        az("webapp python history list", *names).json[2]["changeId"],
    )
    assert frozen(az, site) == first
    after = {path.parent.name: path.read_text() for path in site_packages.glob("*/direct_url.json")}
    assert after == before


def test_a_job_of_a_killed_client_is_waited_for_and_undone(az, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    names, first = naming(site), frozen(az, site)
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    install = ("webapp python install-requirements --stop-app always -r", tmp_path / "requirements.txt", *names)
    with HeldIndex(windows / "index") as index:
        running = az.start(*install, "--index-url", index.url)
        while not index.asked.wait(0.2):
            assert running.poll() is None, running.communicate()
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert site.state == "Stopped"
        listed = az("webapp python history list", *names)
        assert listed.json[0]["state"] == "unfinished" and " undoes it." in listed.stderr, listed
        rolling = az.start("webapp python rollback --yes", *names)
        for line in rolling.stderr:
            if line.startswith("Waiting for job "):
                break
        index.release()
        output, errors = rolling.communicate()
    assert rolling.returncode == 0, errors
    answer = json.loads(output)
    assert answer["undone"] == listed.json[0]["changeId"] and answer["verification"]["httpStatus"] == 200
    assert [(each["target"], each["action"]) for each in answer["changes"]] == [
        ("packages/six", "uninstall"),
        ("app", "update"),
    ]
    assert frozen(az, site) == first and site.state == "Running" and "Hello from WSGI" in apps.get(site).text
    after = az("webapp python history list", *names)
    assert [each["state"] for each in after.json[:2]] == ["succeeded", "undone"] and "undoes it" not in after.stderr
    assert not [*(site.machine.home / "data/pythonapp/left").iterdir()]


def test_published_files_come_back(az, apps, tmp_path):
    site, shop = apps.prepared("wsgi_hello"), tmp_path / "shop"
    names, root = naming(site), web_root(site)
    shutil.copytree(SAMPLES / "wsgi_hello", shop, ignore=shutil.ignore_patterns("__pycache__"))
    (shop / "old.py").write_text("old = 1\n", encoding="utf-8")
    az("webapp python publish --src", shop, *names)

    def files():
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    before, page = files(), apps.get(site).text
    (shop / "app.py").write_text(SERVED, encoding="utf-8")
    (shop / "new.py").write_text("new = 1\n", encoding="utf-8")
    (shop / "old.py").unlink()
    published = az("webapp python publish --clean --src", shop, *names)
    after = files()
    assert apps.get(site).text == "another page" and set(after) != set(before)

    back = az(undo_line(published))
    assert files() == before and apps.get(site).text == page
    assert {(each["target"].rpartition("/")[2], each["action"]) for each in back.json["changes"]} == {
        ("app.py", "update"),
        ("new.py", "delete"),
        ("old.py", "create"),
        ("app", "restart"),
    }
    redone = az(undo_line(back))
    assert files() == after and apps.get(site).text == "another page"

    (root / "new.py").write_text("new = 'theirs'\n", encoding="utf-8")
    refused = az("webapp python rollback --yes", *names, expect=1)
    assert "neither as before it nor as it left them: new.py" in refused.stderr, refused
    assert files()[root / "new.py"] == b"new = 'theirs'\n"
    assert redone.json["changeId"] in refused.stderr
