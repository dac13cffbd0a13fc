"""Python for a part of a site: a path, a <location>, some verbs, a rewrite rule. It is switched where it is."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler

OLD = r"D:\home\python364x64\python.exe|D:\home\python364x64\wfastcgi.py"
NEW = r"D:\home\python3119x64\python.exe|D:\home\python3119x64\wfastcgi.py"
FASTCGI = HandlerIntent("fastCgi", r"D:\home\python3119x64\python.exe", None, "app.app")
HTTP = HandlerIntent("httpPlatform", r"%HOME%\python3119x64\python.exe", arguments="-m waitress app:app")
SETTINGS = '  <appSettings>\n    <add key="WSGI_HANDLER" value="app.app" />\n  </appSettings>\n'
SPA = """    <rewrite>
      <rules>
        <rule name="single page" stopProcessing="true">
          <match url=".*" />
          <conditions>
            <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />
          </conditions>
          <action type="Rewrite" url="/index.html" />
        </rule>
      </rules>
    </rewrite>
"""


def fastcgi(path: str = "*", verb: str = "*", name: str = "PythonHandler", processor: str = OLD, more: str = "") -> str:
    return (
        f'      <add name="{name}" path="{path}" verb="{verb}" modules="FastCgiModule" scriptProcessor="{processor}" '
        f'resourceType="Unspecified" requireAccess="Script" {more}/>\n'
    )


def server(handlers: str, more: str = "") -> str:
    return f"  <system.webServer>\n    <handlers>\n{handlers}    </handlers>\n{more}  </system.webServer>\n"


def config(*sections: str) -> bytes:
    return f"<configuration>\n{SETTINGS}{''.join(sections)}</configuration>\n".encode()


def location(path: str, inside: str) -> str:
    return f'  <location path="{path}">\n{inside}  </location>\n'


@pytest.mark.parametrize(
    "content",
    [
        config(server(fastcgi("api/*"), SPA)),
        config(server(fastcgi("*.py"))),
        config(server(fastcgi("*", "GET,HEAD"))),
        config(server(fastcgi("*", "GET,HEAD") + fastcgi("*", "POST", "Posts"))),
        config(server(fastcgi("api/*") + fastcgi("admin/*", name="Admin"))),
        config(location("api", server(fastcgi())), server("", SPA)),
        config(server("", SPA), location("Api/v1", server(fastcgi("*", "POST")))),
        config(location("api", server(fastcgi())), location("admin", server(fastcgi()))),
        config(
            server(fastcgi()),
            location("admin", server('      <remove name="PythonHandler" />\n' + fastcgi("x/*", name="X"))),
        ),
        config(
            server(
                fastcgi("api/*") + '      <add name="iisnode" path="server.js" verb="*" modules="iisnode" />\n',
                '    <rewrite><rules><rule name="n"><match url=".*" /><action type="Rewrite" url="server.js" /></rule></rules>'
                "</rewrite>\n",
            )
        ),
        config(
            server(
                fastcgi("api/*") + '      <add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" />\n'
            )
        ),
        config(server(fastcgi("*", more='preCondition="integratedMode" ').replace("Unspecified", "Either"))),
    ],
    ids=range(12),
)
def test_only_the_script_processor_changes(content: bytes) -> None:
    edit = write_handler(content, FASTCGI)
    assert edit.content == content.replace(OLD.encode(), NEW.encode())
    again = write_handler(edit.content, FASTCGI)
    assert (again.changed, again.notes) == (False, ())
    found = read_handler(content)
    assert found is not None and (found.kind, found.python_path) == ("fastCgi", OLD.partition("|")[0])


@pytest.mark.parametrize(
    "content, part",
    [
        (config(server(fastcgi("api/*"))), "the path 'api/*'"),
        (config(location("api", server(fastcgi("v1/*")))), "the location 'api' and the path 'v1/*'"),
        (config(server(fastcgi("*", "GET,HEAD"))), "the verbs GET,HEAD"),
        (config(server(fastcgi("*"))), None),
    ],
)
def test_which_part_it_is_is_told(content: bytes, part: str | None) -> None:
    found = read_handler(content)
    assert found is not None and found.part == part


def test_a_part_goes_to_http_platform_where_it_is() -> None:
    content = config(location("api", server(fastcgi("v1/*", "GET"))), server("", SPA))
    edit = write_handler(content, HTTP)
    assert b'path="v1/*" verb="GET" modules="httpPlatformHandler"' in edit.content and SPA.encode() in edit.content
    inside = edit.content.partition(b'<location path="api">')[2].partition(b"</location>")[0]
    assert b"<httpPlatform " in inside and edit.content.count(b"<httpPlatform ") == 1
    back = write_handler(edit.content, HandlerIntent("fastCgi", r"D:\home\python364x64\python.exe", None, "app.app"))
    assert b'path="v1/*" verb="GET" modules="FastCgiModule"' in back.content
    found = read_handler(back.content)
    assert found is not None and found.location == "api" and found.unused.process_path


def test_another_python_of_another_part_is_left_and_named() -> None:
    other = OLD.replace("python364x64", "Python27")
    content = config(server(fastcgi()), location("legacy", server(fastcgi(name="Legacy", processor=other))))
    edit = write_handler(content, FASTCGI)
    assert other.encode() in edit.content and edit.content.count(NEW.encode()) == 1


def test_same_python_of_another_part_is_named() -> None:
    content = config(server(fastcgi()), location("legacy", server(fastcgi(name="Legacy"))))
    edit = write_handler(content, HTTP)
    assert edit.content.count(OLD.encode()) == 1
    assert any("'Legacy' on line" in note and "still starts" in note for note in edit.warnings)


def test_second_process_keeps_its_own_arguments() -> None:
    add = '      <add name="{0}" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />\n'
    platform = '    <httpPlatform processPath="{0}" arguments="-m waitress {1}:app" startupTimeLimit="60" />\n'
    content = (
        f"<configuration>\n{server(add.format('One'), platform.format('%HOME%/python364x64/python.exe', 'one'))}"
        f"{location('two', server(add.format('Two'), platform.format('D:/home/python364x64/python.exe', 'two')))}"
        "</configuration>\n"
    ).encode()
    intent = HandlerIntent("httpPlatform", HTTP.python_path)
    edit = write_handler(content, intent)
    assert edit.content == content.replace(b"%HOME%/python364x64/python.exe", HTTP.python_path.encode()).replace(
        b"D:/home/python364x64/python.exe", HTTP.python_path.encode()
    )


def test_no_name_is_taken_twice_on_the_way_of_a_request() -> None:
    typed = '      <add name="PYTHONHANDLER" path="*.x" verb="*" type="T" />\n'
    for content in (
        config(server(typed)),
        config(location("api", server(typed))),
        config(server(""), location("a/b", server(typed))),
    ):
        assert b'<add name="PythonHandler2" path="*"' in write_handler(content, FASTCGI).content


def test_foreign_handler_of_another_part_is_ignored() -> None:
    node = '      <add name="iisnode" path="*" verb="*" modules="iisnode" />\n'
    content = config(location("node", server(node)))
    result = write_handler(content, FASTCGI).content
    assert location("node", server(node)).encode() in result and NEW.encode() in result


def test_what_comes_to_no_handler_is_taken_up() -> None:
    edit = write_handler(config(server(fastcgi("handler.fcgi"))), FASTCGI)
    assert b'path="*"' in edit.content and any("path from 'handler.fcgi' to '*'" in note for note in edit.notes)


def test_a_dead_duplicate_goes_and_a_living_one_stays() -> None:
    content = config(server(fastcgi("*", "GET") + fastcgi("*", "GET", "Dead") + fastcgi("*", "*", "Rest")))
    edit = write_handler(content, FASTCGI)
    assert b'"Dead"' not in edit.content and b'"Rest"' in edit.content and edit.content.count(NEW.encode()) == 2


RULE = """    <rewrite>
      <rules>
        <rule name="Static Files" stopProcessing="true">
          <match url="^icons/(.*)" />
          <action type="Rewrite" url="assets/icons/{R:1}" />
        </rule>
        <rule name="ToPython" stopProcessing="true">
          <match url="%s" />
          <conditions>
