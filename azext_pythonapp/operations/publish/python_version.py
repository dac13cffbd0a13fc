"""The Python version that a folder asks for, in a file that other tools read as well."""

from __future__ import annotations

import codecs
import re

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.source.folder import Source

# pyenv's and uv's file, then Heroku's. Each has one version in a line; others, such as PyPy's, mean nothing here.
FILES = (".python-version", "runtime.txt")
# uv also writes cpython@3.12, and with --resolved cpython-3.12.4-windows-x86_64-none.
_LINE = re.compile(
    r"(?:c?python[-@])?v?(?P<version>[23](?:\.\d+){0,2}(?:(?:a|b|rc)\d+)?)"
    r"(?:\.x|\.\*|-(?:windows|macos|linux)-[\w-]+)?",
    re.IGNORECASE,
)
_LARGEST = 4096


def version_of(source: Source) -> tuple[VersionSpec | None, str]:
    """Return the version that a folder names for CPython, and the file that does; (None, "") where none does."""
    for name in FILES:
        file = source.find(name)
        if file is None or file.size > _LARGEST:
            continue
        for line in _text(file.content()).splitlines():
            text = line.partition("#")[0].strip()
            found = _LINE.fullmatch(text)
            if found is not None:
                try:
                    return VersionSpec.parse(found["version"]), file.path
                except InvalidInput:
                    break
            if text:
                break
    return None, ""


def _text(content: bytes) -> str:
    """Return the text of a file; Windows PowerShell's `>` writes UTF-16."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8-sig", "replace")
