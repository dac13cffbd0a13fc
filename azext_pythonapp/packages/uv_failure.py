"""Explain why uv failed. Its messages were collected from uv 0.13.9 (docs/platform/uv.md 5)."""

from __future__ import annotations

import re

from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.index_answers import Unreached, status_kind, unreached
from azext_pythonapp.packages.no_version import foreign_name
from azext_pythonapp.packages.pip_output import PipOutput
from azext_pythonapp.packages.version_words import python_words

_FETCH = re.compile(r"Failed to fetch: `?(?P<url>\S+?)`?$")
_STATUS = re.compile(r"HTTP status \w+ error \((?P<status>\d{3})\b")
_NO_DETAIL = re.compile(r"error sending request|client error|tcp connect error$|Failed to fetch|dns error$")
_REFUSED = re.compile(
    r"An index(?: URL)? \((?P<index>\S+)\) (?:could not be queried .*\((?P<status>\d{3}) |returned a (?P<other>\d{3}) )"
)
_PACKAGE = r"(?P<{0}>[a-z0-9][\w.-]*(?:\[[^\]]*\])?)"
_ABSENT = re.compile(
    _PACKAGE.format("name") + r" was not found in the (?P<where>package registry|provided package locations)"
)
_NEEDS = re.compile(
    r"(?P<who>(?:all versions of )?[a-z0-9][\w.-]*(?:\[[^\]]*\])?(?:[=<>!~][^\s,]*)?) depends? on "
    r"(?P<what>[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?(?:[=<>!~]=?[^\s,]+(?:,[=<>!~]=?[^\s,]+)*)?)"
)
_ASKED = re.compile(r"you require (?P<what>[a-z0-9][\w.-]*(?:\[[^\]]*\])?[=<>!~]+[^\s,]+(?:,[=<>!~]+[^\s,]+)*)")
_NO_VERSION = re.compile(r"there is no version of (?P<what>[^\s,]+)")
_ONLY = re.compile(r"only (?:the following versions of )?[a-z0-9][^\s,]* (?:is|are) available")
_YANKED = re.compile(r"(?P<what>[a-z0-9][\w.-]*[=<>]+[^\s,]+) was yanked")
_NO_WHEEL = re.compile(r"(?P<name>[a-z0-9][\w.-]*)==(?P<version>\S+) has no (?:usable )?wheels")
_ELSEWHERE = re.compile(r"Wheels are available for `[^`]+` \([^)]*\) on the following \w+s?: (?P<what>.*)")
_PYTHON = re.compile(
    r"does not satisfy Python(?P<required>[^\s,]+(?:,[^\s,]+)*) and "
    r"(?:all versions of )?(?P<name>[a-z0-9][\w.-]*?)(?:==(?P<version>\S+))? depends? on Python"
)
_STUCK = re.compile(r"Unable to uninstall `(?P<name>[\w.-]+)(?:==[^`]*)?`")
_UNUSABLE = re.compile(
    r"(?P<name>[a-z0-9][\w.-]*)==(?P<version>\S+) has (?:an invalid package format|invalid metadata)"
)


def explain_uv(output: PipOutput, runs: str) -> Explanation | None:
    """Return why uv failed; None where it was not used, or failed as pip does, which is explained in the same words.

    runs: "app 'shop' runs Python 3.11.9".
    """
    uv = output.uv
    if not uv.failed or output.disk_full or output.hashes_missing is not None or output.build_failed is not None:
        return None
    return _index(output) or _stuck(output) or _no_solution(output, runs)


def _index(output: PipOutput) -> Explanation | None:
    """Explain an index that was not reached, or that refused."""
    uv = output.uv
    fetched = next(filter(None, (_FETCH.match(each) for each in (uv.error, *uv.causes))), None)
    refused = next(filter(None, map(_REFUSED.match, uv.hints)), None)
    if fetched is not None:
        status = next(filter(None, map(_STATUS.match, uv.causes)), None)
        if status is not None:
            return _answered(fetched["url"], int(status["status"]))
        details = [each for each in uv.causes if not _NO_DETAIL.match(each)]
        failure = unreached(fetched["url"], ": ".join(details) or uv.causes[-1])
        more = (
            " uv does not trust the certificates in Windows' store, unless the app setting UV_SYSTEM_CERTS is true."
            if failure.kind == "certificate"
            else ""
        )
        return Explanation(failure.sentence, f"{failure.advice}{more}")
    if refused is not None:
        return _answered(f"{refused['index'].rstrip('/')}/-/", int(refused["status"] or refused["other"]))
    return None


