"""The commands of the kill matrix, each on an app on which it has something to do."""

from __future__ import annotations

from tests.unit.kill_matrix.matrix import Stage, Story, running_app


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


STORIES = (
    Story("web-config set", "web-config set --app app:second", _web_config_set),
    Story("set-version", "set-version --version 3.11", _set_version),
    Story("install", "install --extension-id Contoso-python3119x64", _install),
    Story("uninstall", "uninstall --extension-id Contoso-python3119x64 --yes", running_app),
    Story(
        "install-requirements",
        "install-requirements -r {files}/second.txt",
        _install_requirements,
        {"second.txt": "left==2.0\nright==1.5\n"},
    ),
)
