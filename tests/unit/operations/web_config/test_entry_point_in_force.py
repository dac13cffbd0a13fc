"""What is in force stands: app settings and web.config before what the files look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from azext_pythonapp.entrypoints.application import EntryPoint
from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.app.wwwroot import LocalFiles
from azext_pythonapp.operations.web_config.entry_point import (
    _named_start,
    entry_point_in_force,
    find_start,
    replacement_notice,
)
from azext_pythonapp.operations.web_config.handler import HandlerOptions, build_intent, decide_kind
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler, read_settings, write_handler

PYTHON = "D:\\home\\python3810x64\\python.exe"
PAIR = Registration(PYTHON, "D:\\home\\python3810x64\\wfastcgi.py")
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
DASH = "import dash\napp = dash.Dash(__name__)\nserver = app.server\n"
DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.dev')\n",
    "shop/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.dev')\n"
    "application = get_wsgi_application()\n",
    "shop/__init__.py": "",
}
BARE = (
    '<configuration><system.webServer><handlers><add name="P" path="*" verb="*" modules="FastCgiModule" '
    f'scriptProcessor="{PYTHON}|D:\\home\\python3810x64\\wfastcgi.py" /></handlers></system.webServer></configuration>'
)
UVICORN = (
    '<configuration><system.webServer><handlers><add name="P" path="*" verb="*" modules="httpPlatformHandler" />'
    f'</handlers><httpPlatform processPath="{PYTHON}" arguments="-m waitress shop:app" /></system.webServer>'
    "</configuration>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def written(
    folder: Path, config: str | None, settings: dict[str, str] | None, option: str | None = None, handler: str = "auto"
) -> tuple[PythonHandler, list[str]]:
    """What the new web.config runs, and what was said."""
    said: list[str] = []
    content = config.encode() if config else None
    current = read_handler(content) or read_settings(content)
    start = find_start(LocalFiles(folder), option, current, said.append, settings)
    wish = HandlerOptions(handler, None)
    kind = decide_kind("app 'shop'", wish, current, start, True)
    intent = build_intent("app 'shop'", kind, wish, current, start, PYTHON, PAIR, ["waitress"])
    result = read_handler(write_handler(content, intent).content)
    assert result is not None
    return result, said


def test_wsgi_handler_as_an_app_setting_stands(folder: Path):
    put(folder, {"app.py": FLASK, "shopfront.py": FLASK})
    found, said = written(folder, BARE, {"Wsgi_Handler": "shopfront.app", "SECRET": "x"})
    assert found.entry_point is None, "web.config would take precedence"
    assert "shopfront.app, from the app setting WSGI_HANDLER" in said[0]
    found, _ = written(folder, None, {"WSGI_HANDLER": "shopfront.app"})
    assert (found.kind, found.entry_point) == ("fastCgi", None)
    found, _ = written(folder, BARE, {"WSGI_HANDLER": "shopfront.app"}, handler="httpplatform")
    assert found.arguments is not None and found.arguments.endswith("shopfront:app")


def test_web_config_goes_before_the_app_setting(folder: Path):
    put(folder, {"app.py": FLASK, "shopfront.py": FLASK})
    config = BARE.replace("<system", '<appSettings><add key="WSGI_HANDLER" value="app.app" /></appSettings><system', 1)
    found, _ = written(folder, config, {"WSGI_HANDLER": "shopfront.app"})
    assert found.entry_point == "app.app"


def test_the_option_goes_before_all_and_says_so(folder: Path):
    put(folder, {"app.py": FLASK, "shopfront.py": FLASK})
    found, said = written(folder, BARE, {"WSGI_HANDLER": "shopfront.app"}, "app:app")
    assert found.entry_point == "app.app" and "takes precedence over the app setting WSGI_HANDLER" in said[-1]
    found, said = written(folder, BARE, {"WSGI_HANDLER": "shopfront.app"}, "shopfront:app")
    assert (found.entry_point, said) == (None, [])


def test_the_setting_is_not_of_http_platform(folder: Path):
    put(folder, {"shop.py": FLASK, "old.py": FLASK})
    found, _ = written(folder, UVICORN, {"WSGI_HANDLER": "old.app"})
    assert found.arguments == "-m waitress shop:app"
    found, _ = written(folder, UVICORN, {"WSGI_HANDLER": "old.app"}, handler="fastcgi")
    assert found.entry_point == "shop.app", "what it serves now, not the setting that nothing reads"


@pytest.mark.parametrize(
    "settings, config",
    [
        ({"DJANGO_SETTINGS_MODULE": "shop.live"}, None),
        ({"django_settings_module": "shop.live"}, BARE),
        (
            {},
            BARE.replace(
                "<system", '<appSettings><add key="DJANGO_SETTINGS_MODULE" value="shop.live" /></appSettings><system', 1
            ),
        ),
    ],
)
@pytest.mark.parametrize("option", [None, "shop.wsgi:application"])
@pytest.mark.parametrize("handler", ["fastcgi", "httpplatform"])
def test_djangos_settings_stand_wherever_they_are(
    folder: Path, settings: dict[str, str], config: str | None, option: str | None, handler: str
):
    put(folder, DJANGO)
    found, _ = written(folder, config, settings, option, handler)
    value = {name.upper(): value for name, value in found.environment.items()}.get("DJANGO_SETTINGS_MODULE")
    assert value == (None if settings else "shop.live")


def test_django_settings_are_found_in_the_files(folder: Path):
    put(folder, DJANGO)
    found, _ = written(folder, None, {"DJANGO_SETTINGS_MODULE": "", "OTHER": "x"})
    assert found.environment["DJANGO_SETTINGS_MODULE"] == "shop.dev"


def test_a_log_of_the_settings_is_not_shadowed(folder: Path):
    put(folder, {"app.py": FLASK})
    assert "WSGI_LOG" in written(folder, None, {})[0].environment
    assert "WSGI_LOG" not in written(folder, None, {"WSGI_LOG": "D:\\home\\LogFiles\\mine.log"})[0].environment


@pytest.mark.parametrize("value", ["app.py", "app:app", "app.app()"])
def test_impossible_setting_is_refused_with_the_right_one(folder: Path, value: str):
    put(folder, {"app.py": FLASK})
    with pytest.raises(Refused, match="app setting WSGI_HANDLER .* cannot work") as raised:
        written(folder, BARE, {"WSGI_HANDLER": value})
    assert "WSGI_HANDLER=app.app" in str(raised.value.recommendation)
    assert written(folder, BARE, {"WSGI_HANDLER": value}, "app:app")[0].entry_point == "app.app"


def test_settings_that_may_not_be_seen_are_not_overridden(folder: Path):
    put(folder, {"app.py": FLASK})
    found, said = written(folder, BARE, None)
    assert found.entry_point is None and "were not read" in said[0]
    with pytest.raises(Refused, match="entry point of .* is not known"):
        written(folder, BARE, None, handler="httpplatform")
    assert written(folder, None, None)[0].entry_point == "app.app", "nothing runs yet"
    assert written(folder, BARE, None, "app:app")[0].entry_point == "app.app"


def test_unreadable_django_settings_are_not_overridden(folder: Path):
    put(folder, DJANGO)
    found, said = written(folder, BARE, None, "shop.wsgi:application")
    assert (found.entry_point, "DJANGO_SETTINGS_MODULE" in found.environment) == ("shop.wsgi.application", False)
    assert "--env DJANGO_SETTINGS_MODULE=shop.dev" in said[-1]
    assert written(folder, None, None)[0].environment["DJANGO_SETTINGS_MODULE"] == "shop.dev", "nothing runs yet"


def test_the_entry_point_that_was_written_for_dash_is_read_again(folder: Path):
    put(folder, {"app.py": DASH.replace("server = app.server\n", "")})
    for value in ("app.app.server", None):
        config = (
            BARE
            if value is None
            else BARE.replace(
                "<system", f'<appSettings><add key="WSGI_HANDLER" value="{value}" /></appSettings><system', 1
            )
        )
        found, _ = written(folder, config, {} if value else {"WSGI_HANDLER": "app.app.server"}, handler="httpplatform")
        assert found.arguments is not None and found.arguments.endswith("app:app.server")


def test_pythonpath_of_the_settings_gets_nothing_new(folder: Path):
    put(folder, {"src/app.py": FLASK + "import neighbour\n", "src/neighbour.py": ""})
    found, _ = written(folder, None, {"PYTHONPATH": "D:\\home\\site\\wwwroot\\src"}, handler="httpplatform")
    assert "PYTHONPATH" not in found.environment
    found, _ = written(folder, None, {"PYTHONPATH": "D:\\home\\lib"}, handler="httpplatform")
    assert found.environment["PYTHONPATH"] == "D:\\home\\site\\wwwroot\\src;D:\\home\\lib"


def test_what_is_shown_is_what_is_in_force():
    bare = read_handler(BARE.encode())
    assert bare is not None
    assert entry_point_in_force(bare, lambda: {"WSGI_HANDLER": "shop.app"})[0] == "shop.app"
    shown, source = entry_point_in_force(bare, lambda: {})
    assert shown is None and source is not None and "no app setting names it" in source
    shown, source = entry_point_in_force(bare, lambda: None)
    assert shown is None and source is not None and "unless an app setting names it" in source
    assert entry_point_in_force(replace(bare, entry_point="a.b"), dict) == ("a.b", None)


FLASK_RUN = UVICORN.replace("-m waitress shop:app", "-m flask run --port %HTTP_PLATFORM_PORT%")


@pytest.mark.parametrize(
    "settings, entry_point",
    [({"Flask_App": "shopfront"}, "shopfront.app"), ({"FLASK_APP": "shopfront.py:app"}, "shopfront.app")],
)
def test_flask_app_of_the_settings_stands_in_another_handler(folder: Path, settings: dict[str, str], entry_point: str):
    put(folder, {"app.py": FLASK, "shopfront.py": FLASK})
    found, _ = written(folder, FLASK_RUN, settings, handler="fastcgi")
    assert found.entry_point == entry_point
    own = FLASK_RUN.replace(
        " /></system.webServer>",
        '><environmentVariables><environmentVariable name="FLASK_APP" '
        'value="app" /></environmentVariables></httpPlatform></system.webServer>',
    )
    assert written(folder, own, settings, handler="fastcgi")[0].entry_point == "app.app"
    with pytest.raises(Refused, match="entry point of .* is not known"):
        written(folder, FLASK_RUN, None, handler="fastcgi")


def test_value_in_force_is_not_replaced(folder: Path):
    put(folder, {"app.py": FLASK})
    config = BARE.replace(
        "<system", '<appSettings><add key="WSGI_HANDLER" value="app.make().wsgi" /></appSettings><system', 1
    )
    for current, settings in ((config, {}), (BARE, {"WSGI_HANDLER": "app.make().wsgi"})):
        assert written(folder, current, settings)[0].entry_point in ("app.make().wsgi", None)
        with pytest.raises(Refused, match="entry point of .* is not known"):
            written(folder, current, settings, handler="httpplatform")


def test_what_a_script_starts_is_exchanged_with_a_word(folder: Path):
    put(folder, {"app.py": FLASK, "run.py": "from waitress import serve\nfrom app import app\nserve(app)\n"})
    current = read_handler(UVICORN.replace("-m waitress shop:app", "run.py").encode())
    start = find_start(LocalFiles(folder), None, current, print, {})
    assert "using app:app" in str(replacement_notice(start, "fastCgi", current))
    assert replacement_notice(start, "httpPlatform", current) is None


@pytest.mark.parametrize("value", ["", " "])
def test_empty_entry_point_is_repaired(folder: Path, value: str):
    put(folder, {"app.py": FLASK, "shopfront.py": FLASK})
    config = BARE.replace("<system", f'<appSettings><add key="wsgi_handler" value="{value}" /></appSettings><system', 1)
    current = read_handler(config.encode())
    assert current is not None
    if not value:
        shown, source = entry_point_in_force(current, lambda: {"WSGI_HANDLER": "shopfront.app"})
        assert shown is None and "is empty" in str(source)
    assert written(folder, config, {"WSGI_HANDLER": "shopfront.app"})[0].entry_point == "shopfront.app"
    assert written(folder, config, {"WSGI_HANDLER": "app.app"}, "app:app")[0].entry_point == "app.app"
    (folder / "shopfront.py").unlink()
    assert written(folder, config, {})[0].entry_point == "app.app"


def test_blanks_around_the_entry_point_are_repaired_or_refused(folder: Path):
    put(folder, {"app.py": FLASK})
    config = BARE.replace(
        "<system", '<appSettings><add key="WSGI_HANDLER" value=" app.app " /></appSettings><system', 1
    )
    assert written(folder, config, {})[0].entry_point == "app.app"
    with pytest.raises(Refused, match="blanks"):
        written(folder, BARE, {"WSGI_HANDLER": "app.app "})


def test_an_asgi_app_beside_a_setting_that_is_left_over() -> None:
    said: list[str] = []
    start = _named_start(EntryPoint("main", "app", "fastapi", ""), "old.app", {"WSGI_HANDLER": "old.app"}, said.append)
    assert start.entry is not None and start.entry.spec == "main:app" and not start.in_setting
    assert "'old.app'" in said[0]
