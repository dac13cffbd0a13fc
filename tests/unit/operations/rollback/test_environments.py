"""Going back to an environment: by one write where it is as it was, else it is built again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azext_pythonapp.errors import Conflict, Refused, RemoteFailed
from azext_pythonapp.history import lease
from azext_pythonapp.history.environment import EnvironmentChange, RecordedEnvironment
from azext_pythonapp.history.record import FAILED, SUCCEEDED, KeptFile
from azext_pythonapp.history.store import HISTORY
from azext_pythonapp.operations.app.registration import SITE_TRANSFORM
from azext_pythonapp.operations.environment import registration
from azext_pythonapp.operations.job.run import spec_of
from azext_pythonapp.operations.rollback import environment as environment_module
from azext_pythonapp.operations.rollback import steps
from azext_pythonapp.runtimes.environment import Base, Description, python_of, to_json
from tests.unit.operations.rollback.pythons import HOME, NEW, OLD, WEB_CONFIG, config, runtime
from tests.unit.operations.rollback.world import undo

OF_A, OF_B = python_of("a", HOME), python_of("b", HOME)
BEFORE, AFTER = {"flask": "2.0", "left": "1.0"}, {"flask": "3.0", "up": "1.0"}


def recorded(letter, number, packages, base=NEW):
    """An environment as a record has it; number: of the job that built it."""
    job = f"20261126-11000{number}-000{number}"
    return RecordedEnvironment(letter, job, base, "3.11.9", "x64", packages, "requirements.txt", "0a", ("left>=1",))


def place(world, of):
    """Put an environment on the app."""
    folder = world.folder / "data/pythonapp/environments" / of.letter
    packages = folder / "Lib/site-packages"
    packages.mkdir(parents=True, exist_ok=True)
    for entry in packages.iterdir():
        entry.rmdir()
    for name, version in of.packages.items():
        (packages / f"{name}-{version}.dist-info").mkdir()
    base = Base(of.python_path, of.version, of.architecture)
    description = Description(
        base, of.requirements, of.digest, of.added, of.removed, "pip 24.0", of.job, "2026-11-26T11:00:00Z", of.packages
    )
    (folder / "pythonapp.json").write_bytes(to_json(description))


@pytest.fixture
def built(world, monkeypatch):
    """What rollback has built, as its job does; its jobs have the numbers from 7 on."""
    runs = []

    def build(app, where, command, change, switch):
        run = where.contents.run
        runs.append(run)
        lines = run.uploads["packages.txt"].decode().splitlines()[1:]
        packages = dict(line.split("==") for line in lines)
        made = recorded(where.letter, 6 + len(runs), packages, where.base.python_path)
        change.job(made.job)
        world.done.append(f"build {where.letter} on {where.base.python_path}")
        place(world, replace(made, added=run.build.added, digest=run.build.digest))
        return made

    def job(*arguments):
        made = build(*arguments)
        return type("Job", (), {"id": made.job})

    monkeypatch.setattr(environment_module, "build", job)
    return runs


@pytest.fixture
def switched(world, add):
    """An app that install-requirements brought from environment a to b."""
    a, b = recorded("a", 1, BEFORE), recorded("b", 2, AFTER)
    place(world, a)
    place(world, b)
    world.put(config(OF_B))
    world.change = add(
        "install-requirements",
        files=(KeptFile(WEB_CONFIG, "web.config", config(OF_A), config(OF_B), True),),
        environment=EnvironmentChange(a, b, {}, ["--index-url", "https://pypi.example/simple"]),
    )
    world.app.kudu.requests.clear()
    return world


ROWS = [
    (WEB_CONFIG, "update"),
    ("packages/flask", "downgrade"),
    ("packages/left", "install"),
    ("packages/up", "uninstall"),
]


def rows(answer):
    return [(each["target"], each["action"]) for each in answer["changes"]]


def test_one_write_goes_back_and_one_forth(switched, built):
    answer = undo(switched)
    assert switched.web_config == config(OF_A) and rows(answer) == ROWS
    assert switched.done == ["page before", "page with Python 3.11.9"], "no restart, no import, no build"
    assert [each for each in switched.writes() if "/history" not in each and "lease" not in each] == [
        f"write {WEB_CONFIG}"
    ]
    assert len(switched.writes()) <= 6 and built == []
    assert (answer["environment"], answer["runtime"]["pythonPath"]) == ("a", OF_A)
    found = switched.records[0].environment
    assert (found.before.letter, found.after.letter, found.after.job) == ("b", "a", "20261126-110001-0001")
    assert "runs Python 3.11.9 x64 from environment a" in switched.app.progress.last[0]
    again = undo(switched, change_id=answer["changeId"])
    assert switched.web_config == config(OF_B) and again["environment"] == "b" and built == []
    assert switched.records[0].environment.after.packages == AFTER
    nothing = undo(switched, change_id=answer["changeId"])
    assert nothing["changed"] is False


def test_a_dry_run_tells_all_of_it(switched, built):
    answer = undo(switched, dry_run=True, confirmed=False)
    assert rows(answer) == ROWS and switched.writes() == [] and switched.done == []
    (plan,) = switched.app.progress.plans
    assert (plan[1], plan[2][0].after) == ("environment b, FastCGI", "environment a, FastCGI")


def test_a_page_that_is_bad_goes_forth_again_by_one_write(switched, built):
    switched.bad = True
    with pytest.raises(RemoteFailed, match="The page answered 500.*has again what it had"):
        undo(switched)
    assert switched.web_config == config(OF_B) and "restart" not in switched.done
    assert switched.records[0].state == FAILED
    switched.bad = False
    assert undo(switched)["environment"] == "a"


@pytest.mark.parametrize("options", [{"health": None}, {"restart": False, "health": None}])
def test_without_a_page_the_import_is_checked(switched, built, options):
    undo(switched, **options)
    assert switched.done == [f"import with {OF_A}"] and switched.web_config == config(OF_A)


def test_no_restart_needs_none(switched, built):
    undo(switched, restart=False)
    assert switched.done == ["page before", "page with Python 3.11.9"]


@pytest.mark.parametrize("gone", ["folder", "other job", "package"])
def test_one_that_is_not_as_it_was_is_built_again(switched, built, gone):
    folder = switched.folder / "data/pythonapp/environments/a"
    if gone == "folder":
        (folder / "pythonapp.json").unlink()
    elif gone == "other job":
        place(switched, recorded("a", 3, {"flask": "1.0"}))
    else:
        (folder / "Lib/site-packages/left-1.0.dist-info").rmdir()
    shown = undo(switched, dry_run=True, confirmed=False)
    assert rows(shown) == [("data/pythonapp/environments/a", "create"), *ROWS] and built == []
    assert any("is not on app 'shop' any more as it was" in line for line in switched.app.progress.warnings)
    answer = undo(switched)
    assert rows(answer) == rows(shown) and switched.web_config == config(OF_A)
    assert switched.done == ["page before", f"build a on {NEW}", f"import with {OF_A}", "page with Python 3.11.9"]
    (run,) = built
    assert run.uploads["packages.txt"].decode().splitlines()[1:] == ["flask==2.0", "left==1.0"]
    assert spec_of(run, "rollback").title == "environment a (rollback)"
    assert "--no-deps" in run.call.arguments and run.build.added == ("left>=1",) and run.build.digest == "0a"
    assert run.call.environment == {"PIP_INDEX_URL": "https://pypi.example/simple"}
    assert run.build.web_configs == (WEB_CONFIG,) and run.target.runner == NEW and run.target.letter == "a"
    redo = undo(switched, change_id=answer["changeId"])
    assert redo["environment"] == "b" and len(built) == 1
    assert undo(switched, change_id=redo["changeId"])["environment"] == "a" and len(built) == 1


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--index-url", "https://h/then/simple"], "An earlier one used this: `{} --index-url https://h/then/simple`."),
        (["--no-index"], "If packages came from one before, add --index-url with its address: `{}`."),
    ],
)
def test_the_index_is_named_where_none_was_asked(switched, add, monkeypatch, arguments, told):
    a, b = recorded("a", 1, BEFORE), recorded("b", 2, AFTER)
    (switched.folder / HISTORY / f"{switched.change.id}.json").unlink()
    add("install-requirements", environment=EnvironmentChange(None, a, {}, arguments))
    made = add(
        "install-requirements",
        files=switched.change.files,
        environment=EnvironmentChange(a, b, {}, ["--no-index", "--find-links", "%HOME%\\wheels"]),
    )
    (switched.folder / "data/pythonapp/environments/a/pythonapp.json").unlink()

    def fails(*arguments):
        raise RemoteFailed("No matching distribution.", "Correct the requirements.")

    monkeypatch.setattr(environment_module, "build", fails)
    with pytest.raises(RemoteFailed) as caught:
        undo(switched, change_id=made.id)
    again = f"az webapp python rollback -g rg -n shop --change-id {made.id} --yes"
    assert f"Change {made.id} was made with --no-index" in caught.value.recommendation
    assert caught.value.recommendation.endswith(told.format(again))
    with pytest.raises(RemoteFailed) as caught:
        undo(switched, change_id=made.id, index_url="https://h/now/simple")
    assert caught.value.recommendation == "Correct the requirements."


def test_packages_that_are_not_recorded_are_not_guessed(switched, built, add):
    change = EnvironmentChange(recorded("a", 1, None), recorded("b", 2, AFTER))
    (switched.folder / "data/pythonapp/environments/a/pythonapp.json").unlink()
    add("install-requirements", files=switched.change.files, environment=change)
    with pytest.raises(Refused, match="which packages it had is not recorded"):
        undo(switched)
    assert switched.web_config == config(OF_B) and switched.done == []


def test_an_environment_that_was_built_since_is_another_hands(switched, built, add):
    """Its web.config is the very same as before the first change; its packages are others."""
    c = recorded("a", 3, {"flask": "9.0"})
    place(switched, c)
    switched.put(config(OF_A))
    later = add(
        "package install",
        files=(KeptFile(WEB_CONFIG, "web.config", config(OF_B), config(OF_A), True),),
        environment=EnvironmentChange(recorded("b", 2, AFTER), c),
    )
    with pytest.raises(Conflict, match=f"Change {later.id} .*now: environment a on Python 3.11.9 with 1 package"):
        undo(switched, change_id=switched.change.id)
    answer = undo(switched, change_id=switched.change.id, force=True)
    assert switched.web_config == config(OF_B), "b is free, so it is built there"
    assert switched.done[1] == f"build b on {NEW}" and answer["environment"] == "b"
    assert built[0].uploads["packages.txt"].decode().splitlines()[1:] == ["flask==2.0", "left==1.0"]


def test_what_was_built_again_counts_as_what_it_was(switched, built):
    """Undone one after the other, each finds what the change before it left, though other jobs have built that."""
    a, b = recorded("a", 3, {"flask": "9.0"}), recorded("b", 4, {"flask": "9.1"})
    history = [(recorded("b", 2, AFTER), a, OF_B, OF_A), (a, b, OF_A, OF_B)]
    add = switched.add
    for before, after, old, new in history:
        add(
            "install-requirements",
            files=(KeptFile(WEB_CONFIG, "web.config", config(old), config(new), True),),
            environment=EnvironmentChange(before, after),
        )
        place(switched, after)
    switched.put(config(OF_B))
    assert [undo(switched)["environment"] for _ in range(1)] == ["a"] and len(built) == 0
    ids = [each.id for each in switched.records if each.command == "install-requirements"]
    assert undo(switched, change_id=ids[1])["environment"] == "b" and len(built) == 1
    assert undo(switched, change_id=ids[2])["environment"] == "a" and len(built) == 2
    assert switched.records[0].environment.after.packages == BEFORE


def move(world, add, into):
    """An app that set-version moved into environment a, or out of it again."""
    a = recorded("a", 1, BEFORE)
    place(world, a)
    states = [(b"<configuration/>", config(NEW)), (b"<a/>", config(OF_A))]
    old, new = states if into else states[::-1]
    world.put(new[1])
    xdt = world.folder / SITE_TRANSFORM
    xdt.write_bytes(new[0])
    kept = KeptFile(SITE_TRANSFORM, "applicationHost.xdt", old[0], new[0], True)
    web_config = KeptFile(WEB_CONFIG, "web.config", old[1], new[1], True)
    world.change = add(
        files=(kept, web_config) if into else (web_config, kept),
        environment=EnvironmentChange(None, a) if into else EnvironmentChange(a, None),
    )
    world.app.kudu.requests.clear()
    return xdt


def file_writes(world):
    return [each.split("/")[-1] for each in world.writes() if "/history" not in each and "lease" not in each]


def test_moving_in_is_undone_before_the_registration_goes(world, add, built, monkeypatch):
    xdt = move(world, add, into=True)
    monkeypatch.setattr(registration, "restart_to_read", lambda opened: world.done.append("restart to read"))
    monkeypatch.setattr(registration, "is_site_transform_read", lambda opened: None)
    answer = undo(world)
    assert file_writes(world) == ["web.config", "applicationHost.xdt"]
    assert world.web_config == config(NEW) and xdt.read_bytes() == b"<configuration/>"
    assert world.done == ["page before", f"import with {NEW}", "page with Python 3.11.9"]
    assert (answer["environment"], answer["runtime"]["pythonPath"]) == (None, NEW)
    world.app.kudu.requests.clear()
    again = undo(world, change_id=answer["changeId"])
    assert file_writes(world) == ["applicationHost.xdt", "web.config"] and again["environment"] == "a"
    assert world.done[-3:] == [f"import with {OF_A}", "restart to read", "page with Python 3.11.9"]


def test_moving_out_is_undone_once_iis_knows_the_pair(world, add, built, monkeypatch):
    xdt = move(world, add, into=False)
    with pytest.raises(Refused, match="IIS does not know"):
        undo(world, restart=False)
    monkeypatch.setattr(registration, "restart_to_read", lambda opened: world.done.append("restart to read"))
    monkeypatch.setattr(registration, "is_site_transform_read", lambda opened: None)
    answer = undo(world)
    assert file_writes(world) == ["applicationHost.xdt", "web.config"] and xdt.read_bytes() == b"<a/>"
    assert world.done == ["page before", f"import with {OF_A}", "restart to read", "page with Python 3.11.9"]
    assert answer["environment"] == "a" and built == []
    assert world.records[0].state == SUCCEEDED


def test_a_runtime_that_was_uninstalled_comes_back_first(switched, built, add, monkeypatch):
    """An environment does not start without the Python that it stands on."""
    steps_of = []
    monkeypatch.setattr(steps, "installation_steps", lambda found, installed: steps_of.append(found.missing) or [])
    switched.pythons = [OLD]
    add("uninstall", runtimes=(runtime("uninstall", NEW),))
    undo(switched, change_id=switched.change.id, dry_run=True)
    ((missing,),) = steps_of
    assert missing.runtime.python_path == NEW and missing.runtime.extension_id == "pythonapp-python3119x64"


@pytest.mark.parametrize("words", [b"environments/a/", rb"ENVIRONMENTS\a\Lib", rb"environments\\a\\x"])
def test_one_environment_is_named_in_place_of_the_other(words):
    content = rb"<x>data\pythonapp\environments\a\Scripts pythonapp/" + words + rb" environments\a\ </x>"
    moved = environment_module.relettered(content, "a", "b")
    assert moved.count(b"environments\\a\\ ") == 1 and b"pythonapp\\environments\\b\\Scripts" in moved
    assert len(moved) == len(content)


class Killed(BaseException):
    """The end of a client, at any request."""


def files_of(world, letter):
    """Each file and folder of an environment, with its content."""
    folder = world.folder / "data/pythonapp/environments" / letter
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("anew", [False, True])
def test_a_killed_rollback_leaves_what_runs_and_is_gone_on_with(switched, built, anew, monkeypatch):
    """The client dies before its n-th request, for each n; nothing that it does afterwards reaches the worker."""
    if anew:
        (switched.folder / "data/pythonapp/environments/a/pythonapp.json").unlink()
    monkeypatch.setattr(lease, "EXPIRE_SECONDS", 0.0)
    used, seen, kudu = files_of(switched, "b"), [], switched.app.kudu

    def before(request):
        seen.append(request)
        if len(seen) > left:
            raise Killed

    kudu.before_request, ended = before, False
    for left in range(0, 400):
        del seen[:]
        try:
            answer = undo(switched, change_id=switched.change.id)
            ended = True
        except Killed:
            pass
        assert files_of(switched, "b") == used, seen
        assert switched.web_config in (config(OF_A), config(OF_B))
        if switched.web_config == config(OF_A):
            assert (switched.folder / "data/pythonapp/environments/a/pythonapp.json").exists(), "what runs is whole"
        if ended:
            break
    kudu.before_request = lambda request: None
    assert ended and switched.web_config == config(OF_A) and left > 8
    assert [each.state for each in switched.records if each.command == "rollback"] == [SUCCEEDED]
    assert answer["undone"] == switched.change.id and answer["environment"] == "a"
    assert undo(switched, change_id=switched.records[0].id)["environment"] == "b"


def test_what_a_restart_has_ended_is_compiled_after_all(world, add, built, monkeypatch):
    """Moving out is undone, and the environment is gone: it is built, and IIS reads the pair behind that."""
    compiled = []
    move(world, add, into=False)
    (world.folder / "data/pythonapp/environments/a/pythonapp.json").unlink()
    monkeypatch.setattr(registration, "restart_to_read", lambda opened: world.done.append("restart to read"))
    monkeypatch.setattr(registration, "is_site_transform_read", lambda opened: None)
    monkeypatch.setattr(world.app.kudu, "retrying_for", lambda seconds: world.app.kudu, raising=False)
    monkeypatch.setattr(steps, "compile_packages", lambda app, jobs: compiled.append((*jobs, list(world.done))))
    assert undo(world)["environment"] == "a"
    assert compiled == [
        ("20261126-110007-0007", ["page before", f"build a on {NEW}", f"import with {OF_A}", "restart to read"])
    ]
