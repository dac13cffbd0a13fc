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
# In wsgi.py: wrappers that serve files, too.
_WRAPPERS = ("dj_static", "django.contrib.staticfiles", "servestatic")
# Settings that may come from another module, and say who serves the files.
_TELLING = ("*", "MIDDLEWARE", "MIDDLEWARE_CLASSES", "STATIC_URL", "STATICFILES_STORAGE", "STORAGES")
_MOST_MODULES = 8


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
        return _of_flask(entry, read)
    if entry.framework != "django" or entry.settings_module is None:
        return None
    return _of_django(entry, entry.settings_module, read)


def _of_flask(entry: EntryPoint, read: Callable[[str], bytes | None]) -> StaticFiles | None:
    name = entry.file
    content = read(name)
    if content is None:
        name = f"{entry.file.removesuffix('.py')}/__init__.py"
        content = read(name) or b""
    if b"Flask(" not in content or b"static_folder" in content or b"static_url_path" in content:
        return None
    return StaticFiles("/static/", f"{name.rpartition('/')[0]}/static".lstrip("/"), "Flask", False)


def _of_django(entry: EntryPoint, settings_module: str, read: Callable[[str], bytes | None]) -> StaticFiles | None:
    modules = _settings(entry.folder, settings_module, read)
    texts = [text for module in modules for text in _strings(module)]
    url = _LOCAL_URL.fullmatch(_last_text(modules, "STATIC_URL") or "")
    wsgi = Source.parse(entry.file, read(entry.file) or b"")
    wrappers = list(wsgi.imports.values()) if wsgi is not None else []
    if url is None or wsgi is None or any(name.startswith(_WRAPPERS) for name in wrappers):
        return None
    expected = "django.contrib.staticfiles" in texts
    if any(re.match(r"whitenoise\.middleware\.", text) for text in texts) or any(
        name.startswith("whitenoise") for name in wrappers
    ):
        return StaticFiles(f"/{url['path']}/", url["path"], "WhiteNoise", expected)
    if any(_may_serve(text) for text in texts):
        return None
    urlconf = _last_text(modules, "ROOT_URLCONF")
    urls = _source(entry.folder, urlconf, read) if urlconf else None
    serving = urls is not None and any(name.startswith(_SERVING) for name in urls.imports.values())
    return StaticFiles(f"/{url['path']}/", url["path"], "Django" if serving else None, expected)


def _may_serve(text: str) -> bool:
    """Return whether a text of the settings names what may serve the files, or keeps them elsewhere."""
    name = text.lower()
    if name.startswith(("django.contrib.staticfiles", "django.core.files.storage")):
        return False
    return re.search(r"whitenoise|\.storage|storages?\.|static\w*\.\w*middleware", name) is not None


def _settings(folder: str, module: str, read: Callable[[str], bytes | None]) -> list[Source]:
    """Return the settings and the modules of the app that they import settings from; [] when one is not known."""
    found: dict[str, Source] = {}
    wanted = [module]
    while wanted:
        name = wanted.pop(0)
        source = _source(folder, name, read)
        if source is None or len(found) == _MOST_MODULES or _is_changed_by_a_call(source):
            return []
        if name in found:
            continue
        found[name] = source
        package = name if source.path.endswith("__init__.py") else name.rpartition(".")[0]
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name in _TELLING for alias in node.names):
                wanted.append(_absolute(package, node))
    return list(found.values())


def _absolute(package: str, node: ast.ImportFrom) -> str:
    parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*parts, *filter(None, (node.module,))])


def _is_changed_by_a_call(source: Source) -> bool:
    """Return whether the settings are handed to a function that may change them, such as django_heroku.settings."""
    names = {
        node.func.id for node in ast.walk(source.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return not names.isdisjoint(("locals", "globals", "exec", "execfile", "include"))


def _source(folder: str, module: str, read: Callable[[str], bytes | None]) -> Source | None:
    path = "/".join([*filter(None, (folder,)), *module.split(".")])
    for name in (f"{path}.py", f"{path}/__init__.py"):
        content = read(name)
        if content is not None:
            return Source.parse(name, content)
    return None


def _last_text(modules: list[Source], name: str) -> str | None:
    """Return the text that the first module that assigns a name gives it; None when it depends on what runs."""
    for module in modules:
        values = [
            statement.value
            for statement in ast.walk(module.tree)
            if isinstance(statement, (ast.Assign, ast.AnnAssign))
            for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
            if isinstance(target, ast.Name) and target.id == name
        ]
        texts = {each.value if isinstance(each, ast.Constant) else None for each in values}
        if len(texts) > 1:
            return None
        for text in texts:
            return text if isinstance(text, str) else None
    return None


def _strings(source: Source) -> list[str]:
    return [
        node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
