"""App settings of the portal that start Python: what they say stands."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged


def test_wsgi_handler_as_an_app_setting_stands(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    root = web_root(site)
    source = (root / "app.py").read_text(encoding="utf-8")
    (root / "shopfront.py").write_text(
        source.replace("def application", "def handle").replace("from WSGI", "from the other"), encoding="utf-8"
    )
    config = root / "web.config"
    config.write_bytes(config.read_bytes().replace(b'<add key="WSGI_HANDLER" value="app.application" />', b""))
    site.app_settings["WSGI_HANDLER"] = "shopfront.handle"
    site.restart()

    with unchanged(azure, site):
        shown = az("webapp python show", *naming(site)).json
        part = az("webapp python web-config show", *naming(site)).json
    assert shown["entryPoint"] == part["entryPoint"] == "shopfront.handle"
    assert any("app setting WSGI_HANDLER" in warning for warning in shown["warnings"]), shown
    assert any("app setting WSGI_HANDLER" in note for note in part["notes"]), part

    answer = az("webapp python set-version --version 3.11.9", *naming(site)).json
    assert answer["entryPoint"] == "shopfront.handle" and answer["verification"]["importOk"] is True
    assert b"WSGI_HANDLER" not in config.read_bytes()
    assert "Hello from the other on Python 3.11.9" in apps.get(site).text
    with unchanged(azure, site):
        assert az("webapp python set-version --version 3.11.9", *naming(site)).json["changed"] is False
        assert az("webapp python web-config set", *naming(site)).json["changed"] is False
