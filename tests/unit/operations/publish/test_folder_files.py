"""What a folder brings to an app: in which order, what is said of it, and how it is undone."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from azext_pythonapp.entrypoints.choose import EntryPoint
from azext_pythonapp.errors import Conflict, InvalidInput, RemoteFailed
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files.manifest import PATH
from azext_pythonapp.operations.publish.folder_files import FolderFiles
from azext_pythonapp.operations.publish.options import PublishRequest
from azext_pythonapp.operations.set_version.options import SetVersionRequest
from azext_pythonapp.plan import Change, Plan, Step
from tests.unit.operations.files.conftest import ROOT, content_of


def request_for(folder, clean=False, **options):
    given = {
        "version": None,
        "architecture": None,
        "handler": "auto",
        "app": None,
        "startup_command": None,
        "requirements": True,
        "restart": True,
        "health": None,
        "confirmed": True,
        "import_check": True,
        "prereleases": False,
    }
    switch = SetVersionRequest.from_options(**{**given, **options})
    return PublishRequest.from_options(src=str(folder.path), exclude=(), clean=clean, switch=switch)


@pytest.fixture
def brought(app, folder):
    """Makes what a folder brings to the app; what it opens is closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda clean=False, interrupted=None: FolderFiles(
            app, ROOT, request_for(folder, clean), interrupted, stack
        )


def noted(files, change_id="20261126-120000-0001", earlier=None):
    """What `recorded` would do with it: the parts of the record."""
    parts = {}
    change = SimpleNamespace(
        earlier=SimpleNamespace(published=earlier) if earlier else None,
        record=SimpleNamespace(id=change_id),
        undo=None,
        note=lambda **more: parts.update(more),
        begin=lambda: parts.update(begun=True),
    )
    files.record(change)
    return parts


def applied(app, files, *packages, read_by_pip=()):
    """Apply the steps of a plan in which only files and packages are changed."""
    steps = files.steps(packages, read_by_pip, files.put_back)
    return Plan([*steps, *files.last_steps()]).apply(app.progress)


def pip(seen, root, fails=False):
    """A step that notes what was on the app when pip ran."""

    def install():
        seen.append(content_of(root))
        if fails:
            raise RemoteFailed("pip failed.")
        return []

    return Step("Installing requirements.txt.", [], install)


def test_only_what_pip_reads_is_there_before_pip_runs(app, folder, root, brought):
    (root / "app.py").write_text("old")
    folder["app.py"], folder["requirements.txt"], folder["more.txt"] = "new", "flask", "more"
    files, seen = brought(), []
    assert noted(files)["begun"] is True
    applied(app, files, pip(seen, root), read_by_pip=["site/wwwroot/requirements.txt"])
    assert seen == [{"app.py": "old", "requirements.txt": "flask"}], "the old code runs on old files until then"
    assert content_of(root) == {"app.py": "new", "requirements.txt": "flask", "more.txt": "more"}


def test_all_is_there_when_pip_may_read_anything(app, folder, root, brought):
    folder["app.py"], folder["requirements.txt"] = "new", "./lib"
    files, seen = brought(), []
    noted(files)
    applied(app, files, pip(seen, root), read_by_pip=None)
    assert seen == [{"app.py": "new", "requirements.txt": "./lib"}]


def test_a_pip_that_fails_leaves_the_old_files(app, folder, root, brought):
    (root / "requirements.txt").write_text("bottle")
    folder["app.py"], folder["requirements.txt"] = "new", "flask"
    files = brought()
    noted(files)
    with pytest.raises(RemoteFailed) as caught:
        applied(app, files, pip([], root, fails=True), read_by_pip=["site/wwwroot/requirements.txt"])
    assert content_of(root) == {"requirements.txt": "bottle"}
    assert caught.value.message == "pip failed. The files of app 'shop' were put back as they were."


def test_what_becomes_of_the_apps_data_is_said(app, folder, root, brought):
    (root / "db.sqlite3").write_text("what customers entered")
    folder["app.py"], folder["db.sqlite3"] = "app", "of the repository"
    files = brought()
    files.warn()
    assert app.progress.said[-1] == (
        "Warning: the folder's own db.sqlite3 replaces that of app 'shop', with all that the app has written there; a "
        "rollback brings it back. To keep the app's, leave it out, for example with --exclude /db.sqlite3"
    )
    noted(files)
    applied(app, files)
    (root / "db.sqlite3").write_text("what customers entered since")
    brought().warn()
    assert app.progress.said[-1] == (
        "db.sqlite3 was changed on app 'shop' since the last publish, and not in the folder, so it stays as the app "
        "has it."
    )


