"""Reading and writing the handler: one case for each fact of docs/platform/site-extensions.md 2 and 3."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput, InvalidWebConfig, Refused
from azext_pythonapp.webconfig.handlers import HandlerIntent, carried_environment, read_handler, write_handler
from tests.unit.webconfig.wfastcgi_parser import read_as_wfastcgi

PYTHON = r"D:\home\python364x64\python.exe"
PAIR = PYTHON + r"|D:\home\python364x64\wfastcgi.py"
FASTCGI = HandlerIntent("fastCgi", PYTHON, None, "app.app")
HTTP = HandlerIntent("httpPlatform", r"%HOME%\python364x64\python.exe", arguments="-m waitress app:app")
FASTCGI_ADD = (
    f'<add name="PythonHandler" path="*" verb="*" modules="FastCgiModule" scriptProcessor="{PAIR}" '
    'resourceType="Unspecified" requireAccess="Script" />'
)
HTTP_ADD = '<add name="PythonHandler" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />'


def config(handlers: str = "", server: str = "", settings: str = "") -> bytes:
    """A web.config with these elements, LF, two blanks."""
    return (
        f"<configuration>\n  <appSettings>\n{settings}  </appSettings>\n  <system.webServer>\n"
        f"    <handlers>\n{handlers}    </handlers>\n{server}  </system.webServer>\n</configuration>\n"
    ).encode()


def fastcgi(
    name: str = "Python", path: str = "*", python: str = r"D:\home\Python353x64\python.exe", more: str = ""
) -> str:
    """The <add> of a FastCGI handler for Python."""
    return (
        f'      <add name="{name}" path="{path}" verb="*" modules="FastCgiModule" scriptProcessor="{python}|'
        f'D:\\x\\wfastcgi.py" {more}/>\n'
    )


def test_no_file_runs_nothing() -> None:
    assert read_handler(None) is None
    assert read_handler(config()) is None


def test_a_new_fastcgi_file() -> None:
    edit = write_handler(None, FASTCGI)
    text = edit.content.decode("utf-8")
    assert edit.changed and edit.notes == ("A new web.config was written.",)
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\r\n<!--')
    assert text.count("\n") == text.count("\r\n") and text.endswith("</configuration>\r\n")
    assert f'      <remove name="PythonHandler" />\r\n      {FASTCGI_ADD}\r\n' in text
    assert '  <appSettings>\r\n    <add key="WSGI_HANDLER" value="app.app" />\r\n  </appSettings>\r\n' in text
    assert "httpPlatform" not in text


def test_a_new_http_platform_file() -> None:
    text = write_handler(None, HTTP).content.decode("utf-8")
    assert f"      {HTTP_ADD}\r\n" in text
    assert (
        '    <httpPlatform processPath="%HOME%\\python364x64\\python.exe" arguments="-m waitress app:app" '
        'startupTimeLimit="120" />\r\n'
    ) in text
    assert "WSGI" not in text and "appSettings" not in text


def test_a_full_http_platform() -> None:
    intent = HandlerIntent(
        "httpPlatform",
        r"%HOME%\p\python.exe",
        arguments='-c "x"',
        environment={"A": "1", "B": "<\n>"},
        startup_time_limit=3600,
        stdout_log=r"\\?\%home%\LogFiles\python.log",
        settings={"processesPerApplication": "4", "requestTimeout": "00:10:00"},
    )
    content = write_handler(None, intent).content
    assert (
        b'startupTimeLimit="3600" processesPerApplication="4" requestTimeout="00:10:00" stdoutLogEnabled="true" '
        b'stdoutLogFile="\\\\?\\%home%\\LogFiles\\python.log">'
    ) in content
    found = read_handler(content)
    assert found is not None
    assert (found.arguments, found.environment) == ('-c "x"', {"A": "1", "B": "<\n>"})
    assert not write_handler(content, intent).changed


def test_an_existing_handler_is_changed_in_place() -> None:
    content = config(
        fastcgi("My Python", more="allowPathInfo='true' requireAccess='Script'"),
        settings='    <add value="old.app" key=" WSGI_HANDLER "/> <!-- why -->\n',
    )
    edit = write_handler(content, FASTCGI)
    assert edit.content == content.replace(
        b"D:\\home\\Python353x64\\python.exe|D:\\x\\wfastcgi.py", PAIR.encode()
    ).replace(b"old.app", b"app.app")
    assert len(edit.notes) == 2 and "scriptProcessor" in edit.notes[1] and "WSGI_HANDLER" in edit.notes[0]


def test_only_appsettings_are_missing() -> None:
    content = (
        f"<configuration>\n  <system.webServer>\n    <handlers>\n      {FASTCGI_ADD}\n    </handlers>\n"
        "  </system.webServer>\n</configuration>\n"
    ).encode()
    edit = write_handler(content, FASTCGI)
    assert edit.content.decode().startswith(
        '<configuration>\n  <appSettings>\n    <add key="WSGI_HANDLER" value="app.app" />\n  </appSettings>\n'
        "  <system.webServer>\n"
    )


def test_location_around_the_server() -> None:
    content = (
        b"<configuration>\r\n\t<location path='.' inheritInChildApplications='false'>\r\n"
        b"\t\t<system.webServer>\r\n\t\t\t<handlers/>\r\n\t\t</system.webServer>\r\n\t</location>\r\n"
        b"</configuration>"
    )
    result = write_handler(content, FASTCGI).content.decode()
    assert result == (
        '<configuration>\r\n\t<appSettings>\r\n\t\t<add key="WSGI_HANDLER" value="app.app" />\r\n'
        "\t</appSettings>\r\n\t<location path='.' inheritInChildApplications='false'>\r\n"
        "\t\t<system.webServer>\r\n\t\t\t<handlers>\r\n"
        f'\t\t\t\t<remove name="PythonHandler" />\r\n\t\t\t\t{FASTCGI_ADD}\r\n'
        "\t\t\t</handlers>\r\n\t\t</system.webServer>\r\n\t</location>\r\n</configuration>"
    )


def test_a_location_for_another_path_is_a_part_of_the_site() -> None:
    content = (
        config(fastcgi())
        .replace(b"<system.webServer>", b"<location path='api'><system.webServer>")
        .replace(b"</system.webServer>", b"</system.webServer></location>")
    )
    found = read_handler(content)
    assert found is not None and (found.location, found.part) == ("api", "the location 'api'")
    result = write_handler(content, FASTCGI).content
    assert result.replace(b'    <add key="WSGI_HANDLER" value="app.app" />\n', b"") == content.replace(
        b"D:\\home\\Python353x64\\python.exe|D:\\x\\wfastcgi.py", PAIR.encode()
    )


def test_what_wfastcgi_reads_wins() -> None:
    """Facts 3: a location's appSettings override the top level, keys are stripped, <remove> is ignored."""
    content = (
        b"<configuration><appSettings><add key='WSGI_HANDLER' value='one.app'/><add key=' X ' value='&#xA;'/>"
        b"</appSettings><location path='.'><appSettings><remove key='X'/>"
        b"<add key='WSGI_HANDLER' value='two.app'/></appSettings></location>"
        b"<system.webServer><handlers>" + fastcgi().encode() + b"</handlers></system.webServer></configuration>"
    )
    found = read_handler(content)
    assert found is not None and (found.entry_point, found.environment) == ("two.app", {"X": "\n"})
    result = write_handler(content, FASTCGI).content
    assert read_as_wfastcgi(result) == {"WSGI_HANDLER": "app.app", "X": "\n"}
    assert result.count(b"WSGI_HANDLER") == 1


