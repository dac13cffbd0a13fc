"""Visitors of an app see no failed request while web.config goes back and forth between two environments."""

from __future__ import annotations

import shutil

import pytest

from azext_pythonapp.runtimes.environment import python_of
from tests.local_azure.site import Site
from tests.scenario.apps import web_root
from tests.scenario.get_loop import GetLoop
from tests.scenario.test_environment_jobs import HOME, run_job, use

SWITCHES = 20
# Its answer takes a while, so that at each switch some are under way.
APP = b"""import time, left
def app(environ, start_response):
    time.sleep(0.1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [left.VERSION.encode()]
"""
TEXTS = {"a": "1.0", "b": "2.0"}
XDT = """<?xml version="1.0"?>
<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.webServer><fastCgi>
{applications}
</fastCgi></system.webServer></configuration>
"""


def register(site: Site) -> None:
    """Tell IIS of both environments, as the first move of an app into one does."""
    rows = [
        f'<application fullPath="{python_of(letter, HOME)}" xdt:Transform="InsertIfMissing" '
        f'xdt:Locator="Match(fullPath)" arguments="{HOME}\\data\\pythonapp\\environments\\{letter}\\wfastcgi.py" />'
        for letter in "ab"
    ]
    (site.machine.home / "site/applicationHost.xdt").write_text(XDT.format(applications="\n".join(rows)))


@pytest.mark.long
def test_no_visitor_sees_twenty_switches(azure, apps, windows):
    site = apps.new()
    shutil.copytree(next((windows / "runtimes").glob("3.11.9-x64-*")), site.machine.home / "python3119x64")
    (web_root(site) / "served.py").write_bytes(APP)
    for letter, version in TEXTS.items():
        run_job(site, f"{HOME}\\python3119x64\\python.exe", letter, f"left=={version}\n")
    register(site)
    use(site, "a")
    site.restart()
    with GetLoop(azure, site) as visitors:
        visitors.await_answer(TEXTS["a"])
        for number in range(SWITCHES):
            letter = "ba"[number % 2]
            use(site, letter)
            visitors.await_answer(TEXTS[letter])
    assert visitors.failed == []
    assert visitors.count > 2 * SWITCHES
    assert set(visitors.answers) == {(200, "1.0"), (200, "2.0")}
