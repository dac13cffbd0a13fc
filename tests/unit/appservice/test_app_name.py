"""An app or slot can be named in each form in which it is printed."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.app_name import AppName, read_app_name
from azext_pythonapp.errors import InvalidInput

ID = "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Web/sites/shop"


@pytest.mark.parametrize(
    "options, expected",
    [
        (("rg", "shop", None), ("rg", "shop", None)),
        (("rg", "shop", ""), ("rg", "shop", None)),
        (("rg", "shop", "staging"), ("rg", "shop", "staging")),
        (("rg", "shop", "production"), ("rg", "shop", None)),
        (("rg", "shop", "Production"), ("rg", "shop", None)),
        (("rg", "shop/staging", None), ("rg", "shop", "staging")),
        (("rg", "shop/staging", "STAGING"), ("rg", "shop", "staging")),
        (("rg", "shop/production", "production"), ("rg", "shop", None)),
        (("rg", "shop", "shop/staging"), ("rg", "shop", "staging")),
        (("rg", None, None), ("rg", None, None)),
        ((None, None, "staging"), (None, None, "staging")),
    ],
)
def test_names(options: tuple, expected: tuple) -> None:
    assert read_app_name(*options) == AppName(*expected)


@pytest.mark.parametrize(
    "options, slot",
    [
        ((None, ID, None), None),
        (("RG", ID + "/", "production"), None),
        ((None, ID, "staging"), "staging"),
        ((None, ID.lower() + "/slots/staging", None), "staging"),
        ((None, ID + "/slots/staging", "shop/staging"), "staging"),
        ((None, ID + "/slots/production", None), None),
        ((None, ID, None, "S-1"), None),
    ],
)
def test_a_resource_id_names_everything(options: tuple, slot: str | None) -> None:
    assert read_app_name(*options) == AppName("rg", "shop", slot, "s-1")


def test_a_resource_id_goes_before_a_default_group() -> None:
    assert read_app_name("other", ID, None, None, True).resource_group == "rg"


@pytest.mark.parametrize(
    "options, told",
    [
        (("rg", "shop/staging", "other"), "--slot 'other'"),
        (("rg", "shop/staging", "production"), "--slot 'production'"),
        (("rg", "shop/production", "staging"), "--slot 'staging'"),
        (("other", ID, None), "--resource-group 'other'"),
        ((None, ID + "/slots/staging", "production"), "--slot 'production'"),
        ((None, ID, None, "s-2"), "--subscription 's-2'"),
        (("rg", "shop/a/b", None), "is not the name of an app"),
        (("rg", "/staging", None), "is not the name of an app"),
        (("rg", "shop/", None), "is not the name of an app"),
        ((None, ID + "/config/web", None), "is not the name of an app"),
        ((None, "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Web/serverfarms/p", None), "is not the name"),
        (("rg", "shop", "other/staging"), "not the name of a slot of app 'shop'"),
    ],
)
def test_contradictions_and_nonsense_are_refused(options: tuple, told: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_app_name(*options)
    assert told in error.value.message and error.value.recommendation


@pytest.mark.parametrize("name", ["shop#", "shop?x", "shop%23", "..", "a\\b"])
def test_a_name_that_would_change_the_address_is_refused(name):
    with pytest.raises(InvalidInput, match="is not the name of"):
        read_app_name("rg", name, "staging")
    with pytest.raises(InvalidInput, match="is not the name of"):
        read_app_name("rg", "shop", name)
