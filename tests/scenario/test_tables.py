"""Tables on a terminal and in a pipe, empty lists, and what `package freeze` gives a file."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.terminal import az_in_terminal


def test_empty_lists_say_what_to_do_next(az, apps):
    site = apps.new()
    app = f"app '{site.name}'"
    for command, told, advised in (
        ("job list", f"No jobs on {app} yet.", "install-requirements"),
        ("list-versions --version 3.15", f"There is no Python 3.15 for {app}.", "list-versions"),
        ("list-versions --version 3.14", f"There is no Python 3.14 for {app}. Pre-releases:", "--pre"),
        ("list-versions --version 3.6 --supported", "There is no Python 3.6 that still gets", "list-versions"),
    ):
        for output in ("table", "json"):
            done = az(f"webapp python {command} --output {output}", *naming(site))
            assert told in done.stderr and advised in done.stderr and f"-n {site.name}" in done.stderr, done
            assert done.stdout.strip() in ("", "[]"), done
    assert az("webapp python job list --only-show-errors", *naming(site)).stderr == ""


def test_a_frozen_app_is_a_requirements_file(az, apps):
    site = apps.prepared("wsgi_hello")
    frozen = az("webapp python package freeze --output tsv", *naming(site)).stdout.splitlines()
    assert frozen and all("==" in line and "\t" not in line for line in frozen), frozen
    rows = az("webapp python package freeze", *naming(site)).json
    assert [row["requirement"] for row in rows] == frozen
    names = az('webapp python package freeze --query "[].name" --output tsv', *naming(site)).stdout.splitlines()
    assert names == [row["name"] for row in rows]


def test_use_is_not_denied_where_it_cannot_be_told(az, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "web.config").write_text("<configuration>", encoding="utf-8")
    (row,) = [row for row in az("webapp python list", *naming(site)).json if row["version"] == "3.8.10"]
    assert row["inUse"] is False and row["inUseUnknown"] is True
    line = az("webapp python list --output table", *naming(site)).stdout.splitlines()[2]
    assert line.split()[:4] == ["3.8.10", "x64", "siteExtension", "?"]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_is_as_wide_as_the_terminal(az, apps, columns):
    site = apps.prepared("wsgi_hello")
    with az_in_terminal(az, "webapp python list-versions -o table", *naming(site), columns=columns) as terminal:
        assert terminal.end() == 0
    assert terminal.screen.broken == [], terminal.screen
    whole = "azureappservice-python364x64" in terminal.screen.text
    assert whole == (columns == 120) and "364x64" in terminal.screen.text, terminal.screen


def test_a_cut_is_visible_without_unicode(az, apps):
    site = apps.prepared("wsgi_hello")
    done = az("webapp python list-versions -o table", *naming(site), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "..." in done.stdout and "364x64" in done.stdout and done.stdout.isascii(), done
