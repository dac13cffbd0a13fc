"""The last phase of a job, behind its end: the modules of its packages are compiled (runner/late_compile.py).

A restart of the app ends all that the SCM site runs (docs/platform/kudu.md 5.3). So the client that restarts the app
after a job starts this phase; where no restart is to come, the job's runner goes on with it by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from azext_pythonapp.errors import NotFound
from azext_pythonapp.ids import ID
from azext_pythonapp.jobs.request import RUNNER_START, folder
from azext_pythonapp.jobs.state import COMPILING, SUCCEEDED
from azext_pythonapp.jobs.store import look, request_cancel, request_of
from azext_pythonapp.runtimes.environment import LOCK
from azext_pythonapp.windows import quote_command
from azext_pythonapp.worker import ScmSite

MARKS = "data/pythonapp/compiling"
# Until it is seen to have begun: a client that goes away sooner may take the command with it.
BEGIN_SECONDS, BEGIN_POLL_SECONDS = 5.0, 0.3
# Until it has ended: it looks before each module whether it is canceled, but others go before it.
END_SECONDS, END_POLL_SECONDS = 60.0, 0.5
# A heartbeat that has not moved for so long is that of a process that was killed.
STILL_SECONDS = 10.0


def start_compiling(kudu: ScmSite, job_id: str, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Have the packages of a job compiled, where that is left to do. Returns whether it was seen to have begun.

    Raises the site's own errors.
    """
    try:
        before, _ = look(kudu, job_id, sleep)
    except NotFound:
        return False
    python = request_of(kudu, job_id).python if before.state == SUCCEEDED and before.compiled is False else None
    if python is None:
        return False
    words = (python, "-u", "-B", "-E", "-s", RUNNER_START, "compile")
    kudu.start(quote_command(*words), folder(job_id).replace("/", "\\"))
    for _ in range(int(BEGIN_SECONDS / BEGIN_POLL_SECONDS)):
        sleep(BEGIN_POLL_SECONDS)
        now, _ = look(kudu, job_id, sleep)
        moved = before.phase != COMPILING or now.heartbeat_at != before.heartbeat_at
        if (now.phase == COMPILING and moved) or now.compiled is not False:
            return True
    return False


def end_compiling(kudu: ScmSite, runtime: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Have the compilation of packages by a runtime's Python end, if there is one: its process holds files of it.

    runtime: the name of its folder. The packages of an environment are compiled by the Python that it stands on, which
    may be this one. Two requests where nothing is compiled. Raises the site's own errors.
    """
    for mark in (runtime, LOCK):
        try:
            owner = kudu.read(f"{MARKS}/{mark}").content.decode("ascii", "replace").strip()
        except NotFound:
            continue
        if ID.fullmatch(owner):
            _cancel(kudu, owner, sleep)
        kudu.delete(f"{MARKS}/{mark}")


def _cancel(kudu: ScmSite, job_id: str, sleep: Callable[[float], None]) -> None:
    seen, still, asked = None, 0.0, False
    for _ in range(int(END_SECONDS / END_POLL_SECONDS)):
        try:
            job, _ = look(kudu, job_id, sleep)
        except NotFound:
            return
        still = 0.0 if job.heartbeat_at != seen else still + END_POLL_SECONDS
        seen = job.heartbeat_at
        if not job.over or job.phase != COMPILING or still >= STILL_SECONDS:
            return
        if not asked:
            request_cancel(kudu, job_id)
        asked = True
        sleep(END_POLL_SECONDS)
