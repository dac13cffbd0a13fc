"""What the SCM site keeps of a deployment: its state, its log, and the manifest of its files
(docs/platform/kudu.md 9.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone

PENDING, BUILDING, DEPLOYING, FAILED, SUCCESS = range(5)
UNDER_WAY = (PENDING, BUILDING, DEPLOYING)
_MESSAGE, _ERROR = 0, 2


def now() -> str:
    """This moment, as Newtonsoft writes a DateTime: seven digits after the second."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}0Z"


@dataclass
class Deployment:
    """One deployment. status: a number of Kudu's DeployStatus."""

    deployer: str
    message: str
    author: str = "N/A"
    author_email: str = "N/A"
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    status: int = PENDING
    text: str = ""
    received: str = field(default_factory=now)
    ended: str | None = None
    log: list[dict[str, object]] = field(default_factory=list)

    def say(self, message: str, kind: int = _MESSAGE) -> None:
        """Add a line to the log."""
        entry = {"log_time": now(), "id": secrets.token_hex(8), "message": message, "type": kind, "details_url": None}
        self.log.append(entry)

    def succeed(self) -> None:
        """Note the good end."""
        self.say(f"Deployment successful. deployer = {self.deployer} deploymentPath = {self.deployer}")
        self.status, self.text, self.ended = SUCCESS, "", now()

    def fail(self, reason: str) -> None:
        """Note the bad end."""
        self.say(reason, _ERROR)
        self.say("Deployment Failed.", _ERROR)
        self.status, self.text, self.ended = FAILED, reason, now()

    def shown(self, base: str, active: bool, site: str) -> dict[str, object]:
        """The deployment as Kudu shows it (docs/platform/recordings/kudu/deployments.json).

        base: the URL of /api/deployments. active: whether it is what runs now.
        """
        return {
            "id": self.id,
            "status": self.status,
            "status_text": self.text,
            "author_email": self.author_email,
            "author": self.author,
            "deployer": self.deployer,
            "message": self.message,
            "progress": "" if self.ended else "Running deployment command...",
            "received_time": self.received,
            "start_time": self.received,
            "end_time": self.ended,
            "last_success_end_time": self.ended if self.status == SUCCESS else None,
            "complete": self.ended is not None,
            "active": active,
            "is_temp": False,
            "is_readonly": True,
            "url": f"{base}/{self.id}",
            "log_url": f"{base}/{self.id}/log",
            "site_name": site,
        }
