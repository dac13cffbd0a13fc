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
    named = _slot_option(slot, name)
    if name is None or "/" not in name:
        return AppName(resource_group or None, name or None, _not_production(named), subscription)
    found = _RESOURCE_ID.fullmatch(name.strip())
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
    found = _RESOURCE_ID.fullmatch(text.strip())
    if found is None:
        return None
    return AppName(found["group"], found["name"], _not_production(found["slot"]), found["subscription"])


def _slot_option(slot: str | None, name: str | None) -> str | None:
    """Return the slot's name of --slot, which may have the app's name before it."""
    if not slot or "/" not in slot:
        return slot or None
    app, _, own = slot.partition("/")
    found = _RESOURCE_ID.fullmatch(name or "")
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