def test_a_setting_that_wins_from_elsewhere_is_refused() -> None:
    content = config(fastcgi()).replace(
        b"</configuration>",
        b"<location path='admin'><appSettings><add key='WSGI_HANDLER' value='admin.app'/></appSettings></location>"
        b"</configuration>",
    )
    with pytest.raises(Refused, match="WSGI_HANDLER"):
        write_handler(content, FASTCGI)


def test_no_entry_point_keeps_the_one_there() -> None:
    intent = HandlerIntent("fastCgi", PYTHON)
    content = config(fastcgi(), settings='    <add key="WSGI_HANDLER" value="kept.app"/>\n')
    found = read_handler(write_handler(content, intent).content)
    assert found is not None and found.entry_point == "kept.app"
    assert b"WSGI_HANDLER" not in write_handler(config(fastcgi()), intent).content


@pytest.mark.parametrize(
    "processor, python",
    [
        (r"D:\home\python364x64\python.exe|D:\home\python364x64\wfastcgi.py", True),
        (r"D:\home\site\wwwroot\env\Scripts\python.exe|D:\Python34\Scripts\wfastcgi.py", True),
        (r"&quot;C:\Program Files\Python 3\python.exe&quot;|&quot;C:\Program Files\wfastcgi.py&quot;", True),
        (r"%INTERPRETERPATH%|%WFASTCGIPATH%", True),
        (r"D:\Program Files (x86)\PHP\v7.4\php-cgi.exe", False),
        ("", False),
    ],
)
def test_which_fastcgi_programs_are_python(processor: str, python: bool) -> None:
    content = config(f'      <add name="x" path="*" verb="*" modules="FastCgiModule" scriptProcessor="{processor}"/>\n')
    assert (read_handler(content) is not None) == python
    if python:
        assert read_handler(write_handler(content, FASTCGI).content) is not None
    else:
        with pytest.raises(Refused, match="another FastCGI program"):
            write_handler(content, FASTCGI)


