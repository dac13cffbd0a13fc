"""The lines of a server's log that tell why."""
from __future__ import annotations

from azext_pythonapp.operations.server_log import telling_lines

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
    assert telling_lines(WFASTCGI) == "RuntimeError: not ready (D:\\home\\site\\wwwroot\\app.py, line 6)"


def test_a_bare_exception_with_a_dotted_name() -> None:
    assert telling_lines("django.core.exceptions.ImproperlyConfigured: no SECRET_KEY\n") == \
        "django.core.exceptions.ImproperlyConfigured: no SECRET_KEY"
    assert telling_lines("Exiting\nKeyboardInterrupt\n") == "KeyboardInterrupt"


def test_without_an_exception_the_last_lines_are_told() -> None:
    assert telling_lines("one\n\ntwo\n three\nfour\n") == "two / three / four"
    assert telling_lines("No module named waitress\n") == "No module named waitress"


def test_what_is_long_is_cut() -> None:
    assert len(telling_lines("ValueError: " + "x" * 5000)) == 300
