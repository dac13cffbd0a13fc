r"""Paths below a Python's own folder in a web.config, in any element and any spelling.

A runtime lives in a folder of %HOME%, which has several names (docs/platform/site-extensions.md 1.8), and a web.config
in site\wwwroot may also name it relative to that folder.
"""

from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass

from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.encoding import decode

_UP = r"\.\.[\\/]+\.\."
_HOMES = (
    r"(?:(?:%HOME%|%HOME_EXPANDED%|%SystemDrive%[\\/]+home|\b[A-Z]:[\\/]+home)"
    rf"(?:[\\/]+site[\\/]+wwwroot[\\/]+{_UP})?|%WEBROOT_PATH%[\\/]+{_UP}|(?:\.[\\/]+)?{_UP})"
)
_IN_HOME = re.compile(_HOMES + r"[\\/]+(?P<folder>[^\\/:*?\"<>|%]+)[\\/]+pythonw?\.exe", re.IGNORECASE)
_IN_ENVIRONMENT = re.compile(
    _HOMES + r"[\\/]+(?P<folder>[^:*?\"<>|%]+?)[\\/]+Scripts[\\/]+pythonw?\.exe", re.IGNORECASE
)
# The environments of runtimes/environment.py.
_BESIDE = re.compile(r"data\\pythonapp\\environments\\[ab]", re.IGNORECASE)
_PROGRAM = re.compile(r"(?P<before>[\\/]+)(?P<scripts>Scripts[\\/]+)?(?P<name>pythonw?\.exe)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TEXT = re.compile(r">([^<]*)<")
# What a Python has below its folder; other files there belong to the user.
_OWN = re.compile(
    r"(?:Lib|Scripts|DLLs|include|libs)(?:[\\/].*)?|[^\\/]+\.(?:exe|py|dll|zip|pth)|", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class PathUse:
    """One place of a web.config that names a path below a folder. line: of its element. place: its name in messages."""

    line: int
    place: str


def runtime_folder(python_path: str) -> str | None:
    r"""Return the folder of %HOME% ("python364x64") that a python.exe lies directly in, None for one elsewhere."""
    match = _IN_HOME.fullmatch(python_path.strip().strip('"').replace("\\\\?\\", ""))
    folder = match.group("folder") if match else None
    return None if folder is None or folder.lower() in ("site", "data", "logfiles", "siteextensions") else folder


def environment_folder(python_path: str) -> str | None:
    r"""Return the folder below %HOME% of the virtual environment that a python.exe is in, None for one elsewhere."""
    text = python_path.strip().strip('"')
    if re.match(r"\.[\\/](?!\.)", text):
        text = "%HOME%\\site\\wwwroot\\" + text[2:]
    match = _IN_ENVIRONMENT.fullmatch(text)
    return match.group("folder").replace("/", "\\") if match else None


def python_folder(python_path: str) -> str | None:
    r"""Return the folder below %HOME% that is all a Python's own: of a runtime, or of an environment beside them.

    A virtual environment of the user's is none: its paths are the user's, too.
    """
    runtime = runtime_folder(python_path)
    found = environment_folder(python_path) if runtime is None else None
    return found if found is not None and _BESIDE.fullmatch(found) else runtime


def below(folder: str) -> re.Pattern[str]:
    r"""Return the pattern of a path that is, or is below, a folder of %HOME%; groups: home, folder, rest.

    folder: relative to it ("python364x64"); one in site\wwwroot may also be written relative to that.
    """
    names = r"[\\/]+".join(re.escape(name) for name in folder.split("\\"))
    root = "site\\wwwroot\\"
    near = ""
    if folder.lower().startswith(root):
        near = r"|\.[\\/]+" + r"[\\/]+".join(re.escape(name) for name in folder[len(root) :].split("\\"))
    return re.compile(
        rf"(?:(?P<home>{_HOMES}[\\/]+(?:\.[\\/]+)*)(?P<folder>{names}){near})"
        r"(?P<rest>[\\/]+[^;\"'|<>\s]*|(?![\w.~-]))",
        re.IGNORECASE,
    )


def moved(text: str, old: str, new_python: str) -> str:
    r"""Return text with the paths of the Python in %HOME%\old written for the one whose python.exe is new_python.

    old: of a runtime or an environment, as `python_folder` returns it. Only what every Python has there (Lib, Scripts,
    DLLs, the folder itself) is rewritten: the user's files do not move.
    """
    new = python_folder(new_python)
    in_scripts = ntpath.basename(ntpath.dirname(new_python)).lower() == "scripts"

    def replacement(match: re.Match[str]) -> str:
        rest = match["rest"]
        if not _OWN.fullmatch(rest.lstrip("\\/")):
            return match[0]
        program = _PROGRAM.fullmatch(rest)
        if program is not None and new is not None:  # an environment has it one folder deeper
            rest = program["before"] + ("Scripts\\" if in_scripts else "") + program["name"]
        return f"{match['home']}{new}{rest}" if new is not None else ntpath.dirname(new_python) + rest

    return below(old).sub(replacement, text)


def uses(content: bytes, folder: str) -> list[PathUse]:
    r"""Return the places of a web.config that name a path below %HOME%\folder: in any element, at any level.

    Comments do not count. Raises InvalidWebConfig.
    """
    pattern = below(folder)
    found = [
        PathUse(element.line, place(element.name, element.get("name") or element.get("key"), name))
        for element in Document.parse(content).root.walk()
        for name, attribute in element.attributes.items()
        if pattern.search(attribute.value)
    ]
    text = _COMMENT.sub(lambda match: re.sub(r"[^\r\n]", " ", match[0]), decode(content)[0])
    for match in _TEXT.finditer(text):
        if pattern.search(match[1]):
            found.append(PathUse(len(re.findall(r"\r\n|\r|\n", text[: match.start(1)])) + 1, "the text of an element"))
    return found


def place(element: str, name: str, attribute: str) -> str:
    """Return how messages name an attribute; name: of the setting or handler that the element is, "" for none."""
    return f"{attribute} of <{element}>" + (f" '{name}'" if name else "")
