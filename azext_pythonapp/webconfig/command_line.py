"""A processPath with its arguments, parsed as a program: a Python, a server's own .exe, a shell, or unknown.

`understand` parses what web.config has; it looks nothing up and runs nothing. The result says which Python it needs
(`python_paths`), what it serves (`served`, see served.py), and how the same thing is started with another Python
(`moved_to`). Windows' rules for splitting a command line are Microsoft's C run-time's ("Parsing C command-line
arguments"); %NAME% is left as it is, because HttpPlatformHandler expands it (docs/platform/site-extensions.md 2.3).
"""

from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass
from typing import Literal

from azext_pythonapp.advice import quoted as for_shell
from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig.words import Word, split_words

ProgramKind = Literal["python", "launcher", "server", "shell", "unknown"]

_PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)*)?w?(?:_d)?", re.IGNORECASE)
_LAUNCHER = re.compile(r"pyw?", re.IGNORECASE)
_LAUNCHER_OPTION = re.compile(r"-\d+(?:\.\d+)*(?:-(?:32|64|arm64))?|-V:\S+|--list\S*|-0p?", re.IGNORECASE)
# A site extension's folder (docs/platform/site-extensions.md 1.1), or one of python.org's and NuGet's.
_RUNTIME_FOLDER = re.compile(r"(?:python|py)[-_.]?\d[\w.-]*|\d\.\d+(?:\.\d+)?", re.IGNORECASE)
_PYTHON_IN_TEXT = re.compile(
    r"""(?:[A-Za-z]:|%\w+%|\.{1,2})?[^\s"'|<>:;&]*?\b(?:python[\d.]*w?|pyw?)(?:\.exe\b|(?=\s+-))""", re.IGNORECASE
)

_PLACEHOLDER = re.compile(r"%\w*(?:python|interpreter)\w*%", re.IGNORECASE)

_SHELLS = (
    "cmd",
    "powershell",
    "pwsh",
    "bash",
    "sh",
    "wsl",
    "start",
    "cscript",
    "wscript",
    "conda",
    "mamba",
    "micromamba",
    "activate",
    "poetry",
    "pipenv",
    "uv",
    "uvx",
    "pipx",
    "pdm",
    "hatch",
    "rye",
    "pixi",
    "runas",
    "dotenv",
    "honcho",
)
_SHELL_SWITCHES = re.compile(r"(?:(?:[/-]\w+(?::\w+)?|call|start|exec|run|Bypass|Hidden)(?:\s+|$))+", re.IGNORECASE)
_SHELL_SYNTAX = re.compile(r"[&|<>;{}()^'`$\n]")
_SHELL_FILES = (".bat", ".cmd", ".ps1", ".vbs", ".sh")
_SCRIPT_FILES = (".py", ".pyw", ".pyz")

# Programs that pip writes into Scripts, and the module that `python.exe -m` starts instead; "" where the package has no
# __main__, so that only its program in the other Python's Scripts folder works.
MODULE_OF_PROGRAM = {
    "waitress-serve": "waitress",
    "uvicorn": "uvicorn",
    "hypercorn": "hypercorn",
    "daphne": "daphne",
    "streamlit": "streamlit",
    "flask": "flask",
    "fastapi": "fastapi",
    "gunicorn": "gunicorn",
    "granian": "granian",
    "quart": "quart",
    "sanic": "sanic",
    "litestar": "litestar",
    "panel": "panel",
    "bokeh": "bokeh",
    "voila": "voila",
    "chainlit": "chainlit",
    "solara": "solara",
    "mlflow": "mlflow",
    "django-admin": "django",
    "cheroot": "cheroot",
    "pserve": "pyramid.scripts.pserve",
    "robyn": "robyn",
    "datasette": "datasette",
    "jupyter": "jupyter",
    "marimo": "marimo",
    "shiny": "shiny",
    "airflow": "airflow",
    "prefect": "prefect",
    "reflex": "reflex",
    "uwsgi": "",
    "twistd": "",
    "gradio": "",
    "superset": "",
    "tensorboard": "",
}


@dataclass(frozen=True)
class Moved:
    """How the same thing is started with another Python.

    process_path, arguments: of <httpPlatform>. note: one sentence when more than the path of python.exe changes, else
    None.
    """

    process_path: str
    arguments: str
    note: str | None = None


@dataclass(frozen=True)
class PythonCall:
    """The arguments of python.exe, in parts.

    options: what Python itself takes ("-u", "-X utf8"), as words. mode: what it runs: "module" for -m, "script",
    "code" for -c, None when unknown. name: the module, the script's path or the code. words: its arguments.
    named: the place of name in the arguments, for a script.
    """

    options: tuple[Word, ...]
    mode: Literal["module", "script", "code"] | None
    name: str
    words: tuple[Word, ...]
    named: Word | None = None

    @property
    def module(self) -> str | None:
        """Return the module of -m, also where pip's program or script for it is the script (`Scripts\\uvicorn.exe`)."""
        if self.mode == "module":
            return self.name
        if self.mode == "script":
            stem, extension = _stem_and_extension(self.name)
            if self.name.lower().endswith(".exe") or (extension == ".py" and stem.endswith("-script")):
                return MODULE_OF_PROGRAM.get(stem.removesuffix("-script")) or None
        return None


