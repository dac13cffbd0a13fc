"""A restart is asked to be answered when it is done, and an app's instances are those that Azure names."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.retry import Outage
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import AccessDenied, PlatformFailed, UnknownOutcome

SITE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
SITE = Site("shop", "rg", None, SITE_ID, "shop.azurewebsites.net", "shop.scm.azurewebsites.net", "Running")
GAVE_UP = (504, {"error": {"code": "GatewayTimeout", "message": "The gateway did not receive a response"}})


class Azure:
    """Resource Manager with prepared answers. asked: method, path and parameters of each request."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []
        now = [0.0]
        outage = Outage("Azure", clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
        self.arm = Arm(self.send, "https://arm", "sub", outage=outage)

    def send(self, method, url, query, body, secret):
        self.asked.append((method, url.removeprefix("https://arm" + SITE_ID), query.get("synchronous")))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ArmAnswer(answer[0], answer[1], "" if answer[1] is None else str(answer[1]))


def test_a_restart_waits_for_its_end():
    azure = Azure((200, None))
    azure.arm.restart(SITE)
    assert azure.asked == [("POST", "/restart", "true")]


@pytest.mark.parametrize("first", [GAVE_UP, (502, None), UnknownOutcome("cut")])
def test_timed_out_restart_is_repeated_without_waiting(first):
    azure = Azure(first, (200, None))
    azure.arm.restart(SITE)
    assert azure.asked == [("POST", "/restart", "true"), ("POST", "/restart", None)]


def test_a_stop_and_a_start_do_not_ask_for_it():
    azure = Azure((200, None), (200, None))
    azure.arm.stop(SITE)
    azure.arm.start(SITE)
    assert [synchronous for _, _, synchronous in azure.asked] == [None, None]


@pytest.mark.parametrize(
    "body, ids",
    [
        ({"value": [{"name": "ab12", "properties": {}}, {"name": "cd34"}], "nextLink": None}, ["ab12", "cd34"]),
        ({"value": [{"name": "shop/ab12"}, {"name": None}, None]}, ["ab12"]),
        ({"value": []}, []),
        ({"value": None}, []),
        ([], []),
    ],
)
def test_the_instances(body, ids):
    azure = Azure((200, body))
    assert azure.arm.instances(SITE) == ids and azure.asked == [("GET", "/instances", None)]


def test_instances_that_may_not_be_seen():
    with pytest.raises(AccessDenied):
        Azure((403, {"error": {"message": "no"}})).arm.instances(SITE)
    with pytest.raises(PlatformFailed):
        Azure((400, {"Code": "BadRequest", "Message": "no"})).arm.instances(SITE)
