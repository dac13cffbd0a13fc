"""The checks of packages: `pip-check`, `requirements`, `pip-version`, `certifi`."""

from __future__ import annotations

from typing import Any

import pytest

from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.packages.pip import HomeFile
from azext_pythonapp.packages.requirements import parse
from tests.unit.operations.doctor.kit import look, python


def asking(text: str, as_left: bool = False, **more: Any) -> dict[str, Any]:
    """The parts of an app with a requirements.txt."""
    main = HomeFile("site/wwwroot/requirements.txt")
    folder = HomeFile("site/wwwroot")
    files = RequirementFiles("requirements.txt", main, folder, parsed=parse(text).requirements, **more)
    return {"requirements": (files, as_left)}


def test_a_package_without_what_it_needs_is_warned_of() -> None:
    installed = {"pip": "25.0.1", "flask": "3.0.3", "werkzeug": "2.0.0"}
    requires = {"pip": [], "flask": ["Werkzeug>=3.0.0", "click>=8"], "werkzeug": []}
    found = look("pip-check", packages=installed, parts={"requires": requires})
    assert found.status == "warn" and found.fix and found.fix.mend is None
    assert found.evidence == (
        "flask 3.0.3 requires werkzeug>=3.0.0, and werkzeug 2.0.0 is installed; flask 3.0.3 requires click>=8, which is "
        "not installed (pip check)."
    )
    assert found.fix.command == (
        'az webapp python package install -g rg -n shop --packages "werkzeug>=3.0.0" "click>=8"'
    )


def test_packages_that_cannot_be_read_are_skipped() -> None:
    found = look("pip-check", packages={"odd": "1.0"}, parts={"requires": {"odd": None}})
    assert (found.status, found.fix) == ("skipped", None) and "odd" in found.evidence


def test_without_a_python_nothing_is_looked_at() -> None:
    for check in ("pip-check", "requirements", "pip-version", "certifi"):
        assert look(check, current=None, packages={}, web_config=None).status == "pass"


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("flask>=2\n", "pass", "1 lines of requirements.txt"),
        (
            "six\n\nflask>=3.1\n",
            "warn",
            "requirements.txt:1 asks for six, and it is not installed; requirements.txt:3 asks",
        ),
        ("flask==2.0.1\n", "warn", "asks for flask==2.0.1, and 3.0.3 is installed"),
        ("uvloop; sys_platform != 'win32'\n", "pass", "0 lines"),
        ("flask @ https://example.com/flask.zip\n", "pass", "1 lines"),
        ("six @ https://example.com/six.zip\n", "warn", "it is not installed"),
        ("git+https://example.com/x.git\n", "pass", "1 lines"),
        ("a\nb\nc\nd\ne\n", "warn", "; and 2 more."),
    ],
)
def test_requirements_are_compared(text: str, status: str, told: str) -> None:
    found = look("requirements", packages={"flask": "3.0.3"}, parts=asking(text))
    assert found.status == status and told in found.evidence
    assert (found.fix is not None) == (status == "warn")
    if found.fix is not None:
        assert found.fix.command == "az webapp python install-requirements -g rg -n shop"


def test_what_the_last_installation_left_is_not_compared() -> None:
    assert look("requirements", packages={}, parts=asking("six\n", as_left=True)).status == "pass"
    assert "neither requirements.txt nor" in look("requirements").evidence
    unseen = asking("flask\n", unseen=("-r https://example.com/more.txt",))
    assert "more.txt" in look("requirements", packages={"flask": "1"}, parts=unseen).evidence


def test_an_old_pip_is_warned_of() -> None:
    old = look("pip-version", current=python("3.6.4"), packages={"pip": "9.0.1"})
    assert old.status == "warn" and "the last one for it is 21.3.1" in old.evidence and old.fix
    assert old.fix.command == 'az webapp python package install -g rg -n shop --packages "pip<=21.3.1" --upgrade'
    current = look("pip-version", packages={"pip": "21.0"}).fix
    assert current and current.command.endswith("--packages pip --upgrade")
    assert look("pip-version", packages={}).status == "warn"


def test_an_old_certifi_is_warned_of() -> None:
    old = look("certifi", packages={"certifi": "2018.1.18"})
    assert old.status == "warn" and "2018.1.18" in old.evidence and old.fix
    assert old.fix.command == "az webapp python package install -g rg -n shop --packages certifi --upgrade"
    assert look("certifi", packages={"certifi": "2099.1.1"}).status == "pass"


def test_a_missing_certifi_matters_where_python_imports_it() -> None:
    assert look("certifi").status == "pass"
    files = {"python3119x64/sitecustomize.py": b"import os, certifi\n"}
    assert look("certifi", files=files).status == "warn"
    assert look("certifi", files=files, packages={"certifi": "2099.1.1"}).status == "pass"
