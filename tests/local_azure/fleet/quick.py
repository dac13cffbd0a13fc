"""Commands that only look, run without a process: a thousand apps are asked at once on two cores.

A command is quick when cmd_exe.py understands it and each Python in it is given a short program that imports no more than
these modules and opens nothing for writing. Any other is a process, as on every scripted worker.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import re
import sys
import types
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..windows.process import Process
from .cmd_exe import Shell, Unknown
from .python_exe import FLAGS, translated

_IMPORTS = {"sys", "os", "errno", "base64", "json", "zlib"}
_CHANGES = re.compile(
    r"""\b(environ|system|popen|fork\w*|exec[lv]\w*|spawn\w*|kill|remove|unlink|rmdir|rename|replace|mkdir|makedirs|chmod"""
    r"""|chdir|symlink|link|utime|truncate|write_\w+|__\w+__|modules|exit|stdin)\b|open\([^)]*,\s*["'][^"']*[wax+]"""
)
_PACKED = re.compile(r"zlib\.decompress\(base64\.b64decode\('([A-Za-z0-9+/=]+)'\)\)")


class NotQuick(Exception):
    """A command that needs a process."""


class QuickProcess(Process):
    """A process that has ended before it is looked at."""

    # pylint: disable-next=super-init-not-called
    def __init__(self, code: int, out: bytes, err: bytes):
        self.pid = 0
        self._code = code
        self._printed = (("out", out), ("err", err))

    def lines(self) -> Iterator[Any]:
        """What was printed."""
        for stream, content in self._printed:
            for line in content.removesuffix(b"\n").split(b"\n") if content else ():
                yield stream, line

    def poll(self) -> int | None:
        """The exit code."""
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        return self._code

    def kill(self) -> None:
        """It has ended."""

    def cpu_seconds(self) -> float:
        """It was quick."""
        return 0.0


def run(drive: Path, directory: Path, variables: Mapping[str, str], command: str) -> QuickProcess:
    """Run a command. Raises NotQuick when it needs a process; then it has changed nothing."""
    if re.search(r"\bmove\b", command):
        raise NotQuick(command)
    shell = _QuickShell(str(drive), str(directory), variables)
    try:
        code = shell.run(command)
    except Unknown as error:
        raise NotQuick(command) from error
    return QuickProcess(code, shell.out.getvalue(), shell.err.getvalue())


class _QuickShell(Shell):
    def __init__(self, drive: str, directory: str, variables: Mapping[str, str]):
        super().__init__(drive, directory, variables)
        self.out, self.err = io.BytesIO(), io.BytesIO()

    def say(self, text: str) -> None:
        self.out.write(f"{text}\n".encode())

    def complain(self, text: str) -> int:
        self.err.write(f"{text}\n".encode())
        return 1

    def write(self, content: bytes) -> None:
        self.out.write(content)

    def execute(self, path: str, arguments: list[str]) -> int:
        rest = list(arguments)
        while rest and rest[0] != "-c" and rest[0][:1] == "-" and set(rest[0][1:]) <= set(FLAGS):
            rest.pop(0)
        folder = Path(path).parent
        if len(rest) < 2 or rest[0] != "-c" or not (folder / "claim").exists() or not is_quick(rest[1]):
            raise NotQuick(path)
        return _python(self, folder, rest[1], ["-c", *rest[2:]])


@lru_cache(maxsize=256)
def is_quick(program: str) -> bool:
    """Whether a program only looks, and imports little."""
    return all(_only_looks(each) for each in (program, *map(_unpacked, _PACKED.findall(program))))


def _unpacked(text: str) -> str:
    return zlib.decompress(base64.b64decode(text)).decode("utf-8")


def _only_looks(source: str) -> bool:
    if _CHANGES.search(source):
        return False
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            return False
        if isinstance(node, ast.Import) and not {alias.name for alias in node.names} <= _IMPORTS:
            return False
    return True


def _python(shell: _QuickShell, folder: Path, program: str, arguments: list[str]) -> int:
    """Run a program as python.exe of that folder would (python_exe.py); returns its exit code."""
    version = (folder / "claim").read_text("ascii").strip()
    printed = io.StringIO()
    home = str(folder.parent)
    own_sys: Any = types.ModuleType("sys")
    own_sys.__dict__.update(
        version=f"{version} (in place of a Windows build) [{sys.version.partition('[')[2]}",
        version_info=sys.version_info,
        maxsize=sys.maxsize,
        argv=arguments,
        path=[""],
        stdout=printed,
        executable=str(folder / "python.exe"),
        prefix=str(folder),
        base_prefix=str(folder),
    )
    own_os: Any = types.ModuleType("os")
    own_os.__dict__.update({**vars(os), "getcwd": lambda: shell.directory})
    own_json: Any = types.ModuleType("json")
    own_json.__dict__.update({**vars(json), "loads": lambda text: translated(json.loads(text), home)})
    own = {"sys": own_sys, "os": own_os, "json": own_json}

    def importing(name: str, *more: Any) -> Any:
        return own.get(name) or __import__(name, *more)

    builtins = {**vars(__import__("builtins")), "__import__": importing}
    try:
        exec(program, {"__name__": "__main__", "__builtins__": builtins})  # pylint: disable=exec-used
    except Exception as error:  # pylint: disable=broad-exception-caught
        raise NotQuick(f"{error!r}") from error
    shell.write(printed.getvalue().encode())
    return 0
