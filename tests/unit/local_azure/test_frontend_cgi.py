"""The CGI variables that IIS sends, and the answers that FastCGI programs give."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend import cgi
from tests.local_azure.frontend.site_request import SiteRequest
from tests.local_azure.frontend.web_root import WebRoot

from .frontend_worker import FakeWorker


def test_variables(tmp_path: Path) -> None:
    request = SiteRequest(
        "POST",
        "app.azurewebsites.net",
        "/a%20b/%C3%BC",
        "x=%31&y",
        (
            ("host", "app.azurewebsites.net"),
            ("content-type", "text/plain"),
            ("content-length", "99"),
            ("x-thing", "1"),
            ("x-thing", "2"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
        ),
        b"body",
    )
    variables = cgi.parameters(request, WebRoot(FakeWorker(tmp_path)))
    expected = {
        "APPL_PHYSICAL_PATH": "D:\\home\\site\\wwwroot\\",
        "PATH_INFO": "/a b/ü",
        "SCRIPT_NAME": "/a b/ü",
        "PATH_TRANSLATED": "D:\\home\\site\\wwwroot\\a b\\ü",
        "QUERY_STRING": "x=%31&y",
        "REQUEST_URI": "/a%20b/%C3%BC?x=%31&y",
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTPS": "on",
        "SERVER_NAME": "app.azurewebsites.net",
        "SERVER_PORT": "443",
        "HTTP_HOST": "app.azurewebsites.net",
        "HTTP_X_THING": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & set(variables)


def headers(stdout: bytes, method: str = "GET") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    response = cgi.response(stdout, method)
    return response.status_code, response.raw_headers, bytes(response.body)


def test_status_headers_and_body() -> None:
    status, kept, body = headers(
        b"Status: 404 Not Found\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nno\r\n\r\n"
    )
    assert (status, body) == (404, b"no\r\n\r\n")
    assert kept == [
        (b"content-type", b"text/plain"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-length", b"6"),
    ]


def test_without_a_status_it_is_200_and_bare_newlines_do() -> None:
    assert headers(b"Content-Type: a\n\nbody") == (200, [(b"content-type", b"a"), (b"content-length", b"4")], b"body")


def test_a_location_alone_is_a_redirect() -> None:
    assert headers(b"Location: /x\r\n\r\n")[0] == 302


def test_headers_of_the_connection_stay_behind() -> None:
    _, kept, _ = headers(
        b"Connection: close\r\nServer: x\r\nContent-Length: 77\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\nbody"
    )
    assert kept == [(b"x", b"y"), (b"content-length", b"4")]


def test_the_length_that_an_app_gives_for_head_is_kept() -> None:
    assert headers(b"Content-Length: 77\r\n\r\n", "HEAD")[1] == [(b"content-length", b"77")]


@pytest.mark.parametrize("stdout", [b"", b"Status: 500 Internal Server Error\r\n"])
def test_headers_that_never_end(stdout: bytes) -> None:
    with pytest.raises(cgi.IncompleteAnswer):
        cgi.response(stdout, "GET")
