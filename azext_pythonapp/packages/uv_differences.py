"""Where uv would do something else than pip: pip installs then, and says why (docs/platform/uv.md 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages import requirement_lines
from azext_pythonapp.packages.pip import PipOptions, masked
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.packages.uv import BUILDS, pairs, untranslatable

OLDEST_PYTHON = (3, 6)
# The options that uv reads in a file as pip does, as they may be written.
_OPTION = re.compile(
    r"(?P<name>-r|--requirement|-c|--constraint|-i|--index-url|--extra-index-url|-f|--find-links|--only-binary"
    r"|--no-index|--require-hashes)(?:[ =]+(?P<value>\S+))?"
)
_INDEX = ("-i", "--index-url", "--no-index")
_ADDRESSES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")
_HASH = re.compile(r"(?:\s*--hash[ =](?:sha256|sha384|sha512):[0-9a-f]+)+\s*")
_LOWER_VARIABLE = re.compile(r"\$\{(?![A-Z0-9_]+\})[^}]*\}")
_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|::1)", re.IGNORECASE)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_KINDS = ((re.compile(r"(?:git|hg|svn|bzr)\+"), "a repository"), (re.compile(r"https?:"), "an address"))


@dataclass(frozen=True)
class Reads:
    """All that an installer reads.

    texts: contents of the requirements and constraints files, by path. parsed: the requirements in them.
    unseen: what only the worker can read, in words.
    """

    texts: Mapping[str, bytes]
    parsed: Sequence[Requirement] = ()
    unseen: Sequence[str] = ()

    @property
    def hashes(self) -> bool:
        """Return whether any requirement has a hash."""
        return any(each.hashes for each in self.parsed)

    @property
    def own_index(self) -> bool:
        """Return whether a file names the index itself, which for pip counts more than any other setting."""
        return any(option in _INDEX for _, option, _ in self.options())

    def options(self) -> Iterator[tuple[str, str, str]]:
        """Yield the option lines that `why_pip` accepts: where they are, the option and its value."""
        for where, text in self.lines():
            found = _OPTION.fullmatch(text)
            if found:
                yield where, found["name"], found["value"] or ""

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the lines of all files: "requirements.txt:3", and the text."""
        for path, content in self.texts.items():
            name = path.rpartition("/")[2]
            for line in requirement_lines.lines(requirement_lines.decode(content, name)):
                yield f"{name}:{line.first}", line.text


def why_pip(options: PipOptions, reads: Reads, target: TargetEnvironment) -> str | None:
    """Return why pip has to be used, in one sentence; None where uv installs the same.

    target: the Python to install into. Settings on the worker are not known here; the runner looks at those.
    """
    try:
        reason = _of_python(target) or _of_options(options) or _of_files(options, reads) or _of_requirements(reads)
    except InvalidInput as error:
        reason = error.message.rstrip(".")
    return None if reason is None else f"pip is used instead of uv: {reason}."


def _of_python(target: TargetEnvironment) -> str | None:
    version = tuple(int(part) for part in target.version.split(".")[:2])
    if version < OLDEST_PYTHON:
        return f"uv does not work with Python {target.version}, which is older than 3.6"
    return None if target.architecture in BUILDS else f"there is no uv for {target.architecture}"


def _of_options(options: PipOptions) -> str | None:
    trusted = [value for name, value in pairs(options.more) if name == "--trusted-host" and value]
    for name, value in pairs(options.more):
        reason = untranslatable(name, value)
        if reason is None and name == "--find-links":
            reason = _wrong_address("--find-links", value or "", trusted)
        if reason is not None:
            return reason
    addresses = [("--index-url", options.index_url), *(("--extra-index-url", url) for url in options.extra_index_urls)]
    return next(filter(None, (_wrong_address(name, url, trusted) for name, url in addresses if url)), None)


