"""Python for a part of a site, and rewrite rules to it: switched where they are, and IIS serves the rest as before."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

OLD = r"D:\home\python364x64\python.exe|D:\home\python364x64\wfastcgi.py"
NEW = r"D:\home\python3810x64\python.exe|D:\home\python3810x64\wfastcgi.py"
SETTINGS = '<appSettings>\r\n    <add key="WSGI_HANDLER" value="app.application" />\r\n  </appSettings>'
RULES = """<rewrite>
      <rules>
        <rule name="Static Files" stopProcessing="true">
          <match url="^icons/(.*)" />
          <action type="Rewrite" url="static/{R:1}" />
        </rule>
        <rule name="ToPython" stopProcessing="true">
          <match url="(.*)" />
          <conditions>
            <add input="{REQUEST_URI}" pattern="^/static/.*" negate="true" />
          </conditions>
          <action type="Rewrite" url="handler.fcgi/{R:1}" />
        </rule>
      </rules>
    </rewrite>"""


def web_config(handler: str, more: str = "", before: str = "", after: str = "") -> bytes:
    return (
        f"<configuration>\r\n  {SETTINGS}\r\n  {before}<system.webServer>\r\n    <handlers>\r\n      {handler}\r\n"
        f"    </handlers>\r\n    {more}\r\n  </system.webServer>{after}\r\n</configuration>\r\n"
    ).encode("utf-8")


def handler(path: str) -> str:
    return (
        f'<add name="PythonHandler" path="{path}" verb="GET,HEAD" modules="FastCgiModule" scriptProcessor="{OLD}" '
        'resourceType="Unspecified" requireAccess="Script" />'
    )


def test_each_is_switched_where_it_is(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    root = web_root(site)
    (root / "index.html").write_text("the static page", encoding="utf-8")
    (root / "static").mkdir()
    (root / "static/a.txt").write_text("a static file", encoding="utf-8")
    kinds = {
        "/api/x": (web_config(handler("api/*")), "/", "the static page"),
        "/part/x": (
            web_config(handler("*"), before='<location path="part">', after="</location>"),
            "/",
            "the static page",
        ),
        "/some/x": (web_config(handler("handler.fcgi"), RULES), "/icons/a.txt", "a static file"),
    }
    for page, (config, static, content) in kinds.items():
        (root / "web.config").write_bytes(config)
        assert apps.get(site, page).status_code == 500, "the Python of before is not there"
        done = az("webapp python web-config set --version 3.8", *naming(site)).json
        assert (root / "web.config").read_bytes() == config.replace(OLD.encode(), NEW.encode()), page
        assert len(done["notes"]) == 1 and "scriptProcessor from" in done["notes"][0], done
        answer = apps.get(site, page)
        assert "Hello from WSGI on Python 3.8.10" in answer.text and f"path: {page} query:" in answer.text, answer.text
        assert apps.get(site, static).text == content
        with unchanged(azure, site):
            assert az("webapp python web-config set", *naming(site)).json["changed"] is False
            shown = az("webapp python web-config show", *naming(site)).json
        assert shown["warnings"] == [] and (shown["handler"], shown["entryPoint"]) == ("fastCgi", "app.application")