def test_many_files_of_data_are_one_warning(app, folder, root, brought):
    folder["app.py"] = "app"
    (root / "App_Data").mkdir()
    for number in range(20):
        (root / "App_Data" / f"{number:02}.json").write_text("there")
        folder[f"App_Data/{number:02}.json"] = "mine, which is longer"
    brought().warn()
    told = [line for line in app.progress.said if line.startswith("Warning: ")]
    assert len(told) == 1 and "App_Data/04.json and 15 more replace those of app 'shop'" in told[0]


@pytest.mark.parametrize("content", [b"{", b'{"format": 2, "files": {}}', b""])
def test_a_list_that_cannot_be_read_is_said(app, folder, root, content, brought):
    folder["app.py"], folder["old.py"] = "app", "old"
    files = brought()
    noted(files)
    applied(app, files)
    files.warn()
    assert not any("cannot be read" in line for line in app.progress.said)
    (root.parent.parent / PATH).write_bytes(content)
    del folder["old.py"]
    files = brought(clean=True)
    files.warn()
    assert app.progress.said[-1] == (
        "Warning: the list of what was published to app 'shop' before (data/pythonapp/publish/manifest.json) cannot be "
        "read, so its files are compared by their content, and what is no longer in the folder stays there."
    )
    noted(files, "20261126-120000-0002")
    applied(app, files)
    assert content_of(root) == {"app.py": "app", "old.py": "old"}
    brought(clean=True).warn()
    assert len([line for line in app.progress.said if "cannot be read" in line]) == 1


def test_putting_back_is_tried_once(app, folder, root, site, brought):
    (root / "app.py").write_text("old")
    folder["app.py"] = "new"
    files = brought()
    noted(files)

    def fail():
        site.switches.held_file = "app.py"
        raise RemoteFailed("The import failed.")

    steps = [*files.steps([], (), lambda: files.put_back() if files.changed else ""), Step("", [], fail)]
    with pytest.raises(RemoteFailed) as caught:
        Plan(steps).apply(app.progress)
    assert caught.value.message.count("Undoing it failed") == 1 and content_of(root) == {"app.py": "new"}


def test_nothing_is_planned_for_an_unchanged_folder(azure, app, folder, brought):
    folder["app.py"] = "app"
    first = brought()
    noted(first)
    applied(app, first)
    number = len(azure.mutating_requests())
    again = brought()
    assert again.steps([], (), str) == [] and not again.writes and not again.changed and noted(again) == {}
    assert again.answer([])["upload"] == {"files": 0, "bytes": 0, "unchanged": 1, "deleted": 0}
    assert len(azure.mutating_requests()) == number


def test_a_folders_web_config_is_a_new_base_only_once(app, folder, root, site, brought):
    folder["app.py"], folder["web.config"] = "app", "<configuration/>"
    (root / "web.config").write_text("<configuration>theirs</configuration>")
    first = brought()
    assert first.web_config == b"<configuration/>" and [row.target for row in first.rows()] == ["site/wwwroot/app.py"]
    noted(first)
    applied(app, first)
    assert content_of(root)["web.config"] == "<configuration>theirs</configuration>", (
        "the switch writes it, not the zip"
    )
    assert brought().web_config is None
    folder["web.config"] = "<configuration><!-- new --></configuration>"
    assert brought().web_config == b"<configuration><!-- new --></configuration>"
    (folder.path / "web.config").unlink()
    assert brought().web_config is None, "without one the app's own stays"


def test_the_answer_counts_files(app, folder, root, brought):
    folder["app.py"], folder["old.py"], folder["web.config"] = "app", "old", "<configuration/>"
    first = brought()
    written = [Change("site/wwwroot/web.config", "create")]
    assert first.answer(written)["upload"] == {"files": 3, "bytes": 22, "unchanged": 0, "deleted": 0}
    assert first.answer([])["upload"] == {"files": 2, "bytes": 6, "unchanged": 1, "deleted": 0}
    noted(first)
    applied(app, first)
    folder["app.py"] = "app!"
    del folder["old.py"]
    second = brought(clean=True)
    assert second.answer([])["upload"] == {"files": 1, "bytes": 4, "unchanged": 1, "deleted": 1}
    assert second.answer([])["url"] == "https://shop.azurewebsites.net/"


