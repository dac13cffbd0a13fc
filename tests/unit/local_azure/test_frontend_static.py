"""Static files and the refusals that need no app."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.worker_process import WorkerProcess

from .frontend_worker import FakeWorker, get, text


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    worker = FakeWorker(tmp_path)
    worker.put("secret.txt", "outside of the root")
    return worker


@pytest.fixture
def site(worker: FakeWorker) -> WorkerProcess:
    return WorkerProcess(worker, dict)


def test_a_file_is_served_whatever_the_case_of_its_name(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/Static/Site.CSS", "body {}")
    response = get(site, "/static/site.css")
    assert (response.status_code, text(response), response.headers["content-type"]) == (200, "body {}", "text/css")
    assert text(get(site, "/static/site.css", "HEAD")) == ""
    assert get(site, "/static/site.css", "POST").status_code == 405


def test_a_folder_shows_its_default_document_or_nothing(worker: FakeWorker, site: WorkerProcess) -> None:
    denied = get(site)
    assert denied.status_code == 403 and "403.14" in text(denied)
    worker.put("site/wwwroot/hostingstart.html", "start")
    assert text(get(site)) == "start"
    worker.put("site/wwwroot/Index.html", "index")
    assert text(get(site)) == "index"
    worker.put("site/wwwroot/docs/index.html", "docs")
    assert get(site, "/docs").headers["location"] == "/docs/"
    assert text(get(site, "/docs/")) == "docs"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/nothing.txt", "404.0"),
        ("/app.py", "404.3"),
        ("/web.config", "404.8"),
        ("/sub/WEB.config", "404.8"),
        ("/..%2f..%2fsecret.txt", "404.0"),
        ("/..%5c..%5csecret.txt", "404.0"),
        ("/a%00", "404.0"),
    ],
)
def test_what_is_not_served(worker: FakeWorker, site: WorkerProcess, target: str, code: str) -> None:
    worker.put("site/wwwroot/app.py", "print('source')")
    worker.put("site/wwwroot/web.config", "<configuration/>")
    response = get(site, target)
    assert f"HTTP Error {code}" in text(response)


def test_a_broken_web_config_is_a_500_19_that_names_the_file(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put("site/wwwroot/web.config", "<configuration>")
    response = get(site)
    assert response.status_code == 500
    for part in ("HTTP Error 500.19", "not well-formed XML", "\\\\?\\D:\\home\\site\\wwwroot\\web.config"):
        assert part in text(response)


def test_a_handler_of_a_module_that_a_worker_lacks_is_a_500_21(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put(
        "site/wwwroot/web.config",
        '<configuration><system.webServer><handlers><add name="node" path="*" '
        'verb="*" modules="iisnode"/></handlers></system.webServer></configuration>',
    )
    assert 'Handler "node" has a bad module "iisnode"' in text(get(site))


def test_no_handler_is_a_404_4(worker: FakeWorker, site: WorkerProcess) -> None:
    worker.put(
        "site/wwwroot/web.config",
        "<configuration><system.webServer><handlers><clear/></handlers></system.webServer></configuration>",
    )
    assert "HTTP Error 404.4" in text(get(site))
