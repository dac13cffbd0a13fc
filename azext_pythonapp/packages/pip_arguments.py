"""The text of --pip-args, further arguments for `pip install`: which are allowed, and which contain credentials."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.pip import has_credentials, masked

_ELSEWHERE = "it would install packages where the app does not find them"
_OWN = "this command has an option for it"
_HIDDEN = "it would hide pip's output from this command"
_REFUSED = {
    "--target": _ELSEWHERE,
    "--user": _ELSEWHERE,
    "--root": _ELSEWHERE,
    "--prefix": _ELSEWHERE,
    "--src": _ELSEWHERE,
    "--python": _ELSEWHERE,
    "--require-virtualenv": _ELSEWHERE,
    "--require-venv": _ELSEWHERE,
    "--editable": _ELSEWHERE,
    "--build": _ELSEWHERE,
    "--download": _ELSEWHERE,
    "--egg": _ELSEWHERE,
    "--platform": _ELSEWHERE,
    "--implementation": _ELSEWHERE,
    "--abi": _ELSEWHERE,
    "--python-version": _ELSEWHERE,
    "--index-url": _OWN,
    "--pypi-url": _OWN,
    "--extra-index-url": _OWN,
    "--proxy": _OWN,
    "--upgrade": _OWN,
    "--requirement": _OWN,
    "--constraint": _OWN,
    "--no-index": _OWN,
    "--only-binary": _OWN,
    "--pre": _OWN,
    "--no-deps": _OWN,
    "--no-dependencies": _OWN,
    "--require-hashes": _OWN,
    "--dry-run": _OWN,
    "--quiet": _HIDDEN,
    "--log": _HIDDEN,
    "--log-file": _HIDDEN,
    "--local-log": _HIDDEN,
    "--report": _HIDDEN,
    "--help": _HIDDEN,
    "--version": _HIDDEN,
    "--isolated": "it would make pip ignore the variables that this command sets",
}
# Options that make pip reinstall installed packages.
REINSTALL = ("-I", "--ignore-installed", "--force-reinstall")
# Options that make pip read files that this command does not know.
_READING = ("--group", "--requirements-from-script", "--build-constraint")
_SHORT = ("-v", "-vv", "-vvv", "-I")


def parse(text: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """Split the text of --pip-args as a POSIX shell would.

    Returns the arguments for pip's command line, and variables for pip in place of options whose value contains
    credentials: `--find-links https://user:password@host/` becomes PIP_FIND_LINKS.
    Raises InvalidInput for anything that is not an option, and for options that would install packages elsewhere,
    replace the command's own, or hide pip's output. pip accepts any unique abbreviation of a long option.
    """
    arguments: list[str] = []
    variables: dict[str, str] = {}
    for option, value in _options(text or ""):
        _check(option)
        if value is None:
            arguments.append(option)
        elif has_credentials(value.encode("utf-8")):
            variable = "PIP_" + option.strip("-").replace("-", "_").upper()
            variables[variable] = f"{variables[variable]} {value}" if variable in variables else value
        else:
            arguments += [option, value]
    return tuple(arguments), variables


def contains(arguments: Sequence[str], *options: str) -> bool:
    """Return whether arguments of pip contain one of these options, perhaps abbreviated."""
    return any(
        word in options or len(word) > 4 and any(option.startswith(word.partition("=")[0]) for option in options)
        for word in arguments
        if word.startswith("-")
    )


def reads_more(arguments: Sequence[str]) -> bool:
    """Return whether pip would reinstall installed packages, or read folders and files whose content may change."""
    if contains(arguments, *REINSTALL, *_READING):
        return True
    places = [
        word.partition("=")[2] or following
        for word, following in zip(arguments, [*arguments[1:], ""])
        if contains([word], "--find-links")
    ]
    return any(re.match(r"https?://", each, re.IGNORECASE) is None for each in places)


def _options(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the options with their values; a word after an option that is not an option itself is its value."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidInput(
            f"--pip-args cannot be split: {str(error).lower()}.",
            'Quote as in a POSIX shell: `--pip-args "--retries 3"`.',
        ) from error
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word.strip("-") == "":
            raise InvalidInput(
                f"--pip-args contains {masked(word)!r}, which is not an option of pip.",
                "Put packages into the requirements file, or install them with `az webapp python package install`.",
            )
        option, assigned, value = word.partition("=")
        if assigned:
            yield option, value
        elif words and not words[0].startswith("-"):
            yield option, words.pop(0)
        else:
            yield option, None


def _check(option: str) -> None:
    if not option.startswith("--"):
        if option not in _SHORT:
            raise InvalidInput(
                f"--pip-args contains {masked(option)!r}, but of pip's short options only "
                f"{', '.join(_SHORT)} can be used.",
                "Use the long form of the option.",
            )
        return
    for name, reason in _REFUSED.items():
        if name.startswith(option):
            raise InvalidInput(
                f"--pip-args cannot contain {option}: {reason}.", "See `az webapp python install-requirements --help`."
            )
