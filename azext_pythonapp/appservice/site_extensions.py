"""Site extensions of one app through Resource Manager: list, install, delete.

The traps are Kudu's and Resource Manager's, all named in docs/platform/az-extension.md 4 and docs/platform/kudu.md 4.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.arm import UNCERTAIN, Arm, ArmAnswer, Site, arm_message, require_success
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
# Another request is about the same extension: Kudu says 409, Resource Manager 429
# (docs/platform/recorded-traffic.md 4.2).
TAKEN = (409, 429)
# While an install goes on, Resource Manager gives up on it (docs/platform/site-extensions.md 1.6), throttles, or meets
# an SCM site that restarts.
STILL_INSTALLING = (*TAKEN, *UNCERTAIN)
# An install or a deletion whose answer was lost is asked for again so many times, with growing pauses in seconds.
AGAIN_PAUSES = (2.0, 5.0, 10.0, 20.0)
# So many refusals in a row are no passing one, such as conditional access asks for.
REFUSALS = 20


def extension_id(entry: Mapping[str, Any]) -> str:
    """The id of a site extension in Kudu's JSON (`id`) or Resource Manager's (`extension_id`, az-extension.md 4.4).

    entry: the flat properties, as `list_extensions` returns them.
    """
    return str(entry.get("extension_id") or entry.get("id") or "")


def list_extensions(arm: Arm, site: Site) -> list[dict[str, Any]]:
    """The installed site extensions: their properties, flat, with Kudu's names. Raises PlatformFailed."""
    rows = arm.rows(f"{site.resource_id}/siteextensions", f"the site extensions of {site.label}")
    return [_properties(row) for row in rows]


