"""FastCGI in the front end: registration, processes that go away, and the 500 pages."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from starlette.requests import Request

from tests.local_azure.frontend import FrontEnd
from tests.local_azure.frontend.worker_process import WorkerProcess

from .frontend_worker import GONE, FakeWorker, ScriptedFastCgi, get, text
from .test_frontend_registration import xdt

PYTHON, WFASTCGI = "D:\\home\\python311x64\\python.exe", "D:\\home\\python311x64\\wfastcgi.py"
ONE, TWO = (b"Content-Type: text/plain\r\n\r\none", b""), (b"Content-Type: text/plain\r\n\r\ntwo", b"")


def web_config(script_processor: str) -> str:
    return (
        '<configuration><system.webServer><handlers><add name="PythonHandler" path="*" verb="*" '
        f'modules="FastCgiModule" scriptProcessor="{script_processor}"/></handlers></system.webServer>'
        "</configuration>"
    )


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    worker = FakeWorker(tmp_path)
    worker.put("SiteExtensions/python311x64/applicationHost.xdt", xdt(PYTHON, WFASTCGI))
    worker.put("site/wwwroot/web.config", web_config(f"{PYTHON.upper()}|{WFASTCGI}"))
    return worker


def test_one_process_serves_one_request_after_the_other(worker: FakeWorker) -> None:
    process = ScriptedFastCgi([ONE, TWO])
    worker.scripted = [process]
    site = WorkerProcess(worker, lambda: {"GREETING": "hi", "PYTHONHOME": "elsewhere"})
    assert [text(get(site)), text(get(site, "/x?y=1", "POST", b"body"))] == ["one", "two"]
    assert worker.fastcgi_starts == [(PYTHON, WFASTCGI, {"GREETING": "hi", "PYTHONHOME": "D:\\home\\p"})]
    assert process.seen[1][1] == b"body" and process.seen[1][0]["PATH_INFO"] == "/x"


def test_a_process_that_ended_in_between_is_replaced(worker: FakeWorker) -> None:
    ended, vanishing = ScriptedFastCgi([ONE]), ScriptedFastCgi([TWO, GONE])
    worker.scripted = [ended, vanishing, ScriptedFastCgi([ONE])]
    site = WorkerProcess(worker, dict)
    assert text(get(site)) == "one"
    ended.alive = False
    assert text(get(site)) == "two"
    assert text(get(site)) == "one", "it had gone before the request reached it"
    assert ended.closed and vanishing.closed


def test_a_process_that_goes_away_with_a_request_is_a_500(worker: FakeWorker) -> None:
    worker.scripted = [ScriptedFastCgi([ONE, None]), ScriptedFastCgi([TWO])]
    site = WorkerProcess(worker, dict)
    assert text(get(site)) == "one"
    response = get(site)
    assert response.status_code == 500 and "exited unexpectedly" in text(response), "IIS asks no other process"
    assert text(get(site)) == "two"


def test_a_new_process_that_goes_away_is_a_500(worker: FakeWorker) -> None:
    worker.scripted = [ScriptedFastCgi([None]), ScriptedFastCgi([ONE])]
    site = WorkerProcess(worker, dict)
    response = get(site)
    assert response.status_code == 500 and "exited unexpectedly" in text(response)
    assert text(get(site)) == "one"


def test_what_comes_on_stderr_is_the_500_page(worker: FakeWorker) -> None:
    worker.scripted = [ScriptedFastCgi([(b"Status: 500 Internal Server Error\r\n", b"ImportError: <no module>\n")])]
    response = get(WorkerProcess(worker, dict))
    assert response.status_code == 500 and "ImportError: &lt;no module&gt;" in text(response)


def test_an_answer_without_end_of_headers_is_a_500(worker: FakeWorker) -> None:
    worker.scripted = [ScriptedFastCgi([(b"Status: 200 OK\r\n", b"")])]
    response = get(WorkerProcess(worker, dict))
    assert response.status_code == 500 and "incomplete" in text(response)


def test_a_registered_program_that_is_not_there_is_a_500(worker: FakeWorker) -> None:
    response = get(WorkerProcess(worker, dict))
    assert response.status_code == 500 and "0x80070002" in text(response)


def test_an_unregistered_pair_is_iis_500(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", web_config(f"{PYTHON}|D:\\home\\site\\wwwroot\\wfastcgi.py"))
    response = get(WorkerProcess(worker, dict))
    assert response.status_code == 500
    for part in (
        "HTTP Error 500.0 - Internal Server Error",
        "0x80070585",
        "scriptProcessor could not be found in &lt;fastCGI&gt; application configuration",
    ):
        assert part in text(response)
    assert not worker.fastcgi_starts


def test_a_change_of_web_config_ends_the_processes(worker: FakeWorker) -> None:
    first = ScriptedFastCgi([ONE])
    worker.scripted = [first, ScriptedFastCgi([TWO])]
    site = WorkerProcess(worker, dict)
    assert text(get(site)) == "one"
    worker.put("site/wwwroot/web.config", web_config(f"{PYTHON}|{WFASTCGI}"))
    assert text(get(site)) == "two"
    await_closed(first)


def test_a_request_that_has_begun_is_answered_after_the_change(worker: FakeWorker) -> None:
    first = ScriptedFastCgi([ONE])
    worker.scripted = [first, ScriptedFastCgi([TWO])]
    site = WorkerProcess(worker, dict)
    site.linger = 0
    first.held.clear()
    with ThreadPoolExecutor() as threads:
        begun = threads.submit(get, site)
        while not first.seen:
            time.sleep(0.01)
        worker.put("site/wwwroot/web.config", web_config(f"{PYTHON}|{WFASTCGI}"))
        assert text(get(site)) == "two" and not first.closed
        first.held.set()
        assert text(begun.result()) == "one"
    await_closed(first)


def test_a_restart_ends_what_an_earlier_change_left(worker: FakeWorker) -> None:
    first = ScriptedFastCgi([ONE])
    worker.scripted = [first, ScriptedFastCgi([TWO])]
    site = WorkerProcess(worker, dict)
    site.linger = 600
    assert text(get(site)) == "one"
    worker.put("site/wwwroot/web.config", web_config(f"{PYTHON}|{WFASTCGI}"))
    assert text(get(site)) == "two" and not first.closed, "idle, and its files are still held"
    site.close()
    assert first.closed


def await_closed(process: ScriptedFastCgi) -> None:
    deadline = time.monotonic() + 20
    while not process.closed:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_registration_takes_effect_after_a_restart_only(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path)
    worker.put("site/wwwroot/web.config", web_config(f"{PYTHON}|{WFASTCGI}"))
    settings = {"A": "1"}
    front_end = FrontEnd(worker, lambda: settings)
    worker.put("SiteExtensions/python311x64/applicationHost.xdt", xdt(PYTHON, WFASTCGI))
    settings["A"] = "2"
    first = ScriptedFastCgi([ONE])
    worker.scripted = [first]
    assert fetch(front_end)[0] == 500
    front_end.restart()
    assert fetch(front_end) == (200, "one")
    assert worker.fastcgi_starts[0][2]["A"] == "2"
    front_end.stop()
    assert first.closed
    assert fetch(front_end)[0] == 403 and "This web app is stopped" in fetch(front_end)[1]


def fetch(front_end: FrontEnd, path: str = "/") -> tuple[int, str]:
    """One request through `FrontEnd.answer`, as the cloud calls it."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"app.azurewebsites.net")],
        "scheme": "https",
        "server": ("127.0.0.1", 443),
        "client": ("127.0.0.1", 5),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> tuple[int, str]:
        response = await front_end.answer(Request(scope, receive))
        return response.status_code, text(response)

    return anyio.run(ask)
