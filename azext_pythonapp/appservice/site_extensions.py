"""List, install and delete the site extensions of one app through Resource Manager.

docs/platform/az-extension.md 4 and docs/platform/kudu.md 4 list the pitfalls of Kudu and Resource Manager.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import UNCERTAIN_STATUSES, ArmAnswer
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    PlatformFailed,
    RemoteFailed,
    UnknownOutcome,
    Unreachable,
)

POLL_SECONDS = 3.0
INSTALL_LIMIT_SECONDS = 20 * 60
# Another request is changing the same extension: Kudu says 409, Resource Manager 429
# (docs/platform/recorded-traffic.md 4.2).
IN_PROGRESS_STATUSES = (409, 429)
# During an installation, Resource Manager gives up waiting for it (docs/platform/site-extensions.md 1.6), throttles, or
# finds the SCM site restarting.
STILL_INSTALLING = (*IN_PROGRESS_STATUSES, *UNCERTAIN_STATUSES)
# Seconds between the retries of an installation or deletion whose answer was lost.
RETRY_PAUSES = (2.0, 5.0, 10.0, 20.0)
# So many refusals in a row are not transient ones, such as conditional access causes.
MAX_REFUSALS = 20


def extension_id(entry: Mapping[str, Any]) -> str:
    """Return the id of a site extension in Kudu's JSON (`id`) or Resource Manager's (`extension_id`).

    Source: docs/platform/az-extension.md 4.4. entry: the flat properties, as `list_extensions` returns them.
    """
    return str(entry.get("extension_id") or entry.get("id") or "")


def list_extensions(arm: Arm, site: Site) -> list[dict[str, Any]]:
    """Return the installed site extensions: their flat properties, with Kudu's names. Raises PlatformFailed."""
    rows = arm.requests.rows(f"{site.resource_id}/siteextensions", f"the site extensions of {site.label}")
    return [_properties(row) for row in rows]


