"""What the front end reads out of web.config files, and what it refuses as IIS does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend import configuration
from tests.local_azure.frontend.sections import ConfigurationError
from tests.local_azure.frontend.web_root import WebRoot, expand, is_acceptable

from .frontend_worker import FakeWorker

FASTCGI = '<add name="PythonHandler" path="*" verb="*" modules="FastCgiModule" scriptProcessor="x|y"/>'


@pytest.fixture
def worker(tmp_path: Path) -> FakeWorker:
    return FakeWorker(tmp_path)


def names(worker: FakeWorker, *segments: str) -> list[str]:
    return [handler.name for handler in configuration.read(WebRoot(worker), segments).handlers]


def handlers(*elements: str) -> str:
    return (
        f"<configuration><system.webServer><handlers>{''.join(elements)}</handlers></system.webServer></configuration>"
    )


def refusal(worker: FakeWorker, *segments: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        configuration.read(WebRoot(worker), segments)
    return caught.value


def test_without_a_file_only_static_files_are_served(worker: FakeWorker) -> None:
    assert names(worker) == ["StaticFile"]


def test_own_handlers_come_before_inherited_ones(worker: FakeWorker) -> None:
    worker.put(
        "site/wwwroot/Web.Config", b"\xef\xbb\xbf" + handlers(FASTCGI, '<add name="second" path="*.py"/>').encode()
    )
    assert names(worker) == ["PythonHandler", "second", "StaticFile"]


@pytest.mark.parametrize("path", [".", ""])
def test_a_location_of_this_level_counts(worker: FakeWorker, path: str) -> None:
    worker.put(
        "site/wwwroot/web.config",
        f'<configuration><location path="{path}" inheritInChildApplications="false"><system.webServer><handlers>'
        f"{FASTCGI}</handlers></system.webServer></location></configuration>",
    )
    assert names(worker) == ["PythonHandler", "StaticFile"]


def test_a_location_of_a_folder_holds_below_that_folder_only(worker: FakeWorker) -> None:
    worker.put(
        "site/wwwroot/web.config",
        f"<configuration><system.webServer><handlers>{FASTCGI}</handlers></system.webServer>"
        '<location path="Static"><system.webServer><handlers><remove name="PythonHandler"/></handlers>'
        "</system.webServer></location></configuration>",
    )
    assert names(worker, "page") == ["PythonHandler", "StaticFile"]
    assert names(worker, "static", "a.css") == ["StaticFile"]


def test_a_sub_folder_turns_a_handler_off(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", handlers(FASTCGI))
    worker.put("site/wwwroot/static/web.config", handlers('<remove name="pythonhandler"/>'))
    assert names(worker, "static", "deep", "a.css") == ["StaticFile"]
    assert names(worker, "other") == ["PythonHandler", "StaticFile"]


def test_removing_first_makes_adding_again_possible(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", handlers(FASTCGI))
    worker.put("site/wwwroot/sub/web.config", handlers('<remove name="PythonHandler"/>', FASTCGI))
    assert names(worker, "sub") == ["PythonHandler", "StaticFile"]


def test_clear_drops_the_static_handler_too(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", handlers("<clear/>", FASTCGI))
    assert names(worker) == ["PythonHandler"]


def test_the_same_name_twice_is_refused(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", handlers(FASTCGI, FASTCGI.replace("PythonHandler", "pythonHANDLER")))
    error = refusal(worker)
    assert "duplicate collection entry" in error.message and "'pythonHANDLER'" in error.message
    assert (error.error_code, error.file) == ("0x800700b7", "D:\\home\\site\\wwwroot\\web.config")


def test_inherited_handler_name_is_refused_in_a_sub_folder(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", handlers(FASTCGI))
    worker.put("site/wwwroot/sub/web.config", handlers(FASTCGI))
    assert refusal(worker, "sub", "page").file == "D:\\home\\site\\wwwroot\\sub\\web.config"
    assert names(worker, "page") == ["PythonHandler", "StaticFile"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<configuration><system.webServer></configuration>", "not well-formed XML"),
        ("<config/>", "<configuration> root element"),
        (handlers('<add name="a"/>'), "Required attribute 'path' not found"),
        (handlers('<add name="a" path="*" scriptprocessor="x"/>'), "Unrecognized attribute 'scriptprocessor'"),
        (handlers('<add name="a" path="*" resourceType="Any"/>'), "'resourceType' attribute is invalid"),
        (handlers("<insert/>"), "Unrecognized element 'insert'"),
        (
            "<configuration><system.webServer><handlers/></system.webServer><location path='.'><system.webServer><handlers/>"
            "</system.webServer></location></configuration>",
            "'system.webServer/handlers' already defined",
        ),
    ],
)
def test_what_iis_refuses(worker: FakeWorker, document: str, message: str) -> None:
    worker.put("site/wwwroot/web.config", document)
    assert message in refusal(worker).message


def platform(attributes: str, content: str = "") -> str:
    return (
        f"<configuration><system.webServer><httpPlatform {attributes}>{content}</httpPlatform></system.webServer>"
        "</configuration>"
    )


def test_http_platform_with_its_defaults(worker: FakeWorker) -> None:
    worker.put("site/wwwroot/web.config", platform('processPath="p"'))
    section = configuration.read(WebRoot(worker), ()).http_platform
    assert section is not None
    assert (
        section.arguments,
        section.startup_time_limit,
        section.request_timeout,
        section.stdout_log_enabled,
        section.stdout_log_file,
        section.environment,
    ) == ("", 120, 120, False, ".\\httpplatform-stdout", ())


def test_http_platform_as_written(worker: FakeWorker) -> None:
    worker.put(
        "site/wwwroot/web.config",
        platform(
            'processPath="p" arguments="-m a&#xA;b" startupTimeLimit="30" requestTimeout="00:05:00" '
            'stdoutLogEnabled="True" stdoutLogFile="l" processesPerApplication="16" startupRetryCount="3"',
            '<environmentVariables><environmentVariable name="A" value="1"/></environmentVariables>',
        ),
    )
    section = configuration.read(WebRoot(worker), ()).http_platform
    assert section is not None
    assert (
        section.arguments,
        section.startup_time_limit,
        section.request_timeout,
        section.stdout_log_enabled,
        section.stdout_log_file,
        section.environment,
    ) == ("-m a\nb", 30, 300, True, "l", (("A", "1"),))


@pytest.mark.parametrize(
    ("attributes", "content", "message"),
    [
        ('arguments="x"', "", "Required attribute 'processPath' not found"),
        ('processPath="p" startupTimeLimit="3601"', "", "'startupTimeLimit' attribute is invalid"),
        ('processPath="p" startupTimeLimit="ten"', "", "'startupTimeLimit' attribute is invalid"),
        ('processPath="p" requestTimeout="00:00:30"', "", "'requestTimeout' attribute is invalid"),
        ('processPath="p" requestTimeout="120"', "", "'requestTimeout' attribute is invalid"),
        ('processPath="p" stdoutLogEnabled="yes"', "", "'stdoutLogEnabled' attribute is invalid"),
        ('processPath="p" processesPerApplication="0"', "", "'processesPerApplication' attribute is invalid"),
        ('processPath="p" port="80"', "", "Unrecognized attribute 'port'"),
        (
            'processPath="p"',
            '<environmentVariables><environmentVariable name="A" value="1"/>'
            '<environmentVariable name="a" value="2"/></environmentVariables>',
            "'name' set to 'a'",
        ),
    ],
)
def test_what_iis_refuses_in_http_platform(worker: FakeWorker, attributes: str, content: str, message: str) -> None:
    worker.put("site/wwwroot/web.config", platform(attributes, content))
    assert message in refusal(worker).message


def test_expansion_ignores_case_and_leaves_unknown_names() -> None:
    assert expand("%home%\\%Nope%\\100%", {"HOME": "D:\\home"}) == "D:\\home\\%Nope%\\100%"


@pytest.mark.parametrize("name", ["..", "a\\b", "C:", "a\x00"])
def test_names_that_leave_the_folder_are_not_acceptable(name: str) -> None:
    assert not is_acceptable(("static", name)) and is_acceptable(("static", "a.css"))
