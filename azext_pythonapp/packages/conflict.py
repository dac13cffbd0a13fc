"""The requirements that pip cannot fulfil together, out of the block in which pip lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_BEGIN = "The conflict is caused by:"
# The last error, where pip does not say what it is caused by.
_NO_CAUSE = re.compile(
    r"ERROR: Cannot install (?P<what>.+) because these package versions have conflicting dependencies"
)
_NOWHERE = "some packages in these conflicts have no matching distributions available"
_ASKED = re.compile(r"The user requested (?P<constraint>\(constraint\) )?(?P<requirement>.+)")
_NEEDED = re.compile(r"(?P<who>.+?) depends on (?P<requirement>.+)")
# pip before 20.3 only compares lines for the same package.
_DOUBLE = re.compile(
    r"Double requirement given: (?P<second>[^()]+?) (?:\(.*?\) )?\(already in (?P<first>[^()]+?)(?: \(|,)"
)
_MOST_OTHERS = 3


@dataclass(frozen=True)
class Cause:
    """One requirement. who: the package that has it, "flask 3.0.3"; None for the person. constraint: of a -c file."""

    text: str
    who: str | None = None
    constraint: bool = False

    @property
    def name(self) -> str:
        """Return the canonical name of the package that is required."""
        found = re.match(r"[A-Za-z0-9][\w.-]*", self.text)
        return str(canonicalize_name(found[0])) if found else self.text

    @property
    def sentence(self) -> str:
        """Return it as a part of a sentence."""
        if self.who is not None:
            return f"{self.who} needs {self.text}"
        return f"{'the constraints file asks' if self.constraint else 'you ask'} for {self.text}"

    @property
    def specifier(self) -> str:
        """Return the versions that it allows, as pip wrote them; "" for any."""
        return re.sub(r"^[A-Za-z0-9][\w.-]*\s*(?:\[[^]]*\])?|;.*", "", self.text).strip().replace(" and ", ",")

    def allows(self, other: Cause) -> bool:
        """Return whether a version that another one pins would do; False where that is not known."""
        try:
            own, pinned = Requirement(f"{self.name} {self.specifier}"), Requirement(f"{other.name} {other.specifier}")
            exact = [each.version for each in pinned.specifier if each.operator == "==" and "*" not in each.version]
            return bool(exact) and own.specifier.contains(Version(exact[0]), prereleases=True)
        except (InvalidRequirement, InvalidVersion):
            return False


class Conflict:
    """The causes of a conflict. nowhere: whether pip says that the index has no version at all that fits one."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.nowhere: list[str] = []
        self.found = False
        self.unexplained: str | None = None
        self._list: str | None = None

    def take(self, line: str) -> None:
        """Read the next line of a log."""
        double, head = _DOUBLE.search(line), _NO_CAUSE.match(line)
        self.unexplained = head["what"] if head else self.unexplained
        if double:
            self.found, self.causes = True, [Cause(double["first"].strip()), Cause(double["second"].strip())]
        if _BEGIN in line:
            self.found, self._list, self.causes = True, "causes", []
        elif _NOWHERE in line:
            self._list = "nowhere"
        elif self._list is not None and line[:1] in (" ", "\t") and line.strip():
            self._take_row(line.strip())
        elif line.strip():
            self._list = None

    def _take_row(self, row: str) -> None:
        if self._list == "nowhere":
            self.nowhere.append(row)
            return
        asked, needed = _ASKED.fullmatch(row), _NEEDED.fullmatch(row)
        if asked:
            self.causes.append(Cause(asked["requirement"], constraint=bool(asked["constraint"])))
        elif needed:
            self.causes.append(Cause(needed["requirement"], needed["who"]))

    def opponents(self) -> list[Cause]:
        """Return the causes to name: first a package's own requirement, then what stands against it."""
        rows = list(dict.fromkeys(self.causes))
        python = [each for each in rows if each.name == "python"]
        if python:
            return python[:1]
        for mine in [each for each in rows if each.who is None]:
            against = [each for each in rows if each.name == mine.name and each != mine and not each.allows(mine)]
            if against:
                first = next((each for each in against if each.who is not None), against[0])
                return [first, mine] if first.who is not None else [mine, first]
        for index, each in enumerate(rows):
            # Other versions of the same package usually require the same: they are no opponents.
            others = [one for one in rows[index + 1 :] if one.name == each.name and _package(one) != _package(each)]
            others = [one for one in others if one.specifier != each.specifier and not one.allows(each)]
            others = [one for one in others if one.specifier and each.specifier and not each.allows(one)]
            if others:
                return [each, others[0]]
        if len({each.name for each in rows}) == 1:
            # They fit together: what they agree on is nowhere. A pinned version says most.
            pinned = [each for each in rows if re.match(r"===?[^,*]+$", each.specifier)]
            return (pinned or [each for each in rows if each.specifier] or rows)[:1]
        return rows[:_MOST_OTHERS]

    def sentence(self) -> str | None:
        """Return what conflicts: "flask 3.0.3 needs Werkzeug>=3.0.0, you ask for werkzeug==1.0.0"; None if unknown."""
        causes = self.opponents()
        if not causes:
            return None
        if len(causes) == 1 and causes[0].name == "python":
            return causes[0].sentence
        if len(causes) == 1:
            sentence = f"{causes[0].sentence}, and no version of {causes[0].name} that fits is available"
            return sentence if causes[0].who is not None else sentence[0].upper() + sentence[1:]
        if all(each.who is None for each in causes):
            sentence = " and for ".join([causes[0].sentence, *(each.text for each in causes[1:])])
            return sentence[0].upper() + sentence[1:]
        return ", ".join(each.sentence for each in causes)


def _package(cause: Cause) -> str:
    """Return the name of the package that has a requirement, without its version."""
    return str(canonicalize_name((cause.who or "").split(" ")[0].split("[")[0]))
