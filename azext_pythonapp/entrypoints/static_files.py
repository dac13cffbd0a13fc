"""What an app's source files say about its static files: the address, and whether the app serves them itself.

Django does so only under `manage.py runserver` (https://docs.djangoproject.com/en/5.2/howto/static-files/deployment/),
unless WhiteNoise is in its middleware; Flask always serves its folder `static`
(https://flask.palletsprojects.com/en/stable/tutorial/static/).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from azext_pythonapp.entrypoints.application import EntryPoint
from azext_pythonapp.entrypoints.source import Source

_LOCAL_URL = re.compile(r"/?(?P<path>[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)/?")
# In urls.py: views and helpers that let Django serve files.
_SERVING = ("django.views.static", "django.contrib.staticfiles", "django.conf.urls.static", "whitenoise")


@dataclass(frozen=True)
class StaticFiles:
    """url: of the static files, "/static/". folder: the one below the app's that IIS would take for it: "static".

    server: what serves them in the app: "WhiteNoise", "Flask" or "Django"; None for nothing. expected: whether the app
    surely has some, so that it matters when the folder is not there.
    """

    url: str
    folder: str
    server: str | None
    expected: bool


def static_files(entry: EntryPoint, read: Callable[[str], bytes | None]) -> StaticFiles | None:
    """Return what is known of the static files of a Django or Flask app; None for another one, or when nothing is.

    entry: the entry point, recognized. read: returns a file's content, None when it does not exist; names are relative
    to the app's folder, with '/'. Files are parsed, never run.
    """
    if entry.framework == "flask":
        content = read(entry.file) or b""
        if b"static_folder" in content or b"static_url_path" in content:
            return None
        folder = entry.file.rpartition("/")[0]
        return StaticFiles("/static/", f"{folder}/static".lstrip("/"), "Flask", False)
    if entry.framework != "django" or entry.settings_module is None:
        return None
    return _of_django(entry, entry.settings_module, read)


def _of_django(entry: EntryPoint, settings_module: str, read: Callable[[str], bytes | None]) -> StaticFiles | None:
    settings = _source(entry.folder, settings_module, read)
    if settings is None:
        return None
    url = _LOCAL_URL.fullmatch(_text(settings, "STATIC_URL") or "")
    if url is None:
        return None
    urlconf = _text(settings, "ROOT_URLCONF")
    urls = _source(entry.folder, urlconf, read) if urlconf else None
    texts = [*_strings(settings), *(read(entry.file) or b"").decode("utf-8", "replace").split()]
    server = "WhiteNoise" if any("whitenoise" in text.lower() for text in texts) else None
    if server is None and urls is not None and any(name.startswith(_SERVING) for name in urls.imports.values()):
        server = "Django"
    return StaticFiles(f"/{url['path']}/", url["path"], server, "django.contrib.staticfiles" in _strings(settings))


def _source(folder: str, module: str, read: Callable[[str], bytes | None]) -> Source | None:
    path = "/".join([*filter(None, (folder,)), *module.split(".")])
    for name in (f"{path}.py", f"{path}/__init__.py"):
        content = read(name)
        if content is not None:
            return Source.parse(name, content)
    return None


def _text(source: Source, name: str) -> str | None:
    """Return the text that is assigned to a name at the top level, the last time; None for anything else."""
    found = None
    for statement in source.tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            value = statement.value
            found = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    return found


def _strings(source: Source) -> list[str]:
    return [
        node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
