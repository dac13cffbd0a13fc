"""IIS's static file module: a file as it is, a default document for a folder, no listing."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import RedirectResponse, Response

from . import pages
from .site_request import SiteRequest

# App Service's list, without the names that another module would have to run.
_DEFAULT_DOCUMENTS = ("default.htm", "default.html", "index.htm", "index.html", "iisstart.htm", "hostingstart.html")
# Segments that IIS's request filtering hides: a web.config is never served, whichever handler there is.
_HIDDEN = frozenset(
    {
        "web.config",
        "bin",
        "app_code",
        "app_globalresources",
        "app_localresources",
        "app_webreferences",
        "app_data",
        "app_browsers",
    }
)
# IIS serves only types that it knows: an app.py without a handler is a 404.3, never its source.
_TYPES = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "application/javascript",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff": "font/x-woff",
    ".woff2": "application/font-woff2",
    ".xml": "text/xml",
}


def is_hidden(segments: tuple[str, ...]) -> bool:
    """Whether request filtering answers 404.8 for a URL with these decoded names."""
    return any(name.lower() in _HIDDEN for name in segments)


def respond(request: SiteRequest, resource: Path) -> Response:
    """Answers with the file `resource`, or for a folder with its default document."""
    if request.method not in ("GET", "HEAD"):
        return pages.error(
            "405.0",
            "Method Not Allowed",
            "The page you are looking for cannot be displayed because an invalid method (HTTP verb) is being used.",
            "0x80070001",
        )
    if resource.is_dir():
        if not request.path.endswith("/"):
            return RedirectResponse(request.target + "/", status_code=301)
        default = _default_document(resource)
        if default is None:
            return pages.error(
                "403.14",
                "Forbidden",
                "The Web server is configured to not list the "
                "contents of this directory. You do not have permission to view this directory or page.",
            )
        resource = default
    if not resource.is_file():
        return pages.not_found()
    media_type = _TYPES.get(resource.suffix.lower())
    if media_type is None:
        return pages.error(
            "404.3",
            "Not Found",
            "The page you are requesting cannot be served because of the "
            "extension configuration. If the page is a script, add a handler.",
            "0x80070032",
        )
    return Response(b"" if request.method == "HEAD" else resource.read_bytes(), headers={"content-type": media_type})


def _default_document(folder: Path) -> Path | None:
    files = {file.name.lower(): file for file in folder.iterdir() if file.is_file()}
    return next((files[name] for name in _DEFAULT_DOCUMENTS if name in files), None)
