"""Resource Manager's answers about apps and site extensions, as docs/platform/az-extension.md 4 lists them."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice import site_extensions
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.retry import Outage
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    PlatformFailed,
    Refused,
    RemoteFailed,
    UnknownOutcome,
)
from tests.unit.passing_time import Time

SITE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
SITE = Site("shop", "rg", None, SITE_ID, "shop-1a.azurewebsites.net", "shop-1a.scm.azurewebsites.net", "Running")
EXTENSION = "azureappservice-python364x64"


class Answers:
    """A send function that gives prepared answers and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, method, url, query, body, secret):
        assert secret == url.endswith("/publishingcredentials/list"), "only secrets are kept out of the log"
        self.asked.append((method, url.removeprefix("https://arm"), body))
        status, payload = self.answers.pop(0) if len(self.answers) > 1 or self.answers[0][0] != 500 else self.answers[0]
        return ArmAnswer(status, payload, "" if payload is None else str(payload))


def arm(*answers):
    send = Answers(*answers)
    time = Time()
    return Arm(send, "https://arm/", "sub", outage=Outage("Azure", clock=time.clock, sleep=time.sleep)), send


def entry(state, identifier=EXTENSION, **more):
    return {"properties": {"id": identifier, "version": "3.6.4.4", "provisioningState": state, **more}}


def site_body(**properties):
    hosts = [
        {"hostType": "Standard", "name": "shop-1a.azurewebsites.net"},
        {"hostType": "Repository", "name": "shop-1a.scm.azurewebsites.net"},
    ]
    return {
        "kind": "app",
        "properties": {
            "state": "Running",
            "defaultHostName": "shop-1a.azurewebsites.net",
            "hostNameSslStates": hosts,
            **properties,
        },
    }


def test_the_scm_host_is_the_one_that_azure_names():
    azure, send = arm((200, site_body()))
    site = azure.open_site("rg", "shop", None)
    assert (site.scm_host, site.host) == ("shop-1a.scm.azurewebsites.net", "shop-1a.azurewebsites.net")
    assert send.asked == [("GET", SITE_ID, None)]


def test_a_slot_is_a_longer_resource():
    azure, send = arm((200, site_body()))
    site = azure.open_site("rg", "shop", "staging")
    assert send.asked[0][1] == f"{SITE_ID}/slots/staging"
    assert site.label == "app 'shop' (slot 'staging')"
    assert site.arguments == "-g rg -n shop -s staging"


@pytest.mark.parametrize(
    "answer, error, words",
    [
        ((404, {"error": {"message": "gone"}}), NotFound, "app 'shop' was not found in resource group 'rg'"),
        ((403, {"error": {"message": "no role"}}), AccessDenied, "no role"),
        ((500, None), PlatformFailed, "500"),
        ((200, {**site_body(), "kind": "app,linux"}), Refused, "Linux"),
        ((200, site_body(reserved=True)), Refused, "Linux"),
        ((200, site_body(hostNameSslStates=[])), PlatformFailed, "SCM site"),
    ],
)
def test_an_app_that_cannot_be_used(answer, error, words):
    azure, _ = arm(answer)
    with pytest.raises(error, match=words):
        azure.open_site("rg", "shop", None)


def test_an_install_sends_a_body_and_polls_the_id_that_came_back():
    azure, send = arm((201, entry("InProgress")), (201, entry("InProgress")), (200, entry("Succeeded")))
    pauses = []
    found = site_extensions.install_extension(azure, SITE, "python364x64", sleep=pauses.append)
    assert found["version"] == "3.6.4.4"
    assert send.asked == [
        ("PUT", f"{SITE_ID}/siteextensions/python364x64", {"properties": {}}),
        ("GET", f"{SITE_ID}/siteextensions/{EXTENSION}", None),
        ("GET", f"{SITE_ID}/siteextensions/{EXTENSION}", None),
    ]
    assert len(pauses) == 2


def test_a_version_is_asked_for_in_the_body():
    azure, send = arm((200, entry("Succeeded")))
    site_extensions.install_extension(azure, SITE, EXTENSION, "3.6.4.4")
    assert send.asked[0][2] == {"properties": {"version": "3.6.4.4"}}


@pytest.mark.parametrize(
    "first",
    [
        (200, entry("Failed", comment="no disk")),
        (200, entry("Canceled", comment="no disk")),
        (400, entry("Failed", comment="no disk")),
    ],
)
def test_a_failed_installation_is_known_by_its_state(first):
    azure, _ = arm(first)
    with pytest.raises(RemoteFailed, match="no disk"):
        site_extensions.install_extension(azure, SITE, EXTENSION)


@pytest.mark.parametrize("passing", [(504, None), (409, {"Message": "busy"}), (201, None), (200, None), (503, None)])
def test_what_azure_answers_while_it_installs_is_no_end(passing):
    azure, _ = arm((201, entry("Created")), passing, (200, entry("Succeeded")))
    assert site_extensions.install_extension(azure, SITE, EXTENSION, sleep=lambda _: None)["id"] == EXTENSION


