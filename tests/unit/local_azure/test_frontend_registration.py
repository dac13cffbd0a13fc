"""The FastCGI applications that applicationHost.xdt files register."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.registration import FastCgiApplication, registered
from tests.local_azure.frontend.worker_process import WorkerProcess

from .frontend_worker import FakeWorker, ScriptedFastCgi, get, text

HANDLER = (
    '<configuration><system.webServer><handlers><add name="p" path="*" verb="*" modules="FastCgiModule" '
    'scriptProcessor="a|w.py"/></handlers></system.webServer></configuration>'
)


def xdt(full_path: str, arguments: str = "w.py", locator: str = "Match(fullPath)") -> str:
    return (
        '<?xml version="1.0"?><configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">'
        f'<system.webServer><fastCgi><application fullPath="{full_path}" arguments="{arguments}" maxInstances="16" '
        f'xdt:Locator="{locator}" xdt:Transform="InsertIfMissing"><environmentVariables>'
        '<environmentVariable name="PYTHONHOME" value="D:\\home\\p"/></environmentVariables></application>'
        "</fastCgi></system.webServer></configuration>"
    )


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    return FakeWorker(tmp_path)


def test_all_extensions_then_the_sites_own(worker: FakeWorker) -> None:
    worker.put("site/applicationHost.xdt", xdt("c"))
    worker.put("SiteExtensions/Beta/applicationHost.xdt", xdt("b"))
    worker.put("SiteExtensions/alpha/ApplicationHost.XDT", xdt("a", "w1.py"))
    worker.put("SiteExtensions/none/readme.txt", "nothing")
    assert registered(worker.home) == [
        FastCgiApplication("a", "w1.py", (("PYTHONHOME", "D:\\home\\p"),)),
        FastCgiApplication("b", "w.py", (("PYTHONHOME", "D:\\home\\p"),)),
        FastCgiApplication("c", "w.py", (("PYTHONHOME", "D:\\home\\p"),)),
    ]


def test_a_full_path_that_is_there_is_not_inserted_again(worker: FakeWorker) -> None:
    worker.put("SiteExtensions/a/applicationHost.xdt", xdt("D:\\home\\Python27\\python.exe", "first.py"))
    worker.put("SiteExtensions/b/applicationHost.xdt", xdt("D:\\home\\Python27\\python.exe", "second.py"))
    assert [application.arguments for application in registered(worker.home)] == ["first.py"]


def test_a_full_path_in_another_case_is_inserted(worker: FakeWorker) -> None:
    worker.put("SiteExtensions/a/applicationHost.xdt", xdt("D:\\home\\Python27\\python.exe", "first.py"))
    worker.put("SiteExtensions/b/applicationHost.xdt", xdt("d:\\home\\python27\\python.exe", "second.py"))
    assert [application.arguments for application in registered(worker.home)] == ["first.py", "second.py"]


@pytest.mark.parametrize("full_path", ["d:\\HOME\\p\\python.exe", "D:\\home\\p\\python.exe"])
def test_the_same_key_twice_stops_the_site(worker: FakeWorker, full_path: str) -> None:
    worker.put("SiteExtensions/a/applicationHost.xdt", xdt("D:\\home\\p\\python.exe", "w.py"))
    worker.put("site/applicationHost.xdt", xdt(full_path, "W.py").replace('"InsertIfMissing"', '"Insert"'))
    worker.put("site/wwwroot/hello.txt", "hello")
    response = get(WorkerProcess(worker, dict), "/hello.txt")
    assert response.status_code == 500
    for part in ("HTTP Error 500.19", "duplicate collection entry", "'fullPath, arguments'", "0x800700b7"):
        assert part in text(response)


def test_an_application_without_transform_is_not_inserted(worker: FakeWorker) -> None:
    worker.put("site/applicationHost.xdt", xdt("a").replace('xdt:Transform="InsertIfMissing"', ""))
    assert registered(worker.home) == []


def test_a_section_can_be_inserted_with_all_in_it(worker: FakeWorker) -> None:
    whole = xdt("a").replace("<fastCgi>", '<fastCgi xdt:Transform="Replace">')
    worker.put("site/applicationHost.xdt", whole)
    assert [application.full_path for application in registered(worker.home)] == ["a"]


def test_the_same_section_twice_stops_the_site(worker: FakeWorker) -> None:
    worker.put("site/applicationHost.xdt", xdt("a").replace("<fastCgi>", '<fastCgi xdt:Transform="Insert">'))
    assert "already defined" in text(get(WorkerProcess(worker, dict)))


def test_sections_that_are_there_are_not_inserted(worker: FakeWorker) -> None:
    sections = xdt("b").replace("<fastCgi>", '<fastCgi xdt:Transform="InsertIfMissing">')
    worker.put("SiteExtensions/a/applicationHost.xdt", xdt("a"))
    worker.put(
        "site/applicationHost.xdt",
        sections.replace("<system.webServer>", '<system.webServer xdt:Transform="InsertIfMissing">'),
    )
    assert [application.full_path for application in registered(worker.home)] == ["a", "b"]


@pytest.mark.parametrize("broken", ['<configuration xmlns="urn:x" xmlns:xdt', "<web xmlns:xdt"])
def test_a_root_that_is_not_found_adds_nothing(worker: FakeWorker, broken: str) -> None:
    content = xdt("a").replace("<configuration xmlns:xdt", broken)
    worker.put("site/applicationHost.xdt", content.replace("</configuration>", f"</{broken.split()[0][1:]}>"))
    assert registered(worker.home) == []


@pytest.mark.parametrize("attribute", ["missing", "fullPath,missing", ""])
def test_a_locator_that_names_no_attribute_fails_the_transform(worker: FakeWorker, attribute: str) -> None:
    both = xdt("a", locator="Match(fullPath)").partition("<application")[0]
    rest = xdt("b", locator=f"Match({attribute})").partition("<application")[2]
    first = xdt("a").partition("<application")[2].partition("</application>")[0]
    worker.put("site/applicationHost.xdt", f"{both}<application{first}</application><application{rest}")
    assert registered(worker.home) == []


def test_private_extensions_can_be_switched_off(worker: FakeWorker) -> None:
    worker.put("site/applicationHost.xdt", xdt("a"))
    assert registered(worker.home, {"WEBSITE_PRIVATE_EXTENSIONS": "0"}) == []


def test_what_was_registered_since_the_start_is_not_known(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", HANDLER)
    running = WorkerProcess(worker, dict)
    worker.put("site/applicationHost.xdt", xdt("a"))
    worker.scripted = [ScriptedFastCgi([(b"Content-Type: text/plain\r\n\r\nhello", b"")])]
    assert "0x80070585" in text(get(running))
    assert text(get(WorkerProcess(worker, dict))) == "hello"
    assert worker.fastcgi_starts == [("a", "w.py", {"PYTHONHOME": "D:\\home\\p"})]


def test_other_arguments_are_another_application(worker: FakeWorker) -> None:
    worker.put("SiteExtensions/a/applicationHost.xdt", xdt("p", "first.py"))
    worker.put("SiteExtensions/b/applicationHost.xdt", xdt("p", "second.py", "Match(fullPath,arguments)"))
    assert [application.arguments for application in registered(worker.home)] == ["first.py", "second.py"]


def test_an_ill_formed_transform_adds_nothing(worker: FakeWorker) -> None:
    worker.put("SiteExtensions/a/applicationHost.xdt", "<configuration>")
    worker.put("SiteExtensions/b/applicationHost.xdt", xdt("b"))
    assert [application.full_path for application in registered(worker.home)] == ["b"]


@pytest.mark.parametrize(
    ("script_processor", "same"),
    [
        ("D:\\HOME\\p\\Python.exe|d:\\home\\p\\wfastcgi.py", True),
        ("D:\\home\\p\\python.exe", False),
        ("C:\\home\\p\\python.exe|D:\\home\\p\\wfastcgi.py", False),
        ("D:\\home\\p\\python.exe|D:\\home\\p\\wfastcgi.py ", False),
    ],
)
def test_the_pair_is_the_key_and_its_case_does_not_matter(script_processor: str, same: bool) -> None:
    application = FastCgiApplication("D:\\home\\p\\python.exe", "D:\\home\\p\\wfastcgi.py")
    assert application.is_named(script_processor) is same
