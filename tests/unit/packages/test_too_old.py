"""Which pip and which certifi are too old for a Python."""

from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.packages import certifi_versions, pip_versions

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("pip", "python", "expected"),
    [
        ("9.0.1", "3.6", True),  # as Microsoft's runtimes have it: the last one is 21.3.1
        ("10.0.1", "3.6", True),
        ("18.1", "3.6", False),
        ("21.3.1", "3.6", False),
        ("9.0.3", "2.7", True),
        ("19.1.1", "3.4", False),
        ("20.1", "3.8", True),
        ("23.0.1", "3.8", False),
        ("25.0.1", "3.8", False),
        ("21.3.1", "3.11", True),
        ("22.3", "3.11", False),
        ("26.3", "3.13", False),
        ("27.0", "3.13", False),
        ("not a version", "3.13", False),
    ],
)
def test_pip(pip: str, python: str, expected: bool) -> None:
    assert pip_versions.too_old(pip, python, TODAY) is expected


@pytest.mark.parametrize(
    ("certifi", "python", "expected"),
    [
        ("2018.1.18", "3.6", True),
        ("2018.01.18", "2.7", True),
        ("2018.11.29", "2.7", False),
        ("2022.5.18", "3.6", False),
        ("2022.4.1", "3.6", True),
        ("2023.11.17", "3.11", True),
        ("2023.12.1", "3.11", False),
        ("2026.10.19.post1", "3.11", False),
        ("14.05.14", "2.7", True),
        ("1.0", "3.11", True),
        ("unknown", "3.11", False),
        ("2024.99.99", "3.11", False),
    ],
)
def test_certifi(certifi: str, python: str, expected: bool) -> None:
    assert certifi_versions.too_old(certifi, python, TODAY) is expected
