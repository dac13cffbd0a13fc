"""Which jobs live: the same for `job show`, `list` and `wait`, by the server's clock, whatever lies in their folders."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import NotFound, PlatformFailed, RemoteFailed, Unreachable
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import Launched, launch
from azext_pythonapp.jobs.request import JobSpec
from azext_pythonapp.jobs.state import moment
from azext_pythonapp.jobs.store import show, show_all
from azext_pythonapp.operations.job.commands import list_jobs, show_job
from azext_pythonapp.packages.pip import PipCommand
from tests.unit.folder_site import FolderSite, Pending, Result
from tests.unit.progress import Recorded

JOB = "20261122-115930-4f2a"
SPEC = JobSpec("install-requirements", "python.exe", "python311x64", PipCommand(("install",), {"PIP_A": "secret"}))


class World:
    """A site whose clock only sleeping moves, and which has nothing to do with this machine's. beats: the job lives."""

    def __init__(self, home):
        self.site = FolderSite(home)
        self.at = 0.0
        self.begin = datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
        self.site.clock = lambda: self.begin + timedelta(seconds=self.at)
        self.beats = lambda: None
        self.site.url = lambda path: path
        self.said = []

    @property
    def app(self):
        return SimpleNamespace(
            kudu=self.site,
            progress=Recorded(self.said),
            site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop"),
        )

    def sleep(self, seconds):
        self.at += seconds
        self.beats()

    def stamp(self, seconds=0.0):
        return f"{self.begin + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"

    def put(self, job_id=JOB, request=None, state=None, **files):
        folder = self.site.home / "data/pythonapp/jobs" / job_id
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {"request": request, "state": state}.items():
            if content is not None:
                (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_text(content)
        return folder

    def running(self, heartbeat):
        return self.put(state={"id": JOB, "state": "running", "heartbeatAt": heartbeat})

    def show(self, job_id=JOB):
        return show(self.site, job_id, self.sleep)

    def wait(self, started=JOB, **options):
        return follow(self.site, started, lambda line: None, clock=lambda: self.at, sleep=self.sleep, **options)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("started_here", [True, False])
def test_wait_calls_a_job_lost_when_show_and_list_do(world, started_here):
    world.put(request={"createdAt": world.stamp()})
    world.running(world.stamp())
    verdicts = []
    world.beats = lambda: verdicts.append(show(world.site, JOB, lambda seconds: None).state)
    job = world.wait(Launched(JOB, Pending()) if started_here else JOB)
    assert job.state == "lost" and 60 < world.at < 70
    assert verdicts[:55] == ["running"] * 55
    assert world.show().state == "lost" and show_all(world.site, world.sleep)[0].state == "lost"


def test_job_with_a_slow_clock_lives_while_it_beats(world):
    world.beats = lambda: (
        world.running(world.stamp(world.at - 300))
        if world.at < 100
        else world.put(state={"id": JOB, "state": "succeeded", "heartbeatAt": world.stamp()})
    )
    world.beats()
    assert world.show().state == "running" and show_all(world.site, world.sleep)[0].state == "running"
    assert world.wait().state == "succeeded" and world.at >= 100


def test_one_that_was_silent_for_hours_costs_no_second_look(world):
    world.running(world.stamp(-9000))
    assert world.show().state == "lost" and world.wait().state == "lost" and world.at == 0


@pytest.mark.parametrize("content", ['{"id": "cut', "", "[]", '"x"', '{"id": 1, "state": "exploded"}', "[" * 99999])
def test_a_state_in_parts_is_judged_by_its_time(world, content):
    folder = world.put(request={"createdAt": world.stamp()}, state=content)
    world.begin = datetime.now(timezone.utc)
    assert world.show().state == "running"
    world.begin += timedelta(seconds=4000)
    job = world.show()
    assert job.state == "lost" and "cannot be read" in job.error
    (folder / "state.json").write_text(
        json.dumps({"state": "failed", "exitCode": "x", "warnings": 3, "result": None, "command": ["a"], "error": 7})
    )
    job = world.show()
    assert (job.id, job.state, job.exit_code, job.command, job.error) == (JOB, "failed", None, None, None)


def test_a_list_is_not_spoilt_by_what_is_no_job(world):
    good = "20261122-115931-0000"
    world.put(good, state={"id": "another", "state": "succeeded", "exitCode": 0})
    world.put("20261122-115932-0000")  # a foreign folder with such a name
    (world.put("20261122-115933-0000") / "state.json").mkdir()
    world.put("20261122-115934-0000", request="[1, 2]")
    world.put("20261122-115935-0000", request={"createdAt": 5, "command": {}}, state="{")

    def redirect(request):
        if request.startswith("read") and "115933" in request:
            raise PlatformFailed("answered 307")

    world.site.before_request = redirect
    world.begin = datetime.now(timezone.utc)
    rows = {job.id: job.state for job in show_all(world.site, world.sleep)}
    assert rows == {good: "succeeded", "20261122-115934-0000": "running", "20261122-115935-0000": "running"}


def test_a_site_that_lets_nothing_be_read_is_no_empty_list(world):
    world.running(world.stamp())
    world.site.before_request = lambda request: (
        (_ for _ in ()).throw(PlatformFailed("down")) if request.startswith("read") else None
    )
    with pytest.raises(PlatformFailed):
        show_all(world.site, world.sleep)


@pytest.mark.parametrize("command", [list_jobs, lambda app: show_job(app, JOB)])
def test_list_and_show_delete_what_a_lost_job_left_of_secrets(world, command):
    folder = world.put(
        request={"createdAt": world.stamp(-9000), "secretFiles": ["requirements.txt", "../x"]},
        secrets_json="{}",
        requirements_txt="https://u:p@h",
        log_txt="x",
    )
    (folder.parent / "x").write_text("kept")
    command(world.app)
    assert sorted(path.name for path in folder.iterdir()) == ["log.txt", "request.json"]
    assert (folder.parent / "x").exists()


def test_a_start_that_is_still_possible_is_not_lost(world):
    folder = world.put(request={"createdAt": world.stamp()}, secrets_json="{}")
    world.at = 250
    assert list_jobs(world.app)[0]["state"] == "running" and (folder / "secrets.json").exists()


def test_the_time_of_a_request_is_the_servers(world):
    world.site.start = lambda command, directory: Pending()
    job_id = launch(world.site, SPEC, {}).job_id
    request = json.loads((world.site.home / "data/pythonapp/jobs" / job_id / "request.json").read_bytes())
    assert request["createdAt"] == world.stamp() and request["secrets"] is True
    assert job_id.startswith("20310506-070809-")


@pytest.mark.parametrize("error", [Unreachable("cut"), KeyboardInterrupt()])
def test_a_launch_that_fails_half_way_leaves_nothing(world, error):
    upload = world.site.upload

    def half(folder, files):
        upload(folder, files)
        raise error

    world.site.upload = half
    with pytest.raises(type(error)):
        launch(world.site, SPEC, {})
    assert not list((world.site.home / "data/pythonapp/jobs").iterdir())


def test_a_job_that_did_not_start_is_failed_for_everybody(world):
    folder = world.put(request={"createdAt": world.stamp(), "command": "x"}, secrets_json="{}")
    pending = Pending()
    pending.answer = Result("", "The system cannot find the path specified.", 1)
    with pytest.raises(RemoteFailed):
        world.wait(Launched(JOB, pending))
    job = world.show()
    assert (job.state, job.command) == ("failed", "x") and "cannot find the path" in job.error
    assert not (folder / "secrets.json").exists()


def test_vanished_job_folder_ends_the_watching(world):
    world.running(world.stamp())

    def vanish():
        for path in (world.site.home / "data/pythonapp/jobs" / JOB).glob("*"):
            path.unlink()

    world.beats = vanish
    assert world.wait().state == "lost"
    with pytest.raises(NotFound):
        world.show()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-11-22T11:59:30Z", "2026-11-22T11:59:30+00:00"),
        ("2026-11-22T11:59:30.1234567+00:00", "2026-11-22T11:59:30+00:00"),
        ("2026-11-22T13:59:30.123456+02:00", "2026-11-22T11:59:30+00:00"),
        ("2026-13-22T11:59:30Z", None),
        ("", None),
    ],
)
def test_times_are_read_as_the_runner_and_kudu_write_them(text, expected):
    found = moment(text)
    assert (found and found.astimezone(timezone.utc).isoformat()) == expected


def test_client_that_stops_before_the_post_leaves_no_job(world):
    folder = world.put(request={"createdAt": world.stamp(), "command": "x"}, secrets_json="{}")
    pending = Pending()
    pending.kept_back = True
    with pytest.raises(RemoteFailed, match="not finished after 30 s"):
        world.wait(Launched(JOB, pending), timeout=30)
    assert world.show().state == "failed" and not (folder / "secrets.json").exists()
