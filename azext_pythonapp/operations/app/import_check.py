"""Check, before IIS starts it, that a Python on the worker can import the entry point as its handler will."""

from __future__ import annotations

import ast
import importlib.resources
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu_commands import CommandResult
from azext_pythonapp.entrypoints.served import served
from azext_pythonapp.entrypoints.source import parsed
from azext_pythonapp.errors import Conflict, PythonAppError, RemoteFailed, UnknownOutcome
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, web_root
from azext_pythonapp.packages.missing_module import missing_module, package_of
from azext_pythonapp.webconfig.appsettings import entry_point as named_by
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler
from azext_pythonapp.windows import join, python_command

PROGRAM = ("child.py", "supervise.py")
CHECKS_FOLDER = "data/pythonapp/checks"
# Seconds. Kudu ends a silent command after 60, but the program says a word every 10; the front end cuts after 230
# (docs/platform/kudu.md 1.4). An import that hangs in the code of a web server never ends.
QUIET, SERVING, LIMIT = 40, 12, 150
_MARK = "pythonapp-import "
_GUARD = (
    'A module that starts a server or ends the process must do so only below `if __name__ == "__main__":`, '
    "because the handler imports it."
)
_NO_START = "Look at the variables that the process gets from web.config and from the app settings, such as PYTHONHOME."
_SKIP = "To skip this check, add --no-import-check."
_SERVERS = ("waitress", "uvicorn", "hypercorn", "daphne", "granian", "flask")
# python.exe's options that matter to an import.
_FLAG = re.compile(r"-[bBdEIOPqRsSu]+|-[XW].+")
Missing = Callable[[str, str | None], str | None]
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class ImportTarget:
    """What a handler imports, and how.

    spec: names it in messages. parameters: as azext_pythonapp/import_program/supervise.py takes them; no setting's
    value is among them.
    """

    spec: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class ImportCheck:
    """The result of a check.

    python_version: from sys.version. error: None when the import succeeded. advice: what to do about the error.
    """

    python_version: str
    error: str | None
    advice: str = ""


def import_target(content: bytes, settings: Callable[[], Mapping[str, str] | None]) -> ImportTarget | None:
    """Return what the handler of a web.config imports; None when that is not known, as for a script.

    settings: returns the app settings, which are in the environment of the process that the handler starts; None when
    they are not known: the check on the worker then imports what they name. Called only where web.config leaves it to
    them. Raises InvalidWebConfig.
    """
    handler = read_handler(content)
    if handler is None:
        return None
    if handler.kind == "fastCgi":
        spec = handler.entry_point
        if not spec:
            known = settings()
            unseen = "named by the app settings" if known is None and handler.entry_point is None else None
            spec = named_by(known or {}) or unseen
        return ImportTarget(spec, {"kind": "fastCgi"}) if spec else None
    return _platform_target(content, handler, settings)


def check_import(app: App, python_path: str, target: ImportTarget, content: bytes, present: bool) -> ImportCheck:
    """Import what a web.config names with a Python on the worker, as the handler will; return the result.

    python_path: full Windows path. content: the web.config; present: whether the app has exactly these bytes
    already. If not, they are uploaded to another folder, and the program deletes them once it has read them.
    Raises RemoteFailed when Python itself did not run, UnknownOutcome when no answer came.
    """
    folder = f"{CHECKS_FOLDER}/{secrets.token_hex(8)}"
    config = f"{web_root(app) if present else folder}/{WEB_CONFIG}"
    parameters = {
        **target.parameters,
        "config": _windows_path(app, config),
        "temporary": not present,
        "directory": _windows_path(app, web_root(app)),
        "quiet": QUIET,
        "serving": SERVING,
        "limit": LIMIT,
    }
    command = python_command(python_path, program(), parameters)
    try:
        result = _run(app, command, None if present else config, content)
    finally:
        if not present:
            _delete(app, folder)
    answer = _answer(result)
    if answer is None:
        raise _no_answer(app, python_path, result)
    return _judged(answer)


