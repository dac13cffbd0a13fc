"""Every web.config of a site: those of its virtual applications and of the folders directly in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import AccessDenied, NotFound
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, Wwwroot, application_roots, web_root
from azext_pythonapp.webconfig.handlers import handler_names

# Folders that never hold a web.config of the site.
_SKIPPED_FOLDERS = ("node_modules", "__pycache__", "venv", "env")


def web_configs_of(app: App) -> Iterator[tuple[str, bytes]]:
    """Yield path below %HOME% and bytes of each web.config of the site, the one at "/" first."""
    try:
        roots = [root.folder for root in application_roots(app.arm.configuration(app.site), app.kudu.home())]
    except AccessDenied:
        roots = [web_root(app)]
    for root in dict.fromkeys(roots):
        for folder in (root, *_folders_in(app, root)):
            name = f"{folder}/{WEB_CONFIG}"
            try:
                yield name, app.kudu.read(name).content
            except NotFound:
                continue


def handler_names_on_app(app: App) -> frozenset[str]:
    """Return the names of the handlers that the web.config files of a site add, except the one at "/".

    They inherit from that one, and IIS answers 500.19 when a handler is added twice under one name
    (docs/platform/site-extensions.md 2.6).
    """
    own = f"{web_root(app)}/{WEB_CONFIG}"
    return _names(content for name, content in web_configs_of(app) if name != own)


def handler_names_in_folders(files: Wwwroot) -> frozenset[str]:
    """Return the names of the handlers that web.config files in the folders directly below the root add."""
    folders = [name for name, is_folder in files.list_folder("") if is_folder and _may_have_web_config(name)]
    contents = (files.state(f"{folder}/{WEB_CONFIG}").content for folder in folders)
    return _names(content for content in contents if content is not None)


def _names(contents: Iterable[bytes]) -> frozenset[str]:
    return frozenset(name for content in contents for name in handler_names(content))


def _may_have_web_config(folder: str) -> bool:
    return not folder.startswith(".") and folder.lower() not in _SKIPPED_FOLDERS


def _folders_in(app: App, root: str) -> list[str]:
    try:
        entries = app.kudu.list_directory(root)
    except NotFound:
        return []
    return [f"{root}/{entry.name}" for entry in entries if entry.is_directory and _may_have_web_config(entry.name)]
