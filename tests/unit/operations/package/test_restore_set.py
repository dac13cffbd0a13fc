"""What pip is asked for so that a Python gets an earlier set of packages, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from azext_pythonapp.history.record import PackageChange
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.package.restore_set import (
    COLLECTED,
    INSTALLED,
    PIP,
    REMOVED,
    package_set,
    plan_restore,
    same_packages,
)
from azext_pythonapp.packages.pip import HomeFile, JobFile
from tests.unit.folder_site import FolderSite

TARGET = Target(r"D:\home\python3810x64\python.exe", "python3810x64", "3.8.10", "x64")
TOOLS = {"pip": "25.0.1", "setuptools": "56.0.0"}


@dataclass
class App:
    """As much of an app as is looked at."""

    kudu: FolderSite


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(FolderSite(tmp_path))


def change(before, arguments=(), addresses=None):
    return PackageChange(TARGET.python_path, "3.8.10", "x64", TARGET.folder, before, None, addresses or {}, arguments)


def planned(app, present, before, arguments=(), addresses=None):
    return plan_restore(app, TARGET, present, package_set(change(before, arguments, addresses)))


def lines(run, name):
    return run.uploads[name].decode("utf-8").splitlines()[1:]


def arguments(run):
    return [call.arguments for call in (run.preparation, run.call, *run.then) if call is not None]


def rows(run):
    return [(each.target.removeprefix("packages/"), each.action, each.before, each.after) for each in run.planned]


def test_nothing_to_do_is_no_run(app):
    assert planned(app, TOOLS | {"flask": "2.0"}, TOOLS | {"flask": "2.0"}) is None
    assert planned(app, TOOLS | {"flask": "2.0"}, TOOLS | {"flask": "2.0.0"}) is None, "only another spelling"
    assert app.kudu.requests == [], "which costs no request"


def test_all_is_collected_before_anything_is_changed(app):
    run = planned(app, TOOLS | {"flask": "3.0.3", "click": "8.1"}, TOOLS | {"flask": "2.0.3", "jinja2": "3.1"})
    assert rows(run) == [
        ("click", "uninstall", "8.1", None),
        ("flask", "downgrade", "3.0.3", "2.0.3"),
        ("jinja2", "install", None, "3.1"),
    ]
    collect, remove, install = arguments(run)
    assert collect[:2] == ("wheel", "--no-deps") and collect[-2:] == ("-r", JobFile(COLLECTED))
    assert remove == ("uninstall", "-y", "-r", JobFile(REMOVED))
    assert install[:3] == ("install", "--find-links", JobFile("wheels")) and "--no-deps" in install
    assert lines(run, COLLECTED) == lines(run, INSTALLED) == ["flask==2.0.3", "jinja2==3.1"]
    assert lines(run, REMOVED) == ["click"]
    assert run.restore is not None, "a failure in the middle is put back"


def test_pip_itself_comes_last_and_is_never_removed(app):
    run = planned(app, {"pip": "25.0.1", "flask": "3.0"}, {"pip": "9.0.1", "flask": "2.0"})
    assert arguments(run)[-1][-2:] == ("-r", JobFile(PIP)) and lines(run, PIP) == ["pip==9.0.1"]
    assert lines(run, INSTALLED) == ["flask==2.0"]
    assert planned(app, {"pip": "25.0.1"}, {}) is None
    assert same_packages({"pip": "25.0.1"}, {}) is False


def test_setuptools_is_a_package_like_any_other(app):
    run = planned(app, {"pip": "25", "setuptools": "70"}, {"pip": "25", "setuptools": "56"})
    assert lines(run, INSTALLED) == ["setuptools==56"]
    assert lines(planned(app, {"pip": "25", "setuptools": "70"}, {"pip": "25"}), REMOVED) == ["setuptools"]


@pytest.mark.parametrize(
    "version, first", [("25.0", "wheel"), ("10.0", "wheel"), ("9.0.3", "download"), (None, "wheel"), ("7.1", None)]
)
def test_a_pip_collects_as_well_as_it_can(app, version, first):
    present = {"flask": "3.0"} | ({"pip": version} if version else {})
    run = planned(app, present, {"flask": "2.0"})
    assert run.preparation is None if first is None else arguments(run)[0][0] == first


def test_places_of_then_are_asked(app):
    words = ["--index-url", "https://h/simple", "--extra-index-url=https://x/simple", "--no-index", "--pre"]
    words += ["-f", r"%HOME%\site\wwwroot\wheels", "--find-links", "https://links/", "--trusted-host", "h"]
    run = planned(app, {"flask": "3.0"}, {"flask": "2.0"}, words)
    for call in arguments(run):
        assert "--no-index" in call and "--trusted-host" in call
        assert HomeFile("site/wwwroot/wheels") in call and "https://links/" in call
    assert run.call.environment["PIP_INDEX_URL"] == "https://h/simple"
    assert run.call.environment["PIP_EXTRA_INDEX_URL"] == "https://x/simple"


def test_an_index_that_is_given_takes_the_place_of_the_recorded():
    found = package_set(change({}, ["--index-url", "https://h/simple", "--no-index"]), "https://me:pw@new/simple", ())
    assert found.options.index_url == "https://me:pw@new/simple" and not found.options.no_index


def test_what_came_from_an_address_comes_from_there(app):
    addresses = {"a": "https://h/a-1.0.zip", "b": "-e file:///D:/home/site/wwwroot/b", "c": "git+https://h/c@4f2a"}
    run = planned(app, {}, {"a": "1.0", "b": "1.0", "c": "1.0"}, addresses=addresses)
    assert lines(run, INSTALLED) == [
        "a @ https://h/a-1.0.zip",
        "-e file:///D:/home/site/wwwroot/b",
        "c @ git+https://h/c@4f2a",
    ]
    assert lines(run, COLLECTED) == ["a @ https://h/a-1.0.zip", "c @ git+https://h/c@4f2a"], "an editable one is there"


def test_wheels_in_the_store_are_offered_to_pip(app):
    key, other = "0123456789abcdef", "fedcba9876543210"
    names = (f"{key}-Own_Pkg-1.0-py3-none-any.whl.whole", f"{other}-flask-3.0-py3-none-any.whl.whole")
    app.kudu.upload("data/pythonapp/wheels", {name: b"" for name in names})
    run = planned(app, {"flask": "3.0"}, {"flask": "2.0", "own-pkg": "1.0.0"})
    page = run.uploads["wheels.html"].decode("utf-8")
    assert f'href="../../wheels/{key}/Own_Pkg-1.0-py3-none-any.whl"' in page and other not in page
    assert all(JobFile("wheels.html") in call for call in arguments(run) if call[0] != "uninstall")
