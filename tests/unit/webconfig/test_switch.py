"""Files that other tools left: replaced, kept or refused, and said."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig.handlers import read_handler, write_handler
from tests.unit.webconfig.test_handlers import FASTCGI, HTTP, HTTP_ADD, PAIR, PYTHON, config, fastcgi

VISUAL_STUDIO = b"""<?xml version="1.0"?>
<configuration>
  <appSettings>
    <add key="WSGI_ALT_VIRTUALENV_HANDLER" value="FlaskWebProject.app" />
    <add key="WSGI_ALT_VIRTUALENV_ACTIVATE_THIS"
         value="D:\\home\\site\\wwwroot\\env\\Scripts\\activate_this.py" />
    <add key="WSGI_HANDLER"
         value="ptvs_virtualenv_proxy.get_virtualenv_handler()" />
    <add key="PYTHONPATH" value="%ROOTDIR%" />
  </appSettings>
  <system.web>
    <compilation debug="true" targetFramework="4.0" />
  </system.web>
  <system.webServer>
    <modules runAllManagedModulesForAllRequests="true" />
    <handlers>
      <remove name="Python27_via_FastCGI" />
      <add name="Python FastCGI"
           path="handler.fcgi"
           verb="*"
           modules="FastCgiModule"
           scriptProcessor="%INTERPRETERPATH%|%WFASTCGIPATH%"
           resourceType="Unspecified"
           requireAccess="Script" />
    </handlers>
    <rewrite>
      <rules>
        <rule name="Static Files" stopProcessing="true">
          <conditions>
            <add input="true" pattern="false" />
          </conditions>
        </rule>
        <rule name="Configure Python" stopProcessing="true">
          <match url="(.*)" ignoreCase="false" />
          <conditions>
            <add input="{REQUEST_URI}" pattern="^/static/.*" ignoreCase="true" negate="true" />
          </conditions>
          <action type="Rewrite" url="handler.fcgi/{R:1}" appendQueryString="true" />
        </rule>
      </rules>
    </rewrite>
  </system.webServer>
</configuration>
"""
HTTPS_RULE = b"""        <rule name="https" stopProcessing="true">
          <match url="(.*)" />
          <action type="Redirect" url="https://{HTTP_HOST}/{R:1}" />
        </rule>
