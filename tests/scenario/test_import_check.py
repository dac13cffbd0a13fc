"""The import check of `set-version`: it sees what the handler will see, always ends, and keeps the settings to itself."""

from __future__ import annotations

import base64
import re
import zlib
from xml.sax.saxutils import quoteattr

from tests.scenario.apps import naming, web_root

SECRET = "postgres://shop:Sup3rS3cret@db.example.org/shop"
SERVES = """\
import subprocess, sys
from wsgiref.simple_server import make_server

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'Hello']

subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)'])
make_server('127.0.0.1', 0, application).serve_forever()
"""
BACKEND = {
    "shop/__init__.py": "",
    "shop/views.py": 'def text():\n    return "from the sub-folder"\n',
    "shop/wsgi.py": """\
import sys
from shop.views import text

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('%s on %s' % (text(), sys.version.split()[0])).encode('utf-8')]
""",
}
ASGI = """\
from helper import TEXT

async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        while True:
            message = await receive()
            await send({'type': message['type'] + '.complete'})
            if message['type'] == 'lifespan.shutdown':
                return
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-type', b'text/plain')]})
    await send({'type': 'http.response.body', 'body': TEXT})
"""


def put(site, files):
    """Write text files below wwwroot, by their paths."""
    for name, text in files.items():
        path = web_root(site) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def add_settings(site, **settings):
    """Put appSettings into the app's web.config."""
    config = web_root(site) / "web.config"
    added = "".join(f"<add key={quoteattr(name)} value={quoteattr(value)} />" for name, value in settings.items())
    config.write_bytes(config.read_bytes().replace(b"</appSettings>", added.encode() + b"</appSettings>"))


def said_on_command_lines(site):
    """All that the commands on the worker said, what is packed in them as well."""
    said = []
    for command in site.commands.started:
        said.append(command.text)
        for packed in re.findall("b64decode\\('([^']+)'", command.text):
            content = base64.b64decode(packed)
            said.append((zlib.decompress(content) if content[:1] == b"x" else content).decode("utf-8"))
    return "\n".join(said)


def test_module_that_serves_on_import_is_named_and_ended(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    before = (web_root(site) / "web.config").read_bytes()
    put(site, {"app.py": SERVES})
    failed = az("webapp python set-version --version 3.11.9 --no-health-check", *naming(site), expect=1)
    assert '__name__ == "__main__"' in failed.stderr and "app.py, line 9" in failed.stderr, failed.stderr[-900:]
    assert (web_root(site) / "web.config").read_bytes() == before
    assert [each for each in site.machine.processes() if "sleep(900)" in each.command_line] == []
    assert list((site.machine.home / "data/pythonapp/checks").glob("*")) == []


def test_pythonpath_of_web_config_under_fastcgi(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    put(site, {f"backend/{name}": text for name, text in BACKEND.items()})
    add_settings(site, PYTHONPATH=r"%HOME%\site\wwwroot\backend")
    config = web_root(site) / "web.config"
    config.write_bytes(config.read_bytes().replace(b'"app.application"', b'"shop.wsgi.application"'))
    answer = az("webapp python set-version --version 3.11.9", *naming(site)).json
    assert (answer["entryPoint"], answer["verification"]["importOk"]) == ("shop.wsgi.application", True)
    assert apps.get(site).text == "from the sub-folder on 3.11.9"


def test_pythonpath_and_app_dir_under_http_platform(az, apps):
    site = apps.prepared("waitress_hello", handler="httpplatform", also="3.11.9")
    put(site, {f"backend/{name}": text for name, text in BACKEND.items()})
    az(
        "webapp python web-config set --env",
        r"PYTHONPATH=D:\home\site\wwwroot\backend",
        "--startup-command",
        "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% shop.wsgi:application",
        *naming(site),
    )
    answer = az("webapp python set-version --version 3.8", *naming(site)).json
    assert (answer["entryPoint"], answer["verification"]["importOk"]) == ("shop.wsgi:application", True)
    assert apps.get(site).text == "from the sub-folder on 3.8.10"

    put(site, {"requirements.txt": "waitress\nuvicorn\n", "api/main.py": ASGI, "api/helper.py": "TEXT = b'from api'\n"})
    answer = az(
        "webapp python set-version --version 3.11.9 --startup-command",
        r"-m uvicorn --app-dir api main:app --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%",
        *naming(site),
    ).json
    assert (answer["entryPoint"], answer["verification"]["importOk"]) == ("main:app", True)
    assert apps.get(site).text == "from api"


def test_settings_stand_on_no_command_line_and_may_be_many(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    address = "https://service{0:02}.example.org/api/v1/things?tenant=contoso&region=westeurope&retries=3"
    add_settings(
        site,
        DATABASE_URL=SECRET,
        **{f"Shop:Service{number:02}:Address": address.format(number) for number in range(120)},
    )
    put(
        site,
        {
            "app.py": (web_root(site) / "app.py").read_text(encoding="utf-8")
            + f'\nimport os\nassert os.environ["DATABASE_URL"] == "{SECRET}"\n'
            + f'assert os.environ["Shop:Service119:Address"] == "{address.format(119)}"\n'
        },
    )
    for version in ("3.11.9", "3.8"):
        answer = az("webapp python set-version", "--version", version, *naming(site)).json
        assert answer["verification"]["importOk"] is True
    assert "Sup3rS3cret" not in said_on_command_lines(site) and "contoso" not in said_on_command_lines(site)

    put(site, {"app.py": 'import os\nraise ValueError("cannot reach " + os.environ["DATABASE_URL"])\n'})
    failed = az("webapp python set-version --version 3.8", *naming(site), expect=1)
    assert "ValueError: cannot reach *** (app.py, line 2)" in failed.stderr and "Sup3r" not in failed.stderr, failed


def test_the_check_can_be_left_out(az, apps):
    site = apps.prepared("wsgi_hello")
    put(site, {"app.py": 'raise RuntimeError("only here")\n'})
    answer = az("webapp python set-version --version 3.8 --no-import-check --no-health-check", *naming(site)).json
    assert answer["verification"]["importOk"] is None and answer["verification"]["pythonVersion"] == "3.8.10"
