"""/api/publish, /api/zipdeploy and /api/deployments (docs/platform/kudu.md 9)."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client, arm_path

PUBLISH = "/api/publish?type=zip"
ZIPDEPLOY = "/api/zipdeploy?isAsync=true"
OF_APP = {"app.py": "1", "pkg/mod.py": "2"}


def archive(files: Mapping[str, str]) -> bytes:
    """A zip with these files, all of one moment."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), text)
    return content.getvalue()


def root(site: Site) -> Path:
    """wwwroot of an app."""
    return site.machine.home / "site" / "wwwroot"


def files(site: Site) -> dict[str, str]:
    """The files in wwwroot, with their texts."""
    found = [path for path in root(site).rglob("*") if path.is_file()]
    return {path.relative_to(root(site)).as_posix(): path.read_text(encoding="utf-8") for path in found}


def put(site: Site, *names: str) -> None:
    """Put files into wwwroot that no deployment brought."""
    for name in names:
        path = root(site) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("by hand", encoding="utf-8")


def restarts(site: Site) -> int:
    """How often the front end was started anew."""
    return site.front_end.done.count("restart")


def latest(kudu: Client) -> dict[str, object]:
    """The latest deployment, once it has ended."""
    for _ in range(600):
        answer = kudu("GET", "/api/deployments/latest")
        if answer.status_code != 202:
            break
        time.sleep(0.05)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_publish_replaces_all_and_restarts_the_app(kudu: Client, site: Site) -> None:
    put(site, "web.config", "old/data.txt", ".git/config")
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 200
    assert files(site) == {**OF_APP, ".git/config": "by hand"}, "web.config goes too; KuduSync ignores .git"
    assert not (root(site) / "old").exists() and restarts(site) == 1
    shown = latest(kudu)
    assert (shown["status"], shown["deployer"], shown["complete"], shown["active"]) == (4, "OneDeploy", True, True)
    log = kudu("GET", str(shown["log_url"]).partition(site.scm_host)[2]).json()
    assert log[-1]["message"].startswith("Deployment successful.")


def test_a_deployment_is_shown_as_it_was_recorded(kudu: Client, site: Site, repository: Path) -> None:
    recording = repository / "docs/platform/recordings/kudu/deployments.json"
    (recorded,) = json.loads(recording.read_text(encoding="utf-8"))["body"]
    kudu("POST", ZIPDEPLOY, data=archive(OF_APP))
    shown = latest(kudu)
    assert {name: type(value) for name, value in shown.items()} == {
        name: type(value) for name, value in recorded.items()
    }
    alike = ("status", "status_text", "author", "message", "progress", "complete", "active", "is_temp", "is_readonly")
    assert [shown[name] for name in alike] == [recorded[name] for name in alike]
    assert len(str(shown["end_time"])) == len(recorded["end_time"])


def test_publish_can_leave_what_is_there(kudu: Client, site: Site) -> None:
    put(site, "web.config", "app.py")
    answer = kudu("POST", PUBLISH + "&clean=False&restart=False", data=archive(OF_APP))
    assert answer.status_code == 200
    assert files(site) == {**OF_APP, "web.config": "by hand"} and restarts(site) == 0


def test_zipdeploy_deletes_only_what_it_brought(kudu: Client, site: Site) -> None:
    put(site, "web.config", "hostingstart.html")
    for content in (OF_APP, {"app.py": "1"}):
        answer = kudu("POST", ZIPDEPLOY, data=archive(content))
        assert answer.status_code == 202 and "/api/deployments/latest?" in answer.headers["Location"]
        assert latest(kudu)["deployer"] == "ZipDeploy"
        assert files(site) == {**content, "web.config": "by hand"}
    assert restarts(site) == 0
    assert [each["active"] for each in kudu("GET", "/api/deployments/").json()] == [True, False]
    kudu("POST", ZIPDEPLOY + "&clean=true", data=archive({"app.py": "1"}))
    assert latest(kudu)["status"] == 4 and files(site) == {"app.py": "1"}


def test_zipdeploy_touches_web_config(kudu: Client, site: Site) -> None:
    put(site, "web.config")
    long_ago = archive({"web.config": "by hand"})
    kudu("POST", "/api/zipdeploy", data=long_ago)
    assert (root(site) / "web.config").stat().st_mtime > time.time() - 600, "so that wfastcgi and IIS begin anew"


