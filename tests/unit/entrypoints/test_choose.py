"""Finding an app's entry point in its files, naming it, and choosing among several."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.entrypoints.choose import EntryPoint, choose, detect, entry_of_command, parse_app_option
from azext_pythonapp.errors import NotFound, Refused
from tests.unit.entrypoints.sources import DJANGO_WSGI, FASTAPI, FLASK, MANAGE

DJANGO_ASGI = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"

CASES: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "flask": ({"app.py": FLASK}, "app:app", "flask"),
    "flask, other names": ({"site.py": "import flask as f\nweb: object = f.Flask('x')\n"}, "site:web", "flask"),
    "flask, things that take the app": (
        {"app.py": FLASK + "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy(app)\n"},
        "app:app",
        "flask",
    ),
    "flask, wrapped": ({"app.py": FLASK + "from x import ProxyFix\napp = ProxyFix(app)\n"}, "app:app", "flask"),
    "flask, alias": ({"app.py": FLASK + "application = app\n"}, "app:app", "flask"),
    "flask, in try": (
        {"app.py": "from flask import Flask\ntry:\n    app = Flask('x')\nexcept OSError:\n    raise\n"},
        "app:app",
        "flask",
    ),
    "flask, subclass": (
        {"app.py": "from flask import Flask\nclass Web(Flask):\n    pass\napp = Web('x')\n"},
        "app:app",
        "flask",
    ),
    "flask, bytes with byte order mark": (
        {"app.py": b"\xef\xbb\xbf" + FLASK.replace("\n", "\r\n").encode()},
        "app:app",
        "flask",
    ),
    "flask factory": (
        {
            "flaskr/__init__.py": "import flask\ndef create_app(test_config=None):\n"
            "    app = flask.Flask(__name__)\n    return app\n"
        },
        "flaskr:create_app()",
        "flask",
    ),
    "flask factory, imports inside": (
        {"app.py": "def make():\n    from flask import Flask\n    return Flask('x')\n"},
        "app:make()",
        "flask",
    ),
    "flask factory, used by wsgi.py": (
        {
            "flaskr/__init__.py": "import flask\ndef create_app():\n    app = flask.Flask(__name__)\n    return app\n",
            "wsgi.py": "from flaskr import create_app\napplication = create_app()\n",
        },
        "wsgi:application",
        "flask",
    ),
    "flask, wsgi.py imports": ({"wsgi.py": "from site_.web import app\n", "site_/web.py": FLASK}, "wsgi:app", "flask"),
    "flask of visual studio": (
        {
            "runserver.py": "from FlaskWeb import app\nif __name__ == '__main__':\n    app.run()\n",
            "FlaskWeb/__init__.py": FLASK + "import FlaskWeb.views\n",
            "FlaskWeb/views.py": "from . import app\n",
        },
        "FlaskWeb:app",
        "flask",
    ),
    "bottle of visual studio": (
        {
            "app.py": "import bottle\nimport routes\ndef wsgi_app():\n    return bottle.default_app()\n"
            "if __name__ == '__main__':\n    app = bottle.Bottle()\n"
        },
        "app:wsgi_app()",
        "bottle",
    ),
    "bottle": ({"app.py": "from bottle import Bottle\napp = Bottle()\n"}, "app:app", "bottle"),
    "fastapi": ({"main.py": FASTAPI, "api/__init__.py": FASTAPI}, "main:app", "fastapi"),
    "starlette": (
        {"main.py": "from starlette.applications import Starlette\napp = Starlette()\n"},
        "main:app",
        "starlette",
    ),
    "plain wsgi": (
        {"hello.py": "def application(environ, start_response):\n    return []\n"},
        "hello:application",
        "wsgi",
    ),
    "plain wsgi object": (
        {"app.py": "class Web:\n    def __call__(self, environ, start_response):\n        return []\napp = Web()\n"},
        "app:app",
        "wsgi",
    ),
    "plain asgi": ({"app.py": "async def app(scope, receive, send):\n    pass\n"}, "app:app", "asgi"),
    "pyramid": (
        {"app.py": "from pyramid.config import Configurator\napp = Configurator().make_wsgi_app()\n"},
        "app:app",
        "wsgi",
    ),
    "dash": ({"app.py": "from dash import Dash\napp = Dash(__name__)\n"}, "app:app.server", "flask"),
    "dash with server": ({"app.py": "import dash\napp = dash.Dash('x')\nserver = app.server\n"}, "app:server", "flask"),
    "streamlit": (
        {"app.py": "import streamlit as st\nimport charts\n", "charts.py": "import streamlit\n"},
        "app.py",
        "streamlit",
    ),
    "streamlit, only called by a script": (
        {"dashboard.py": "import streamlit as st\nfrom parts import bar\n", "parts.py": "import streamlit\n"},
        "dashboard.py",
        "streamlit",
    ),
    "django": (
        {
            "manage.py": MANAGE,
            "config/wsgi.py": DJANGO_WSGI,
            "config/asgi.py": DJANGO_ASGI,
            "config/settings.py": "INSTALLED_APPS = []\n",
        },
        "config.wsgi:application",
        "django",
    ),
    "django, another project too": (
        {"manage.py": MANAGE, "a/wsgi.py": DJANGO_WSGI.replace("config", "a"), "config/wsgi.py": DJANGO_WSGI},
        "config.wsgi:application",
        "django",
    ),
    "django without wsgi.py": ({"manage.py": MANAGE}, "django.core.wsgi:get_wsgi_application()", "django"),
    "django with settings only": (
        {"config/settings.py": "ROOT_URLCONF = 'x'\n"},
        "django.core.wsgi:get_wsgi_application()",
        "django",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_detection(name: str) -> None:
    files, spec, framework = CASES[name]
    entry = choose(detect(files))
    assert (entry.spec, entry.framework) == (spec, framework)
    assert entry.reason.split(" line ")[0] in files
    assert (entry.settings_module == "config.settings") == (framework == "django")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"app.py": "print 'Python 2'\n"},
        {"app.py": b"\0"},
        {"app.py": "import os\n"},
        {"notes.txt": FLASK},
        {"a.py": "from b import app\n", "b.py": "from a import app\n"},
        {"app.py": "from flask import Flask\nif __name__ == '__main__':\n    app = Flask('x')\n"},
        {"app.py": "def create_app(config):\n    from flask import Flask\n    return Flask('x')\n"},
        {"app.py": "import pytest\nfrom flask import Flask\n@pytest.fixture\ndef app():\n    return Flask('x')\n"},
        {"my app.py": FLASK},
        {"my.app.py": FLASK},
        {"app.py": "x = " + "(" * 5000 + ")" * 5000},
    ],
)
def test_nothing_to_find(files: dict[str, str | bytes]) -> None:
    assert detect(files) == []
    with pytest.raises(NotFound) as error:
        choose(detect(files))
    assert "--app" in (error.value.recommendation or "")


def test_files_are_never_executed(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    source = f"open({str(target)!r}, 'w')\n" + FLASK
    assert choose(detect({"app.py": source})).spec == "app:app"
    assert not target.exists()


def test_detection_explains_itself() -> None:
    assert choose(detect({"main.py": FASTAPI})).reason == "main.py line 3 defines the FastAPI application app."


def test_ambiguity_lists_what_to_type() -> None:
    with pytest.raises(Refused) as error:
        choose(detect({"app.py": FLASK, "main.py": FASTAPI}))
    assert "app.py line 2" in error.value.message and "main.py line 3" in error.value.message
    assert error.value.recommendation == 'Choose one with --app "app:app" or --app "main:app"'
    for option in ("app:app", "main:app"):
        assert option in error.value.recommendation and parse_app_option(option).spec == option


def test_a_server_does_not_take_a_dotted_name() -> None:
    assert entry_of_command("python.exe", "-m waitress --port=%HTTP_PLATFORM_PORT% app.app", {}) is None


def test_asgi_has_no_wsgi_handler() -> None:
    with pytest.raises(Refused, match="FastCGI runs only WSGI"):
        _ = EntryPoint("main", "app", "fastapi", "").wsgi_handler


def test_an_app_without_a_python_file_is_to_be_deployed():
    for files in ({}, {"hostingstart.html": "<html>"}):
        with pytest.raises(NotFound, match="there is no Python file") as raised:
            choose(detect(files))
        assert raised.value.recommendation.startswith("Deploy the app")
    for files in ({"util.py": "x = 1"}, {"app.PYC": ""}):
        with pytest.raises(NotFound, match="no file of the app defines"):
            choose(detect(files))
