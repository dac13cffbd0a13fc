"""The function that az calls: which subscriptions, and how the command ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice import account
from azext_pythonapp.appservice.account import Subscription
from azext_pythonapp.custom.inventory import list_inventory
from azext_pythonapp.operations.inventory import command
from azext_pythonapp.operations.inventory.command import Inventory
from tests.unit.fleet.test_command import Context


class NotSet(Exception):
    """What az raises for an address that a cloud does not have."""


class Endpoints:
    """Of a cloud without a portal."""

    resource_manager = "https://arm"

    @property
    def portal(self):
        raise NotSet


@pytest.fixture
def inventory(monkeypatch):
    """Runs the function with an answer that misses a part. context: az's. asked: with what the operation was called."""
    context, asked = Context(), []

    def operation(*given):
        asked.append(given)
        return Inventory([], ["Subscription x could not be read: \x1b[31mno."])

    monkeypatch.setattr(account, "subscriptions", lambda *_: [Subscription("s", "Production", "t")])
    monkeypatch.setattr(command, "inventory", operation)

    def run(**options):
        return list_inventory(SimpleNamespace(cli_ctx=context), **options)

    run.context, run.asked = context, asked
    return run


@pytest.mark.parametrize("only_errors", [True, False])
def test_what_is_missing_is_said_as_an_error(inventory, only_errors, capsys):
    inventory.context.only_show_errors = only_errors
    assert inventory() == []
    with pytest.raises(SystemExit) as end:
        for _, handler in list(inventory.context.events):
            handler(inventory.context)
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert said == ("ERROR: Subscription x could not be read: no.\n" if only_errors else "")


def test_a_cloud_without_a_portal_has_an_inventory(inventory):
    inventory.context.cloud.endpoints = Endpoints()
    assert inventory() == []
    assert inventory.asked[0][-1] == ""
