"""Old pips: which requirement upgrades them, and what no pip of that Python can do."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.packages.pip_versions import missing, upgrade_for


@pytest.mark.parametrize(
    "features, pip, python, requirement",
    [
        ([], "1.0", "3.6.4", None),
        (["--only-binary"], "6.1.1", "2.7.14", "pip<=20.3.4"),
        (["--only-binary"], "7.0", "2.7.14", None),
        (["--prefer-binary"], "9.0.1", "3.6.4", "pip<=21.3.1"),
        (["--prefer-binary", "--retries"], "21.3.1", "3.6.4", None),
        (["--require-hashes"], "7.1", "3.11.9", "pip"),
        (["--require-hashes"], None, "3.6.4", None),
        (["--no-such-option"], "1.0", "3.6.4", None),
    ],
)
def test_pip_is_upgraded_only_when_an_option_needs_it(features, pip, python, requirement):
    assert upgrade_for(features, pip, python) == requirement


def test_what_no_pip_of_that_python_can_do_is_refused():
    with pytest.raises(Refused, match=r"--use-feature needs pip 20.0, and the last pip for Python 3.4.4 is 19.1.1"):
        upgrade_for(["--use-feature"], "9.0.1", "3.4.4")


def test_missing():
    assert missing(["check", "--format=json"], "8.1.2") == ["check", "--format=json"]
    assert missing(["check"], "9.0.1") == missing(["check"], "not a version") == []
