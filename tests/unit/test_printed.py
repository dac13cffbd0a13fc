"""Versions and ids are options in the form in which they are printed."""

from __future__ import annotations

import pytest

from azext_pythonapp.custom.printed import id_as_printed, version_as_printed
from azext_pythonapp.errors import InvalidInput


@pytest.mark.parametrize(
    "version, architecture, expected",
    [
        ("3.11.9", None, ("3.11.9", None)),
        ("3.11.9 x64", None, ("3.11.9", "x64")),
        ("Python 3.11.9 x86", "x86", ("3.11.9", "x86")),
        ("python 3.14.0rc1", "x64", ("3.14.0rc1", "x64")),
        ("3.11.9?", None, ("3.11.9", None)),
        ("latest", None, ("latest", None)),
        (" 3.11 ", None, ("3.11", None)),
        ("three and more", None, ("three and more", None)),
        (None, "x64", (None, "x64")),
    ],
)
def test_versions(version, architecture, expected):
    assert version_as_printed(version, architecture) == expected


def test_an_architecture_that_contradicts_is_refused():
    with pytest.raises(InvalidInput, match="contradict each other") as error:
        version_as_printed("3.11.9 x64", "x86")
    assert "--arch" in error.value.recommendation


def test_ids():
    extension = id_as_printed("siteextensions/azureappservice-python364x64", "--extension-id", "siteextensions/")
    assert extension == "azureappservice-python364x64"
    assert id_as_printed(" jobs/20261126-155713-fc54", "--job-id", "jobs/") == "20261126-155713-fc54"
    assert id_as_printed("20261126-155713-fc54 ", "--change-id") == "20261126-155713-fc54"
    assert id_as_printed(None, "--job-id", "jobs/") is None


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_version_is_not_the_default(value):
    with pytest.raises(InvalidInput, match="^--version is empty.$"):
        version_as_printed(value, None)


@pytest.mark.parametrize("value", ["", " ", "jobs/"])
def test_an_empty_id_is_not_the_default(value):
    with pytest.raises(InvalidInput, match="^--job-id is empty.$"):
        id_as_printed(value, "--job-id", "jobs/")
