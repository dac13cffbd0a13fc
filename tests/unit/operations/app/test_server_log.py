"""The lines of a server's log that tell why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PlatformFailed, Unreachable
from azext_pythonapp.operations.app.server_log import ServerLog, last_error
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler

WFASTCGI = """\
2026-11-22 13:00:00.1: wfastcgi.py 3.0.0 initialized
2026-11-22 13:00:01.2: Traceback (most recent call last):
  File "D:\\home\\python364x64\\wfastcgi.py", line 849, in main
    for part in result:
  File "D:\\home\\site\\wwwroot\\app.py", line 6, in application
    raise RuntimeError("not ready")
RuntimeError: not ready

2026-11-22 13:00:02.0: wfastcgi.py 3.0.0 closed
"""


def test_an_exception_is_told_with_its_place() -> None:
    assert last_error(WFASTCGI) == "RuntimeError: not ready (D:\\home\\site\\wwwroot\\app.py, line 6)"


def test_a_bare_exception_with_a_dotted_name() -> None:
    assert (
        last_error("django.core.exceptions.ImproperlyConfigured: no SECRET_KEY\n")
        == "django.core.exceptions.ImproperlyConfigured: no SECRET_KEY"
    )
    assert last_error("Exiting\nKeyboardInterrupt\n") == "KeyboardInterrupt"


def test_an_exception_behind_a_traceback_may_have_any_name() -> None:
    text = (
        "Bad Request: /\n"
        "Traceback (most recent call last):\n"
        '  File "D:\\home\\python3119x64\\Lib\\site-packages\\django\\http\\request.py", line 151, in get_host\n'
        "    raise DisallowedHost(msg)\n"
        "django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header: 'shop.azurewebsites.net'.\n"
        "Bad Request: /\n"
    )
    said = last_error(text)
    assert said is not None and said.startswith("django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header")
    assert said.endswith("request.py, line 151)")


def test_the_last_of_two_chained_exceptions_is_told() -> None:
    first = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nKeyError: 1\n\n'
    between = "During handling of the above exception, another exception occurred:\n\n"
    second = 'Traceback (most recent call last):\n  File "b.py", line 2, in h\n    i()\nshop.Missing: no stock\n'
    assert last_error(first + between + second) == "shop.Missing: no stock (b.py, line 2)"
    assert last_error(first + "ValueError: later\n") == "ValueError: later (a.py, line 1)"
    assert last_error("Traceback (most recent call last):\n  File 'cut") is None


def test_without_an_exception_the_last_complaint_is_told() -> None:
    assert last_error("No module named waitress\nbye\n") == "No module named waitress"
    assert last_error("serve.py: error: unrecognized arguments: --port\n") == (
        "serve.py: error: unrecognized arguments: --port"
    )


def test_what_a_log_says_all_the_time_is_no_reason() -> None:
    assert last_error("one\n\ntwo\n three\nfour\n") is None
    assert last_error("2026-11-22 13:00:02.0: wfastcgi.py 3.0.0 closed\n") is None
    assert last_error('127.0.0.1 - - [22/Nov/2026] "GET /error HTTP/1.1" 500 -\nINFO: Shutting down\n') is None
    assert (
        last_error("Not Found: /favicon.ico\nForbidden (CSRF cookie not set.): /\nInternal Server Error: /x\n") is None
    )
    assert last_error("a.py:3: DeprecationWarning: not found here any more\n") is None


def test_what_is_long_is_cut() -> None:
    assert len(last_error("ValueError: " + "x" * 5000)) == 300


def test_nothing_of_a_log_reaches_a_terminal_as_a_command() -> None:
    assert last_error("ValueError: \x1b[2J\x07x\x9b") == "ValueError:  [2J x"


CONFIG = write_handler(
    None,
    HandlerIntent(
        "fastCgi",
        r"D:\home\p\python.exe",
        r"D:\home\p\wfastcgi.py",
        "app.app",
        environment={"WSGI_LOG": r"D:\home\LogFiles\wfastcgi.log"},
    ),
).content


class Logs:
    """An SCM site with one log. content: its bytes, or what it raises instead."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content

    def home(self) -> str:
        return "D:\\home"

    def url(self, path: str) -> str:
        return f"https://shop.scm.example.net/api/vfs/{path}"

    def list_directory(self, path: str) -> list[SimpleNamespace]:
        if isinstance(self.content, Exception):
            raise self.content
        modified = "2026-11-22T13:00:02.1234567+01:00"
        return [SimpleNamespace(name="wfastcgi.log", size=len(self.content), modified=modified)]

    def read_from(self, path: str, offset: int) -> bytes:
        assert isinstance(self.content, bytes) and path == "LogFiles/wfastcgi.log"
        return self.content[offset:]


def log(kudu: Logs) -> ServerLog:
    return ServerLog(cast(App, SimpleNamespace(kudu=kudu)), CONFIG, sleep=lambda seconds: None)


def test_only_what_is_new_explains() -> None:
    kudu = Logs(b"ValueError: old\n")
    found = log(kudu)
    assert found.exists and found.explanation() is None
    kudu.content = b"ValueError: old\nTypeError: new\n"
    assert found.explanation() == "wfastcgi.log in LogFiles says: TypeError: new"
    assert found.where(False) == "The whole log: https://shop.scm.example.net/api/vfs/LogFiles/wfastcgi.log"
    kudu.content = b"KeyError: 1\n"
    assert found.explanation() == "wfastcgi.log in LogFiles says: KeyError: 1", "a log that was begun anew"


def test_a_log_that_cannot_be_read_is_no_failure() -> None:
    kudu = Logs(Unreachable("the SCM site restarts"))
    found = log(kudu)
    kudu.content = b"TypeError: old, or new?\n"
    assert not found.exists and found.explanation() is None
    found = log(kudu)
    kudu.content = PlatformFailed("500")
    assert found.exists and found.explanation() is None


def test_a_log_without_a_reason_is_named() -> None:
    kudu = Logs(b"old\n")
    found = log(kudu)
    kudu.content = b"old\nGET / 500\n"
    assert found.explanation() is None
    assert found.where(True) == (
        "The log has no traceback. To read it: https://shop.scm.example.net/api/vfs/LogFiles/wfastcgi.log"
    )


def test_what_a_log_had_before_is_told_with_its_time() -> None:
    kudu = Logs(WFASTCGI.encode())
    found = log(kudu)
    assert found.earlier() == (
        "wfastcgi.log in LogFiles, written at 2026-11-22 12:00:02 UTC, says: RuntimeError: not ready "
        "(D:\\home\\site\\wwwroot\\app.py, line 6)"
    )
    kudu.content = b"one\n"
    assert found.earlier() is None
    kudu.content = PlatformFailed("500")
    assert found.earlier() is None