"""


def test_what_visual_studio_wrote_is_read() -> None:
    found = read_handler(VISUAL_STUDIO)
    assert found is not None
    assert (found.kind, found.python_path, found.handler_name) == ("fastCgi", "%INTERPRETERPATH%", "Python FastCGI")
    assert found.entry_point == "FlaskWebProject.app"


def test_what_visual_studio_wrote_is_replaced() -> None:
    edit = write_handler(VISUAL_STUDIO, FASTCGI)
    before, _, after = VISUAL_STUDIO.partition(b'    <add key="WSGI_ALT_VIRTUALENV_HANDLER"')
    middle = after.partition(b'    <add key="WSGI_HANDLER"')[2].partition(b"    <rewrite>")[0]
    rules = b"    <rewrite>" + VISUAL_STUDIO.partition(b"    <rewrite>")[2]
    expected = before + b'    <add key="WSGI_HANDLER"' + middle + rules
    expected = expected.replace(b"ptvs_virtualenv_proxy.get_virtualenv_handler()", b"app.app").replace(
        b"%INTERPRETERPATH%|%WFASTCGIPATH%", PAIR.encode()
    )
    assert edit.content == expected, "the rules still bring requests to handler.fcgi, and leave static to IIS"
    said = " ".join(edit.notes)
    assert "WSGI_ALT_VIRTUALENV_HANDLER='FlaskWebProject.app', WSGI_ALT_VIRTUALENV_ACTIVATE_THIS=" in said
    assert "PYTHONPATH on line 9 still has a placeholder" in said and "PYTHONPATH" in " ".join(edit.warnings)
    assert not write_handler(edit.content, FASTCGI).changed


def test_the_proxied_entry_point_is_kept_when_none_is_given() -> None:
    intent = type(FASTCGI)("fastCgi", FASTCGI.python_path)
    found = read_handler(write_handler(VISUAL_STUDIO, intent).content)
    assert found is not None and found.entry_point == "FlaskWebProject.app"


def test_other_rewrite_rules_stay() -> None:
    content = VISUAL_STUDIO.replace(b"      <rules>\n", b"      <rules>\n" + HTTPS_RULE)
    edit = write_handler(content, HTTP)
    rules = content.partition(b'        <rule name="Configure Python"')[0].partition(b"      <rules>\n")[2]
    assert b"      <rules>\n" + rules + b"      </rules>\n" in edit.content, "also one that is named Static Files"
    assert b"handler.fcgi" not in edit.content
    line = content[: content.index(b'<rule name="Configure Python"')].count(b"\n") + 1
    assert any(f"The rewrite rules 'Configure Python' (line {line}) were removed" in note for note in edit.notes)


def test_old_entries_for_other_pythons_are_removed() -> None:
    content = config(
        fastcgi("Python27", python=r"D:\Python27\python.exe")
        + '      <add name="PHP" path="*.php"/>\n'
        + fastcgi("Python34", python=r"D:\Python34\python.exe")
    )
    edit = write_handler(content, FASTCGI)
    assert b"Python34" not in edit.content and b'name="Python27"' in edit.content and b"*.php" in edit.content
    assert any("'Python34'" in note and "removed" in note for note in edit.notes)


def test_fastcgi_and_http_platform_mixed_up() -> None:
    """visualstudio-docs issue 4361: both handlers and httpPlatform in one file, under one name."""
    content = config(
        fastcgi("PythonHandler") + f"      {HTTP_ADD}\n",
        '    <httpPlatform processPath="D:\\home\\p\\python.exe" arguments="old"/>\n',
        '    <add key="WSGI_HANDLER" value="a.b"/>\n',
    )
    fast, http = write_handler(content, FASTCGI).content, write_handler(content, HTTP).content
    assert b"httpPlatform" not in fast and fast.count(b"<add name") == 1
    assert b"FastCgi" not in http and http.count(b"<add name") == 1
    assert any("<httpPlatform> was removed: arguments='old'." in note for note in write_handler(content, FASTCGI).notes)


@pytest.mark.parametrize(
    "handler, server, framework",
    [
        (
            '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />',
            '<aspNetCore processPath="dotnet" arguments=".\\app.dll" />',
            "ASP.NET Core",
        ),
        ('<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModule" />', "", "ASP.NET Core"),
        ('<add name="iisnode" path="*" verb="*" modules="iisnode" />', "", "Node.js"),
        (
            '<add name="iisnode" path="server.js" verb="*" modules="iisnode" />',
            '<rewrite><rules><rule name="DynamicContent"><action type="Rewrite" url="server.js"/></rule></rules></rewrite>',
            "Node.js",
        ),
    ],
)
def test_apps_of_other_frameworks_are_refused(handler: str, server: str, framework: str) -> None:
    content = config(f"      {handler}\n", f"    {server}\n")
    assert read_handler(content) is None
    for intent in (FASTCGI, HTTP):
        with pytest.raises(Refused) as error:
            write_handler(content, intent)
        assert framework in error.value.message and "line 6" in error.value.message
        assert "<add name=" in (error.value.recommendation or "")


def test_a_removed_handler_of_another_framework_does_not_matter() -> None:
    content = config('      <add name="iisnode" path="*" modules="iisnode"/>\n      <remove name="iisnode"/>\n')
    assert read_handler(write_handler(content, FASTCGI).content) is not None


def test_iisnode_for_its_own_files_is_kept() -> None:
    content = config('      <add name="iisnode" path="api.js" verb="*" modules="iisnode"/>\n')
    assert b'path="api.js"' in write_handler(content, FASTCGI).content


@pytest.mark.parametrize(
    "attributes, before",
    [
        ('path="*" type="Some.Handler"', True),
        ('path="*." type="System.Web.Handlers.TransferRequestHandler"', True),
        ('path="*" modules="StaticFileModule" resourceType="Either"', True),
        ('path="*" modules="StaticFileModule" resourceType="File"', False),
        ('path="*.php" modules="FastCgiModule"', False),
        ('path="*" modules="ProtocolSupportModule" verb="TRACE"', False),
    ],
)
def test_a_new_handler_goes_before_what_would_answer_first(attributes: str, before: bool) -> None:
    verb = "" if "verb" in attributes else 'verb="*" '
    content = config(f'      <add name="Other" {verb}{attributes}/>\n')
    result = write_handler(content, FASTCGI).content
    assert (result.index(b"PythonHandler") < result.index(b'"Other"')) == before


def test_a_handler_behind_one_that_takes_everything_is_moved() -> None:
    content = config(
        '      <add name="Other" path="*" verb="*" type="Some.Handler"/>\n'
        + fastcgi("My Python", more="responseBufferLimit='0' ")
    )
    edit = write_handler(content, FASTCGI)
    assert b'responseBufferLimit="0"' in edit.content
    assert edit.content.index(b"My Python") < edit.content.index(b'"Other"')
    assert edit.content.count(b'<add name="My Python"') == 1
    assert any("moved before 'Other'" in note for note in edit.notes)
    assert not write_handler(edit.content, FASTCGI).changed


@pytest.mark.parametrize("undone", ['<remove name="Python"/>', "<clear/>"])
def test_an_undone_handler_is_replaced(undone: str) -> None:
    content = config(fastcgi("Python") + f"      {undone}\n")
    assert read_handler(content) is None
    edit = write_handler(content, FASTCGI)
    assert read_handler(edit.content) is not None
    assert edit.content.index(undone.encode()) < edit.content.index(b"<add name=")
    assert not write_handler(edit.content, FASTCGI).changed


def test_a_remove_behind_the_new_handler_goes() -> None:
    content = config('      <add name="Other" path="*" verb="*" type="T"/>\n      <remove name="PythonHandler"/>\n')
    result = write_handler(content, FASTCGI).content
    assert result.count(b'<remove name="PythonHandler"') == 1
    assert result.index(b"<remove") < result.index(b'<add name="PythonHandler"') < result.index(b'"Other"')


def test_a_name_that_is_taken() -> None:
    content = config('      <add name="pythonhandler" path="*.old" verb="*" type="T"/>\n')
    assert b'<add name="PythonHandler2" path="*"' in write_handler(content, FASTCGI).content
    below = config().replace(
        b"</configuration>",
        b"<location path='x'><system.webServer><handlers><add name='PythonHandler' "
        b"path='*.x' type='T'/></handlers></system.webServer></location></configuration>",
    )
    assert b'<add name="PythonHandler2" path="*"' in write_handler(below, FASTCGI).content
    twice = config(fastcgi("X") + fastcgi("X", path="legacy/*"))
    renamed = write_handler(twice, FASTCGI).content
    assert b'<add name="PythonHandler" path="*"' in renamed and b'<add name="X" path="legacy/*"' in renamed


def test_what_other_handlers_need_is_kept() -> None:
    content = config(
        fastcgi("App") + fastcgi("Old", path="legacy/*", python=r"D:\Python27\python.exe"),
        settings='    <add key="WSGI_HANDLER" value="a.b"/>\n',
    )
    edit = write_handler(content, HTTP)
    assert (
        b"WSGI_HANDLER" in edit.content
        and fastcgi("Old", "legacy/*", r"D:\Python27\python.exe").encode() in edit.content
    )
    other = config(
        f"      {HTTP_ADD}\n"
        + f"      {HTTP_ADD}\n".replace('path="*"', 'path="api/*"').replace("PythonHandler", "Api"),
        '    <httpPlatform processPath="python.exe" arguments="x"/>\n',
    )
    edit = write_handler(other, FASTCGI)
    assert b"<httpPlatform " in edit.content and any("was kept" in note for note in edit.notes)


def test_a_bitness_precondition_is_removed() -> None:
    content = config(fastcgi(more='preCondition="bitness32" '))
    assert b"preCondition" not in write_handler(content, FASTCGI).content, "it was for the Python before"
    good = config(fastcgi(python=PYTHON, more='preCondition="bitness64" '))
    assert b"preCondition" in write_handler(good, FASTCGI).content


def test_missing_script_access_is_said() -> None:
    content = config(fastcgi()).replace(b"<handlers>", b'<handlers accessPolicy="Read">')
    assert any("403" in note for note in write_handler(content, FASTCGI).notes)
    assert not any("403" in note for note in write_handler(content, HTTP).notes)
