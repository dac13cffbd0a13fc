"""--uploaded-prior-to: one form for pip and uv, and what each of them is given."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.packages import cooldown, pip, pip_versions, uv
from azext_pythonapp.packages.pip import JobFile


@pytest.mark.parametrize(
    "text, expected",
    [
        (None, None),
        ("P7D", "P7D"),
        ("p2w", "P14D"),
        (" P0D ", "P0D"),
        ("P99999D", "P99999D"),
        ("0999-01-01", "0999-01-01T00:00:00Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T12:30:00", "2026-11-01T12:30:00Z"),
        ("2026-11-01T12:30:00Z", "2026-11-01T12:30:00Z"),
        ("2026-11-01T12:30:00+02:00", "2026-11-01T10:30:00Z"),
    ],
)
def test_one_form_for_both(text: str | None, expected: str | None) -> None:
    assert cooldown.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7D",
        "P7",
        "P1M",
        "P0.5D",
        "PT5H",
        "P-7D",
        "P999999D",
        "yesterday",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--uploaded-prior-to is .*neither a number of days nor a date") as caught:
        cooldown.parse(text)
    assert "P7D" in str(caught.value.recommendation)


def test_pip_and_uv_are_told() -> None:
    options = parse_options(uploaded_prior_to="P1W")
    assert ("--uploaded-prior-to", "P7D") == pip.install(JobFile("r"), options).arguments[1:3]
    assert ("--exclude-newer", "P7D") == uv.install(JobFile("r"), options)[0][:2]
    assert options.normalised() == {"uploaded_prior_to": "P7D"}
    assert options.features == [], "pip is not upgraded for it: the newest one could be too new"


@pytest.mark.parametrize(
    "value, pip_version, missing",
    [("P7D", "26.0.1", True), ("P7D", "26.1", False), ("2026-11-01T00:00:00Z", "26.0", False), ("P7D", "25.3", True)],
)
def test_which_pip_knows_it(value: str, pip_version: str, missing: bool) -> None:
    assert bool(pip_versions.missing([cooldown.feature_of(value)], pip_version)) is missing
