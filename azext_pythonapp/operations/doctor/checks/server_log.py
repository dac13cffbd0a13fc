"""What the app's server wrote last: wfastcgi into WSGI_LOG, HttpPlatform's process into its stdout log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone

from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.jobs.state import moment
from azext_pythonapp.operations.app.findings import what_to_correct
from azext_pythonapp.operations.app.server_log import ServerLog, Tail, last_error
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, warned
from azext_pythonapp.operations.doctor.sight import Sight, first_command
from azext_pythonapp.url_secrets import masked
from azext_pythonapp.webconfig import appsettings
from azext_pythonapp.webconfig.masking import looks_secret

# So many processes that ended one after the other with the same exception do not start at all.
PROCESSES = 2
_ENTRY = re.compile(r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?: ", re.MULTILINE)
# What wfastcgi writes when it has imported the entry point, or could not (docs/platform/site-extensions.md 3.6).
_STARTED = re.compile(r"wfastcgi\.py \S+ initialized\s*$")
_NOT_STARTED = ("Error occurred while reading WSGI handler", "Error occurred starting file watcher")
# The first frame of an exception that nothing caught; that of a request, which a server logs, is inside the server.
_OUTERMOST = re.compile(r"in <module>$|in _run_(?:module_as_main|code)$|^File .*, line \d+$")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")


@check("server-log", "The server's log has no error since the app was started")
def server_log(sight: Sight) -> Result:
    """Reads the end of the log that web.config names."""
    handler, content = sight.handler, sight.web_config
    if handler is None or content is None:
        return passed("web.config starts no Python.")
    log = sight.part("server log", lambda: ServerLog(sight.app, content)).get()
    if not log.exists:
        name = "WSGI_LOG" if handler.kind == "fastCgi" else "stdoutLogEnabled"
        return passed(f"web.config names no log below %HOME% ({name}), so nothing was read.")
    since = _since(sight)
    tails = log.tails(1 if handler.kind == "fastCgi" else PROCESSES, since)
    if not tails:
        return passed(f"Nothing was written to the log since {_time(since)}." if since else "The log is empty.")
    if handler.kind == "fastCgi":
        said, fatal = said_by_wfastcgi(tails[0].text, since if _is_utc(sight) else None)
    else:
        said, fatal = said_by_processes(tails)
    if said is None:
        return passed(f"{tails[0].path}, written at {_time(tails[0].written_at)}, has no error since then.")
    command = first_command(what_to_correct(sight.site, said, appsettings.entry_point(handler.environment)))
    after = f", after the app was started or changed last ({_time(since)})" if since else ""
    evidence = f"{tails[0].path}, written at {_time(tails[0].written_at)}{after}, says: {shown_error(said)}."
    fix = Fix(command) if command else None
    return failed(f"{evidence} So the app does not start.", fix) if fatal else warned(evidence, fix)


def said_by_wfastcgi(text: str, since: datetime | None) -> tuple[str | None, bool]:
    """Return the last error in a log of wfastcgi, and whether the app did not start again after it.

    since: what is older does not count; None where the times in the log cannot be compared with it.
    """
    starts = [found for found in _ENTRY.finditer(text) if _parsed(found["at"]) is not None]
    ends = [*(found.start() for found in starts[1:]), len(text)]
    entries = [(found["at"], text[found.end() : end].rstrip()) for found, end in zip(starts, ends)]
    first = since.replace(microsecond=0) if since is not None else None
    kept = [entry for at, entry in entries if first is None or (_parsed(at) or first) >= first]
    if not starts:
        return last_error(text), False
    said = next((error for entry in reversed(kept) if (error := last_error(entry)) is not None), None)
    outcome = next((e for e in reversed(kept) if _STARTED.search(e) or e.startswith(_NOT_STARTED)), "")
    fatal = outcome.startswith(_NOT_STARTED)
    return (last_error(outcome) or said) if fatal else said, fatal


def said_by_processes(tails: Sequence[Tail]) -> tuple[str | None, bool]:
    """Return the last error of the newest process, and whether that one and the one before it ended with it."""
    said = last_error(tails[0].text)
    ended = [_last_words(tail.text) for tail in tails]
    fatal = len(tails) >= PROCESSES and ended[0] is not None and len(set(ended)) == 1
    return said, fatal


def _last_words(text: str) -> str | None:
    """Return the line of the exception with which a process ended; None for one that ended otherwise, or runs."""
    line = next((line.rstrip() for line in reversed(text.splitlines()) if line.strip()), "")
    _, traceback, last = text.rpartition("Traceback (most recent call last):")
    first = next((frame for row in last.splitlines()[1:] if (frame := row.strip())), "")
    return line if traceback and _OUTERMOST.search(first) and _EXCEPTION.match(line) else None


def _since(sight: Sight) -> datetime | None:
    """Return when the app was started or changed last: what its log had said before is over. None for not known."""
    started = None if sight.site.stopped else sight.part("app start", sight.app.kudu.app_start_time).get()
    written = [
        moment(entry.modified)
        for entry in sight.entries(sight.root)
        if entry.name.lower() == "web.config" or entry.name.lower().endswith(".py")
    ]
    moments = [each.astimezone(timezone.utc) for each in (started, *written) if each is not None]
    return max(moments, default=None)


def _is_utc(sight: Sight) -> bool:
    """Whether the worker's clock, by which wfastcgi writes, is UTC: it is, unless a setting names another zone."""
    try:
        zone = (sight.settings or {}).get("WEBSITE_TIME_ZONE", "")
    except PythonAppError:
        return False
    return zone.strip().lower() in ("", "utc")


def _parsed(at: str) -> datetime | None:
    """Return the time of an entry; None for what only looks like one, such as a database's 0000-00-00."""
    try:
        return datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def shown_error(said: str) -> str:
    """Return an error as it may be shown: an exception may name an address, or what is in a setting."""
    shown = masked(said).rstrip(".")
    return "an error that may hold a secret, so read it there" if looks_secret("", shown) else shown
