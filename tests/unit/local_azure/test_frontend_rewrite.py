"""Rewrite rules in the front end, and a section that no web.config may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.worker_process import WorkerProcess

from .frontend_worker import FakeWorker, ScriptedFastCgi, get, text
from .test_frontend_fastcgi import ONE, PYTHON, WFASTCGI
from .test_frontend_registration import xdt

HANDLER = (
    f'<handlers><add name="Python" path="handler.fcgi" verb="*" modules="FastCgiModule" '
    f'scriptProcessor="{PYTHON}|{WFASTCGI}" resourceType="Unspecified"/></handlers>'
)
RULES = """<rewrite><rules>
  <rule name="Static Files" stopProcessing="true"><conditions><add input="true" pattern="false"/></conditions></rule>
  <rule name="icons" stopProcessing="true"><match url="^icons/(.*)"/><action type="Rewrite" url="static/{R:1}"/></rule>
  <rule name="off" enabled="false"><match url=".*"/><action type="Rewrite" url="x"/></rule>
  <rule name="Python" stopProcessing="true"><match url="(.*)" ignoreCase="false"/>
    <conditions><add input="{REQUEST_URI}" pattern="^/static/.*" negate="true"/>
      <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true"/></conditions>
    <action type="Rewrite" url="handler.fcgi/{R:1}" appendQueryString="true"/></rule>
</rules></rewrite>"""


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    worker = FakeWorker(tmp_path)
    worker.put("SiteExtensions/python311x64/applicationHost.xdt", xdt(PYTHON, WFASTCGI))
    worker.put(
        "site/wwwroot/web.config",
        f"<configuration><system.webServer>{HANDLER}{RULES}</system.webServer></configuration>",
    )
    worker.put("site/wwwroot/static/a.txt", "a file")
    worker.put("site/wwwroot/plain.txt", "plain")
    return worker


def test_rule_rewrites_to_the_script_with_the_original_url(worker: FakeWorker) -> None:
    process = ScriptedFastCgi([ONE])
    worker.scripted = [process]
    assert text(get(WorkerProcess(worker, dict), "/some%20page/x?y=1")) == "one"
    seen = process.seen[0][0]
    assert (seen["HTTP_X_ORIGINAL_URL"], seen["PATH_INFO"]) == ("/some%20page/x?y=1", "/handler.fcgi/some page/x")
    assert seen["QUERY_STRING"] == "y=1"


@pytest.mark.parametrize(
    "target, content", [("/static/a.txt", "a file"), ("/icons/a.txt", "a file"), ("/plain.txt", "plain")]
)
def test_what_the_rules_leave_out_is_served_by_iis(worker: FakeWorker, target: str, content: str) -> None:
    assert text(get(WorkerProcess(worker, dict), target)) == content


def test_fastcgi_applications_are_for_the_server_only(worker: FakeWorker) -> None:
    worker.put(
        "site/wwwroot/web.config",
        f"<configuration><system.webServer><fastCgi/>{HANDLER}</system.webServer></configuration>",
    )
    response = get(WorkerProcess(worker, dict))
    assert response.status_code == 500 and "500.19" in text(response) and "locked" in text(response)
