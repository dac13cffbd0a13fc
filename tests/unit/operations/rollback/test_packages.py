"""The packages of a Python come back as a step of the plan, and go forth again when a later step fails."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import RemoteFailed
from azext_pythonapp.history.record import PackageChange
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult, PackageVersion, VersionChange
from azext_pythonapp.operations.app.record_parts import noted_run
from azext_pythonapp.operations.package.restore_set import package_set
from azext_pythonapp.operations.rollback import packages as module
from azext_pythonapp.operations.rollback.found import FoundPackages
from azext_pythonapp.operations.rollback.packages import PackageReturn
from azext_pythonapp.packages import record
from tests.unit.operations.rollback.pythons import OLD, has


class Pip:
    """pip on the worker: it makes the folder what the plan says."""

    def __init__(self, folder):
        self.folder, self.fails = folder, False
        self.runs, self.options, self.done = [], [], []
        self.noted = []

    def attempts(self, app, run, command, options, change):
        self.runs.append(run)
        self.options.append(options)
        job_id = f"20261126-12000{len(self.runs)}-aaaa"
        return SimpleNamespace(job_ids=[job_id], run=lambda: self.run(run, job_id))

    def run(self, run, job_id):
        self.done.append("pip")
        if self.fails:
            return Job(job_id, "rollback", FAILED, 1, error="No matching distribution found", result=JobResult())
        present = dict(run.present)
        for change in run.planned:
            name = change.target.removeprefix("packages/")
            present.pop(name, None)
            if change.after is not None:
                present[name] = change.after
        has(self.folder, OLD, present)
        names = [(each.target.removeprefix("packages/"), each.before, each.after) for each in run.planned]
        result = JobResult(
            tuple(PackageVersion(name, after) for name, before, after in names if before is None),
            tuple(VersionChange(name, before, after) for name, before, after in names if before and after),
            removed=tuple(PackageVersion(name, before) for name, before, after in names if after is None),
        )
        return Job(job_id, "rollback", SUCCEEDED, 0, result=result)

    def run_pending(self, app, own, restart):
        self.done.append(f"start after {len(own)}" if not restart else "restart")
        return []


@pytest.fixture
def pip(tmp_path, monkeypatch):
    made = Pip(tmp_path)
    monkeypatch.setattr(module, "Attempts", made.attempts)
    monkeypatch.setattr(module, "run_pending", made.run_pending)
    monkeypatch.setattr(module, "note_end", lambda change, part, job: made.noted.append((part, job.id)))
    return made


def returning(app, pip, before, now, used=True, absent=False, last_run=None, undoes=None, arguments=()):
    if not absent:
        has(pip.folder, OLD, now)
    change = PackageChange(OLD, "3.8.10", "x64", "python3810x64", before, None, {}, ["--index-url", "https://h/simple"])
    change = replace(change, last_run=last_run, arguments=arguments or change.arguments)
    recording = SimpleNamespace(
        note_packages=lambda part: pip.noted.append(part), record=SimpleNamespace(undoes=undoes)
    )
    found = FoundPackages(change, {} if absent else now, absent)
    return PackageReturn(app, found, used, package_set(change), lambda: recording)


def rows(changes):
    return [(each.target, each.action, each.after) for each in changes]


def test_packages_come_back_and_go_forth_again(app, pip):
    packages = returning(app, pip, {"flask": "2.0"}, {"flask": "3.0", "six": "1.0"})
    step = packages.step(True)
    assert rows(step.changes) == [("packages/flask", "downgrade", "2.0"), ("packages/six", "uninstall", None)]
    assert sorted(rows(step.apply())) == sorted(rows(step.changes)) and packages.changed
    assert pip.options[0].restart is True and pip.done == ["pip"], "the restart that follows starts a stopped app"
    assert pip.noted[0].before == {"flask": "3.0", "six": "1.0"} and pip.noted[0].arguments == [
        "--index-url",
        "https://h/simple",
    ]
    assert step.undo() == "The packages of Python 3.8.10 of app 'shop' are again those that were there."
    assert rows(pip.runs[1].planned) == [("packages/flask", "upgrade", "3.0"), ("packages/six", "install", "1.0")]
    assert pip.done == ["pip", "pip", "start after 2"]


@pytest.mark.parametrize("before", [{"jobId": "20261126-110000-0001", "options": {}}, {}])
def test_what_the_requirements_of_then_were_is_known_again(app, pip, before):
    """So that the same requirements need no pip: it would find nothing to do."""
    path = record.path_for("python3810x64")
    app.kudu.write(path, b'{"jobId": "20261126-120000-0001"}')
    packages = returning(app, pip, {"flask": "2.0"}, {"flask": "3.0"}, last_run=before)
    step = packages.step(True)
    step.apply()
    assert noted_run(app, "python3810x64") == before and (pip.folder / path).exists() is bool(before)
    assert pip.noted[0].last_run == {"jobId": "20261126-120000-0001"}, "for the undo of this one"
    step.undo()
    assert noted_run(app, "python3810x64") == {"jobId": "20261126-120000-0001"}


def test_requirements_that_are_not_known_stay_as_they_are(app, pip):
    app.kudu.write(record.path_for("python3810x64"), b'{"jobId": "20261126-120000-0001"}')
    returning(app, pip, {"flask": "2.0"}, {"flask": "3.0"}).step(True).apply()
    assert noted_run(app, "python3810x64") == {"jobId": "20261126-120000-0001"}


def test_a_failed_pip_starts_the_app_and_is_explained(app, pip):
    pip.fails = True
    packages = returning(app, pip, {"flask": "2.0"}, {"flask": "3.0"})
    step = packages.step(True)
    with pytest.raises(RemoteFailed, match=r"^The packages of Python 3.8.10 could not be brought back. .*No matching"):
        step.apply()
    assert pip.done == ["pip", "start after 1"]
    assert step.undo() == "No package of Python 3.8.10 of app 'shop' was changed."


@pytest.mark.parametrize(
    "arguments, told",
    [
        ([], "add --index-url with its address: `{}`."),
        (["--no-index"], "add --index-url with its address: `{}`."),
        (["--index-url", "https://h/then/simple"], "An earlier one used this: `{} --index-url https://h/then/simple`."),
    ],
)
def test_the_index_of_then_is_named_where_none_was_asked(app, add, pip, arguments, told):
    """An upgrade with --no-index has no index in its record; the packages before it may have come from one."""
    add("install-requirements", packages=(PackageChange(OLD, "3.8.10", "x64", "python3810x64", {}, {}, {}, arguments),))
    other = PackageChange(OLD, "3.11.9", "x64", "python3119x64", {}, {}, {}, ["--index-url", "https://other/simple"])
    made = add("install-requirements", packages=(other,))
    made = add("install-requirements")
    pip.fails = True
    packages = returning(app, pip, {"flask": "2.0"}, {"flask": "3.0"}, undoes=made.id, arguments=["--no-index"])
    with pytest.raises(RemoteFailed) as caught:
        packages.step(True).apply()
    again = f"az webapp python rollback -g rg -n shop --change-id {made.id} --yes"
    assert caught.value.recommendation.endswith(told.format(again))
    assert f"Change {made.id} was made with --no-index, so no index was asked." in caught.value.recommendation


def test_a_python_that_the_app_does_not_run_needs_no_restart(app, pip):
    packages = returning(app, pip, {}, {"six": "1.0"}, used=False)
    packages.step(True).apply()
    assert pip.options[0].restart is False and pip.done == ["pip", "start after 1"]


def test_a_python_that_was_installed_again_gets_what_it_lacks(app, pip):
    packages = returning(app, pip, {"pip": "25", "setuptools": "56", "flask": "2.0"}, {}, absent=True)
    assert packages.part is None
    step = packages.step(True)
    assert rows(step.changes) == [("packages/flask", "install", "2.0")] and step.undo is None
    has(pip.folder, OLD, {"pip": "25", "setuptools": "56"})
    assert rows(step.apply()) == [("packages/flask", "install", "2.0")]
    has(pip.folder, OLD, {"pip": "25", "setuptools": "56", "flask": "2.0"})
    assert returning(app, pip, {"flask": "2.0"}, {}, absent=True).step(True).apply() is not None
