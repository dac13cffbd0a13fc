"""Find an app's entry points in its files, without running any of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from azext_pythonapp.entrypoints.application import TITLES, EntryPoint
from azext_pythonapp.entrypoints.modules import module_name
from azext_pythonapp.entrypoints.project import Found, Project
from azext_pythonapp.entrypoints.scopes import USUAL_NAMES
from azext_pythonapp.entrypoints.source import Source

MAX_FILES = 20
_MAX_FILE_BYTES = 1_000_000

# Names that can be written unquoted in advised commands and in web.config.
_PART = re.compile(r"[\w@#+~^-]+")
_SCRIPT_PART = re.compile(r"[\w@#+~^. -]+")

_FIRST = ("manage", "wsgi", "asgi")
_MAIN = ("app", "application", "main", "streamlit_app", "home", "index")
_RUNNERS = ("runserver", "run", "server", "api", "web")
_IN_PACKAGES = ("wsgi", "__init__", "app", "main", "settings", "asgi", "application")
_NOT_THE_APP = (
    "setup",
    "conftest",
    "tests",
    "gunicorn",
    "wfastcgi",
    "ptvs_virtualenv_proxy",
    "virtualenv_proxy",
    "fabfile",
    "noxfile",
    "gunicorn_conf",
    "gunicorn_config",
)
FOREIGN_FOLDERS = (
    "env",
    "venv",
    "antenv",
    "virtualenv",
    "node_modules",
    "site-packages",
    "tests",
    "test",
    "static",
    "migrations",
    "templates",
    "docs",
    "scripts",
    "app_data",
    "bin",
    "obj",
    "pages",
    "alembic",
    "logs",
    "media",
    "staticfiles",
    "images",
    "css",
    "js",
    "assets",
)


class Candidates(list[EntryPoint]):
    """Entry points, best first, and other findings in the files.

    notes: one sentence for each near miss that cannot be served. files: the known paths. foreign: for each
    "module:object" with its own web server, the sentence about it.
    """

    def __init__(
        self,
        entries: Iterable[EntryPoint] = (),
        notes: Iterable[str] = (),
        files: Iterable[str] = (),
        foreign: Mapping[str, str] | None = None,
    ):
        super().__init__(entries)
        self.notes = tuple(notes)
        self.files = tuple(files)
        self.foreign = dict(foreign or {})


def candidate_files(names: Iterable[str]) -> list[str]:
    """Return which of names to read to find the entry point, the most likely first, at most 20.

    names: paths relative to the app's folder with '/'.
    """
    ranked = [(rank, name) for name in dict.fromkeys(names) for rank in [_worth(name)] if rank is not None]
    return [name for _, name in sorted(ranked)[:MAX_FILES]]


def _worth(path: str) -> tuple[int, int] | None:
    """Return how likely a file has the entry point, the lowest is the most likely; None for a file not to read."""
    *folders, name = path.lower().split("/")
    stem, dot, extension = name.rpartition(".")
    if dot + extension != ".py" or stem in _NOT_THE_APP or stem.startswith("test_") or stem.endswith("_test"):
        return None
    if any(folder.startswith((".", "_")) or folder in FOREIGN_FOLDERS for folder in folders):
        return None
    if not folders:
        for rank, group in ((0, _FIRST), (1, _MAIN), (3, _RUNNERS)):
            if stem in group:
                return rank, group.index(stem)
        return 4, 0
    if stem == "manage":
        return 2, -1
    deeper = 10 * (len(folders) - 1)
    return (2, _IN_PACKAGES.index(stem) + deeper) if stem in _IN_PACKAGES else (5, deeper)


def imported_files(contents: Mapping[str, str | bytes], names: Iterable[str]) -> list[str]:
    """Return the files among names from which those in contents import a possible application or factory."""
    project = _project(contents, names)
    found: list[str] = []
    for source in project.sources:
        called = {
            node.func.id
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for name, dotted in source.imports.items():
            if name in (*USUAL_NAMES, "server") or (name in called and _makes(name)):
                file, rest = project.modules.locate(source, dotted)
                if file and rest:
                    found.append(file)
    return list(dict.fromkeys(found))


def _makes(name: str) -> bool:
    return any(part in name.lower() for part in ("app", "create", "make", "build", "server", "init", "wsgi"))


def detect(files: Mapping[str, str | bytes], names: Iterable[str] = ()) -> Candidates:
    """Return the entry points in files, the best first; none when there are none.

    files: source by path relative to the app's folder, with '/'. names: the paths of all of its files, also of those
    that were not read. Statements that are not valid Python 3 are skipped.
    """
    names = list(names) or list(files)
    project = _project(files, names)
    serving = {
        source.path: line
        for source in project.sources
        for line in [project.serves_on_import(source)]
        if line is not None
    }
    usable = [source for source in project.sources if source.path not in serving]
    entries = [*_django(project, usable), *_others(project, usable), *_streamlit(project)]
    foreign = dict(_foreign(project))
    notes = [*_notes(project, serving), *foreign.values()]
    return Candidates(sorted(entries, key=lambda entry: (entry.rank, entry.spec)), dict.fromkeys(notes), names, foreign)


def _project(files: Mapping[str, str | bytes], names: Iterable[str]) -> Project:
    parsed = (
        Source.parse(path, content)
        for path, content in files.items()
        if path.lower().endswith(".py") and len(content) <= _MAX_FILE_BYTES
    )
    return Project((source for source in parsed if source is not None), names)


def _others(project: Project, sources: list[Source]) -> Iterator[EntryPoint]:
    ranked: list[tuple[int, Source, Found]] = []
    for source in sources:
        if source.stem == "manage" or not _importable(project, source):
            continue
        found = [application for application in project.applications(source) if application.framework != "django"]
        if any(application.how == "object" for application in found):
            found = [application for application in found if application.how != "factory"]
        ranked += [(_rank(source, application), source, application) for application in found]
    seen: set[tuple[object, int]] = set()
    for rank, source, application in sorted(_completed(project, ranked), key=lambda each: each[0]):
        while (application.origin, rank) in seen:
            rank += 1
        seen.add((application.origin, rank))
        yield _entry(project, source, application, rank)


def _importable(project: Project, source: Source) -> bool:
    """Return whether source's name can be written as a module: without dots, blanks and special shell characters."""
    folder = project.modules.folder(source)
    parts = (source.path[len(folder) + 1 :] if folder else source.path)[: -len(".py")].split("/")
    return all(_PART.fullmatch(part) for part in parts)


