"""What became of files since a change wrote or deleted them, and whether it can still be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files.compare import WEB_CONFIG
from azext_pythonapp.operations.files.kept import Kept, is_complete
from azext_pythonapp.operations.files.manifest import Manifest
from azext_pythonapp.operations.files.present import Present, PresentFile, folders_of, hashes_of, list_present
from azext_pythonapp.packages.windows_names import folded

Facts = Mapping[str, Any]


def changed_since(app: App, published: Published) -> list[str]:
    """Return the files that somebody else has changed since an exchange, in its order; those are not as it left them.

    A file that is as it was before the exchange counts as unchanged: it is what undoing it would make of it. So does
    one of an exchange that was cut off before it had written it. Raises what the SCM site raises.
    """
    root, before, after = published.root, published.before or {}, published.after or {}
    names = [name for name in after if name != WEB_CONFIG]
    present = list_present(app, root, folders_of(names))
    doubtful, had, has = [], by_name(before), by_name(after)
    for name in names:
        there, facts, old = present.file(name), after[name], had.get(folded(name))
        same = there is None if facts is None else has_facts(there, facts)
        if not same and not (there is None if old is None else has_facts(there, old)):
            doubtful.append(name)
    known = hashes_of(app, root, [name for name in doubtful if present.file(name) is not None]) if doubtful else {}
    return [name for name in doubtful if known.get(name) is None or known[name] not in _hashes(name, had, has)]


def _hashes(name: str, *facts: Mapping[str, Facts]) -> list[str]:
    """Return the hashes that a file had, before an exchange and after it. facts: by folded name."""
    return [str(found["sha256"]) for each in facts if (found := each.get(folded(name))) and found.get("sha256")]


def as_before(
    app: App, published: Published, kept: Kept, present: Present, manifest: Manifest
) -> dict[str, PresentFile]:
    """Return the files, by name, that have the bytes of before an exchange, such as those that have come back already.

    kept: the previous bytes. present: the app's files. Where neither size nor time tells, the bytes are read. Raises
    what the SCM site raises.
    """
    back, doubtful, had, has = {}, {}, by_name(published.before or {}), by_name(published.after or {})
    for name in (*published.replaced, *published.deleted):
        there, row = present.file(name), manifest.get(name)
        if there is None or there.name != name:
            continue
        known = row is not None and has_facts(there, vars(row)) and row.sha256 == kept.sha256(name)
        if known or has_facts(there, had.get(folded(name)) or {}):
            back[name] = there
        elif there.size == kept.size(name) and not has_facts(there, has.get(folded(name)) or {}):
            doubtful[name] = there
    hashes = hashes_of(app, published.root, list(doubtful)) if doubtful else {}
    return back | {name: there for name, there in doubtful.items() if hashes.get(name) == kept.sha256(name)}


def lost(app: App, published: Published, kept: Kept) -> list[str]:
    """Return the files that a change has written or deleted, although their previous bytes are not there.

    None where all are kept, and where it was cut off, or failed, before it had changed any file. published: what it was
    going to do. kept: the previous bytes. Raises what the SCM site raises.
    """
    if is_complete(kept, published):
        return []
    old = [*published.replaced, *published.deleted]
    present, had = (
        list_present(app, published.root, folders_of([*old, *published.created])),
        by_name(published.before or {}),
    )
    changed = [name for name in old if not has_facts(present.file(name), had.get(folded(name)) or {})]
    return changed + [name for name in published.created if present.file(name) is not None]


def has_facts(there: PresentFile | None, facts: Facts) -> bool:
    """Return whether a file has the size and the time that were noted of it."""
    return there is not None and (there.size, there.modified) == (facts.get("size"), facts.get("modified"))


def by_name(facts: Facts) -> dict[str, Facts]:
    """Return what is known of files, by their folded names."""
    return {folded(name): known for name, known in facts.items() if isinstance(known, Mapping)}
