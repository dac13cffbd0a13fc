"""An app that runs an environment: moved in, changed, put back when its new packages do not work, and moved out."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
from pathlib import Path

from tests.local_azure.site import Site
from tests.scenario.apps import jobs_started, naming, record_of, web_root
from tests.scenario.held_index import HeldIndex
from tests.scenario.unchanged import unchanged


def environments(site: Site) -> Path:
    """The folder of both."""
    return site.machine.home / "data/pythonapp/environments"


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of all files below a folder, by path; not of compiled modules, which Python writes itself."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def test_http_platform_app_moves_in_changes_and_moves_out(az, azure, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    move = ("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    restarts = site.restarts

    with unchanged(azure, site):
        dry = az(*move, "--dry-run")
    assert dry.json["environment"] == "a"
    moved = az(*move)
    assert moved.json["environment"] == "a" and moved.json["runtime"]["pythonPath"].endswith(r"\a\Scripts\python.exe")
    assert site.restarts == restarts, "no restart for HttpPlatform"
    page = apps.get(site)
    assert "Hello from Flask on Python 3.11.9" in page.text and "served by: waitress" in page.text, page.text
    assert b"environments" in (web_root(site) / "web.config").read_bytes()
    with unchanged(azure, site):
        again = az(*move)
    assert (again.json["changed"], again.json["environment"]) == (False, "a"), again

    used = hashes(environments(site) / "a")
    added = az("webapp python package install --packages bottle==0.13.4", *naming(site))
    assert [row["name"] for row in added.json["installed"]] == ["bottle"], added
    assert "environments\\b\\Scripts" in (web_root(site) / "web.config").read_text("utf-8")
    assert "Hello from Flask" in apps.get(site).text and hashes(environments(site) / "a") == used
    with unchanged(azure, site):
        assert az("webapp python package install --packages bottle==0.13.4", *naming(site)).json["changed"] is False
    gone = az("webapp python package uninstall --packages bottle --yes", *naming(site))
    assert [row["name"] for row in gone.json["removed"]] == ["bottle"], gone

    (web_root(site) / "requirements.txt").write_text("flask\nwaitress\nidna==3.20\n", encoding="utf-8")
    more = az("webapp python install-requirements", *naming(site))
    assert [row["name"] for row in more.json["installed"]] == ["idna"], more
    with unchanged(azure, site):
        assert az("webapp python install-requirements", *naming(site)).json["changed"] is False

    out = az("webapp python set-version --version 3.11 --packages-in runtime", *naming(site))
    assert out.json["environment"] is None and "Hello from Flask" in apps.get(site).text
    assert record_of(site, out.json["changeId"])["environment"]["after"] is None


FAILING = """\
import sys


def application(environ, start_response):
    try:
        import bottle
    except ImportError:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"served by " + sys.prefix.encode()]
    raise RuntimeError("not ready for " + bottle.__name__)
"""


def test_fastcgi_app_moves_in_and_comes_back_from_a_bad_page(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "app.py").write_text(FAILING, encoding="utf-8")
    config = web_root(site) / "web.config"
    restarts = site.restarts

    moved = az("webapp python set-version --version 3.8 --packages-in environment", *naming(site))
    assert (moved.json["environment"], moved.json["handler"]) == ("a", "fastCgi")
    assert site.restarts == restarts + 1, "IIS reads the registration of both environments once"
    assert apps.get(site).text == r"served by D:\home\data\pythonapp\environments\a"
    before, used = config.read_bytes(), hashes(environments(site) / "a")

    failed = az("webapp python package install --packages bottle", *naming(site), expect=1)
    assert config.read_bytes() == before and hashes(environments(site) / "a") == used
    assert site.restarts == restarts + 1 and "not ready for bottle" in failed.stderr
    assert apps.get(site).text == r"served by D:\home\data\pythonapp\environments\a"

    changed = az("webapp python package install --packages six", *naming(site))
    assert site.restarts == restarts + 1, "switches between environments need no restart"
    assert apps.get(site).text == r"served by D:\home\data\pythonapp\environments\b"
    assert hashes(environments(site) / "a") == used and changed.json["changed"]

    out = az("webapp python set-version --version 3.8 --packages-in runtime", *naming(site))
    assert out.json["environment"] is None and b"environments" not in config.read_bytes()
    assert not (site.machine.home / "site/applicationHost.xdt").exists()
    assert apps.get(site).status_code == 200
    assert any(row["target"] == "packages/six" for row in out.json["changes"]), "what was added goes along"


def test_what_was_begun_is_gone_on_with_and_publish_stays_in_it(az, azure, apps, tmp_path):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    before = (web_root(site) / "web.config").read_bytes()

    begun = az("webapp python package install --packages bottle --no-wait", *naming(site))
    assert "--no-wait" not in begun.json["finishCommand"] and begun.json["job"]["state"] == "running"
    waited = az("webapp python job wait", *naming(site))
    assert "Environment b is complete, and not in use" in waited.stderr
    assert (web_root(site) / "web.config").read_bytes() == before
    jobs = len(jobs_started(site))
    done = az("webapp python package install --packages bottle", *naming(site))
    assert f"Going on with change {begun.json['changeId']}" in done.stderr and "is built already" in done.stderr
    assert len(jobs_started(site)) == jobs and done.json["changeId"] == begun.json["changeId"]
    assert record_of(site, done.json["changeId"])["environment"]["after"]["letter"] == "b"

    entry = az("webapp python web-config set --app app:app --env LEVEL=1", *naming(site))
    assert entry.json["changed"] and b"environments\\b\\Scripts" in (web_root(site) / "web.config").read_bytes()

    shutil.copytree(web_root(site), tmp_path / "src")
    (tmp_path / "src/requirements.txt").write_text("flask\nwaitress\nidna\n", encoding="utf-8")
    (tmp_path / "src/app.py").write_text(
        (tmp_path / "src/app.py").read_text("utf-8").replace("Hello from", "Greetings from"), encoding="utf-8"
    )
    az(f"webapp python publish --src {tmp_path / 'src'}", *naming(site))
    assert "Greetings from" in apps.get(site).text
    assert b"environments\\a\\Scripts" in (web_root(site) / "web.config").read_bytes()
    names = {row["name"] for row in az("webapp python package list", *naming(site)).json}
    assert {"idna", "bottle", "flask"} <= names, "and what was added one by one stays"


def test_a_killed_client_and_a_second_builder(az, apps, windows):
    site = apps.prepared("wsgi_hello")
    az("webapp python set-version --version 3.8 --packages-in environment", *naming(site))
    config, used = (web_root(site) / "web.config").read_bytes(), hashes(environments(site) / "a")
    command = f"webapp python package install --packages six {' '.join(naming(site))}"
    with HeldIndex(windows / "index") as index:
        held = f"{command} --index-url {index.url}"
        client = az.start(held)
        assert index.asked.wait(120)
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        assert (web_root(site) / "web.config").read_bytes() == config and hashes(environments(site) / "a") == used
        other = az(command.replace("six", "bottle"), expect=1)
        print(other.stderr)
        (job,) = re.findall(r"job wait [^`]*--job-id (\S+)`", other.stderr)
        assert "is building an environment at this moment" in other.stderr and hashes(environments(site) / "a") == used
        index.release()
        jobs = len(jobs_started(site))
        done = az(held)
    assert job == done.json["job"]["id"] and len(jobs_started(site)) == jobs
    assert [row["name"] for row in done.json["installed"]] == ["six"]
    assert hashes(environments(site) / "a") == used
