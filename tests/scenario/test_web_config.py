"""`web-config show`, `set` and `diff` on an app and on a local file."""

from __future__ import annotations

import pytest

from tests.local_azure import login
from tests.scenario.apps import bytes_before, naming, record_of, undo_line, web_root
from tests.scenario.unchanged import unchanged

SECRETS = ("hidden-one", "hidden-three", "hidden-four")
THEIRS = b"""\
<connectionStrings>\r
    <add name="Shop" connectionString="Server=x;User=u;Password=hidden-one" />\r
  </connectionStrings>\r
  <appSettings>\r
    <add key="Payments" value="hidden-two" />\r
    <add key="API_KEY" value="hidden-three" />"""


def with_secrets(site):
    """Put secrets of the app's own into its web.config."""
    config = web_root(site) / "web.config"
    config.write_bytes(config.read_bytes().replace(b"<appSettings>", THEIRS))
    return config


def test_an_environment_a_static_folder_and_no_secrets(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    config = with_secrets(site)
    before = config.read_bytes()
    (web_root(site) / "static").mkdir()
    (web_root(site) / "static" / "a.txt").write_text("static text")
    options = ("--env", "LEVEL=info", "OTHER_TOKEN=hidden-four", "--static-path", "static")

    with unchanged(azure, site):
        diff = az("webapp python web-config diff", *naming(site), *options, "--output", "json")
        dry = az("webapp python web-config set --dry-run", *naming(site), *options)
    assert diff.json["diff"] == "".join(change["diff"] for change in dry.json["changes"])
    assert '+    <add key="LEVEL" value="info" />' in diff.json["diff"]
    assert '+    <add key="OTHER_TOKEN" value="***" />' in diff.json["diff"]
    assert dry.json["changed"] is True and dry.json["dryRun"] is True

    done = az("webapp python web-config set", *naming(site), *options)
    answer = done.json
    assert [(change["target"], change["action"]) for change in answer["changes"]] == [
        ("site/wwwroot/web.config", "update"),
        ("site/wwwroot/static/web.config", "create"),
    ]
    assert answer["environment"]["LEVEL"] == "info" and answer["environment"]["API_KEY"] == "***"
    new = b'\r\n    <add key="LEVEL" value="info" />\r\n    <add key="OTHER_TOKEN" value="hidden-four" />'
    assert config.read_bytes().replace(new, b"") == before
    assert "Hello from WSGI" in apps.get(site).text
    assert apps.get(site, "/static/a.txt").text == "static text"
    assert bytes_before(site, answer["changeId"]) == before
    assert bytes_before(site, answer["changeId"], "site/wwwroot/static/web.config") is None
    record = record_of(site, answer["changeId"])
    assert (record["state"], record["command"], record["user"]) == ("succeeded", "web-config set", login.CLIENT_ID)
    assert [row["target"] for row in record["changes"]] == [row["target"] for row in answer["changes"]]
    assert record["runtimeBefore"] == record["runtimeAfter"] and record["runtimeAfter"]["version"] == "3.8.10"
    assert done.stderr.rstrip().splitlines()[-1] == undo_line(site, answer["changeId"]), done

    with unchanged(azure, site):
        again = az("webapp python web-config set", *naming(site), *options)
        shown = az("webapp python web-config show", *naming(site))
        version = az("webapp python set-version --version 3.8 --app app:other --dry-run", *naming(site))
    assert (again.json["changed"], again.json["changes"], again.json["changeId"]) == (False, [], None)
    assert (shown.json["handler"], shown.json["entryPoint"]) == ("fastCgi", "app.application")
    assert shown.json["warnings"] == []
    assert version.json["changes"][0]["target"] == "site/wwwroot/web.config"
    for result in (diff, dry, done, again, shown, version):
        assert not [secret for secret in SECRETS if secret in result.stdout + result.stderr], result
    assert "hidden-two" not in diff.stdout + version.stdout, "a diff shows no value of others"


def test_http_platform_with_every_attribute(az, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    log = r"%HOME%\LogFiles\mine"
    answer = az(
        "webapp python web-config set",
        *naming(site),
        "--startup-time-limit",
        "90",
        "--startup-retry-count",
        "2",
        "--rapid-fails",
        "3",
        "--request-timeout",
        "00:05:00",
        "--processes",
        "2",
        "--stdout-log",
        log,
        "--windows-auth-token",
        "false",
        "--env",
        "GREETING=hi",
    ).json
    assert answer["httpPlatform"] == {
        "startupTimeLimit": "90",
        "stdoutLogEnabled": "true",
        "stdoutLogFile": log,
        "startupRetryCount": "2",
        "rapidFailsPerMinute": "3",
        "requestTimeout": "00:05:00",
        "processesPerApplication": "2",
        "forwardWindowsAuthToken": "false",
    }
    assert answer["environment"] == {"GREETING": "hi"}
    assert "Hello from Flask" in apps.get(site).text
    assert list((site.machine.home / "LogFiles").glob("mine_*.log"))
    wrong = az("webapp python web-config set --processes 101", *naming(site), expect=2)
    assert "processesPerApplication" in wrong.stderr and "1 to 100" in wrong.stderr


def test_a_read_only_wwwroot_and_the_way_around_it(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    config = (web_root(site) / "web.config").read_bytes()
    site.switches.wwwroot_read_only = True
    failed = az("webapp python web-config set --env A=B", *naming(site), expect=1)
    assert "cannot be written" in failed.stderr and "--output-file" in failed.stderr, failed
    assert (web_root(site) / "web.config").read_bytes() == config

    target = tmp_path / "package" / "web.config"
    answer = az("webapp python web-config set --env A=B", *naming(site), "--output-file", target).json
    assert [(change["target"], change["action"]) for change in answer["changes"]] == [(str(target), "create")]
    assert target.read_bytes() == config.replace(
        b"  </appSettings>", b'    <add key="A" value="B" />\r\n  </appSettings>'
    )
    assert (web_root(site) / "web.config").read_bytes() == config


def test_a_local_file_needs_no_azure(az, azure, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "main.py").write_text("import fastapi\n\napp = fastapi.FastAPI()\n")
    (folder / "requirements.txt").write_text("fastapi\nuvicorn\n")
    before = len(azure.requests)
    command = (
        "webapp python web-config set --file",
        folder / "web.config",
        "--python-path",
        r"D:\home\python3119x64\python.exe",
    )
    answer = az(*command).json
    assert (answer["app"], answer["handler"], answer["entryPoint"]) == (None, "httpPlatform", "main:app")
    assert az(*command).json["changed"] is False
    shown = az("webapp python web-config show --output table --file", folder / "web.config").stdout
    assert "httpPlatform" in shown and "main:app" in shown
    # Its table has room for the number of the warnings only.
    (folder / "web.config").write_text("<configuration />")
    table = az("webapp python web-config show --output table --file", folder / "web.config")
    (warning,) = az("webapp python web-config show --file", folder / "web.config").json["warnings"]
    assert f"Warning: {warning}" in table.stderr.splitlines(), table
    assert az("webapp python web-config show", expect=2).stdout == ""
    assert len(azure.requests) == before


@pytest.mark.parametrize("options", [("--handler", "fastcgi", "--processes", "2"), ("--env", "no-value")])
def test_what_cannot_be_meant_has_exit_code_2(az, apps, options):
    site = apps.prepared("wsgi_hello")
    az("webapp python web-config set", *naming(site), *options, expect=2)
