"""The subscriptions of az, and what its directories share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice import account
from azext_pythonapp.appservice.account import Account, Subscription
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import AccessDenied
from tests.unit.progress import Recorded

CONTEXT = SimpleNamespace(cloud=SimpleNamespace(endpoints=SimpleNamespace(resource_manager="https://arm")), data={})
CHOSEN = [Subscription("s1", "One", "t1"), Subscription("s2", "Two", "t2"), Subscription("s3", "Three", "t1")]


@pytest.fixture
def signed_in(monkeypatch):
    """Who asked az for a connection. out: subscriptions for which az has no sign-in."""
    asked, out = [], set()

    def sender(cli_ctx, subscription):
        asked.append(subscription)
        if subscription in out:
            raise RuntimeError("User 'a' does not exist in MSAL token cache. Run `az login`.")
        return lambda *_: ArmAnswer(200, {"value": []}, "{}")

    monkeypatch.setattr(account, "sender", sender)
    return SimpleNamespace(asked=asked, out=out)


def opened() -> Account:
    return Account(CONTEXT, CHOSEN, Recorded())


def test_a_directory_is_signed_in_to_once(signed_in):
    directories = opened().directories
    assert [each.subscriptions for each in directories] == [("s1", "s3"), ("s2",)]
    for each in directories:
        assert each.requests.rows("/a", "a") == each.requests.rows("/b", "b") == []
    assert signed_in.asked == ["s1", "s2"]


def test_a_directory_without_a_sign_in_ends_no_other(signed_in):
    signed_in.out.add("s1")
    first, second = opened().directories
    assert second.requests.rows("/a", "a") == []
    for _ in range(2):
        with pytest.raises(AccessDenied, match="does not exist in MSAL token cache"):
            first.requests.rows("/a", "a")


def test_apps_share_certificates_and_tokens(signed_in, monkeypatch):
    monkeypatch.setattr(account, "bearer_token", lambda cli_ctx, subscription: f"token of {subscription}")
    tried = opened()
    apps = []
    for subscription in ("s1", "s3", "s2"):
        path = f"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/a"
        apps.append(tried.opened(Site("a", "rg", None, path, "a.net", "a.scm.net", "Running")))
    assert len({id(app.web.get_adapter("https://a")._context) for app in apps}) == 1
    assert [tried.token(each) for each in ("s1", "s3", "s2")] == ["token of s1", "token of s1", "token of s2"]