%s          </conditions>
          <serverVariables>
            <set name="HTTP_X" value="1" />
          </serverVariables>
          <action type="Rewrite" url="%s" appendQueryString="true" />
        </rule>
      </rules>
    </rewrite>
"""
STATIC = '            <add input="{REQUEST_URI}" pattern="^/static/.*" negate="true" />\n'


@pytest.mark.parametrize(
    "path, url",
    [
        ("handler.fcgi", "handler.fcgi/{R:1}"),
        ("handler.fcgi", "/handler.fcgi/{R:1}"),
        ("run.py", "run.py?x={R:1}"),
        ("*.fcgi", "x.fcgi/{R:1}"),
        ("*", "app.py"),
        ("sub/handler.fcgi", "sub/handler.fcgi"),
    ],
)
def test_rules_and_path_stay_for_fastcgi(path: str, url: str) -> None:
    content = config(server(fastcgi(path), RULE % ("(.*)", STATIC, url)))
    found = read_handler(content)
    assert found is not None and found.part is None
    edit = write_handler(content, FASTCGI)
    assert edit.content == content.replace(OLD.encode(), NEW.encode())


def test_rewrite_rule_goes_under_http_platform() -> None:
    content = config(server(fastcgi("handler.fcgi"), RULE % ("(.*)", STATIC, "handler.fcgi/{R:1}")))
    edit = write_handler(content, HTTP)
    assert b'name="Static Files"' in edit.content and b"handler.fcgi" not in edit.content
    for folder in (b"static", b"assets/icons"):
        assert (
            b'  <location path="%s">\n    <system.webServer>\n      <handlers>\n        <remove name="PythonHandler" />'
            % folder
            in edit.content
        )
    said = " ".join(edit.notes)
    assert "'ToPython' (line 15) were removed" in said and "'/static'" in said
    again = write_handler(edit.content, HTTP)
    assert (again.changed, again.notes) == (False, ())


@pytest.mark.parametrize(
    "url, path",
    [
        ("^api/(.*)", "api/*"),
        ("^api/(.*)$", "api/*"),
        ("^/?(.*)", None),
        (".*", "*"),
        ("^(?!static/)(.*)$", "*"),
        ("^shop-[0-9]+", None),
        ("", "*"),
        ("^(.*)$", "*"),
    ],
)
def test_a_rule_for_a_part_is_never_widened(url: str, path: str | None) -> None:
    content = config(server(fastcgi("handler.fcgi"), RULE % (url, "", "handler.fcgi/{R:1}")))
    if path is None:
        with pytest.raises(Refused, match=r"'ToPython' \(line 15\)"):
            write_handler(content, HTTP)
    else:
        result = write_handler(content, HTTP).content
        assert f'path="{path}" verb="*" modules="httpPlatformHandler"'.encode() in result
        assert (b'<location path="static">' in result) == ("static" in url)


def test_conditions_that_are_lost_are_named() -> None:
    other = '            <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />\n'
    content = config(server(fastcgi("handler.fcgi"), RULE % (".*", other, "handler.fcgi")))
    assert any("conditions of those rules on lines 18" in note for note in write_handler(content, HTTP).warnings)


def test_a_rule_that_does_not_feed_a_script_stays_and_is_named() -> None:
    content = config(
        server(
            fastcgi(),
            '    <rewrite><rules><rule name="old"><match url="^old/(.*)" />'
            '<action type="Rewrite" url="new/{R:1}" /></rule></rules></rewrite>\n',
        )
    )
    edit = write_handler(content, HTTP)
    assert b'<rule name="old">' in edit.content and any("'old' (line" in note for note in edit.remarks)
