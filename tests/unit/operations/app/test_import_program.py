"""The program that imports an entry point on the worker, run here: what it sees, and that it always ends with an answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.import_program import supervise
from azext_pythonapp.operations.app.import_check import program
from azext_pythonapp.windows import MAX_COMMAND_LENGTH, python_command
from tests.unit.test_windows import split_windows

MARK = "pythonapp-import "


def app_settings(**settings: str) -> str:
    adds = "".join(f'<add key="{name}" value="{value}" />' for name, value in settings.items())
    return f"<configuration><appSettings>{adds}</appSettings></configuration>"


def platform(**variables: str) -> str:
    each = "".join(f'<environmentVariable name="{name}" value="{value}" />' for name, value in variables.items())
    return (
        f"<configuration><system.webServer><httpPlatform><environmentVariables>{each}</environmentVariables>"
        "</httpPlatform></system.webServer></configuration>"
    )


class Folder:
    """An app's folder, and the program run over it."""

    def __init__(self, root: Path):
        self.root = root / "wwwroot"
        self.config = root / "checks" / "1" / "web.config"
        self.root.mkdir()
        self.config.parent.mkdir(parents=True)
        self.output = ""

    def write(self, **files: str) -> None:
        """Files by name, `__` for a slash; without their .py."""
        for name, text in files.items():
            path = self.root / (name.replace("__", "/").replace("/init", "/__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def check(self, config: str, environment: dict[str, str] | None = None, **parameters: Any) -> dict[str, Any]:
        self.config.write_text(config, encoding="utf-8")
        values = {
            "config": str(self.config),
            "temporary": True,
            "directory": str(self.root),
            "kind": "fastCgi",
            "quiet": 4,
            "serving": 2,
            "limit": 60,
            **parameters,
        }
        words = split_windows(python_command("python.exe", program(), values))
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            env={"PATH": os.environ["PATH"], **(environment or {})},
            check=True,
        )
        self.output = done.stdout + done.stderr
        answer = [line for line in done.stdout.splitlines() if line.startswith(MARK)][-1]
        return json.loads(answer.removeprefix(MARK))

    def serve(self, module: str, name: str, config: str = platform(), **parameters: Any) -> dict[str, Any]:
        return self.check(
            config,
            kind="httpPlatform",
            platform=parameters.pop("platform", 0),
            module=module,
            object=name,
            **{"server": "waitress", "call": False, "folders": ["."], "last": False, "flags": [], **parameters},
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_command_line_has_room_for_the_longest_names():
    values = {
        "config": "D:\\home\\site\\wwwroot\\" + "x" * 150,
        "directory": "D:\\home\\site\\wwwroot\\" + "x" * 150,
        "module": "y" * 200,
        "object": "z" * 60,
        "folders": ["w" * 200],
        "flags": ["-E"],
    }
    assert len(python_command("D:\\home\\python3119x64\\python.exe", program(), values)) < MAX_COMMAND_LENGTH - 200


def test_a_good_entry_point(folder: Folder):
    folder.write(app="def application(environ, start): pass\n")
    answer = folder.check(app_settings(WSGI_HANDLER="app.application"))
    assert answer == {"python": sys.version.split()[0], "error": None}
    assert not folder.config.exists(), "the copy is deleted first thing"


@pytest.mark.parametrize(
    "handler, source",
    [
        ("app.app.server", "class Dash:\n    def server(self, environ, start): pass\napp = Dash()\n"),
        ("app.create()", "def create():\n    return lambda environ, start: None\n"),
        (
            "app.Shop().make().server",
            "class Shop:\n    def make(self):\n        return self\n    def server(self): pass\n",
        ),
        ("shop-site.app", "def app(environ, start): pass\n"),
        ("app.mäin", "def mäin(environ, start): pass\n"),
    ],
)
def test_entry_points_are_found_as_wfastcgi_finds_them(folder: Folder, handler: str, source: str):
    (folder.root / f"{handler.split('.')[0]}.py").write_text(source, encoding="utf-8")
    assert folder.check(app_settings(WSGI_HANDLER=handler))["error"] is None


def test_web_config_goes_before_the_app_setting(folder: Folder):
    folder.write(one="def app(environ, start): pass\n")
    assert folder.check(app_settings(), {"WSGI_HANDLER": "one.app"})["error"] is None
    assert "two" in folder.check(app_settings(WSGI_HANDLER="two.app"), {"WSGI_HANDLER": "one.app"})["error"]
    assert folder.check(app_settings())["error"] == "ValueError: WSGI_HANDLER is not set"


def test_pythonpath_of_app_settings_comes_last_and_is_expanded(folder: Folder):
    folder.write(
        backend__shop="from lib import TEXT\napp = lambda environ, start: TEXT\n",
        lib="TEXT = 'of the root'\n",
        backend__lib="raise RuntimeError('of the path')\n",
    )
    answer = folder.check(
        app_settings(WSGI_HANDLER="shop.app", PYTHONPATH="%ROOT%/backend;%NOTHING%"), {"ROOT": str(folder.root)}
    )
    assert answer["error"] is None
    folder.write(backend__json="raise RuntimeError('not before the standard library')\n")
    folder.write(backend__shop="import json\napp = lambda environ, start: json\n")
    assert folder.check(app_settings(WSGI_HANDLER="shop.app", PYTHONPATH=str(folder.root / "backend")))["error"] is None


def test_all_app_settings_are_there(folder: Folder):
    folder.write(
        app="import os\nassert os.environ['Shop:Address'] == 'x&y' and os.environ['SIX'] == '6'\n"
        "app = lambda environ, start: None\n"
    )
    config = app_settings(WSGI_HANDLER="app.app", SIX="5", **{"Shop:Address": "x&amp;y"}).replace(
        "</configuration>",
        '<location path="x"><appSettings><add key=" SIX " value="6" /></appSettings></location></configuration>',
    )
    assert folder.check(config)["error"] is None


def test_http_platform_sees_its_variables_as_python_itself_does(folder: Folder):
    folder.write(
        backend__colorsys="TEXT = 'mine'\n",
        backend__shop="import colorsys, os\nassert colorsys.TEXT == 'mine' and os.environ['A'] == '%HOME%'\n"
        "assert int(os.environ['HTTP_PLATFORM_PORT']) == int(os.environ['PORT'])\n"
        "def app(environ, start): pass\n",
    )
    config = platform(PYTHONPATH=str(folder.root / "backend"), A="%HOME%", PORT="%HTTP_PLATFORM_PORT%")
    assert folder.serve("shop", "app", config)["error"] is None
    assert "No module named" in folder.serve("shop", "app")["error"]
    assert "No module named" in folder.serve("shop", "app", config, flags=["-E"])["error"]
    two = config.replace("<httpPlatform>", "<httpPlatform></httpPlatform><httpPlatform>")
    assert folder.serve("shop", "app", two, platform=1)["error"] is None


def test_app_dir_of_uvicorn(folder: Folder):
    folder.write(
        backend__main="from helper import app\n", backend__helper="async def app(scope, receive, send): pass\n"
    )
    assert folder.serve("main", "app", folders=["backend"])["error"] is None
    assert "No module named 'main'" in folder.serve("main", "app")["error"]
    assert folder.serve("backend.main", "app")["error"].endswith("No module named 'helper'")


def test_an_error_names_its_place(folder: Folder):
    folder.write(app="import helper\n", helper="\nraise KeyError('x')\n", wrong="a b\n")
    answer = folder.check(app_settings(WSGI_HANDLER="app.app"))
    assert (answer["error"], answer["place"]) == ("KeyError: 'x'", "helper.py, line 2")
    answer = folder.check(app_settings(WSGI_HANDLER="wrong.app"))
    assert answer["error"].startswith("SyntaxError") and answer["place"] == "wrong.py, line 1"


@pytest.mark.parametrize(
    "source, handler, error",
    [
        ("import nosuchthing\n", "app.app", "No module named 'nosuchthing'"),
        ("", "app.app", "has no attribute 'app'"),
        ("app = 5\n", "app.app", "app.app is a int, which cannot be called"),
        ("", "nosuch.app", "No module named 'nosuch'"),
        ("", "app", '"app" names no module'),
        ("def app(environ, start): pass\n", "app.app()", "missing 2 required positional arguments"),
        ("import nosuchthing\n", "app.dash.server", "No module named 'nosuchthing'"),
    ],
)
def test_the_telling_error_is_the_one(folder: Folder, source: str, handler: str, error: str):
    folder.write(app=source)
    assert error in folder.check(app_settings(WSGI_HANDLER=handler))["error"]


SERVES = """from wsgiref.simple_server import make_server
def application(environ, start): pass
make_server('127.0.0.1', 0, application).serve_forever()
"""
CHILDREN = (
    "import subprocess, sys\nmade = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "open('pid', 'w').write(str(made.pid))\n"
)


def gone(pid: int) -> bool:
    """Whether a process ends within a minute."""
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_module_that_serves_is_ended_with_all_that_it_started(folder: Folder):
    folder.write(app=CHILDREN + SERVES)
    answer = folder.check(app_settings(WSGI_HANDLER="app.application"))
    assert answer["serves"] is True and answer["place"] == "app.py, line 6"
    assert gone(int((folder.root / "pid").read_text(encoding="utf-8")))


def test_an_import_that_hangs_and_one_that_is_only_slow(folder: Folder):
    folder.write(
        app="import threading\nthreading.Event().wait()\n",
        slow="import time\nfor _ in range(3):\n    time.sleep(1)\napp = lambda environ, start: None\n",
    )
    answer = folder.check(app_settings(WSGI_HANDLER="app.application"))
    assert "stuck" in answer and answer["serves"] is False and answer["place"] == "app.py, line 2"
    assert folder.check(app_settings(WSGI_HANDLER="slow.app"), quiet=30)["error"] is None
    answer = folder.check(app_settings(WSGI_HANDLER="app.application"), quiet=600, limit=3)
    assert "slow" in answer and "stuck" not in answer, "what is at work at the end of the time may still be good"


@pytest.mark.parametrize(
    "source, expected",
    [
        ("import sys\nsys.exit('no')\n", {"error": "SystemExit: no", "exits": True}),
        (
            "import os\nprint('about to end', flush=True)\nos.write(2, b'last words')\nos._exit(3)\n",
            {"ended": 3, "begun": True, "printed": "last words"},
        ),
        (
            "import os\nos.close(1)\nos.close(2)\nimport sys\nsys.stdout = None\napp = lambda environ, start: None\n",
            {"error": None},
        ),
        (
            "import atexit, threading, time\natexit.register(time.sleep, 600)\n"
            "threading.Thread(target=time.sleep, args=(600,)).start()\napp = lambda environ, start: None\n",
            {"error": None},
        ),
        (
            "import os\nfor _ in range(20000):\n    os.write(1, b'noise ' * 20)\napp = lambda environ, start: None\n",
            {"error": None},
        ),
        ("raise ValueError('a\\x1b[31m\\x00\\x9b\\u202eb\\nc é 漢')\n", {"error": "ValueError: a [31m b c é 漢"}),
        (
            "class E(Exception):\n    def __str__(self):\n        raise E\nraise E\n",
            {"error": "app.E: <exception str() failed>"},
        ),
        ("import sys\nsys.stdin.read()\n", {}),
        (
            "error = ImportError('no such DLL')\nerror.__notes__ = ['see the manual', 'Error: of a note']\nraise error\n",
            {"error": "ImportError: no such DLL", "place": "app.py, line 3"},
        ),
    ],
)
def test_whatever_a_module_does_there_is_an_answer(folder: Folder, source: str, expected: dict[str, Any]):
    folder.write(app=source)
    answer = folder.check(app_settings(WSGI_HANDLER="app.app"))
    assert {name: answer.get(name) for name in expected} == expected


def test_a_python_that_ends_before_it_reads_its_program(folder: Folder):
    """Whether its input was closed by then or not: it is told apart from what an app does."""
    folder.write(app="def app(environ, start): pass\n")
    answer = folder.serve("app", "app", platform(PYTHONHOME="/nowhere"))
    assert (answer["ended"], answer["begun"]) == (1, False) and "failed" not in answer
    assert answer["printed"] == "ModuleNotFoundError: No module named 'encodings'"


def test_a_program_that_cannot_be_handed_over():
    """Its process has ended by then; why is told by its exit code."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(9)"], stdin=subprocess.PIPE)
    process.wait()
    supervise.hand_over(process, b"x" * 100000)
    assert process.returncode == 9


def test_no_settings_value_is_in_an_error(folder: Folder):
    folder.write(
        app="import os\nraise ValueError(' '.join([os.environ['URL'], os.environ['PIN'], os.environ['ORDERS'],"
        " repr(os.environ['PATHS']), os.environ['URL'].split(':')[2].split('@')[0], 'shipping']))\n"
    )
    answer = folder.check(
        app_settings(
            WSGI_HANDLER="app.app",
            URL="postgres://shop:Sup3rS3cret@db.example.org/shop",
            PIN="4711",
            PATHS="D:\\secret\\x y",
            SHIP="ship",
        ),
        {"ORDERS": "Server=tcp:x;Password=hunter22;", "SQLAZURECONNSTR_ORDERS": "Server=tcp:x;Password=hunter22;"},
    )
    assert answer["error"] == "ValueError: *** *** *** '***' *** shipping"
    assert "Sup3rS3cret" not in folder.output and "hunter22" not in folder.output


def test_copies_of_dead_clients_are_swept(folder: Folder):
    folder.write(app="app = lambda environ, start: None\n")
    old, fresh = (folder.config.parent.parent / name / "web.config" for name in ("old", "fresh"))
    for path in (old, fresh):
        path.parent.mkdir()
        path.write_text("x", encoding="utf-8")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    folder.check(app_settings(WSGI_HANDLER="app.app"))
    assert (old.exists(), fresh.exists()) == (False, True)
    folder.check(app_settings(WSGI_HANDLER="app.app"), temporary=False)
    assert folder.config.exists(), "the app's own file stays"


def test_an_app_that_looks_at_what_runs_it(folder: Folder):
    folder.write(
        app="import os, sys, __main__\nassert os.path.dirname(__main__.__file__) and __main__.__file__ == sys.argv[0]\n"
        "name = os.path.basename(sys.argv[0])\napp = lambda environ, start: None\n",
        fast="from app import *\nassert name == 'wfastcgi.py'\n",
        server="from app import *\nassert name == '__main__.py'\n",
    )
    assert folder.check(app_settings(WSGI_HANDLER="fast.app"))["error"] is None
    assert folder.serve("server", "app")["error"] is None


def test_modules_of_the_app_are_not_taken_for_the_programs_own(folder: Folder):
    for name in ("json", "base64", "zlib", "subprocess", "traceback"):
        (folder.root / f"{name}.py").write_text("raise RuntimeError('mine')\n", encoding="utf-8")
    folder.write(app="app = lambda environ, start: None\n")
    assert folder.check(app_settings(WSGI_HANDLER="app.app"))["error"] is None


def test_an_embeddable_python_puts_no_folder_first(folder: Folder):
    """As -I does, which such a Python is like: wfastcgi then writes over what is first, and -m adds nothing."""
    folder.write(main="async def app(scope, receive, send): pass\n")
    assert folder.serve("main", "app", flags=["-I"])["error"] is None, "uvicorn adds it"
    assert folder.serve("main", "app", flags=["-I"], last=True)["error"] is None, "waitress does too, last"


def python_2() -> str | None:
    """A Python 2.7, when there is one that runs."""
    path = shutil.which("python2.7")
    ran = path is not None and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
    return path if ran else None


@pytest.mark.skipif(python_2() is None, reason="no Python 2.7 here")
def test_python_2(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    folder.write(
        app="# -*- coding: utf-8 -*-\nimport os\nassert os.environ['A'] == u'ä'.encode('utf-8')\n"
        "def app(environ, start): pass\n",
        bad="import nosuchthing\n",
        exits="import sys\nsys.exit(2)\n",
    )
    monkeypatch.setattr(sys, "executable", python_2())
    environment = {"LANG": "C.UTF-8"}
    assert folder.check(app_settings(WSGI_HANDLER="app.app", A="ä"), environment)["error"] is None
    assert "No module named nosuchthing" in folder.check(app_settings(WSGI_HANDLER="bad.app"))["error"]
    assert folder.check(app_settings(WSGI_HANDLER="exits.app"))["exits"] is True
    assert folder.serve("app", "app", platform(A="ä"), environment=environment)["error"] is None
    folder.write(app=SERVES)
    assert folder.check(app_settings(WSGI_HANDLER="app.application"))["serves"] is True
