"""`export`: read the options, write the text."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from azext_pythonapp.errors import InvalidInput, PythonAppError
from azext_pythonapp.operations.export import arm, bicep, terraform
from azext_pythonapp.operations.export.model import Export, Format

_RENDER = {"arm": arm.render, "bicep": bicep.render, "terraform": terraform.render}
_ENDINGS: Mapping[Format, str] = {"arm": ".json", "bicep": ".bicep", "terraform": ".tf"}


def rendered(export: Export, language: Format) -> str:
    """Return an export as text, which ends with a line feed: the same text for the same export."""
    return _RENDER[language](export)


def output_path(name: str, language: Format) -> Path:
    """Return the file of --output-file. Raises InvalidInput for one that cannot be there, before anything is asked."""
    path = Path(name).expanduser()
    ending = _ENDINGS[language]
    if path.suffix.lower() != ending:
        raise InvalidInput(
            f"--output-file '{name}' does not end in {ending}, as tools expect it of --format {language}.",
            f"Name it so, such as `python{ending}`.",
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidInput(f"--output-file '{name}' is not a file in a folder that exists.", "Make the folder first.")
    return path


def write(path: Path, text: str) -> bool:
    """Write a file, whole or not at all; return whether it is new or has changed. Raises PythonAppError."""
    content = text.encode("utf-8")
    temporary = ""
    try:
        if path.exists() and path.read_bytes() == content:
            return False
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise PythonAppError(
            f"The export could not be written to '{path}': {error.strerror or error}.", "Name another file."
        ) from error
    return True


def written_answer(app: Mapping[str, Any] | None, language: Format, path: Path, changed: bool) -> dict[str, Any]:
    """Return the answer of a command that wrote a file (docs/json-output.md). app: None for a version without one."""
    return {"app": app, "format": language, "path": str(path), "changed": changed}


def last_line(export: Export, where: str) -> str:
    """Return in one sentence what was exported. where: "standard output", or the file."""
    number = len(export.extensions)
    parts = [f"{number} site extension{'s' * (number != 1)}"]
    parts += ["the worker's configuration"] if export.configuration else []
    parts += ["app settings"] if export.app_settings is not None else []
    done = sum(note.command is not None for note in export.notes)
    more = f" What a template cannot say is in its comments, with {done} command{'s' * (done != 1)}." if done else ""
    return f"{where}: {', '.join(parts)}.{more}"
