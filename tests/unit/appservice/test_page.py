"""An app's page: who answered, what it says, and that no answer takes long to get or to read. Real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest
import requests
import trustme

from azext_pythonapp.appservice.page import MAX_BODY_BYTES, Page, error_line, fetch_page, page_text
from tests.unit.page_server import plain, serving

STOPPED = (
    "<!DOCTYPE html><html><head><title>Web App - Unavailable</title></head><body><h1>Error 403 - This web app is "
    "stopped.</h1><p>The web app you have attempted to reach is currently stopped and does not accept any "
    "requests.</p></body></html>"
)
FORBIDDEN = "<h1>Error 403 - Forbidden</h1><p>The web app you have attempted to reach has blocked your access.</p>"
IIS_500 = (
    "<title>IIS 10.0 Detailed Error - 500.0 - Internal Server Error</title><h2>HTTP Error 500.0 - Internal Server "
    "Error</h2>"
)
GENERIC_500 = "The page cannot be displayed because an internal server error has occurred."
TRACEBACK = (
    "<pre>Error occurred while reading WSGI handler:\n\nTraceback (most recent call last):\n  File "
    "\"D:\\home\\python3119x64\\wfastcgi.py\", line 791, in main\nImportError: no module named 'x'</pre>"
)


@pytest.fixture
def session():
    """A session that asks the server itself, whatever proxies this machine uses."""
    made = requests.Session()
    made.trust_env = False
    return made


def got(session, answer, path="/", **options):
    with serving(lambda path, headers, write: write(answer)) as server:
        return fetch_page(session, server.url + path, **options)


@pytest.mark.parametrize("status", [200, 204, 301, 304, 302])
def test_2xx_and_3xx_are_fine(session, status):
    page = got(session, plain(status, phrase="Fine"))
    assert page.is_success and page.status == status and not page.is_transient and page.not_reached is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 429, 500])
def test_errors_of_the_app_are_its_own_answer(session, status):
    page = got(session, plain(status, "<h1>Nothing for you</h1>"))
    assert (page.is_success, page.status, page.is_transient, page.not_reached) == (False, status, False, None)
    assert page.reason == "Nothing for you"


@pytest.mark.parametrize(
    "answer",
    [
        plain(403, STOPPED),
        plain(403, STOPPED, "Site Disabled"),
        plain(403, "", "Site Disabled"),
        plain(403, FORBIDDEN, x_ms_forbidden_ip="203.0.113.7"),
        plain(403, FORBIDDEN),
        plain(403, "", "Ip Forbidden"),
        plain(404, "<html><head><title>404 Web Site not found.</title></head></html>"),
        plain(
            404,
            "<h1>Error 404 - Web app not found.</h1><p>The web app you have attempted to reach is not available.</p>",
        ),
    ],
)
def test_a_page_of_the_front_end_tells_nothing_about_the_app(session, answer):
    page = got(session, answer)
    assert page.status is None and page.not_reached and not page.is_success and not page.is_transient


def test_why_the_front_end_refused_is_told(session):
    assert "203.0.113.7" in got(session, plain(403, FORBIDDEN, x_ms_forbidden_ip="203.0.113.7")).not_reached
    assert got(session, plain(403, STOPPED)).not_reached.endswith("app: Error 403 - This web app is stopped")
    assert got(session, plain(403, "", "Site Disabled")).not_reached.endswith("app: Site Disabled")


@pytest.mark.parametrize(
    "status, body, passing",
    [
        (502, "", True),
        (503, "<TITLE>Service Unavailable</TITLE>", True),
        (504, "", True),
        (500, IIS_500, True),
        (500, GENERIC_500, True),
        (500, "<title>500 - The request timed out.</title>", True),
        (500, IIS_500 + TRACEBACK, False),
        (500, TRACEBACK, False),
        (500, "<h1>Server Error (500)</h1>", False),
        (500, "", False),
        (500, IIS_500.replace("500.0", "500.19"), False),
        (404, IIS_500, False),
    ],
)
def test_what_a_restart_may_answer(session, status, body, passing):
    assert got(session, plain(status, body)).is_transient is passing


def test_a_connection_that_ends_unanswered_passes(session):
    page = got(session, b"")
    assert page.status is None and page.is_transient and page.not_reached is None
    with serving(lambda path, headers, write: None) as server:
        assert fetch_page(session, server.url).is_transient


def test_redirects_on_the_same_host_are_followed(session):
    answers = {
        "/": plain(302, Location="/login"),
        "/login": plain(301, Location="signin?next=/"),
        "/signin?next=/": plain(500, "<h1>Broken</h1>"),
    }
    with serving(lambda path, headers, write: write(answers[path])) as server:
        page = fetch_page(session, server.url + "/")
        assert page.status == 500 and [path for path, _ in server.asked] == ["/", "/login", "/signin?next=/"]


def test_a_redirect_that_is_not_escaped_is_utf_8(session):
    def answer(path, headers, write):
        write(
            plain(302, Location="/\u00fcber uns/")
            if path == "/"
            else plain(200 if path == "/%C3%BCber%20uns/" else 404)
        )

    with serving(answer) as server:
        assert fetch_page(session, server.url + "/").status == 200


@pytest.mark.parametrize(
    "location", ["https://login.microsoftonline.com/x", "//elsewhere.example/", "http://elsewhere.example"]
)
def test_redirects_to_another_host_are_not_followed(session, location):
    page = got(session, plain(302, Location=location))
    assert (
        page.status == 302
        and not page.is_success
        and page.elsewhere in ("login.microsoftonline.com", "elsewhere.example")
    )


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1/", "http://127.0.0.1:1/", "http://[::1/", "http://127.0.0.1:x/"]
)
def test_redirects_to_elsewhere_are_accepted(session, location):
    page = got(session, plain(302, Location=location))
    assert page.status == 302 and page.is_success


def test_the_body_of_a_redirect_is_not_waited_for(session):
    def endless(path, headers, write):
        write(b"HTTP/1.1 302 X\r\nLocation: https://elsewhere.example/\r\n\r\n")
        server.over.wait()

    with serving(endless) as server:
        assert fetch_page(session, server.url, 3600).status == 302


def test_a_loop_of_redirects_ends(session):
    page = got(session, plain(302, Location="/"))
    assert page.status == 302 and page.is_success


def test_no_cookies_and_no_credentials_are_sent_but_the_instance(session, monkeypatch):
    answers = {"/": plain(302, Location="/next", Set_Cookie="session=1"), "/next": plain(200)}
    with serving(lambda path, headers, write: write(answers[path])) as server:
        fetch_page(session, server.url)
        fetch_page(session, server.url, instance="abc")
        cookies = [headers.get("cookie") for _, headers in server.asked]
    assert cookies == [None, None, *["ARRAffinity=abc; ARRAffinitySameSite=abc"] * 2]
    assert not session.cookies and all("authorization" not in headers for _, headers in server.asked)


def test_the_instance_that_answered_is_told(session):
    page = got(session, plain(200, Set_Cookie="ARRAffinity=beef01;Path=/;HttpOnly;Secure;Domain=shop.example"))
    assert page.instance == "beef01"


def test_an_answer_that_never_begins_ends_in_time(session):
    begun = time.monotonic()
    with serving(lambda path, headers, write: server.over.wait()) as server:
        page = fetch_page(session, server.url, 0.2)
    assert page.status is None and page.is_transient and "no answer within" in page.reason
    assert time.monotonic() - begun < 60


def test_headers_that_trickle_end_in_time(session):
    def trickle(path, headers, write):
        write(b"HTTP/1.1 200 OK\r\n")
        while not server.over.wait(0.01):
            write(b"X: y\r\n")

    with serving(trickle) as server:
        assert fetch_page(session, server.url, 0.5).status is None


def test_an_event_stream_is_good_at_once(session):
    def stream(path, headers, write):
        write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while not server.over.wait(0.01):
            write(b"data: 1\n\n")

    with serving(stream) as server:
        assert fetch_page(session, server.url, 3600).status == 200


def test_an_error_without_an_end_is_read_up_to_a_limit(session):
    def endless(path, headers, write):
        write(b"HTTP/1.1 500 X\r\nContent-Type: text/html\r\n\r\n<h1>first</h1>")
        while not server.over.is_set():
            write(b"<p>more</p>" * 1000)

    with serving(endless) as server:
        page = fetch_page(session, server.url, 3600)
    assert page.status == 500 and page.reason == "first" and len(page.text) <= MAX_BODY_BYTES


@pytest.mark.parametrize(
    "body",
    [
        "<script " * 32768,
        "<style>" + "x" * 262144,
        "<!--" * 65536,
        "<" * 262144,
        "&" * 262144,
        "&#" + "9" * 262144 + ";",
        "A" * 262144,
        "<script>a</script" * 15000,
        "Error" * 50000,
        "a." * 130000,
    ],
)
def test_no_page_takes_long_to_read(session, body):
    done = threading.Event()
    pages: list[Page] = []

    def read():
        pages.append(got(session, plain(500, body), seconds=300))
        done.set()

    threading.Thread(target=read, daemon=True).start()
    assert done.wait(60), "reading it takes more than linear time"
    assert pages[0].status == 500 and len(pages[0].reason) <= 300


def test_text_without_markup():
    assert (
        page_text("<script>no</script ><p>a <b>b</b>\n\n c</p><STYLE>x</STYLE><!-- <p>no</p> -->d &amp; e<br>f")
        == "a\nb\nc\nd & e\nf"
    )
    assert page_text("a\x1b[31mb\x00<p>\u202ec") == "a[31mb\nc", "nothing that a terminal would obey"


def test_the_error_line():
    assert error_line("Title\nTraceback (most recent call last):\nValueError: x\nafter") == "ValueError: x"
    assert error_line("Title\nmore") == "Title" and error_line("") == ""


@pytest.mark.parametrize(
    "body, kind, reason",
    [
        ('{"error": "<no> reason"}', "application/json", '{"error": "<no> reason"}'),
        ("no charset like it \u00fc".encode("utf-8"), "text/plain; charset=no-such", "no charset like it \u00fc"),
    ],
)
def test_pages_that_are_no_html(session, body, kind, reason):
    assert got(session, plain(500, body, Content_Type=kind)).reason == reason


def test_untrusted_certificate_is_no_failure_of_the_app(session):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            try:
                context.wrap_socket(listener.accept()[0], server_side=True)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        page = fetch_page(session, f"https://127.0.0.1:{listener.getsockname()[1]}/")
    assert page.status is None and "certificate" in page.not_reached and not page.is_transient


def test_a_host_that_nothing_listens_on_is_not_reached(session):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    page = fetch_page(session, f"http://127.0.0.1:{port}/")
    assert page.status is None and page.not_reached and not page.is_transient


def test_a_proxy_that_refuses_is_not_the_app_s_failure(session):
    with serving(lambda path, headers, write: write(plain(407))) as proxy:
        session.proxies = {"https": proxy.url}
        page = fetch_page(session, "https://shop.example/")
    assert page.status is None and "proxy" in page.not_reached
