"""The app that the unit tests of operations work on, as Resource Manager describes it."""

from __future__ import annotations

from azext_pythonapp.appservice.site import Site


def shop_site(state: str = "Running") -> Site:
    """The app 'shop' of resource group 'rg'."""
    host = "shop.azurewebsites.net"
    return Site("shop", "rg", None, "/sites/shop", host, "shop.scm.azurewebsites.net", state)
