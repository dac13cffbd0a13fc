"""An app whose web.config IIS refuses is repaired by the folder that is published to it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.kill_matrix.clients import AzHost
from tests.unit.kill_matrix.stage import Stage
from tests.unit.kill_matrix.stories import APP, running_app
from tests.unit.kill_matrix.worker import WorkerAzure


def test_publish_repairs_a_broken_web_config(worker_azure: WorkerAzure, host: AzHost, tmp_path: Path):
    stage = Stage(worker_azure, host, "broken-web-config", tmp_path)
    running_app(stage)
    file = stage.home / "site/wwwroot/web.config"
    good = file.read_bytes()
    broken = good.replace(b"</handlers>", b"")
    file.write_bytes(broken)
    stage.site.restart()
    assert stage.picture().page.startswith("500 ")
    stage.lay_out({"new/app.py": APP.replace("old", "new")})
    refused = stage.run("publish --src {files}/new", expect=1)
    assert "is not valid XML" in refused.stderr and file.read_bytes() == broken
    stage.lay_out({"new/web.config": good.decode("utf-8")})
    done = stage.run("publish --src {files}/new")
    assert "The folder's own replaces it." in done.stderr
    assert stage.picture().page == "200 new on Python 3.8.10"
    stage.run("rollback --yes")
    assert file.read_bytes() == broken
