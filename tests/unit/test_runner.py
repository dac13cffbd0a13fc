"""The program that runs on the worker, run by real Pythons with real pip, through launch and follow."""
from __future__ import annotations

import ast
import base64
import http.server
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import FOLDER, JobSpec, Restore, runner_files
from azext_pythonapp.jobs.state import PackageVersion, VersionChange
from azext_pythonapp.jobs.store import ask_to_cancel
from azext_pythonapp.packages import installed, record
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipCommand, PipOptions, install
from tests.unit.folder_site import FolderSite
from tests.unit.runner_modules import runner_module


def wheel(name, version, requires=(), more=None):
    """A wheel of a package with one module: (file name, content). more: text of further files by path."""
    stem = f"{name}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {f"{name}.py": f"VERSION = {version!r}\n", f"{stem}.dist-info/METADATA": metadata,
             f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                                        "Tag: py2-none-any\nTag: py3-none-any\n", **(more or {})}
    files[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{stem}.dist-info/RECORD"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, text)
    return f"{stem}-py2.py3-none-any.whl", archive.getvalue()


WHEELS = dict([wheel("left", "1.0"), wheel("left", "2.0"), wheel("right", "1.5", ["left>=1"]),
               wheel("broken", "1.0", ["absent"]),
               # pip sees only while it installs that a file would get outside of site-packages.
               wheel("spoiled", "1.0", ["left==2.0", "middle"], {"../../outside.py": ""}), wheel("middle", "1.0"),
               *(wheel("boxed", version, (), {f"boxed/{name}.py": version for name in ("first", "held")})
                 for version in ("1.0", "2.0"))])
PACKAGES = ("left", "right", "broken", "middle", "spoiled", "boxed")


class Index(http.server.ThreadingHTTPServer):
    """A package index on loopback that wants a user and takes its time for each page, or until it is released."""

    daemon_threads = True

    def __init__(self, seconds=60.0):
        super().__init__(("127.0.0.1", 0), _Page)
        self.seconds = seconds
        self.entered = threading.Event()
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://reader:s3cr%2Ft@127.0.0.1:{self.server_address[1]}/simple"


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"reader:s3cr/t").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.entered.set()
        body = WHEELS.get(self.path.rsplit("/", 1)[-1])
        if body is None:
            self.server.released.wait(self.server.seconds)
            package = self.path.rstrip("/").rsplit("/", 1)[-1]
            body = "".join(f'<a href="/files/{name}">{name}</a>' for name in WHEELS
                           if name.startswith(package + "-")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if body[:2] != b"PK" else "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except BrokenPipeError:  # the test has killed the reader
            self.close_connection = True

    def log_message(self, format, *args):
        pass


class QuickSite(FolderSite):
    """A site on which the runner's heart beats six times as fast."""

    def start(self, command, directory=""):
        module = self.home / directory.replace("\\", "/") / "runner_modules/job_state.py"
        source = module.read_text()
        assert "HEARTBEAT_SECONDS = 2\n" in source
        module.write_text(source.replace("HEARTBEAT_SECONDS = 2\n", "HEARTBEAT_SECONDS = 0.3\n"))
        return super().start(command, directory)


def nap(seconds):
    """Sleep a tenth of what is asked for: a client that polls more often."""
    time.sleep(seconds / 10)


class Runtime:
    """A Python with site-packages of its own, and the site that it is on."""

    def __init__(self, folder, python):
        self.site = QuickSite(folder)
        self.python = python
        self.packages = Path(subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip())
        self.lines = []
        self.job_id = None

    @property
    def job(self):
        return self.site.home / "data/pythonapp/jobs" / self.job_id

    def launch(self, requirements, **spec):
        options = PipOptions(no_index=True, wheel_dir=JobFile("wheels"))
        spec = {"pip": install(JobFile("requirements.txt"), options), **spec}
        files = {"requirements.txt": requirements.encode(), **{f"wheels/{name}": body for name, body in WHEELS.items()}}
        launched = launch(self.site, JobSpec("install-requirements", self.python, "python311x64", **spec), files)
        self.job_id = launched.job_id
        return launched

    def install(self, requirements, **spec):
        return self.follow(self.launch(requirements, **spec))

    def follow(self, launched, **options):
        return follow(self.site, launched, self.lines.append, timeout=120, sleep=nap, **options)

    def cancel(self):
        ask_to_cancel(self.site, self.job_id)

    def record(self):
        path = self.site.home / record.path_for("python311x64")
        return record.parse(path.read_bytes()) if path.exists() else None

    def from_index(self, index, **options):
        return install(JobFile("requirements.txt"), PipOptions(index_url=index.url, **options))


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python for these tests alone; PYTHONAPP_RUNNER_PYTHON names another one, whose packages are then changed."""
    other = os.environ.get("PYTHONAPP_RUNNER_PYTHON")
    if other:
        return other
    folder = tmp_path_factory.mktemp("runtime")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture
def runtime(tmp_path, python):
    runtime = Runtime(tmp_path, python)
    yield runtime
    for pending in runtime.site.pending:
        if pending.process.poll() is None:
            os.killpg(pending.process.pid, signal.SIGKILL)
        pending.thread.join(20)
    for name in PACKAGES:
        for path in [*runtime.packages.glob(f"{name}-*.dist-info"), *runtime.packages.glob(f"{name}.py"),
                     *runtime.packages.glob(name)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_good_run_tells_what_it_changed_and_leaves_a_record(runtime):
    asked = record.to_json("abc", {"upgrade": True})
    job = runtime.install("right\nleft==1.0\n", record=asked)
    assert (job.state, job.exit_code, job.command, job.error) == ("succeeded", 0, "install-requirements", None)
    assert job.result.installed == (PackageVersion("left", "1.0"), PackageVersion("right", "1.5"))
    assert (job.result.upgraded, job.result.removed, job.result.check_ok) == ((), (), True)
    assert any("Successfully installed" in line for line in runtime.lines)
    names = os.listdir(runtime.packages)
    assert installed.packages(names)["right"] == "1.5"
    found = runtime.record()
    assert found.packages_digest == installed.digest(names)
    assert found.job_id == runtime.job_id and found.check == {"ok": True, "problems": []}
    assert record.is_satisfied(found, "abc", {"upgrade": True}, installed.digest(names), pinned=True)
    assert not (runtime.site.home / "data/pythonapp/locks/python311x64.lock").exists()

    job = runtime.install("left==2.0\n")
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),)
    assert not record.is_satisfied(found, "abc", {"upgrade": True}, installed.digest(os.listdir(runtime.packages)),
                                   pinned=True)
    job = runtime.install("left==2.0\n")
    assert not job.result.changed


def test_a_requirement_that_does_not_exist_fails_with_pips_own_words(runtime):
    job = runtime.install("left==1.0\nnosuchpackage==9\n", record=record.to_json("abc", {}))
    assert (job.state, job.exit_code) == ("failed", 1)
    assert re.match("pip ended with exit code 1: .*No matching distribution found for nosuchpackage==9", job.error)
    assert not job.result.changed
    assert runtime.record() is None


def test_a_broken_package_set_is_told(runtime):
    job = runtime.install("broken", pip=PipCommand(("install", "--no-index", "--no-deps", "--find-links",
                                                    JobFile("wheels"), "-r", JobFile("requirements.txt"))))
    assert job.state == "succeeded"
    assert job.result.check_ok is False
    assert any("absent" in problem for problem in job.result.problems)


def test_credentials_reach_the_index_and_nothing_else(runtime):
    index = Index(0)
    requirements = f"--extra-index-url {index.url}\nleft\n"
    job = runtime.install(requirements, pip=runtime.from_index(index))
    assert job.state == "succeeded", runtime.lines
    assert index.entered.is_set()
    assert not (runtime.job / "secrets.json").exists() and not (runtime.job / "requirements.txt").exists()
    kept = b"".join(path.read_bytes() for path in runtime.site.home.rglob("*") if path.is_file())
    runtime.site.pending[0].thread.join(20)
    printed = "".join(pending.answer.output + pending.answer.error for pending in runtime.site.pending)
    for text in (kept.decode("latin-1"), printed, "\n".join(runtime.lines), str(job)):
        assert "s3cr" not in text


def test_credentials_are_masked_wherever_they_stand():
    module = runner_module("job_log")
    log = module.Log(os.devnull)
    log.secrets = module.secret_words(["https://u:p/s@s@h/simple https://tok3n@h2/", "plain"])
    mask = log.masked
    assert mask("get https://u:p/s@s@h/simple") == "get https://****@h/simple"
    assert mask("password p/s@s and tok3n") == "password **** and ****"
    assert mask("git+https://me:pw@h/r@v1") == "git+https://****@h/r@v1"
    assert mask("https://h/a@b plain 3 @ 4") == "https://h/a@b plain 3 @ 4"


def test_an_environment_for_another_python_is_kept_out(runtime):
    runtime.site.environment.update(PYTHONHOME="/nonexistent", PYTHONPATH="/nonexistent", PIP_TARGET="elsewhere",
                                    PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1")
    assert runtime.install("left").result.installed == (PackageVersion("left", "2.0"),)


def test_modules_next_to_the_app_do_not_get_into_pip(runtime):
    wwwroot = runtime.site.home / "site/wwwroot"
    (wwwroot / "wheels").mkdir(parents=True)
    for name in ("logging", "pip", "json", "runpy", "requests"):
        (wwwroot / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    for name, body in WHEELS.items():
        (wwwroot / "wheels" / name).write_bytes(body)
    (wwwroot / "base.txt").write_text("./wheels/left-1.0-py2.py3-none-any.whl\n")
    (wwwroot / "requirements.txt").write_text("-r base.txt\n")
    job = runtime.install("", directory=HomeFile("site/wwwroot"), record=record.to_json("abc", {}),
                          watched={"site/wwwroot/requirements.txt": b"-r base.txt\n"},
                          pip=install(HomeFile("site/wwwroot/requirements.txt"), PipOptions(no_index=True)))
    assert job.result.installed == (PackageVersion("left", "1.0"),)
    assert runtime.record() is not None


def test_no_record_when_the_file_is_another_by_now(runtime):
    wwwroot = runtime.site.home / "site/wwwroot"
    wwwroot.mkdir(parents=True)
    (wwwroot / "requirements.txt").write_text("# changed\n")
    job = runtime.install("left", record=record.to_json("abc", {}), watched={"site/wwwroot/requirements.txt": b"read"})
    assert job.state == "succeeded"
    assert runtime.record() is None
    assert any("site/wwwroot/requirements.txt was changed" in line for line in runtime.lines)


def test_a_silent_pip_is_seen_to_live_and_its_first_line_comes_at_once(runtime):
    index = Index(3.5)
    started = time.monotonic()
    first_line = []
    launched = runtime.launch("left", pip=runtime.from_index(index))
    beats = set()

    def on_line(line):
        first_line.append(time.monotonic() - started)

    def sleep(seconds):
        nap(seconds)
        path = runtime.job / "state.json"
        if path.exists():
            beats.add(json.loads(path.read_bytes())["heartbeatAt"])

    job = follow(runtime.site, launched, on_line, timeout=120, sleep=sleep)
    assert job.state == "succeeded"
    assert first_line[0] < 5
    assert len(beats) >= 3
    runtime.site.pending[0].thread.join(20)
    output = runtime.site.pending[0].answer.output
    assert len(re.findall(r"^\d{4}-\d\d-\d\dT\S+ \w+", output, re.MULTILINE)) >= 3, output


def test_only_one_job_changes_a_runtime_at_a_time(runtime):
    index = Index()
    first = runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    second = runtime.install("left")
    assert (second.state, second.exit_code) == ("failed", 1)
    assert f"job {first.job_id} is changing the packages of python311x64" in second.error
    assert second.blocked_by == first.job_id
    index.released.set()
    assert runtime.follow(first).state == "succeeded"


def test_the_lock_of_a_dead_job_is_taken_over(runtime):
    dead = "20260101-000000-dead"
    hold_lock(runtime, dead, heartbeat_age=120)
    assert runtime.install("left").state == "succeeded"
    assert any(dead in line and "takes over" in line for line in runtime.lines)
    assert not list((runtime.site.home / "data/pythonapp/locks").iterdir())


def test_a_job_that_may_be_dead_is_waited_for(runtime):
    doubtful = "20260101-000000-0bad"
    hold_lock(runtime, doubtful, heartbeat_age=54)
    assert runtime.install("left").state == "succeeded"
    assert any("Waiting for job " + doubtful in line for line in runtime.lines)


def hold_lock(runtime, owner, heartbeat_age):
    data = runtime.site.home / "data/pythonapp"
    (data / "locks").mkdir(parents=True)
    (data / "jobs" / owner).mkdir(parents=True)
    (data / "locks/python311x64.lock").write_text(owner)
    heartbeat = datetime.now(timezone.utc) - timedelta(seconds=heartbeat_age)
    (data / "jobs" / owner / "state.json").write_text(json.dumps(
        {"id": owner, "state": "running", "heartbeatAt": f"{heartbeat:%Y-%m-%dT%H:%M:%SZ}"}))


def test_a_killed_job_is_lost(runtime):
    index = Index()
    launched = runtime.launch(f"--extra-index-url {index.url}\nleft", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    os.killpg(runtime.site.pending[0].process.pid, signal.SIGKILL)
    job = runtime.follow(launched, clock=lambda: time.monotonic() * 6)
    assert job.state == "lost"
    assert not (runtime.job / "requirements.txt").exists()


def test_a_canceled_job_ends_pip_gives_the_lock_back_and_forgets_its_secrets(runtime):
    index = Index()
    launched = runtime.launch(f"--extra-index-url {index.url}\nleft", pip=runtime.from_index(index),
                              record=record.to_json("abc", {}))
    assert index.entered.wait(60)
    began = time.monotonic()
    runtime.cancel()
    job = runtime.follow(launched)
    assert (job.state, job.exit_code, job.error) == ("canceled", None, "somebody canceled it")
    assert time.monotonic() - began < 5
    assert not job.result.changed and runtime.record() is None
    assert not (runtime.job / "requirements.txt").exists() and not (runtime.job / "secrets.json").exists()
    assert not list((runtime.site.home / "data/pythonapp/locks").iterdir())
    pending, = runtime.site.pending
    assert pending.process.wait(20) == 1


def test_a_job_that_waits_for_another_can_be_canceled(runtime):
    hold_lock(runtime, "20260101-000000-0bad", heartbeat_age=20)
    launched = runtime.launch("left")
    runtime.cancel()
    job = runtime.follow(launched)
    assert job.state == "canceled"
    assert [path.name for path in (runtime.site.home / "data/pythonapp/locks").iterdir()] == ["python311x64.lock"]


SPOILED = {"directory": JobFile(""), "record": record.to_json("abc", {})}


def test_a_pip_that_fails_half_way_tells_what_it_changed(runtime):
    runtime.install("left==1.0")
    job = runtime.install("spoiled", **SPOILED)
    assert job.state == "failed"
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),)
    assert PackageVersion("middle", "1.0") in job.result.installed
    assert runtime.record() is None


@pytest.mark.parametrize("file_names_the_source", [False, True])
def test_what_a_failing_pip_has_changed_is_put_back(runtime, file_names_the_source):
    runtime.install("left==1.0")
    arguments = ("--no-index", "--find-links", JobFile("wheels"))
    restore = Restore(arguments, JobFile("requirements.txt"))
    text, pip = "spoiled\n", None
    if file_names_the_source:
        text, restore = "--no-index\n--find-links wheels\nspoiled\n", Restore((), JobFile("requirements.txt"))
        pip = install(JobFile("requirements.txt"), PipOptions())
    job = runtime.install(text, restore=restore, **SPOILED, **({"pip": pip} if pip else {}))
    assert job.state == "failed", runtime.lines
    assert "; what it had changed was put back (3 packages)" in job.error
    assert not job.result.changed
    assert installed.packages(os.listdir(runtime.packages)).get("left") == "1.0"
    assert "middle" not in installed.packages(os.listdir(runtime.packages))
    assert not (runtime.job / "restore.txt").exists()


def test_what_could_not_be_put_back_is_told(runtime):
    runtime.install("left==1.0")
    job = runtime.install("spoiled", restore=Restore(("--no-index",)), **SPOILED)
    assert "putting back what it had changed did not fully succeed" in job.error
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),)
    assert PackageVersion("middle", "1.0") not in job.result.installed


def test_a_second_attempt_puts_back_what_was_there_before_the_first(runtime):
    runtime.install("left==1.0")
    runtime.install("spoiled", restore=Restore(("--no-index",)), **SPOILED)
    first = runtime.job_id
    again = Restore(("--no-index", "--find-links", JobFile("wheels")), since=first)
    job = runtime.install("nosuchpackage", restore=again)
    assert "; what it had changed was put back" in job.error, runtime.lines
    assert installed.packages(os.listdir(runtime.packages)).get("left") == "1.0"
    job = runtime.install("left", restore=Restore((), since="20260101-000000-dead"))
    assert job.state == "failed" and "before.json of the job cannot be read" in job.error and not job.result


def notes(runtime):
    folder = runtime.site.home / "data/pythonapp/left"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_change_of_packages_leaves_a_note_that_the_app_is_to_be_restarted(runtime):
    assert runtime.install("left==1.0").result.changed and notes(runtime) == []
    runtime.install("left==2.0", leaves="restart")
    changed = f"{runtime.job_id}.restart"
    assert notes(runtime) == [changed]
    assert not runtime.install("left==2.0", leaves="restart").result.changed and notes(runtime) == [changed]
    assert runtime.install("nosuchpackage", leaves="restart").state == "failed" and notes(runtime) == [changed]
    assert runtime.install("spoiled", leaves="restart-later", **SPOILED).result.changed
    assert notes(runtime) == [changed, f"{runtime.job_id}.restart-later"]


def test_a_killed_job_has_noted_the_restart_before_it_called_pip(runtime):
    index = Index()
    launched = runtime.launch("left", pip=runtime.from_index(index), leaves="restart")
    assert index.entered.wait(60)
    os.killpg(runtime.site.pending[0].process.pid, signal.SIGKILL)
    assert runtime.follow(launched, clock=lambda: time.monotonic() * 6).state == "lost"
    assert notes(runtime) == [f"{runtime.job_id}.restart"]


HOLDS_A_FILE = """
import os
import shutil

move = shutil.move


def move_unless_held(source, target, *more):
    held = os.path.join({folder!r}, "held.py")
    if source.rstrip(os.sep) == {folder!r}:
        shutil.copytree(source, target)
        os.unlink(os.path.join(source, "first.py"))
    if held.startswith(source):
        raise OSError(13, "Access is denied", held)
    return move(source, target, *more)


shutil.move = move_unless_held
"""


def test_a_package_with_a_file_that_is_held_stays_whole(runtime):
    """shutil.move on Windows copies a folder that it cannot rename, and then deletes what it can of it; a pip before 19
    moves file by file."""
    runtime.install("boxed==1.0")
    files = {path: path.read_bytes() for path in runtime.packages.rglob("*boxed*/**/*.py")}
    names = sorted(os.listdir(runtime.packages))
    assert len(files) >= 2 and "boxed.py" in names
    customize = runtime.packages / "sitecustomize.py"
    customize.write_text(HOLDS_A_FILE.format(folder=str(runtime.packages / "boxed")))
    try:
        job = runtime.install("boxed==2.0")
    finally:
        for path in runtime.packages.glob("sitecustomize.py*"):
            path.unlink()
    assert job.state == "failed" and any("held.py" in line for line in runtime.lines) and not job.result.changed
    assert sorted(os.listdir(runtime.packages)) == names
    assert {path: path.read_bytes() for path in runtime.packages.rglob("*boxed*/**/*.py")} == files
    job = runtime.install("boxed==2.0")
    assert job.result.upgraded == (VersionChange("boxed", "1.0", "2.0"),), runtime.lines


def test_a_preparation_comes_first_and_must_succeed(runtime):
    first = PipCommand(("install", "--no-index", "--find-links", JobFile("wheels"), "left==1.0"), {"PIP_A": "1"})
    job = runtime.install("right", preparation=first)
    assert job.result.installed == (PackageVersion("left", "1.0"), PackageVersion("right", "1.5"))
    job = runtime.install("left==2.0", preparation=PipCommand(("install", "--no-index", "absent")))
    assert job.state == "failed" and "absent" in job.error and not job.result.changed


def test_metadata_that_a_pip_left_in_parts_is_removed(runtime):
    (runtime.packages / "left-0.9.dist-info" / "licenses").mkdir(parents=True)
    (runtime.packages / "middle-1.0.dist-info").mkdir()
    (runtime.packages / "middle-1.0.dist-info" / "METADATA").write_text("Name: middle\nVersion: 1.0\n")
    assert runtime.install("left==1.0").result.installed == (PackageVersion("left", "1.0"),)
    assert not (runtime.packages / "left-0.9.dist-info").exists()
    assert (runtime.packages / "middle-1.0.dist-info").exists()


def test_a_job_that_only_looks_waits_for_no_other(runtime):
    hold_lock(runtime, "20260101-000000-0bad", heartbeat_age=1)
    runtime.install("broken", exclusive=False, checked=False,
                    pip=PipCommand(("install", "--no-index", "--no-deps", "--find-links", JobFile("wheels"),
                                    "broken")))
    job = runtime.install("", exclusive=False, pip=None)
    assert (job.state, job.result.check_ok) == ("succeeded", False)
    assert any("absent" in problem for problem in job.result.problems)
    job = runtime.install("", exclusive=False, checked=False, pip=PipCommand(("list", "--format=json")))
    assert (job.state, job.result.check_ok) == ("succeeded", None)
    assert {"name": "broken", "version": "1.0"} in json.loads(runtime.lines[-1])


def test_old_jobs_are_deleted_but_not_what_runs_or_is_named_by_a_record(runtime):
    jobs = runtime.site.home / FOLDER
    heartbeat = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"

    def job(number, state="succeeded", heartbeat_at=heartbeat):
        folder = jobs / f"20260101-{number:06}-0000"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps({"state": state, "heartbeatAt": heartbeat_at}))
        return folder

    running, silent = job(1, "running"), job(2, "running", "2026-01-01T00:00:00Z")
    named, begun = job(3), jobs / "20260101-000004-0000"
    begun.mkdir()
    old = [job(number) for number in range(5, 10)]
    newer = [job(number) for number in range(10, 29)]
    other = jobs / "not-a-job"
    other.mkdir()
    records = runtime.site.home / record.FOLDER
    records.mkdir(parents=True)
    (records / "python38x64.json").write_text(json.dumps({"jobId": named.name}))
    assert runtime.install("left").state == "succeeded"
    runtime.site.pending[0].thread.join(20)
    left = set(jobs.iterdir())
    assert left == {running, named, begun, *newer, other, runtime.job}
    assert silent not in left and not left & set(old)


def test_progress_is_read_off_pips_lines_and_the_installed_packages(tmp_path):
    progress = runner_module("pip_progress").Progress(str(tmp_path), ["a-1.dist-info"])
    assert progress.line("Collecting numpy") == {"phase": "resolving", "progress": None}
    assert progress.line("  Downloading numpy-1.24-cp38-cp38-win_amd64.whl (14.9 MB)") == {
        "phase": "downloading", "progress": "14.9 MB"}
    assert progress.beat() == {}
    progress.line("Installing collected packages: a, b, c")
    for name in ("a-2.dist-info", "b-1.dist-info"):
        (tmp_path / name).mkdir()
    assert progress.beat() == {"progress": "2 of 3"}


def test_a_request_that_cannot_be_read(runtime):
    def spoil(request):
        if request.startswith("start"):
            (runtime.site.home / request.split()[1] / "request.json").write_bytes(b'{"id": ')

    runtime.site.before_request = spoil
    job = runtime.install("left")
    assert job.state == "failed"
    assert job.error.startswith("request.json of the job cannot be read")


def test_a_mistake_in_the_runner_itself_is_told(runtime):
    def spoil(request):
        if request.startswith("start"):
            (runtime.site.home / request.split()[1] / "request.json").write_bytes(b'{"command": "x"}')

    runtime.site.before_request = spoil
    job = runtime.install("left")
    assert job.state == "failed"
    assert job.error.startswith("KeyError: ")


def test_nobody_listens_to_its_output(runtime):
    closed = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    closed.wait()
    job = launch_by_hand(runtime, stdout=closed.stdin)
    closed.stdin.close()
    assert job["state"] == "succeeded"


def test_a_full_disk_costs_the_log_and_not_the_job(runtime):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    lines = "".join(f"left; python_version < '1.{number}'\n" for number in range(200)) + "left\n"
    job = launch_by_hand(runtime, requirements=lines, preexec_fn=limit, stdout=subprocess.DEVNULL)
    assert job["state"] == "succeeded"
    assert "log.txt is incomplete" in job["warnings"][0]


def test_a_state_that_cannot_be_replaced_is_written_over(runtime):
    def block(request):
        if request.startswith("start"):
            (runtime.site.home / request.split()[1] / "wheels/block").touch()

    index = Index()
    runtime.site.before_request = block
    launched = runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    (runtime.job / "state.json.new").unlink(missing_ok=True)
    (runtime.job / "state.json.new").mkdir()  # as good as a full disk: no new file can be made
    index.released.set()
    job = runtime.follow(launched)
    assert (job.state, job.exit_code) == ("succeeded", 0)
    assert any("state.json could not be replaced" in warning for warning in job.warnings)


def launch_by_hand(runtime, requirements="left\n", **popen):
    """Run the runner as Kudu would, but with streams or limits of the test's own; the final state.json."""
    site = runtime.site
    site.start = lambda command, directory: None
    runtime.launch(requirements)
    process = subprocess.Popen([runtime.python, "-u", "-B", "-E", "-s", "runner.py"], cwd=runtime.job,
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **popen)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads((runtime.job / "state.json").read_bytes())


@pytest.mark.parametrize("path", sorted(runner_files()))
def test_its_syntax_is_that_of_every_runtime(path):
    tree = ast.parse(runner_files()[path].decode("ascii"), feature_version=(3, 4))
    for node in ast.walk(tree):
        # What Python 2.7 cannot read.
        assert not isinstance(node, (ast.Nonlocal, ast.JoinedStr, ast.AnnAssign, ast.YieldFrom)), node
        assert not (isinstance(node, (ast.List, ast.Tuple, ast.Dict)) and any(
            isinstance(part, ast.Starred) for part in ast.iter_child_nodes(node))), node
        assert not (isinstance(node, ast.Raise) and node.cause)
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs and not node.returns
            assert not any(argument.annotation for argument in node.args.args)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module}
            assert names <= set(sys.stdlib_module_names) | {Path(module).stem for module in runner_files()}
