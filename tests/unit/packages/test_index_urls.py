"""Credentials in the addresses of package indexes: the same for every pip, or a newer pip is asked for."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.packages.index_urls import for_any_pip, needs_decoding
from azext_pythonapp.packages.pip import environment
from azext_pythonapp.packages.pip_versions import upgrade_for


@pytest.mark.parametrize(
    "url, plain",
    [
        ("https://me%40corp:token@host/simple/", "https://me@corp:token@host/simple/"),
        ("https://me%40corp@host/simple/", "https://me@corp@host/simple/"),
        ("https://me%40corp:@host/simple/", "https://me@corp:@host/simple/"),
        ("https://me:p%40s%3As%21@host:8080/a%20b/?q=%40", "https://me:p@s:s!@host:8080/a%20b/?q=%40"),
    ],
)
def test_credentials_that_every_pip_sends_unchanged_are_decoded(url, plain):
    assert for_any_pip(url) == plain
    assert not needs_decoding(plain)


@pytest.mark.parametrize(
    "url",
    [
        "https://me%40corp:p%2Fss@host/simple/",
        "https://a%3Ab:c@host/",
        "https://me:100%25@host/",
        "https://me:a%20b@host/",
        "https://me:%23%3F@host/",
        "https://me:s%C3%BC%C3%9F@host/",
        "https://me:a%5Eb@host/",
    ],
)
def test_credentials_that_need_a_newer_pip(url):
    assert for_any_pip(url) == url
    assert needs_decoding(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://host/simple/",
        "https://me:token@host/simple/",
        "https://me@corp:100%@host/",
        "https://host/a%40b/",
        "https://host/me%40corp:x@y/",
        "not an address",
        "file:///D:/home/a%40b",
    ],
)
def test_what_has_nothing_to_decode_stays(url):
    assert for_any_pip(url) == url
    assert not needs_decoding(url)


def test_both_options_reach_pip_so():
    options = parse_options(index_url="https://me%40corp:token@a/", extra_index_url=["https://b/", "https://u:%24@c/"])
    assert environment(options) == {
        "PIP_INDEX_URL": "https://me@corp:token@a/",
        "PIP_EXTRA_INDEX_URL": "https://b/ https://u:$@c/",
    }
    assert upgrade_for(options.features, "9.0.1", "3.6.4") is None
    assert environment(parse_options()) == {}


def test_an_old_pip_is_upgraded_first_where_it_can_be():
    extra = parse_options(extra_index_url=["https://me:p%2Fss@a/"])
    assert upgrade_for(extra.features, "9.0.1", "3.6.4") == "pip<=21.3.1"
    assert upgrade_for(extra.features, "21.3.1", "3.6.4") is None
    only = parse_options(index_url="https://me:p%2Fss@a/")
    with pytest.raises(Refused, match="pip 9.0.1 of Python 3.6.4 cannot sign in") as caught:
        upgrade_for(only.features, "9.0.1", "3.6.4")
    assert '--packages "pip<=21.3.1"' in caught.value.recommendation
    assert upgrade_for(only.features, "10.0.0", "3.6.4") is None
    unused = parse_options(index_url="https://me:p%2Fss@a/", no_index=True)
    assert upgrade_for(unused.features, "9.0.1", "3.6.4") is None
