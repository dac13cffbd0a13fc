"""Packages that an interrupted installation had moved aside come back, and never in the place of newer ones."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from azext_pythonapp.operations.runtime.keep_packages import REPLACED_FOLDER, begun_replacement, note_of
from tests.unit.folder_site import FolderSite

FOLDER, PARENT = "python3119x64", f"{REPLACED_FOLDER}/20261126-120000-0001"
PACKAGES = {"flask": "3.0.3", "pip": "24.0"}


@pytest.fixture
def share(tmp_path):
    """The app's share, after an installation was interrupted: the new runtime has only pip."""
    for place, packages in ((f"{PARENT}/{FOLDER}", PACKAGES), (FOLDER, {"pip": "24.1"})):
        for name, version in packages.items():
            (tmp_path / place / f"Lib/site-packages/{name}-{version}.dist-info").mkdir(parents=True)
    noted(tmp_path, PARENT)
    return tmp_path


def noted(share, parent):
    note = share / note_of(FOLDER)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"parent": parent, "packages": PACKAGES, "running": False}))


def begun(share):
    kudu = FolderSite(share)
    return begun_replacement(SimpleNamespace(kudu=kudu, site=SimpleNamespace(stopped=False)), FOLDER)


def test_what_was_moved_aside_is_to_be_put_back(share):
    (step,) = begun(share).steps_after()
    assert step.title == "Putting the 1 packages back."


def test_packages_that_came_meanwhile_are_not_replaced(share):
    (share / FOLDER / "Lib/site-packages/flask-3.1.0.dist-info").mkdir()
    assert begun(share) is None


def test_nothing_is_put_back_where_nothing_was_kept(share):
    (share / PARENT / FOLDER).rename(share / "elsewhere")
    assert begun(share) is None


@pytest.mark.parametrize("parent", [f"{REPLACED_FOLDER}/../../../site/wwwroot", REPLACED_FOLDER, "site/wwwroot", ""])
def test_a_note_that_names_another_place_is_none(share, parent):
    noted(share, parent)
    assert begun(share) is None
