"""What `package check` advises."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.operations.package.query import _repair
from tests.unit.operations.shop import shop_site

APP = SimpleNamespace(site=shop_site())


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        ("flask 3.0.3 requires werkzeug, which is not installed.", "--packages werkzeug`."),
        ("flask 3.0.3 has requirement Werkzeug>=3.0.0, but you have werkzeug 1.0.0.", '--packages "Werkzeug>=3.0.0"`.'),
        ('x 1 has requirement b<5,>=1.1; python_version < "3.8", but you have b 6.0.', '--packages "b<5,>=1.1"`.'),
    ],
)
def test_what_is_missing_is_named(problem, wanted):
    assert (_repair(APP, [problem, problem]) or "").endswith(wanted)


def test_nothing_is_advised_when_pip_does_not_say_what():
    assert _repair(APP, ["x 1.0 is not supported on this platform"]) is None
