"""The error pages of IIS and of the App Service front end, with the texts that people search for."""
from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, Response


def error(code: str, reason: str, detail: str, error_code: str = "0x00000000") -> Response:
    """IIS's detailed error page.

    `code` is the status with its sub-status ("500.19"), `reason` its name ("Internal Server Error"), `detail` the text
    (escaped here, line breaks kept) and `error_code` the HRESULT that IIS prints.
    """
    title = f"HTTP Error {code} - {reason}"
    return HTMLResponse(
        f"<!DOCTYPE html>\n<html><head><title>IIS 10.0 Detailed Error - {code} - {reason}</title></head><body>\n"
        f"<h2>{escape(title)}</h2>\n<pre>{escape(detail, quote=False)}</pre>\n"
        f"<p>Error Code: {error_code}</p>\n</body></html>\n", status_code=int(code.split(".")[0]))


def site_stopped() -> Response:
    """What the App Service front end answers for a stopped site."""
    return HTMLResponse(
        "<!DOCTYPE html>\n<html><head><title>Web App - Unavailable</title></head><body>\n"
        "<h1>Error 403 - This web app is stopped.</h1>\n<p>The web app you have attempted to reach is currently "
        "stopped and does not accept any requests.</p>\n</body></html>\n", status_code=403)


def not_registered() -> Response:
    """A scriptProcessor without an entry in applicationHost.config (facts/python-site-extensions.md 2.1)."""
    return error("500.0", "Internal Server Error",
                 "<handler> scriptProcessor could not be found in <fastCGI> application configuration", "0x80070585")


def not_found() -> Response:
    """IIS's 404.0."""
    return error("404.0", "Not Found", "The resource you are looking for has been removed, had its name changed, or is "
                 "temporarily unavailable.", "0x80070002")