def test_names_differ_by_more_than_case(kudu: Client, site: Site) -> None:
    put(site, "App.py", "PKG/mod.py")
    kudu("POST", PUBLISH, data=archive(OF_APP))
    assert files(site) == {"App.py": "1", "PKG/mod.py": "2"}


def test_one_at_a_time(kudu: Client, site: Site) -> None:
    site.switches.deploy_seconds = 1.0
    assert kudu("POST", ZIPDEPLOY, data=archive(OF_APP)).status_code == 202
    running = kudu("GET", "/api/deployments/latest")
    assert running.status_code == 202 and running.json()["complete"] is False and "Location" in running.headers
    second = kudu("POST", PUBLISH, data=archive({"other.py": "3"}))
    assert second.status_code == 409 and "currently in progress" in second.text
    assert latest(kudu)["status"] == 4 and files(site) == OF_APP


def test_a_held_file_fails_a_deployment_half_way(kudu: Client, site: Site) -> None:
    put(site, "pkg/mod.py")
    site.switches.held_file = r"pkg\mod.py"
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 400
    shown = latest(kudu)
    assert shown["status"] == 3 and r"wwwroot\pkg\mod.py" in str(shown["status_text"]) and shown["active"] is False
    assert files(site) == {"app.py": "1", "pkg/mod.py": "by hand"} and restarts(site) == 0


@pytest.mark.parametrize("address", ["https://x.example.com/app.zip", "HTTP://x.example.com/app.zip"])
def test_an_app_that_runs_from_an_url_takes_none(kudu: Client, site: Site, address: str) -> None:
    site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = address
    answer = kudu("POST", PUBLISH, data=archive(OF_APP))
    assert answer.status_code == 409 and "WEBSITE_RUN_FROM_PACKAGE" in answer.text and files(site) == {}


def test_an_app_that_runs_from_a_package_gets_another(kudu: Client, site: Site) -> None:
    put(site, "web.config")
    site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = "1"
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 200
    packages = site.machine.home / "data" / "SitePackages"
    name = (packages / "packagename.txt").read_text(encoding="ascii")
    assert (packages / name).read_bytes() == archive(OF_APP) and files(site) == OF_APP and restarts(site) == 1
    written = kudu("PUT", "/api/vfs/site/wwwroot/web.config", data=b"<configuration/>")
    assert written.status_code == 409, "still read-only"


def test_what_is_no_archive_fails(kudu: Client, site: Site) -> None:
    put(site, "web.config")
    assert kudu("POST", PUBLISH, data=b"no zip").status_code == 400
    assert latest(kudu)["status"] == 3 and files(site) == {"web.config": "by hand"}
    assert kudu("POST", "/api/publish?type=rpm", data=b"").json() == "type='rpm' not recognized"
    assert kudu("GET", "/api/deployments/none").status_code == 404


def test_nothing_was_ever_deployed(kudu: Client) -> None:
    assert kudu("GET", "/api/deployments").json() == []
    assert kudu("GET", "/api/deployments/latest").status_code == 404


def test_a_full_home_takes_none(kudu: Client, site: Site) -> None:
    site.switches.home_full = True
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 400
    assert latest(kudu)["status_text"] == "There is not enough space on the disk." and files(site) == {}


def test_one_file_is_put_where_it_is_said(kudu: Client, site: Site) -> None:
    put(site, "web.config")
    path = "&path=%2Fhome%2Fsite%2Fwwwroot%2Fpkg%2Fdata.txt"
    assert kudu("POST", "/api/publish?type=static" + path, data=b"text").status_code == 200
    assert files(site) == {"web.config": "by hand", "pkg/data.txt": "text"}


def test_a_stopped_app_stays_stopped(kudu: Client, site: Site) -> None:
    site.state = "Stopped"
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 200
    assert site.state == "Stopped" and restarts(site) == 0


def test_it_does_not_build(kudu: Client, site: Site) -> None:
    """By default a deployment copies; what a build would do is not imitated."""
    site.app_settings["SCM_DO_BUILD_DURING_DEPLOYMENT"] = "true"
    assert kudu("POST", PUBLISH, data=archive(OF_APP)).status_code == 501


def test_logging_is_switched_on_through_arm(management: Client, site: Site) -> None:
    wanted = {"properties": {"httpLogs": {"fileSystem": {"enabled": True}}}}
    assert management("PUT", arm_path(site, "/config/logs"), json=wanted).json()["properties"] == wanted["properties"]
    assert management("GET", arm_path(site, "/config/logs")).json()["properties"] == wanted["properties"]
