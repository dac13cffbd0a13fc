"""Entry points that somebody names, by --app or WSGI_HANDLER: read, found in the files, repaired, or refused."""

from __future__ import annotations

import pytest

from azext_pythonapp.entrypoints.choose import (
    EntryPoint,
    detect,
    parse_app_option,
    recognized,
    refuse_foreign,
    repaired_handler,
)
from azext_pythonapp.errors import InvalidInput, NotFound, Refused
from tests.unit.entrypoints.sources import DJANGO_IN_A_FOLDER, DJANGO_WSGI, FASTAPI, FLASK


@pytest.mark.parametrize(
    "value, spec, handler",
    [
        ("app:app", "app:app", "app.app"),
        ("a.b:create_app()", "a.b:create_app()", "a.b.create_app()"),
        (" proj.wsgi:application ", "proj.wsgi:application", "proj.wsgi.application"),
        ("app:app.server", "app:app.server", "app.app.server"),
        ("app.app", "app:app", "app.app"),
        ("a.b.create_app()", "a.b:create_app()", "a.b.create_app()"),
        (" shop-site.wsgi.application ", "shop-site.wsgi:application", "shop-site.wsgi.application"),
        ("app.py:app", "app:app", "app.app"),
    ],
)
def test_app_option(value: str, spec: str, handler: str) -> None:
    entry = parse_app_option(value)
    assert (entry.spec, entry.wsgi_handler, entry.framework) == (spec, handler, "wsgi")


def test_app_option_for_streamlit() -> None:
    entry = parse_app_option(r"src\home.py")
    assert (entry.spec, entry.framework, entry.object) == ("src/home.py", "streamlit", None)


@pytest.mark.parametrize(
    "option, spec",
    [
        ("app.py:app", "app:app"),
        ("src/shop/app.py:create_app()", "src.shop.app:create_app()"),
        (r".\src\app.py:app", "src.app:app"),
        ("APP.PY:app", "APP:app"),
        ("shop-site:app", "shop-site:app"),
        ("2048.wsgi:app", "2048.wsgi:app"),
    ],
)
def test_options_that_are_repaired_or_taken(option: str, spec: str) -> None:
    assert parse_app_option(option).spec == spec


@pytest.mark.parametrize(
    "value, suggestion",
    [
        ("app", "app:app"),
        ("app.", "app:app"),
        ("3.11", "app:app"),
        ("app.create_app('x')", "app:app"),
        ("", "app:app"),
        ("app:create_app('x')", "app:create_app()"),
        ("a b:c", "app:app"),
        ("app:app;rm", "app:app"),
        ("\\Resumeparser.wsgi.application", "app:app"),
    ],
)
def test_bad_app_option(value: str, suggestion: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_app_option(value)
    assert suggestion in (error.value.recommendation or "")


@pytest.mark.parametrize(
    "option", ["../app.py:app", "a b:app", "app:a-b", "C:\\app.py:app", "app:", ":app", "app:app()()"]
)
def test_options_that_are_refused(option: str) -> None:
    with pytest.raises(InvalidInput):
        parse_app_option(option)


def test_the_files_tell_where_a_dotted_module_ends() -> None:
    candidates = detect({"app.py": "import dash\napp = dash.Dash(__name__)\n"})
    assert parse_app_option("app.app.server", candidates).spec == "app:app.server"
    assert parse_app_option("app.app:server", candidates).spec == "app:app.server", "as tables print it"
    assert parse_app_option("app.app.server").spec == "app.app:server"


@pytest.mark.parametrize("value", ["shop.web.app", "shop.web:app", "shop/web.py:app"])
def test_an_asgi_app_next_to_it_refuses_no_other(value: str) -> None:
    candidates = (EntryPoint("main", "app", "fastapi", ""), EntryPoint("shop.web", "app", "flask", ""))
    assert parse_app_option(value, candidates).spec == "shop.web:app"
    assert parse_app_option("main.app", candidates).spec == "main:app"
    with pytest.raises(InvalidInput):
        parse_app_option("main", candidates)
    with pytest.raises(InvalidInput):
        parse_app_option("\x1b:app", candidates)


def test_an_option_is_recognized() -> None:
    candidates = detect({"main.py": FASTAPI, "config/wsgi.py": DJANGO_WSGI})
    assert recognized(parse_app_option("main:other"), candidates).is_asgi
    assert recognized(parse_app_option("config.wsgi:application"), candidates).settings_module == "config.settings"
    assert recognized(parse_app_option("unknown:app"), candidates).framework == "wsgi"
    assert recognized(parse_app_option("main:other"), candidates).reason == "--app names main:other."


def test_an_option_knows_the_folder() -> None:
    candidates = detect(DJANGO_IN_A_FOLDER)
    for option in ("config.wsgi:application", "backend.config.wsgi:application"):
        entry = recognized(parse_app_option(option), candidates)
        assert (entry.spec, entry.folder, entry.settings_module) == (option, "backend", "config.settings")


def test_a_script_that_holds_an_application_is_that() -> None:
    entry = recognized(parse_app_option("run.py"), detect({"run.py": FLASK}))
    assert (entry.spec, entry.framework) == ("run:app", "flask")


def test_an_option_for_what_serves_itself_is_refused() -> None:
    candidates = detect({"app.py": "from aiohttp import web\nAPP = web.Application()\n"})
    for option in ("app:APP", "app.py"):
        with pytest.raises(Refused, match="--startup-command"):
            refuse_foreign(parse_app_option(option), candidates)
    refuse_foreign(parse_app_option("app:other"), candidates)


RUN = {"run.py": "from shop import app\nif __name__ == '__main__':\n    app.run()\n", "shop/__init__.py": FLASK}


@pytest.mark.parametrize(
    "text, files, handler",
    [
        ("run.py", RUN, "run.app"),
        (r".\run.py", RUN, "run.app"),
        ("run:app", RUN, "run.app"),
        ("run.py:app", RUN, "run.app"),
        ("shop/__init__.py", RUN, "shop.app"),
        (r"\shop.app", RUN, "shop.app"),
        ("app", RUN, "shop.app"),
        ("shop.app()", RUN, "shop.app"),
        (
            "app.create_app",
            {"app.py": "import flask\ndef create_app():\n    return flask.Flask('x')\n"},
            "app.create_app()",
        ),
    ],
)
def test_handlers_that_cannot_work(text: str, files: dict[str, str | bytes], handler: str) -> None:
    repaired = repaired_handler(text, detect(files))
    assert repaired is not None
    assert repaired.wsgi_handler == handler


@pytest.mark.parametrize(
    "text", ["shop.app", "shop-site.app", "my app.app", "app.app.server", "django.core.x()", "x.py"]
)
def test_handlers_that_may_work_stand(text: str) -> None:
    assert repaired_handler(text, detect(RUN)) is None


def test_a_handler_that_nothing_explains() -> None:
    with pytest.raises(NotFound, match="WSGI_HANDLER 'no:thing' is invalid"):
        repaired_handler("no:thing", detect({"x.py": ""}))
