"""Proof that the app answers after a switch; when it does not, its own log tells why."""
from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import RemoteFailed
from azext_pythonapp.appservice.page import wait_for_page
from azext_pythonapp.operations.handler_choice import WSGI_LOG
from azext_pythonapp.operations.server_log import ServerLog
from azext_pythonapp.webconfig.handlers import Kind

_NOT_MEANT = "If that page is not meant to answer, name another with --health-path, or use --no-health-check."


def prove_page(app: App, path: str, version: str, kind: Kind, log: ServerLog) -> int:
    """Fetch a page and return its status.

    path: of the page, from "/". version: of the Python that should serve it, and kind: of its handler, for the error.
    log: of the app's server, from before the switch on. Raises RemoteFailed when the app does not answer well.
    """
    url = f"{app.page_address}{path}"
    page = wait_for_page(app.web, url)
    if page.healthy and page.status is not None:
        return page.status
    answered = f"answered {page.status}" if page.status is not None else "did not answer"
    reason = " ".join(filter(None, (f"{page.reason or 'no reason was given'}.", log.explanation())))
    raise RemoteFailed(f"The {app.site.label} {answered} at {url} with Python {version}: {reason}",
                       _NOT_MEANT if log.exists else f"{_how_to_log(app, kind)} {_NOT_MEANT}")


def _how_to_log(app: App, kind: Kind) -> str:
    option = f"--env WSGI_LOG={WSGI_LOG}" if kind == "fastCgi" else r'--stdout-log "%HOME%\LogFiles\python"'
    return (f"web.config names no log that would tell more: `az webapp python web-config set {app.site.arguments} "
            f"{option}`.")
