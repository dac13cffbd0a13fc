"""`web-config set` on whole folders of apps: what is found, what is written for the import path, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.errors import NotFound, PythonAppError, Refused
from azext_pythonapp.operations.web_config.show_set_diff import set_web_config, show_web_config
from tests.unit.entrypoints.sources import FLASK
from tests.unit.operations.web_config.test_local_file import place, request

PYTHON = "D:\\home\\python3111x64\\python.exe"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
DJANGO = {
    "backend/manage.py": "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n",
    "backend/config/__init__.py": "",
    "backend/config/settings.py": "ROOT_URLCONF = 'config.urls'\n",
    "backend/config/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
    "application = get_wsgi_application()\n",
}
NEIGHBOURS = {"src/app.py": "from services import hello\n" + FLASK, "src/services/__init__.py": ""}
HTTP = """<configuration>
  <system.webServer>
    <handlers>
      <add name="PythonHandler" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />
    </handlers>
    <httpPlatform processPath="{path}" arguments="{arguments}" startupTimeLimit="60" />
  </system.webServer>
</configuration>
"""
FAST = """<configuration>
  <appSettings>
    <add key="WSGI_HANDLER" value="{handler}" />{more}
  </appSettings>
  <system.webServer>
    <handlers>
      <add name="PythonHandler" path="*" verb="*" modules="FastCgiModule"
           scriptProcessor="D:\\home\\python364x64\\python.exe|D:\\home\\python364x64\\wfastcgi.py"
           resourceType="Unspecified" requireAccess="Script" />
    </handlers>
  </system.webServer>
</configuration>
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def answer_of(folder: Path, **options: Any) -> tuple[dict[str, Any], str]:
    """The answer, and what was said; a second run must have nothing to do."""
    where = place(folder)
    answer = set_web_config(where, request(**options), False)
    assert set_web_config(place(folder), request(**options), False)["changed"] is False
    return answer, "\n".join(where.progress.said)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "files, handler, entry, folder",
    [
        (DJANGO, "fastcgi", "config.wsgi.application", "backend"),
        (NEIGHBOURS, "fastcgi", "app.app", "src"),
        (DJANGO, "httpplatform", "config.wsgi:application", "backend"),
        (NEIGHBOURS, "httpplatform", "app:app", "src"),
    ],
)
def test_the_folder_goes_on_the_import_path(
    tmp_path: Path, files: dict[str, str], handler: str, entry: str, folder: str
) -> None:
    write(tmp_path, {**files, "requirements.txt": "waitress\n"})
    answer, _ = answer_of(tmp_path, handler=handler, python=PYTHON)
    assert answer["entryPoint"] == entry
    assert answer["environment"]["PYTHONPATH"] == f"D:\\home\\site\\wwwroot\\{folder}"


def test_the_import_path_that_is_there_is_kept(tmp_path: Path) -> None:
    more = '\n    <add key="PYTHONPATH" value="D:\\home\\site\\wwwroot\\lib" />'
    write(tmp_path, {**NEIGHBOURS, "web.config": FAST.format(handler="\\app", more=more)})
    answer, said = answer_of(tmp_path, app="app:app")
    assert answer["environment"]["PYTHONPATH"] == "D:\\home\\site\\wwwroot\\src;D:\\home\\site\\wwwroot\\lib"
    assert "app:app" in said or answer["entryPoint"] == "app.app"


def test_a_working_file_is_not_given_an_import_path(tmp_path: Path) -> None:
    write(tmp_path, {**NEIGHBOURS, "web.config": FAST.format(handler="app.app", more="")})
    answer, _ = answer_of(tmp_path)
    assert answer["changed"] is False and "PYTHONPATH" not in answer["environment"]


def test_app_dir_becomes_an_import_path_for_fastcgi(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main.py": FLASK,
            "web.config": HTTP.format(
                path="D:\\home\\python364x64\\python.exe", arguments="-m hypercorn wsgi:src/main.py:app"
            ),
        },
    )
    answer, _ = answer_of(tmp_path, handler="fastcgi")
    assert (answer["entryPoint"], answer["environment"]["PYTHONPATH"]) == ("main.app", "D:\\home\\site\\wwwroot\\src")


def test_a_file_as_handler_is_repaired_and_said(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "run.py": "from shop import app\nif __name__ == '__main__':\n    app.run()\n",
            "shop/__init__.py": FLASK,
            "web.config": FAST.format(handler="run.py", more=""),
        },
    )
    shown = show_web_config(place(tmp_path))["warnings"]
    assert any("'run.py' cannot work and is changed to 'run.app'" in warning for warning in shown)
    answer, said = answer_of(tmp_path)
    assert answer["entryPoint"] == "run.app" and "'run.py' cannot work" in said


@pytest.mark.parametrize(
    "requirements, arguments",
    [
        ("fastapi\ngunicorn\nuvicorn\n", "-m uvicorn main:app --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%"),
        ("fastapi[standard]\ngunicorn\n", "-m uvicorn main:app --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%"),
    ],
)
def test_gunicorn_gives_way(tmp_path: Path, requirements: str, arguments: str) -> None:
    write(
        tmp_path,
        {
            "main.py": FASTAPI,
            "requirements.txt": requirements,
            "web.config": HTTP.format(
                path="python", arguments="-m gunicorn -w 2 -k uvicorn.workers.UvicornWorker main:app"
            ),
        },
    )
    answer, said = answer_of(tmp_path)
    assert answer["arguments"] == arguments
    assert "needs Unix" in said


