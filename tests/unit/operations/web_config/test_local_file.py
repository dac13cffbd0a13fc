"""`web-config` on a local file: no Azure, the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.errors import InvalidInput, NotFound, Refused
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.operations.web_config.show_set_diff import diff_web_config, set_web_config, show_web_config
from azext_pythonapp.operations.web_config.target import FileTarget
from tests.unit.progress import Recorded

PYTHON = "D:\\home\\python364x64\\python.exe"
APP = "def application(environ, start_response):\n    pass\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def place(folder: Path) -> FileTarget:
    return FileTarget(folder / "web.config", Recorded())


def request(
    handler: str = "auto",
    command: str | None = None,
    python: str | None = None,
    app: str | None = None,
    environment: tuple[str, ...] = (),
    static: tuple[str, ...] = (),
    output: Path | None = None,
) -> WebConfigRequest:
    return WebConfigRequest.from_options(
        version=None,
        architecture=None,
        python_path=python,
        handler=HandlerOptions.from_options(handler=handler, startup_command=command),
        app=app,
        platform=PlatformOptions(),
        environment=environment,
        static=static,
        output=str(output) if output else None,
    )


def test_a_new_file_then_nothing_to_do(folder: Path) -> None:
    wanted = request("fastcgi", python=PYTHON)
    answer = set_web_config(place(folder), wanted, False)
    assert (answer["changed"], answer["app"], answer["changeId"]) == (True, None, None)
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "app.application")
    assert [change["action"] for change in answer["changes"]] == ["create"]
    content = (folder / "web.config").read_bytes()
    again = set_web_config(place(folder), wanted, False)
    assert (again["changed"], again["changes"]) == (False, [])
    assert set_web_config(place(folder), request(), False)["changed"] is False, "it keeps what it has"
    assert (folder / "web.config").read_bytes() == content


def test_a_dry_run_and_a_diff_write_nothing(folder: Path) -> None:
    wanted = request("fastcgi", python=PYTHON, environment=("API_KEY=hidden", "LEVEL=info"))
    dry = set_web_config(place(folder), wanted, True)
    assert dry["dryRun"] is True and dry["changed"] is True
    diff = diff_web_config(place(folder), wanted)
    assert diff["diff"] == dry["changes"][0]["diff"] and diff["changed"] is True
    assert "hidden" not in diff["diff"] and 'value="info"' in diff["diff"]
    assert not (folder / "web.config").exists()


def test_the_last_lines_say_what_it_starts_now(folder: Path) -> None:
    wanted = request("fastcgi", python=PYTHON)
    dry, real, again = place(folder), place(folder), place(folder)
    title = f"web.config of '{folder.resolve()}'"
    set_web_config(dry, wanted, True)
    assert [(label, now, dry_run) for label, now, _, dry_run in dry.progress.plans] == [(title, None, True)]
    assert dry.progress.last == []
    set_web_config(real, wanted, False)
    assert real.progress.last == [f"{title} starts {PYTHON} with FastCGI."]
    set_web_config(again, wanted, False)
    assert again.progress.last == [f"{title} is as asked for; nothing changed."]
    other = place(folder)
    set_web_config(other, request("httpplatform", command="waitress-serve app:application"), True)
    (change,) = other.progress.plans[0][2]
    assert (change.before, change.action) == (f"fastCgi {PYTHON}", "update")


def test_elsewhere_the_last_line_says_where(folder: Path) -> None:
    target, elsewhere = place(folder), folder / "new.config"
    set_web_config(target, request("fastcgi", python=PYTHON, output=elsewhere), False)
    assert target.progress.last == [f"Wrote {elsewhere}."]


def test_show_masks_secrets_and_warns(folder: Path) -> None:
    with pytest.raises(NotFound):
        show_web_config(place(folder))
    set_web_config(
        place(folder), request("fastcgi", python=PYTHON, environment=("API_KEY=hidden", "LEVEL=info")), False
    )
    shown = show_web_config(place(folder))
    assert shown["environment"] == {"WSGI_LOG": "D:\\home\\LogFiles\\wfastcgi.log", "API_KEY": "***", "LEVEL": "info"}
    assert (shown["handlerName"], shown["warnings"]) == ("PythonHandler", [])
    broken = (folder / "web.config").read_bytes().replace(b"app.application", b"app.application()")
    (folder / "web.config").write_bytes(broken)
    assert "WSGI_HANDLER" in " ".join(show_web_config(place(folder))["warnings"])


def test_static_folders(folder: Path) -> None:
    set_web_config(place(folder), request("fastcgi", python=PYTHON), False)
    with pytest.raises(NotFound):
        set_web_config(place(folder), request(static=("static",)), False)
    (folder / "static").mkdir()
    own = (
        b'<configuration>\n  <system.webServer>\n    <handlers>\n      <add name="X" path="*.x" verb="*" '
        b'type="Y" />\n    </handlers>\n  </system.webServer>\n</configuration>\n'
    )
    (folder / "static" / "web.config").write_bytes(own)
    answer = set_web_config(place(folder), request(static=("static",)), False)
    assert [change["target"] for change in answer["changes"]] == [str(folder / "static" / "web.config")]
    assert (folder / "static" / "web.config").read_bytes() == own.replace(
        b"      <add", b'      <remove name="PythonHandler" />\n      <add'
    )
    assert set_web_config(place(folder), request(static=("static",)), False)["changed"] is False


def test_a_folder_that_cannot_be_written_undoes_the_rest(folder: Path) -> None:
    set_web_config(place(folder), request("fastcgi", python=PYTHON), False)
    before = (folder / "web.config").read_bytes()
    (folder / "static").mkdir()
    (folder / "static" / "web.config").write_text("<configuration><unclosed>")
    with pytest.raises(Exception, match="not valid XML"):
        set_web_config(place(folder), request(environment=("A=B",), static=("static",)), False)
    assert (folder / "web.config").read_bytes() == before


def test_http_platform_needs_a_server(folder: Path) -> None:
    with pytest.raises(Refused, match="requirements.txt"):
        set_web_config(place(folder), request("httpplatform", python=PYTHON), False)
    (folder / "requirements.txt").write_text("waitress\n")
    answer = set_web_config(place(folder), request(python=PYTHON), False)
    assert answer["handler"] == "httpPlatform" and answer["pythonPath"] == "%HOME%\\python364x64\\python.exe"
    assert answer["arguments"] == (
        "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% --trusted-proxy=127.0.0.1 "
        '--trusted-proxy-headers="x-forwarded-proto x-forwarded-for" app:application'
    )
    assert answer["httpPlatform"]["startupTimeLimit"] == "120"


def test_there_is_no_python_without_a_name(folder: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        set_web_config(place(folder), request("fastcgi"), False)
    assert "--python-path" in str(raised.value.recommendation)


def test_another_file_gets_the_result(folder: Path) -> None:
    set_web_config(place(folder), request("fastcgi", python=PYTHON), False)
    before = (folder / "web.config").read_bytes()
    (folder / "static").mkdir()
    target = folder / "package" / "web.config"
    wanted = request(environment=("A=B",), static=("static",), output=target)
    answer = set_web_config(place(folder), wanted, False)
    assert [change["target"] for change in answer["changes"]] == [str(target), str(target.parent / "static/web.config")]
    assert b'key="A"' in target.read_bytes() and (folder / "web.config").read_bytes() == before
    assert not (folder / "static" / "web.config").exists()
    assert set_web_config(place(folder), wanted, False)["changed"] is False


BARE = (
    '<configuration><system.webServer><handlers><add name="P" path="*" verb="*" modules="FastCgiModule" '
    f'scriptProcessor="{PYTHON}|D:\\home\\python364x64\\wfastcgi.py" /></handlers></system.webServer></configuration>'
)


def test_settings_that_nobody_looked_at_are_not_overridden(folder: Path) -> None:
    (folder / "web.config").write_text(BARE)
    shown = show_web_config(place(folder))
    assert (shown["warnings"], shown["entryPoint"]) == ([], None)
    assert [note for note in shown["notes"] if "were not read" in note and "--app" in note] == shown["notes"][:1]
    assert len(shown["notes"]) == 1
    assert diff_web_config(place(folder), request())["diff"] == ""
    answer = set_web_config(place(folder), request(environment=("LEVEL=info",)), False)
    assert answer["entryPoint"] is None and "WSGI_HANDLER" not in (folder / "web.config").read_text()
    assert [note for note in answer["notes"] if "were not read" in note and "--app" in note]
    answer = set_web_config(place(folder), request(app="app:application"), False)
    assert answer["entryPoint"] == "app.application"
    assert [note for note in answer["notes"] if "WSGI_HANDLER of web.config will take precedence" in note]
    assert set_web_config(place(folder), request(app="app:application"), False)["changed"] is False


def test_other_handler_needs_a_known_entry_point(folder: Path) -> None:
    (folder / "web.config").write_text(BARE)
    (folder / "requirements.txt").write_text("waitress\n")
    with pytest.raises(Refused, match="entry point of .* is not known"):
        set_web_config(place(folder), request("httpplatform"), False)
    answer = set_web_config(place(folder), request("httpplatform", app="app:application"), False)
    assert answer["arguments"].endswith("app:application")


def test_a_new_file_says_what_goes_before_the_settings(folder: Path) -> None:
    answer = diff_web_config(place(folder), request("fastcgi", python=PYTHON))
    assert 'key="WSGI_HANDLER" value="app.application"' in answer["diff"]
    assert [note for note in answer["notes"] if "WSGI_HANDLER, WSGI_LOG of web.config will take precedence" in note]
