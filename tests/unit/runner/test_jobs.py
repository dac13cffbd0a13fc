"""The program that runs on the worker, run by real Pythons with real pip, through launch and follow."""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.request import FOLDER, runner_files
from azext_pythonapp.jobs.runner.log import Log, secret_words
from azext_pythonapp.jobs.runner.pip_output import Progress
from azext_pythonapp.jobs.state import PackageVersion, VersionChange
from azext_pythonapp.packages import installed, record
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipCommand, PipOptions, install
from tests.unit.runner.job_runtime import WHEELS, Index, nap


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
    assert not record.is_satisfied(
        found, "abc", {"upgrade": True}, installed.digest(os.listdir(runtime.packages)), pinned=True
    )
    job = runtime.install("left==2.0\n")
    assert not job.result.changed


def test_missing_requirement_fails_with_pips_own_line(runtime):
    job = runtime.install("left==1.0\nnosuchpackage==9\n", record=record.to_json("abc", {}))
    assert (job.state, job.exit_code) == ("failed", 1)
    assert re.match("pip ended with exit code 1: .*No matching distribution found for nosuchpackage==9", job.error)
    assert not job.result.changed
    assert runtime.record() is None


def test_a_broken_package_set_is_told(runtime):
    job = runtime.install(
        "broken",
        pip=PipCommand(
            ("install", "--no-index", "--no-deps", "--find-links", JobFile("wheels"), "-r", JobFile("requirements.txt"))
        ),
    )
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
    log = Log(os.devnull)
    log.secrets = secret_words(["https://u:p/s@s@h/simple https://tok3n@h2/", "plain"])
    mask = log.masked
    assert mask("get https://u:p/s@s@h/simple") == "get https://****@h/simple"
    assert mask("password p/s@s and tok3n") == "password **** and ****"
    assert mask("git+https://me:pw@h/r@v1") == "git+https://****@h/r@v1"
    assert mask("https://h/a@b plain 3 @ 4") == "https://h/a@b plain 3 @ 4"


def test_an_environment_for_another_python_is_kept_out(runtime):
    runtime.site.environment.update(
        PYTHONHOME="/nonexistent",
        PYTHONPATH="/nonexistent",
        PIP_TARGET="elsewhere",
        PIP_USER="1",
        PIP_REQUIRE_VIRTUALENV="1",
    )
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
    job = runtime.install(
        "",
        directory=HomeFile("site/wwwroot"),
        record=record.to_json("abc", {}),
        watched={"site/wwwroot/requirements.txt": b"-r base.txt\n"},
        pip=install(HomeFile("site/wwwroot/requirements.txt"), PipOptions(no_index=True)),
    )
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


def test_silent_pip_is_alive_and_its_lines_come_at_once(runtime):
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


def test_old_jobs_are_deleted_unless_needed(runtime):
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
    old = [job(number, heartbeat_at="2026-01-01T00:00:00Z") for number in range(5, 10)]
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


def test_progress_comes_from_pip_lines_and_packages(tmp_path):
    progress = Progress(str(tmp_path), ["a-1.dist-info"])
    assert progress.read_line("Collecting numpy") == {"phase": "resolving", "progress": None}
    assert progress.read_line("  Downloading numpy-1.24-cp38-cp38-win_amd64.whl (14.9 MB)") == {
        "phase": "downloading",
        "progress": "14.9 MB",
    }
    assert progress.count_installed() == {}
    progress.read_line("Installing collected packages: a, b, c")
    for name in ("a-2.dist-info", "b-1.dist-info"):
        (tmp_path / name).mkdir()
    assert progress.count_installed() == {"progress": "2 of 3"}


@pytest.mark.parametrize(
    "content, told", [(b'{"id": ', "request.json of the job cannot be read"), (b'{"command": "x"}', "KeyError: ")]
)
def test_unreadable_request_and_runner_error_are_reported(runtime, content, told):
    def spoil(request):
        if request.startswith("start"):
            (runtime.site.home / request.split()[1] / "request.json").write_bytes(content)

    runtime.site.before_request = spoil
    job = runtime.install("left")
    assert job.state == "failed"
    assert job.error.startswith(told)


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
    process = subprocess.Popen(
        [runtime.python, "-u", "-B", "-E", "-s", "runner/__main__.py"],
        cwd=runtime.job,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **popen,
    )
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads((runtime.job / "state.json").read_bytes())


@pytest.mark.parametrize("path", sorted(runner_files()))
def test_its_syntax_is_that_of_every_runtime(path):
    tree = ast.parse(runner_files()[path].decode("ascii"), feature_version=(3, 4))
    for node in ast.walk(tree):
        # What Python 2.7 cannot read.
        assert not isinstance(node, (ast.Nonlocal, ast.JoinedStr, ast.AnnAssign, ast.YieldFrom)), node
        assert not (
            isinstance(node, (ast.List, ast.Tuple, ast.Dict))
            and any(isinstance(part, ast.Starred) for part in ast.iter_child_nodes(node))
        ), node
        assert not (isinstance(node, ast.Raise) and node.cause)
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs and not node.returns
            assert not any(argument.annotation for argument in node.args.args)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module}
            assert names <= set(sys.stdlib_module_names) | {Path(module).stem for module in runner_files()}