def install_extension(
    arm: Arm, site: Site, identifier: str, version: str | None = None, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Install a site extension and wait until Azure says that it is done.

    version: of the package; None takes the newest.
    Returns the properties of what was installed; its id may differ from the one asked for (Kudu redirects old ids).
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
    """Install as `install_extension` does; when the very same extension is being installed already, by --no-wait
    perhaps, wait for that. One that then is not there was another's failure: it is installed after all.

    say: takes a line for the person.
    """
    for last in (False, False, True):
        try:
            return install_extension(arm, site, identifier, version, sleep)
        except Conflict:
            say(f"{identifier} is being installed on {site.label} already; waiting for it to end.")
        try:
            return await_install(arm, site, identifier, sleep=sleep)
        except RemoteFailed:
            if last:
                raise
    raise AssertionError("the last round returns or raises")


def start_install(
    arm: Arm, site: Site, identifier: str, version: str | None = None, sleep: Callable[[float], None] = time.sleep
) -> ArmAnswer:
    """Ask for an installation; Azure answers within 15 s whether or not it is done (docs/platform/az-extension.md 4.5).

    An answer that was lost is looked for: where nothing tells of the installation it is asked for again, and what then
    is "being installed already" is our own.
    Raises Conflict when another request installs it already, NotFound when no gallery has it, RemoteFailed when it
    failed at once, UnknownOutcome when Azure does not say whether it began.
    """
    address = f"{site.resource_id}/siteextensions/{identifier}"
    subject = f"the site extension '{identifier}' for {site.label}"
    lost = ""
    for pause in (*AGAIN_PAUSES, None):
        try:
            answer = arm.call("PUT", address, {"properties": {"version": version} if version else {}}, joins=True)
        except UnknownOutcome as error:
            answer = ArmAnswer(504, None, error.message)
        if answer.status in TAKEN and not answer.is_throttled:
            if lost:
                return answer
            raise Conflict(
                f"Site extension '{identifier}' of {site.label} is being installed already.",
                f"Wait for it: `az webapp python install {site.arguments} --extension-id {quoted(identifier)}`.",
            )
        _require_not_failed(answer, site, identifier)
        if answer.status not in UNCERTAIN:
            if not _state(answer):
                require_success(answer, subject)
            return answer
        seen = _seen(arm, site, address, identifier)
        # What is there already may be what an upgrade replaces; Kudu answers a second try quickly when it is done.
        if seen is not None and (seen.status == 201 or lost):
            return seen
        lost = f"Azure answered {answer.status}: {arm_message(answer)}"
        if pause is not None:
            sleep(pause)
    raise UnknownOutcome(
        f"Whether {subject} is being installed is not known. {lost}",
        f"Look again in a minute: `az webapp python list {site.arguments}`.",
    )


def await_install(
    arm: Arm, site: Site, identifier: str, answer: ArmAnswer | None = None, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Poll an installation until it is done, and return the properties of what was installed.

    answer: the last answer about it; None asks at once.
    The first poll after success is what makes Azure restart the app (docs/platform/az-extension.md 4.5).
    Raises RemoteFailed when the install failed, and UnknownOutcome when it takes more than 20 minutes, or Azure refuses
    for a minute to tell.
    """
    address, begun, refusals = f"{site.resource_id}/siteextensions/{identifier}", arm.trouble.clock(), 0
    for _ in range(int(INSTALL_LIMIT_SECONDS / POLL_SECONDS)):
        entry = _finished(answer) if answer else None
        if entry is not None and extension_id(entry).lower() != identifier.lower():
            # Kudu looks an id up as a substring of every package's description (docs/platform/kudu.md 4.4).
            entry = next(
                (row for row in list_extensions(arm, site) if extension_id(row).lower() == identifier.lower()), None
            )
        if entry is not None:
            return entry
        if arm.trouble.clock() - begun >= INSTALL_LIMIT_SECONDS:
            break
        if answer is not None:
            sleep(POLL_SECONDS)
        answer = _poll(arm, site, address, identifier)
        refusals = refusals + 1 if answer.status in (401, 403) else 0
        if refusals >= REFUSALS:
            raise UnknownOutcome(
                f"Azure no longer tells about site extension '{identifier}' of {site.label}, whose "
                f"installation goes on: {arm_message(answer)}",
                f"Look again: `az webapp python list {site.arguments}`.",
            )
    raise UnknownOutcome(
        f"Site extension '{identifier}' of {site.label} is still not installed after "
        f"{INSTALL_LIMIT_SECONDS // 60} minutes.",
        f"Look again later: `az webapp python list {site.arguments}`.",
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
    list first; and where Kudu would find another package, the extension's own folder is deleted, which is all that Kudu
    does for a package without an uninstall.cmd.
    delete_folder: deletes a folder, given relative to %HOME%, with all that is in it.
    Raises NotFound when it is not installed, RemoteFailed when it is still there afterwards.
    """
    exact = _exact(arm, site, identifier)
    if exact is None:
        raise NotFound(
            f"Site extension '{identifier}' is not installed on {site.label}.",
            f"See what is: `az webapp python list {site.arguments}`.",
        )
    address, subject = f"{site.resource_id}/siteextensions/{exact}", f"the site extension '{exact}' of {site.label}"
    found = arm.call("GET", address)
    if found.status != 404:
        require_success(found, subject)
    if extension_id(_properties(found.body)).lower() not in ("", exact.lower()):
        delete_folder(f"SiteExtensions/{exact}")
    else:
        _delete(arm, site, address, exact, sleep)
    if _exact(arm, site, identifier) is not None:
        raise RemoteFailed(
            f"Site extension '{exact}' of {site.label} is still there after its deletion.",
            "A running process may hold its files: stop the app and try again.",
        )


def _delete(arm: Arm, site: Site, address: str, exact: str, sleep: Callable[[float], None]) -> None:
    """Ask for a deletion until it is gone: what a second try answers about it, 404 or 500, may come of the first."""
    for pause in (*AGAIN_PAUSES, None):
        try:
            answer = arm.call("DELETE", address)
        except UnknownOutcome as error:
            answer = ArmAnswer(504, None, error.message)
        if answer.status < 300 or _exact(arm, site, exact) is None:
            return
        if answer.status not in (*UNCERTAIN, *TAKEN, 404) or pause is None:
            require_success(answer, f"the site extension '{exact}' of {site.label}")
        sleep(pause or 0)


def _exact(arm: Arm, site: Site, identifier: str) -> str | None:
    """The id of an installed extension in the spelling that Azure has; None when it is not installed."""
    installed = [extension_id(entry) for entry in list_extensions(arm, site)]
    return next((name for name in installed if name.lower() == identifier.lower()), None)


def _seen(arm: Arm, site: Site, address: str, identifier: str) -> ArmAnswer | None:
    """What Azure knows of an installation right now; None when it knows nothing, or does not say.

    Raises RemoteFailed when it has failed.
    """
    try:
        answer = arm.call("GET", address)
    except (AccessDenied, PlatformFailed, Unreachable):
        return None
    _require_not_failed(answer, site, identifier)
    known = answer.status in (200, 201) and (extension_id(_properties(answer.body)) or "").lower() == identifier.lower()
    return answer if known else None


def _poll(arm: Arm, site: Site, address: str, identifier: str) -> ArmAnswer:
    """One look at an installation; an answer that tells nothing is one of 503, and a refusal one of 403.

    Raises RemoteFailed when the installation has failed or is gone, and what any other answer means.
    """
    try:
        answer = arm.call("GET", address, joins=True)
    except AccessDenied as error:
        return ArmAnswer(403, None, error.message)
    except (PlatformFailed, Unreachable) as error:
        if isinstance(error, Unreachable) and error.final:
            raise
        return ArmAnswer(503, None, error.message)
    _require_not_failed(answer, site, identifier)
    if answer.status == 404:
        raise RemoteFailed(
            f"Site extension '{identifier}' of {site.label} was being installed and is gone: its "
            "installation failed on the worker.",
            "Try again; a restarting SCM site interrupts it.",
        )
    if answer.status not in (*STILL_INSTALLING, 401, 403) and not _state(answer):
        require_success(answer, f"the site extension '{identifier}' of {site.label}")
    return answer


def _require_not_failed(answer: ArmAnswer, site: Site, identifier: str) -> None:
    """Raise RemoteFailed, with Kudu's comment, when an answer says that the installation has failed.

    It comes with status 200, 400 or 404: the state says what happened, not the status
    (docs/platform/az-extension.md 4.3, docs/platform/recordings/arm/siteextension_failed.json).
    """
    state = _state(answer)
    if state in ("failed", "canceled"):
        comment = _properties(answer.body).get("comment") or arm_message(answer, "Azure gave no reason")
        raise RemoteFailed(
            f"Installing site extension '{identifier}' on {site.label} ended as {state.capitalize()}: "
            f"{' '.join(str(comment).split())[:400]}"
        )


def _finished(answer: ArmAnswer) -> dict[str, Any] | None:
    """What an answer says was installed, or None while it is being installed."""
    entry = _properties(answer.body)
    done = answer.status == 200 and _state(answer) in ("succeeded", "") and extension_id(entry)
    return entry if done else None


def _state(answer: ArmAnswer) -> str:
    """The provisioning state that an answer names, in lower case; "" for one that names none."""
    return str(_properties(answer.body).get("provisioningState") or "").lower()


def _properties(body: Any) -> dict[str, Any]:
    """The flat properties out of Resource Manager's envelope, or of a bare Kudu entry."""
    if not isinstance(body, dict):
        return {}
    properties = body.get("properties")
    return dict(properties) if isinstance(properties, dict) else dict(body)
