"""After an unknown outcome nothing is undone, deleted or raced with, and what is different now is said."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.kudu_commands import CommandResult
from azext_pythonapp.errors import NotFound, RemoteFailed, UnknownOutcome
from azext_pythonapp.operations.runtime import cpython as cpython_installation
from azext_pythonapp.operations.runtime.cpython import CPythonInstallation
from azext_pythonapp.operations.runtime.keep_packages import MOVE_LOOKS, Replacement
from azext_pythonapp.operations.runtime.site_extension import Installation
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.runtimes.cpython import CPythonBuild
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

RUNTIME = CPythonBuild("python", "3.13.2", "x64")


def test_a_plan_undoes_nothing_and_says_what_is_different():
    undone = []

    def unknown():
        raise UnknownOutcome("Whether x is being installed is not known.")

    plan = Plan(
        [
            Step(
                "Stopping.",
                [],
                lambda: [],
                lambda: undone.append("stop") or "Started again.",
                "The app is stopped; `az webapp start` starts it.",
            ),
            Step("web.config", [], lambda: [Change("web.config", "update")], lambda: undone.append("file") or "Back."),
            Step("Installing.", [], unknown),
        ]
    )
    with pytest.raises(UnknownOutcome) as caught:
        plan.apply(Recorded())
    assert undone == []
    assert caught.value.message == (
        "Whether x is being installed is not known. Nothing was undone, because the work may still be running. "
        "These changes remain: web.config (update). The app is stopped; `az webapp start` starts it."
    )


class Share:
    """Folders of %HOME% that a command moves. cuts: how many commands' answers are lost; moves_at: the look at which a
    lost command's folder has moved, None for never."""

    def __init__(self, cuts, moves_at):
        self.folders, self.cuts, self.moves_at, self.looks = {"python364x64"}, cuts, moves_at, 0
        self.commands = []

    def home(self):
        return r"D:\home"

    def run(self, command):
        self.commands.append(command)
        if self.cuts:
            self.cuts -= 1
            raise UnknownOutcome("The connection was cut.")
        self.move()
        return CommandResult("", "", 0)

    def move(self):
        self.folders = {folder.replace("python364x64", "data/moved/python364x64") for folder in self.folders}

    def list_directory(self, path):
        self.looks += 1
        if self.moves_at is not None and self.looks >= self.moves_at:
            self.move()
            self.moves_at = None
        if path not in self.folders:
            raise NotFound(path)
        return []


def replacement(share, pauses):
    app = SimpleNamespace(kudu=share, site=shop_site())
    return Replacement(app, "python364x64", {}, None, pauses.append)


def test_a_move_whose_answer_was_lost_is_looked_for():
    pauses, share = [], Share(1, 6)
    replacement(share, pauses)._rename("python364x64", "data/moved/python364x64")
    assert share.folders == {"data/moved/python364x64"} and pauses and len(share.commands) == 1


def test_a_move_that_is_not_seen_is_unknown():
    pauses, share = [], Share(1, None)
    with pytest.raises(UnknownOutcome, match="cut. It is not known whether the folder python364x64 was moved"):
        replacement(share, pauses)._rename("python364x64", "data/moved/python364x64")
    assert len(pauses) == MOVE_LOOKS


class Worker:
    """Where a NuGet runtime is uploaded to; deleted: what the client deleted."""

    def __init__(self, error):
        self.error, self.deleted, self.said, self.notes = error, [], [], {}

    def home(self):
        return r"D:\home"

    def list_directory(self, path):
        raise NotFound(path)

    def read(self, path):
        raise NotFound(path)

    def delete_directory(self, path):
        self.deleted.append(path)

    def upload_archive(self, folder, archive):
        raise self.error

    def now(self):
        return None

    def write(self, path, content):
        self.notes[path] = content

    def delete(self, path):
        self.notes.pop(path, None)


def packed(archive):
    """Write the archive of a runtime; return that it has pip."""
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("python.exe", b"MZ")
    return True


@pytest.mark.parametrize(
    "error, removes", [(UnknownOutcome("cut"), False), (KeyboardInterrupt(), False), (RemoteFailed("refused"), True)]
)
def test_an_upload_that_may_be_extracted_is_not_removed(monkeypatch, tmp_path, error, removes):
    worker = Worker(error)
    site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop")
    app = SimpleNamespace(kudu=worker, site=site, progress=Recorded(worker.said), command=None)
    installation = CPythonInstallation(app, RUNTIME)

    monkeypatch.setattr(cpython_installation, "prepare", lambda app, offer, file, downloaded, archive: packed(archive))
    monkeypatch.setattr(cpython_installation, "await_program", lambda *arguments: (_ for _ in ()).throw(error))
    with pytest.raises(RemoteFailed if removes else UnknownOutcome) as caught:
        installation.steps()[0].apply()
    assert bool(worker.deleted) is removes and bool(worker.notes) is not removes
    advice = str(caught.value.recommendation)
    assert ("run the same command again, which goes on with it: `az webapp python install" in advice) is not removes
    assert ("az webapp python uninstall -g rg -n shop --version 3.13.2" in advice) is not removes


def test_a_planned_package_says_where_it_comes_from(tmp_path):
    app = SimpleNamespace(kudu=Worker(None), site=shop_site(), progress=Recorded())
    downloaded = CPythonInstallation(app, RUNTIME).steps()[0].changes[0]
    text = "Python 3.13.2 x64, NuGet package of the Python Software Foundation, uploaded from this machine, "
    assert downloaded.note.startswith(text) and downloaded.note.endswith(" 2029-10-31")
    assert "note" not in downloaded.to_dict()
    local = CPythonInstallation(app, RUNTIME, tmp_path / "python.nupkg").steps()[0].changes[0]
    assert "the file 'python.nupkg'" in local.note


def test_an_interrupted_wait_for_an_install_is_unknown(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("azext_pythonapp.operations.runtime.site_extension.install_or_join", interrupt)
    installation = object.__new__(Installation)
    site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop")
    installation.__dict__.update(
        _app=SimpleNamespace(arm=None, site=site, kudu=None, progress=Recorded(), command="az webapp python x"),
        _present=None,
        _package_version=None,
        _replacement=None,
        offer=SimpleNamespace(extension_id="azureappservice-python364x64", package_version="3.6.4.4"),
    )
    with pytest.raises(UnknownOutcome, match="Interrupted. Azure may go on installing") as caught:
        installation._install_extension()
    assert "`az webapp python x`" in caught.value.recommendation and "uninstall" in caught.value.recommendation
