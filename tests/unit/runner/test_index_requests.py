"""pip passes in silence over an index's page that it did not get: the runner says what the request was answered with."""

from __future__ import annotations

import http.server
import threading

import pytest

from azext_pythonapp.jobs.runner import index_requests
from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from azext_pythonapp.packages.pip_output import PipOutput

PAGE = (
    "<!DOCTYPE html><html><body><a href='/f/left-1.0-py3-none-any.whl'>left-1.0-py3-none-any.whl</a>"
    "<a href='/f/left-2.0-py3-none-any.whl' data-requires-python='&gt;=3.99'>left-2.0-py3-none-any.whl</a></body></html>"
)


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path begins with: /403/left/."""

    def do_GET(self):
        status = int(self.path.split("/")[1])
        if status == 404 and self.path.count("/") == 2:  # the index's own page
            status = self.server.own
        body = PAGE.encode() if status == 200 and self.command == "GET" else b""
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format, *args):
        """Print nothing."""


@pytest.fixture
def index():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads, server.own = True, 404
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def explained(runtime, requirement, url):
    """Run a job that fails; what is explained about it, and the lines of the runner about its requests."""
    call = install(JobFile("requirements.txt"), PipOptions(index_url=url, more=("--retries", "0")))
    job = runtime.install(requirement, pip=call, checked=False)
    assert job.state == "failed"
    output = PipOutput()
    for line in runtime.lines:
        output.take(line)
    assert not any(mark in job.error for mark in index_requests.MARKS)
    assert runtime.lines[-1] == "Failed: pip ended with exit code 1", "pip's own words are in the log already"
    assert job.pip_said == job.error
    return explain(output, "app 'shop'").reason, [
        line for line in runtime.lines if line.startswith(index_requests.MARKS)
    ]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refused_page_is_no_missing_package(runtime, index, status):
    url = f"http://me:s3cr%2Ft@127.0.0.1:{index.server_address[1]}/{status}"
    reason, lines = explained(runtime, "left==1.0", url)
    assert reason.startswith(f"The index http://****@127.0.0.1:{index.server_address[1]}/{status} could not be reached")
    assert f"HTTP {status}" in reason and "s3cr" not in "".join(runtime.lines)
    assert len(lines) == 1


@pytest.mark.parametrize("own", [404, 200])
def test_whether_the_index_or_the_package_is_missing(runtime, index, own):
    index.own = own
    url = f"http://127.0.0.1:{index.server_address[1]}/404"
    reason, _ = explained(runtime, "nosuchpackage", url)
    if own == 404:
        assert reason.startswith(f"The index {url} could not be reached from the worker: it answers HTTP 404")
    else:
        assert reason == f"The index {url} has no package named nosuchpackage."


def test_closed_port_and_a_name_without_address(runtime, index):
    index.shutdown()
    index.server_close()
    reason, _ = explained(runtime, "left", f"http://127.0.0.1:{index.server_address[1]}/200")
    assert "could not be reached from the worker: 127.0.0.1:" in reason and "refused the connection" in reason


def test_version_for_another_python_is_named(runtime, index):
    reason, lines = explained(runtime, "left==2.0", f"http://127.0.0.1:{index.server_address[1]}/200")
    assert lines == ["For other Pythons: left 2.0 (>=3.99)"]
    assert reason.startswith("left 2.0 needs Python 3.99 or newer; app 'shop' runs 3.")


def test_pip_without_an_index_has_asked_none(runtime):
    job = runtime.install("nosuchpackage", checked=False)
    assert job.state == "failed" and "No index was asked." in runtime.lines


def test_a_check_that_finds_problems_speaks_of_no_index(runtime):
    call = install(JobFile("requirements.txt"), PipOptions(no_index=True, no_deps=True, wheel_dir=JobFile("wheels")))
    job = runtime.install("broken", pip=call)
    assert job.result.check_ok is False and len(job.result.problems) == 1, job.result


class Response:
    headers = {"Content-Type": "application/vnd.pypi.simple.v1+json"}

    def json(self):
        return {
            "files": [
                {"filename": "left-1.0.tar.gz", "requires-python": ">=2.7"},
                {"filename": "left-2.0-py3-none-any.whl", "requires-python": ">=3.99"},
                {"filename": "left-3.0-py3-none-any.whl"},
            ]
        }


def test_a_page_in_json_is_read_too():
    assert index_requests.files_of(Response())[1] == ("left-2.0-py3-none-any.whl", ">=3.99")
    assert index_requests.FILE.match("left-1.0.tar.gz").groups() == ("left", "1.0")


def test_innermost_reason_of_an_exception():
    class ProxyError(Exception):
        pass

    inner = OSError("[Errno 11001] getaddrinfo failed")
    assert index_requests.reason(ProxyError("cannot connect", inner)) == "ProxyError: [Errno 11001] getaddrinfo failed"
    shown = index_requests.reason(
        ValueError("<pip._vendor.x object at 0x7f>: Failed to establish: [Errno 111] refused")
    )
    assert shown == "Failed to establish: [Errno 111] refused"
