"""Homes that cannot be written to: the plan says so, and a dry run promises nothing that the run would refuse."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged


@pytest.mark.parametrize("how", ["package", "switch", "full"])
def test_the_plan_refuses_what_could_not_be_written(az, azure, apps, how):
    site = apps.prepared("wsgi_hello")
    if how == "package":
        site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = "1"
    elif how == "switch":
        site.switches.wwwroot_read_only = True
    else:
        site.switches.home_full = True
    with unchanged(azure, site):
        for more in (("--dry-run",), ()):
            for command in ("set-version --version 3.11.9", "web-config set --env A=B"):
                failed = az(f"webapp python {command}", *naming(site), *more, expect=1)
                assert ("is full" if how == "full" else "--output-file") in failed.stderr, failed
                assert f"app '{site.name}'" in failed.stderr
        same = az("webapp python set-version --version 3.8", *naming(site)).json
        assert same["changed"] is False and same["verification"]["importOk"] is True
        assert az("webapp python web-config diff --env A=B", *naming(site)).json["changed"] is True


def test_packages_are_not_begun_in_a_full_home(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    site.switches.home_full = True
    with unchanged(azure, site):
        for command in ("install-requirements", "package install --packages six", "install --version 3.11.9"):
            failed = az(f"webapp python {command} --dry-run", *naming(site), expect=1)
            assert "is full" in failed.stderr, failed