def require_import(
    app: App,
    target: ImportTarget,
    check: ImportCheck,
    untouched: str,
    requirements: bool = True,
    in_use: bool = False,
    missing: Missing = lambda module, package: None,
) -> None:
    """Raise RemoteFailed if the import failed.

    untouched: says what was not changed, as a sentence. requirements: whether the command installs requirements.txt.
    in_use: whether the app runs that Python now, so that `package install` installs into it.
    missing: takes a module that is missing, and the package that may have it, None for none, and returns what to do
    about that; None where it knows nothing better than this command.
    """
    if check.error is None:
        return
    advice = check.advice or _import_advice(app, target, check.error, requirements, in_use, missing)
    raise RemoteFailed(
        f"Python {check.python_version} cannot import the entry point {target.spec} of {app.site.label}: "
        f"{check.error}. {untouched}",
        f"{advice} {_SKIP}",
    )


def _import_advice(
    app: App, target: ImportTarget, error: str, requirements: bool, in_use: bool, missing: Missing
) -> str:
    """Return what to do about an import that failed: a module that is missing has a package, or a file."""
    module = missing_module(error)
    other = "or name another entry point with --app"
    own = module == re.split("[.:]", target.spec, maxsplit=1)[0]
    package = package_of(module) if module is not None else None
    known = missing(module, None if own else package) if module is not None else None
    if known is not None:
        return f"{known}, {other}."
    if own:
        return f"The app's files have no module '{module}': deploy it, {other}."
    if module is None and "No module named" in error:
        return f"That module is in the library of other Pythons, and in no package: change the app's code, {other}."
    if module is None and not error.startswith(("ImportError", "ModuleNotFoundError")):
        return f"Correct the app's code, or the settings that it reads, {other}."
    if package is not None and in_use:
        command = f"`az webapp python package install {app.site.arguments} --packages {package}`"
        return f"If '{module}' is not a module of the app itself, install its package: {command}, {other}."
    named = f"{package}, which has the module '{module}'," if package != module else f"{package}"
    if requirements:
        to_do = f"Add {named} to requirements.txt" if package else "Correct requirements.txt or the app's code"
        return f"{to_do}, {other}."
    return (
        f"Leave out --no-requirements so that requirements.txt{f', with {package} in it,' if package else ''} is "
        f"installed, {other}."
    )