@pytest.mark.parametrize(
    "path, arguments, python",
    [
        (r"%HOME%\python364x64\python.exe", "app.py", True),
        (r"D:\home\site\wwwroot\env\Scripts\waitress-serve.exe", "app:app", True),
        (r"%HOME%\site\wwwroot\run.cmd", "-m uvicorn main:app", True),
        (r"%JAVA_HOME%\bin\java.exe", "-jar app.jar", False),
        (r"node.exe", "server.js", False),
    ],
)
def test_which_http_platform_programs_are_python(path: str, arguments: str, python: bool) -> None:
    server = f'    <httpPlatform processPath="{path}" arguments="{arguments}"/>\n'
    content = config(f"      {HTTP_ADD}\n", server)
    assert (read_handler(content) is not None) == python
    if not python:
        for intent in (FASTCGI, HTTP):
            with pytest.raises(Refused, match="another HttpPlatform program"):
                write_handler(content, intent)
        with pytest.raises(Refused, match="which is not Python"):
            write_handler(config("", server), HTTP)
        assert b"<httpPlatform" in write_handler(config("", server), FASTCGI).content


def test_http_platform_is_updated_in_place() -> None:
    content = config(
        f"      {HTTP_ADD}\n",
        "    <httpPlatform requestTimeout='00:04:00' processPath='python.exe' arguments='old' startupTimeLimit='20'>\n"
        "      <environmentVariables>\n        <environmentVariable name='Path' value='1'/>\n"
        "        <environmentVariable name='KEPT' value='&amp;'/>\n      </environmentVariables>\n"
        "    </httpPlatform>\n",
    )
    intent = HandlerIntent("httpPlatform", r"%HOME%\p\python.exe", environment={"PATH": "2", "NEW": "3"})
    result = write_handler(content, intent).content
    assert result == content.replace(b"'python.exe'", rb"'%HOME%\p\python.exe'").replace(b"'1'", b"'2'").replace(
        b"value='&amp;'/>\n", b'value=\'&amp;\'/>\n        <environmentVariable name="NEW" value="3" />\n'
    )


def test_startup_time_limit_changes_only_on_request() -> None:
    content = config(
        f"      {HTTP_ADD}\n", "    <httpPlatform processPath='python.exe' arguments='a' startupTimeLimit='20'/>\n"
    )
    asked = HandlerIntent("httpPlatform", "python.exe", startup_time_limit=60)
    assert write_handler(content, asked).content == content.replace(b"'20'", b"'60'")
    assert not write_handler(content, HandlerIntent("httpPlatform", "python.exe")).changed


def test_switching_to_http_platform() -> None:
    content = config(
        fastcgi("Py", more='resourceType="Unspecified" requireAccess="Script" '),
        settings=(
            '    <add key="WSGI_HANDLER" value="a.b"/>\n    <add key="WSGI_LOG" value="D:\\l.log"/>\n'
            '    <add key="PYTHONPATH" value="lib"/>\n    <add key="OTHER" value="1"/>\n'
        ),
    )
    intent = HandlerIntent("httpPlatform", HTTP.python_path, arguments="x", environment={"PYTHONPATH": "lib"})
    edit = write_handler(content, intent)
    assert edit.content.decode() == (
        '<configuration>\n  <appSettings>\n    <add key="WSGI_HANDLER" value="a.b"/>\n'
        '    <add key="WSGI_LOG" value="D:\\l.log"/>\n    <add key="PYTHONPATH" value="lib"/>\n'
        '    <add key="OTHER" value="1"/>\n  </appSettings>\n  <system.webServer>\n'
        '    <handlers>\n      <add name="Py" path="*" verb="*" modules="httpPlatformHandler" '
        'resourceType="Unspecified" />\n    </handlers>\n'
        '    <httpPlatform processPath="%HOME%\\python364x64\\python.exe" arguments="x" startupTimeLimit="120">\n'
        '      <environmentVariables>\n        <environmentVariable name="PYTHONPATH" value="lib" />\n'
        "      </environmentVariables>\n    </httpPlatform>\n  </system.webServer>\n</configuration>\n"
    )
    said = " ".join(edit.notes)
    assert (
        "Kept in appSettings: WSGI_HANDLER='a.b', WSGI_LOG='D:\\l.log'. Only wfastcgi" in said
        and "Kept in appSettings: PYTHONPATH. The app" in said
        and "Kept in appSettings: OTHER. HttpPlatformHandler" in said
    )
    assert edit.warnings == tuple(note for note in edit.notes if "OTHER" in note)


