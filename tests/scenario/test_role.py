"""docs/how-to/role.json has what the commands ask of Resource Manager, for an app and for a slot, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.conftest import REPOSITORY
from tests.local_azure import arm
from tests.scenario.apps import naming

ROLE = REPOSITORY / "docs" / "how-to" / "role.json"
SCM = "microsoft.web/sites/publish/action"
"""What the SCM site itself asks for: no request to Resource Manager shows it."""
VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}
NAMED = ("basicpublishingcredentialspolicies",)
"""Resource types whose actions name the single resource too."""


def listed() -> set[str]:
    """The actions of the role in lower case, in which Azure compares them."""
    return {action.lower() for action in json.loads(ROLE.read_text(encoding="utf-8"))["Actions"]}


def action_of(method: str, path: str) -> str:
    """The action that a request for a resource of Microsoft.Web needs, in lower case."""
    words = path.partition("?")[0].lower().partition("/providers/microsoft.web/")[2].split("/")
    types = words[::2]
    if method == "POST":  # …/sites/app/restart, …/sites/app/config/appsettings/list
        return "/".join(["microsoft.web", *types, "action"])
    names = words[-1:] if types[-1] in NAMED else []
    return "/".join(["microsoft.web", *types, *names, VERBS[method]])


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/sites/app?api-version=2023-12-01", "sites/read"),
        ("GET", "/sites/app/slots/staging", "sites/slots/read"),
        ("GET", "/sites/app/config/web", "sites/config/read"),
        ("POST", "/sites/app/config/appsettings/list", "sites/config/list/action"),
        ("POST", "/sites/app/slots/staging/restart?synchronous=true", "sites/slots/restart/action"),
        ("DELETE", "/sites/app/siteextensions/x", "sites/siteextensions/delete"),
        (
            "GET",
            "/sites/app/basicPublishingCredentialsPolicies/scm",
            "sites/basicpublishingcredentialspolicies/scm/read",
        ),
        ("GET", "/serverfarms/plan", "serverfarms/read"),
    ],
)
def test_an_action_is_told_from_its_request(method, path, action):
    assert (
        action_of(method, f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web{path}")
        == f"microsoft.web/{action}"
    )


def test_the_role_is_what_the_commands_ask_for(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    before, name = len(azure.requests), naming(site)
    az("webapp python install --version 3.6 --source gallery --yes", *name)
    az("webapp python set-version --version 3.8 --health-path /", *name)
    az("webapp python package install --packages six --stop-app always", *name)
    az("webapp python package uninstall --packages six --yes", *name)
    az("webapp python uninstall --version 3.6 --yes", *name)
    site.switches.bearer_refused, site.basic_auth_allowed = True, True
    az("webapp python show", *name)
    asked = {action_of(one.method, one.path) for one in azure.requests[before:] if one.host == arm.HOST} | {SCM}
    slots = {action.replace("/sites/", "/sites/slots/") for action in asked if "/sites/" in action}
    assert asked | slots == listed()
