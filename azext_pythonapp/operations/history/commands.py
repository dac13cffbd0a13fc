"""`history list` and `history show`."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.advice import read_back
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound, PlatformFailed
from azext_pythonapp.history.record import FAILED, UNFINISHED, Record, readable_time
from azext_pythonapp.history.store import History
from azext_pythonapp.operations.app.left_change import came_along, finish_command, made_elsewhere, undo_command
from azext_pythonapp.operations.history.past import Past, full_id, no_such_change, read_past
from azext_pythonapp.operations.history.restored import restored
from azext_pythonapp.plan import Change


def list_changes(app: App, top: int | None) -> list[dict[str, Any]]:
    """Return the rows of docs/json-output.md, newest first. top: at most so many; None for all.

    A record that cannot be read is named, and left out.
    """
    if top is not None and top < 1:
        raise InvalidInput(f"--top is {top}; it takes a number from 1 on.")
    ids = History(app.kudu).ids()
    past = read_past(app, ids[:top])
    for each in past.unread:
        app.progress.say(
            f"Warning: The record of change {each.id} on {app.site.label} cannot be read and is left out: "
            f"{each.problem}. If that change undid another one, that one is listed as it was before."
        )
    swapped = [record for record in past.records if made_elsewhere(app, record)]
    if swapped:
        place = made_elsewhere(app, swapped[0])
        first = f"{swapped[0].id} was made on {place}"
        where = f"Change {first}, not" if len(swapped) == 1 else f"{len(swapped)} changes were not made"
        which = "" if len(swapped) == 1 else f" ({first})"
        app.progress.conclude(
            f"{where} on {app.site.label}{which}: records come with the files, as in a swap of slots."
        )
    return [past.row(record) for record in past.records]


def show_change(app: App, change_id: str | None, in_full: bool = False) -> dict[str, Any]:
    """Return the object of docs/json-output.md. change_id: the beginning of one is enough; None for the newest.

    in_full: whether to say in words what the object holds and a table has no room for.

    Raises NotFound for an id that no record has, and PlatformFailed for a record that cannot be read.
    """
    ids = History(app.kudu).ids()
    if change_id is None and not ids:
        raise NotFound(
            f"No change is recorded on {app.site.label} yet.",
            f"Each command that changes the app records it; see what it runs now: "
            f"`az webapp python show {app.site.arguments}`.",
        )
    wanted = full_id(app, ids, change_id) if change_id is not None else ids[0]
    past = read_past(app, ids[: ids.index(wanted) + 1])  # a newer one may have undone it
    problem = next((each.problem for each in past.unread if each.id == wanted), None)
    if problem is not None:
        raise PlatformFailed(
            f"The record of change {wanted} on {app.site.label} cannot be read: {problem}.",
            f"See the others: `az webapp python history list {app.site.arguments}`.",
        )
    record = next((each for each in past.records if each.id == wanted), None)
    if record is None:
        raise no_such_change(app, wanted, [each for each in ids if each != wanted])
    answer = _shown(app, past, record)
    if in_full:
        app.progress.conclude_changes(*_in_words(app, record, answer))
    app.progress.conclude(*_last_lines(app, record, answer))
    return answer


def _shown(app: App, past: Past, record: Record) -> dict[str, Any]:
    row = past.row(record)
    ended = not row["inProgress"]
    undone = row["undoneBy"] is not None
    interrupted = ended and not undone and record.state == UNFINISHED
    kept = [change.to_dict() for change in restored(record)]
    return {
        **row,
        "commandLine": read_back(record.command_line, "az webapp python"),
        "environment": _environment(record),
        "restores": kept,
        "undoCommand": undo_command(app, record.id) if interrupted or (kept and ended and not undone) else None,
        "finishCommand": finish_command(app, record) if interrupted else None,
    }


def _environment(record: Record) -> dict[str, str | None] | None:
    """Return which environments the app ran before and after a change; None for an app that ran none."""
    change = record.environment
    if change is None:
        return None
    return {
        "before": change.before.letter if change.before is not None else None,
        "after": change.after.letter if change.after is not None else None,
    }


def _last_lines(app: App, record: Record, answer: dict[str, Any]) -> list[str]:
    """Return where the change was made, and the commands that finish and undo it."""
    along = came_along(app, record)
    lines = [along] if along is not None else []
    if answer["inProgress"]:
        lines.append(f"Its command is at work on {app.site.label} now.")
    if answer["undoneBy"] is not None:
        lines.append(f"It was undone by change {answer['undoneBy']}. Undo that one to have it again:")
        lines.append(undo_command(app, answer["undoneBy"]))
    if answer["finishCommand"] is not None:
        lines.append(f"Finish: {answer['finishCommand']}")
    if answer["undoCommand"] is not None:
        lines.append(f"Undo: {answer['undoCommand']}")
    return lines


def _in_words(app: App, record: Record, answer: dict[str, Any]) -> tuple[str, list[Change]]:
    """Return what stands below the table: sentences, and the rows of what undoing brings back."""
    rows = [
        Change(row["target"], row["action"], row["before"], row["after"], row.get("diff")) for row in answer["restores"]
    ]
    made = (answer["command"], answer["user"] and f"by {answer['user']}", readable_time(answer["startedAt"] or ""))
    state = "in progress" if answer["inProgress"] else answer["state"]
    head = f"Change {answer['changeId']} of {app.site.label}: {', '.join(filter(None, made))}; {state}."
    told = _what_undoing_does(answer) if rows else _why_nothing(record, answer)
    return f"{head} {told}".rstrip(), rows


def _what_undoing_does(answer: dict[str, Any]) -> str:
    return f"Undoing it {'brings' if answer['undoneBy'] is None else 'brought'} back:"


def _why_nothing(record: Record, answer: dict[str, Any]) -> str:
    """Return the sentence about a change with nothing to undo."""
    if answer["inProgress"]:
        return ""  # it may come
    if record.state == UNFINISHED:
        return "It was interrupted before it had changed anything that undoing brings back."
    if record.state == FAILED and record.as_before and (record.files or record.packages):
        return "Its command has put back what it had changed."
    return "Its record keeps nothing to bring back."
