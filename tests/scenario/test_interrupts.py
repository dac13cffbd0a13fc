"""Ctrl-C at any moment says what runs, what goes on and how to finish; the same command again finishes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.local_azure.windows import gallery
from tests.scenario.apps import jobs_started, naming, records_of, web_root
from tests.scenario.az import Az
from tests.scenario.held_index import HeldIndex
from tests.scenario.terminal import az_in_terminal
from tests.scenario.test_reinstall import add_private_package

OFFICIAL = "azureappservice-python364x64"


@pytest.fixture
def index(windows: Path) -> Iterator[HeldIndex]:
    """An index that makes pip wait until it is released."""
    with HeldIndex(windows / "index") as held:
        yield held


def until(condition: Callable[[], object], running: subprocess.Popen[str]) -> None:
    """Wait for something that happens while az runs."""
    while not condition():
        assert running.poll() is None, running.communicate()
        time.sleep(0.1)


def interrupted(running: subprocess.Popen[str]) -> str:
    """What az said, after Ctrl-C: one error and no traceback."""
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 1 and stdout == "" and "Traceback" not in stderr, stderr
    assert stderr.count("ERROR:") == 1 and "Interrupted" in stderr, stderr
    return stderr


def again(said: str) -> str:
    """The command that the message gives to finish, without `az`."""
    found = re.search(r"run the (?:same )?command again[^`]*`az ([^`]+)`", said, re.I)
    assert found, said
    return found[1]


def installing(azure: LocalAzure, site: Site) -> bool:
    """Whether Azure was asked to install something on an app."""
    return any("/siteextensions/" in one.path and f"/{site.name}/" in one.path for one in azure.mutating_requests())


def with_six_from(site: Site, index: HeldIndex) -> None:
    """Let the app require six from an index."""
    lines = f"--index-url {index.url}\n--trusted-host {index.url.split('/')[2].split(':')[0]}\nsix==1.16.0\n"
    (web_root(site) / "requirements.txt").write_text(lines)


def test_set_version_in_pip_is_finished_by_the_same_command(az, apps, index):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    with_six_from(site, index)
    before = (web_root(site) / "web.config").read_bytes()
    command = ("webapp python set-version --version 3.11", *naming(site))
    running = az.start(*command)
    until(index.asked.is_set, running)
    said = interrupted(running)
    (job,) = jobs_started(site)
    assert "Interrupted. Job 20" in said and f" is still running on the worker of app '{site.name}'." in said
    assert f"App '{site.name}' still runs Python 3.8.10; web.config was not touched." in said
    assert f"`az webapp python job cancel -g rg -n {site.name} --job-id " in said
    assert again(said) == shlex.join([*shlex.split(command[0]), *command[1:]])
    assert (web_root(site) / "web.config").read_bytes() == before

    listed = az("webapp python job list --output table", *naming(site)).stdout
    assert "pip (set-version 3.11)" in listed and "running" in listed
    (row,) = az("webapp python job list", *naming(site)).json
    assert (row["command"], row["title"]) == ("set-version", "pip (set-version 3.11)")

    finishing = az.start(again(said))
    assert "does the same; following it" in "".join(iter_until(finishing, "does the same"))
    index.release()
    _, stderr = finishing.communicate(timeout=300)
    assert finishing.returncode == 0, stderr
    assert jobs_started(site) == [job]
    shown = az("webapp python show", *naming(site))
    assert shown.json["runtime"]["version"] == "3.11.9" and "is not finished" not in shown.stderr, shown
    (record,) = records_of(site)
    assert (record["state"], len(record["jobs"])) == ("succeeded", 1) and shown.json["lastChange"][
        "changeId"
    ] == record["id"]
    assert record["packages"][0]["after"].keys() - record["packages"][0]["before"].keys() == {"six"}


def iter_until(running: subprocess.Popen[str], text: str) -> Iterator[str]:
    """The lines that az says, as far as the one with a text."""
    for line in running.stderr:
        yield line
        if text in line:
            return


def test_job_wait_says_that_the_switch_was_not_made(az, azure, apps, index):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    with_six_from(site, index)
    command = "webapp python set-version --version 3.11"
    running = az.start(command, *naming(site))
    until(index.asked.is_set, running)
    interrupted(running)
    index.release()
    restarts = site.restarts
    waited = az("webapp python job wait", *naming(site))
    assert waited.json["title"] == "pip (set-version 3.11)" and site.restarts == restarts
    assert "No restart is needed after job" in waited.stderr
    *_, switch, finish = waited.stderr.splitlines()
    assert switch == (
        rf"The switch to 3.11 was not made: app '{site.name}' still runs D:\home\python3810x64\python.exe."
    )
    assert finish == f"Finish it: az {command} {shlex.join(naming(site))}"
    (record,) = records_of(site)
    assert record["state"] == "unfinished" and record["id"] in waited.stderr, "the switch is still to be made"
    az(finish.removeprefix("Finish it: az "))
    assert az("webapp python show", *naming(site)).json["runtime"]["version"] == "3.11.9"
    assert [(each["id"], each["state"]) for each in records_of(site)] == [(record["id"], "succeeded")]


def test_another_pip_does_not_keep_the_app_from_a_restart(az, azure, apps, index, tmp_path):
    """It works on a runtime that the app does not use; a restart would end it, a stop and a start do not."""
    site = apps.prepared("wsgi_hello", also="3.11.9")
    with_six_from(site, index)
    running = az.start("webapp python set-version --version 3.11", *naming(site))
    until(index.asked.is_set, running)
    interrupted(running)
    done = az("webapp python package install --packages six==1.16.0", *naming(site))
    assert done.json["changes"][-1]["action"] == "restart" and "neither started nor restarted" not in done.stderr
    assert apps.get(site).status_code == 200 and not list((site.machine.home / "data/pythonapp/left").glob("*.start"))
    index.release()
    assert (
        az("webapp python job wait", *naming(site), "--job-id", newest_but_one(az, site)).json["state"] == "succeeded"
    )


def newest_but_one(az: Az, site: Site) -> str:
    """The id of the job before the newest one."""
    return str(az("webapp python job list", *naming(site)).json[1]["id"])


def test_no_wait_and_timeout_are_picked_up_too(az, apps, index, tmp_path):
    site = apps.prepared("wsgi_hello")
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n")
    command = ("webapp python install-requirements -r", tmp_path / "requirements.txt", "--index-url", index.url)
    first = az(*command, *naming(site), "--no-wait")
    started = first.json["job"]["id"]
    *_, running, wait = first.stderr.splitlines()
    assert running == f"pip is running on app '{site.name}', as job {started}; what it changes is not known yet."
    assert wait == f"This waits for it and restarts the app: {first.json['finishCommand']}"
    second = az(*command, *naming(site), "--no-wait").json
    assert second["job"]["id"] == started
    late = az(*command, *naming(site), "--timeout", 3, expect=1)
    assert f"Job {started} is still running" in late.stderr and "install-requirements" in again(late.stderr)
    restarts = site.restarts
    finishing = az.start(*command, *naming(site))
    said = iter(finishing.stderr)
    assert any("does the same; following it" in line for line in said)
    index.release()  # not before: a job that is over is not followed
    done, rest = finishing.communicate(timeout=300)
    assert finishing.returncode == 0, rest
    answer = json.loads(done)
    assert answer["job"]["id"] == started and site.restarts == restarts + 1
    assert answer["installed"] == [{"name": "six", "version": "1.16.0"}]
    assert "Packages: 1 installed in Python 3.8.10" in rest and "it was restarted" in rest
    assert answer["changeId"] == first.json["changeId"]
    assert [each["state"] for each in records_of(site)] == ["succeeded"]
    unchanged = az(*command, *naming(site))
    assert unchanged.json["changed"] is False and unchanged.stderr.splitlines()[-1].startswith("Nothing was changed: ")


def test_an_installation_by_azure_goes_on_and_is_joined(az, azure, apps):
    site = apps.new()
    site.switches.install_seconds = 6
    running = az.start("webapp python install --version 3.6.4", *naming(site))
    until(lambda: installing(azure, site), running)
    said = interrupted(running)
    assert f"Azure may go on installing the site extension {OFFICIAL} on app '{site.name}'" in said
    assert f"az webapp python uninstall -g rg -n {site.name} --extension-id {OFFICIAL}" in said
    done = az(again(said))
    assert done.json["runtime"]["answered"] is True and done.json["runtime"]["extensionId"] == OFFICIAL
    assert [each["state"] for each in records_of(site)] == ["succeeded"]
    asked = [
        one.method for one in azure.mutating_requests() if "/siteextensions/" in one.path and site.name in one.path
    ]
    assert "DELETE" not in asked


def test_an_upload_goes_on_and_is_taken_over(az, azure, apps):
    site = apps.new()
    site.switches.extract_seconds = 5
    running = az.start("webapp python install --version 3.13 --source nuget", *naming(site))
    until((site.machine.home / "python3132x64").is_dir, running)
    said = interrupted(running)
    assert f"Python 3.13.2 x64 was being uploaded to app '{site.name}', which may go on extracting it" in said
    site.switches.extract_seconds = 0
    done = az(again(said))
    assert done.json["runtime"]["extensionId"] == "pythonapp-python3132x64" and "warnings" not in done.json
    assert "Going on with an installation of Python 3.13.2" in done.stderr
    uploads = [
        one
        for one in azure.requests
        if one.method == "PUT" and one.path.startswith("/api/zip/python3132x64") and one.host.startswith(site.name)
    ]
    assert len(uploads) == 1 and not list((site.machine.home / "data/pythonapp/installs").iterdir())
    assert az(again(said)).json["changed"] is False


def test_an_upload_that_is_given_up_leaves_nothing(az, apps):
    site = apps.new()
    site.switches.extract_seconds = 3
    python = site.machine.home / "python3132x64/python.exe"
    running = az.start("webapp python install --version 3.13 --source nuget", *naming(site))
    until(python.parent.is_dir, running)
    said = interrupted(running)
    while not python.exists():
        time.sleep(0.2)
    python.unlink()  # as if the extraction had ended before its last file
    (give_up,) = re.findall(r"To give up: `az ([^`]+)`", said)
    assert az(give_up, "--yes", "--dry-run").json["changed"] is True
    az(give_up, "--yes")
    assert not (site.machine.home / "python3132x64").exists()
    assert not list((site.machine.home / "data/pythonapp/installs").iterdir())
    last = az(give_up, "--yes")
    assert last.json["changed"] is False and "is not finished" not in last.stderr, last
    assert [each["state"] for each in records_of(site)] == ["failed", "succeeded"]


def test_before_anything_is_done_nothing_was_changed(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.switches.cold_scm_503_times = 1000
    running = az.start("webapp python set-version --version 3.8", *naming(site))
    until(lambda: any(one.host == site.scm_host and one.status == 503 for one in azure.requests), running)
    said = interrupted(running)
    site.switches.cold_scm_503_times = 0
    assert "Nothing was changed." in said and again(said).startswith("webapp python set-version --version 3.8 ")


def test_a_second_ctrl_c_in_a_terminal_is_no_traceback(az, apps, index, tmp_path):
    site = apps.prepared("wsgi_hello")
    command = ("webapp python package install --packages six==1.16.0 --stop-app always --index-url", index.url)
    with az_in_terminal(az, *command, *naming(site), columns=120) as terminal:
        assert index.asked.wait(240)
        terminal.press_ctrl_c()
        terminal.press_ctrl_c()
        assert terminal.end() == 1
        assert "Traceback" not in terminal.screen.text, terminal.screen.text
    index.release()
    assert az("webapp python job wait", *naming(site)).json["state"] == "succeeded"
    assert site.state == "Running"


def test_packages_that_were_moved_aside_come_back(az, azure, apps):
    site = apps.prepared("wsgi_hello", "3.6.4")
    gallery.remove(site.machine, OFFICIAL)
    add_private_package(site.machine.home / "python364x64/Lib/site-packages", "contoso-orders")
    site.switches.install_seconds = 6
    running = az.start(f"webapp python install --extension-id {OFFICIAL} --yes", *naming(site))
    until(lambda: installing(azure, site), running)
    said = interrupted(running)
    assert "The old folder python364x64 with its packages is kept in data/pythonapp/replaced/" in said
    assert site.state == "Stopped" and "The app is stopped" in said
    done = az(again(said))
    assert "python364x64/Lib/site-packages" in [change["target"] for change in done.json["changes"]]
    assert (site.machine.home / "python364x64/Lib/site-packages").joinpath("contoso_orders.py").exists()
    assert site.state == "Running" and "Hello from WSGI on Python 3.6.4" in apps.get(site).text
    assert az(again(said)).json["changed"] is False
