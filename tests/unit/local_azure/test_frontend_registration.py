"""The FastCGI applications that applicationHost.xdt files register."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.registration import FastCgiApplication, registered

from .frontend_worker import FakeWorker


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
    worker.put("SiteExtensions/b/applicationHost.xdt", xdt("d:\\home\\python27\\python.exe", "second.py"))
    assert [application.arguments for application in registered(worker.home)] == ["first.py"]


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
