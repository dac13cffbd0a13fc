"""Faults that a test can switch on, one field each; the defaults are Azure's normal behaviour."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Switches:
    """The faults of one app. Set the fields at any time; a field `…_times` counts down to 0 as it is used.

    idle_timeout            seconds without output and CPU after which Kudu kills a command; the app setting
                            SCM_COMMAND_IDLE_TIMEOUT goes before it (docs/platform/kudu.md 1.4)
    front_end_limit         seconds after which the front end times out an unanswered request; the work it started
                            continues (docs/platform/kudu.md 1.4, 5; 230 on Azure)
    front_end_cut           what the client then gets: a status, or a closed connection
                            (docs/platform/recorded-traffic.md 1.1)
    trouble_at              the `cold_…` and `scm_…` faults affect only requests whose path contains this
    trouble_methods         … and whose method is one of these
    scm_hangs               the SCM site takes requests and answers none, so that the front end times them out
    scm_lost_times          this many PUTs, POSTs and DELETEs are carried out but time out in the front end, as
                            `front_end_cut` says
                            (docs/platform/recorded-traffic.md 1.1)
    scm_cut_body_times      this many responses to a GET end in the middle of the body
                            (docs/platform/recorded-traffic.md 2.2)
    scm_404_times, scm_empty_404_times  this many requests get a 404 from a front end that does not know the SCM site: its page,
                            or an empty body
    scm_429_times           this many requests are throttled
    scm_401_times, scm_403_times  this many requests are denied: conditional access, a recycling site
    scm_retry_after         seconds in the Retry-After header of a 503 or 429
    command_short_times     this many commands end before the program that they name starts, because the worker is short of
                            memory: cmd.exe says so (docs/platform/worker.md 0.9)
    command_short_at        … and only those that contain this
    command_race_exit_zero  a finished command reports exit code 0, whatever the real one was (docs/platform/kudu.md 1.3)
    restart_recycles_scm    a restart of the app also ends its SCM site and every running command
                            (docs/platform/kudu.md 5.3)
    restart_seconds         seconds for which the old process still answers after ARM's response, unless the restart is
                            synchronous (docs/platform/recorded-traffic.md 3.4)
    restart_overlap         the same after a synchronous restart (overlapped recycle;
                            docs/platform/recorded-traffic.md 3.4)
    restart_pages           error pages of the first requests after each restart, one each: "500.0", "502.5" or "503"
    restart_cut             ARM answers 504 to a synchronous restart, which continues
    stale_instances         number of instances, counted from the last, that a restart does not reach
    stop_seconds            seconds for which the app's processes live after ARM's response to a stop (up to 90 s in IIS)
    ip_forbidden            the front end denies this client every page
                            (docs/platform/recordings/frontend/403_ip_forbidden.json)
    bearer_refused          the SCM site answers 401 to every bearer token (docs/platform/kudu.md 6)
    cold_scm_500_times      this many requests get a 500 (text/html): ASP.NET of the SCM site is not ready …
    cold_scm_503_times      … and then this many a 503 of HTTP.sys: the SCM site has no process yet
                            (docs/platform/recordings/kudu/scm_recycling_sequence.json)
    home_drive              the drive of %HOME% in processes and in VFS `path` (docs/platform/kudu.md 7)
    wwwroot_read_only       site\\wwwroot cannot be written, as with run-from-package (docs/platform/kudu.md 3.3, 7)
    home_full               the quota of %HOME% is used up: the SCM site cannot write there
                            (docs/platform/kudu.md 3.3, 7)
    vfs_conflict_times      this many VFS writes get a 409: the file is locked (docs/platform/kudu.md 3.3)
    archive_cut_times       this many uploads of an archive, of `archive_cut_bytes` at least, time out in the front end,
                            as `front_end_cut` says, while extraction continues (docs/platform/kudu.md 1.4, 3.5)
    extract_seconds         seconds between the creation of an upload's folder and its first file
    arm_install_wait        seconds after which an install through ARM answers 201 (15 on Azure;
                            docs/platform/kudu.md 4.3)
    deploy_seconds          seconds that a deployment takes before it changes the first file
    held_file               a file below site\\wwwroot, "folder\\name.pyd", that a process of the app holds so that nobody
                            can write, replace or delete it (docs/platform/kudu.md 3.3 to 3.5 and 9.2)
    install_seconds         seconds that an install takes before it writes the package
    install_fails           an install fails with this comment, and its folder is deleted (docs/platform/kudu.md 4.3)
    arm_failed_status       status of ARM's GET for a failed install: Kudu stores 400, others saw 200
                            (SiteExtensionManagerV2.cs; docs/platform/az-extension.md 4.3)
    extension_version_ignored  an install takes the newest version, whatever version was requested
                            (docs/platform/kudu.md 4.3)
    arm_429_times           this many ARM requests are throttled: 429, Retry-After 1
                            (docs/platform/recorded-traffic.md 3.2)
    arm_empty_times         this many GETs of an extension through ARM get a 200 without a body
                            (docs/platform/az-extension.md 4.3)
    arm_busy_times          this many GETs of an extension through ARM get a 409: a package file is in use
                            (docs/platform/az-extension.md 4.5)
    arm_locked_times        this many changes through ARM get App Service's own 429: another request locks the site
                            (docs/platform/recordings/arm/error_429_exclusive_lock.json)
    arm_taken_status        ARM's response to an install that is already running: Kudu's 409, or 429
                            (docs/platform/recorded-traffic.md 4.2)
    arm_lost_times          this many changes through ARM are carried out and answered with 504
                            (docs/platform/recordings/arm/error_504_put.json); az then repeats PUT and DELETE
    arm_500_times           this many GETs of an extension through ARM get a 500 of Kudu, with the reason in
                            ExceptionMessage (docs/platform/recordings/kudu/locked_package_exception.json)
    arm_unlisted            lists of sites leave this one out, and say nothing of it, as when the app's region does not answer;
                            a GET of it answers (docs/platform/resource-manager.md 1.3)
    arm_forbidden           the client may not read this site: 403, and lists leave it out
                            (docs/platform/resource-manager.md 1.3, 1.4)
    arm_504_on_install      ARM answers 504 to an install, which continues (docs/platform/site-extensions.md 1.6)
    """

    idle_timeout: float = 60
    front_end_limit: float = 230
    front_end_cut: Literal[500, 502, 504, "closed"] = 500
    trouble_at: str = ""
    trouble_methods: tuple[str, ...] = ("GET", "HEAD", "PUT", "POST", "DELETE")
    scm_hangs: bool = False
    scm_lost_times: int = 0
    scm_cut_body_times: int = 0
    scm_404_times: int = 0
    scm_empty_404_times: int = 0
    scm_429_times: int = 0
    scm_401_times: int = 0
    scm_403_times: int = 0
    scm_retry_after: int | None = None
    command_short_times: int = 0
    command_short_at: str = ""
    command_race_exit_zero: bool = False
    restart_recycles_scm: bool = True
    restart_seconds: float = 1.0
    restart_overlap: float = 0
    stop_seconds: float = 2.0
    restart_pages: Sequence[str] = ()
    restart_cut: bool = False
    stale_instances: int = 0
    ip_forbidden: bool = False
    bearer_refused: bool = False
    cold_scm_500_times: int = 0
    cold_scm_503_times: int = 0
    home_drive: Literal["C:", "D:"] = "D:"
    wwwroot_read_only: bool = False
    home_full: bool = False
    vfs_conflict_times: int = 0
    archive_cut_times: int = 0
    archive_cut_bytes: int = 0
    extract_seconds: float = 0
    arm_install_wait: float = 0.3
    deploy_seconds: float = 0
    held_file: str | None = None
    install_seconds: float = 0
    install_fails: str | None = None
    arm_failed_status: int = 400
    extension_version_ignored: bool = False
    arm_429_times: int = 0
    arm_empty_times: int = 0
    arm_busy_times: int = 0
    arm_locked_times: int = 0
    arm_taken_status: Literal[409, 429] = 409
    arm_lost_times: int = 0
    arm_500_times: int = 0
    arm_unlisted: bool = False
    arm_forbidden: bool = False
    arm_504_on_install: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def use_up(self, name: str) -> bool:
        """Count the field `name` (a `…_times`) down by one; return False when it was 0."""
        with self._lock:
            left: int = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