def test_a_timeout_of_the_first_request_is_no_end():
    azure, send = arm((504, None), (201, entry("InProgress")), (200, entry("Succeeded")))
    assert site_extensions.install_extension(azure, SITE, EXTENSION, sleep=lambda _: None)["id"] == EXTENSION
    assert send.asked[1][1].endswith(EXTENSION)


def test_an_answer_about_another_extension_is_not_believed():
    other = entry("Succeeded", "mentions-python364x64")
    azure, _ = arm(
        (201, entry("InProgress")),
        (200, other),
        (200, {"value": [other]}),
        (200, other),
        (200, {"value": [other, entry("Succeeded")]}),
    )
    assert site_extensions.install_extension(azure, SITE, EXTENSION, sleep=lambda _: None)["id"] == EXTENSION


def test_extension_that_disappears_has_failed():
    azure, _ = arm((201, entry("InProgress")), (404, None))
    with pytest.raises(RemoteFailed, match="no longer exists"):
        site_extensions.install_extension(azure, SITE, EXTENSION, sleep=lambda _: None)


def test_an_install_that_never_ends_is_an_unknown_outcome():
    polls = int(site_extensions.INSTALL_LIMIT_SECONDS / site_extensions.POLL_SECONDS)
    azure, _ = arm(*[(201, entry("InProgress"))] * (polls + 1))
    with pytest.raises(UnknownOutcome, match="20 minutes"):
        site_extensions.install_extension(azure, SITE, EXTENSION, sleep=lambda _: None)


def test_a_second_install_at_the_same_time_is_a_conflict():
    azure, _ = arm((409, {"Message": EXTENSION}))
    with pytest.raises(Conflict, match="already"):
        site_extensions.install_extension(azure, SITE, EXTENSION)


def test_ids_are_read_in_either_spelling():
    rows = {"value": [{"id": "/subscriptions/x", "properties": {"extension_id": "a"}}, {"properties": {"id": "b"}}]}
    azure, _ = arm((200, rows))
    assert [site_extensions.extension_id(row) for row in site_extensions.list_extensions(azure, SITE)] == ["a", "b"]


@pytest.mark.parametrize("body", [{"value": None}, {"value": []}, []])
def test_an_empty_list_in_any_form_is_an_empty_list(body):
    azure, _ = arm((200, body))
    assert site_extensions.list_extensions(azure, SITE) == []


def test_a_deletion_asks_for_the_exact_id_and_looks_afterwards():
    azure, send = arm(
        (200, {"value": [entry("Succeeded")]}), (200, entry("Succeeded")), (200, None), (200, {"value": []})
    )
    site_extensions.delete_extension(azure, SITE, EXTENSION.upper(), pytest.fail)
    assert [asked[:2] for asked in send.asked][1:3] == [
        ("GET", f"{SITE_ID}/siteextensions/{EXTENSION}"),
        ("DELETE", f"{SITE_ID}/siteextensions/{EXTENSION}"),
    ]


def test_deletion_that_would_hit_another_package():
    other = entry("Succeeded", f"mentions-{EXTENSION}")
    azure, send = arm((200, {"value": [other, entry("Succeeded")]}), (200, other), (200, {"value": [other]}))
    deleted = []
    site_extensions.delete_extension(azure, SITE, EXTENSION, deleted.append)
    assert deleted == [f"SiteExtensions/{EXTENSION}"]
    assert [asked[0] for asked in send.asked] == ["GET", "GET", "GET"]


def test_a_deletion_of_what_is_not_there_deletes_nothing():
    azure, send = arm((200, {"value": [entry("Succeeded", "mentions-python364x64")]}))
    with pytest.raises(NotFound):
        site_extensions.delete_extension(azure, SITE, "python364x64", pytest.fail)
    assert [asked[0] for asked in send.asked] == ["GET"]


def test_a_deletion_that_left_it_there_is_a_failure():
    azure, _ = arm(
        (200, {"value": [entry("Succeeded")]}),
        (200, entry("Succeeded")),
        (200, None),
        (200, {"value": [entry("Succeeded")]}),
    )
    with pytest.raises(RemoteFailed, match="still exists"):
        site_extensions.delete_extension(azure, SITE, EXTENSION, pytest.fail)


def test_publishing_credentials_only_where_the_site_allows_them():
    azure, send = arm((200, {"properties": {"allow": False}}))
    assert azure.publishing_credentials(SITE) is None
    assert len(send.asked) == 1
    azure, _ = arm(
        (200, {"properties": {"allow": True}}),
        (200, {"properties": {"publishingUserName": "$shop", "publishingPassword": "secret"}}),
    )
    assert azure.publishing_credentials(SITE) == ("$shop", "secret")
