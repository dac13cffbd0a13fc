"""Who az is to the SCM site: a bearer token first, publishing credentials only where they are needed and allowed."""

from __future__ import annotations

from tests.local_azure import arm, login
from tests.scenario.apps import naming


def test_token_goes_only_to_azure_and_the_scm_site(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    before = len(azure.requests)
    az("webapp python set-version --version 3.8", *naming(site))
    asked = {(request.host, request.auth) for request in azure.requests[before:] if request.host != login.HOST}
    assert asked == {(arm.HOST, "Bearer"), (site.scm_host, "Bearer"), (site.host, None)}


def test_publishing_credentials_where_the_token_is_refused(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.switches.bearer_refused, site.basic_auth_allowed = True, True
    before = len(azure.requests)
    shown = az("webapp python show --debug", *naming(site))
    assert shown.json["runtime"]["version"] == "3.8.10"
    scm = [request.auth for request in azure.requests[before:] if request.host == site.scm_host]
    assert scm[0] == "Bearer" and scm.count("Basic") == 3 and scm.count("Bearer") <= 3, (
        "three requests at the same time"
    )
    assert sum("publishingcredentials" in request.path for request in azure.requests[before:]) == 1
    assert {request.auth for request in azure.requests[before:] if request.host == arm.HOST} == {"Bearer"}
    assert site.publishing_password not in shown.stderr + shown.stdout


def test_a_refusal_that_nothing_helps_against_is_said(az, azure, apps):
    site = apps.new()
    site.switches.bearer_refused = True
    before = len(azure.requests)
    failed = az("webapp python show", *naming(site), expect=1)
    assert f"app '{site.name}'" in failed.stderr and "refused the sign-in" in failed.stderr, failed
    assert "Microsoft.Web/sites/publish/Action" in failed.stderr and "Traceback" not in failed.stderr
    assert not [request for request in azure.requests[before:] if "publishingcredentials" in request.path]
