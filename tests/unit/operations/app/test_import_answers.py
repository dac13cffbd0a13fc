"""What the import check makes of the program's answers: failed, or not known."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.kudu_commands import CommandResult
from azext_pythonapp.errors import PythonAppError, RemoteFailed, UnknownOutcome
from azext_pythonapp.operations.app.import_check import check_import, import_target, require_import
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler

PYTHON = "D:\\home\\python3119x64\\python.exe"
FAST = write_handler(None, HandlerIntent("fastCgi", PYTHON, entry_point="app.app")).content
BARE = FAST.replace(b'<add key="WSGI_HANDLER" value="app.app" />', b"")


def checked(answer, content=FAST, settings=None, before=(), **how):
    """What becomes of an answer of the program: the error, or None. before: what Kudu answers before that."""
    line = f"noise\n\npythonapp-import {json.dumps({'python': '3.11.9', **answer})}\n"
    answers = [*before, *2 * [CommandResult(line, "", 0)]]
    kudu = SimpleNamespace(home=lambda: "D:\\home", run=lambda command: answers.pop(0))
    site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop")
    configuration = SimpleNamespace(physical_root="site\\wwwroot")
    app = SimpleNamespace(kudu=kudu, site=site, arm=SimpleNamespace(configuration=lambda site: configuration))
    target = import_target(content, lambda: settings)
    assert target is not None
    try:
        require_import(
            app, target, check_import(app, PYTHON, target, content, True), "web.config was not touched.", **how
        )
    except PythonAppError as error:
        return error
    return None


def test_an_import_that_worked():
    assert checked({"error": None}) is None


@pytest.mark.parametrize(
    "answer, message",
    [
        ({"error": "ImportError: x", "place": "app.py, line 3"}, "ImportError: x (app.py, line 3)"),
        ({"stuck": 12, "place": "app.py, line 9", "serves": True}, "it starts a web server (app.py, line 9)"),
        ({"stuck": 40, "place": None, "serves": False}, "does not return; it was stopped after 40 s"),
        ({"ended": 3, "printed": "last\x1b words"}, "exit code 3); its last line is: last words"),
    ],
)
def test_an_import_that_does_not_work(answer, message):
    error = checked(answer)
    assert isinstance(error, RemoteFailed) and message in error.message and "'shop'" in error.message
    assert "--no-import-check" in error.recommendation


@pytest.mark.parametrize(
    "answer", [{"slow": 151}, {"failed": "OSError: no more processes"}, {"ended": 1, "begun": False, "printed": ""}]
)
def test_what_is_not_known_is_no_failure_of_the_app(answer):
    error = checked(answer)
    assert isinstance(error, UnknownOutcome) and "is not known" in error.message and "does not" not in error.message
    assert "--no-import-check" in error.recommendation


ABORTED = CommandResult("", "Command 'x' was aborted due to no output nor CPU activity for 60 seconds.", -1)
REFUSED = CommandResult("", "System.ComponentModel.Win32Exception (0x80004005): Internal error.", -1)
SHORT = CommandResult("", "The paging file is too small for this operation to complete.", 1)


def told(**answer):
    return CommandResult(f"pythonapp-import {json.dumps({'python': '3.11.9', **answer})}\n", "", 0)


UNBORN = told(ended=-1073741502, begun=False, printed="")
NO_PROCESS = told(failed="OSError: [WinError 1359] Internal error")


@pytest.mark.parametrize("before", [ABORTED, REFUSED, SHORT, CommandResult("", "", -1073741502), UNBORN, NO_PROCESS])
def test_a_worker_too_busy_to_start_python_is_asked_again(before):
    assert checked({"error": None}, before=[before]) is None


def test_a_python_that_was_not_started_twice_is_not_known():
    assert isinstance(checked({}, before=[SHORT, REFUSED]), UnknownOutcome)
    broken = checked({}, before=[SHORT, CommandResult("", "Fatal Python error: init_import_site", 1)])
    assert isinstance(broken, RemoteFailed) and "Fatal Python error" in broken.message


def test_variables_with_which_no_python_starts_are_a_failure():
    error = checked({"ended": 1, "begun": False, "printed": "ModuleNotFoundError: No module named 'encodings'"})
    assert isinstance(error, RemoteFailed) and "Python did not start (exit code 1)" in error.message
    assert "PYTHONHOME" in error.recommendation and "__main__" not in error.recommendation


def test_what_the_app_ended_is_not_asked_again():
    error = checked({"error": None}, before=[told(ended=3, begun=True, printed="")])
    assert isinstance(error, RemoteFailed) and "it ended the process (exit code 3)" in error.message


def test_unknown_settings_are_checked_on_the_worker():
    assert import_target(BARE, dict) is None
    error = checked({"error": "ValueError: WSGI_HANDLER is not set"}, BARE)
    assert "the entry point named by the app settings of" in error.message


@pytest.mark.parametrize("how", [{}, {"in_use": True}, {"requirements": False}])
@pytest.mark.parametrize("error", ["RuntimeError: boom", "SyntaxError: invalid syntax", "KeyError: 'SECRET_KEY'"])
def test_an_error_of_the_code_is_not_laid_on_packages(error, how):
    found = checked({"error": error, "place": "app.py, line 8"}, **how)
    assert found.recommendation.startswith("Correct the app's code, or the settings that it reads, "), (
        found.recommendation
    )
    assert "requirements" not in found.recommendation and "--app" in found.recommendation


def test_whoever_brings_the_files_advises_first():
    said = checked(
        {"error": "ModuleNotFoundError: No module named 'yaml'"},
        in_use=True,
        missing=lambda module, package: f"Add {package} for {module} here",
    ).recommendation
    assert said.startswith("Add pyyaml for yaml here, or name another entry point with --app."), said
    asked = []
    checked({"error": "No module named 'app'"}, missing=lambda *names: asked.append(names))
    assert asked == [("app", None)], "the app's own module is in no package"


@pytest.mark.parametrize(
    "error, how, advised",
    [
        ("ModuleNotFoundError: No module named 'yaml'", {"in_use": True}, "install -g rg -n shop --packages pyyaml`"),
        ("ImportError: No module named cv2.data", {"in_use": True}, "--packages opencv-python-headless`"),
        ("ModuleNotFoundError: No module named 'flask'", {"in_use": True}, "--packages flask`"),
        ("ModuleNotFoundError: No module named 'yaml'", {}, "Add pyyaml, which has the module 'yaml', to requirements"),
        ("ModuleNotFoundError: No module named 'flask'", {}, "Add flask to requirements.txt"),
        ("ModuleNotFoundError: No module named 'flask'", {"requirements": False}, "with flask in it"),
        ("ModuleNotFoundError: No module named 'app'", {"in_use": True}, "files have no module 'app': deploy it"),
        ("ModuleNotFoundError: No module named 'imp'", {"in_use": True}, "library of other Pythons"),
        ("ModuleNotFoundError: No module named '_ctypes'", {}, "library of other Pythons"),
        ("ImportError: cannot import name 'x' from 'flask'", {}, "Correct requirements.txt or the app's code, or name"),
    ],
)
def test_a_missing_module_is_advised_by_its_package(error, how, advised):
    found = checked({"error": error}, **how)
    assert advised in found.recommendation and "--app" in found.recommendation, found.recommendation
