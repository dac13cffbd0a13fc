"""An app as people deploy it, with az's own commands; then this extension's."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.scenario.apps import SAMPLES, naming, web_root
from tests.scenario.terminal import az_in_terminal


def archive_of(sample: str, path: Path) -> Path:
    """A zip of a sample app."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((SAMPLES / sample).rglob("*.*")):
            if "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(SAMPLES / sample))
    return path


def test_an_app_is_deployed_switched_and_deployed_again(az, apps, tmp_path):
    """`az webapp deploy` deletes what is not in the archive, and web.config with it, unless it is told not to."""
    site = apps.new(python="3.8.10")
    archive = archive_of("wsgi_hello", tmp_path / "app.zip")
    deploy = ("webapp deploy --type zip --src-path", archive, *naming(site))
    first = az(*deploy)
    assert "Deployment has completed successfully" in first.stderr and first.json["status"] == 4, first
    assert (web_root(site) / "app.py").exists()

    switched = az("webapp python set-version --version 3.8", *naming(site)).json
    assert switched["verification"]["httpStatus"] == 200 and (web_root(site) / "web.config").exists()

    az(*deploy, "--clean", "false")
    assert (web_root(site) / "web.config").exists() and apps.get(site).status_code == 200
    az(*deploy)
    assert not (web_root(site) / "web.config").exists() and apps.get(site).status_code != 200
    again = az("webapp python set-version --version 3.8", *naming(site)).json
    assert again["verification"]["httpStatus"] == 200 and apps.get(site).status_code == 200


def test_config_zip_keeps_what_it_did_not_bring(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    archive = archive_of("wsgi_hello", tmp_path / "app.zip")
    deploy = ("webapp deployment source config-zip --src", archive, *naming(site))
    assert az(*deploy).json["deployer"] == "ZipDeploy"
    assert (web_root(site) / "web.config").exists() and apps.get(site).status_code == 200
    site.switches.deploy_seconds, site.switches.held_file = 0.5, "app.py"
    (web_root(site) / "app.py").write_text("changed", encoding="utf-8")
    failed = az(*deploy, expect=1)
    assert "Zip deployment failed" in failed.stderr and "app.py" in failed.stderr, failed
    site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = "https://x.example.com/app.zip"
    assert "WEBSITE_RUN_FROM_PACKAGE" in az(*deploy, expect=1).stderr


def test_the_log_is_followed(az, apps):
    site = apps.prepared("wsgi_hello")
    with az_in_terminal(az, "webapp log tail", *naming(site)) as terminal:
        terminal.wait_for("you are now connected to log-streaming service")
        log = site.machine.home / "LogFiles" / "python.log"
        with log.open("a", encoding="utf-8") as file:
            file.write("a line of the app\r\n")
        terminal.wait_for("a line of the app")
        terminal.press_ctrl_c()
        terminal.end()
