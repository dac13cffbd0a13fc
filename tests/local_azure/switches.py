"""The traps of Azure that a test can set, one field each; the defaults are Azure's ordinary behaviour."""
from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Switches:
    """How one app misbehaves. Set the fields at any time; a field `…_times` counts down to 0 as it is used up.

    idle_timeout            seconds without output and CPU after which Kudu kills a command; the app setting
                            SCM_COMMAND_IDLE_TIMEOUT goes before it (facts/kudu.md 1.4)
    front_end_limit         seconds after which the front end gives up on an unanswered request; what was asked for
                            goes on (facts/kudu.md 1.4, 5; 230 on Azure)
    front_end_cut           what the client sees then: a status, or the connection closed (facts/kudu.md 1.4)
    command_race_exit_zero  a finished command reports exit code 0, whatever it was (facts/kudu.md 1.3)
    restart_recycles_scm    a restart of the app ends its SCM site too, and every running command (facts/kudu.md 5.3)
    bearer_refused          the SCM site answers 401 to every bearer token (facts/kudu.md 6)
    cold_scm_503_times      this many requests meet an SCM site that is still starting (facts/kudu.md 6)
    home_drive              the drive of %HOME% as processes and VFS `path` tell it (facts/kudu.md 7)
    wwwroot_read_only       site\\wwwroot cannot be written, as with run-from-package (facts/kudu.md 3.3, 7)
    home_full               the quota of %HOME% is used up: the SCM site can write nothing there (facts/kudu.md 3.3, 7)
    vfs_conflict_times      this many VFS writes meet a locked file: 409 (facts/kudu.md 3.3)
    archive_cut_times       this many uploads of an archive take longer than the front end waits: 502, and extracting goes on
                            (facts/kudu.md 1.4, 3.5)
    arm_install_wait        seconds that an install through ARM waits until it answers 201 (15 on Azure;
                            facts/kudu.md 4.3)
    install_seconds         how long an install takes before the package is laid down
    install_fails           the install fails with this comment, and its folder is deleted (facts/kudu.md 4.3)
    arm_failed_status       status of ARM's GET for a failed install: Kudu stores 400, others saw 200
                            (SiteExtensionManagerV2.cs; facts/az-extension.md 4.3)
    extension_version_ignored  an install takes the newest version, whatever version was asked (facts/kudu.md 4.3)
    arm_429_times           this many ARM requests are throttled: 429, Retry-After 1 (facts/kudu.md 6)
    arm_empty_times         this many GETs of an extension through ARM are 200 without a body (facts/az-extension.md 4.3)
    arm_busy_times          this many GETs of an extension through ARM meet a package file in use: 409
                            (facts/az-extension.md 4.5)
    arm_504_on_install      ARM answers 504 to an install, which goes on (facts/python-site-extensions.md 1.6)
    """

    idle_timeout: float = 60
    front_end_limit: float = 230
    front_end_cut: Literal[502, 504, "closed"] = 502
    command_race_exit_zero: bool = False
    restart_recycles_scm: bool = True
    bearer_refused: bool = False
    cold_scm_503_times: int = 0
    home_drive: Literal["C:", "D:"] = "D:"
    wwwroot_read_only: bool = False
    home_full: bool = False
    vfs_conflict_times: int = 0
    archive_cut_times: int = 0
    arm_install_wait: float = 0.3
    install_seconds: float = 0
    install_fails: str | None = None
    arm_failed_status: int = 400
    extension_version_ignored: bool = False
    arm_429_times: int = 0
    arm_empty_times: int = 0
    arm_busy_times: int = 0
    arm_504_on_install: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def use_up(self, name: str) -> bool:
        """Take one from the field `name` (a `…_times`); False when it was 0."""
        with self._lock:
            left: int = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
