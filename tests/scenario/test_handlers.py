"""The HttpPlatform handler, switching between the handlers, and deployment slots."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import home_files, unchanged

WAITRESS = (
    "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% --trusted-proxy=127.0.0.1 "
    "--trusted-proxy-headers=&quot;x-forwarded-proto x-forwarded-for&quot; app:app"
)


def test_to_http_platform_and_back(az, azure, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    site.use_32bit_worker = False
    config = (web_root(site) / "web.config").read_text(encoding="utf-8")
    assert 'modules="httpPlatformHandler"' in config
    assert rf'processPath="%HOME%\python3119x64\python.exe" arguments="{WAITRESS}"' in " ".join(config.split()), config
    page = apps.get(site)
    assert "Hello from Flask on Python 3.11.9" in page.text and "served by: waitress" in page.text, page.text

    shown = az("webapp python show", *naming(site)).json
    assert (shown["handler"], shown["entryPoint"], shown["warnings"]) == ("httpPlatform", "app:app", [])
    assert shown["runtime"]["version"] == "3.11.9"
    with unchanged(azure, site):
        for command in ("set-version --version 3.11.9", "install-requirements"):
            again = az(f"webapp python {command}", *naming(site)).json
            assert (again["changed"], again["changes"]) == (False, []), command

    answer = az("webapp python set-version --version 3.11.9 --handler fastcgi", *naming(site)).json
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "app.app")
    assert [change["target"] for change in answer["changes"]] == ["site/wwwroot/web.config", "app"]
    assert "Hello from Flask on Python 3.11.9" in apps.get(site).text
    assert "served by: waitress" not in apps.get(site).text


def test_a_server_that_is_not_in_the_requirements_is_asked_for(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    with unchanged(azure, site):
        refused = az("webapp python set-version --version 3.8 --handler httpplatform", *naming(site), expect=1)
    assert "waitress" in refused.stderr and f"'{site.name}'" in refused.stderr, refused


def test_an_asgi_app_cannot_run_on_fastcgi(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "web.config").unlink()
    (web_root(site) / "app.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", encoding="utf-8")
    with unchanged(azure, site):
        refused = az("webapp python set-version --version 3.8 --handler fastcgi", *naming(site), expect=1)
    assert "WSGI" in refused.stderr and "--handler httpplatform" in refused.stderr, refused


def test_a_slot_is_switched_without_touching_production(az, azure, apps):
    production = apps.prepared("wsgi_hello")
    slot = apps.new("flask_hello", slot="staging", of=production, python="3.8.10")
    files, restarts, before = home_files(production), production.restarts, len(azure.requests)

    done = az("webapp python set-version --version 3.8", *naming(slot))
    assert done.json["app"] == {"name": production.name, "resourceGroup": "rg", "slot": "staging"}
    assert "(slot 'staging')" in done.stderr
    assert "Hello from Flask on Python 3.8.10" in apps.get(slot).text
    with unchanged(azure, slot):
        for command in ("set-version --version 3.8", "install-requirements"):
            assert az(f"webapp python {command}", *naming(slot)).json["changed"] is False, command
    shown = az("webapp python show", *naming(slot)).json
    assert shown["app"]["slot"] == "staging" and shown["entryPoint"] == "app.app"
    (web_root(slot) / "requirements.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    failed = az("webapp python install-requirements", *naming(slot), expect=1)
    assert f"app '{production.name}' (slot 'staging')" in failed.stderr, failed

    assert (home_files(production), production.restarts) == (files, restarts)
    hosts = {request.host for request in azure.requests[before:]}
    assert production.scm_host not in hosts and production.host not in hosts
    assert "Hello from WSGI on Python 3.8.10" in apps.get(production).text


def test_a_handler_for_something_else_than_python_is_left_alone(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    config.write_text(
        '<configuration><system.webServer><handlers><add name="aspNetCore" path="*" verb="*" '
        'modules="AspNetCoreModuleV2" /></handlers></system.webServer></configuration>',
        encoding="utf-8",
    )
    with unchanged(azure, site):
        refused = az("webapp python set-version --version 3.8", *naming(site), expect=1)
        config.write_text("<configuration><system.webServer>", encoding="utf-8")
        broken = az("webapp python set-version --version 3.8", *naming(site), expect=1)
        config.write_text(
            '<configuration><system.webServer><handlers><add name="aspNetCore" path="*" verb="*" '
            'modules="AspNetCoreModuleV2" /></handlers></system.webServer></configuration>',
            encoding="utf-8",
        )
    assert "ASP.NET" in refused.stderr and f"'{site.name}'" in refused.stderr, refused
    assert "web.config" in broken.stderr and f"'{site.name}'" in broken.stderr, broken
