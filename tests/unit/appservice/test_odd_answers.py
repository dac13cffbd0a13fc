"""Answers of the right status that are none: JSON of another shape, times that are none, pages, cut lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from starlette.responses import Response

from azext_pythonapp.appservice import site_extensions
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.appservice.retry import Outage, http_date, retry_after_seconds
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import PlatformFailed, PythonAppError, UnknownOutcome
from tests.local_azure import login
from tests.unit.local_azure.linux_azure import LinuxAzure
from tests.unit.passing_time import Time

TOKEN = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
SITE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
SITE = Site("shop", "rg", None, SITE_ID, "shop.azurewebsites.net", "shop.scm.azurewebsites.net", "Running")
ODD = ["null", "5", '"text"', '["text"]', "[null]", '{"Message": "x"}', "<html><title>x</title></html>", ""]


@pytest.fixture
def answering(azure: LinuxAzure, site, session: requests.Session) -> Callable[..., Kudu]:
    """Makes a client of an SCM site that gives one answer to everything."""
    passing = Time()

    def make(text: str) -> Kudu:
        async def answer(scope, receive, send) -> None:
            kind = "text/plain" if text.startswith("<") else "application/json"
            response = Response(text.encode(), media_type=kind)
            await response(scope, receive, send)

        azure.serve(site.scm_host, answer)
        credentials = ScmCredentials(site.scm_host, lambda: TOKEN, lambda: None)
        return Kudu(session, site.scm_host, credentials, "app 'shop'", clock=passing.clock, sleep=passing.sleep)

    return make


@pytest.mark.parametrize("text", ODD)
def test_invalid_kudu_list_is_an_error(answering, text):
    kudu = answering(text)
    for ask in (lambda: kudu.list_directory("data"), kudu.extension_feed, lambda: kudu.processes("python"), kudu.home):
        with pytest.raises(PlatformFailed, match="app 'shop'"):
            ask()


@pytest.mark.parametrize("text", ["5", '"text"', '["text"]'])
def test_what_is_no_package_of_kudus_is_none(answering, text):
    with pytest.raises(PlatformFailed, match="app 'shop'"):
        answering(text).extension_package("x", "1")


@pytest.mark.parametrize("text", [*ODD[:6], '{"ExitCode": null}', '{"Output": "x", "ExitCode": "many"}'])
def test_an_answer_without_an_exit_code_is_no_success(answering, text):
    with pytest.raises(UnknownOutcome):
        answering(text).run("echo")


def test_numbers_and_texts_may_be_swapped(answering):
    rows = [{"name": 5, "path": None, "size": "many", "mtime": 3, "mime": None}, {"name": "x", "size": "7"}]
    assert [(entry.name, entry.size) for entry in answering(json.dumps(rows)).list_directory("data")] == [
        ("5", 0),
        ("x", 7),
    ]
    assert answering('{"Output": 1, "Error": 2, "ExitCode": "3"}').run("echo").exit_code == 3


@pytest.mark.parametrize(
    "date, expected",
    [
        ("Thu, 26 Nov 2026 10:00:00 -0000", datetime(2026, 11, 26, 10, tzinfo=timezone.utc)),
        ("Thu, 26 Nov 2026 10:00:00", datetime(2026, 11, 26, 10, tzinfo=timezone.utc)),
        ("Thu, 26 Nov 2026 10:00:00 +99999999999999", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("soon", None),
    ],
)
def test_the_servers_time_has_a_zone_or_is_none(date, expected):
    found = http_date(date)
    assert found == expected and (found is None or found.tzinfo is not None)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("9" * 400, None),
        ("-" + "9" * 400, None),
        ("Thu, 26 Nov 2026 10:00:00 +99999999999999", None),
        ("-7", 0.0),
        ("Thu, 26 Nov 2026 10:00:00 -0000", 60.0),
        ("Thu, 26 Nov 2026 10:00:00", 60.0),
        ("nan", None),
        ("inf", None),
        ("1.5", None),
    ],
)
def test_a_retry_after_that_is_none(value, expected):
    assert retry_after_seconds(value, lambda: datetime(2026, 11, 26, 9, 59, tzinfo=timezone.utc)) == expected


class Azure:
    """Resource Manager, with an answer for each address. asked: the addresses so far."""

    def __init__(self, answer: Callable[[str, str, dict[str, str]], Any]):
        self.asked: list[str] = []
        self.time = Time()

        def send(method, url, query, body, secret):
            self.asked.append(f"{method} {url} {query.get('$skiptoken', '')}".strip())
            found = answer(method, url, query)
            if isinstance(found, Exception):
                raise found
            status, content = found if isinstance(found, tuple) else (200, found)
            return ArmAnswer(status, content, json.dumps(content))

        self.arm = Arm(
            send, "https://arm", "sub", outage=Outage("Azure", lambda line: None, self.time.clock, self.time.sleep)
        )


@pytest.mark.parametrize(
    "body",
    [
        None,
        5,
        "text",
        [5],
        {},
        {"properties": None},
        {"properties": [1]},
        {"properties": 5},
        {"value": 5},
        {"value": ["text"]},
        {"sku": 5},
        {"properties": {"hostNameSslStates": 5, "enabledHostNames": 5}},
    ],
)
def test_invalid_resource_manager_answer_is_an_error(body):
    arm = Azure(lambda *request: body).arm
    for ask in (
        lambda: arm.open_site("rg", "shop", None),
        lambda: site_extensions.list_extensions(arm, SITE),
        lambda: arm.instances(SITE),
    ):
        with pytest.raises(PlatformFailed):
            ask()
    for ask in (
        lambda: arm.plan_tier(SITE),
        lambda: arm.publishing_credentials(SITE),
        lambda: arm.app_settings(SITE),
        lambda: arm.configuration(SITE),
    ):
        try:
            ask()
        except PythonAppError:
            pass


def test_unknown_settings_are_not_none():
    arm = Azure(lambda *request: None).arm
    for ask in (arm.app_settings, arm.configuration):
        with pytest.raises(PlatformFailed):
            ask(SITE)


@pytest.mark.parametrize("host", ["https://arm", "https://ARM", "https://arm:443"])
def test_lists_have_further_pages(host):
    def answer(method, url, query):
        kind = url.rsplit("/", 1)[-1].lower()
        page = int(query.get("$skiptoken") or 0)
        row = {"name": f"shop/i{page}", "properties": {"id": f"ext{page}"}}
        return {
            "value": [row],
            "nextLink": f"{host}{SITE_ID}/{kind}?api-version=2023-12-01&$skiptoken={page + 1}" if page < 2 else None,
        }

    azure = Azure(answer)
    assert azure.arm.instances(SITE) == ["i0", "i1", "i2"]
    assert [row["id"] for row in site_extensions.list_extensions(azure.arm, SITE)] == ["ext0", "ext1", "ext2"]


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere/x?$skiptoken=1",
        f"https://arm{SITE_ID}/instances?$skiptoken=1",
        5,
        "https://arm.evil.com/x",
        "https://arm@evil/x",
        "http://[",
        "https://arm:99999/",
    ],
)
def test_a_page_elsewhere_or_without_end_makes_no_list(link):
    azure = Azure(lambda *request: {"value": [{"name": "i"}], "nextLink": link})
    with pytest.raises(PlatformFailed):
        azure.arm.instances(SITE)
    assert len(azure.asked) < 200 and all("https://arm/" in each for each in azure.asked)


def test_states_are_read_in_any_letter_case():
    azure = Azure(lambda *request: {"properties": {"id": "Ext", "provisioningState": "succeeded"}})
    assert site_extensions.install_extension(azure.arm, SITE, "ext", sleep=azure.time.sleep)["id"] == "Ext"
    azure = Azure(
        lambda *request: (404, {"properties": {"id": "Ext", "provisioningState": "FAILED", "comment": "why"}})
    )
    with pytest.raises(PythonAppError, match="why"):
        site_extensions.install_extension(azure.arm, SITE, "ext", sleep=azure.time.sleep)


@pytest.mark.parametrize("later", [(409, {"Message": "busy"}), (403, {"Message": "no"}), (404, {"Message": "gone"})])
def test_a_restart_whose_first_answer_was_lost_stays_unknown(later):
    answers = iter([(504, {"error": {"message": "late"}}), *[later] * 9])
    azure = Azure(
        lambda method, url, query: next(answers) if method == "POST" else {"properties": {"state": "Running"}}
    )
    with pytest.raises(UnknownOutcome):
        azure.arm.restart(SITE)
