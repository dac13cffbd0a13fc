"""Resource Manager on a bad day: throttled, locked, cut, and answering a second try with what the first one did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azext_pythonapp.appservice import site_extensions
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.retry import Outage
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import AccessDenied, Conflict, PlatformFailed, RemoteFailed, UnknownOutcome, Unreachable
from tests.unit.passing_time import Time

SITE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
SITE = Site("shop", "rg", None, SITE_ID, "shop.azurewebsites.net", "shop.scm.azurewebsites.net", "Running")
EXTENSION = "azureappservice-python364x64"
LOCKED = (
    429,
    {
        "Code": "429",
        "Message": "Cannot acquire exclusive lock to create, update or delete this site. Retry the request later.",
        "Target": None,
        "Details": [],
        "Innererror": None,
    },
)
GATEWAY = (504, {"error": {"code": "GatewayTimeout", "message": "The gateway did not receive a response."}})
TAKEN = (429, {"Message": EXTENSION})
CUT = UnknownOutcome("cut")


class Azure:
    """Gives prepared answers, each (status, body), (status, body, retry after) or an exception; the last one stays."""

    def __init__(self, *answers: Any):
        self.answers, self.asked = list(answers), []
        self.time, self.said = Time(), []
        self.arm = Arm(
            self._send,
            "https://arm",
            "sub",
            outage=Outage("Azure Resource Manager", self.said.append, self.time.clock, self.time.sleep),
        )

    def _send(self, method, url, query, body, secret):
        self.asked.append(method + " " + url.removeprefix("https://arm" + SITE_ID))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        body = answer[1]
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        return ArmAnswer(answer[0], None if isinstance(body, str) else body, text, *answer[2:])

    def install(self, version=None):
        return site_extensions.install_or_join(self.arm, SITE, EXTENSION, version, self.said.append, self.time.sleep)

    def delete(self):
        site_extensions.delete_extension(self.arm, SITE, EXTENSION, pytest.fail, self.time.sleep)


def entry(state, **more):
    return {
        "id": f"{SITE_ID}/siteextensions/{EXTENSION}",
        "name": f"shop/{EXTENSION}",
        "properties": {"id": EXTENSION, "version": "3.6.4.4", "provisioningState": state, **more},
    }


def listed(*states):
    return 200, {"value": [entry(state) for state in states]}


def state(name):
    return 200, {"properties": {"state": name}}


@pytest.mark.parametrize("action", ["restart", "stop", "start"])
def test_a_locked_site_is_asked_again_with_growing_pauses(action):
    azure = Azure(LOCKED, LOCKED, LOCKED, (200, None))
    getattr(azure.arm, action)(SITE)
    assert azure.asked == [f"POST /{action}"] * 4
    assert azure.time.pauses == sorted(azure.time.pauses) and len(set(azure.time.pauses)) == 3


def test_a_lock_that_stays_is_said_with_azures_words():
    azure = Azure(LOCKED)
    with pytest.raises(PlatformFailed, match="429 for the stop of app 'shop': Cannot acquire exclusive lock"):
        azure.arm.stop(SITE)
    assert 230 <= sum(azure.time.pauses) <= 241
    assert len(azure.said) == 1 and "Waiting for Azure Resource Manager" in azure.said[0]


def test_retry_after_is_honoured_and_never_beyond_the_total():
    azure = Azure((429, None, 17.0), (429, None, 1000.0), (200, {"value": []}))
    assert site_extensions.list_extensions(azure.arm, SITE) == []
    assert azure.time.pauses[0] == 17 and 220 < sum(azure.time.pauses) <= 240


def test_short_trouble_is_not_worth_a_word():
    azure = Azure((503, None), (503, None), (200, {"value": []}))
    site_extensions.list_extensions(azure.arm, SITE)
    assert azure.said == []


@pytest.mark.parametrize("trouble", [GATEWAY, (503, None), CUT])
def test_a_stop_whose_answer_was_lost_is_known_by_the_state(trouble):
    azure = Azure(trouble, state("Stopped"))
    azure.arm.stop(SITE)
    assert azure.asked == ["POST /stop", "GET "]


def test_a_start_that_did_not_arrive_is_asked_again():
    azure = Azure(CUT, state("Stopped"), (200, None))
    azure.arm.start(SITE)
    assert azure.asked == ["POST /start", "GET ", "POST /start"]


def test_unanswered_restart_is_unknown_after_retries():
    azure = Azure(GATEWAY)
    with pytest.raises(UnknownOutcome, match="Whether the restart of app 'shop' took place is not known.*gateway"):
        azure.arm.restart(SITE)
    assert len(azure.asked) == 3


def test_a_cut_list_is_asked_again_and_never_an_empty_one():
    azure = Azure(CUT, (200, '{"value": [{"id": "'), listed("Succeeded"))
    assert [row["id"] for row in site_extensions.list_extensions(azure.arm, SITE)] == [EXTENSION]
    azure = Azure(CUT)
    with pytest.raises(Unreachable):
        site_extensions.list_extensions(azure.arm, SITE)


def test_a_page_is_not_resource_managers_word():
    azure = Azure((404, "<html><title>404</title></html>"))
    with pytest.raises(PlatformFailed, match="does not send itself"):
        azure.arm.open_site("rg", "shop", None)
    azure = Azure((200, "<html><title>Sign in</title></html>"))
    with pytest.raises(PlatformFailed, match="Sign in"):
        azure.arm.restart(SITE)


def test_an_untrusted_certificate_is_said_at_once():
    error = Unreachable("certificate")
    error.permanent = True
    azure = Azure(error)
    with pytest.raises(Unreachable, match="certificate"):
        azure.arm.restart(SITE)
    assert len(azure.asked) == 1


def test_an_install_waits_for_the_lock_of_the_site():
    azure = Azure(LOCKED, LOCKED, (201, entry("Created")), (200, entry("Succeeded")))
    assert azure.install()["id"] == EXTENSION
    assert [line[:3] for line in azure.asked] == ["PUT", "PUT", "PUT", "GET"]


@pytest.mark.parametrize("taken", [TAKEN, (409, {"Message": EXTENSION}), (429, None)])
def test_an_install_by_another_request_is_joined(taken):
    azure = Azure(taken, (201, entry("Created")), (200, entry("Succeeded")))
    assert azure.install()["version"] == "3.6.4.4"
    assert [line[:3] for line in azure.asked] == ["PUT", "GET", "GET"]
    assert any("already" in line for line in azure.said)


def test_install_is_done_when_the_other_one_is_gone():
    azure = Azure(TAKEN, (404, None), (201, entry("Created")), (200, entry("Succeeded")))
    assert azure.install()["id"] == EXTENSION
    assert [line[:3] for line in azure.asked] == ["PUT", "GET", "PUT", "GET"]


def test_a_conflict_after_our_own_lost_try_is_our_own_install():
    azure = Azure(
        GATEWAY, (404, None), (409, {"Message": EXTENSION}), (201, entry("Created")), (200, entry("Succeeded"))
    )
    assert azure.install()["id"] == EXTENSION
    assert azure.said == []


def test_lost_install_request_is_repeated():
    azure = Azure(CUT, (404, None), (201, entry("Created")), (200, entry("Succeeded")))
    assert azure.install()["id"] == EXTENSION
    assert [line[:3] for line in azure.asked] == ["PUT", "GET", "PUT", "GET"]


def test_lost_upgrade_does_not_accept_the_old_version():
    old = entry("Succeeded")
    new = entry("Succeeded")
    new["properties"]["version"] = "3.6.4.5"
    azure = Azure(GATEWAY, (200, old), (200, new))
    assert azure.install()["version"] == "3.6.4.5"


def test_an_install_that_nobody_knows_of_is_unknown():
    azure = Azure(GATEWAY)
    with pytest.raises(UnknownOutcome, match="Whether the site extension .* is being installed is not known"):
        azure.install()


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_failed_envelope_shows_its_comment_whatever_its_status(status, at_once):
    answers = [(status, entry("Failed", comment="System.IO.FileNotFoundException: Test\r\n   at Kudu"))]
    azure = Azure(*([] if at_once else [(201, entry("Created"))]), *answers)
    with pytest.raises(RemoteFailed, match="System.IO.FileNotFoundException: Test at Kudu"):
        azure.install()


@pytest.mark.parametrize(
    "trouble",
    [
        (429, None),
        LOCKED,
        (500, {"Message": "x"}),
        (401, None),
        (403, None),
        CUT,
        AccessDenied("no token"),
        Unreachable("no route"),
        (404, "<html><title>404 Web Site not found</title></html>"),
    ],
)
def test_trouble_while_polling_does_not_end_the_wait(trouble):
    azure = Azure((201, entry("Created")), trouble, trouble, (200, entry("Succeeded")))
    assert azure.install()["id"] == EXTENSION


def test_a_refusal_that_stays_ends_the_wait_as_unknown():
    azure = Azure((201, entry("Created")), (403, {"error": {"message": "no role"}}))
    with pytest.raises(UnknownOutcome, match="still being installed: no role"):
        azure.install()


@pytest.mark.parametrize("second", [(404, {"Message": EXTENSION}), (500, {"Message": "An error has occurred."})])
def test_a_deletion_that_is_answered_twice_was_our_own(second):
    azure = Azure(listed("Succeeded"), (200, entry("Succeeded")), GATEWAY, listed("Succeeded"), second, listed())
    azure.delete()
    assert [line[:6] for line in azure.asked] == ["GET /s", "GET /s", "DELETE", "GET /s", "DELETE", "GET /s", "GET /s"]


def test_finished_deletion_with_lost_answer_is_not_repeated():
    azure = Azure(listed("Succeeded"), (200, entry("Succeeded")), CUT, listed())
    azure.delete()
    assert [line.split()[0] for line in azure.asked].count("DELETE") == 1


def test_nothing_is_deleted_when_the_target_is_unknown():
    azure = Azure(listed("Succeeded"), (500, {"ExceptionMessage": "nuspec", "Message": "An error has occurred."}))
    with pytest.raises(PlatformFailed, match="nuspec"):
        azure.delete()
    assert not [line for line in azure.asked if line.startswith("DELETE")]


def test_a_second_install_alone_is_a_conflict():
    azure = Azure(TAKEN)
    with pytest.raises(Conflict, match="already"):
        site_extensions.start_install(azure.arm, SITE, EXTENSION, sleep=azure.time.sleep)


@pytest.mark.parametrize(
    "body, words",
    [
        (
            {
                "Message": "An error has occurred.",
                "ExceptionMessage": "The process cannot access the file.",
                "ExceptionType": "System.IO.IOException",
            },
            "The process cannot access the file.",
        ),
        (
            {"error": {"code": "x", "message": "An error has occurred.", "ExceptionMessage": "The disk is full."}},
            "The disk is full.",
        ),
        (
            {
                "Code": "NotFound",
                "Message": "Cannot find ServerFarm with name plan.",
                "Target": None,
                "Details": [],
                "Innererror": None,
            },
            "Cannot find ServerFarm with name plan.",
        ),
        ({"error": {"code": "ResourceNotFound", "message": "It was not found."}}, "It was not found."),
    ],
)
def test_the_reason_in_an_error(body, words):
    assert ArmAnswer(500, body, json.dumps(body)).error_text() == words