def _answered(url: str, status: int) -> Explanation:
    wants = ", it does not accept these credentials or wants some" if status == 401 else ""
    failure = Unreached(url, status_kind(status), f"it answers HTTP {status}{wants}", status)
    return Explanation(failure.sentence, failure.advice)


def _stuck(output: PipOutput) -> Explanation | None:
    found = _STUCK.search(output.uv.error)
    if found is None:
        return None
    return Explanation(
        f"uv cannot replace {found['name']}: it does not know which files belong to it.",
        "Let pip do it: run the command again with --installer pip.",
    )


def _no_solution(output: PipOutput, runs: str) -> Explanation | None:
    """Explain that no set of versions fits, from uv's proof of that."""
    text, python = output.uv.text, f"Python {output.python} ({output.tag})"
    absent, wrong, wheel = _ABSENT.search(text), _PYTHON.search(text), _NO_WHEEL.search(text)
    spoiled = _UNUSABLE.search(text)
    needs = [(each["who"].removeprefix("all versions of "), each["what"]) for each in _NEEDS.finditer(text)]
    if absent:
        return _absent(
            absent["name"], absent["where"], next((who for who, what in needs if what == absent["name"]), None)
        )
    if wrong:
        required = wrong["required"]
        least = re.search(r">=\s*(\d+\.\d+)", required)
        switch = f": `az webapp python set-version --version {least[1]}`" if least else ""
        return Explanation(
            f"{wrong['name']} {wrong['version'] or ''}".rstrip() + f" needs Python {python_words(required)}; {runs}.",
            f"Ask for a version for Python {output.python}, or use such a Python{switch}.",
        )
    if wheel:
        others = next(filter(None, map(_ELSEWHERE.match, output.uv.hints)), None)
        there = f"; there are wheels for {others['what'].replace('`', '')}" if others else ""
        return Explanation(
            f"{wheel['name']} {wheel['version'].rstrip(',')} has no wheel for {output.tag}{there}.",
            f"Use a version of {wheel['name']} that has one, another Python, or bring a wheel (--wheel-dir).",
        )
    if spoiled:
        return Explanation(
            f"The file of {spoiled['name']} {spoiled['version']} is damaged, or not what its name says.",
            "Get or build it again; --installer pip is less strict.",
        )
    asked = [each["what"] for each in _ASKED.finditer(text)]
    return _conflict(needs, asked) or _yanked(text) or _nothing_fits(text, asked, python, output)


def _absent(name: str, where: str, who: str | None) -> Explanation:
    known = foreign_name(name, name, True)
    if known is not None and who is None:
        return known
    needed = f", which {who} needs" if who else ""
    if where == "provided package locations":
        return Explanation(
            f"None of the wheels that uv may use is one of {name}{needed}.",
            "Put a wheel of it into the folder of --wheel-dir, or omit --no-index.",
        )
    return Explanation(
        f"No index has a package named {name}{needed}.",
        f"Check the spelling of {name}. If another index has it, name that with --index-url or --extra-index-url.",
    )


def _conflict(needs: list[tuple[str, str]], asked: list[str]) -> Explanation | None:
    """Explain two requirements of one package that exclude each other."""
    sentences = [(_project(what), f"{who.replace('==', ' ')} needs {what}") for who, what in needs]
    sentences += [(_project(what), f"you ask for {what}") for what in asked]
    for index, (name, first) in enumerate(sentences):
        second = next((other for one, other in sentences[index + 1 :] if one == name and other != first), None)
        if second is not None:
            return Explanation(
                f"{first}, {second}.", "Use other versions of these packages, or leave their versions out."
            )
    return None


def _yanked(text: str) -> Explanation | None:
    """Explain that all that is left is a version that its authors have taken back."""
    found = _YANKED.search(text)
    if found is None:
        return None
    return Explanation(
        f"{found['what'].replace('==', ' ')} was yanked: its authors have taken it back.",
        "Ask for another version. A yanked one is installed only where the requirements name it with `==`.",
    )


def _nothing_fits(text: str, asked: list[str], python: str, output: PipOutput) -> Explanation | None:
    found = _NO_VERSION.search(text)
    wanted = found["what"] if found else asked[0] if asked and _ONLY.search(text) else None
    if wanted is None:
        return None
    return Explanation(
        f"The index has nothing for {python} that satisfies {wanted}.",
        f"Ask for another version; if that one exists, it has no wheel for {output.tag} or does not support Python "
        f"{output.python}.",
    )


def _project(requirement: str) -> str:
    return re.split(r"[\[=<>!~]", requirement)[0].lower()
