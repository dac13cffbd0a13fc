"""Each command that changes an app: create, again, change, back, again; and many in a row, undone one by one.

`package vendor` is not among them: it makes a folder on the client's machine, and changes no app.
"""

from __future__ import annotations

import random
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.local_azure.windows import gallery
from tests.scenario.unchanged import unchanged
from tests.unit.kill_matrix.clients import AzHost, Ended
from tests.unit.kill_matrix.stage import Picture, Stage
from tests.unit.kill_matrix.stories import APP, NEW_FOLDER, OLD_FOLDER, PYTHONS, running_app
from tests.unit.kill_matrix.worker import WorkerAzure

CONFIG = "site/wwwroot/web.config"
BESIDE_PACKAGES = ("RECORD", "REQUESTED", "direct_url.json")


@dataclass(frozen=True)
class State:
    """All of an app that a rollback has to bring back. notes: what pip writes beside each package, by path."""

    picture: Picture
    config: bytes | None
    freeze: str
    notes: Mapping[str, bytes]

    def against(self, other: State) -> list[str]:
        """What is different in another one."""
        found = self.picture.against(other.picture)
        if self.config != other.config:
            found.append(f"web.config was {self.config!r}, and is {other.config!r}")
        if self.freeze != other.freeze:
            found.append(f"package freeze was {self.freeze!r}, and is {other.freeze!r}")
        names = sorted(set(self.notes) | set(other.notes))
        return found + [f"changed: {name}" for name in names if self.notes.get(name) != other.notes.get(name)]


def state_of(stage: Stage, freeze: bool = True) -> State:
    """What the app is now. freeze: whether `package freeze` is asked; the files of packages are compared anyway."""
    config = (stage.home / CONFIG).read_bytes() if (stage.home / CONFIG).exists() else None
    notes = [path for name in BESIDE_PACKAGES for path in stage.home.glob(f"*/Lib/site-packages/*/{name}")]
    freeze = freeze and config is not None and b"python.exe" in config
    return State(
        stage.picture(),
        config,
        stage.run("package freeze --output tsv").stdout if freeze else "",
        {path.relative_to(stage.home).as_posix(): path.read_bytes() for path in notes},
    )


def changing(stage: Stage, command: str) -> Ended:
    """Run a command that has something to do."""
    ended = stage.run(command)
    assert ended.json["changed"] is True and ended.json["changes"], str(ended)
    assert stage.record(ended.json["changeId"])["state"] == "succeeded", str(ended)
    stage.settle()
    assert not stage.left_behind(), f"left behind: {stage.left_behind()}\n{ended}"
    return ended


def idle(stage: Stage, command: str) -> Ended:
    """Run a command that has nothing to do, and does nothing: no request that writes, no job, no file."""
    with unchanged(stage.azure, stage.site):
        ended = stage.run(command)
    assert (ended.json["changed"], ended.json["changes"], ended.json["changeId"]) == (False, [], None), str(ended)
    return ended


def undo_of(stage: Stage, ended: Ended) -> str:
    """The command that a client printed to undo its change, as `Stage.run` takes it."""
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("Undo: ")]
    command = f"rollback --change-id {ended.json['changeId']} --yes"
    printed, wanted = shlex.split(line), ["Undo:", "az", *shlex.split(stage.words(command))]
    assert sorted(printed) == sorted(wanted), line
    return command


def undone(stage: Stage, ended: Ended, wanted: State, freeze: bool = True) -> Ended:
    """Undo what a client did, with the line that it printed. wanted: what the app is then. freeze: as for state_of."""
    back = changing(stage, undo_of(stage, ended))
    assert back.json["undone"] == ended.json["changeId"], str(back)
    found = wanted.against(state_of(stage, freeze))
    assert not found, "\n".join([*found, str(ended), str(back)])
    return back


def two_pythons(stage: Stage) -> None:
    """Lay out an app that has two Pythons, and no web.config."""
    stage.write({"site/wwwroot/app.py": APP, "site/wwwroot/requirements.txt": "left==2.0\n"})
    for version in PYTHONS:
        gallery.lay_down(stage.site.machine, gallery.find(f"Contoso-python{version.replace('.', '')}x64"))
    stage.site.restart()


def no_python(stage: Stage) -> None:
    """Lay out an app that has its files, and no Python."""
    stage.write({"site/wwwroot/app.py": APP})