def test_switching_to_fastcgi_says_which_variables_go() -> None:
    there = write_handler(None, HandlerIntent("httpPlatform", HTTP.python_path, arguments="x", environment={"S": "1"}))
    edit = write_handler(there.content, FASTCGI)
    assert any("arguments='x', startupTimeLimit='120', the environment variable S." in note for note in edit.notes)
    assert write_handler(edit.content, FASTCGI).notes == ()
    current = read_handler(there.content)
    assert carried_environment(current, "fastCgi") == {"S": "1"}
    assert carried_environment(current, "httpPlatform") == {} and carried_environment(None, "fastCgi") == {}


def test_carried_environment_leaves_what_only_wfastcgi_reads() -> None:
    content = config(
        fastcgi(),
        settings='    <add key="WSGI_LOG" value="D:\\l"/>\n    <add key="K" value="1"/>\n'
        '    <add key="a=b" value="2"/>\n',
    )
    carried = carried_environment(read_handler(content), "httpPlatform")
    assert carried == {"K": "1"}
    there = write_handler(content, HandlerIntent("httpPlatform", HTTP.python_path, arguments="x", environment=carried))
    assert b'<add key="K" value="1"/>' in there.content and b'<environmentVariable name="K"' in there.content
    assert any("Kept in appSettings: a=b." in note for note in there.notes)


@pytest.mark.parametrize(
    "intent, message",
    [
        (HandlerIntent("fastCgi", r"%HOME%\python364x64\python.exe", None, "app.app"), "contains '%'"),
        (HandlerIntent("fastCgi", "", None, "app.app"), "is empty"),
        (HandlerIntent("fastCgi", PYTHON, None, " "), "entry point is empty"),
        (
            HandlerIntent("fastCgi", PYTHON, None, "a.b", environment={"WSGI_LOG": r"%HOME%\x.log"}),
            "does not expand variables",
        ),
        (HandlerIntent("fastCgi", PYTHON, None, "a.b", environment={"WSGI_HANDLER": "x"}), "set by the entry point"),
        (HandlerIntent("fastCgi", PYTHON, None, "a.b", environment={"A=B": "x"}), "cannot be the name"),
        (HandlerIntent("fastCgi", PYTHON, None, "a.b", environment={"A": "\x00"}), "not valid in XML"),
        (HandlerIntent("httpPlatform", PYTHON), "no arguments"),
        (HandlerIntent("httpPlatform", PYTHON, arguments="x", startup_time_limit=3601), "startupTimeLimit"),
        (
            HandlerIntent("httpPlatform", PYTHON, arguments="x", settings={"requestTimeout": "00:00:30"}),
            "requestTimeout",
        ),
        (HandlerIntent("httpPlatform", PYTHON, arguments="x", settings={"requestTimeout": "31.00:00:00"}), "30 days"),
        (
            HandlerIntent("httpPlatform", PYTHON, arguments="x", settings={"processesPerApplication": "0"}),
            "cannot be '0'",
        ),
        (
            HandlerIntent("httpPlatform", PYTHON, arguments="x", settings={"stdoutLogEnabled": "yes"}),
            "stdoutLogEnabled",
        ),
        (HandlerIntent("httpPlatform", PYTHON, arguments="x", settings={"colour": "red"}), "no attribute 'colour'"),
    ],
)
def test_impossible_intents(intent: HandlerIntent, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        write_handler(None, intent)
    assert error.value.recommendation and message in f"{error.value.message} {error.value.recommendation}"


def test_another_root_is_refused() -> None:
    with pytest.raises(InvalidWebConfig, match="not <configuration>"):
        read_handler(b"<html/>")


@pytest.mark.parametrize(
    "content",
    [
        b"<configuration><appSettings configSource='a.config'/></configuration>",
        b"<configuration><appSettings configProtectionProvider='P'><EncryptedData/></appSettings></configuration>",
        b"<configuration><system.webServer><handlers configSource='h.config'/></system.webServer></configuration>",
    ],
)
def test_sections_kept_elsewhere_are_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="cannot be edited here"):
        write_handler(content, FASTCGI)


def test_a_file_of_appsettings_is_kept() -> None:
    content = config(fastcgi()).replace(b"<appSettings>", b"<appSettings file='secrets.config'>")
    assert b"<appSettings file='secrets.config'>" in write_handler(content, FASTCGI).content


def test_a_registration_with_quotes_is_written_literally() -> None:
    intent = HandlerIntent("fastCgi", r"D:\home\my python\python.exe", r'"D:\home\my python\wfastcgi.py"', "app.app")
    content = write_handler(None, intent).content
    assert rb'scriptProcessor="D:\home\my python\python.exe|&quot;D:\home\my python\wfastcgi.py&quot;"' in content
    found = read_handler(content)
    assert found is not None and found.wfastcgi_path == r"D:\home\my python\wfastcgi.py"
    assert not write_handler(content, intent).changed
