"""What people complain about on this platform: an app that shows an opaque 500 because of its web.config.

Each begins with an app that such a web.config has broken, and is repaired, or refused in words, by one command. The
complaints are those of docs/platform/site-extensions.md 5, number 3.
"""

from __future__ import annotations

from tests.scenario.apps import bytes_before, naming, web_root

PAIR = r"D:\home\python3810x64\python.exe|D:\home\python3810x64\wfastcgi.py"
HANDLER = (
    f'<add name="PythonHandler" path="*" verb="*" modules="FastCgiModule" scriptProcessor="{PAIR}" '
    'resourceType="Unspecified" requireAccess="Script" />'
)
SETTINGS = '<add key="WSGI_HANDLER" value="app.application" />'


def web_config(handlers: str = HANDLER, settings: str = SETTINGS, more: str = "") -> str:
    """A web.config as people have it, with a setting and a comment of their own."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <appSettings>\r\n'
        f'    <!-- theirs --><add key="Theirs" value="&#xA;kept" />\r\n    {settings}\r\n  </appSettings>\r\n'
        f"  <system.webServer>\r\n    <handlers>\r\n      {handlers}\r\n    </handlers>\r\n    {more}\r\n"
        "  </system.webServer>\r\n</configuration>\r\n"
    )


PTVS = web_config(
    '<add name="Python FastCGI" path="handler.fcgi" verb="*" modules="FastCgiModule" '
    'scriptProcessor="%INTERPRETERPATH%|%WFASTCGIPATH%" resourceType="Unspecified" requireAccess="Script" />',
    '<add key="WSGI_HANDLER" value="ptvs_virtualenv_proxy.get_virtualenv_handler()" />\r\n'
    '    <add key="WSGI_ALT_VIRTUALENV_HANDLER" value="app.application" />\r\n'
    r'    <add key="WSGI_ALT_VIRTUALENV_ACTIVATE_THIS" value="%ROOTDIR%\env\Scripts\activate_this.py" />',
    "<rewrite><rules>\r\n"
    '      <rule name="Static Files" stopProcessing="true"><conditions><add input="true" pattern="false" /></conditions>'
    "</rule>\r\n"
    '      <rule name="Configure Python" stopProcessing="true"><match url="(.*)" ignoreCase="false" />'
    '<conditions><add input="{REQUEST_URI}" pattern="^/static/.*" ignoreCase="true" negate="true" /></conditions>'
    '<action type="Rewrite" url="handler.fcgi/{R:1}" appendQueryString="true" /></rule>\r\n    </rules></rewrite>',
)

REPAIRED = {
    "an application called as if it made one (PTVS #3033)": (
        web_config(settings='<add key="WSGI_HANDLER" value="app.application()" />'),
        "is changed to 'app.application'",
    ),
    "a WSGI_HANDLER that is a path (PTVS #6216)": (
        web_config(settings=r'<add key="WSGI_HANDLER" value="\Resumeparser.wsgi.application" />'),
        "is changed to 'app.application'",
    ),
    "FastCGI and HttpPlatform in one file (visualstudio-docs #4361)": (
        web_config(
            '<add name="httpPlatformHandler" path="*" verb="*" modules="httpPlatformHandler" '
            'resourceType="Unspecified" />\r\n      ' + HANDLER,
            more=r'<httpPlatform processPath="D:\home\python364x64\python.exe" arguments="runserver.py" '
            'startupTimeLimit="5" />',
        ),
        "<httpPlatform> was removed",
    ),
    "the placeholders of Visual Studio, whose rewrite rules are good (PTVS #1791, #2364, #1778)": (
        PTVS,
        "scriptProcessor from '%INTERPRETERPATH%|%WFASTCGIPATH%' to",
    ),
    "two handlers of one name: 500.19 (visualstudio-docs #4645)": (
        web_config(HANDLER.replace("python3810x64", "python364x64") + "\r\n      " + HANDLER),
        "another entry for Python, was removed",
    ),
    "a handler that nobody registered (azure-docs #22532)": (
        web_config(HANDLER.replace("python3810x64", "python364x64")),
        "scriptProcessor from",
    ),
}


def test_they_are_repaired(az, apps):
    """One app after the other's complaint: what is broken answers an error before, and the page after one command."""
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    for complaint, (broken, said) in REPAIRED.items():
        config.write_bytes(broken.encode("utf-8"))
        assert apps.get(site).status_code >= 400, f"{complaint}: it is broken before"

        done = az("webapp python web-config set --handler fastcgi --version 3.8", *naming(site))

        assert said in done.stderr, f"{complaint}\n{done}"
        assert (done.json["handler"], done.json["entryPoint"]) == ("fastCgi", "app.application"), complaint
        assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text, complaint
        assert b'<!-- theirs --><add key="Theirs" value="&#xA;kept" />\r\n' in config.read_bytes(), complaint
        assert bytes_before(site, done.json["changeId"]) == broken.encode("utf-8"), complaint
    assert az("webapp python web-config show", *naming(site)).json["warnings"] == []


def test_set_version_repairs_a_called_application(az, apps):
    """Its import check would fail with the handler as it is; it takes what the app's files say, and proves it."""
    broken, said = REPAIRED["an application called as if it made one (PTVS #3033)"]
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "web.config").write_bytes(broken.encode("utf-8"))
    done = az("webapp python set-version --version 3.8", *naming(site))
    assert said in done.stderr, done
    assert done.json["verification"].items() >= {"pythonVersion": "3.8.10", "importOk": True, "httpStatus": 200}.items()


def test_unregistered_handler_without_another_python(az, apps):
    """The Python is on the app, but IIS does not know it: FastCGI cannot work with it, and nothing is written."""
    site = apps.prepared("wsgi_hello")
    (site.machine.home / "SiteExtensions/Contoso-python3810x64/applicationHost.xdt").unlink()
    site.restart()
    assert "0x80070585" in apps.get(site).text
    config = (web_root(site) / "web.config").read_bytes()
    assert "not register" in " ".join(az("webapp python web-config show", *naming(site)).json["warnings"])
    failed = az("webapp python web-config set --handler fastcgi --env A=B", *naming(site), expect=1)
    assert "is not registered with IIS" in failed.stderr and "--handler httpplatform" in failed.stderr, failed
    assert (web_root(site) / "web.config").read_bytes() == config


def test_a_section_twice_is_refused(az, apps):
    """500.19 "Config section already defined": which of the two somebody meant, nobody can tell."""
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    config.write_bytes(web_config(more=f"<handlers>{HANDLER}</handlers>").encode("utf-8"))
    broken = config.read_bytes()
    assert "500.19" in apps.get(site).text
    failed = az("webapp python web-config set --env A=B", *naming(site), expect=1)
    assert "<handlers>" in failed.stderr and "lines 8, 11" in failed.stderr, failed
    assert config.read_bytes() == broken
