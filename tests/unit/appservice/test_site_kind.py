"""Apps as Resource Manager shows them: which ones are Windows web apps, and under which hosts they are reached.

The shapes are those of docs/platform/recordings/arm/site_*.json, shortened.
"""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.errors import PlatformFailed, Refused

HOST, SCM_HOST = "shop.azurewebsites.net", "shop.scm.azurewebsites.net"


def row(name, kind):
    return {"name": name, "sslState": "Disabled", "hostType": kind}


def opened(kind="app", given=None, slot=None, **properties):
    """The app of that JSON; a property None is left out, as old api-versions leave some out."""
    shape = {
        "name": "shop",
        "state": "Running",
        "reserved": False,
        "isXenon": False,
        "hyperV": False,
        "kind": kind,
        "defaultHostName": HOST,
        "enabledHostNames": [HOST, SCM_HOST],
        "hostNameSslStates": [row(HOST, "Standard"), row(SCM_HOST, "Repository")],
        **properties,
    }
    body = {"kind": kind, "properties": {name: value for name, value in shape.items() if value is not None}}
    arm = Arm(lambda *_: ArmAnswer(200, body, ""), "https://arm/", "sub", given)
    return arm.open_site("rg", "shop", slot)


@pytest.mark.parametrize(
    "kind, properties, words, advice",
    [
        ("functionapp", {}, "is a function app", "--os-type Linux: `az functionapp create --help`"),
        ("functionapp", {"sku": "Dynamic"}, "is a function app", "Linux only"),
        ("FunctionApp", {}, "is a function app", "Linux only"),
        ("functionapp,linux", {"reserved": True}, "is a function app", "az functionapp config set -g rg -n shop"),
        (
            "functionapp,linux,container,azurecontainerapps",
            {"managedEnvironmentId": "/x"},
            "is a function app",
            "Python|3.13",
        ),
        ("functionapp,workflowapp", {}, "is a logic app", "function app"),
        ("functionapp,linux,container,workflowapp", {"reserved": True}, "is a logic app", "function app"),
        (
            "app,container,windows",
            {"isXenon": True, "hyperV": True},
            "runs a Windows container",
            "az webapp config container",
        ),
        ("app", {"isXenon": True}, "runs a Windows container", "--help"),
        ("app", {"hyperV": True}, "runs a Windows container", "--help"),
        ("xenon", {"isXenon": None, "hyperV": None}, "runs a Windows container", "--help"),
        ("app,linux", {"reserved": True}, "runs on Linux", "--linux-fx-version PYTHON:3.13"),
        ("app", {"reserved": True}, "runs on Linux", "-g rg -n shop "),
        ("APP, LINUX", {"reserved": None}, "runs on Linux", "az webapp config set"),
        ("app,linux,container", {"reserved": True}, "runs a Linux container", "az webapp config container set --help"),
        ("app,linux,kubernetes", {"reserved": None}, "runs on Linux", "az webapp config set"),
    ],
)
def test_what_is_no_windows_web_app_is_refused_with_what_fits_it(kind, properties, words, advice):
    with pytest.raises(Refused, match=f"app 'shop' {words}") as refused:
        opened(kind, **properties)
    assert "Windows web apps" in refused.value.message and advice in refused.value.recommendation


def test_the_kind_inside_counts_where_the_one_outside_is_missing():
    body = {"properties": {"kind": "functionapp", "defaultHostName": HOST}}
    with pytest.raises(Refused, match="function app"):
        Arm(lambda *_: ArmAnswer(200, body, ""), "https://arm/", "sub").open_site("rg", "shop", None)


@pytest.mark.parametrize("kind", ["app", "", None, "api", "mobileapp", "WebApp", "app,somethingnew"])
def test_windows_web_apps_of_every_kind_are_taken(kind):
    assert opened(kind).scm_host == SCM_HOST
    assert opened(kind, reserved=None, isXenon=None, hyperV=None, state=None).state == ""


@pytest.mark.parametrize(
    "properties, host, scm_host",
    [
        ({"hostNameSslStates": [row(HOST, 0), row(SCM_HOST, 1)]}, HOST, SCM_HOST),
        ({"hostNameSslStates": [row(SCM_HOST, "repository"), row(HOST, "standard")]}, HOST, SCM_HOST),
        (
            {
                "hostNameSslStates": [
                    row("www.example.com", "Standard"),
                    row(HOST, "Standard"),
                    row(SCM_HOST, "Repository"),
                    row("scm.example.com", "Standard"),
                ]
            },
            HOST,
            SCM_HOST,
        ),
        (
            {
                "defaultHostName": "shop-oneabc.northeurope-01.azurewebsites.net",
                "hostNameSslStates": [
                    row("shop-oneabc.scm.northeurope-01.azurewebsites.net", "Repository"),
                    row("shop-oneabc.northeurope-01.azurewebsites.net", "Standard"),
                ],
            },
            "shop-oneabc.northeurope-01.azurewebsites.net",
            "shop-oneabc.scm.northeurope-01.azurewebsites.net",
        ),
        (
            {
                "hostNameSslStates": [
                    row("shop.scm.internal.example.com", "Repository"),
                    row(SCM_HOST, "Repository"),
                    row("shop.scm.other.example.com", "Repository"),
                ]
            },
            HOST,
            SCM_HOST,
        ),
        (
            {
                "hostNameSslStates": [
                    row("shop.internal.example.com", "Standard"),
                    row("scm.example.com", "Repository"),
                ],
                "defaultHostName": None,
            },
            "shop.internal.example.com",
            "scm.example.com",
        ),
        ({"hostNameSslStates": None}, HOST, SCM_HOST),
    ],
)
def test_hosts_are_the_ones_that_azure_names(properties, host, scm_host):
    site = opened(**properties)
    assert (site.host, site.scm_host) == (host, scm_host)


def test_scm_host_is_neither_guessed_nor_a_custom_domain():
    for enabled in ([HOST], [HOST, "shop.scm.example.com"], None):
        with pytest.raises(PlatformFailed, match="named no SCM site"):
            opened(hostNameSslStates=[row(HOST, "Standard")], enabledHostNames=enabled)
