"""Finding an app's entry point in its files, without running any of them."""
from __future__ import annotations

from typing import Iterable, Iterator, Mapping

from .application import TITLES, EntryPoint
from .source import Found, Project, Source, module_name

MOST_FILES = 20
_LARGEST = 1_000_000

_FIRST = ("manage", "wsgi", "asgi")
_MAIN = ("app", "application", "main", "streamlit_app", "home", "index")
_RUNNERS = ("runserver", "run", "server", "api", "web")
_IN_PACKAGES = ("wsgi", "__init__", "app", "main", "settings", "asgi", "application")
_NOT_THE_APP = ("setup", "conftest", "tests", "gunicorn", "wfastcgi", "ptvs_virtualenv_proxy", "fabfile", "noxfile")
_FOREIGN_FOLDERS = (
    "env", "venv", "antenv", "virtualenv", "node_modules", "site-packages", "tests", "test", "static", "migrations",
    "templates", "docs", "scripts", "app_data", "bin", "obj", "pages", "alembic",
)


def candidate_files(names: Iterable[str]) -> list[str]:
    """Return which of names are worth reading to find the entry point, the most telling first, at most 20.

    names: paths relative to site\\wwwroot with '/', of the top level and one level of sub-folders.
    """
    ranked = [(rank, name) for name in dict.fromkeys(names) for rank in [_worth(name)] if rank is not None]
    return [name for _, name in sorted(ranked)[:MOST_FILES]]


def _worth(path: str) -> tuple[int, int] | None:
    """Return how telling a file probably is, small is more; None when it is not worth reading."""
    *folders, name = path.lower().split("/")
    stem, dot, extension = name.rpartition(".")
    if dot + extension != ".py" or len(folders) > 1 or stem in _NOT_THE_APP or stem.startswith("test_") \
            or stem.endswith("_test"):
        return None
    if not folders:
        for rank, group in ((0, _FIRST), (1, _MAIN), (3, _RUNNERS)):
            if stem in group:
                return rank, group.index(stem)
        return 4, 0
    folder = folders[0]
    if folder.startswith((".", "_")) or folder in _FOREIGN_FOLDERS:
        return None
    return (2, _IN_PACKAGES.index(stem)) if stem in _IN_PACKAGES else (5, 0)


def detect(files: Mapping[str, str | bytes]) -> list[EntryPoint]:
    """Return the entry points in files, the best first; [] when there are none.

    files: path relative to site\\wwwroot, with '/', to source. What is not valid Python 3 is passed over.
    """
    parsed = (Source.parse(path, content) for path, content in files.items()
              if path.lower().endswith(".py") and len(content) <= _LARGEST)
    project = Project(source for source in parsed if source is not None)
    entries = [*_django(project), *_others(project), *_streamlit(project)]
    return sorted(entries, key=lambda entry: (entry.rank, entry.spec))


def _others(project: Project) -> Iterator[EntryPoint]:
    for source in project.sources:
        if not _importable(source) or source.path.lower() == "manage.py":
            continue
        found = [application for application in project.applications(source) if application.framework != "django"]
        if any(application.how == "object" for application in found):
            found = [application for application in found if application.how != "factory"]
        for application in found:
            called = "()" if application.how == "factory" else ""
            verb = {"object": "defines", "factory": "has a factory for", "import": "imports"}[application.how]
            yield EntryPoint(
                source.module, application.name + called, application.framework,
                f"{source.path} line {application.line} {verb} the {TITLES[application.framework]} application "
                f"{application.name}{called}.", None, _rank(source, application))


def _django(project: Project) -> Iterator[EntryPoint]:
    managed = next(((source, settings) for source in project.sources if source.path.lower() == "manage.py"
                    for settings in [source.settings_module()] if settings), None)
    package = managed[1][0].split(".")[0] if managed else None
    names = []
    for source in project.sources:
        for application in project.applications(source) if _importable(source) else ():
            if application.framework != "django" or application.how != "object":
                continue
            settings = source.settings_module() or (managed[1] if managed else None)
            fits = package is None or source.module.split(".")[0] == package
            names.append(source.module)
            yield EntryPoint(
                source.module, application.name, "django",
                f"{source.path} line {application.line} gets Django's WSGI application.",
                settings[0] if settings else None, 0 if fits else 30)
    if names:
        return
    if managed:
        source, (name, line) = managed
        yield _django_without_file(f"{source.path} line {line} names Django's settings, {name}.", name)
        return
    for source in project.sources:
        line_of = source.assigned("ROOT_URLCONF", "INSTALLED_APPS") if source.path.count("/") == 1 else None
        if line_of is not None and source.module.endswith(".settings"):
            yield _django_without_file(f"{source.path} line {line_of} has Django's settings.", source.module)


def _django_without_file(reason: str, settings_module: str) -> EntryPoint:
    return EntryPoint("django.core.wsgi", "get_wsgi_application()", "django", reason, settings_module, 5)


def _streamlit(project: Project) -> Iterator[EntryPoint]:
    imported = {name for source in project.sources for dotted in source.imports.values()
                for name in (dotted, dotted.rpartition(".")[0])}
    for source in project.sources:
        line = source.import_line("streamlit")
        if line is None or source.path.count("/") > 1 or source.path.endswith("__init__.py"):
            continue
        rank = 10 if "/" not in source.path and source.module.lower() in _MAIN else 30
        yield EntryPoint(source.module, None, "streamlit", f"{source.path} line {line} imports streamlit.", None,
                         rank + (20 if source.module in imported else 0))


def _importable(source: Source) -> bool:
    return all(part.isidentifier() for part in module_name(source.path).split("."))


def _rank(source: Source, application: Found) -> int:
    """Return how much of a guess an application is: by its file first, then by its name."""
    *folders, name = source.path.lower().split("/")
    stem = name.removesuffix(".py")
    deliberate = stem in ("wsgi", "asgi")
    if deliberate:
        place = 0 if not folders else 10
    elif not folders:
        place = 10 if stem in _MAIN else 20 if stem in _RUNNERS else 30
    else:
        place = 20 if stem in _IN_PACKAGES else 30
    if source.import_line("django") is not None and stem == "asgi":
        place += 30
    usual = application.name in ("app", "application")
    guess = 0 if usual and application.how == "object" else 1
    return place + guess + (4 if application.how == "import" and not deliberate else 0)
