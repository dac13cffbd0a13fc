"""The commands of the kill matrix, each on an app on which it has something to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.local_azure.windows import gallery
from tests.unit.kill_matrix.stage import Stage


@dataclass(frozen=True)
class Story:
    """A command whose client is killed.

    name: for people. command: the words after `az webapp python`, without the app; {files} is a folder of `files`.
    before: lays out an app on which it has something to do. files: contents, by name, that the command reads.
    parts: in how many its requests are divided, which several processes play at the same time; each of them lays the app
    out and runs the command undisturbed first. redoes: whether the command does something else once it has ended, as
    undoing the undoing.
    """

    name: str
    command: str
    before: Callable[[Stage], None]
    files: Mapping[str, str] = field(default_factory=dict)
    parts: int = 1
    redoes: bool = False


PYTHONS = ("3.8.10", "3.11.9")
APP = """\
PAGE = "old"


def application(environ, start_response):
    start_response("200 OK", [])
    return [PAGE.encode()]


def second(environ, start_response):
    start_response("200 OK", [])
    return [b"second"]
"""


def running_app(stage: Stage, pythons: Iterable[str] = PYTHONS, more: Mapping[str, str] | None = None) -> None:
    """Lay out an app that runs its first Python, switched to by the product."""
    stage.write({"site/wwwroot/app.py": APP, **(more or {})})
    for version in pythons:
        gallery.lay_down(stage.site.machine, gallery.find(f"Contoso-python{version.replace('.', '')}x64"))
    stage.site.restart()
    stage.run("set-version --version 3.8 --no-requirements")


def _web_config_set(stage: Stage) -> None:
    running_app(stage)


def _set_version(stage: Stage) -> None:
    running_app(stage, more={"site/wwwroot/requirements.txt": "left==2.0\n"})


def _install(stage: Stage) -> None:
    running_app(stage, ("3.8.10",))


def _install_requirements(stage: Stage) -> None:
    running_app(stage)
    stage.lay_out({"first.txt": "left==1.0\nmiddle==1.0\n"})
    stage.run("install-requirements -r {files}/first.txt")


def _rollback(stage: Stage) -> None:
    _set_version(stage)
    stage.run("set-version --version 3.11")


OLD_FOLDER = {
    "old/app.py": APP,
    "old/gone.py": "",
    "old/lib/gone.py": "",
    "old/kind": "a file",
    "old/static/style.css": "old\n",
    "old/requirements.txt": "left==1.0\n",
}
NEW_FOLDER = {
    "new/app.py": APP.replace("old", "new"),
    "new/more.py": "",
    "new/kind/more.txt": "in a folder",
    "new/static/style.css": "new\n",
    "new/requirements.txt": "left==2.0\nright==1.5\n",
}


def _publish(stage: Stage) -> None:
    running_app(stage, more={"site/wwwroot/own.txt": "put there by somebody else\n"})
    stage.lay_out(OLD_FOLDER)
    stage.run("publish --src {files}/old --version 3.8")


STORIES = (
    Story("web-config set", "web-config set --app app:second", _web_config_set),
    Story("set-version", "set-version --version 3.11", _set_version, parts=4),
    Story("install", "install --extension-id Contoso-python3119x64", _install, parts=2),
    Story("uninstall", "uninstall --extension-id Contoso-python3119x64 --yes", running_app),
    Story(
        "install-requirements",
        "install-requirements -r {files}/second.txt",
        _install_requirements,
        {"second.txt": "left==2.0\nright==1.5\n"},
        parts=2,
    ),
    Story("rollback", "rollback --yes", _rollback, parts=3, redoes=True),
    Story("publish", "publish --src {files}/new --clean", _publish, NEW_FOLDER, parts=4),
)