def three_packages(stage: Stage) -> None:
    """Lay out an app that runs its first Python, which has packages."""
    running_app(stage, ("3.8.10",))
    stage.run("package install --packages left==1.0 middle right")


@dataclass(frozen=True)
class Steps:
    """A command, twice, with other options the second time.

    create, change: the words after `az webapp python`, without the app; {files} is a folder of `files`.
    before: lays out an app on which both have something to do. files: contents, by name, that the commands read.
    """

    create: str
    change: str
    before: Callable[[Stage], None]
    files: Mapping[str, str] = field(default_factory=dict)


REQUIREMENTS = {"first.txt": "left==1.0\nmiddle==1.0\n", "second.txt": "left==2.0\nright==1.5\n"}
STEPS = {
    "set-version": Steps("set-version --version 3.8", "set-version --version 3.11", two_pythons),
    "install": Steps(
        "install --extension-id Contoso-python3810x64", "install --extension-id Contoso-python3119x64", no_python
    ),
    "uninstall": Steps(
        "uninstall --version 3.8 --yes", "uninstall --extension-id Contoso-python3119x64 --yes", two_pythons
    ),
    "install-requirements": Steps(
        "install-requirements -r {files}/first.txt",
        "install-requirements -r {files}/second.txt",
        running_app,
        REQUIREMENTS,
    ),
    "package-install": Steps(
        "package install --packages left==1.0", "package install --packages right left==2.0", running_app
    ),
    "package-uninstall": Steps(
        "package uninstall --packages middle --yes", "package uninstall --packages right left --yes", three_packages
    ),
    "web-config-set": Steps("web-config set --app app:second", "web-config set --app app:application", running_app),
    "publish": Steps(
        "publish --src {files}/old --version 3.8",
        "publish --src {files}/new --clean --version 3.11",
        two_pythons,
        {**OLD_FOLDER, **NEW_FOLDER},
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_create_again_change_back_again(name, worker_azure: WorkerAzure, host: AzHost, tmp_path: Path):
    steps = STEPS[name]
    stage = Stage(worker_azure, host, f"five-{name}", tmp_path)
    stage.lay_out(steps.files)
    steps.before(stage)
    changing(stage, steps.create)
    first = state_of(stage)
    idle(stage, steps.create)

    changed = changing(stage, steps.change)
    second = state_of(stage)
    assert first.against(second)
    idle(stage, steps.change)

    back = undone(stage, changed, first)
    assert back.json["changeId"] in idle(stage, undo_of(stage, changed)).stderr
    if name != "install-requirements":  # asks pip once more, because the newest run was that of other requirements
        idle(stage, steps.create)
    undone(stage, back, second)
    states = [each["state"] for each in stage.run("history list").json]
    assert states[:4] == ["succeeded", "undone", "succeeded", "succeeded"]


AT_RANDOM = (
    "set-version --version 3.8",
    "set-version --version 3.11",
    "install --extension-id Contoso-python3119x64",
    "uninstall --extension-id Contoso-python3119x64 --yes",
    "install-requirements -r {files}/first.txt",
    "install-requirements -r {files}/second.txt",
    "package install --packages left==1.0",
    "package uninstall --packages left --yes",
    "web-config set --app app:second",
    "web-config set --app app:application",
    "publish --src {files}/old",
    "publish --src {files}/new --clean",
)
IN_A_ROW = 5


@pytest.mark.parametrize("seed", [8])
def test_many_in_a_row_are_undone_one_by_one(seed, worker_azure: WorkerAzure, host: AzHost, tmp_path: Path):
    stage = Stage(worker_azure, host, f"row-{seed}", tmp_path)
    stage.lay_out({**REQUIREMENTS, **OLD_FOLDER, **NEW_FOLDER})
    running_app(stage, more={"site/wwwroot/requirements.txt": "left==2.0\n"})
    made: list[tuple[Ended, State]] = []
    for command in random.Random(seed).sample(AT_RANDOM, IN_A_ROW):
        before = state_of(stage, freeze=False)
        ended = stage.run(command)
        if ended.json["changed"]:
            made.append((ended, before))
    assert len(made) > 2, "hardly any of them changed the app"
    for ended, before in reversed(made):
        undone(stage, ended, before, freeze=False)
    states = [each["state"] for each in stage.run("history list").json]
    assert states[: 2 * len(made)] == ["succeeded"] * len(made) + ["undone"] * len(made)
