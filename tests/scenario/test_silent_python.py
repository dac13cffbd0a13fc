"""A Python that does not answer in time is unknown, not absent: it is asked again, then said to be what it is."""

from __future__ import annotations

from tests.local_azure.site import Site
from tests.scenario.apps import naming
from tests.scenario.unchanged import unchanged

FLAG = r"D:\home\data\hang.txt"


def let_hang(site: Site, once: bool) -> None:
    """Make the app's Python 3.8 hang at its start, as on a worker that is far too busy; once or always."""
    then = "(os.remove(p), time.sleep(600))" if once else "time.sleep(600)"
    packages = site.machine.home / "python3810x64/Lib/site-packages"
    (packages / "hang.pth").write_text(
        f'import os, time; p = r"{FLAG}"; os.path.exists(p) and {then}\n', encoding="ascii"
    )
    site.linux_path(FLAG).parent.mkdir(parents=True, exist_ok=True)
    site.linux_path(FLAG).touch()


def test_no_command_calls_it_absent(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    let_hang(site, once=False)
    site.switches.idle_timeout = 1
    with unchanged(azure, site):
        for command in (
            "web-config set --version 3.8 --env A=B",
            "set-version --version 3.8",
            "set-version --version 3",
            "install --version 3.8",
            "install --extension-id Contoso-python3810x64",
        ):
            failed = az("webapp python", *command.split(), *naming(site), expect=1)
            assert "did not answer in time" in failed.stderr and f"app '{site.name}'" in failed.stderr, failed
            assert "is not on" not in failed.stderr and "not there" not in failed.stderr, failed
        listed = az("webapp python list", *naming(site))
        shown = az("webapp python show", *naming(site)).json
        checked = az("webapp python package check", *naming(site), expect=1)
    told = rf"web.config of app '{site.name}' starts D:\home\python3810x64\python.exe, which did not answer in time."
    for said in (listed.stderr, checked.stderr, "\n".join(shown["warnings"])):
        assert said.count(told) == 1, said
    (row,) = listed.json
    assert (row["version"], row["extensionId"], row["inUse"], row["answered"]) == (
        "3.8.10",
        "Contoso-python3810x64",
        True,
        False,
    )
    assert "did not answer in time" in listed.stderr, listed
    assert shown["runtime"] == row and any("did not answer in time" in warning for warning in shown["warnings"])
    table = az("webapp python list --output table", *naming(site)).stdout
    assert "3.8.10?" in table, table


def test_one_that_is_silent_once_is_asked_again(az, apps):
    site = apps.prepared("wsgi_hello")
    let_hang(site, once=True)
    site.switches.idle_timeout = 10
    commands = len(site.commands.started)
    listed = az("webapp python list", *naming(site))
    assert [(row["version"], row["answered"]) for row in listed.json] == [("3.8.10", True)]
    assert "did not answer" not in listed.stderr, listed
    why = "all; this one alone; those of which nothing is known together; what goes on, which did not arrive"
    assert len(site.commands.started) == commands + 4, why
    assert not site.linux_path(FLAG).exists(), "it hung the first time"
