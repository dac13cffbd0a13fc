"""The app or slot that a command line names, in each of the forms in which az and this extension print it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidInput

PRODUCTION = "production"
# https://learn.microsoft.com/rest/api/appservice/web-apps/get-slot; Resource Manager ignores the case of an id.
_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Web"
    r"/sites/(?P<name>[^/]+)(?:/slots/(?P<slot>[^/]+))?/?",
    re.IGNORECASE,
)
# Characters that no name of Azure has; in an address, what follows them would be no part of the path.
_NEVER = re.compile(r"[%?#\\]")


@dataclass(frozen=True)
class AppName:
    """Which app or slot is meant.

    resource_group, name: None where the command line names none. slot: None for the production slot.
    subscription: the one that a resource id or the command line names; None for az's current one.
    """

    resource_group: str | None
    name: str | None
    slot: str | None
    subscription: str | None = None


def read_app_name(
    resource_group: str | None,
    name: str | None,
    slot: str | None,
    subscription: str | None = None,
    group_is_default: bool = False,
) -> AppName:
    """Return the app or slot that the options --resource-group, --name, --slot and --subscription name together.

    name: `shop`, `shop/staging` as tables and Resource Manager print a slot, or the resource id of an app or slot.
    slot: `staging`, `shop/staging`, or `production` for the production slot, in any letter case.
    group_is_default: the group comes from `az configure --defaults`, so a resource id overrides it.
    Raises InvalidInput for a name that is none of these, and for options that contradict each other.
    """
    found = _read(resource_group, name, slot, subscription, group_is_default)
    for part in (found.resource_group, found.name, found.slot):
        if part is not None and _is_no_name(part):
            raise InvalidInput(
                f"'{part}' is not the name of an app, a slot or a resource group.", "Give it as the portal shows it."
            )
    return found


def _read(
    resource_group: str | None, name: str | None, slot: str | None, subscription: str | None, group_is_default: bool
) -> AppName:
    named = _slot_option(slot, name)
    if name is None or "/" not in name:
        return AppName(resource_group or None, name or None, _not_production(named), subscription)
    found = _fields(name)
    if found is None:
        app, _, own = name.partition("/")
        if not app or not own or "/" in own:
            raise InvalidInput(
                f"'{name}' is not the name of an app.",
                "Use `--name APP`, `--name APP/SLOT`, or the resource id of an app or slot.",
            )
        return AppName(resource_group or None, app, _agreed_slot(name, own, named), subscription)
    if resource_group and not group_is_default and resource_group.lower() != found["group"].lower():
        raise _contradiction(name, "--resource-group", resource_group)
    if subscription and subscription.lower() != found["subscription"].lower():
        raise _contradiction(name, "--subscription", subscription)
    return AppName(found["group"], found["name"], _agreed_slot(name, found["slot"], named), found["subscription"])


def read_resource_id(text: str) -> AppName | None:
    """Return the app or slot that a resource id names; None for any other text."""
    found = _fields(text)
    if found is None:
        return None
    return AppName(found["group"], found["name"], _not_production(found["slot"]), found["subscription"])


def _fields(text: str) -> re.Match[str] | None:
    """Return the parts of a resource id of an app or slot; None for any other text.

    One with a part that is no name is none: in an address, `#`, `?` and `..` would make another app, or the production
    slot, of it.
    """
    found = _RESOURCE_ID.fullmatch(text.strip())
    return None if found is None or any(_is_no_name(part) for part in found.groups() if part) else found


def _is_no_name(part: str) -> bool:
    return not part.strip(".") or not part.isprintable() or _NEVER.search(part) is not None


def _slot_option(slot: str | None, name: str | None) -> str | None:
    """Return the slot's name of --slot, which may have the app's name before it."""
    if not slot or "/" not in slot:
        return slot or None
    app, _, own = slot.partition("/")
    found = _fields(name or "")
    if not own or "/" in own or app.lower() != (found["name"] if found else (name or "").partition("/")[0]).lower():
        raise InvalidInput(f"'{slot}' is not the name of a slot of app '{name}'.", "Use `--slot SLOT`.")
    return own


def _agreed_slot(name: str, own: str | None, option: str | None) -> str | None:
    """Return the slot that a name and --slot mean. own: the one in the name, None for none; option: that of --slot."""
    if own is not None and option is not None and option.lower() != own.lower():
        raise _contradiction(name, "--slot", option)
    return _not_production(own or option)


def _not_production(slot: str | None) -> str | None:
    return None if slot is None or slot.lower() == PRODUCTION else slot


def _contradiction(name: str, option: str, value: str) -> InvalidInput:
    return InvalidInput(f"--name '{name}' and {option} '{value}' contradict each other.", f"Leave {option} out.")
