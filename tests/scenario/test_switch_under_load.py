"""Visitors of an app see no failed request while web.config goes back and forth between two environments."""

from __future__ import annotations

import shutil
import time

from azext_pythonapp.runtimes.environment import python_of
from tests.scenario.apps import web_root
from tests.scenario.get_loop import GetLoop
from tests.scenario.test_environment_jobs import APP, HOME, run_job, use

SWITCHES = 20
XDT = """<?xml version="1.0"?>
<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.webServer><fastCgi>
{applications}
</fastCgi></system.webServer></configuration>
"""


def register(site):
    rows = [
        f'<application fullPath="{python_of(letter, HOME)}" xdt:Transform="InsertIfMissing" xdt:Locator="Match(fullPath)" '
        f'arguments="{HOME}\\data\\pythonapp\\environments\\{letter}\\wfastcgi.py"></application>'
        for letter in "ab"
    ]
    (site.machine.home / "site/applicationHost.xdt").write_text(XDT.format(applications="\n".join(rows)))


def test_twenty_switches(azure, apps, windows):
    site = apps.new()
    folder = "python3119x64"
    built = next((windows / "runtimes").glob("3.11.9-x64-*"))
    shutil.copytree(built, site.machine.home / folder)
    python = f"{HOME}\\{folder}\\python.exe"
    (web_root(site) / "served.py").write_bytes(APP)
    run_job(site, python, "a", "left==1.0\n")
    use(site, "a")
    run_job(site, python, "b", "left==2.0\n")
    register(site)
    site.restart()
    root = f"{HOME}\\data\\pythonapp\\environments"
    texts = {"a": f"{root}\\a 1.0", "b": f"{root}\\b 2.0"}
    with GetLoop(azure, site) as visitors:
        visitors.await_answer(texts["a"])
        for number in range(SWITCHES):
            letter = "ba"[number % 2]
            use(site, letter)
            visitors.await_answer(texts[letter])
            time.sleep(0.5)
    print(visitors.count, visitors.answers, len(visitors.failed))
    assert visitors.failed == []