@cache
def program() -> str:
    """The program for the worker, without its comments: cmd.exe takes 8191 characters in all
    (docs/platform/kudu.md 1.2)."""
    folder = importlib.resources.files("azext_pythonapp.import_program")
    statements: list[ast.stmt] = []
    for name in PROGRAM:
        tree = parsed((folder / name).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        statements += [each for each in tree.body if not isinstance(each, ast.ImportFrom)]
    # The one __future__ import, and none from the other file.
    return "from __future__ import unicode_literals\n" + ast.unparse(ast.Module(statements, []))


def _platform_target(
    content: bytes, handler: PythonHandler, settings: Callable[[], Mapping[str, str] | None]
) -> ImportTarget | None:
    program_ = understand(handler.python_path, handler.arguments)
    found = served(program_, handler.environment)
    if found is not None and found.server == "flask":  # FLASK_APP may be an app setting
        found = served(program_, {**(settings() or {}), **handler.environment})
    if found is None or found.server not in _SERVERS or not found.module:
        return None
    name, _, given = (found.object or "").partition("(")
    # flask finds the object itself; what is called with arguments is only looked at.
    known = name if found.server != "flask" else None
    call = program_.call
    flags = [word.text for word in call.options if _FLAG.fullmatch(word.text)] if call else []
    return ImportTarget(
        found.spec or found.module,
        {
            "kind": "httpPlatform",
            "platform": _ordinal(content, handler),
            "server": found.server,
            "module": found.module,
            "object": known or None,
            "call": bool(known) and found.factory and given in ("", ")"),
            "folders": list(found.folders),
            "last": found.server == "waitress",
            "flags": flags,
        },
    )


def _ordinal(content: bytes, handler: PythonHandler) -> int:
    """Return which of all <httpPlatform> elements, in the order of the file, the handler uses."""
    platforms = [element for element in Document.parse(content).root.walk() if element.name == "httpPlatform"]
    same = [
        number
        for number, each in enumerate(platforms)
        if each.get("processPath") == handler.python_path and (each.get("arguments") or None) == handler.arguments
    ]
    return same[0] if same else 0


def _run(app: App, command: str, config: str | None, content: bytes) -> CommandResult:
    """Run the check; repeat it once when it told nothing of the app, which is safe for a check.

    The connection was cut, or the worker was too busy to start Python (docs/platform/worker.md 0.9).
    """
    for last in (False, True):
        try:
            if config is not None:
                app.kudu.write(config, content, "*")
            result = app.kudu.run(command)
            if last or _tells(_answer(result)):
                return result
        except UnknownOutcome as error:
            if last:
                raise UnknownOutcome(
                    f"It is not known whether the entry point of {app.site.label} can be imported: {error.message}",
                    f"Run the command again. {_SKIP}",
                ) from error
        except Conflict as error:
            raise RemoteFailed(
                f"The import check of {app.site.label} needs a file in its home directory, and {error.message}",
                "Check whether the home directory is full or read-only.",
            ) from error
    raise AssertionError("unreachable")


def _delete(app: App, folder: str) -> None:
    try:
        app.kudu.delete_directory(folder)
    except PythonAppError:
        pass  # the program has deleted the file in it; a later check removes the folder


def _windows_path(app: App, path: str) -> str:
    return join(app.kudu.home(), *path.split("/"))


def _answer(result: CommandResult) -> dict[str, Any] | None:
    for line in reversed(result.output.splitlines()):
        if line.startswith(_MARK):
            try:
                answer = json.loads(line[len(_MARK) :])
            except ValueError:
                return None
            return answer if isinstance(answer, dict) and "python" in answer else None
    return None


def _tells(answer: dict[str, Any] | None) -> bool:
    """Return whether an answer is about the app, and not about a process that could not begin."""
    return answer is not None and not answer.get("failed") and not _never_began(answer)


def _never_began(answer: Mapping[str, Any]) -> bool:
    return "ended" in answer and answer.get("begun") is False


def _no_answer(app: App, python_path: str, result: CommandResult) -> PythonAppError:
    reason = (_shown(result.error) or _shown(result.output))[-300:]
    # Kudu could not start the command, or ended it (docs/platform/kudu.md 1.1).
    if result.exit_code == -1 and not result.output.strip():
        return UnknownOutcome(
            f"It is not known whether the entry point of {app.site.label} can be imported: {reason}",
            f"Run the command again. {_SKIP}",
        )
    return RemoteFailed(
        f"{python_path} of {app.site.label} did not run the import check (exit code "
        f"{result.exit_code}): {reason or 'it printed nothing'}",
        f"List the Pythons of the app: `az webapp python list {app.site.arguments}`.",
    )


def _judged(answer: dict[str, Any]) -> ImportCheck:
    version = _shown(str(answer["python"]))
    place = f" ({_shown(str(answer['place']))})" if answer.get("place") else ""
    if "stuck" in answer:
        never = "it starts a web server" if answer.get("serves") else "it waits for something and does not return"
        return ImportCheck(version, f"{never}{place}; it was stopped after {int(answer['stuck'])} s", _GUARD)
    if _never_began(answer) and not answer.get("printed"):
        raise UnknownOutcome(
            "It is not known whether the entry point can be imported: the process for it ended before it had begun "
            f"(exit code {answer['ended']}).",
            f"Run the command again. {_SKIP}",
        )
    if "ended" in answer:
        printed = f"; its last line is: {_shown(str(answer['printed']))}" if answer.get("printed") else ""
        if _never_began(answer):
            return ImportCheck(version, f"Python did not start (exit code {answer['ended']}){printed}", _NO_START)
        return ImportCheck(version, f"it ended the process (exit code {answer['ended']}){printed}", _GUARD)
    if "slow" in answer:
        raise UnknownOutcome(
            "It is not known whether the entry point can be imported: the import was still running after "
            f"{int(answer['slow'])} s and was stopped.",
            f"{_SKIP} {_GUARD}",
        )
    if answer.get("failed"):
        raise UnknownOutcome(
            f"It is not known whether the entry point can be imported: {_shown(str(answer['failed']))}", _SKIP
        )
    if answer.get("error") is None:
        return ImportCheck(version, None)
    return ImportCheck(version, _shown(str(answer["error"])) + place, _GUARD if answer.get("exits") else "")


def _shown(text: str) -> str:
    """Return text of the worker on one line, without control characters."""
    return " ".join(_NOT_SHOWN.sub(" ", text).split())
