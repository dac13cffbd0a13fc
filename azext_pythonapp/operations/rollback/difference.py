"""What was changed since a change was made, by whom, and in what it differs: before it, after it, and now."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, InvalidWebConfig
from azext_pythonapp.history.environment import EnvironmentChange
from azext_pythonapp.history.record import SUCCEEDED, Record
from azext_pythonapp.operations.app.left_change import undo_command
from azext_pythonapp.operations.package.restore_set import same_packages
from azext_pythonapp.operations.rollback.environment import FoundEnvironment, environment_words
from azext_pythonapp.operations.rollback.files import difference
from azext_pythonapp.operations.rollback.found import Found, FoundFile, FoundPackages
from azext_pythonapp.operations.rollback.target import described
from azext_pythonapp.operations.runtime.keep_packages import packages_at_risk
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES, python_version
from azext_pythonapp.packages.windows_names import folded
from azext_pythonapp.runtimes.environment import letter_of, may_be_one
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.webconfig.handlers import read_handler
from azext_pythonapp.windows import home_folder_of, same_path

_MOST_NAMED = 5
_MOST_LINES = 40


def require_ours(found: Found, force: bool, published: Sequence[str] = ()) -> None:
    """Raise Conflict, with the three states of each, when what the change left was changed by another hand since.

    published: files that the change published and that were changed since, below the app's root. force: only say it.
    """
    files = [each for each in found.files if each.foreign]
    packages = [] if found.target.open else [each for each in found.packages if each.foreign and not each.absent]
    packages += [each for each in found.packages if each.foreign and each.absent and _was_there(found, each)]
    environment = found.environment if found.environment is not None and not found.target.open else None
    states = [*map(_file_states, files), *map(_package_states, packages), *_added(found)]
    states += [_environment_states(environment)] if environment is not None and environment.foreign else []
    states += [f"files that are neither as before it nor as it left them: {_named(published)}"] if published else []
    if not states:
        return
    app, target = found.app, found.target
    for each in files:
        _show(app, each, target.record.id)
    later = _later(found, files, packages, published, environment is not None and environment.foreign)
    how = ", which did not succeed," if later is not None and later.state != SUCCEEDED else ""
    by = f"{described(later)}{how} changed" if later is not None else "Somebody changed"
    if force:
        app.progress.say(
            f"Warning: {by} this since change {target.record.id}, and --force replaces it: {'; '.join(states)}."
        )
        return
    anyway = f"{undo_command(app, target.record.id)} --force"
    if later is not None:
        advice = f"Undo that change first: `{undo_command(app, later.id)}`. To lose what it did: `{anyway}`."
    else:
        advice = f"To undo change {target.record.id} all the same, and lose what was changed since: `{anyway}`."
    raise Conflict(
        f"{by[0].upper()}{by[1:]} {app.site.label} since {described(target.record)}, so nothing was undone: "
        f"{'; '.join(states)}.",
        advice,
    )


def _added(found: Found) -> list[str]:
    """Return what was installed into Pythons that are to go, beside what the change itself put there."""
    rows, home = [], found.app.kudu.home()
    for python in found.extra:
        folder = home_folder_of(python.python_path, home)
        own = [each.after for each in found.target.record.packages if each.folder.lower() == str(folder).lower()]
        names = packages_at_risk(found.app, folder) if folder is not None else {}
        new = [f"{name} {version}" for name, version in names.items() if name not in dict((own or [None])[0] or {})]
        if new:
            rows.append(f"packages that were installed into {python.name} since: {_named(new)}")
    return rows


def _was_there(found: Found, packages: FoundPackages) -> bool:
    """Return whether packages that are gone with their Python are the change's own, and not gone by it."""
    own = any(each is packages.change for each in found.target.record.packages)
    return own and bool(packages.change.after)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _later(
    found: Found,
    files: Sequence[FoundFile],
    packages: Sequence[FoundPackages],
    published: Sequence[str],
    environment: bool,
) -> Record | None:
    """Return the newest change that touched one of these and is in force, or failed and left what is there now.

    environment: whether the app runs another environment.
    """
    home, names = found.app.kudu.home(), {folded(name) for name in published}
    in_force = found.target.in_force
    for record in found.target.later:
        if record not in in_force:
            if _left(record, files, packages, home):
                return record
            continue
        if any(record.file(each.kept.path) is not None for each in files):
            return record
        if environment and record.environment is not None:
            return record
        pythons = [one.python_path for one in record.packages] + [one.python_path for one in record.runtimes]
        if any(same_path(each.change.python_path, path, home) for each in packages for path in pythons):
            return record
        part = record.published
        if part is not None and names & {folded(each) for each in (*part.created, *part.replaced, *part.deleted)}:
            return record
    return None


