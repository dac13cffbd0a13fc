"""Which settings of a web.config are called secrets, and the file without them."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.secrets import secrets_in, without

CONFIG = b"""<?xml version="1.0"?>\r
<configuration>\r
  <appSettings>\r
    <add key="WSGI_HANDLER" value="app.app" />\r
    <add key="DB_PASSWORD" value="hunter22" />\r
    <add key="LOG_LEVEL" value="info" />\r
  </appSettings>\r
  <system.webServer>\r
    <httpPlatform processPath="python.exe"><environmentVariables>\r
      <environmentVariable name="DATABASE" value="Server=x;Pwd=geheim" />\r
    </environmentVariables></httpPlatform>\r
  </system.webServer>\r
</configuration>\r
"""


def one(name: str, value: str) -> bool:
    """Whether a single setting is called a secret."""
    text = f'<configuration><appSettings><add key="{name}" value="{value}" /></appSettings></configuration>'
    return bool(secrets_in(text.encode()))


def test_secrets_are_found_by_name_and_by_value() -> None:
    found = [(each.name, each.line, each.section) for each in secrets_in(CONFIG)]
    assert found == [("DB_PASSWORD", 5, "appSettings"), ("DATABASE", 10, "environmentVariables")]
    assert "hunter22" not in repr(secrets_in(CONFIG))


def test_only_the_lines_of_secrets_go() -> None:
    after = without(CONFIG, {"DB_PASSWORD"})
    assert after == CONFIG.replace(b'    <add key="DB_PASSWORD" value="hunter22" />\r\n', b"")
    assert secrets_in(without(CONFIG, {"DB_PASSWORD", "DATABASE"})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "s3cr3t-value"),
        ("STORAGE_KEY", "abcdefg=="),
        ("API_KEY", "123456"),
        ("GITHUB_TOKEN", "ghp_abc"),
        ("AccessToken", "eyJ0"),
        ("AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=https"),
        ("SENTRY_DSN", "https://abc@sentry.example/1"),
        ("REDIS", "redis://user:pass@cache:6379"),
        ("BLOB", "https://x.blob.example/c?sig=abc"),
    ],
)
def test_a_secret(name: str, value: str) -> None:
    assert one(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WSGI_HANDLER", "app.app"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "%SECRET_KEY%"),
        ("SECRET_KEY", "#{SecretKey}#"),
        ("PASSWORD_RESET_TIMEOUT", "3600"),
        ("USE_SECRETS", "true"),
        ("TOKEN_URL", "https://login.example/token"),
        ("KEYBOARD", "qwertz"),
        ("PRIMARY_KEY_NAME", "identifier"),
        ("SECRET_FILE", r"D:\home\data\secret.txt"),
        ("APPINSIGHTS_INSTRUMENTATIONKEY", "4f0b"),
        ("AUTHOR", "Ann"),
        ("MONKEY", "banana"),
        ("CONNECTION_TIMEOUT", "30"),
    ],
)
def test_no_secret(name: str, value: str) -> None:
    assert not one(name, value)


def test_a_file_that_is_no_xml_is_refused() -> None:
    with pytest.raises(InvalidWebConfig):
        secrets_in(b"<configuration>")
