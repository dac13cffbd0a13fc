"""Windows Pythons build environments side by side, serve from both, and the reading commands understand them."""

from __future__ import annotations

import shutil

import pytest

from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.runtimes.environment import DESCRIPTION, LETTERS, Letter, folder_of, parse, python_of
from azext_pythonapp.webconfig.application_host import Pair, register
from tests.local_azure.site import Site
from tests.scenario.apps import naming, web_root
from tests.scenario.environment_job import HOME, run_job
from tests.unit.runner.job_runtime import WHEELS

pytestmark = pytest.mark.costly

APP = b"""import sys, left
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(sys.prefix + " " + left.VERSION).encode()]
"""
LEFT = {f"wheels/{name}": body for name, body in WHEELS.items()}
OPTIONS = PipOptions(no_index=True, wheel_dir=JobFile("wheels"))
PARAMETERS = {
    "PATH_INFO": "/",
    "REQUEST_METHOD": "GET",
    "APPL_PHYSICAL_PATH": "D:\\home\\site\\wwwroot\\",
    "SERVER_NAME": "x",
    "SERVER_PORT": "80",
    "QUERY_STRING": "",
    "SCRIPT_NAME": "",
}
SETTINGS = '<appSettings><add key="WSGI_HANDLER" value="served.app" /></appSettings>'


def served(site: Site, letter: Letter) -> str:
    """What the app answers when IIS starts an environment's Python with its own wfastcgi.py."""
    folder = f"{HOME}\\data\\pythonapp\\environments\\{letter}"
    worker = site.machine.fastcgi(python_of(letter, HOME), f"{folder}\\wfastcgi.py", {"WSGI_HANDLER": "served.app"})
    answer, error = worker.request(PARAMETERS, b"")
    worker.close()
    assert answer, error
    return answer.decode().splitlines()[-1]


def use(site: Site, letter: Letter) -> None:
    """Switch web.config to an environment, as a deployment could."""
    folder = f"{HOME}\\data\\pythonapp\\environments\\{letter}"
    (web_root(site) / "web.config").write_text(
        f'<configuration>{SETTINGS}<system.webServer><handlers><add name="Python" path="*" verb="*" '
        f'modules="FastCgiModule" scriptProcessor="{python_of(letter, HOME)}|{folder}\\wfastcgi.py" '
        'resourceType="Unspecified" /></handlers></system.webServer></configuration>',
        encoding="utf-8",
    )


def becomes_known_to_iis(az, apps, site: Site) -> None:
    """Register both with IIS: it knows them after one restart, and switches between them need none."""
    config = web_root(site) / "web.config"
    command = ("webapp python web-config set --handler fastcgi --env A=B", *naming(site))
    assert "0x80070585" in apps.get(site).text
    assert "is not registered with IIS" in " ".join(az("webapp python web-config show", *naming(site)).json["warnings"])
    before = config.read_bytes()
    assert "is not registered with IIS" in az(*command, expect=1).stderr and config.read_bytes() == before

    pairs = [
        Pair(python_of(each, HOME), f"{HOME}\\{folder_of(each)}\\wfastcgi.py".replace("/", "\\")) for each in LETTERS
    ]
    transform = site.machine.home / "site/applicationHost.xdt"
    transform.write_bytes(register(None, pairs, transform.name))
    assert "0x80070585" in apps.get(site).text
    assert az("webapp python web-config show", *naming(site)).json["warnings"] == []
    to_b = az("webapp python web-config set --python-path", python_of("b", HOME), *naming(site), expect=1)
    assert "IIS does not know Python of environment b" in to_b.stderr and "az webapp restart" in to_b.stderr, to_b
    assert config.read_bytes() == before

    site.restart()
    for letter, left in (("a", "1.0"), ("b", "2.0"), ("a", "1.0")):
        az("webapp python web-config set --python-path", python_of(letter, HOME), *naming(site))
        assert apps.get(site).text == f"{HOME}\\data\\pythonapp\\environments\\{letter} {left}"
    assert site.restarts == 1


@pytest.mark.parametrize("version, architecture", [("3.11.9", "x64"), ("3.6.4", "x86")])
def test_both_environments_serve_side_by_side(az, apps, windows, version, architecture):
    site = apps.new()
    folder = f"python{version.replace('.', '')}{architecture}"
    built = next((windows / "runtimes").glob(f"{version}-{architecture}-*"))
    shutil.copytree(built, site.machine.home / folder)
    python = f"{HOME}\\{folder}\\python.exe"
    (web_root(site) / "served.py").write_bytes(APP)
    run_job(site, python, "a", "left==1.0\n", OPTIONS, LEFT)
    use(site, "a")
    run_job(site, python, "b", "left==2.0\n", OPTIONS, LEFT)
    root = f"{HOME}\\data\\pythonapp\\environments"
    assert served(site, "a") == f"{root}\\a 1.0"
    assert served(site, "b") == f"{root}\\b 2.0"
    assert served(site, "a") == f"{root}\\a 1.0"
    for letter, left in (("a", "1.0"), ("b", "2.0")):
        place = site.machine.home / "data/pythonapp/environments" / letter
        description = parse((place / DESCRIPTION).read_bytes())
        assert description.packages["left"] == left and "certifi" in description.packages
        assert (description.base.python_path, description.base.version) == (python, version)

    shown = az("webapp python show", *naming(site)).json
    assert (shown["environment"], shown["runtime"]["version"]) == ("a", version)
    assert shown["runtime"]["pythonPath"] == python_of("a", HOME) and shown["runtime"]["answered"]
    rows = az("webapp python list", *naming(site)).json
    assert {(row["pythonPath"], row["inUse"]) for row in rows} == {(python, True)}
    listed = {row["name"]: row["version"] for row in az("webapp python package list", *naming(site)).json}
    assert listed["left"] == "1.0" and "pip" not in listed
    assert az("webapp python package check", *naming(site)).json == {"ok": True, "problems": []}
    becomes_known_to_iis(az, apps, site)
    refused = az("webapp python uninstall --yes --version", version, *naming(site), expect=1)
    assert "not uninstalled" in refused.stderr
