"""Entry points in the shapes that real apps have: subfolders, factories with arguments, wrappers, several names."""

from __future__ import annotations

import pytest

from azext_pythonapp.entrypoints.choose import choose, detect
from azext_pythonapp.errors import NotFound
from tests.unit.entrypoints.sources import DJANGO_IN_A_FOLDER, DJANGO_WSGI, FLASK, MANAGE

FACTORY = (
    "from flask import Flask\nfrom config import config\n\ndef create_app(name):\n    app = Flask(__name__)\n"
    "    app.config.from_object(config[name])\n    return app\n"
)
DASH = "import dash\napp = dash.Dash(__name__)\nserver = app.server\n"

# files, what is to be served, the folder that goes on the import path
CASES: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "factory that a module calls with an argument": (
        {
            "app/__init__.py": FACTORY,
            "config.py": "config = {}\n",
            "shop.py": "import os\nfrom app import create_app\napp = create_app(os.getenv('C') or 'default')\n",
        },
        "shop:app",
        "",
    ),
    "the same by the package": (
        {"app/__init__.py": FACTORY, "run.py": "import app as package\napplication = package.create_app('live')\n"},
        "run:application",
        "",
    ),
    "the same, two calls away": (
        {
            "app/__init__.py": FACTORY,
            "made.py": "from app import create_app\ndef build():\n    return create_app('x')\n",
            "wsgi.py": "from made import build\napplication = build()\n",
        },
        "wsgi:application",
        "",
    ),
    "factory with keyword-only arguments": (
        {"app.py": "from flask import Flask\ndef make(*, stage):\n    return Flask(stage)\napp = make(stage='live')\n"},
        "app:app",
        "",
    ),
    "django in a folder": (DJANGO_IN_A_FOLDER, "config.wsgi:application", "backend"),
    "django in a folder, without wsgi.py": (
        {"site/manage.py": MANAGE, "site/config/settings.py": ""},
        "django.core.wsgi:get_wsgi_application()",
        "site",
    ),
    "django in a folder that is a package": (
        {"backend/__init__.py": "", "backend/manage.py": MANAGE, "backend/config/wsgi.py": DJANGO_WSGI},
        "config.wsgi:application",
        "backend",
    ),
    "django whose settings name the folder": (
        {"backend/config/wsgi.py": DJANGO_WSGI.replace("config.", "backend.config."), "backend/config/settings.py": ""},
        "backend.config.wsgi:application",
        "",
    ),
    "app that imports its neighbours": (
        {"src/app.py": "from services import hello\n" + FLASK, "src/services/__init__.py": ""},
        "app:app",
        "src",
    ),
    "app that imports from the top": (
        {"src/app.py": "from src.services import hello\n" + FLASK, "src/services/__init__.py": ""},
        "src.app:app",
        "",
    ),
    "app that imports relatively": (
        {"src/app.py": "from .services import hello\n" + FLASK, "src/services.py": ""},
        "src.app:app",
        "",
    ),
    "two folders down": (
        {
            "src/shop/main.py": "from shop.data import x\nfrom fastapi import FastAPI\napp = FastAPI()\n",
            "src/shop/data.py": "",
        },
        "shop.main:app",
        "src",
    ),
    "wsgi.py that puts a folder on the path": (
        {
            "wsgi.py": "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'src'))\n"
            "from shop import app as application\n",
            "src/shop.py": FLASK,
        },
        "wsgi:application",
        "",
    ),
    "dash with its layout in index.py": (
        {
            "app.py": DASH,
            "apps/one.py": "from app import app\n",
            "index.py": "from app import app\nfrom app import server\nfrom apps import one\napp.layout = None\n",
        },
        "index:server",
        "",
    ),
    "dash with its layout in index.py, server not imported": (
        {"app.py": "import dash\napp = dash.Dash(__name__)\n", "index.py": "from app import app\napp.layout = None\n"},
        "index:app.server",
        "",
    ),
    "flask whose pages main.py imports": (
        {
            "app.py": FLASK,
            "pages_.py": "from app import app\n@app.route('/')\ndef home():\n    return ''\n",
            "main.py": "from app import app\nimport pages_\n",
        },
        "main:app",
        "",
    ),
    "flask whose pages it imports itself": (
        {
            "app.py": FLASK + "import pages_\n",
            "pages_.py": "from app import app\n@app.route('/')\ndef home():\n    pass\n",
            "main.py": "from app import app\nimport pages_\n",
        },
        "app:app",
        "",
    ),
    "socket.io around flask": (
        {"app.py": FLASK + "import socketio\nsio = socketio.Server()\nouter = socketio.WSGIApp(sio, app)\n"},
        "app:outer",
        "",
    ),
    "proxy fix under another name": (
        {"app.py": FLASK + "from werkzeug.middleware.proxy_fix import ProxyFix\napplication = ProxyFix(app)\n"},
        "app:application",
        "",
    ),
    "proxy fix inside": (
        {
            "app.py": FLASK
            + "from werkzeug.middleware.proxy_fix import ProxyFix\napp.wsgi_app = ProxyFix(app.wsgi_app)\n"
        },
        "app:app",
        "",
    ),
    "an adapter to asgi": (
        {"app.py": FLASK + "from asgiref.wsgi import WsgiToAsgi\nasgi = WsgiToAsgi(app)\n"},
        "app:app",
        "",
    ),
    "an adapter to wsgi": (
        {
            "main.py": "from fastapi import FastAPI\nfrom a2wsgi import ASGIMiddleware\napp = FastAPI()\n"
            "application = ASGIMiddleware(app)\n"
        },
        "main:application",
        "",
    ),
    "dispatcher over two apps": (
        {
            "app.py": "from flask import Flask\nfrom werkzeug.middleware.dispatcher import DispatcherMiddleware\n"
            "app = Flask('a')\napi = Flask('b')\n"
            "application = DispatcherMiddleware(app, {'/api': api.wsgi_app})\n"
        },
        "app:application",
        "",
    ),
    "dispatcher inside": (
        {
            "app.py": "from flask import Flask\nfrom werkzeug.wsgi import DispatcherMiddleware\nimport bottle\n"
            "app = Flask('a')\napplication = bottle.Bottle()\n"
            "app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {'/old': application})\n"
        },
        "app:app",
        "",
    ),
    "wsgi app below fastapi": (
        {
            "main.py": "from fastapi import FastAPI\nfrom fastapi.middleware.wsgi import WSGIMiddleware\n"
            "from flask import Flask\napplication = Flask('x')\napp = FastAPI()\n"
            "app.mount('/v1', WSGIMiddleware(application))\n"
        },
        "main:app",
        "",
    ),
    "whitenoise around django": (
        {
            "manage.py": MANAGE,
            "config/wsgi.py": DJANGO_WSGI + "from whitenoise import WhiteNoise\n"
            "application = WhiteNoise(application, root='static')\n",
        },
        "config.wsgi:application",
        "",
    ),
    "two names at once": ({"app.py": "from flask import Flask\napp = application = Flask('x')\n"}, "app:app", ""),
    "tuple": ({"app.py": "from flask import Flask\napp, other = Flask('x'), 5\n"}, "app:app", ""),
    "tuple from a function": (
        {
            "app.py": "from flask import Flask\ndef build():\n    a = Flask('x')\n    return a, 5\napp, number = build()\n"
        },
        "app:app",
        "",
    ),
    "typed": ({"app.py": "import flask\napp: flask.Flask = flask.Flask('x')\n"}, "app:app", ""),
    "typed factory of a text": (
        {"app.py": "from flask import Flask\ndef create_app() -> 'Flask':\n    return load()\n"},
        "app:create_app()",
        "",
    ),
    "dash on a flask app": (
        {"app.py": "import dash, flask\nserver = flask.Flask('x')\napp = dash.Dash('x', server=server)\n"},
        "app:server",
        "",
    ),
    "a server that is started at times only": (
        {
            "app.py": FLASK
            + "import sys\nif len(sys.argv) > 1:\n    app.run()\nfor port in []:\n    app.run(port=port)\n"
        },
        "app:app",
        "",
    ),
    "conditional": (
        {
            "app.py": "import os\nfrom flask import Flask\nif os.name == 'nt':\n    app = Flask('x')\nelse:\n"
            "    app = Flask('y')\n"
        },
        "app:app",
        "",
    ),
    "conditional expression": ({"app.py": "import flask\napp = flask.Flask('x') if 1 else None\n"}, "app:app", ""),
    "imported with a fallback": (
        {"app.py": "try:\n    from flask import Flask\nexcept ImportError:\n    Flask = None\napp = Flask('x')\n"},
        "app:app",
        "",
    ),
    "re-exported": ({"shop/__init__.py": FLASK, "wsgi.py": "from shop import app\n"}, "wsgi:app", ""),
    "re-exported with a star": ({"shop.py": FLASK, "wsgi.py": "from shop import *\n"}, "wsgi:app", ""),
    "not the main part": (
        {"app.py": FLASK + "if __name__ != '__main__':\n    application = app\nelse:\n    app.run()\n"},
        "app:app",
        "",
    ),
    "main among others": (
        {"app.py": FLASK + "if __name__ in ('__main__', '__mp_main__'):\n    app.run()\n"},
        "app:app",
        "",
    ),
    "hyphen": ({"shop-site.py": FLASK}, "shop-site:app", ""),
    "python 2": (
        {"app.py": "import os\nprint 'x', os.name\n" + FLASK + "try:\n    pass\nexcept Exception, e:\n    print e\n"},
        "app:app",
        "",
    ),
    "newer python": (
        {"app.py": FLASK + "type Pair[T] = tuple[T, T]\ndef f[T](x: T) -> T:\n    return x\n"},
        "app:app",
        "",
    ),
    "byte order mark": ({"app.py": b"\xef\xbb\xbf" + FLASK.encode()}, "app:app", ""),
    "another encoding": (
        {"app.py": "# -*- coding: cp1252 -*-\n# é\n".encode("cp1252") + FLASK.encode()},
        "app:app",
        "",
    ),
    "bytes that are no utf-8": ({"app.py": b"# \xe9\n" + FLASK.encode()}, "app:app", ""),
    "deep": ({"app.py": FLASK + "x = " + ".a()".join(["b"] * 900) + "\n"}, "app:app", ""),
    "many branches": (
        {
            "app.py": FLASK
            + "if x == 0:\n    pass\n"
            + "".join(f"elif x == {number}:\n    pass\n" for number in range(400))
        },
        "app:app",
        "",
    ),
    "werkzeug": (
        {
            "app.py": "from werkzeug.wrappers import Request\n@Request.application\ndef application(request):\n"
            "    return None\n"
        },
        "app:application",
        "",
    ),
    "cached factory": (
        {
            "app.py": "from functools import lru_cache\nfrom flask import Flask\n@lru_cache()\n"
            "def get_app():\n    return Flask('x')\n"
        },
        "app:get_app()",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_found(name: str) -> None:
    files, spec, folder = CASES[name]
    entry = choose(detect(files))
    assert (entry.spec, entry.folder) == (spec, folder)


@pytest.mark.parametrize(
    "files, words",
    [
        (
            {"app.py": "from aiohttp import web\nAPP = web.Application()\n"},
            ("aiohttp", "--startup-command", "app.py line 2"),
        ),
        (
            {
                "bot.py": "from aiohttp.web import Application\nasync def start(argv):\n    app = Application()\n    return app\n"
            },
            ("aiohttp", "--startup-command"),
        ),
        ({"main.py": "import tornado.web\napp = tornado.web.Application([])\n"}, ("Tornado", "--startup-command")),
        (
            {"app.py": "import gradio as gr\ndemo = gr.Interface(fn=None)\ndemo.launch()\n"},
            ("app.py line 3", "starts a server"),
        ),
        ({"app/__init__.py": FACTORY}, ("create_app needs arguments (name)",)),
        (
            {"app.py": "from flask import Flask\nif __name__ == '__main__':\n    app = Flask('x')\n    app.run()\n"},
            ("app.py line 3", 'if __name__ == "__main__":'),
        ),
        (
            {"serve.py": "from waitress import serve\n" + FLASK + "serve(app, port=80)\n"},
            ("serve.py line 4 starts a server when it is imported", 'if __name__ == "__main__":'),
        ),
        ({"app.py": FLASK + "def main():\n    app.run()\nmain()\n"}, ("app.py line 5 starts a server",)),
        (
            {"main.py": "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nuvicorn.run(app)\n"},
            ("main.py line 4",),
        ),
    ],
)
def test_what_comes_near_is_named(files: dict[str, str | bytes], words: tuple[str, ...]) -> None:
    found = detect(files)
    assert found == []
    with pytest.raises(NotFound) as error:
        choose(found)
    assert all(word in error.value.message for word in words), error.value.message


def test_a_script_that_serves_does_not_hide_the_app() -> None:
    files = {
        "shop/wsgi.py": FLASK,
        "run_server.py": "from waitress import serve\nfrom shop.wsgi import app\nserve(app)\n",
    }
    assert choose(detect(files)).spec == "shop.wsgi:app"
