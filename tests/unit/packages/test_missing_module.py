"""Which package to install for a module that a traceback calls missing."""

from __future__ import annotations

import pytest

from azext_pythonapp.operations.app.findings import what_to_correct
from azext_pythonapp.packages.missing_module import missing_module, package_of
from tests.unit.operations.shop import shop_site


@pytest.mark.parametrize(
    "text, module",
    [
        ("ModuleNotFoundError: No module named 'yaml'", "yaml"),
        ("ImportError: No module named flask.ext", "flask"),
        ("ModuleNotFoundError: No module named 'a'\nModuleNotFoundError: No module named 'google.cloud'", "google"),
        ("ImportError: cannot import name 'x' from 'y'", None),
        ("No module named ''", None),
    ],
)
def test_a_missing_module_is_found(text, module):
    assert missing_module(text) == module


def test_known_packages_have_their_names():
    assert [package_of(name) for name in ("PIL", "yaml", "flask", "MySQLdb")] == [
        "pillow",
        "pyyaml",
        "flask",
        "mysqlclient",
    ]


def test_the_advice_never_installs_the_app_itself():
    error = "ModuleNotFoundError: No module named '{}'"
    advice = what_to_correct(shop_site(), error.format("yaml"), "shop.app")
    assert "`az webapp python package install -g rg -n shop --packages pyyaml`" in advice
    for entry_point in ("shop.wsgi.app", "shop:app", "shop"):
        assert "package install" not in what_to_correct(shop_site(), error.format("shop"), entry_point)
    assert what_to_correct(shop_site(), "ValueError: 1", None) == ""
