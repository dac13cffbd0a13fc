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


def checked(answer, content=FAST, settings=None):
    """What becomes of an answer of the program: the error, or None."""
    line = f"noise\n\npythonapp-import {json.dumps({'python': '3.11.9', **answer})}\n"
    kudu = SimpleNamespace(home=lambda: "D:\\home", run=lambda command: CommandResult(line, "", 0))
    site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop")
    configuration = SimpleNamespace(physical_root="site\\wwwroot")
    app = SimpleNamespace(kudu=kudu, site=site, arm=SimpleNamespace(configuration=lambda site: configuration))
    target = import_target(content, lambda: settings)
    assert target is not None
    try:
        require_import(app, target, check_import(app, PYTHON, target, content, True), "web.config was not touched.")
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


@pytest.mark.parametrize("answer", [{"slow": 151}, {"failed": "OSError: no more processes"}])
def test_what_is_not_known_is_no_failure_of_the_app(answer):
    error = checked(answer)
    assert isinstance(error, UnknownOutcome) and "is not known" in error.message and "does not" not in error.message
    assert "--no-import-check" in error.recommendation


def test_unknown_settings_are_checked_on_the_worker():
    assert import_target(BARE, dict) is None
    error = checked({"error": "ValueError: WSGI_HANDLER is not set"}, BARE)
    assert "the entry point named by the app settings of" in error.message