def install_extension(
    arm: Arm, site: Site, identifier: str, version: str | None = None, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Install a site extension and wait until Azure reports success.

    version: of the package; None installs the newest.
    Returns the properties of what was installed; its id can differ from the requested one (Kudu redirects old ids).
    Raises what `start_install` and `await_install` raise.
    """
    answer = start_install(arm, site, identifier, version, sleep)
    return await_install(arm, site, extension_id(_properties(answer.body)) or identifier, answer, sleep)


def install_or_join(
    arm: Arm,
    site: Site,
    identifier: str,
    version: str | None,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Install as `install_extension` does, or wait for an installation of the same extension that is already running.

    If that installation (started with --no-wait, perhaps) fails, the extension is installed after all.
    say: takes a line for the user.
    """
    for last in (False, False, True):
        try:
            return install_extension(arm, site, identifier, version, sleep)
        except Conflict:
            say(f"{identifier} is already being installed on {site.label}; waiting for it to finish.")
        try:
            return await_install(arm, site, identifier, sleep=sleep)
        except RemoteFailed:
            if last:
                raise
    raise AssertionError("the last round returns or raises")


def start_install(
    arm: Arm, site: Site, identifier: str, version: str | None = None, sleep: Callable[[float], None] = time.sleep
) -> ArmAnswer:
    """Start an installation; Azure answers within 15 s, done or not (docs/platform/az-extension.md 4.5).

    After a lost answer the state is checked: unless it shows the installation, the request is sent again, and "already
    being installed" then means our own request.
    Raises Conflict when another request is already installing it, NotFound when no gallery has it, RemoteFailed when it
    failed at once, UnknownOutcome when Azure does not say whether it was started.
    """
    address = f"{site.resource_id}/siteextensions/{identifier}"
    subject = f"the site extension '{identifier}' for {site.label}"
    lost = ""
    for pause in (*RETRY_PAUSES, None):
        try:
            answer = arm.requests.call(
                "PUT", address, {"properties": {"version": version} if version else {}}, accept_in_progress=True
            )
        except UnknownOutcome as error:
            answer = ArmAnswer(504, None, error.message)
        if answer.status in IN_PROGRESS_STATUSES and not answer.is_throttled:
            if lost:
                return answer
            raise Conflict(
                f"Site extension '{identifier}' of {site.label} is already being installed.",
                f"Wait for it: `az webapp python install {site.arguments} --extension-id {quoted(identifier)}`.",
            )
        _require_not_failed(answer, site, identifier)
        if answer.status not in UNCERTAIN_STATUSES:
            if not _state(answer):
                answer.raise_for_status(subject)
            return answer
        seen = _seen(arm, site, address, identifier)
        # An installed extension may be the one that an upgrade replaces; Kudu answers a retry quickly when it is done.
        if seen is not None and (seen.status == 201 or lost):
            return seen
        lost = f"Azure answered {answer.status}: {answer.error_text()}"
        if pause is not None:
            sleep(pause)
    raise UnknownOutcome(
        f"Whether {subject} is being installed is not known. {lost}",
        f"Check in a minute: `az webapp python list {site.arguments}`.",
    )


def await_install(
    arm: Arm, site: Site, identifier: str, answer: ArmAnswer | None = None, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Poll an installation until it is done, and return the properties of what was installed.

    answer: the last answer about it; None polls at once.
    The first poll after success is what makes Azure restart the app (docs/platform/az-extension.md 4.5).
    Raises RemoteFailed when the installation failed, and UnknownOutcome when it takes more than 20 minutes, or Azure
    refuses access for a minute.
    """
    address, started, refusals = f"{site.resource_id}/siteextensions/{identifier}", arm.requests.outage.clock(), 0
    for _ in range(int(INSTALL_LIMIT_SECONDS / POLL_SECONDS)):
        entry = _finished(answer) if answer else None
        if entry is not None and extension_id(entry).lower() != identifier.lower():
            # Kudu looks an id up as a substring of every package's description (docs/platform/kudu.md 4.4).
            entry = next(
                (row for row in list_extensions(arm, site) if extension_id(row).lower() == identifier.lower()), None
            )
        if entry is not None:
            return entry
        if arm.requests.outage.clock() - started >= INSTALL_LIMIT_SECONDS:
            break
        if answer is not None:
            sleep(POLL_SECONDS)
        answer = _poll(arm, site, address, identifier)
        refusals = refusals + 1 if answer.status in (401, 403) else 0
        if refusals >= MAX_REFUSALS:
            raise UnknownOutcome(
                f"Azure refuses to report on site extension '{identifier}' of {site.label}, which is still being "
                f"installed: {answer.error_text()}",
                f"Check again: `az webapp python list {site.arguments}`.",
            )
    raise UnknownOutcome(
        f"Site extension '{identifier}' of {site.label} is still not installed after "
        f"{INSTALL_LIMIT_SECONDS // 60} minutes.",
        f"Check again later: `az webapp python list {site.arguments}`.",
    )


def delete_extension(
    arm: Arm,
    site: Site,
    identifier: str,
    delete_folder: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Delete an installed site extension; its runtime folder stays (docs/platform/site-extensions.md 1.5).

    Kudu deletes the first package whose text mentions the id (docs/platform/kudu.md 4.4). So the id is looked up in the
    list first. Where Kudu would find another package, the extension's own folder is deleted, which is all that Kudu
    does for a package without an uninstall.cmd.
    delete_folder: deletes a folder, given relative to %HOME%, with its contents.
    Raises NotFound when it is not installed, RemoteFailed when it still exists afterwards.
    """
    exact = _exact(arm, site, identifier)
    if exact is None:
        raise NotFound(
            f"Site extension '{identifier}' is not installed on {site.label}.",
            f"List what is installed: `az webapp python list {site.arguments}`.",
        )
    address, subject = f"{site.resource_id}/siteextensions/{exact}", f"the site extension '{exact}' of {site.label}"
    found = arm.requests.call("GET", address)
    if found.status != 404:
        found.raise_for_status(subject)
    if extension_id(_properties(found.body)).lower() not in ("", exact.lower()):
        delete_folder(f"SiteExtensions/{exact}")
    else:
        _delete(arm, site, address, exact, sleep)
    if _exact(arm, site, identifier) is not None:
        raise RemoteFailed(
            f"Site extension '{exact}' of {site.label} still exists after its deletion.",
            "A running process may have locked its files: stop the app and try again.",
        )


def _delete(arm: Arm, site: Site, address: str, exact: str, sleep: Callable[[float], None]) -> None:
    """Send the deletion until the extension is gone: a 404 or 500 for a retry may be the result of the first try."""
    for pause in (*RETRY_PAUSES, None):
        try:
            answer = arm.requests.call("DELETE", address)
        except UnknownOutcome as error:
            answer = ArmAnswer(504, None, error.message)
        if answer.status < 300 or _exact(arm, site, exact) is None:
            return
        if answer.status not in (*UNCERTAIN_STATUSES, *IN_PROGRESS_STATUSES, 404) or pause is None:
            answer.raise_for_status(f"the site extension '{exact}' of {site.label}")
        sleep(pause or 0)


def _exact(arm: Arm, site: Site, identifier: str) -> str | None:
    """Return the id of an installed extension in Azure's spelling; None when it is not installed."""
    installed = [extension_id(entry) for entry in list_extensions(arm, site)]
    return next((name for name in installed if name.lower() == identifier.lower()), None)


def _seen(arm: Arm, site: Site, address: str, identifier: str) -> ArmAnswer | None:
    """Return Azure's answer about a current installation; None when there is none, or no usable answer.

    Raises RemoteFailed when it has failed.
    """
    try:
        answer = arm.requests.call("GET", address)
    except (AccessDenied, PlatformFailed, Unreachable):
        return None
    _require_not_failed(answer, site, identifier)
    known = answer.status in (200, 201) and (extension_id(_properties(answer.body)) or "").lower() == identifier.lower()
    return answer if known else None


def _poll(arm: Arm, site: Site, address: str, identifier: str) -> ArmAnswer:
    """Poll an installation once; an unusable answer is returned as a 503, a refusal as a 403.

    Raises RemoteFailed when the installation has failed or no longer exists, and the error of any other answer.
    """
    try:
        answer = arm.requests.call("GET", address, accept_in_progress=True)
    except AccessDenied as error:
        return ArmAnswer(403, None, error.message)
    except (PlatformFailed, Unreachable) as error:
        if isinstance(error, Unreachable) and error.permanent:
            raise
        return ArmAnswer(503, None, error.message)
    _require_not_failed(answer, site, identifier)
    if answer.status == 404:
        raise RemoteFailed(
            f"Site extension '{identifier}' of {site.label} was being installed and no longer exists: its "
            "installation failed on the worker.",
            "Try again; a restarting SCM site interrupts it.",
        )
    if answer.status not in (*STILL_INSTALLING, 401, 403) and not _state(answer):
        answer.raise_for_status(f"the site extension '{identifier}' of {site.label}")
    return answer


def _require_not_failed(answer: ArmAnswer, site: Site, identifier: str) -> None:
    """Raise RemoteFailed, with Kudu's comment, when an answer says that the installation has failed.

    The HTTP status is 200, 400 or 404; only the provisioning state says what happened
    (docs/platform/az-extension.md 4.3, docs/platform/recordings/arm/siteextension_failed.json).
    """
    state = _state(answer)
    if state in ("failed", "canceled"):
        comment = _properties(answer.body).get("comment") or answer.error_text("Azure gave no reason")
        raise RemoteFailed(
            f"Installing site extension '{identifier}' on {site.label} ended as {state.capitalize()}: "
            f"{' '.join(str(comment).split())[:400]}"
        )


def _finished(answer: ArmAnswer) -> dict[str, Any] | None:
    """Return the properties of what was installed; None while the installation is running."""
    entry = _properties(answer.body)
    done = answer.status == 200 and _state(answer) in ("succeeded", "") and extension_id(entry)
    return entry if done else None


def _state(answer: ArmAnswer) -> str:
    """Return the provisioning state in an answer, in lower case; "" for none."""
    return str(_properties(answer.body).get("provisioningState") or "").lower()


def _properties(body: Any) -> dict[str, Any]:
    """Return the flat properties in Resource Manager's envelope, or of a bare Kudu entry."""
    if not isinstance(body, dict):
        return {}
    properties = body.get("properties")
    return dict(properties) if isinstance(properties, dict) else dict(body)
