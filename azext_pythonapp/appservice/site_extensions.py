"""Site extensions of one app through Resource Manager: list, install, delete.

The traps are Kudu's and Resource Manager's, all named in facts/az-extension.md 4 and facts/kudu.md 4.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from azext_pythonapp.appservice.arm import Arm, ArmAnswer, Site, require_success
from azext_pythonapp.appservice.errors import Conflict, NotFound, RemoteFailed, UnknownOutcome

POLL_SECONDS = 3.0
INSTALL_LIMIT_SECONDS = 20 * 60
# Resource Manager gives up on a slow install with these, while the install goes on (facts 1.6).
STILL_INSTALLING = (409, 502, 503, 504)


def extension_id(entry: Mapping[str, Any]) -> str:
    """The id of a site extension in Kudu's JSON (`id`) or Resource Manager's (`extension_id`, az-extension.md 4.4).

    entry: the flat properties, as `list_extensions` returns them.
    """
    return str(entry.get("extension_id") or entry.get("id") or "")


def list_extensions(arm: Arm, site: Site) -> list[dict[str, Any]]:
    """The installed site extensions: their properties, flat, with Kudu's names. Raises PlatformFailed."""
    answer = arm.call("GET", f"{site.resource_id}/siteextensions")
    require_success(answer, f"the site extensions of {site.label}")
    rows = answer.body.get("value") if isinstance(answer.body, dict) else answer.body
    return [_properties(row) for row in rows or []]


def install_extension(arm: Arm, site: Site, identifier: str, version: str | None = None,
                      sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Install a site extension and wait until Azure says that it is done.

    version: of the package; None takes the newest.
    Returns the properties of what was installed; its id may differ from the one asked for (Kudu redirects old ids).
    Raises what `start_install` and `await_install` raise.
    """
    answer = start_install(arm, site, identifier, version)
    return await_install(arm, site, extension_id(_properties(answer.body)) or identifier, answer, sleep)


def start_install(arm: Arm, site: Site, identifier: str, version: str | None = None) -> ArmAnswer:
    """Ask for an installation; Azure answers within 15 s whether or not it is done (facts/az-extension.md 4.5).

    Raises Conflict when it is being installed already, NotFound when no gallery has it.
    """
    body = {"properties": {"version": version} if version else {}}
    answer = arm.call("PUT", f"{site.resource_id}/siteextensions/{identifier}", body)
    if answer.status == 409:
        raise Conflict(f"Site extension '{identifier}' of {site.label} is being installed already.",
                       f"Wait for it: `az webapp python install {site.arguments} --extension-id {identifier}`.")
    if answer.status not in STILL_INSTALLING and not _state(answer):
        require_success(answer, f"the site extension '{identifier}' for {site.label}")
    return answer


def await_install(arm: Arm, site: Site, identifier: str, answer: ArmAnswer | None = None,
                  sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Poll an installation until it is done, and return the properties of what was installed.

    answer: the last answer about it; None asks at once.
    The first poll after success is what makes Azure restart the app (facts/az-extension.md 4.5).
    Raises RemoteFailed when the install failed, and UnknownOutcome when it takes more than 20 minutes.
    """
    for _ in range(int(INSTALL_LIMIT_SECONDS / POLL_SECONDS)):
        entry = _finished(answer, site, identifier) if answer else None
        if entry is not None and extension_id(entry).lower() != identifier.lower():
            # Kudu looks an id up as a substring of every package's description (facts/kudu.md 4.4).
            entry = next((row for row in list_extensions(arm, site)
                          if extension_id(row).lower() == identifier.lower()), None)
        if entry is not None:
            return entry
        if answer is not None:
            sleep(POLL_SECONDS)
        answer = arm.call("GET", f"{site.resource_id}/siteextensions/{identifier}")
        if answer.status == 404:
            raise RemoteFailed(f"Site extension '{identifier}' of {site.label} was being installed and is gone: its "
                               "installation failed on the worker.", "Try again; a restarting SCM site interrupts it.")
        if answer.status not in STILL_INSTALLING and not _state(answer):
            require_success(answer, f"the site extension '{identifier}' of {site.label}")
    raise UnknownOutcome(f"Site extension '{identifier}' of {site.label} is still not installed after "
                         f"{INSTALL_LIMIT_SECONDS // 60} minutes.",
                         f"Look again later: `az webapp python list {site.arguments}`.")


def delete_extension(arm: Arm, site: Site, identifier: str, delete_folder: Callable[[str], None]) -> None:
    """Delete an installed site extension; its runtime folder stays (facts 1.5).

    Kudu deletes the first package whose text mentions the id (facts/kudu.md 4.4). So the id is looked up in the list
    first; and where Kudu would find another package, the extension's own folder is deleted, which is all that Kudu
    does for a package without an uninstall.cmd.
    delete_folder: deletes a folder, given relative to %HOME%, with all that is in it.
    Raises NotFound when it is not installed, RemoteFailed when it is still there afterwards.
    """
    installed = [extension_id(entry) for entry in list_extensions(arm, site)]
    exact = [name for name in installed if name.lower() == identifier.lower()]
    if not exact:
        raise NotFound(f"Site extension '{identifier}' is not installed on {site.label}.",
                       f"See what is: `az webapp python list {site.arguments}`.")
    address = f"{site.resource_id}/siteextensions/{exact[0]}"
    meant = extension_id(_properties(arm.call("GET", address).body))
    if meant.lower() in ("", exact[0].lower()):
        require_success(arm.call("DELETE", address), f"the site extension '{exact[0]}' of {site.label}")
    else:
        delete_folder(f"SiteExtensions/{exact[0]}")
    if any(extension_id(entry).lower() == identifier.lower() for entry in list_extensions(arm, site)):
        raise RemoteFailed(f"Site extension '{exact[0]}' of {site.label} is still there after its deletion.",
                           "A running process may hold its files: stop the app and try again.")


def _finished(answer: ArmAnswer, site: Site, identifier: str) -> dict[str, Any] | None:
    """What an answer says was installed, or None while it is being installed; raises when it failed.

    `Failed` comes with status 200 or 400: the state says what happened, not the status (facts/az-extension.md 4.3).
    """
    entry = _properties(answer.body)
    state = _state(answer)
    if state in ("Failed", "Canceled"):
        comment = " ".join(str(entry.get("comment") or "Azure gave no reason").split())[:400]
        raise RemoteFailed(f"Installing site extension '{identifier}' on {site.label} ended as {state}: {comment}")
    done = answer.status == 200 and state in ("Succeeded", "") and extension_id(entry)
    return entry if done else None


def _state(answer: ArmAnswer) -> str:
    """The provisioning state that an answer names, "" for one that names none."""
    return str(_properties(answer.body).get("provisioningState") or "")


def _properties(body: Any) -> dict[str, Any]:
    """The flat properties out of Resource Manager's envelope, or of a bare Kudu entry."""
    if not isinstance(body, dict):
        return {}
    properties = body.get("properties")
    return dict(properties) if isinstance(properties, dict) else dict(body)
