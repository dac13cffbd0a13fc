"""Which files of an app are read to find its entry point, and in which order."""

from __future__ import annotations

from azext_pythonapp.entrypoints.choose import application_files, candidate_files, choose
from tests.unit.entrypoints.sources import FLASK


def test_candidate_files() -> None:
    names = [
        "requirements.txt",
        "z.py",
        "app.py",
        "mysite/wsgi.py",
        "env/app.py",
        "tests/app.py",
        "manage.py",
        "static/x.py",
        "mysite/settings.py",
        "conftest.py",
        "test_a.py",
        ".git/app.py",
        "a/b/app.py",
        "mysite/x.py",
    ]
    assert candidate_files(names) == [
        "manage.py",
        "app.py",
        "mysite/wsgi.py",
        "mysite/settings.py",
        "a/b/app.py",
        "z.py",
        "mysite/x.py",
    ]
    many = [f"module{number}.py" for number in range(100)] + ["app.py"]
    assert len(candidate_files(many)) == 20 and candidate_files(many)[0] == "app.py"


def test_files_are_listed_where_code_is() -> None:
    tree = {
        "": [
            ("app.py", False),
            ("env", True),
            ("venv310", True),
            ("src", True),
            ("node_modules", True),
            ("data", True),
        ],
        "venv310": [("pyvenv.cfg", False), ("Lib", True)],
        "data": [("a", True)],
        "src": [("shop", True)],
        "src/shop": [("__init__.py", False), ("main.py", False), ("deep", True)],
    }
    listed: list[str] = []
    read: list[str] = []

    def entries(folder: str) -> list[tuple[str, bool]]:
        listed.append(folder)
        return tree[folder]

    def content(name: str) -> bytes | None:
        read.append(name)
        return FLASK.encode() if name == "app.py" else b""

    assert choose(application_files(entries, content)).spec == "app:app"
    assert listed == ["", "venv310", "src", "data", "src/shop"]
    assert read == ["app.py", "src/shop/__init__.py", "src/shop/main.py"]


def test_what_an_unread_file_makes_is_read_too() -> None:
    files = {
        "wsgi.py": b"from core.factory import create_app\napplication = create_app('x')\n",
        "core/factory.py": b"from flask import Flask\ndef create_app(name):\n    return Flask(name)\n",
        **{f"m{number}.py": b"" for number in range(30)},
    }

    def entries(folder: str) -> list[tuple[str, bool]]:
        if folder == "core":
            return [("factory.py", False)]
        return [("core", True), *((name, False) for name in files if "/" not in name)]

    assert choose(application_files(entries, lambda name: files[name])).spec == "wsgi:application"
