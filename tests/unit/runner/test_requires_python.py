"""Whether a package is for a Python, as the runner reads it of its metadata."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from azext_pythonapp.jobs.runner.requires_python import satisfies

BOUNDS = [">=3.6,<3.8", "<3.11", "<3.12", "<=3.11", ">3.11", "!=3.11.*", "!=3.11", "==3.11.*", "==3.11.9", "~=3.9"]
BOUNDS += ["~=3.11.2", ">=3", "<4", ">=2.7, !=3.0.*, !=3.1.*", "~=3.12", "", ">= 3.6 , < 3.11.9", "===3.11.9", ">3"]


@pytest.mark.parametrize("version", ["3.11.9", "3.12.0", "3.6.4", "2.7.18"])
def test_bounds_mean_what_pip_reads(version):
    numbers = tuple(int(each) for each in version.split("."))
    for bound in BOUNDS:
        assert satisfies(numbers, bound) == SpecifierSet(bound).contains(version), bound


@pytest.mark.parametrize("text", ["~=3", "3.8", ">=3.x", "nonsense", ">=3.8.*"])
def test_what_cannot_be_read_excludes_nothing(text):
    assert satisfies((3, 11, 9), text)
