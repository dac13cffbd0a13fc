"""The app's state and settings in Azure."""

from __future__ import annotations

import re

from azext_pythonapp import advice
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned
from azext_pythonapp.operations.doctor.configuration import changing
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.webconfig.handlers import platform_attributes

# Packages whose import from the share takes 20 s and more (docs/platform/site-extensions.md 4.10).
SLOW_PACKAGES = ("numpy", "pandas", "scipy", "tensorflow", "torch", "matplotlib")
# The larger of the two defaults of startupTimeLimit (docs/platform/site-extensions.md 2.3).
USUAL_START = 120
_NUMBER = re.compile(r"[0-9]{1,9}")
_NEXT_SKU = {"Free": "B1", "Shared": "B1", "Basic": "S1", "Standard": "P1V3"}


@check("site-state", "The app is running and within its quota")
def site_state(sight: Sight) -> Result:
    """Resource Manager's `state` and `usageState`."""
    site = sight.site
    usage = site.front_door.usage
    if usage == "Exceeded" or site.state.lower() == "quotaexceeded":
        return failed(
            f"A quota of the plan is used up (state {site.state}, usageState {usage or 'not told'}), so Azure answers "
            "in the app's place until the quota is reset.",
            larger_plan(sight),
        )
    if site.stopped:
        return failed(f"The {site.label} is stopped.", Fix(sight.az("webapp start")))
    if not site.state:
        return skipped("Azure does not say which state the app is in.")
    return passed(f"State {site.state}, usageState {usage or 'not told'}.")


def larger_plan(sight: Sight) -> Fix | None:
    """Return the command that moves the app's plan one tier up; None for a tier with nothing known above it."""
    sku = _NEXT_SKU.get(known_tier(sight))
    parts = sight.site.plan_id.split("/")
    if sku is None or len(parts) < 9:
        return None
    subscription = advice.in_subscription(sight.site.subscription)
    group, name = advice.quoted(parts[4]), advice.quoted(parts[8])
    return Fix(f"az appservice plan update -g {group} -n {name} --sku {sku}{subscription}")


def known_tier(sight: Sight) -> str:
    """Return the tier of the app's plan; "" when it could not be asked for, which changes nothing of what was found."""
    try:
        return sight.tier
    except PythonAppError:
        return ""


@check("https-only", "Plain HTTP is redirected to HTTPS")
def https_only(sight: Sight) -> Result:
    """Resource Manager's `httpsOnly`."""
    if sight.site.front_door.https_only is None:
        return skipped("Azure does not say whether httpsOnly is on.")
    if sight.site.front_door.https_only:
        return passed("httpsOnly is on.")
    return warned(
        "httpsOnly is off, so the app also answers over plain HTTP.",
        Fix(sight.az("webapp update", "--https-only true")),
    )


@check("always-on", "Always On for an app that starts slowly")
def always_on(sight: Sight) -> Result:
    """Azure unloads an app without requests; the next visitor waits for its start."""
    on = sight.configuration.always_on
    if on is None:
        return skipped("Azure does not say whether Always On is on.")
    if on:
        return passed("Always On is on.")
    reason = slow_start(sight)
    if reason is None:
        return passed("Always On is off, and nothing shows that the app starts slowly.")
    evidence = f"Always On is off, so an idle app is unloaded, and it starts slowly: {reason}."
    tier = known_tier(sight)
    if tier in ("Free", "Shared", "Dynamic"):
        return warned(f"{evidence} A {tier} plan has no Always On.", larger_plan(sight))
    fix = Fix(sight.az("webapp config set", "--always-on true"), changing("alwaysOn", False, True) if tier else None)
    return warned(evidence, fix)


def slow_start(sight: Sight) -> str | None:
    """Return what shows that the app starts slowly; None when nothing does."""
    handler, content = sight.handler, sight.web_config
    if handler is not None and handler.kind == "httpPlatform" and content is not None:
        limit = platform_attributes(content).get("startupTimeLimit", "")
        if _NUMBER.fullmatch(limit) and int(limit) > USUAL_START:
            return f"web.config allows {limit} s (startupTimeLimit)"
    heavy = [name for name in SLOW_PACKAGES if name in sight.packages]
    return f"it has {', '.join(heavy)}, whose import from the share can take 20 s and more" if heavy else None


@check("web-sockets", "Web sockets are on where Streamlit needs them")
def web_sockets(sight: Sight) -> Result:
    """A page of Streamlit stays empty without a web socket."""
    handler = sight.handler
    if handler is None or "streamlit" not in f"{handler.python_path} {handler.arguments or ''}".lower():
        return passed("web.config does not start Streamlit.")
    on = sight.configuration.web_sockets
    if on is None:
        return skipped("Azure does not say whether web sockets are on.")
    if on:
        return passed("Web sockets are on.")
    fix = Fix(sight.az("webapp config set", "--web-sockets-enabled true"), changing("webSocketsEnabled", False, True))
    return warned("Web sockets are off, and web.config starts Streamlit, whose pages need one.", fix)


@check("client-certificates", "Visitors need no client certificate")
def client_certificates(sight: Sight) -> Result:
    """Resource Manager's `clientCertEnabled` and `clientCertMode`."""
    door = sight.site.front_door
    if not door.certificates:
        return passed("clientCertEnabled is off.")
    if door.certificates.lower() != "required":
        return passed(f"clientCertMode is {door.certificates}: visitors without a certificate reach the app.")
    page = sight.configuration.health_check_path or "/"
    if any(page.lower().startswith(path.lower()) for path in door.without_certificate):
        return passed(f"clientCertMode is Required, and {page} is left out (clientCertExclusionPaths).")
    return warned(
        "clientCertMode is Required, so the front end refuses whoever brings no certificate with 403: health checks "
        f"of {page} too, those of this extension among them.",
        Fix(sight.az("webapp update", "--set clientCertMode=Optional")),
    )