def test_gunicorn_alone_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "deep/er/main.py": FASTAPI,
            "requirements.txt": "gunicorn\n",
            "web.config": HTTP.format(
                path="python", arguments="-m gunicorn -k uvicorn.workers.UvicornWorker deep.er.main:app"
            ),
        },
    )
    with pytest.raises(Refused, match="gunicorn needs Unix") as error:
        set_web_config(place(tmp_path), request(), False)
    assert "'uvicorn'" in (error.value.recommendation or "")


@pytest.mark.parametrize("files", [{"src/shop/main.py": FASTAPI}, {}])
@pytest.mark.parametrize(
    "arguments", ["-m uvicorn src.shop.main:app", "-m hypercorn src.shop.main:app", "-m daphne src.shop.main:app"]
)
def test_asgi_is_never_put_under_wfastcgi(tmp_path: Path, files: dict[str, str], arguments: str) -> None:
    write(
        tmp_path, {**files, "web.config": HTTP.format(path="D:\\home\\python364x64\\python.exe", arguments=arguments)}
    )
    before = (tmp_path / "web.config").read_bytes()
    with pytest.raises(Refused, match="WSGI"):
        set_web_config(place(tmp_path), request("fastcgi"), False)
    assert (tmp_path / "web.config").read_bytes() == before


def test_aiohttp_names_the_startup_command(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.py": "from aiohttp import web\nAPP = web.Application()\nif __name__ == '__main__':\n"
            "    web.run_app(APP, port=3978)\n"
        },
    )
    for options in ({}, {"app": "app:APP"}):
        with pytest.raises((NotFound, Refused)) as error:
            set_web_config(place(tmp_path), request(python=PYTHON, **options), False)
        assert "--startup-command" in error.value.message + (error.value.recommendation or "")


def test_the_old_proxy_under_its_other_name(tmp_path: Path) -> None:
    more = '\n    <add key="WSGI_ALT_VIRTUALENV_HANDLER" value="shop.app" />'
    write(
        tmp_path,
        {"shop.py": FLASK, "web.config": FAST.format(handler="virtualenv_proxy.get_venv_handler()", more=more)},
    )
    assert show_web_config(place(tmp_path))["entryPoint"] == "shop.app"
    answer, _ = answer_of(tmp_path)
    assert answer["entryPoint"] == "shop.app"


def test_a_hyphen_is_kept_and_accepted(tmp_path: Path) -> None:
    write(tmp_path, {"shop-site.py": FLASK, "web.config": FAST.format(handler="shop-site.app", more="")})
    answer, _ = answer_of(tmp_path)
    assert answer["changed"] is False and answer["entryPoint"] == "shop-site.app"
    answer, _ = answer_of(tmp_path, app="shop-site:app")
    assert answer["entryPoint"] == "shop-site.app"


@pytest.mark.parametrize(
    "path, arguments, entry",
    [
        (
            r"%HOME%\python3810x64\Scripts\waitress-serve.exe",
            "--host 127.0.0.1 --port %HTTP_PLATFORM_PORT% shop:app",
            "shop:app",
        ),
        (r"D:\home\site\wwwroot\env\Scripts\uvicorn.exe", "main:app --port %HTTP_PLATFORM_PORT%", "main:app"),
        (r"C:\Windows\py.exe", "-3.6 -m waitress --port %HTTP_PLATFORM_PORT% shop:app", "shop:app"),
    ],
)
def test_other_programs_show_what_they_serve(tmp_path: Path, path: str, arguments: str, entry: str) -> None:
    write(tmp_path, {"web.config": HTTP.format(path=path, arguments=arguments)})
    assert show_web_config(place(tmp_path))["entryPoint"] == entry


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "x = (" * 3000},
        {"app.py": "\0\0"},
        {"app.py": "def f(:\n" * 500},
        {"manage.py": "", "a/b.py": ""},
        {"app.py": "from app import app\n"},
        {"app.py": "from . import app\n"},
        {"app.py": "app = app\n"},
        {"app.py": "def app():\n    return app()\napp = app()\n"},
        {"app.py": "class app(app): pass\napp = app()\n"},
        {"app.py": "from b import *\n", "b.py": "from app import *\n"},
        {"app.py": "a, (b, c) = 1, (2, 3)\n"},
        {"app.py": "import sys\nsys.path.insert(0, '/')\nsys.path.append(5)\n"},
        {"app.py": "x: int\n*a, b = 1, 2\n"},
    ],
)
def test_strange_sources_end_in_a_sentence(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    with pytest.raises(PythonAppError):
        set_web_config(place(tmp_path), request(python=PYTHON), False)


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": FLASK})
    (tmp_path / "app.py").symlink_to(tmp_path / "absent.py")
    (tmp_path / "wsgi.py").symlink_to(tmp_path / "wsgi.py")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    answer, _ = answer_of(tmp_path, handler="fastcgi", python=PYTHON, app="main:app")
    assert answer["entryPoint"] == "main.app"
