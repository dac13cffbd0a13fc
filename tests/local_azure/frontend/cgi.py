"""The CGI side of FastCGI: the variables that IIS sends and the answer that comes back."""

from __future__ import annotations

import re

from starlette.responses import Response

from .site_request import SiteRequest
from .web_root import WebRoot


class IncompleteAnswer(Exception):
    """An answer without the empty line that ends its headers."""


# uvicorn writes the first two itself; the others belong to one connection (RFC 9110, 7.6.1).
_NOT_PASSED_ON = frozenset(
    {
        "date",
        "server",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def parameters(request: SiteRequest, root: WebRoot) -> dict[str, str]:
    """IIS's variables for one request.

    PATH_INFO holds the whole path and so does SCRIPT_NAME, as IIS does unless AllowPathInfoForScriptMappings is set
    (wfastcgi 3.0.0 counts on it); APPL_PHYSICAL_PATH is the root, with its trailing backslash
    (docs/platform/worker.md 7).
    """
    variables = {
        "APPL_PHYSICAL_PATH": root.windows + "\\",
        "DOCUMENT_ROOT": root.windows,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "HTTPS": "on",
        "PATH_INFO": request.path,
        "PATH_TRANSLATED": root.windows_path(request.segments),
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": request.client,
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": request.target + ("?" + request.query if request.query else ""),
        "SCRIPT_FILENAME": root.windows_path(request.segments),
        "SCRIPT_NAME": request.path,
        "SERVER_NAME": request.host.split(":")[0],
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "Microsoft-IIS/10.0",
        "URL": request.path,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    for name, value in request.headers:
        variable = name.upper().replace("-", "_")
        if variable == "CONTENT_TYPE":
            variables[variable] = value
        elif variable not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            key = f"HTTP_{variable}"
            joint = "; " if variable == "COOKIE" else ", "
            variables[key] = variables[key] + joint + value if key in variables else value
    return variables


def response(stdout: bytes, method: str) -> Response:
    """Turns what a CGI program wrote into an HTTP response; raises IncompleteAnswer when its headers never end."""
    match = re.match(rb"(.*?)\r?\n\r?\n(.*)", stdout, re.DOTALL)
    if match is None:
        raise IncompleteAnswer("the headers never end")
    status = 200
    headers: list[tuple[str, str]] = []
    for line in match[1].decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name.strip(), value.strip()))
    if status == 200 and any(name.lower() == "location" for name, _ in headers):
        status = 302
    return passed_on(status, headers, match[2], method)


def passed_on(status: int, headers: list[tuple[str, str]], body: bytes, method: str) -> Response:
    """An app's response as the front end hands it out: all headers but those of the connection, repeated ones kept."""
    answer = Response(body, status_code=status)
    keep_length = method == "HEAD" or status in (204, 304)
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in _NOT_PASSED_ON and (keep_length or name.lower() != "content-length")
    ]
    if not keep_length:
        kept.append(("content-length", str(len(body))))
    answer.raw_headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in kept]
    return answer
