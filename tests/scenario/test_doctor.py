"""`doctor` through az: a clean app, and each fault before and after the command that doctor gives for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local_azure import arm
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.fleet import Fleet
from tests.scenario.az import Az

GROUP = "doctor"


@pytest.fixture
def fleet(azure: LocalAzure) -> Iterator[Fleet]:
    """Clean apps; Python 3.11 gets fixes still."""
    with azure.fleet(6, name="ill", resource_group=GROUP, python="3.11.9", installed=("3.11.9",), own=True) as made:
        yield made


def rows(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The checks of an answer by their ids."""
    return {row["id"]: row for row in answer["checks"]}


def bad(answer: dict[str, Any]) -> dict[str, str]:
    """The checks of an answer that do not pass, with their evidence."""
    return {row["id"]: f"{row['status']}: {row['evidence']}" for row in answer["checks"] if row["status"] != "pass"}


def test_a_clean_app_passes_every_check_in_few_requests(az: Az, azure: LocalAzure, fleet: Fleet) -> None:
    name = ("-g", GROUP, "-n", fleet[0].name)
    before = len(azure.requests)
    found = az("webapp python doctor", *name)
    assert bad(found.json) == {}
    asked = [f"{one.method} {one.path.partition('?')[0]}" for one in azure.requests[before:]]
    allowed = ("/oauth2/v2.0/token", "/config/appsettings/list", "/api/command")
    changes = [each for each in asked if not each.startswith("GET") and not each.endswith(allowed)]
    assert changes == [] and len(asked) <= 30, "\n".join(asked)
    table = az("webapp python doctor", *name, "--output", "table")
    lines = table.stdout.splitlines()
    assert len(lines) == len(found.json["checks"]) + 2 and max(map(len, lines)) <= 80
    assert "0 warn, 0 fail, 0 skipped." in table.stderr


def follow(az: Az, name: tuple[str, ...], *wrong: str) -> None:
    """Let doctor find these faults and no others, run the command that it gives for each, and let it find none."""
    answer = az("webapp python doctor", *name, expect=None).json
    assert set(bad(answer)) == set(wrong), bad(answer)
    for command in dict.fromkeys(rows(answer)[each]["fix"] for each in wrong):
        words = shlex.split(command)[1:]
        az(*words, *(["--yes"] if words[-1] == "--fix" else []))
    assert bad(az("webapp python doctor", *name, expect=None).json) == {}


def test_the_fix_of_each_fault_of_settings_fixes_it(az: Az, fleet: Fleet) -> None:
    site, name = fleet[1], ("-g", GROUP, "-n", fleet[1].name)
    site.use_32bit_worker = True
    site.shape.update(httpsOnly=False, clientCertEnabled=True)
    site.app_settings.update(
        WEBSITE_RUN_FROM_PACKAGE="1", WEBSITE_LOCAL_CACHE_OPTION="Always", WEBSITE_PRIVATE_EXTENSIONS="0"
    )
    fleet.fail("stopped", 1)
    follow(
        az,
        name,
        "site-state",
        "https-only",
        "client-certificates",
        "worker-bitness",
        "fastcgi-pair",
        "run-from-package",
        "local-cache",
    )


def test_the_fix_of_each_fault_of_files_fixes_it(az: Az, fleet: Fleet) -> None:
    """In two goes: what can be wrong at the same time."""
    site, name = fleet[4], ("-g", GROUP, "-n", fleet[4].name)
    home = site.machine.home
    root = home / "site/wwwroot"
    config = root / "web.config"
    text = config.read_text("utf-8")
    node = '<add name="iisnode" path="*" verb="*" modules="iisnode" />'
    config.write_text(text.replace("<handlers>", f"<handlers>{node}"), "utf-8")
    (root / "venv/Scripts").mkdir(parents=True)
    (root / "requirements.txt").write_text("", "utf-8")
    (home / "site/repository").mkdir()
    follow(az, name, "web-config", "handler-order", "virtual-environment", "deployment-script")
    wrong = text.replace("app.application", "app.application()").replace("wfastcgi.py", "wfastcgi2.py")
    config.write_text(wrong.replace("</handlers>", f"{node}</handlers>"), "utf-8")
    follow(az, name, "wsgi-handler", "fastcgi-pair", "other-stacks", "entry-point")


STREAMLIT = """<configuration><system.webServer>
  <handlers><add name="Python" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" /></handlers>
  <httpPlatform processPath="{python}" arguments="-m streamlit run app.py" startupTimeLimit="300" />
</system.webServer></configuration>"""


def test_the_fix_of_each_fault_of_a_slow_app_fixes_it(az: Az, fleet: Fleet) -> None:
    site, name = fleet[5], ("-g", GROUP, "-n", fleet[5].name)
    root = site.machine.home / "site/wwwroot"
    python = az("webapp python show", *name).json["runtime"]["pythonPath"]
    (root / "web.config").write_text(STREAMLIT.format(python=python), "utf-8")
    follow(az, name, "always-on", "web-sockets")
    assert site.configuration == {"alwaysOn": True, "webSocketsEnabled": True}


def test_fix_mends_what_needs_no_decision(az: Az, azure: LocalAzure, fleet: Fleet) -> None:
    site, name = fleet[2], ("-g", GROUP, "-n", fleet[2].name)
    site.use_32bit_worker = True
    site.shape["httpsOnly"] = False
    planned = az("webapp python doctor --fix --dry-run", *name).json
    change = {"target": "config/use32BitWorkerProcess", "action": "update", "before": "true", "after": "false"}
    assert planned["dryRun"] and planned["changed"] and planned["changes"] == [change] and site.use_32bit_worker
    refused = az("webapp python doctor --fix", *name, expect=1)
    assert site.use_32bit_worker and "--yes" in refused.stderr
    done = az("webapp python doctor --fix --yes", *name).json
    assert done["changes"] == [change] and set(bad(done)) == {"https-only"}
    before = len(azure.requests)
    again = az("webapp python doctor --fix --yes", *name).json
    assert not again["changed"]
    assert not [one for one in azure.requests[before:] if one.host == arm.HOST and one.method in ("PATCH", "PUT")]


def test_many_apps_and_wrong_ids(az: Az, fleet: Fleet) -> None:
    fleet.fail("stopped", 3)
    found = az("webapp python doctor --check site-state --ids", *fleet.ids[:1], fleet.ids[3], expect=1).json
    assert [row["status"] for row in found] == ["succeeded", "succeeded"]
    assert [row["result"]["summary"]["fail"] for row in found] == [0, 1]
    wrong = az("webapp python doctor --check site-stat -g", GROUP, "-n", fleet[0].name, expect=2)
    assert "site-stat" in wrong.stderr and "scm-access, clock, site-state" in wrong.stderr
