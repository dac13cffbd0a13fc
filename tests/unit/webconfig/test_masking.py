"""What of a web.config may be printed."""

from __future__ import annotations

import pytest
from hypothesis import given

from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler
from azext_pythonapp.webconfig.masking import looks_secret, masked_settings, masked_text
from tests.unit.webconfig.strategies import text_of, web_configs

FILE = """\
<?xml version="1.0"?>
<configuration>
  <!-- <add key="Old" value="commented-secret" /> password='another-secret' -->
  <connectionStrings>
    <add name="Shop" connectionString="Server=x;User=u;Password=hidden-one" providerName="System.Data.SqlClient" />
  </connectionStrings>
  <appSettings>
    <add key="Harmless?" value="hidden-two" />
    <add
      key="StorageKey"
      value='hidden
three' />
    <add key="WSGI_HANDLER" value="old.app" />
    <add key="PYTHONPATH" value="D:\\home\\site\\lib" />
  </appSettings>
  <system.web>
    <machineKey validationKey="hidden-four" decryptionKey="hidden-five" validation="SHA1" />
    <identity userName="me" password="hidden-six" />
  </system.web>
  <applicationSettings><setting name="Api"><value>hidden-seven</value></setting></applicationSettings>
  <other><![CDATA[hidden-eight]]></other>
</configuration>
"""


def test_values_of_others_are_hidden_and_lines_stay_lines() -> None:
    masked = masked_text(FILE)
    assert "hidden" not in masked and "secret" not in masked
    assert len(masked.splitlines()) == len(FILE.splitlines())
    for shown in (
        'key="Harmless?"',
        'name="Shop"',
        'providerName="System.Data.SqlClient"',
        'validation="SHA1"',
        'value="old.app"',
        'value="D:\\home\\site\\lib"',
        'userName="me"',
    ):
        assert shown in masked, shown


def test_given_value_is_shown_unless_secret() -> None:
    assert 'value="hidden-two"' in masked_text(FILE, {"HARMLESS?"})
    assert "three" not in masked_text(FILE, {"STORAGEKEY"})


def test_a_diff_shows_no_value_of_others() -> None:
    content = FILE.encode()
    edit = write_handler(content, HandlerIntent("fastCgi", "D:\\home\\python364x64\\python.exe", None, "new.app"))
    diff = unified_diff(content, edit.content, "web.config")
    assert '-    <add key="WSGI_HANDLER" value="old.app" />\n+    <add key="WSGI_HANDLER" value="new.app" />' in diff
    assert "hidden" not in diff


def test_a_changed_secret_is_a_change_that_shows_nothing() -> None:
    after = FILE.replace("hidden-two", "hidden-2")
    diff = unified_diff(FILE.encode(), after.encode(), "web.config")
    line = '    <add key="Harmless?" value="***" />'
    assert f"-{line}\n+{line}" in "\n".join(text.partition("  [")[0] for text in diff.splitlines()), diff


@pytest.mark.parametrize(
    "text",
    [
        '<configuration><appSettings>\n<add key="A" value="hunter2"\n<add key="B" value="x"/>',
        '<add key="A" value="hunter2 />\n<add key="B" value="x"/>',
        '<add key="A" value="hunter2 />\n<add key=" B " value="x">',
        '<appSettings>add key="A" value="hunter2"/>',
        "<add key=\"A\"> value='hunter2'/>",
        '<add key="A" value=hunter2 />',
        '<add key="A" value="hunter2',
        '<add key="A" value="a<hunter2"',
        '<add key="A"><![CDATA[hunter2</add>',
        '<!-- <add key="A" value="hunter2" ',
    ],
)
def test_a_file_that_is_no_xml_shows_no_value(text: str) -> None:
    assert "hunter2" not in masked_text(text)
    assert masked_text(text).count("\n") == text.count("\n")
    assert "hunter2" not in unified_diff(text.encode(), b"<configuration/>", "web.config")


def test_what_looks_like_a_secret() -> None:
    for name in ("API_KEY", "Password", "DB_PWD", "MyConnection", "AZURE_TOKEN", "SECRET_KEY", "SAS_URL", "SENTRY_DSN"):
        assert looks_secret(name, "x"), name
    for name in ("LOG_LEVEL", "PYTHONPATH", "WSGI_LOG", "DJANGO_SETTINGS_MODULE", "DEBUG", "PORT", "Basis"):
        assert not looks_secret(name, "x"), name
    assert looks_secret("DATABASE", "postgres://me:pass@host/db")
    assert looks_secret("STORE", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b==")
    assert not looks_secret("PAGE", "https://contoso.com/a?b=c")
    assert masked_settings({"LOG_LEVEL": "info", "API_KEY": "x"}) == {"LOG_LEVEL": "info", "API_KEY": "***"}


@given(web_configs())
def test_masking_keeps_the_lines_of_any_file(content: bytes) -> None:
    text = text_of(content)
    masked = masked_text(text)
    assert [line.endswith("\r\n") for line in text.splitlines(True)] == [
        line.endswith("\r\n") for line in masked.splitlines(True)
    ]