def _wrong_address(option: str, url: str, trusted: Sequence[str]) -> str | None:
    """Return what is wrong with an address or a folder of packages that an option names."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _WINDOWS_PATH.match(url) or url.startswith("/"):
        return None
    if parts.scheme == "http":
        host = parts.hostname or ""
        if _LOOPBACK.fullmatch(host) or host in trusted or f"{host}:{parts.port}" in trusted:
            return None
        return f"{option} names an address without TLS, which pip refuses and uv does not"
    return f"{option} names neither an https address nor a full path"


def _of_files(options: PipOptions, reads: Reads) -> str | None:
    """Return what uv reads in another way in the text of a file."""
    if reads.unseen:
        return f"what {masked(reads.unseen[0])} holds is not known before"
    for path, content in reads.texts.items():
        if not _is_utf8(content):
            return f"{path.rpartition('/')[2]} is not text in UTF-8"
    indexes = 0
    for where, text in reads.lines():
        reason = _of_option(text) if text.startswith("-") else _of_line(text)
        if reason is not None:
            return f"{where} {reason}"
        indexes += text.startswith(("-i", "--index-url"))
    if indexes > 1:
        return "the requirements name several indexes with --index-url, of which only pip takes the last one"
    if reads.own_index and (options.index_url or options.extra_index_urls):
        return "the requirements name an index, which pip prefers to that of the command, and uv does not"
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text and requirement_lines.decode(content) == text.removeprefix("\ufeff")


def _of_option(text: str) -> str | None:
    found = _OPTION.fullmatch(text)
    if found is None or '"' in text or "'" in text:
        name = re.split(r"[ =]", text)[0]
        known = _OPTION.fullmatch(name) is not None
        return f"has {name} in a form that uv reads in another way" if known else f"has {name}, which uv does not know"
    name, value = found["name"], found["value"] or ""
    if _LOWER_VARIABLE.search(value):
        return "has a variable in lower case, which only uv replaces"
    if name == "--only-binary" and "," in value:
        return "has --only-binary with several names, which uv takes one by one"
    reason = _wrong_address(name, value, ()) if name in _ADDRESSES and "${" not in value else None
    return None if reason is None else f"is a line in which {reason}"


def _of_line(text: str) -> str | None:
    """Return what uv reads in another way in the line of a requirement."""
    _, tail = requirement_lines.split_options(text)
    if tail and not _HASH.fullmatch(tail):
        return f"has {re.split('[ =]', tail)[0]}, which uv does not know there"
    return None


def _of_requirements(reads: Reads) -> str | None:
    for each in reads.parsed:
        reason = _of_requirement(each)
        if reason is not None:
            return f"{each.file}:{each.line} {reason}"
    joined = next(_joined(reads.texts), None)
    return f"{joined} is one requirement in several lines, which uv does not join" if joined else None


def _of_requirement(requirement: Requirement) -> str | None:
    if not requirement.known:
        return "is not a requirement as PEP 508 defines it, which uv demands"
    if requirement.variables:
        return "has a variable, which uv treats in another way"
    if requirement.editable:
        return "is to be installed as editable"
    if any(clause.operator in ("<", ">", "!=") and _is_pre(clause.version) for clause in requirement.specifier):
        return "names a pre-release as a bound, which allows pre-releases only in newer versions of pip"
    source = requirement.source
    if source is None:
        return None
    if re.match(r"https://", source) and re.search(r"\.whl(?:#|$)", source):
        return None
    kind = next((kind for pattern, kind in _KINDS if pattern.match(source)), "a file or folder")
    return f"names {kind} in place of a wheel from an index, which uv builds and records in another way"


def _is_pre(version: str) -> bool:
    try:
        return Version(version).is_prerelease
    except InvalidVersion:  # "2.*"
        return False


def _joined(texts: Mapping[str, bytes]) -> Iterator[str]:
    """Yield where a requirement itself, not only its hashes, goes on in a further line."""
    for path, content in texts.items():
        name = path.rpartition("/")[2]
        rows = requirement_lines.decode(content, name).splitlines()
        for line in requirement_lines.lines("\n".join(rows)):
            parts = [row.strip().rstrip("\\").strip() for row in rows[line.first : line.last]]
            if not line.text.startswith("-") and any(part and not part.startswith(("--hash", "#")) for part in parts):
                yield f"{name}:{line.first}"
