"""A web.config in which something else runs beside the app's Python: another Python app, or Node.js."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.web_config.show_set_diff import set_web_config, show_web_config
from azext_pythonapp.webconfig import paths
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler
from tests.unit.operations.web_config.test_local_file import place, request
from tests.unit.webconfig.test_parts_of_a_site import FASTCGI, HTTP, config, fastcgi, location, server

WS = '      <add name="ws" path="ws/*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />\n'
PLATFORM = (
    '    <httpPlatform processPath="D:\\home\\python364x64\\python.exe" arguments="{}" startupTimeLimit="60" />\n'
)
NODE = '      <add name="iisnode" path="server.js" verb="*" modules="iisnode" />\n'
RULE = '    <rewrite><rules><rule name="n">{}<action type="Rewrite" url="server.js" /></rule></rules></rewrite>\n'
NEW = r"D:\home\python3119x64\python.exe"


@pytest.mark.parametrize("arguments", ["ws.py %HTTP_PLATFORM_PORT%", "-m uvicorn ws:app --port %HTTP_PLATFORM_PORT%"])
def test_program_of_another_handler_is_not_the_app(tmp_path: Path, arguments: str) -> None:
    content = config(server(WS + fastcgi(), PLATFORM.format(arguments)))
    found = read_handler(content)
    assert found is not None and found.kind == "fastCgi" and found.unused.shared
    with pytest.raises(Refused) as error:
        write_handler(content, HTTP)
    assert "line 10" in error.value.message and "'ws' on line 7" in error.value.message
    (tmp_path / "app.py").write_text("def app(environ, start_response):\n    pass\n")
    (tmp_path / "requirements.txt").write_text("waitress\n")
    (tmp_path / "web.config").write_bytes(content)
    with pytest.raises(Refused):
        set_web_config(place(tmp_path), request("httpplatform"), False)
    assert (tmp_path / "web.config").read_bytes() == content


def test_a_handler_that_no_request_gets_to_does_not_matter() -> None:
    content = config(server(fastcgi() + WS, PLATFORM.format("ws.py")))
    assert read_handler(write_handler(content, HTTP).content) is not None


def test_process_beside_fastcgi_gets_the_new_python() -> None:
    content = config(server(WS + fastcgi(), PLATFORM.format("ws.py")))
    edit = write_handler(content, FASTCGI)
    assert edit.content == content.replace(b"python364x64", b"python3119x64")
    assert sum("'ws'" in note for note in edit.notes) == 1 and not any("still starts" in note for note in edit.notes)
    assert write_handler(edit.content, FASTCGI).notes == ()


def test_the_app_of_another_fastcgi_handler_is_not_replaced() -> None:
    whole = WS.replace("ws/*", "*").replace('"ws"', '"Whole"')
    part = fastcgi("api/*", name="Api")
    for content in (
        config(server(part + whole, PLATFORM.format("-m waitress other:app"))),
        config(server(whole, PLATFORM.format("-m waitress other:app")), location("api", server(part))),
    ):
        with pytest.raises(Refused) as error:
            write_handler(content, HandlerIntent("fastCgi", NEW, None, "other.app"))
        assert "'Api'" in error.value.message and "'app.app'" in error.value.message
        assert read_handler(write_handler(content, FASTCGI).content) is not None, "the same app may serve both"


@pytest.mark.parametrize(
    "rule",
    [
        '<match url="^api/(.*)" />',
        '<match url=".*" /><conditions><add input="{REQUEST_URI}" pattern="^/node" /></conditions>',
    ],
)
def test_node_for_some_addresses_is_no_reason_to_refuse(rule: str) -> None:
    content = config(server(NODE + fastcgi(), RULE.format(rule)))
    edit = write_handler(content, FASTCGI)
    assert edit.content == content.replace(b"python364x64", b"python3119x64")
    assert RULE.format(rule).encode() in write_handler(content, HTTP).content


def test_node_that_takes_every_page_is_refused() -> None:
    for rule in (
        "",
        '<match url="(.*)" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="True" />'
        "</conditions>",
    ):
        with pytest.raises(Refused):
            write_handler(config(server(NODE + fastcgi(), RULE.format(rule))), FASTCGI)


@pytest.mark.parametrize("path", ["python", r"C:\Windows\py.exe", r"%WEBROOT_PATH%\env\Scripts\python.exe"])
def test_a_python_that_is_not_told_never_becomes_a_registration(tmp_path: Path, path: str) -> None:
    content = config(
        server(
            WS.replace("ws/*", "*"),
            PLATFORM.replace("D:\\home\\python364x64\\python.exe", path).format("-m waitress app:app"),
        )
    )
    (tmp_path / "web.config").write_bytes(content)
    with pytest.raises(Refused):
        set_web_config(place(tmp_path), request("fastcgi"), False)
    assert show_web_config(place(tmp_path))["warnings"] == []


def test_python_started_by_a_shell_is_known() -> None:
    content = config(
        server(
            WS.replace("ws/*", "*"),
            PLATFORM.format(r"/c D:\home\python364x64\python.exe -m waitress app:app").replace(
                'processPath="D:\\home\\python364x64\\python.exe"', 'processPath="%SystemRoot%\\System32\\cmd.exe"'
            ),
        )
    )
    found = read_handler(content)
    assert found is not None and found.python_paths == (r"D:\home\python364x64\python.exe",)


def test_what_wins_in_another_location_is_not_written_again(tmp_path: Path) -> None:
    other = '    <appSettings><add key="WSGI_HANDLER" value="admin.app" /></appSettings>\n'
    content = config(server(fastcgi()), location("admin", other))
    (tmp_path / "web.config").write_bytes(content)
    answer = set_web_config(place(tmp_path), request(), False)
    assert (answer["changed"], answer["entryPoint"]) == (False, "admin.app")
    with pytest.raises(Refused):
        write_handler(content, FASTCGI)


TWO_RULES = (
    '    <rewrite><rules>{}<rule name="py" stopProcessing="true"><match url="(.*)" />'
    '<action type="Rewrite" url="handler.fcgi/{{R:1}}" /></rule></rules></rewrite>\n'
).format(
    '<rule name="node" stopProcessing="true"><match url="^api/(.*)" /><action type="Rewrite" url="server.js" /></rule>'
)


def test_python_behind_a_rule_goes_along_beside_node() -> None:
    content = config(server(fastcgi("handler.fcgi") + NODE, TWO_RULES))
    assert write_handler(content, FASTCGI).content == content.replace(b"python364x64", b"python3119x64")


def test_handler_with_a_wider_path_hides_no_other() -> None:
    edit = write_handler(config(server(fastcgi("handler.fcgi") + NODE, TWO_RULES)), HTTP)
    assert edit.content.index(b'path="server.js"') < edit.content.index(
        b'path="*" verb="*" modules="httpPlatformHandler"'
    )
    assert edit.content.count(b"<add name=") == 2 and any("moved last" in note for note in edit.notes)
    assert write_handler(edit.content, HTTP).notes == ()


@pytest.mark.parametrize(
    "python",
    [
        r"D:\home\site\wwwroot\..\..\python364x64\python.exe",
        "%HOME%/site/wwwroot/../../python364x64/python.exe",
        r"%WEBROOT_PATH%\..\..\python364x64\python.exe",
        r".\..\..\python364x64\python.exe",
    ],
)
def test_a_runtime_that_is_named_by_way_of_wwwroot_is_in_use(python: str) -> None:
    content = config(server(WS, PLATFORM.replace("D:\\home\\python364x64\\python.exe", python)))
    assert [use.line for use in paths.uses(content, "python364x64")] == [9]
    assert paths.runtime_folder(python) == "python364x64"
