"""Path mappings (virtual applications) of the local Azure, and homes that cannot be written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.worker_process import WorkerProcess
from tests.local_azure.site import Site

from .frontend_worker import FakeWorker, ScriptedFastCgi, get, text
from .linux_azure import Client, arm_path
from .test_frontend_fastcgi import ONE, PYTHON, TWO, WFASTCGI, web_config
from .test_frontend_registration import xdt
from .test_kudu_zip import archive

ANY = {"If-Match": "*"}


def test_each_application_has_its_folder_and_its_processes(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path)
    worker.put("SiteExtensions/python311x64/applicationHost.xdt", xdt(PYTHON, WFASTCGI))
    worker.put("site/wwwroot/public/web.config", web_config(f"{PYTHON}|{WFASTCGI}"))
    worker.put("site/api/x.txt", "of the api")
    first, second = ScriptedFastCgi([ONE]), ScriptedFastCgi([TWO])
    worker.scripted = [first, second]
    site = WorkerProcess(worker, dict, [("/", r"site\wwwroot\public"), ("/api", "site/api")])
    assert [text(get(site, "/a")), text(get(site, "/API/b"))] == ["one", "two"]
    assert first.seen[0][0]["APPL_PHYSICAL_PATH"] == "D:\\home\\site\\wwwroot\\public\\"
    assert second.seen[0][0]["APPL_PHYSICAL_PATH"] == "D:\\home\\site\\api\\"
    assert second.seen[0][0]["PATH_TRANSLATED"] == "D:\\home\\site\\api\\b"


def test_arm_tells_the_mappings(management: Client, site: Site) -> None:
    site.virtual_applications = [("/", r"site\wwwroot\public"), ("/api", r"site\api")]
    rows = management("GET", arm_path(site, "/config/web")).json()["properties"]["virtualApplications"]
    assert [(row["virtualPath"], row["physicalPath"]) for row in rows] == site.virtual_applications


@pytest.mark.parametrize("value, mounted", [("1", True), ("https://store/a.zip", True), ("0", False), ("", False)])
def test_an_app_that_runs_from_a_package_has_a_read_only_wwwroot(
    kudu: Client, site: Site, value: str, mounted: bool
) -> None:
    site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = value
    assert kudu("PUT", "/api/vfs/site/wwwroot/a.txt", data=b"x", headers=ANY).status_code == (409 if mounted else 201)
    assert kudu("PUT", "/api/zip/site/wwwroot/", data=archive(a="a")).status_code == (400 if mounted else 200)
    assert kudu("PUT", "/api/vfs/data/a.txt", data=b"x", headers=ANY).status_code == 201


def test_a_full_home_takes_nothing(kudu: Client, site: Site) -> None:
    site.switches.home_full = True
    answer = kudu("PUT", "/api/vfs/data/a.txt", data=b"x", headers=ANY)
    assert (answer.status_code, "There is not enough space on the disk." in answer.json()["Message"]) == (409, True)
    assert kudu("PUT", "/api/zip/data/", data=archive(a="a")).status_code == 400
