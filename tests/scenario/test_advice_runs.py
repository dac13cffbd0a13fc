"""What messages advise is pasted into a shell, as it stands, and does what the message says."""

from __future__ import annotations

import shutil

from tests.advice_contract import advised, texts
from tests.local_azure.site import Site
from tests.scenario.apps import naming
from tests.scenario.az import Az, Result
from tests.scenario.terminal import QUESTION, pasted


def advice(result: Result, *words: str) -> str:
    """The first command that a result advises and that has these words."""
    found = [each for text in (result.stderr, *texts(result.stdout)) for each in advised(text)]
    fitting = [each for each in found if set(words) <= set(each.split())]
    assert fitting, f"no advised command with {words} among {found}\n{result}"
    return fitting[0]


def paste(az: Az, command: str) -> str:
    """What is on the screen after a command was pasted, and its question answered with yes; it must succeed."""
    with pasted(az, command, columns=120) as terminal:
        if terminal.appears(QUESTION):
            terminal.type("y\n")
        code = terminal.end()
    assert code == 0, f"{command}\nended with exit code {code}\n{terminal.screen}"
    return terminal.screen.text


def installed(az: Az, site: Site) -> set[str]:
    """The names of the packages of the Python in use."""
    return {row["name"] for row in az("webapp python package list", *naming(site)).json}


def test_advice_about_packages_and_jobs(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    added = az("webapp python package install --packages six", *naming(site))
    assert "six" in installed(az, site)
    paste(az, advice(added, "rollback"))
    assert "six" not in installed(az, site)

    (tmp_path / "wrong.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    failed = az("webapp python install-requirements -r", tmp_path / "wrong.txt", *naming(site), expect=1)
    assert "nosuchpackage" in paste(az, advice(failed, "job", "log"))

    (tmp_path / "right.txt").write_text("six\n", encoding="utf-8")
    begun = az("webapp python install-requirements --no-wait -r", tmp_path / "right.txt", *naming(site))
    paste(az, advice(begun, "job", "wait"))
    assert "six" in installed(az, site)


def test_advice_about_an_app_that_is_down(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.stop()
    paste(az, advice(az("webapp python show", *naming(site)), "start"))
    assert site.state == "Running" and apps.get(site).status_code == 200

    shutil.rmtree(site.machine.home / "python3810x64")
    site.restart()
    assert apps.get(site).status_code == 500
    gone = az("webapp python package list", *naming(site), expect=1)
    paste(az, advice(gone, "--version", "3.8.10"))
    assert apps.get(site).status_code == 200

    switched = az("webapp python set-version --version 3.11", *naming(site))
    paste(az, advice(switched, "rollback"))
    assert az("webapp python show", *naming(site)).json["runtime"]["version"] == "3.8.10"

    assert site.use_32bit_worker
    paste(az, advice(az("webapp python show", *naming(site)), "config", "set"))
    assert not site.use_32bit_worker
