"""The error pages of IIS and of the App Service front end, with their real texts."""

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
        f"<p>Error Code: {error_code}</p>\n</body></html>\n",
        status_code=int(code.split(".")[0]),
    )


def site_stopped() -> Response:
    """What the App Service front end answers for a site that is stopped, or whose plan is over its quota
    (docs/platform/recordings/frontend/403_stopped.html; Azure's reason phrase is "Site Disabled")."""
    return HTMLResponse(
        "<!DOCTYPE html>\n<html>\n<head>\n    <title>Web App - Unavailable</title>\n</head>\n<body>\n"
        "<h1>Error 403 - This web app is stopped.</h1>\n<p>The web app you have attempted to reach is currently "
        "stopped and does not accept any requests. Please try to reload the page or visit it again soon.</p>\n"
        "</body>\n</html>\n",
        status_code=403,
    )


def ip_forbidden(address: str) -> Response:
    """Return its response to a client that access restrictions deny
    (docs/platform/recordings/frontend/403_ip_forbidden.json)."""
    return HTMLResponse(
        "<!DOCTYPE html>\n<html>\n<head>\n    <title>Web App - Forbidden</title>\n</head>\n<body>\n"
        "<h1>Error 403 - Forbidden</h1>\n<p>The web app you have attempted to reach has blocked your access.</p>\n"
        "</body>\n</html>\n",
        status_code=403,
        headers={"x-ms-forbidden-ip": address},
    )


def restarting(kind: str) -> Response:
    """Return the error page of a starting worker process: "503" of HTTP.sys
    (docs/platform/recordings/frontend/503_httpsys.html), or IIS's "500.0" or "502.5"."""
    if kind == "500.0":
        return not_registered()
    if kind == "502.5":
        return error("502.5", "Bad Gateway", "HttpPlatformHandler could not start a process", "0x80070102")
    return HTMLResponse(
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
        "<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n"
        '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n'
        "<BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n"
        "</BODY></HTML>\r\n",
        status_code=503,
    )


def not_registered() -> Response:
    """A scriptProcessor without an entry in applicationHost.config (docs/platform/site-extensions.md 2.1)."""
    return error(
        "500.0",
        "Internal Server Error",
        "<handler> scriptProcessor could not be found in <fastCGI> application configuration",
        "0x80070585",
    )


def not_found() -> Response:
    """IIS's 404.0."""
    return error(
        "404.0",
        "Not Found",
        "The resource you are looking for has been removed, had its name changed, or is temporarily unavailable.",
        "0x80070002",
    )
