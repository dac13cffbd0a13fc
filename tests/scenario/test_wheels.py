"""`install-requirements --wheel-dir`: local wheels go up once, those that do not fit not at all, damaged ones again."""

from __future__ import annotations

import os
import shutil
import time

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

SIX, OTHER = "six-1.16.0-py2.py3-none-any.whl", "itsdangerous-2.2.0-py3-none-any.whl"
UNUSED = "unused-1.0-py3-none-any.whl"
FITTING, UNFITTING = "MarkupSafe-2.1.5-cp38-cp38-win_amd64.whl", "MarkupSafe-3.0.2-cp311-cp311-win_amd64.whl"


def uploads(azure):
    """The archives that were put into the store of wheels."""
    return [
        str(request)
        for request in azure.requests
        if request.method == "PUT" and "/api/zip/data/pythonapp/wheels" in request.path
    ]


def test_wheels_go_up_once_and_again_when_they_are_damaged(az, azure, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    folder = tmp_path / "my wheels"
    folder.mkdir()
    for name in (SIX, FITTING, UNFITTING):
        shutil.copy(windows / "index" / name, folder)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("six\nmarkupsafe<3\n", encoding="utf-8")
    command = ("webapp python install-requirements --no-index --wheel-dir", folder, "-r", requirements, *naming(site))
    before = len(uploads(azure))

    with unchanged(azure, site):
        dry = az(*command, "--dry-run")
    assert f"not uploaded, because Python 3.8.10 x64 does not take them: {UNFITTING}" in dry.stderr, dry
    assert dry.json["changed"] is True

    first = az(*command)
    assert f"Uploading 2 wheels (0.0 MB) to app '{site.name}'." in first.stderr, first
    installed = {(row["name"].lower(), row["version"]) for row in first.json["installed"]}
    assert installed == {("six", "1.16.0"), ("markupsafe", "2.1.5")}
    assert len(uploads(azure)) - before == 1
    store = site.machine.home / "data" / "pythonapp" / "wheels"
    assert {path.name for path in store.glob("*/*.whl")} == {SIX, FITTING}

    with unchanged(azure, site):
        assert az(*command).json["changed"] is False

    leave_unused_wheel(store)
    shutil.copy(windows / "index" / OTHER, folder)
    requirements.write_text("six\nmarkupsafe<3\nitsdangerous\n", encoding="utf-8")
    second = az(*command)
    assert "Uploading 1 wheel (" in second.stderr and "2 are there already" in second.stderr, second
    assert second.json["installed"] == [{"name": "itsdangerous", "version": "2.2.0"}]

    az("webapp python package uninstall --yes --packages six", *naming(site))
    (wheel,) = store.glob(f"*/{SIX}")
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"?")
    failed = az(*command, expect=1)
    assert "3 wheels that fit are on" in failed.stderr, failed
    assert f"The app's copy of {SIX} was damaged and is deleted: run the command again" in failed.stderr
    assert "No package was changed" in failed.stderr
    assert not (site.machine.home / "python3810x64" / "Lib" / "site-packages" / "six.py").exists()
    assert len(uploads(azure)) - before == 2

    third = az(*command)
    assert third.json["installed"] == [{"name": "six", "version": "1.16.0"}]
    assert len(uploads(azure)) - before == 3
    assert {path.name for path in store.glob("*/*.whl")} == {SIX, FITTING, OTHER}, "the unused wheel is still there"
    assert len(list(store.iterdir())) == 6


def leave_unused_wheel(store):
    """Put a wheel into a store that no job was given for 91 days."""
    moment = time.time() - 91 * 24 * 3600
    folder, marker = store / "0123456789abcdef", store / f"0123456789abcdef-{UNUSED}.whole"
    folder.mkdir()
    (folder / UNUSED).touch()
    marker.touch()
    for path in (folder, marker):
        os.utime(path, (moment, moment))


def test_requirement_without_fitting_wheel_is_refused(az, azure, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    shutil.copy(windows / "index" / UNFITTING, tmp_path)
    (web_root(site) / "requirements.txt").write_text("markupsafe\n", encoding="utf-8")
    with unchanged(azure, site):
        refused = az("webapp python install-requirements --wheel-dir", tmp_path, *naming(site), expect=2)
    assert (
        f"None of the wheels of markupsafe is for Python 3.8.10 x64 (cp38 win_amd64): {UNFITTING}" in refused.stderr
    ), refused
    assert "pip download markupsafe" in refused.stderr
