"""/api/command and what belongs to it: answers, time-outs, cuts, restarts (docs/platform/kudu.md 1, 5), without
Windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
import requests

from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client, ShellProcess


def run(kudu: Client, command: str, **more: str) -> Any:
    """The JSON of a command's answer."""
    answer = kudu("POST", "/api/command", json={"command": command, **more})
    assert answer.status_code == 200
    return answer.json()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def home(site: Site, name: str) -> Path:
    """A file in the site's %HOME%."""
    return site.machine.home / name


def test_output_and_exit_code(kudu: Client) -> None:
    assert run(kudu, "echo one; echo two >&2; printf three; exit 3") == {
        "Output": "one\r\nthree\r\n",
        "Error": "two\r\n",
        "ExitCode": 3,
    }


def test_output_is_utf_8(kudu: Client) -> None:
    assert run(kudu, r"printf '\303\274\n\374\n'")["Output"] == "ü\r\n\ufffd\r\n"


@pytest.mark.parametrize("body", [b"", b"null", b"{not json"])
def test_no_body_is_400(kudu: Client, body: bytes) -> None:
    assert kudu("POST", "/api/command", data=body).status_code == 400


@pytest.mark.parametrize(
    "directory", [r"site\wwwroot", r"D:\home\site\wwwroot", r"%HOME%\site\wwwroot", "SITE/wwwroot"]
)
def test_directory(kudu: Client, site: Site, directory: str) -> None:
    assert run(kudu, "pwd", dir=directory)["Output"] == f"{home(site, 'site/wwwroot')}\r\n"


@pytest.mark.parametrize("directory", ["nowhere", "E:\\home"])
def test_bad_directory_is_200_with_an_exception(kudu: Client, directory: str) -> None:
    answer = run(kudu, "pwd", dir=directory)
    assert (answer["Output"], answer["ExitCode"]) == (None, -1)
    assert str(answer["Error"]).startswith("System.ComponentModel.Win32Exception")


def test_environment_holds_the_settings(kudu: Client, site: Site) -> None:
    site.app_settings["SECRET_KEY"] = "s"
    site.switches.home_drive = "C:"
    assert run(kudu, "echo $HOME $SECRET_KEY $APPSETTING_SECRET_KEY $WEBSITE_SITE_NAME")["Output"] == (
        f"C:\\home s s {site.name}\r\n"
    )


def test_silent_command_dies_after_twice_the_time_out(kudu: Client, site: Site) -> None:
    site.switches.idle_timeout = 0.4
    begun = time.monotonic()
    answer = run(kudu, "echo lost; sleep 30")
    assert 0.7 < time.monotonic() - begun < 5
    assert (answer["Output"], answer["ExitCode"]) == (None, -1)
    assert "was aborted due to no output nor CPU activity for 0 seconds" in str(answer["Error"])


def test_setting_of_kudu_goes_before_the_time_out(kudu: Client, site: Site) -> None:
    site.switches.idle_timeout = 0.2
    assert kudu("POST", "/api/settings", json={"SCM_COMMAND_IDLE_TIMEOUT": "20"}).status_code == 204
    assert run(kudu, "sleep 1; echo done")["Output"] == "done\r\n"


def test_output_keeps_it_alive(kudu: Client, site: Site) -> None:
    site.switches.idle_timeout = 0.5
    assert run(kudu, "for i in 1 2 3 4 5 6 7; do echo .; sleep 0.25; done")["ExitCode"] == 0


def test_cpu_keeps_it_alive(kudu: Client, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.switches.idle_timeout = 0.2
    monkeypatch.setattr(ShellProcess, "cpu_seconds", lambda self: time.monotonic())
    assert run(kudu, "sleep 1.2; echo done")["ExitCode"] == 0


def test_child_with_the_pipes_holds_the_answer_back(kudu: Client) -> None:
    begun = time.monotonic()
    assert run(kudu, "(sleep 1; echo late) & echo now")["Output"] == "now\r\nlate\r\n"
    assert time.monotonic() - begun > 0.9
    begun = time.monotonic()
    run(kudu, "sleep 5 >/dev/null 2>&1 & echo now")
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("cut", [500, 502, 504])
def test_front_end_gives_up_and_the_command_goes_on(kudu: Client, site: Site, cut: Literal[500, 502, 504]) -> None:
    site.switches.front_end_limit, site.switches.front_end_cut = 0.3, cut
    assert kudu("POST", "/api/command", json={"command": "sleep 1; echo x > done.txt"}).status_code == cut
    assert not home(site, "done.txt").exists()
    until(home(site, "done.txt").exists)


def test_front_end_closes_the_connection(kudu: Client, site: Site) -> None:
    site.switches.front_end_limit, site.switches.front_end_cut = 0.3, "closed"
    with pytest.raises(requests.ConnectionError):
        kudu("POST", "/api/command", json={"command": "sleep 1; echo x > done.txt"})
    until(home(site, "done.txt").exists)


def test_command_goes_on_without_its_client(kudu: Client, site: Site) -> None:
    with pytest.raises(requests.Timeout):
        requests.post(
            kudu.base + "/api/command",
            json={"command": "sleep 1; echo x > done.txt"},
            timeout=0.3,
            headers=kudu.headers,
            proxies=kudu.proxies,
            verify=kudu.verify,
        )
    until(home(site, "done.txt").exists)
    assert [command.text for command in site.commands.started] == ["sleep 1; echo x > done.txt"]


@pytest.mark.parametrize("recycles", [True, False])
def test_restart_ends_running_commands(kudu: Client, site: Site, recycles: bool) -> None:
    site.switches.restart_recycles_scm = recycles
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(kudu, "POST", "/api/command", json={"command": "echo > started; sleep 1; echo x > done"})
        until(home(site, "started").exists)
        site.restart()
        assert answer.result().status_code == (502 if recycles else 200)
    time.sleep(0.2)
    assert home(site, "done").exists() is not recycles
    assert not site.commands.running()


def test_stop_leaves_commands_alone(kudu: Client, site: Site) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(run, kudu, "echo > started; sleep 0.5; echo ok")
        until(home(site, "started").exists)
        site.stop()
        assert answer.result()["Output"] == "ok\r\n"


def test_exit_code_can_be_lost(kudu: Client, site: Site) -> None:
    site.switches.command_race_exit_zero = True
    assert run(kudu, "exit 7")["ExitCode"] == 0
