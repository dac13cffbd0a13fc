"""The options of `web-config set`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.webconfig.handlers import HandlerIntent

HTTP = HandlerIntent(
    "httpPlatform", "%HOME%\\python364x64\\python.exe", arguments="app.py", stdout_log="%HOME%\\LogFiles\\python"
)


def request(**options: object) -> WebConfigRequest:
    values = {
        "version": None,
        "architecture": None,
        "python_path": None,
        "handler": HandlerOptions("auto", None),
        "app": None,
        "platform": PlatformOptions(),
        "environment": (),
        "static": (),
        "output": None,
    } | options
    return WebConfigRequest.from_options(**values)  # type: ignore[arg-type]


def platform(
    startup_time_limit: int | None, stdout_log: str | None, attributes: Mapping[str, object]
) -> PlatformOptions:
    return PlatformOptions.from_options(
        startup_time_limit=startup_time_limit, stdout_log=stdout_log, attributes=attributes
    )


def test_every_attribute_is_reachable() -> None:
    options = platform(
        300,
        "%HOME%\\LogFiles\\mine",
        {
            "startupRetryCount": 3,
            "rapidFailsPerMinute": 5,
            "requestTimeout": "00:10:00",
            "processesPerApplication": 4,
            "forwardWindowsAuthToken": "true",
        },
    )
    assert options.added_to(HTTP).platform_settings == {
        "processPath": "%HOME%\\python364x64\\python.exe",
        "arguments": "app.py",
        "startupTimeLimit": "300",
        "startupRetryCount": "3",
        "rapidFailsPerMinute": "5",
        "requestTimeout": "00:10:00",
        "processesPerApplication": "4",
        "forwardWindowsAuthToken": "true",
        "stdoutLogEnabled": "true",
        "stdoutLogFile": "%HOME%\\LogFiles\\mine",
    }


def test_no_log() -> None:
    settings = platform(None, "none", {}).added_to(HTTP).platform_settings
    assert settings["stdoutLogEnabled"] == "false" and "stdoutLogFile" not in settings


@pytest.mark.parametrize(
    "limit, attributes",
    [
        (3601, {}),
        (-1, {}),
        (None, {"processesPerApplication": 0}),
        (None, {"processesPerApplication": 101}),
        (None, {"startupRetryCount": 101}),
        (None, {"rapidFailsPerMinute": 101}),
        (None, {"requestTimeout": "00:00:30"}),
        (None, {"requestTimeout": "90"}),
    ],
)
def test_what_the_schema_forbids(limit: int | None, attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        platform(limit, None, attributes)


def test_fastcgi_has_no_such_attributes() -> None:
    intent = HandlerIntent("fastCgi", "D:\\home\\python364x64\\python.exe", entry_point="app.app")
    assert PlatformOptions().added_to(intent) == intent
    with pytest.raises(InvalidInput, match="HttpPlatform"):
        platform(60, None, {}).added_to(intent)


def test_environment() -> None:
    assert request(environment=("A=1", "B=x=y", "C=")).environment == {"A": "1", "B": "x=y", "C": ""}
    for wrong in ("A", "=x"):
        with pytest.raises(InvalidInput):
            request(environment=(wrong,))
    with pytest.raises(InvalidInput) as raised:
        request(environment=("secret-without-equals",))
    assert "KEY=VALUE" in raised.value.message


def test_static_folders() -> None:
    assert request(static=("static", "/a/b/", ".\\media\\css")).static == ("static", "a/b", "media/css")
    for wrong in ("", "/", "..", "a/../..", "C:\\x", "a//b", "a?"):
        with pytest.raises(InvalidInput, match="--static-path"):
            request(static=(wrong,))


def test_two_ways_to_name_a_python() -> None:
    with pytest.raises(InvalidInput):
        request(version="3.6", python_path="D:\\home\\python364x64\\python.exe")