def test_a_plan_has_a_row_for_each_kind_of_files(app, folder, brought):
    folder["app.py"], folder["old.py"] = "app", "old"
    first = brought()
    noted(first)
    applied(app, first)
    folder["app.py"] = "app!"
    del folder["old.py"]
    for number in range(7):
        folder[f"new{number}.py"] = "x" * 300
    files = brought(clean=True)
    restart = Change("app", "restart")
    shown = files.shown([*files.rows(), restart])
    assert [(change.target, change.action) for change in shown] == [
        (ROOT, "create"),
        (ROOT, "update"),
        (ROOT, "delete"),
        ("app", "restart"),
    ]
    assert shown[0].after == "7 files, 2.1 kB: new0.py, new1.py, new2.py, new3.py, new4.py and 2 more"
    assert shown[1].after == "1 file, 4 B: app.py" and shown[2].before == "1 file: old.py"


def test_what_others_changed_is_said(app, folder, root, brought):
    folder["app.py"], folder["old.py"] = "app", "old"
    first = brought()
    noted(first)
    applied(app, first)
    (root / "app.py").write_text("in the portal")
    (root / "old.py").write_text("in the portal, too")
    folder["app.py"] = "newer"
    del folder["old.py"]
    brought(clean=True).warn()
    said = [line for line in app.progress.said if line.startswith("Warning")]
    assert "app.py was changed on app 'shop' since the last publish" in said[0]
    assert "old.py is no longer in the folder, but changed on app 'shop'" in said[1]


def test_an_entry_point_that_is_only_on_the_app_is_said(app, folder, root, brought):
    folder["app.py"] = "from flask import Flask; app = Flask('')"
    (root / "wsgi.py").write_text("app")
    (warning,) = brought().warnings(EntryPoint("wsgi", "app", "wsgi", ""))
    assert "starts wsgi:app from its own file wsgi.py, which is not in" in warning and "`--app app:app`" in warning
    assert brought().warnings(EntryPoint("app", "app", "wsgi", "")) == brought().warnings(None) == []


def test_an_interrupted_publish_is_completed_or_undone(app, folder, root, brought):
    (root / "app.py").write_text("old")
    folder["app.py"], folder["more.py"] = "new", "more"
    first = brought()
    earlier = noted(first)["published"]
    for step in first.steps([], (), str):
        step.apply()
    earlier = Published.from_dict(first.recorded()["published"].to_dict() | {"archive": earlier.archive})
    second = brought(interrupted=earlier)
    assert second.restart_due and not second.writes and second.rows() == []
    assert noted(second, earlier=earlier)["published"].replaced == ["app.py"]

    def fail():
        raise Conflict("The page is broken.")

    steps = [*second.steps([], (), lambda: second.put_back() if second.changed else ""), Step("", [], fail)]
    with pytest.raises(Conflict):
        Plan(steps).apply(app.progress)
    assert content_of(root) == {"app.py": "old"}


def test_what_an_interrupted_publish_sent_is_remembered(app, folder, site, brought):
    folder["app.py"] = "new"
    first = brought()
    noted(first)
    for step in first.steps([], (), str):
        step.apply()
    assert not (site.machine.home / PATH).exists()
    second = brought(interrupted=first.recorded()["published"])
    noted(second)
    applied(app, second)
    assert (site.machine.home / PATH).exists() and not brought().writes


def test_a_folder_that_is_no_app_is_refused(folder):
    folder["notes.txt"] = "no app"
    with pytest.raises(InvalidInput, match="is not a Python app"):
        request_for(folder)
    request_for(folder, app="app:app")
    folder["lib.py"] = "x = 1\n"
    request = request_for(folder)
    with pytest.raises(InvalidInput, match="is not a Python app"):
        request.require_app(in_force=False)


def test_a_package_in_another_case_is_told(app, folder, root, brought):
    for name in ("Shop", "Static"):
        (root / name).mkdir()
        (root / name / "x.txt").write_text("x")
    folder["app.py"], folder["shop/views.py"], folder["shop/deep/x.py"], folder["static/x.txt"] = "a", "b", "c", "d"
    brought().warn()
    (said,) = [line for line in app.progress.said if "Python imports" in line]
    assert "folder 'Shop' of app 'shop'" in said and "is 'shop' here" in said, "and nothing of 'Static', without code"
