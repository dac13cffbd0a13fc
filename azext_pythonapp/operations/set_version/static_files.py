"""The static files of an app: who serves them after a switch, and IIS as the one that does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from azext_pythonapp.entrypoints.static_files import StaticFiles, static_files
from azext_pythonapp.errors import InvalidWebConfig, NotFound
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, Wwwroot
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.handlers import Edit, read_handler
from azext_pythonapp.webconfig.sections import Sections
from azext_pythonapp.webconfig.static_folder import write_static


def static_steps(decision: Decision, main: WebConfigChange, record: Callable[[], OpenChange | None]) -> list[Step]:
    """Return the steps that let IIS serve the folders of --static-path itself, behind the change of web.config.

    main: that change. record: as for it. Raises NotFound for a folder that is not there.
    """
    files = decision.found.files
    return [
        step for folder in decision.request.static if (step := _static_step(files, folder, main, record)) is not None
    ]


def _static_step(
    files: Wwwroot, folder: str, main: WebConfigChange, record: Callable[[], OpenChange | None]
) -> Step | None:
    files.list_folder(folder)
    name = f"{folder}/{WEB_CONFIG}"

    def edit(content: bytes | None) -> Edit:
        handler = read_handler(main.content)
        assert handler is not None
        made = write_static(content, handler.handler_name)
        return replace(made, notes=tuple(f"{folder}: {note}" for note in made.notes))

    change = WebConfigChange(files, name, files.state(name), edit, record)
    if change.change.action == "none":
        return None

    def write() -> Sequence[Change]:
        change.recompute()
        return [change.apply()]

    return Step(
        f"Letting IIS serve the folder '{folder}' of {files.label} itself.", [change.change], write, change.undo
    )


def static_sentence(decision: Decision) -> tuple[str | None, bool]:
    """Return a sentence about who serves the app's static files, None where that is not known, and whether nobody does.

    One request more, for a folder that IIS may serve.
    """
    start = decision.found.start
    entry, current = start.entry or start.found, decision.found.based_on
    if entry is None or (current is not None and current.part is not None):
        return None, False
    files = decision.found.files
    found = static_files(entry, lambda name: files.state(name).content)
    if found is None:
        return None, False
    there = _is_there(files, found.folder)
    if found.server == "Django":  # the helpers in urls.py do so only with DEBUG, and may be for uploaded files
        return None, False
    if found.server is not None:
        named = f"{found.server} serves {found.url} in the app itself"
        return (f"Static files: {named}." if there or found.server != "Flask" else None), False
    if there and (found.folder in decision.request.static or _is_served_by_iis(decision, found)):
        return f"Static files: IIS serves the folder '{found.folder}' itself.", False
    return _unserved(decision, found, there), there or found.expected


def _unserved(decision: Decision, found: StaticFiles, there: bool) -> str | None:
    label, arguments = decision.app.site.label, decision.app.site.arguments
    nobody = f"Static files: nothing serves {found.url} of {label}, because Django does so only under runserver."
    if there:
        return f"{nobody} Let IIS do it: az webapp python web-config set {arguments} --static-path {found.folder}"
    if found.expected:
        folder = f'BASE_DIR / "{found.folder}"'
        return (
            f"{nobody} Deploy them in the folder '{found.folder}' (STATIC_ROOT = {folder}, then collectstatic) and add "
            f"--static-path {found.folder}, or use WhiteNoise."
        )
    return None


def _is_there(files: Wwwroot, folder: str) -> bool:
    """Return whether a folder is there."""
    above, _, name = folder.rpartition("/")
    try:
        return any(each.lower() == name.lower() and is_folder for each, is_folder in files.list_folder(above))
    except NotFound:
        return False


def _is_served_by_iis(decision: Decision, found: StaticFiles) -> bool:
    """Return whether the folder's web.config removes the Python handler, or the app's own has one for files there."""
    files, main = decision.found.files, decision.found.web_config.content
    content = files.state(f"{found.folder}/{WEB_CONFIG}").content
    try:
        handler = read_handler(main)
        if content is not None and handler is not None:
            return bool(Sections(Document.parse(content)).removes(handler.handler_name))
    except InvalidWebConfig:
        return False
    return main is not None and b"staticfilemodule" in main.lower()
