"""An upload that was interrupted is taken over by the next command, or given up by uninstall."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.kudu import Entry
from azext_pythonapp.errors import NotFound, Refused, UnknownOutcome
from azext_pythonapp.operations.runtime import cpython as cpython_installation
from azext_pythonapp.operations.runtime.cpython import CPythonInstallation
from azext_pythonapp.operations.runtime.unfinished import begin, end, unfinished_in, unfinished_of, without_unfinished
from azext_pythonapp.runtimes.cpython import CPythonBuild
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

RUNTIME = CPythonBuild("python", "3.13.2", "x64")
FOLDER, NOTE = "python3132x64", "data/pythonapp/installs/python3132x64.json"


class Kudu:
    """Files in memory; folder: python.exe's size in the runtime's folder, 0 for none yet, None for no folder."""

    def __init__(self):
        self.files, self.folder, self.deleted = {}, None, []
        self.time = datetime(2026, 11, 26, tzinfo=timezone.utc)

    def home(self):
        return r"D:\home"

    def now(self):
        return self.time

    def read(self, path):
        if path not in self.files:
            raise NotFound(path)
        return SimpleNamespace(content=self.files[path], server_time=self.time)

    def write(self, path, content):
        self.files[path] = content

    def delete(self, path):
        self.files.pop(path, None)

    def delete_directory(self, path):
        self.deleted.append(path)
        self.folder = None

    def list_directory(self, path):
        if path == FOLDER:
            if self.folder is None:
                raise NotFound(path)
            return [Entry("python.exe", "", self.folder, "", False)] if self.folder else []
        found = [name.rpartition("/")[2] for name in self.files if name.startswith(f"{path}/")]
        if not found:
            raise NotFound(path)
        return [Entry(name, "", 1, "", False) for name in found]


@pytest.fixture
def app():
    return SimpleNamespace(kudu=Kudu(), site=shop_site(), progress=Recorded(), command=None)


@pytest.fixture
def transfers(app, monkeypatch):
    """The uploads, which only put python.exe there; all that follows works."""
    done = []

    def transfer(self):
        done.append("upload")
        app.kudu.folder = 100

    monkeypatch.setattr(CPythonInstallation, "_transfer", transfer)
    for step in ("_require_answer", "_register", "_look"):
        monkeypatch.setattr(CPythonInstallation, step, lambda self: None)
    monkeypatch.setattr(CPythonInstallation, "_provide_wfastcgi", lambda self: [])
    monkeypatch.setattr(CPythonInstallation, "_provide_pip", lambda self: done.append("pip"))
    return done


def install(app):
    CPythonInstallation(app, RUNTIME).steps()[0].apply()


@pytest.mark.parametrize("has_pip", [True, False])
def test_a_complete_upload_is_not_repeated(app, transfers, has_pip):
    begin(app, RUNTIME, 100, has_pip)
    app.kudu.folder = 100
    install(app)
    assert transfers == ([] if has_pip else ["pip"]) and NOTE not in app.kudu.files


def test_one_that_is_still_extracted_is_awaited(app, transfers, monkeypatch):
    begin(app, RUNTIME, 100, True)
    app.kudu.folder = 0
    waited = []

    def arrives(app, offer, size, limit):
        waited.append((size, limit))
        app.kudu.folder = size

    monkeypatch.setattr(cpython_installation, "await_program", arrives)
    app.kudu.time += timedelta(seconds=100)
    install(app)
    assert waited == [(100, 800.0)] and transfers == []


def test_one_that_never_will_be_whole_is_uploaded_again(app, transfers, monkeypatch):
    begin(app, RUNTIME, 100, True)
    app.kudu.folder = 0

    def never(*arguments):
        raise UnknownOutcome("It is not known.")

    monkeypatch.setattr(cpython_installation, "await_program", never)
    with pytest.raises(UnknownOutcome):
        install(app)
    app.kudu.time += timedelta(minutes=16)
    install(app)
    assert transfers == ["upload"] and FOLDER in app.kudu.deleted


def test_what_was_uploaded_is_said_to_be_from_its_source(app, transfers, monkeypatch):
    """The next command may choose the other source, which was away before."""
    registered = []
    monkeypatch.undo()
    monkeypatch.setattr(cpython_installation, "extension_files", lambda built, _: registered.append(built) or {})
    for step in ("_require_answer", "_look"):
        monkeypatch.setattr(CPythonInstallation, step, lambda self: None)
    monkeypatch.setattr(CPythonInstallation, "_provide_wfastcgi", lambda self: [])
    app.kudu.upload = lambda folder, files: None
    begin(app, CPythonBuild("pythoncore-3.13-64", "3.13.2", "x64"), 100, True)
    app.kudu.folder = 100
    install(app)
    assert [built.package_id for built in registered] == ["pythoncore-3.13-64"]


@pytest.mark.parametrize("other", [None, CPythonBuild("python", "3.13.1", "x64")])
def test_the_folder_of_something_else_is_taken(app, other):
    app.kudu.folder = 100
    if other is not None:
        begin(app, other, 100, True)
        app.kudu.files[NOTE] = app.kudu.files.popitem()[1]
    with pytest.raises(Refused, match="there is one already"):
        CPythonInstallation(app, RUNTIME)


def test_a_note_that_cannot_be_read_says_nothing(app):
    app.kudu.write(NOTE, b"{")
    assert unfinished_in(app, FOLDER) is None and unfinished_of(app, lambda name: True) == []


def test_what_is_given_up_is_found_by_its_id(app):
    assert unfinished_of(app, lambda name: True) == []
    begin(app, RUNTIME, 100, True)
    (found,) = unfinished_of(app, lambda name: name == "pythonapp-python3132x64")
    assert (found.folder, found.seconds, found.is_of(RUNTIME)) == (FOLDER, 0.0, True)
    assert unfinished_of(app, lambda name: False) == []
    end(app, FOLDER)
    assert unfinished_in(app, FOLDER) is None


def test_set_version_goes_on_with_what_is_not_complete(app):
    def python(folder, source):
        return SimpleNamespace(python_path=rf"D:\home\{folder}\python.exe", source=source)

    extension, whole, half = python("python38x64", "siteExtension"), python("mine", "folder"), python(FOLDER, "folder")
    assert without_unfinished(app, [extension, whole, half]) == [extension, whole, half]
    begin(app, RUNTIME, 100, True)
    assert without_unfinished(app, [extension, whole, half]) == [extension, whole]
    assert without_unfinished(app, [extension]) == [extension]
