"""A job between two statements: started twice, given up too soon, ended by Ctrl-C, told of by a newer runner."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.download import Digest, download
from azext_pythonapp.errors import Interrupted, InvalidInput, UnknownOutcome
from azext_pythonapp.history.store import History
from azext_pythonapp.jobs import state
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import JobSpec, runner_files
from azext_pythonapp.jobs.runner import package_restore, pip_process, runtime_lock
from azext_pythonapp.jobs.runner.target import own_target
from azext_pythonapp.jobs.store import give_up
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package import change as package_change
from azext_pythonapp.operations.package.change import Attempts, RunOptions, change_packages
from azext_pythonapp.packages.pip import PipCommand
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app, shop_site, unrecorded
from tests.unit.progress import Recorded

JOB = "20261122-115930-4f2a"
COMMAND = "az webapp python package install -g rg -n shop --packages six"
SPEC = JobSpec("install-requirements", "python.exe", "python311x64", PipCommand(("install",), {"PIP_A": "secret"}))


@pytest.mark.parametrize("now", [{"state": "failed", "error": "It did not start."}, {"state": "running"}])
def test_a_runner_that_comes_late_or_twice_touches_nothing(tmp_path, now):
    for name, content in {**runner_files(), "state.json": json.dumps(now).encode(), "request.json": b"{}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-B", "runner/__main__.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "started already" in done.stdout
    assert json.loads((tmp_path / "state.json").read_text()) == now and not (tmp_path / "log.txt").exists()


@pytest.mark.parametrize("begun", [True, False])
def test_giving_up_takes_nothing_from_a_job_that_has_begun(tmp_path, begun):
    site, folder = FolderSite(tmp_path), tmp_path / "data/pythonapp/jobs" / JOB
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps({"secretFiles": ["requirements.txt"]}))
    for name in ("secrets.json", "requirements.txt"):
        (folder / name).write_text("secret")
    if begun:
        (folder / "state.json").write_text(json.dumps({"state": "running"}))
    give_up(site, JOB, "It did not start.")
    assert (folder / "secrets.json").exists() == (folder / "requirements.txt").exists() == begun
    assert json.loads((folder / "state.json").read_text())["state"] == ("running" if begun else "failed")


def test_a_newer_runners_state_is_a_state():
    rows = [{"name": 5, "version": None, "hash": "x"}]
    content = {
        "state": "succeeded",
        "exitCode": 0,
        "result": {
            "installed": rows,
            "removed": [],
            "upgraded": [{"name": "a", "before": 1, "after": "2", "why": "x"}],
            "check": {"ok": "yes", "problems": "many"},
        },
    }
    job = state.parse(json.dumps(content).encode(), JOB)
    assert job.result.installed[0].name == "5" and job.result.upgraded[0].after == "2"
    assert job.result.check_ok is None and job.result.problems == ()


@pytest.mark.parametrize("at, running", [("upload", False), ("start", True)])
@pytest.mark.usefixtures("alone")
def test_ctrl_c_during_launch_and_the_stopped_app(tmp_path, monkeypatch, at, running):
    site = FolderSite(tmp_path)
    called = []

    def interrupt(request):
        if request.startswith(at):
            raise KeyboardInterrupt

    site.before_request = interrupt
    app = SimpleNamespace(kudu=site, site=shop_site(), progress=Recorded(called), command=COMMAND)
    run = SimpleNamespace(title="Installing", target=SimpleNamespace(python_path="python.exe", version="3.8"))
    monkeypatch.setattr(package_change, "stop_for_job", lambda *arguments: None)
    monkeypatch.setattr(package_change, "run_pending", lambda *arguments, **options: called.append("started"))
    monkeypatch.setattr(
        package_change,
        "start_pip",
        lambda app, run, command, job_id, leaves, stop, starting: launch(site, SPEC, {}, job_id, starting),
    )
    with pytest.raises(UnknownOutcome if running else Interrupted) as caught:
        Attempts(app, run, "x", RunOptions("always"), unrecorded()).run()
    message, advice = caught.value.message, caught.value.recommendation
    assert ("started" in called) is not running
    assert message.startswith("Interrupted") and ("stays stopped" in message and "job wait" in message) is running
    assert f"`{COMMAND}`" in advice and ("job cancel -g rg -n shop --job-id" in advice) is running


def test_ctrl_c_while_the_app_is_started_is_told(tmp_path, monkeypatch):
    said = []
    job = state.Job(JOB, "x", "succeeded", 0, result=state.JobResult())
    app = shop_app(FolderSite(tmp_path), progress=Recorded(said))

    run = PipRun(Target("python.exe", "python38x64", "3.8", "x64"), "Installing", PipCommand(()), [], present={})

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    def attempts(self):
        self.job_ids, self.stopped = [JOB], True
        self._change.job(JOB)
        return job

    monkeypatch.setattr(Attempts, "run", attempts)
    monkeypatch.setattr(package_change, "run_pending", interrupt)
    with pytest.raises(Interrupted) as caught:
        change_packages(app, run, "x", RunOptions())
    assert f"Job {JOB} on app 'shop' succeeded" in caught.value.message and said == []
    assert (
        "may still be stopped" in caught.value.message and f"--job-id {JOB}` starts it" in caught.value.recommendation
    )
    (record,) = History(app.kudu).read_all(History(app.kudu).ids())
    assert (record.state, record.jobs) == ("unfinished", (JOB,)), "until the app runs with the packages"


def test_a_lock_whose_deletion_is_pending_is_tried_again(tmp_path, monkeypatch):
    lock = runtime_lock.RuntimeLock(str(tmp_path), "python311x64", JOB)
    real, refusals = os.open, [errno.EACCES] * 3

    def refuse(path, *arguments, **options):
        if path == lock.path and refusals:
            raise OSError(refusals.pop(), "Permission denied", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert lock.create() and lock.owner() == JOB


def test_what_was_put_back_under_another_name_is_not_deleted(tmp_path):
    target = SimpleNamespace(packages=str(tmp_path))

    def put(path, content=""):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)

    put("flask-2.0.dist-info/METADATA", "Name: Flask\nVersion: 2.0\n")
    put("flask-2.0.dist-info/RECORD", 'flask/__init__.py,sha256=x,1\n"flask_extra.py",,\n../../bin/flask,,\n')
    put("old.egg-info/PKG-INFO", "Name: old\nVersion: 1\n")
    put("old.egg-info/installed-files.txt", "../old/__init__.py\n../old_more.py\n")
    for path in (
        "flask/__init__.py",
        "flask_extra.py",
        "old/__init__.py",
        "old_more.py",
        "kept.py",
        "left/__init__.py",
    ):
        put(path)
    put("left-1.dist-info/METADATA", "Name: left\nVersion: 1\n")
    restore = package_restore.PackageRestore.__new__(package_restore.PackageRestore)
    restore.target = target
    restore.packages = {"flask": ("Flask", "2.0", ""), "old": ("old", "1", "")}
    restore.entries = ["Flask-2.0.dist-info", "KEPT.py"]
    restore.log = SimpleNamespace(line=lambda line: None)
    restore.delete_new_entries()
    assert sorted(os.listdir(tmp_path)) == [
        "flask",
        "flask-2.0.dist-info",
        "flask_extra.py",
        "kept.py",
        "old",
        "old.egg-info",
        "old_more.py",
    ]


def test_a_line_that_cannot_be_taken_does_not_stop_pip(tmp_path, monkeypatch):
    program = tmp_path / "pip.py"
    program.write_text("for i in range(50000): print('x' * 40)\n")
    monkeypatch.setattr(pip_process, "START", str(program))
    seen = []

    def take(line):
        seen.append(line)
        raise ValueError("no")

    assert pip_process.Pip(own_target(), {}).run([], str(tmp_path), take) == 0 and len(seen) == 50000


def test_a_full_disk_of_this_machine_is_said():
    class Full:
        def tell(self):
            return 0

        def write(self, piece):
            raise OSError(errno.ENOSPC, "No space left on device")

    class Answer:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def raise_for_status(self):
            pass

        def iter_content(self, size):
            yield b"x"

    with pytest.raises(InvalidInput, match="No space left"):
        download(
            SimpleNamespace(get=lambda url, **options: Answer()),
            "https://x/y",
            Full(),
            Digest("SHA-256", "x", "the feed"),
        )
