"""What the tests of jobs share."""

from __future__ import annotations

import pytest


@pytest.fixture
def alone(monkeypatch):
    """No other job does the same."""
    monkeypatch.setattr("azext_pythonapp.operations.package.change.running_same", lambda *arguments: None)
