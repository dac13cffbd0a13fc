"""The apps and slots that --ids names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from azext_pythonapp.appservice.app_name import read_resource_id
from azext_pythonapp.errors import InvalidInput

STANDARD_INPUT = "-"
_ID = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Web/sites/APP[/slots/SLOT]"
# How many wrong ids an error names.
_NAMED = 3
_COMMENT = "#"


@dataclass(frozen=True)
class Member:
    """One app or slot. id: its resource id as it was given. slot: None for the production slot.

    label: tells it from the others: `shop`, `shop/staging`, and with the group where two have the same name.
    """

    id: str
    subscription: str
    resource_group: str
    name: str
    slot: str | None
    label: str

    @property
    def resource_id(self) -> str:
        """Return the resource id under which Resource Manager has it."""
        slot = f"/slots/{self.slot}" if self.slot else ""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Web/sites/{self.name}{slot}"
        )

    def to_dict(self) -> dict[str, str | None]:
        """Return the `app` object of docs/json-output.md."""
        return {"name": self.name, "resourceGroup": self.resource_group, "slot": self.slot}


def read_members(words: Sequence[str], standard_input: Callable[[], str], read: Callable[[str], str]) -> list[Member]:
    """Return the apps and slots that the values of --ids name, in order, each once.

    words: resource ids, the contents of files, `@FILE`, or `-` for standard input. az replaces `@FILE` by what is in
    it; one that it left as it was could not be read. standard_input, read: return a text; read takes a file's name and
    raises OSError or ValueError.
    Raises InvalidInput for a text that is no resource id of an app or slot, for a file that cannot be read, and for no
    id at all.
    """
    members: dict[str, Member] = {}
    wrong = []
    for word in _texts(words, standard_input, read):
        for text in _ids(word):
            named = read_resource_id(text)
            if named is None or not (named.subscription and named.resource_group and named.name):
                wrong.append(text)
                continue
            label = f"{named.name}/{named.slot}" if named.slot else named.name
            member = Member(text, named.subscription, named.resource_group, named.name, named.slot, label)
            members.setdefault(member.resource_id.lower(), member)
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise InvalidInput(
            f"--ids: {', '.join(repr(text) for text in wrong[:_NAMED])}{more} "
            f"{'is' if len(wrong) == 1 else 'are'} not the resource id of a web app or slot. Nothing was started.",
            f'An id looks like this: {_ID}. `az webapp list --query "[].id" --output tsv` lists those of your apps.',
        )
    if not members:
        raise InvalidInput("--ids names no app.", "Give resource ids, `@FILE`, or `-` for standard input.")
    return _told_apart(list(members.values()))


def _texts(words: Sequence[str], standard_input: Callable[[], str], read: Callable[[str], str]) -> Iterable[str]:
    for word in words:
        if word == STANDARD_INPUT:
            try:
                yield standard_input()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is closed, or not text in its encoding"
                raise InvalidInput(f"--ids: standard input cannot be read: {reason}.", "Use `@FILE`.") from error
        elif word.startswith("@"):
            try:
                yield read(word[1:])
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is not a text file"
                raise InvalidInput(f"--ids: '{word[1:]}' cannot be read: {reason}.") from error
        else:
            yield word


def _ids(text: str) -> Iterable[str]:
    """Return the ids in a text: separated by blanks or line feeds, without comments."""
    for line in text.lstrip("\ufeff").splitlines():
        for part in line.split():
            if part.startswith(_COMMENT):
                break
            yield part


def _told_apart(members: list[Member]) -> list[Member]:
    """Return the members with labels of which no two are the same."""
    for more in ("resource_group", "subscription"):
        counts = Counter(member.label.lower() for member in members)
        members = [
            replace(member, label=f"{member.label} ({getattr(member, more)})")
            if counts[member.label.lower()] > 1
            else member
            for member in members
        ]
    return members
