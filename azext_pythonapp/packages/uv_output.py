"""The output of a failed uv: its error, what it names as the causes, and its hints."""

from __future__ import annotations

import re

_BEGIN = "uv pip "
_END = "pip is used instead of uv"
_CAUSE = re.compile(r" +cause: (?P<text>.*)")
_MISMATCH = re.compile(r"Hash mismatch for `(?P<name>[^`]+)`")
_NO_HASH = re.compile(
    r"no trusted hash was provided for: `(?P<name>[^`]+)`|"
    r"In `--require-hashes` mode, all requirements must have .*, but found: (?P<other>\S+)"
)
_DIGEST = re.compile(r"\s+(?P<kind>sha\d+|md5):(?P<digest>[0-9a-f]+)$")
_SIDES = {"Expected:": "Expected", "Computed:": "Got"}


class UvOutput:
    """What a job's log holds of uv.

    error: its last error; "" for none. causes: those below it, from the outermost in. hints: each on one line.
    hashes_missing, hashed: as in PipOutput, in pip's words.
    """

    def __init__(self) -> None:
        self.error = ""
        self.causes: list[str] = []
        self.hints: list[str] = []
        self.hashes_missing: bool | None = None
        self.hashed: list[str] = []
        self._used = False
        self._block: list[str] | None = None
        self._side: str | None = None

    @property
    def failed(self) -> bool:
        """Return whether uv was used, and has said why it failed."""
        return self.error != ""

    @property
    def text(self) -> str:
        """Return the causes in one line."""
        return " ".join(" ".join(self.causes).split())

    def take(self, line: str) -> None:
        """Read the next line of a log."""
        if line.startswith(_BEGIN) or line.startswith(_END):
            self.__init__()  # type: ignore[misc]  # pylint: disable=unnecessary-dunder-call
            self._used = line.startswith(_BEGIN)
        if not self._used:
            return
        cause = _CAUSE.match(line)
        if line.startswith("error: "):
            self.error, self.causes, self.hints, self._block = line.removeprefix("error: ").strip(), [], [], None
        elif cause and self.error:
            self.causes.append(cause["text"].strip())
            self._block = self.causes
        elif line.startswith("hint: "):
            self.hints.append(line.removeprefix("hint: ").strip())
            self._block = self.hints
        elif self._block and line[:1] == " " and line.strip():
            self._block[-1] += f" {line.strip()}"
        self._take_hash(line)

    def _take_hash(self, line: str) -> None:
        mismatch, missing, digest = _MISMATCH.search(line), _NO_HASH.search(line), _DIGEST.match(line)
        self._side = _SIDES.get(line.strip(), self._side)
        if mismatch:
            self.hashes_missing, self.hashed = False, [mismatch["name"]]
        elif missing:
            self.hashes_missing, self.hashed = True, [missing["name"] or missing["other"]]
        elif digest and self._side and self.hashes_missing is False:
            self.hashed.append(f"{self._side} {digest['kind']} {digest['digest']}")