def _entry(project: Project, source: Source, application: Found, rank: int) -> EntryPoint:
    called = "()" if application.how == "factory" else ""
    verb = {"object": "defines", "factory": "has a factory for", "import": "imports"}[application.how]
    return EntryPoint(
        project.modules.module(source),
        application.name + called,
        application.framework,
        f"{source.path} line {application.line} {verb} the {TITLES[application.framework]} application "
        f"{application.name}{called}.",
        None,
        rank,
        project.modules.folder(source),
    )


def _completed(project: Project, ranked: list[tuple[int, Source, Found]]) -> list[tuple[int, Source, Found]]:
    """Rank a main file that imports an application with everything that belongs to it before the file that defines it.

    What belongs to it: the files that add pages to it on import, and its wrappers. The defining file alone does not
    import them.
    """
    changed = {source.path: project.registrations(source) for source in project.sources}
    result = []
    for rank, source, application in ranked:
        inner = {application.origin, *application.wraps}
        made = [
            other
            for other in ranked
            if other[2].origin in inner and other[2].how != "import" and other[1].path != source.path
        ]
        for other_rank, other, _ in made:
            needed = {path for path, origins in changed.items() if origins & inner}
            missing = needed - project.modules.closure(other)
            whole = bool(missing or application.wraps) and needed <= project.modules.closure(source)
            if whole and source.stem in (*_MAIN, *_RUNNERS, *_FIRST):
                rank = min(rank, other_rank - 1)
        result.append((rank, source, application))
    return result


