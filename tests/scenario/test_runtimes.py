"""`install`: site extensions through Resource Manager. More of what goes wrong there is in test_install_traps.py."""

from __future__ import annotations

import shutil

from tests.scenario.apps import naming, record_of, undo_line
from tests.scenario.unchanged import unchanged

OFFICIAL = "azureappservice-python364x64"
PYTHON364 = {
    "version": "3.6.4",
    "architecture": "x64",
    "extensionId": OFFICIAL,
    "packageVersion": "3.6.4.4",
    "pythonPath": r"D:\home\python364x64\python.exe",
    "source": "siteExtension",
    "inUse": False,
    "answered": True,
}


def test_newest_patch_is_installed_once(az, azure, apps):
    site = apps.new()
    command = ("webapp python install --version 3.6", *naming(site))
    change = {"target": f"siteextensions/{OFFICIAL}", "action": "install", "before": None, "after": "3.6.4.4"}
    with unchanged(azure, site):
        dry = az(*command, "--dry-run").json
    assert dry["dryRun"] is True and dry["changes"] == [change] and dry["runtime"] == PYTHON364 | {"answered": False}

    done = az(*command)
    answer = done.json
    assert answer == {
        "changed": True,
        "changes": [change],
        "changeId": answer["changeId"],
        "runtime": PYTHON364,
        "app": {"name": site.name, "resourceGroup": "rg", "slot": None},
    }
    assert done.stderr.rstrip().splitlines()[-1] == undo_line(site, answer["changeId"]), done
    record = record_of(site, answer["changeId"])
    (runtime,) = record["runtimes"]
    assert (record["state"], runtime["action"], runtime["packageVersion"]) == ("succeeded", "install", "3.6.4.4")
    with unchanged(azure, site):
        again = az(*command).json
        by_old_id = az("webapp python install --extension-id python364x64", *naming(site)).json
    assert (again["changed"], again["changes"], again["runtime"]) == (False, [], PYTHON364)
    assert by_old_id["changed"] is False

    assert [row for row in az("webapp python list", *naming(site)).json if row["source"] != "builtIn"] == [PYTHON364]


def test_an_old_id_a_slow_install_and_an_impatient_gateway(az, azure, apps):
    """Kudu redirects the id; ARM answers 504 while the install goes on, then 201 until it is done."""
    site = apps.new()
    site.switches.arm_504_on_install, site.switches.install_seconds = True, 5
    before = len(azure.requests)
    answer = az("webapp python install --extension-id python364x64", *naming(site)).json
    assert answer["changed"] is True and answer["runtime"] == PYTHON364
    statuses = [request.status for request in azure.requests[before:] if "/siteextensions/" in request.path]
    assert statuses[0] == 504 and 201 in statuses and statuses[-1] == 200, statuses


def test_a_package_that_microsoft_unlisted(az, apps):
    site = apps.new()
    answer = az("webapp python install --extension-id azureappservice-python362x86", *naming(site)).json
    assert (answer["runtime"]["version"], answer["runtime"]["architecture"]) == ("3.6.2", "x86")


def test_an_install_that_fails_is_a_failure_with_azures_reason(az, azure, apps):
    site = apps.new()
    site.switches.install_fails = "There is not enough space on the disk."
    for status in (400, 200):
        site.switches.arm_failed_status = status
        failed = az("webapp python install --version 3.6", *naming(site), expect=1)
        assert "There is not enough space on the disk." in failed.stderr and "Traceback" not in failed.stderr, failed
        assert f"app '{site.name}'" in failed.stderr
    assert [row for row in az("webapp python list", *naming(site)).json if row["source"] == "siteExtension"] == []


def test_a_recycled_scm_site_interrupts_an_install(az, apps):
    site = apps.new()
    site.switches.install_seconds = 600
    running = az.start("webapp python install --version 3.6", *naming(site))
    while not site.extensions.is_installing():
        assert running.poll() is None, running.communicate()
    site.recycle_scm()
    _, stderr = running.communicate(timeout=120)
    assert running.returncode == 1
    assert f"app '{site.name}'" in stderr and "Canceled" in stderr, stderr


def test_extension_without_runtime_is_no_python(az, apps):
    site = apps.prepared("wsgi_hello")
    shutil.rmtree(site.machine.home / "python3810x64")
    (row,) = [row for row in az("webapp python list", *naming(site)).json if row["source"] != "builtIn"]
    assert row["extensionId"] == "Contoso-python3810x64"
    shown = az("webapp python show", *naming(site)).json
    assert any("is not there. The app cannot start." in warning for warning in shown["warnings"]), shown