@dataclass(frozen=True)
class Program:
    """The program that a processPath and its arguments start.

    process_path, arguments: as the file has them. kind: "python"; "launcher" for py.exe; "server" for a program that
    pip made in a Scripts folder; "shell" for what starts another program (cmd.exe, PowerShell, a .bat); "unknown".
    stem: the program's name in lower case without folder and extension.
    """

    process_path: str
    arguments: str
    kind: ProgramKind
    stem: str

    @property
    def path(self) -> str:
        """Return the processPath without quotes and blanks around it."""
        return self.process_path.strip().strip('"').strip()

    @property
    def runs_python(self) -> bool:
        """Return whether it is known to run Python: directly, or as a shell that starts a python.exe or a server."""
        if self.kind == "shell":
            return bool(self.python_paths) or _names_python(self.arguments)
        return self.kind != "unknown" or bool(self.python_paths) or self.path.lower().endswith(_SCRIPT_FILES)

    @property
    def python_paths(self) -> tuple[str, ...]:
        r"""Return the python.exe that it needs, as the file writes its folders; the likeliest first, () if unknown.

        A program in Scripts belongs to the python.exe above (an installation) or beside it (a virtual environment), so
        it has two. A name without a folder ("python", found through PATH) and py.exe do not say.
        """
        if self.kind == "shell":
            return tuple(
                dict.fromkeys(
                    found.group() for found in _PYTHON_IN_TEXT.finditer(self.arguments) if _folder(found.group())
                )
            )
        folder = _folder(self.path)
        if not folder:
            return ()
        if self.kind == "python":
            return (self.path,)
        in_scripts = ntpath.basename(folder.replace("/", "\\")).lower() == "scripts"
        if self.kind not in ("server", "unknown") or not in_scripts:
            return ()
        above = ntpath.join(ntpath.dirname(folder), "python.exe")
        beside = ntpath.join(folder, "python.exe")
        installation = _RUNTIME_FOLDER.fullmatch(ntpath.basename(ntpath.dirname(folder)))
        return (above, beside) if installation else (beside, above)

    @property
    def words(self) -> tuple[Word, ...]:
        """Return the arguments as the program gets them."""
        return split_words(self.arguments)

    @property
    def call(self) -> PythonCall | None:
        """Return what Python is told to run; None where that is unknown.

        A server's own program counts as `-m` with the module of the same server, a shell as what it starts last.
        """
        if self.kind == "shell":
            inner = self.inner_arguments
            return _python_call(list(split_words(inner))) if inner is not None else None
        if self.kind == "server":
            module = MODULE_OF_PROGRAM.get(self.stem) or self.stem
            return PythonCall((), "module", module, self.words)
        if self.kind not in ("python", "launcher"):
            return None
        words = list(self.words)
        if self.kind == "launcher":
            words = words[_launcher_options(words) :]
        return _python_call(words)

    def moved_to(self, python_path: str) -> Moved:
        r"""Return how the same thing is started by another Python; its arguments stay, letter for letter.

        python_path: of the other python.exe, written as the file shall have it (`%HOME%\python3111x64\python.exe`).
        Raises Refused for a shell or an unknown program: its arguments would mean something else to python.exe.
        """
        if self.kind == "python":
            return self._moved_python(python_path)
        if self.kind == "launcher":
            words = self.words
            count = _launcher_options(words)
            rest = self.arguments[words[count].start :] if count < len(words) else ""
            gone = " ".join(word.text for word in words[:count])
            return Moved(
                python_path,
                rest if count else self.arguments,
                f"{ntpath.basename(self.path)}{' ' + gone if gone else ''} became {python_path}.",
            )
        if self.kind == "server":
            return self._moved_server(python_path)
        raise Refused(self.complaint, self.advice)

    def _moved_python(self, python_path: str) -> Moved:
        arguments, notes = self.arguments, []
        call = self.call
        if call is not None and call.named is not None and call.module is not None:
            arguments = f"{arguments[: call.named.start]}-m {call.module}{arguments[call.named.end :]}"
            notes.append(f"{call.name} became -m {call.module}.")
        if self.stem.endswith("w"):
            notes.insert(0, f"{ntpath.basename(self.path)} became python.exe.")
        return Moved(python_path, arguments, " ".join(notes) or None)

    def _moved_server(self, python_path: str) -> Moved:
        module = MODULE_OF_PROGRAM.get(self.stem)
        shown = ntpath.basename(self.path)
        if module:
            arguments = f"-m {module} {self.arguments}".rstrip() if self.arguments.strip() else f"-m {module}"
            return Moved(python_path, arguments, f"{shown} became python.exe -m {module}.")
        name = shown if "." in shown else shown + ".exe"
        folder = ntpath.dirname(python_path)
        beside = ntpath.basename(folder).lower() == "scripts"  # as in an environment
        program = ntpath.join(folder, name) if beside else ntpath.join(folder, "Scripts", name)
        return Moved(program, self.arguments, f"{shown} became {program}.")

    @property
    def complaint(self) -> str:
        """Return why it cannot be started with another Python, in one sentence; "" where it can."""
        if self.kind == "shell":
            return (
                f"web.config starts '{self.process_path}', which starts another program itself, so its Python "
                "cannot be changed."
            )
        if self.kind == "unknown":
            return (
                f"web.config starts '{self.process_path}'. It is not known whether that is Python, and whether another "
                "Python accepts its arguments."
            )
        return ""

    @property
    def advice(self) -> str:
        """Return what to do about the complaint."""
        inner = self.inner_arguments
        arguments = for_shell(inner) if inner else '"ARGUMENTS"'
        return (
            f"Give the arguments for python.exe with `--startup-command {arguments}`, or name the entry point "
            "with `--app MODULE:OBJECT`."
        )

    @property
    def inner_arguments(self) -> str | None:
        """Return python.exe's arguments in a shell that starts only python.exe or a server; None for any other."""
        if self.kind != "shell":
            return None
        text = self.arguments.strip()
        switches = _SHELL_SWITCHES.match(text)
        text = text[switches.end() :] if switches else text
        if text[:1] == text[-1:] == '"' and text.count('"') == 2:
            text = text[1:-1]
        words = split_words(text)
        if not words or _SHELL_SYNTAX.search(text):
            return None
        inner = understand(words[0].text, text[words[0].end :].strip())
        if inner.kind not in ("python", "launcher", "server") or MODULE_OF_PROGRAM.get(inner.stem) == "":
            return None
        return inner.moved_to("python.exe").arguments