def _django(project: Project, sources: list[Source]) -> Iterator[EntryPoint]:
    managed = {
        source.path.rpartition("/")[0]: (source, settings)
        for source in project.sources
        if source.stem == "manage"
        for settings in [source.settings_module()]
        if settings
    }
    found = False
    for source in (each for each in sources if _importable(project, each)):
        folder = project.modules.folder(source)
        manager = managed.get(folder)
        module = project.modules.module(source)
        for application in project.applications(source):
            if application.framework != "django" or application.how not in ("object", "import"):
                continue
            settings = source.settings_module() or (manager[1] if manager else None)
            fits = not managed or (manager is not None and module.split(".")[0] == manager[1][0].split(".")[0])
            found = True
            yield EntryPoint(
                module,
                application.name,
                "django",
                f"{source.path} line {application.line} gets Django's WSGI application.",
                settings[0] if settings else None,
                (0 if fits else 30) + 4 * (application.how == "import" and source.stem != "wsgi") + bool(folder),
                folder,
            )
    if found:
        return
    for folder, (source, (name, line)) in sorted(managed.items()):
        yield _django_without_file(f"{source.path} line {line} names Django's settings, {name}.", name, folder)
    if managed:
        return
    for source in project.sources:
        line_of = source.assigned("ROOT_URLCONF", "INSTALLED_APPS") if source.path.count("/") == 1 else None
        if line_of is not None and source.stem == "settings":
            yield _django_without_file(
                f"{source.path} line {line_of} has Django's settings.", module_name(source.path), ""
            )


def _django_without_file(reason: str, settings_module: str, folder: str) -> EntryPoint:
    return EntryPoint(
        "django.core.wsgi", "get_wsgi_application()", "django", reason, settings_module, 5 + bool(folder), folder
    )


def _streamlit(project: Project) -> Iterator[EntryPoint]:
    imported = {file for source in project.sources for file in project.modules.imported_files(source)}
    for source in project.sources:
        line = source.import_line("streamlit")
        if (
            line is None
            or source.path.count("/") > 1
            or source.stem == "__init__"
            or not all(_SCRIPT_PART.fullmatch(part) for part in source.path.split("/"))
        ):
            continue
        rank = 10 if "/" not in source.path and source.stem in _MAIN else 30
        yield EntryPoint(
            module_name(source.path),
            None,
            "streamlit",
            f"{source.path} line {line} imports streamlit.",
            None,
            rank + (20 if source.path in imported else 0),
        )


def _notes(project: Project, serving: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each near miss, to explain why an app's entry point is not found."""
    for source in project.sources:
        if source.path in serving:
            yield (
                f"{source.path} line {serving[source.path]} starts a server when it is imported, so it is not an entry "
                'point; put that below `if __name__ == "__main__":`.'
            )
            continue
        script = project.script_only(source)
        if script is not None:
            yield (
                f"{source.path} line {script.line} creates the application {script.name} only when it is run as a "
                'script; move it out of `if __name__ == "__main__":`.'
            )
        for name, value, line in project.others(source, "arguments"):
            if value.title and value.title != "dash":
                yield (
                    f"{source.path} line {line}: {name} needs arguments ({value.title}), and a server passes none; "
                    f"write a module that calls it, such as wsgi.py with `app = {name}(…)`."
                )


def _foreign(project: Project) -> Iterator[tuple[str, str]]:
    """Yield ("module:object", sentence) for each object with its own web server."""
    for source in project.sources:
        module = project.modules.module(source)
        call = project.foreign_call(source)
        objects = [(name, value.title, line) for name, value, line in project.others(source, "foreign")]
        for name, title, line in objects or ([("", *call)] if call else []):
            yield (
                f"{module}:{name}",
                (
                    f"{source.path} line {line} uses {title}, which has its own web server and is neither a WSGI nor "
                    f'an ASGI application. Start it with `--handler httpplatform --startup-command "{source.path}"`. '
                    "It must listen on 127.0.0.1 and on the port in the environment variable HTTP_PLATFORM_PORT."
                ),
            )


def _rank(source: Source, application: Found) -> int:
    """Return how uncertain an application is: by its file first, then by its name."""
    folders = source.folders
    deliberate = source.stem in ("wsgi", "asgi")
    if deliberate:
        place = 0 if not folders else 10
    elif not folders:
        place = 10 if source.stem in _MAIN else 20 if source.stem in _RUNNERS else 30
    else:
        place = 20 if source.stem in _IN_PACKAGES else 30
    if source.import_line("django") is not None and source.stem == "asgi":
        place += 30
    usual = application.name in USUAL_NAMES
    guess = 0 if usual and application.how == "object" else 1
    return place + guess + (4 if application.how == "import" and not deliberate else 0)
