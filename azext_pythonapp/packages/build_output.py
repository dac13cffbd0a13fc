"""Why building a package from its source failed, in the words of its own build."""

from __future__ import annotations

import re

# The output of a build is between these: in pip 9 to 21, and in newer ones.
_BEGIN = re.compile(r"Complete output\b|\[\d+ lines? of output\]$")
_END = re.compile(r"\s*(?:-{20,}|\[end of output\])$")
_ERROR = re.compile(r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit)|[Ee]rror|fatal error): \S")
# Errors that only refer to others.
_EMPTY = re.compile(r"error: (?:subprocess-exited-with-error|[a-z]+(?:-[a-z]+)+)$|error: command .* failed")
_MISSING = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?(?P<name>[\w.]+)'?$")
_ENCODING = re.compile(r"UnicodeDecodeError: '(?:charmap|mbcs|gbk|big5|cp\d+|shift_jis|euc_\w+)' codec")
_REQUIREMENTS = re.compile(
    r"× .*(?:install(?:ing)?|resolve) (?:\w+ )?build dependencies|Installing build dependencies: .*"
)
_UNMET = re.compile(
    r"Could not find a version that satisfies the requirement (?P<name>\S+)|"
    r"No matching distribution found for (?P<other>\S+)"
)
_LONGEST = 200


class BuildOutput:
    """What the last failed build in a log said.

    error: its last error. missing: the module that it imports and that is not there. encoding: whether it reads a file
    of its own with the encoding of Windows. unmet: a requirement of the build that pip could not install.
    """

    def __init__(self) -> None:
        self.error: str | None = None
        self.missing: str | None = None
        self.encoding = False
        self.unmet: str | None = None
        self._inside = self._requirements = False

    def take(self, line: str) -> None:
        """Read the next line of a log."""
        text = line.strip()
        if _BEGIN.search(text):
            self._inside, self.error, self.missing, self.encoding = True, None, None, False
        elif _REQUIREMENTS.match(text):
            self._requirements = text.startswith("×")
        elif self._inside and _END.match(line):
            self._inside = self._requirements = False
        elif self._inside:
            self._take_inside(text)

    def _take_inside(self, text: str) -> None:
        unmet, missing = _UNMET.search(text), _MISSING.match(text)
        if self._requirements and unmet:
            self.unmet = unmet["name"] or unmet["other"]
        if _ERROR.match(text) and not _EMPTY.match(text):
            self.error = text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
            self.missing = missing["name"] if missing else None
            self.encoding = _ENCODING.match(text) is not None

    def consequence(self) -> str | None:
        """Return what its build did, as a part of a sentence; None when it did not say why it failed."""
        if self.unmet is not None:
            return f"pip could not install {self.unmet}, which its build needs"
        if self.missing is not None:
            return f"its build imports {self.missing}, which is not there"
        if self.encoding:
            return "its build cannot read a file of its own, because it takes the encoding of Windows for it"
        return f"building it from its source failed: {self.error.rstrip('.')}" if self.error else None

    def advice(self, name: str) -> str:
        """Return what to do about it, other than using a wheel of the package; "" when that is all."""
        if self.missing is not None:
            return (
                f"Install the package that has {self.missing} first, and then {name} with "
                '`--pip-args="--no-build-isolation"`. '
            )
        return ""
