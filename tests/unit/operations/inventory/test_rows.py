"""One row: two requests to the SCM site, the words of `show`, and an error that ends nothing."""

from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.errors import AccessDenied, NotFound
from azext_pythonapp.operations.inventory.rows import detailed_row, plain_row
from azext_pythonapp.operations.inventory.selection import ListedApp
from tests.unit.operations.app.test_observe import Azure, web_config

DAY = date(2026, 11, 27)
ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
NO_PYTHON = "pythonapp-home D:\\home \r\npythonapp-folder site\r\n"


def listed(**other):
    fields = {
        "id": ID,
        "subscription": "sub",
        "group": "rg",
        "name": "shop",
        "slot": None,
        "state": "Running",
        "host": "shop.azurewebsites.net",
        "scm_host": "shop.scm.azurewebsites.net",
    }
    return ListedApp(**(fields | other))


@pytest.fixture
def azure():
    found = Azure()
    found.remember_files = lambda: None
    found.closed = []
    found.close = lambda: found.closed.append("the SCM site")
    found.folders = {"python364x64/Lib/site-packages": ["flask", "Flask-2.0.3.dist-info", "six-1.17.0.dist-info"]}
    return found


def row(azure, **other):
    def opened(site):
        azure.app.site = site
        return azure.app

    return detailed_row(listed(**other), opened, DAY)


def test_a_row_says_what_the_app_runs(azure):
    found = row(azure)
    assert found == plain_row(listed()) | {
        "runtime": {"version": "3.6.4", "support": "endOfLife", "endOfLife": "2021-12-23"},
        "handler": "fastCgi",
        "entryPoint": "app.app",
        "packages": [{"name": "flask", "version": "2.0.3"}, {"name": "six", "version": "1.17.0"}],
    }


def test_nothing_is_asked_of_resource_manager(azure):
    row(azure)
    assert azure.closed == ["the SCM site"], "no connection is kept"
    assert not [each for each in azure.asked if each.startswith(("GET", "POST"))]
    assert [each for each in azure.asked if not each.startswith("list")].count("run the survey") == 1


def test_an_app_without_python_is_nothing_to_warn_of(azure):
    azure.files, azure.printed = {}, NO_PYTHON
    found = row(azure, state="Stopped")
    assert (found["runtime"], found["warnings"], found["error"], found["packages"]) == (None, [], None, None)
    assert azure.asked.count("GET config/web") == 0


def test_path_mappings_are_asked_for_an_unused_python(azure):
    azure.files = {"site/wwwroot/public/web.config": web_config()}
    azure._mapping = "site\\wwwroot\\public"
    found = row(azure)
    assert found["runtime"]["version"] == "3.6.4"
    assert azure.asked.count("GET config/web") == 1


def test_an_entry_point_in_the_app_settings_is_not_asked_for(azure):
    azure.files = {"site/wwwroot/web.config": web_config(entry_point="")}
    found = row(azure)
    assert found["entryPoint"] is None
    assert "were not read" in found["warnings"][-1]


def test_a_stopped_app_says_so(azure):
    assert [each for each in row(azure, state="Stopped")["warnings"] if "is stopped" in each]


@pytest.mark.parametrize(("error", "code"), [(AccessDenied("No rights.", "Ask."), 1), (NotFound("It is gone."), 3)])
def test_an_error_is_a_part_of_the_row(azure, error, code):
    azure.broken["run the survey"] = error
    found = row(azure, slot="staging", id=f"{ID}/slots/staging")
    assert found["error"]["code"] == code
    assert found["error"]["message"].startswith("App 'shop' (slot 'staging'): ")
    assert found["runtime"] is None and found["packages"] is None


def test_an_unforeseen_error_ends_nothing(azure):
    azure.broken["run the survey"] = ZeroDivisionError("by\nzero")
    assert row(azure)["error"]["message"] == "It could not be read: ZeroDivisionError: by zero"
    assert azure.closed == ["the SCM site"]


def test_an_app_without_an_scm_site_is_told(azure):
    found = row(azure, scm_host="")
    assert "no SCM site" in found["error"]["message"] and azure.asked == []
