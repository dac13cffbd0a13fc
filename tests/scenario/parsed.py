"""Asks az's own parser, in one process of az's Python for all tests, whether it takes a command."""

from __future__ import annotations

import atexit
import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import REPOSITORY

_PROGRAM = REPOSITORY / "tests" / "scenario" / "az_parser.py"
_OF_ONE_APP = ("-g", "--resource-group", "-n", "--name", "-s", "--slot", "--job-id", "--subscription")


class AzParser:
    """az's parser, with the extensions of one environment. executable: the az program."""

    def __init__(self, executable: Path, environment: Mapping[str, str]):
        folder = tempfile.TemporaryDirectory(prefix="az-parser-")
        self._folder = folder  # goes with this object
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], str | None] = {}
        self._process = subprocess.Popen(
            [str(executable.with_name("python")), str(_PROGRAM)],
            env={**environment, "AZURE_CONFIG_DIR": folder.name},
            cwd=folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        atexit.register(self._process.kill)

    def complaint(self, words: Sequence[str]) -> str | None:
        """Return what az says against a command, None when it takes it. words: after `az`.

        Commands that differ only in their app's names are asked for once.
        """
        kind = tuple(
            "NAME" if number and words[number - 1] in _OF_ONE_APP and re.fullmatch(r"[\w.-]+", word) else word
            for number, word in enumerate(words)
        )
        with self._lock:
            if kind not in self._known:
                assert self._process.stdin is not None and self._process.stdout is not None
                self._process.stdin.write(json.dumps(list(words)) + "\n")
                self._process.stdin.flush()
                answer = self._process.stdout.readline()
                assert answer, f"az's parser ended at {words}"
                self._known[kind] = json.loads(answer)
            return self._known[kind]


_PARSERS: dict[tuple[Path, str | None], AzParser] = {}


def parser_of(executable: Path, environment: Mapping[str, str]) -> AzParser:
    """Return the parser for an az and its extensions, the same one for all tests of a process."""
    key = (executable, environment.get("AZURE_EXTENSION_DIR"))
    if key not in _PARSERS:
        _PARSERS[key] = AzParser(executable, environment)
    return _PARSERS[key]
