"""From one kind of handler to the other and back: the same meaning, and no setting lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.operations.web_config.show_set_diff import set_web_config, show_web_config
from azext_pythonapp.operations.web_config.target import FileTarget
from azext_pythonapp.webconfig.handlers import HandlerIntent, carried_environment, read_handler, write_handler
from azext_pythonapp.webconfig.values import literal, translated, variables_in
from tests.unit.operations.web_config.test_local_file import request
from tests.unit.progress import Recorded

PAIR = r"D:\home\python364x64\python.exe|D:\home\python364x64\wfastcgi.py"
ADD = '<add name="PythonHandler" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />'


def platform(attributes: str, variables: dict[str, str] | None = None) -> str:
    inside = "".join(
        f'        <environmentVariable name="{name}" value="{value}" />\n' for name, value in (variables or {}).items()
    )
    return (
        "<configuration>\n  <system.webServer>\n    <handlers>\n      " + ADD + "\n    </handlers>\n"
        f"    <httpPlatform {attributes}>\n      <environmentVariables>\n{inside}      </environmentVariables>\n"
        "    </httpPlatform>\n  </system.webServer>\n</configuration>\n"
    )


def fastcgi(settings: dict[str, str]) -> str:
    inside = "".join(f'    <add key="{name}" value="{value}" />\n' for name, value in settings.items())
    return (
        f"<configuration>\n  <appSettings>\n{inside}  </appSettings>\n  <system.webServer>\n    <handlers>\n"
        f'      <add name="Py" path="*" verb="*" modules="FastCgiModule" scriptProcessor="{PAIR}" '
        'resourceType="Unspecified" requireAccess="Script" />\n    </handlers>\n  </system.webServer>\n'
        "</configuration>\n"
    )


HTTP_FILES = {
    "the path as written": platform(
        r'processPath="D:/home/python364x64/python.exe" arguments="-m waitress --port '
        r'%HTTP_PLATFORM_PORT% --threads=8 shop:app"'
    ),
    "every attribute": platform(
        r'processPath="%home%\python364x64\python.exe" arguments="-m waitress --port %HTTP_PLATFORM_PORT% shop:app" '
        r'startupTimeLimit="7" startupRetryCount="3" rapidFailsPerMinute="2" processesPerApplication="4" '
        r'requestTimeout="00:10:00" stdoutLogEnabled="true" stdoutLogFile="D:\home\LogFiles\own" '
        r'forwardWindowsAuthToken="true"',
        {"STAGE": "live", "HOME_OF_DATA": r"%HOME%\data", "PYTHONPATH": r"%HOME%\lib"},
    ),
    "the port": platform(
        r'processPath="D:\home\python364x64\python.exe" arguments="shop.py"',
        {"PORT": "%HTTP_PLATFORM_PORT%", "BIND": "127.0.0.1:%http_platform_port%", "STAGE": "live"},
    ),
    "a factory": platform(
        r'processPath="D:\home\python364x64\python.exe" '
        r'arguments="-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% --call shop:make"'
    ),
    "a variable of the worker": platform(
        r'processPath="D:\home\python364x64\python.exe" arguments="-m waitress shop:app"',
        {"PATH": r"%PATH%;D:\home\bin", "FORMAT": "%Y%m%d", "RATE": "100%"},
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(
        "from flask import Flask\n\napp = Flask(__name__)\n\n\ndef make():\n    return app\n"
    )
    (tmp_path / "requirements.txt").write_text("flask\nwaitress\n")
    return tmp_path


def place(folder: Path) -> FileTarget:
    return FileTarget(folder / "web.config", Recorded())


def meaning(folder: Path) -> dict[str, object]:
    shown = show_web_config(place(folder))
    return {
        key: shown[key] for key in ("handler", "pythonPath", "entryPoint", "arguments", "environment", "httpPlatform")
    }


@pytest.mark.parametrize("name", HTTP_FILES)
def test_http_platform_to_fastcgi_and_back(folder: Path, name: str) -> None:
    file = folder / "web.config"
    file.write_text(HTTP_FILES[name])
    before = meaning(folder)
    there = set_web_config(place(folder), request("fastcgi"), False)
    assert there["handler"] == "fastCgi"
    assert set_web_config(place(folder), request("fastcgi"), False)["changed"] is False
    assert show_web_config(place(folder))["warnings"] == []
    set_web_config(place(folder), request("httpplatform"), False)
    assert meaning(folder) == before
    assert set_web_config(place(folder), request(), False)["changed"] is False


@pytest.mark.parametrize(
    "settings",
    [
        {"WSGI_HANDLER": "shop.app", "WSGI_LOG": r"D:\home\LogFiles\own.log", "STAGE": "live"},
        {"PYTHONPATH": r"%HOME%\site\wwwroot;%SystemDrive%\home\lib", "WSGI_HANDLER": "shop.app", "FOO": "&lt;1&gt;"},
        {"WSGI_HANDLER": "shop.make()", "WSGI_RESTART_FILE_REGEX": ".*", "DJANGO_SETTINGS_MODULE": "shop.live"},
    ],
)
def test_fastcgi_to_http_platform_and_back(folder: Path, settings: dict[str, str]) -> None:
    file = folder / "web.config"
    file.write_text(fastcgi(settings))
    before = meaning(folder)
    answer = set_web_config(place(folder), request("httpplatform"), False)
    said = " ".join(answer["notes"])
    assert all(name in said for name in settings)
    assert "%HOME%" not in str(answer["environment"]) and "%SystemDrive%" not in str(answer["environment"])
    set_web_config(place(folder), request("fastcgi"), False)
    assert meaning(folder) == before
    start, _, rest = file.read_text().partition("    <httpPlatform ")
    kept = start + (rest.partition("</httpPlatform>\n")[2] if "</httpPlatform>" in rest else rest.partition("/>\n")[2])
    assert kept == fastcgi(settings)


def test_what_fastcgi_has_no_use_for_is_listed_one_by_one(folder: Path) -> None:
    (folder / "web.config").write_text(HTTP_FILES["every attribute"])
    said = " ".join(set_web_config(place(folder), request("fastcgi"), False)["notes"])
    for part in (
        "arguments='-m waitress --port %HTTP_PLATFORM_PORT% shop:app'",
        "startupTimeLimit='7'",
        "startupRetryCount='3'",
        "rapidFailsPerMinute='2'",
        "processesPerApplication='4'",
        "requestTimeout='00:10:00'",
        "stdoutLogFile='D:\\home\\LogFiles\\own'",
        "forwardWindowsAuthToken='true'",
    ):
        assert part in said, said
    (folder / "web.config").write_text(HTTP_FILES["the port"])
    answer = set_web_config(place(folder), request("fastcgi"), False)
    assert answer["environment"] == {"STAGE": "live"}
    assert "the environment variable PORT" in " ".join(answer["notes"])


def test_old_arguments_of_something_else_are_not_reused(folder: Path) -> None:
    (folder / "web.config").write_text(HTTP_FILES["the path as written"])
    set_web_config(place(folder), request("fastcgi", app="shop:make()"), False)
    answer = set_web_config(place(folder), request("httpplatform"), False)
    assert "--call shop:make" in answer["arguments"]
    assert "arguments of <httpPlatform> was changed" in " ".join(answer["notes"])


def test_a_value_changed_meanwhile_goes_back_changed(folder: Path) -> None:
    (folder / "web.config").write_text(HTTP_FILES["every attribute"])
    set_web_config(place(folder), request("fastcgi", environment=("STAGE=test",)), False)
    answer = set_web_config(place(folder), request("httpplatform"), False)
    assert (answer["environment"]["STAGE"], answer["environment"]["PYTHONPATH"]) == ("test", r"%HOME%\lib")


def test_settings_that_become_environment_are_named(folder: Path) -> None:
    text = HTTP_FILES["the port"].replace(
        "<configuration>\n",
        '<configuration>\n  <appSettings>\n    <add key="Payments" value="1" />\n  </appSettings>\n',
    )
    (folder / "web.config").write_text(text)
    notes = set_web_config(place(folder), request("fastcgi"), False)["notes"]
    assert any("Now environment variables of the app" in note and "Payments" in note for note in notes)


@pytest.mark.parametrize(
    "name, value, fast, http",
    [
        ("A", r"%HOME%\x", r"D:\home\x", r"D:\home\x"),
        ("A", r"%home%/x", r"D:\home/x", r"D:\home/x"),
        ("A", r"%SystemDrive%\home\x", r"D:\home\x", r"D:\home\x"),
        ("A", r"%SystemDrive%\other", None, r"%SystemDrive%\other"),
        ("A", "x%HTTP_PLATFORM_PORT%", None, "x%HTTP_PLATFORM_PORT%"),
        ("A", "%Y%m%d", "%Y%m%d", "%Y%m%d"),
        ("A", "50%", "50%", "50%"),
        ("PATH", "%PATH%;x", None, "%PATH%;x"),
        ("PYTHONPATH", r"%HOME%\x;%ROOT%", r"%HOME%\x;%ROOT%", r"D:\home\x;%ROOT%"),
    ],
)
def test_values(name: str, value: str, fast: str | None, http: str) -> None:
    assert translated(name, value, "fastCgi") == fast
    assert translated(name, value, "httpPlatform") == http
    assert literal(literal(value)) == literal(value) and variables_in("%WEBSITE_HOSTNAME%") == ["WEBSITE_HOSTNAME"]


def test_paths_of_the_runtime_before_are_carried_for_the_new_one() -> None:
    current = read_handler(
        fastcgi(
            {
                "WSGI_HANDLER": "a.b",
                "PYTHONHOME": r"D:\home\python364x64",
                "PYTHONPATH": r"%HOME%\python364x64\Lib\site-packages;D:\home\lib",
            }
        ).encode()
    )
    assert carried_environment(current, "httpPlatform", r"D:\home\python3119x64\python.exe") == {
        "PYTHONHOME": r"D:\home\python3119x64",
        "PYTHONPATH": r"D:\home\python3119x64\Lib\site-packages;D:\home\lib",
    }


def test_a_secret_in_arguments_is_in_no_note() -> None:
    content = platform(r'processPath="python.exe" arguments="app.py --password=hunter2"').encode()
    fast = HandlerIntent("fastCgi", r"D:\home\python364x64\python.exe", None, "a.b")
    there = write_handler(content, fast)
    other = write_handler(content, HandlerIntent("httpPlatform", "python.exe", arguments="other"))
    assert "hunter2" not in str(there.notes) + str(other.notes)
