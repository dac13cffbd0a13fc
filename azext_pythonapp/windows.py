"""Windows paths, and command lines that survive Kudu's double parse by cmd.exe."""

from __future__ import annotations

import base64
import json
import ntpath
import re
import zlib
from collections.abc import Mapping
from typing import Any

from azext_pythonapp.errors import InvalidInput

_HOME = re.compile(r"(?:%HOME%|%SystemDrive%\\home|[CD]:\\home)(?=\\|$)", re.IGNORECASE)
_RELATIVE = re.compile(r"\.{1,2}[\\/]")


# The device names of Windows, whatever follows the first dot ("Naming Files, Paths, and Namespaces", Win32).
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9\u00b9\u00b2\u00b3]) *(?:\.|$)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r"[<>:\"/\\|?*\x00-\x1f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# Letters whose upper case is an ASCII letter in Unicode, but not in Windows' table (dotnet/runtime#32247).
_NOT_ASCII = "\u0131\u017f"
MAX_NAME_LENGTH = 255

MAX_COMMAND_LENGTH = 8191
_PLAIN_ARGUMENT = re.compile(r"[A-Za-z0-9_./:\\=-]+")
_UNSAFE_IN_QUOTES = re.compile(r'["%\r\n\0]')


def join(*parts: str) -> str:
    r"""Join Windows path parts on any client: `join("D:\\home", "site")` returns `D:\home\site`."""
    return ntpath.join(*parts)


def quote_command(*arguments: str) -> str:
    """Return a command line for Kudu's /api/command from an executable and its arguments.

    arguments: the executable first; each reaches the program unchanged.
    Returns the command line: the executable, and every argument that needs it, in double quotes.
    Raises InvalidInput for arguments that cannot be quoted. cmd.exe parses the text twice, and expands `%NAME%` even in
    quotes; a newline ends it; the limit is 8191 characters (docs/platform/kudu.md 1.2,
    docs/platform/worker.md 0.1).
    """
    quoted = []
    for position, argument in enumerate(arguments):
        if _UNSAFE_IN_QUOTES.search(argument):
            raise InvalidInput(
                f"{argument!r} cannot be passed to the worker: it contains a quote, a percent sign "
                "or a line break, which cmd.exe would change."
            )
        if position and _PLAIN_ARGUMENT.fullmatch(argument):
            quoted.append(argument)
            continue
        trailing = len(argument) - len(argument.rstrip("\\"))
        quoted.append(f'"{argument}{chr(92) * trailing}"')
    command = " ".join(quoted)
    if len(command) > MAX_COMMAND_LENGTH:
        raise InvalidInput(
            f"The command for the worker is {len(command)} characters long; cmd.exe allows {MAX_COMMAND_LENGTH}."
        )
    return command


def python_command(python_path: str, source: str, parameters: Mapping[str, Any]) -> str:
    """Return the command line that runs a short Python program on the worker without writing a file there.

    python_path: full Windows path of python.exe.
    source: the program, for Python 2.7 and 3.x; it finds its parameters in the dict `parameters`, its own text in
        `source`, and in `first` what the first of sys.path was: what is "" there, the working directory, is taken away,
        so that no file in it is taken for a module.
    parameters: what the program needs to know; JSON values.
    Returns the command line. Program and parameters travel base64-encoded, the program compressed, so that no
    character of them can be taken for cmd.exe syntax (docs/platform/kudu.md 1.2). Kudu keeps command lines: no secret
    may be among the parameters.
    Raises InvalidInput when it gets longer than cmd.exe takes.
    """
    values = base64.b64encode(json.dumps(dict(parameters)).encode("ascii")).decode("ascii")
    program = base64.b64encode(zlib.compress(source.encode("utf-8"), 9)).decode("ascii")
    loader = (
        "import sys;first=sys.path[:1];sys.path[:1]=[x for x in first if x];import base64,json,zlib;"
        f"parameters=json.loads(base64.b64decode('{values}').decode('ascii'));"
        f"source=zlib.decompress(base64.b64decode('{program}')).decode('utf-8');exec(source)"
    )
    # -E, -s, -S: the app's settings and files do not affect the program itself.
    return quote_command(python_path, "-E", "-s", "-S", "-B", "-c", loader)


def worker_path(path: str, home: str) -> str:
    r"""Return a path in the worker's own spelling: below its real %HOME%, without quotes, `/` or `.` in it.

    path: absolute, such as `D:\home\python364x64\python.exe` or `"%HOME%/python364x64/python.exe"`.
    home: the worker's %HOME%.
    """
    plain = ntpath.normpath(path.strip().strip('"').strip())
    alias = _HOME.match(plain)
    return home.rstrip("\\") + plain[alias.end() :] if alias else plain


def started_path(path: str, home: str) -> str:
    r"""Return the path of a program that a web.config starts in the worker's own spelling.

    path: as for worker_path, or relative to site\wwwroot when it begins with a dot (HttpPlatformHandler 1.2,
    docs/platform/site-extensions.md 2.3). home: the worker's %HOME%.
    """
    plain = path.strip().strip('"').strip()
    return worker_path(ntpath.join("%HOME%\\site\\wwwroot", plain) if _RELATIVE.match(plain) else plain, home)


def home_folder_of(program: str, home: str) -> str | None:
    r"""Return the name of the folder of %HOME% that a program is directly in, None for a program elsewhere.

    program: as for started_path: "python364x64" for `%HOME%\python364x64\python.exe`. home: the worker's %HOME%.
    """
    folder = ntpath.dirname(started_path(program, home))
    return ntpath.basename(folder) if ntpath.dirname(folder).lower() == home.rstrip("\\").lower() else None


def same_path(one: str, other: str, home: str) -> bool:
    """Return whether two paths name the same program on the worker: Windows ignores case, and %HOME% has aliases."""
    return started_path(one, home).lower() == started_path(other, home).lower()


def name_problem(name: str) -> str | None:
    """Return why Windows cannot store a file or folder by a name, as the end of a sentence; None when it can."""
    device = _DEVICE.match(name)
    forbidden = _FORBIDDEN.search(name)
    if _SURROGATE.search(name):
        return "its name is not valid Unicode"
    if forbidden is not None:
        return "it contains a control character" if ord(forbidden[0]) < 32 else f"it contains {forbidden[0]}"
    if device is not None:
        return f"{device[0].rstrip('. ').upper()} is the name of a device"
    if name[-1:] in (".", " "):
        return "it ends in a dot" if name.endswith(".") else "it ends in a blank"
    if utf16_length(name) > MAX_NAME_LENGTH:
        return f"its name has more than {MAX_NAME_LENGTH} characters"
    return None


def utf16_length(text: str) -> int:
    """Return the length of a text as Windows counts it: characters beyond U+FFFF are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def upper_case(path: str) -> str:
    """Return a path in the case in which Windows compares paths: one letter for one, by a table without exceptions."""
    if path.isascii():
        return path.upper()
    return "".join(
        upper if len(upper := each.upper()) == 1 and each not in _NOT_ASCII and each < "\U00010000" else each
        for each in path
    )
