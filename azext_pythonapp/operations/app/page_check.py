"""`show --check`: fetch the app's page once, and say why it does not answer, as far as that can be known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.page import Page, fetch_page
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.health_check import _how_to_log
from azext_pythonapp.operations.app.observe import is_there
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.url_secrets import masked
from azext_pythonapp.webconfig.handlers import Kind


@dataclass(frozen=True)
class PageCheck:
    """url: what was fetched, its query masked. status: of the answer; None when the app was not reached.
    findings: what is wrong.
    """

    url: str
    status: int | None
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the `page` of docs/json-output.md."""
        return {"url": self.url, "httpStatus": self.status}


@dataclass(frozen=True)
class Start:
    """What web.config starts.

    kind: of its handler; entry_point: in force; None for what is not known. impossible: whether it certainly cannot
    start, so that what a log had before is not the reason. script: the wfastcgi.py of web.config, as the worker sees
    it; own_script: whether it is the one beside the Python. version: of the Python, to switch to it again.
    """

    kind: Kind | None
    entry_point: str | None
    impossible: bool = False
    script: str | None = None
    version: str | None = None
    own_script: bool = False


def check_page(app: App, content: bytes | None, start: Start) -> PageCheck:
    """Fetch the page of App Service's own health check (`healthCheckPath`), or the root.

    content: web.config; None where there is none, or it cannot be read.
    """
    address = f"{app.page_address}{_path(app)}"
    found = _checked(app, address, content, start)
    # The address may have a key in its query, and an exception may name an address; here both go into the answer.
    told = [replace(finding, message=masked(finding.message)) for finding in found.findings]
    return PageCheck(masked(address), found.status, tuple(told))


def _checked(app: App, url: str, content: bytes | None, start: Start) -> PageCheck:
    if app.site.stopped:
        return PageCheck(
            url, None, (findings.not_verified(app.site, url, "the app is stopped, so it was not fetched"),)
        )
    log = ServerLog(app, content) if content is not None else None
    with app.progress.phase(f"Fetching {url}."):
        page = fetch_page(app.web, url)
    if page.not_reached:
        return PageCheck(url, None, (findings.not_verified(app.site, url, page.not_reached),))
    if page.is_success:
        return PageCheck(url, page.status, ())
    return PageCheck(url, page.status, (_bad(app, url, page, log, start),))


def _bad(app: App, url: str, page: Page, log: ServerLog | None, start: Start) -> Finding:
    if page.elsewhere is not None:
        return findings.page_redirects(app.site, url, page.status, page.elsewhere)
    said = page.reason.rstrip(".")
    if start.impossible:
        return findings.page_bad(app.site, url, page.status, f"{said}." if said else "", "")
    if start.script is not None and _certainly_gone(app, start.script):
        own = start.own_script and start.version is not None
        return findings.script_gone(app.site, url, page.status, start.script, start.version or "3", own)
    logged = ((log.explanation() or log.earlier()) if log else None) or ""
    parts = [logged] if said and said in logged else [said, logged]
    reason = " ".join(f"{part.rstrip('.')}." for part in parts if part)
    advice = findings.what_to_correct(app.site, f"{page.text}\n{reason}", start.entry_point)
    if not advice and log is not None and start.kind is not None:
        advice = (log.where(not logged) if log.exists else _how_to_log(app, start.kind)) or ""
    return findings.page_bad(app.site, url, page.status, reason, advice)


def _certainly_gone(app: App, path: str) -> bool:
    try:
        return is_there(app, path) is False
    except PythonAppError:
        return False  # not known, which is no reason


def _path(app: App) -> str:
    try:
        return app.arm.configuration(app.site).health_check_path or "/"
    except PythonAppError:
        return "/"  # the caller's role may not read it
