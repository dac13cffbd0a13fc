"""The error for a web.config that somebody else changed while a command ran: what, who it was, and when."""

from __future__ import annotations

import ntpath
from dataclasses import dataclass

from azext_pythonapp.errors import Conflict, PythonAppError
from azext_pythonapp.history.record import FAILED, Record, readable_time
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.web_config.entry_point import shown_entry_point
from azext_pythonapp.runtimes.identity import identify_folder
from azext_pythonapp.webconfig.handlers import PythonHandler, readable_handler

# A change that was made while a command ran is among the newest.
_NEWEST = 5
HANDLER_NAMES = {"fastCgi": "FastCGI", "httpPlatform": "HttpPlatform"}


@dataclass(frozen=True)
class Maker:
    """Who replaced bytes of the app: the change that did, its user and its time; "" for what is not known."""

    change_id: str
    user: str
    made_at: str

    @property
    def sentence(self) -> str:
        """Return it as words for messages: "change 20261122-115930-4f2a, by ann@contoso.com, 2026-11-22 11:59 UTC"."""
        made = readable_time(self.made_at)
        return ", ".join(filter(None, (f"change {self.change_id}", self.user and f"by {self.user}", made)))


def conflict(
    label: str, shown: str, base: bytes | None, theirs: bytes | None, ours: bytes, record: OpenChange | None
) -> Conflict:
    """Return the error for a web.config that was left as it is, because somebody else has changed it.

    label: the app's; shown: the file's path, as output shows it. base: the bytes that the plan was made from. theirs:
    the present ones. ours: base with our change. record: of this run; None for a local file.
    """
    maker = _maker(record, shown, base)
    by = f" ({maker.sentence})" if maker else ""
    before, now, wanted = readable_handler(base), readable_handler(theirs), readable_handler(ours)
    did = _difference(label, before, now) if theirs is not None else f"deleted web.config of {label}"
    version = python_version(wanted)
    yours = f"Yours, {version}," if version and version != python_version(before) else "Your change"
    return Conflict(
        f"Somebody {did} while this ran{by}. {yours} was not made.",
        "Run the command again; it starts from the new file.",
    )


def python_version(handler: PythonHandler | None) -> str | None:
    """Return the version of the Python that a handler starts, by the name of its folder, else the path of python.exe.

    None for a handler that starts none.
    """
    if handler is None or not handler.python_path:
        return None
    named = identify_folder(ntpath.basename(ntpath.dirname(handler.python_exe.strip('"'))))
    return named.version if named is not None else handler.python_exe


def _difference(label: str, before: PythonHandler | None, now: PythonHandler | None) -> str:
    """Return what somebody did, as words behind "Somebody"."""
    old, new = python_version(before), python_version(now)
    if before is None or now is None or old is None or new is None:
        return f"switched {label} to Python {new}" if new else f"changed web.config of {label}"
    if old != new:
        return f"switched {label} from {old} to {new}"
    if before.kind != now.kind:
        return f"changed the handler of {label} from {HANDLER_NAMES[before.kind]} to {HANDLER_NAMES[now.kind]}"
    entries = [shown_entry_point(each.kind, each.command_text, each.python_path) for each in (before, now)]
    if entries[0] != entries[1] and before.kind == "fastCgi":
        return f"changed the entry point of {label} from {entries[0]} to {entries[1]}"
    return f"changed web.config of {label}"


def _maker(record: OpenChange | None, shown: str, base: bytes | None) -> Maker | None:
    """Return who replaced just these bytes of a file, by the newest other records; None for nobody known."""
    try:
        return _maker_of(record, shown, base) if record is not None else None
    except PythonAppError:
        return None  # what cannot be read now changes nothing about the conflict


def _maker_of(mine: OpenChange, path: str, base: bytes | None) -> Maker | None:
    ids = [each for each in mine.history.ids() if each != mine.record.id][:_NEWEST]
    for record in mine.history.read_all(ids):
        kept = record.file(path) if isinstance(record, Record) and record.state != FAILED else None
        if isinstance(record, Record) and kept is not None and kept.before == base != kept.after:
            return Maker(record.id, record.user, record.finished_at or record.started_at)
    return None
