"""HttpPlatform in the front end, with real servers (of this machine's Python) behind it."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from tests.local_azure.frontend.http_platform import HttpPlatformApplication
from tests.local_azure.frontend.sections import HttpPlatform
from tests.local_azure.frontend.site_request import SiteRequest
from tests.local_azure.frontend.web_root import WebRoot
from tests.local_azure.frontend.worker_process import WorkerProcess

from .frontend_worker import FakeWorker, get, text

SERVER = """
import http.server, json, os, sys, time
time.sleep(float(os.environ.get("DELAY", "0")))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hang":
            time.sleep(60)
        if self.path == "/die":
            os._exit(3)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.dumps({"path": self.path, "headers": dict(self.headers), "env": dict(os.environ),
                           "argv": sys.argv[1:], "cwd": os.getcwd(), "pid": os.getpid(),
                           "body": self.rfile.read(length).decode()}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
print("listening soon", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["HTTP_PLATFORM_PORT"])), Handler).serve_forever()
"""


def web_config(arguments: str, attributes: str = "", variables: str = "") -> str:
    return (
        '<configuration><system.webServer><handlers><add name="PythonHandler" path="*" verb="*" '
        'modules="httpPlatformHandler" resourceType="Unspecified"/></handlers>'
        f"<httpPlatform processPath={quoteattr(sys.executable)} arguments={quoteattr(arguments)} {attributes}>"
        f"<environmentVariables>{variables}</environmentVariables></httpPlatform></system.webServer>"
        "</configuration>"
    )


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    worker = FakeWorker(tmp_path)
    worker.put("site/wwwroot/server.py", SERVER)
    return worker


@pytest.fixture
def site(worker: FakeWorker) -> Iterator[WorkerProcess]:
    site = WorkerProcess(worker, lambda: {"SETTING": "from the portal", "A": "from the portal"})
    yield site
    site.close()


def test_requests_are_passed_on(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put(
        "site/wwwroot/web.config",
        web_config(
            "server.py --port %http_platform_port% '%HOME%' %NOPE%",
            "",
            '<environmentVariable name="A" value="1 %HOME%"/><environmentVariable name="P" value="%HTTP_PLATFORM_PORT%"/>',
        ),
    )
    response = get(site, "/a%20b?x=1", "POST", b"hello", (("x-own", "yes"), ("x-forwarded-for", "6.6.6.6")))
    seen = json.loads(bytes(response.body))
    assert response.status_code == 201
    assert [value for name, value in response.raw_headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
    assert (seen["path"], seen["body"]) == ("/a%20b?x=1", "hello")
    assert seen["argv"] == ["--port", seen["env"]["HTTP_PLATFORM_PORT"], "D:\\home", "%NOPE%"]
    assert seen["cwd"] == str(worker.wwwroot)
    assert (seen["env"]["SETTING"], seen["env"]["A"], seen["env"]["P"]) == (
        "from the portal",
        "1 %HOME%",
        seen["env"]["HTTP_PLATFORM_PORT"],
    )
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert (headers["host"], headers["x-own"], headers["x-forwarded-for"], headers["x-forwarded-proto"]) == (
        "app.azurewebsites.net",
        "yes",
        "127.0.0.1",
        "https",
    )


def test_one_process_until_web_config_changes_or_it_ends(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/web.config", web_config("server.py"))
    first = json.loads(text(get(site)))["pid"]
    assert json.loads(text(get(site)))["pid"] == first
    worker.put("site/wwwroot/web.config", web_config("server.py changed"))
    second = json.loads(text(get(site)))["pid"]
    assert second != first
    wait_for_end(worker, 0)
    died = get(site, "/die")
    assert died.status_code == 502 and "HTTP Error 502.3" in text(died)
    wait_for_end(worker)
    assert json.loads(text(get(site)))["pid"] != second
    site.close()
    assert all(process.poll() is not None for _, process in worker.spawned)


def wait_for_end(worker: FakeWorker, number: int = -1) -> None:
    deadline = time.monotonic() + 20
    while worker.spawned[number][1].poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_that_ends_is_a_502_5(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/web.config", web_config("no_such_file.py"))
    response = get(site)
    assert response.status_code == 502
    assert "HTTP Error 502.5" in text(response) and "exit code 2" in text(response)


def test_a_program_that_is_not_there_is_a_502_5(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/web.config", web_config("x").replace(sys.executable, "/nowhere/python.exe"))
    response = get(site)
    assert response.status_code == 502 and "/nowhere/python.exe cannot be started" in text(response)


def test_a_process_that_listens_too_late_is_a_502_5_and_ended(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put(
        "site/wwwroot/web.config",
        web_config("server.py", 'startupTimeLimit="1"', '<environmentVariable name="DELAY" value="60"/>'),
    )
    response = get(site)
    assert response.status_code == 502 and "within 1 seconds (startupTimeLimit)" in text(response)
    assert worker.spawned[0][1].poll() is not None


def test_a_server_that_does_not_answer_in_time_is_a_502_3(worker: FakeWorker) -> None:
    section = HttpPlatform(
        sys.executable,
        "server.py",
        startup_time_limit=60,
        request_timeout=1,
        stdout_log_enabled=False,
        stdout_log_file="",
        environment=(),
    )
    application = HttpPlatformApplication(worker, WebRoot(worker), section, {})
    response = application.respond(SiteRequest("GET", "app.azurewebsites.net", "/hang", "", (), b""))
    application.close()
    assert response.status_code == 502 and "HTTP Error 502.3" in text(response) and "timed out" in text(response)
    assert worker.spawned[0][1].poll() is not None


def test_closing_ends_a_start_that_is_under_way(worker: FakeWorker) -> None:
    section = HttpPlatform(
        sys.executable,
        "server.py",
        startup_time_limit=60,
        request_timeout=60,
        stdout_log_enabled=False,
        stdout_log_file="",
        environment=(("DELAY", "60"),),
    )
    application = HttpPlatformApplication(worker, WebRoot(worker), section, {})
    answers: list[str] = []
    request = SiteRequest("GET", "app.azurewebsites.net", "/", "", (), b"")
    client = threading.Thread(target=lambda: answers.append(text(application.respond(request))))
    client.start()
    deadline = time.monotonic() + 10
    while not worker.spawned and time.monotonic() < deadline:
        time.sleep(0.02)
    application.close()
    client.join(10)
    assert len(answers) == 1 and "HTTP Error 502.5" in answers[0]
    assert worker.spawned[0][1].poll() is not None


def test_the_output_goes_into_a_log_named_after_process_and_time(worker: FakeWorker, site: WorkerProcess) -> None:
    (worker.home / "LogFiles").mkdir()
    worker.put(
        "site/wwwroot/web.config",
        web_config("server.py", r'stdoutLogEnabled="true" stdoutLogFile="%HOME%\logfiles\stdout"'),
    )
    assert get(site).status_code == 201
    (log,) = (worker.home / "LogFiles").glob("stdout*")
    assert re.fullmatch(rf"stdout_{worker.spawned[0][1].pid}_\d+\.log", log.name)
    deadline = time.monotonic() + 10
    while not log.read_bytes().startswith(b"listening soon\r\n"):
        assert time.monotonic() < deadline, log.read_bytes()
        time.sleep(0.02)


def test_without_the_folder_of_the_log_the_app_runs_all_the_same(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put(
        "site/wwwroot/web.config", web_config("server.py", r'stdoutLogEnabled="true" stdoutLogFile=".\nowhere\stdout"')
    )
    assert get(site).status_code == 201
    assert not (worker.wwwroot / "nowhere").exists()


def test_the_handler_without_its_section_is_a_500_19(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/web.config", re.sub("<httpPlatform.*</httpPlatform>", "", web_config("x")))
    response = get(site)
    assert response.status_code == 500 and "500.19" in text(response) and "processPath" in text(response)
