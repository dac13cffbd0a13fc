"""`publish` on the worker without a Windows: what it asks, and what it puts back when a new version does not work."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.unit.kill_matrix.clients import AzHost
from tests.unit.kill_matrix.gate import Hold, Refusals
from tests.unit.kill_matrix.stage import Stage
from tests.unit.kill_matrix.stories import APP, running_app
from tests.unit.kill_matrix.worker import WorkerAzure

FOLDER = {"app.py": APP, "static/style.css": "old\n", "requirements.txt": "left==1.0\n"}
PUBLISH = "publish --src {files}/shop"


@pytest.fixture(scope="module")
def laid_out(worker_azure: WorkerAzure, host: AzHost, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage(worker_azure, host, "shop", tmp_path_factory.mktemp("publish"))
    running_app(stage, ("3.8.10",))
    stage.lay_out({f"shop/{name}": text for name, text in FOLDER.items()})
    stage.run(PUBLISH)
    stage.keep("before")
    return stage


@pytest.fixture
def stage(laid_out: Stage) -> Iterator[Stage]:
    """An app to which a folder was published, in each test as it was at first, and the folder."""
    laid_out.restore("before")
    laid_out.replace("shop", FOLDER)
    yield laid_out
    laid_out.settle()


UNCHANGED = [
    PUBLISH,
    f"{PUBLISH} --clean",
    "set-version --version 3.8",
    "install-requirements",
    "install --version 3.8",
    "web-config set --app app:application",
    "package install --packages left==1.0",
]


@pytest.mark.parametrize("command", UNCHANGED)
def test_no_request_of_an_unchanged_run_is_sent_twice(stage, command):
    stage.run(command, None)
    number = len(stage.requests())
    answer = stage.run(command)
    assert answer.json["changed"] is False, answer
    asked = Counter(f"{one.method} {one.path}" for one in stage.requests()[number:])
    del asked["POST /api/command"]  # one for each program that is run on the worker
    assert not {each: times for each, times in asked.items() if times > 1}


BROKEN = {**FOLDER, "app.py": "import nobody_has_it\n", "requirements.txt": "left==2.0\nright==1.5\n"}


def packages_of(stage: Stage) -> list[str]:
    return sorted(
        f"{each['name']} {each['version']}" for each in stage.run("package list").json if each["name"] != "pip"
    )


def test_the_packages_of_a_version_that_fails_come_back(stage):
    before = stage.picture()
    stage.replace("shop", BROKEN)
    failed = stage.run(PUBLISH, 1)
    assert before.against(stage.picture()) == [], failed
    assert "runs its previous files and packages with Python 3.8.10 again (200)" in failed.stderr, failed
    assert (
        f"add its package, nobody_has_it, to '{stage.words('{files}').split()[2]}/shop/requirements.txt'"
        in failed.stderr
    )
    assert "Not undone" not in failed.stderr and "remain" not in failed.stderr, failed
    undone = stage.run("rollback --yes")
    assert not (stage.home / "site/wwwroot/static").exists() and "hand" not in undone.stderr, undone


def test_set_version_brings_packages_back_as_well(stage):
    """An app whose own files were changed in another way, and that is switched to the Python that it runs."""
    stage.write({f"site/wwwroot/{name}": BROKEN[name] for name in ("app.py", "requirements.txt")})
    failed = stage.run("set-version --version 3.8", 1)
    assert packages_of(stage) == ["left 1.0"], failed
    assert "The packages of Python 3.8.10 of app 'shop' are as before." in failed.stderr, failed
    assert "Not undone" not in failed.stderr, failed
    stage.settle()
    state = json.loads(max(stage.home.glob("data/pythonapp/jobs/*/state.json")).read_bytes())
    assert (state["command"], state["state"], state["compiled"]) == ("set-version", "succeeded", True)


def test_packages_that_cannot_come_back_are_laid_on_their_change(stage, index):
    stage.replace("shop", BROKEN)
    with index.without("left-1.0-py2.py3-none-any.whl"):
        failed = stage.run(PUBLISH, 1)
    change = stage.records()[-1]["id"]
    assert "The packages of Python 3.8.10 of app 'shop' are not as before" in failed.stderr, failed
    assert f"change {change}" in failed.stderr and f"--change-id {change} --yes" in failed.stderr, failed
    assert packages_of(stage) == ["left 2.0", "right 1.5"]
    refused = stage.run("rollback --yes", 1)
    assert f"Change {change} (publish" in refused.stderr and "did not succeed" in refused.stderr, refused
    assert "Somebody" not in refused.stderr and f"--change-id {change} --yes" in refused.stderr, refused
    stage.run(f"rollback --change-id {change} --yes")
    assert packages_of(stage) == ["left 1.0"]
    stage.run("rollback --yes")


def test_files_that_cannot_come_back_are_named(stage):
    """The publish fails, its undo fails too, and then somebody deletes what was kept."""
    stage.replace("shop", {**BROKEN, "more.py": "", "requirements.txt": FOLDER["requirements.txt"]})
    with Refusals(stage.azure.gate, "PUT /api/zip/site/wwwroot/", after=1):
        failed = stage.run(PUBLISH, 1)
    change = stage.records()[-1]["id"]
    assert f"rollback -g rg -n shop --change-id {change} --yes` brings them back" in failed.stderr, failed
    kept = stage.home / stage.records()[-1]["published"]["archive"]
    kept.rename(kept.with_suffix(".away"))
    refused = stage.run(f"rollback --change-id {change} --yes", 1)
    assert "did not succeed" in refused.stderr and "cannot be brought back: app.py" in refused.stderr, refused
    assert "Nothing was changed" in refused.stderr and "az webapp python publish" in refused.stderr, refused
    kept.with_suffix(".away").rename(kept)
    stage.run(f"rollback --change-id {change} --yes")
    assert stage.picture().page == "200 old on Python 3.8.10"


NEW = {**FOLDER, "app.py": APP.replace('"old"', '"new"'), "big.bin": os.urandom(30_000).hex()}


def published_page(stage: Stage) -> str:
    return stage.picture().page.removesuffix(" on Python 3.8.10")


def test_a_slot_is_published_to_and_production_left(stage, worker_azure, host, tmp_path):
    slot = Stage(worker_azure, host, "shop", tmp_path, slot="staging")
    running_app(slot, ("3.8.10",))
    slot.replace("shop", NEW)
    production = stage.picture()
    answer = slot.run(PUBLISH)
    assert answer.json["app"]["slot"] == "staging" and answer.json["url"] == f"https://{slot.site.host}/"
    assert published_page(slot) == "200 new" and production.against(stage.picture()) == []
    assert "-s staging --change-id" in answer.stderr, answer
    slot.replace("shop", BROKEN)
    assert slot.run(PUBLISH, 1).stderr.count("slot 'staging'") and published_page(slot) == "200 new"


def test_a_stopped_app_gets_the_files_and_is_not_called_healthy(stage):
    stage.site.stop()
    stage.replace("shop", NEW)
    answer = stage.run(PUBLISH)
    assert answer.json["changed"] is True and answer.json["verification"]["httpStatus"] is None, answer
    assert "is stopped" in answer.stderr and "not verified" in answer.stderr and " answers " not in answer.stderr, (
        answer
    )
    assert "az webapp start -g rg -n shop" in answer.stderr and stage.site.state == "Stopped"
    stage.site.start()
    assert published_page(stage) == "200 new"


def test_the_folder_of_a_virtual_application_is_left_alone(stage):
    stage.site.virtual_applications.append(("/api", r"site\api"))
    stage.write({"site/api/app.py": "their own", "site/api/web.config": "<configuration/>"})
    try:
        stage.replace("shop", {**NEW, "api/app.py": "the folder's"})
        stage.run(f"{PUBLISH} --clean")
        stage.replace("shop", NEW)
        stage.run(f"{PUBLISH} --clean")
    finally:
        stage.site.virtual_applications.pop()
    assert (stage.home / "site/api/app.py").read_text() == "their own"
    assert (stage.home / "site/api/web.config").read_text() == "<configuration/>"
    assert not (stage.home / "site/wwwroot/api").exists() and published_page(stage) == "200 new"


def test_without_a_restart_nothing_is_said_to_be_healthy(stage):
    restarts = stage.site.restarts
    stage.replace("shop", NEW)
    answer = stage.run(f"{PUBLISH} --no-restart")
    assert stage.site.restarts == restarts and answer.json["verification"]["httpStatus"] is None, answer
    assert "not restarted (--no-restart)" in answer.stderr and "az webapp restart -g rg -n shop" in answer.stderr, (
        answer
    )
    stage.site.restart()
    assert published_page(stage) == "200 new"


@pytest.mark.parametrize("fault", ["home_full", "wwwroot_read_only"])
def test_a_disk_that_ends_in_the_middle_of_the_upload(stage, fault):
    before = stage.picture()
    stage.replace("shop", NEW)
    with Hold(stage.azure.gate, "PUT /api/zip/site/wwwroot/") as hold:
        client = stage.host.start(stage.words(PUBLISH))
        hold.wait()
        setattr(stage.site.switches, fault, True)
    failed = client.wait()
    setattr(stage.site.switches, fault, False)
    assert failed.status == 1 and "Traceback" not in failed.stderr, failed
    assert before.against(stage.picture()) == [], failed
    assert stage.run(PUBLISH).json["changed"] is True and published_page(stage) == "200 new"


@pytest.mark.parametrize("cut", [500, 502, 504, "closed"])
def test_a_front_end_that_ends_the_upload_ends_no_extraction(stage, cut):
    switches = stage.site.switches
    switches.front_end_cut, switches.archive_cut_bytes, switches.archive_cut_times = cut, 20_000, 1
    switches.extract_seconds = 2
    stage.replace("shop", NEW)
    try:
        answer = stage.run(PUBLISH)
        assert switches.archive_cut_times == 0, "the upload was cut"
    finally:
        switches.front_end_cut, switches.archive_cut_bytes, switches.archive_cut_times = 500, 0, 0
        switches.extract_seconds = 0
    assert answer.json["changed"] is True and "Waiting for it" in answer.stderr, answer
    assert published_page(stage) == "200 new" and stage.run(PUBLISH).json["changed"] is False
