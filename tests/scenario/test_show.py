"""`show`: what an app runs now, and what looks wrong."""

from __future__ import annotations

import re
import time

import pytest

from tests.local_azure import login
from tests.scenario.apps import naming, web_root
from tests.scenario.terminal import az_in_terminal
from tests.scenario.unchanged import unchanged

KEYS = {
    *("app", "state", "home", "runtime", "environment", "handler", "entryPoint", "webConfig", "page", "lastChange"),
    *("runningJob", "pendingRestart", "warnings"),
}
COMMAND = re.compile("`(az [^`]+)`")


def test_an_app_that_runs_python(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    with unchanged(azure, site):
        shown = az("webapp python show", *naming(site)).json
    assert set(shown) == KEYS
    assert shown["app"] == {"name": site.name, "resourceGroup": "rg", "slot": None}
    assert shown["home"] == r"D:\home"
    assert shown["runtime"]["version"] == "3.8.10" and shown["runtime"]["inUse"] is True
    assert (shown["handler"], shown["entryPoint"]) == ("fastCgi", "app.application")
    assert shown["webConfig"]["path"] == r"D:\home\site\wwwroot\web.config" and shown["webConfig"]["etag"]
    assert shown["warnings"] == []

    config = web_root(site) / "web.config"
    config.write_bytes(config.read_bytes().replace(b"python3810x64", b"python399x64"))
    site.stop()
    changed = az("webapp python show", *naming(site)).json
    assert changed["runtime"] is None and changed["webConfig"]["etag"] != shown["webConfig"]["etag"]
    assert any(r"D:\home\python399x64\python.exe" in warning for warning in changed["warnings"])
    assert f"The app '{site.name}' is stopped. Start it: `az webapp start -g rg -n {site.name}`." in changed["warnings"]


def test_an_app_without_web_config_and_one_that_cannot_be_read(az, apps):
    site = apps.new()
    bare = az("webapp python show", *naming(site)).json
    assert (bare["runtime"], bare["handler"], bare["entryPoint"], bare["webConfig"]["etag"]) == (None, None, None, None)
    assert any(f"az webapp python set-version -g rg -n {site.name}" in warning for warning in bare["warnings"])

    (web_root(site) / "web.config").write_text("<configuration><broken", encoding="utf-8")
    broken = az("webapp python show", *naming(site)).json
    assert broken["handler"] is None and broken["webConfig"]["etag"]
    assert any("web.config" in warning for warning in broken["warnings"]), broken


def install_and_leave(az, site):
    """Change packages as a client does that ends before the restart."""
    job = az("webapp python package install --packages six --no-wait", *naming(site)).json["job"]["id"]
    deadline = time.monotonic() + 240
    while (state := az("webapp python job show --job-id", job, *naming(site)).json["state"]) == "running":
        assert time.monotonic() < deadline
    assert state == "succeeded"


def test_what_was_done_and_what_goes_on(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    quiet = az("webapp python show", *naming(site)).json
    assert (quiet["state"], quiet["page"], quiet["runningJob"], quiet["pendingRestart"]) == (
        "Running",
        None,
        None,
        False,
    )
    change = az("webapp python web-config set --env A=B", *naming(site)).json
    install_and_leave(az, site)
    with unchanged(azure, site):
        shown = az("webapp python show", *naming(site)).json
    assert shown["lastChange"] == {
        "changeId": change["changeId"],
        "command": "web-config set",
        "user": login.CLIENT_ID,
        "startedAt": shown["lastChange"]["startedAt"],
    }
    assert shown["lastChange"]["startedAt"].startswith(shown["lastChange"]["changeId"][:4])
    assert shown["pendingRestart"] is True and len(shown["warnings"]) == 1
    (advised,) = COMMAND.findall(shown["warnings"][0])
    az(advised.removeprefix("az "))
    after = az("webapp python show", *naming(site)).json
    assert (after["pendingRestart"], after["warnings"]) == (False, [])


def test_a_restart_by_hand_counts(az, apps):
    site = apps.prepared("wsgi_hello")
    install_and_leave(az, site)
    before = site.worker_started
    az("webapp restart", *naming(site))
    deadline = time.monotonic() + 120
    while site.worker_started == before:  # the old processes answer for a while
        assert time.monotonic() < deadline
        time.sleep(0.1)
    apps.get(site)
    assert az("webapp python show", *naming(site)).json["pendingRestart"] is False


def test_a_job_that_runs(az, apps):
    site = apps.prepared("wsgi_hello")
    site.app_settings["QUIETBUILD_SECONDS"] = "600"
    started = az("webapp python package install --packages quietbuild --no-wait", *naming(site)).json["job"]["id"]
    shown = az("webapp python show", *naming(site)).json
    assert shown["runningJob"]["id"] == started and shown["pendingRestart"] is None
    assert any(f"Job {started} " in warning for warning in shown["warnings"])
    table = az("webapp python show --output table", *naming(site))
    assert shown["warnings"][0].partition(" since ")[0] in table.stderr, table
    az("webapp python job cancel", *naming(site))


def test_a_page_that_is_good_is_no_warning(az, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    shown = az("webapp python show --check", *naming(site)).json
    assert shown["page"] == {"url": f"https://{site.host}/", "httpStatus": 200} and shown["warnings"] == []
    site.health_check_path = "/healthz"
    shown = az("webapp python show --check", *naming(site)).json
    assert shown["page"]["url"] == f"https://{site.host}/healthz"


def test_why_an_app_is_down(az, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    (web_root(site) / "app.py").write_text("import yaml\n")
    site.restart()
    shown = az("webapp python show --check", *naming(site)).json
    assert shown["page"]["httpStatus"] == 500
    (warning,) = shown["warnings"]
    assert "No module named 'yaml'" in warning
    assert f"`az webapp python package install -g rg -n {site.name} --packages pyyaml`" in warning
    said = az("webapp python show --check --output table", *naming(site)).stderr
    assert warning.splitlines()[0] in said


def test_a_page_that_was_not_fetched_is_not_verified(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.stop()
    with unchanged(azure, site):
        shown = az("webapp python show --check", *naming(site)).json
    assert shown["state"] == "Stopped" and shown["page"]["httpStatus"] is None
    assert any("was not verified: the app is stopped" in warning for warning in shown["warnings"])


@pytest.mark.parametrize("columns", [80, 120])
def test_the_screen_in_an_incident(az, apps, columns):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    site.use_32bit_worker = False
    az("webapp python package uninstall --yes --packages waitress", *naming(site))
    with az_in_terminal(az, "webapp python show --check -o table", *naming(site), columns=columns) as terminal:
        assert terminal.end() == 0
    text = terminal.screen.text
    assert "State: Running. Running job: none. Pending restart: no." in text and "3.11.9" in text, terminal.screen
    assert re.search(
        rf"Warning: https://{site.host}/ of app '{site.name}' answers 50[023]: .*No module named.*waitress", text
    )
    assert f"`az webapp python package install -g rg -n {site.name} --packages waitress`" in text, terminal.screen
    assert f"Last change: package uninstall, by {login.CLIENT_ID}, " in text, terminal.screen


def test_list_tells_what_goes_on(az, apps):
    site = apps.prepared("wsgi_hello")
    install_and_leave(az, site)
    assert "was not restarted since" in az("webapp python list", *naming(site)).stderr
    site.stop()
    assert f"Start it: `az webapp start -g rg -n {site.name}`." in az("webapp python list", *naming(site)).stderr


def test_a_diff_stands_on_the_screen_once(az, apps):
    site = apps.prepared("wsgi_hello")
    for output, marks in (("table", 1), ("json", 2)):  # the JSON has it on one line, so it follows in colours
        command = f"webapp python web-config diff --env NEW=1 -o {output}"
        with az_in_terminal(az, command, *naming(site), columns=120) as terminal:
            assert terminal.end() == 0
        assert len(re.findall(r"add key=.?.NEW", terminal.screen.text)) == marks, terminal.screen