def understand(process_path: str, arguments: str | None) -> Program:
    """Return the program that a processPath and its arguments (None: none) start.

    Any spelling is accepted: with quotes, relative, with %HOME%, with '/', without ".exe", without a folder.
    """
    path = process_path.strip().strip('"').strip()
    stem, extension = _stem_and_extension(path)
    return Program(process_path, arguments or "", _kind(path, stem, extension), stem)


def _kind(path: str, stem: str, extension: str) -> ProgramKind:
    if _PLACEHOLDER.fullmatch(path):
        return "python"
    if extension in _SHELL_FILES:
        return "shell"
    if extension == ".exe":
        if _PYTHON.fullmatch(stem):
            return "python"
        if _LAUNCHER.fullmatch(stem):
            return "launcher"
        if stem in _SHELLS:
            return "shell"
        if stem in MODULE_OF_PROGRAM:
            return "server"
    return "unknown"


def _stem_and_extension(path: str) -> tuple[str, str]:
    """Return ("python", ".exe") of a path, both in lower case; Windows adds .exe where there is no extension."""
    name = ntpath.basename(path.replace("/", "\\")).lower()
    for extension in (".exe", *_SHELL_FILES, *_SCRIPT_FILES):
        if name.endswith(extension):
            return name[: -len(extension)], extension
    return name, ".exe"


def _folder(path: str) -> str:
    return ntpath.dirname(path.strip().strip('"'))


def _launcher_options(words: list[Word] | tuple[Word, ...]) -> int:
    """Return how many of the first words choose py.exe's Python, as in `py.exe -3.6 -m waitress`."""
    return 1 if words and _LAUNCHER_OPTION.fullmatch(words[0].text) else 0


def _names_python(text: str) -> bool:
    words = split_words(text.replace('"', " "))
    return any(understand(word.text, "").kind in ("python", "launcher", "server") for word in words)


def _python_call(words: list[Word]) -> PythonCall:
    """Split python.exe's arguments as Python does: `-um waitress` and `-Xutf8` are whole words ("Command line and
    environment" in Python's documentation)."""
    position = 0
    while position < len(words):
        text = words[position].text
        if text == "-" or not text.startswith("-"):
            return PythonCall(tuple(words[:position]), "script", text, tuple(words[position + 1 :]), words[position])
        if text.startswith("--"):
            position += 2 if text == "--check-hash-based-pycs" else 1
            continue
        for place, letter in enumerate(text[1:], 1):
            if letter in "mc":
                mode: Literal["module", "code"] = "module" if letter == "m" else "code"
                attached = text[place + 1 :]
                if not attached and position + 1 >= len(words):
                    return PythonCall(tuple(words[:position]), None, "", ())
                name = attached or words[position + 1].text
                rest = words[position + (1 if attached else 2) :]
                return PythonCall(tuple(words[:position]), mode, name, tuple(rest))
            if letter in "XWQ":
                position += 0 if text[place + 1 :] else 1
                break
        position += 1
    return PythonCall(tuple(words), None, "", ())
