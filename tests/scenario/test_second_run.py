"""A second run right after a good one finds nothing to do, says so, and sends nothing that could change the app."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming, web_root


@pytest.mark.parametrize(
    "sample, version, handler, slot",
    [
        ("flask_hello", "3.8.10", "fastcgi", None),
        ("flask_hello", "3.8.10", "fastcgi", "staging"),
        ("waitress_hello", "3.11.9", "httpplatform", None),
    ],
)
def test_nothing_is_changed(azure, az, apps, sample, version, handler, slot):
    site = apps.prepared(sample, version, handler, slot)
    config = (web_root(site) / "web.config").read_bytes()
    before, restarts = len(azure.mutating_requests()), site.restarts

    answers = [
        az("webapp python set-version", *naming(site), "--version", version, "--handler", handler).json,
        az("webapp python install-requirements", *naming(site)).json,
    ]

    assert [(answer["changed"], answer["changes"]) for answer in answers] == [(False, [])] * 2
    assert azure.mutating_requests()[before:] == []
    assert site.restarts == restarts
    assert (web_root(site) / "web.config").read_bytes() == config
    page = apps.get(site)
    assert (page.status_code, f"on Python {version}" in page.text) == (200, True), page.text