def _left(record: Record, files: Sequence[FoundFile], packages: Sequence[FoundPackages], home: str) -> bool:
    """Return whether a change that failed has left one of these as it is now, because its undo did not succeed."""
    if record.state == SUCCEEDED:
        return False
    for each in files:
        own = record.file(each.kept.path)
        if own is not None and own.written and not own.as_before and own.after == each.now.content:
            return True
    return any(
        part.after is not None and not part.as_before and same_packages(each.now, part.after)
        for part in record.packages
        for each in packages
        if same_path(each.change.python_path, part.python_path, home)
    )


def _file_states(file: FoundFile) -> str:
    kept = file.recorded or file.kept
    words = [starts_words(each) for each in (kept.before, kept.after, file.now.content)]
    return f"{kept.path} (before: {words[0]}; after it: {words[1]}; now: {words[2]}{_same(words)})"


def _environment_states(environment: FoundEnvironment) -> str:
    change = environment.change or EnvironmentChange(None)
    words = [environment_words(each) for each in (change.before, change.after, environment.now)]
    return f"what the app runs (before: {words[0]}; after it: {words[1]}; now: {words[2]})"


def _same(words: Sequence[str]) -> str:
    return ", with other lines" if words[1] == words[2] else ""


def starts_words(content: bytes | None) -> str:
    """Return what a web.config starts, for a sentence."""
    if content is None:
        return "no file"
    try:
        handler = read_handler(content)
    except InvalidWebConfig:
        return "a file that cannot be read"
    if handler is None:
        return "no Python"
    letter = letter_of(handler.python_exe, REGISTERED_HOME) if may_be_one(handler.python_exe) else None
    if letter is not None:
        return f"environment {letter}, {HANDLER_NAMES[handler.kind]}"
    return f"Python {python_version(handler)}, {HANDLER_NAMES[handler.kind]}"


def _package_states(packages: FoundPackages) -> str:
    before, after, now = dict(packages.change.before or {}), dict(packages.change.after or {}), dict(packages.now)
    where = f"packages of Python {packages.change.version}"
    if packages.absent:
        return f"{where} (uninstalled since)"
    rows = [
        f"{name} (before: {before.get(name) or 'none'}; after it: {after.get(name) or 'none'}; "
        f"now: {now.get(name) or 'none'})"
        for name in sorted({*after, *now})
        if after.get(name) != now.get(name)
    ]
    return f"{where}: {_named(rows)}"


def _show(app: App, file: FoundFile, change_id: str) -> None:
    """Print the two differences: what the change made of a file, and what was made of that since."""
    path, kept = file.kept.path, file.kept
    app.progress.say(f"What change {change_id} made of {path}:")
    _print(app, difference(kept.before, kept.after, path))
    app.progress.say(f"What was made of {path} since:")
    _print(app, difference(kept.after, file.now.content, path))


def _print(app: App, text: str) -> None:
    lines = text.splitlines()
    for line in lines[:_MOST_LINES]:
        app.progress.say(f"  {line}")
    if len(lines) > _MOST_LINES:
        app.progress.say(f"  ({len(lines) - _MOST_LINES} more lines)")
