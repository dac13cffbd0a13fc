"""What `show --check` says of a page: who answered, why, and what to do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.page import Page
from azext_pythonapp.appservice.site import SiteConfiguration
from azext_pythonapp.errors import AccessDenied
from azext_pythonapp.operations.app import page_check
from azext_pythonapp.operations.app.page_check import Start, check_page
from azext_pythonapp.url_secrets import masked
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

START = Start("fastCgi", "shop.wsgi.app")
SCRIPT = r"D:\home\python3119x64\wfastcgii.py"
URL = "https://shop.azurewebsites.net/"


class Log:
    """A server's log: what it says of the request, and what it had before."""

    exists = True

    def __init__(self, new=None, old=None):
        self.new, self.old = new, old

    def explanation(self):
        return self.new

    def earlier(self):
        return self.old

    def where(self, without_reason):
        return "The whole log: https://…" if not without_reason else "The log has no traceback."


@pytest.fixture
def checked(monkeypatch):
    """Check the page of the app 'shop', which answers with a page."""

    def check(page, log=None, health="", state="Running", content=b"<configuration/>", start=START):
        fetched = []

        def configuration(site):
            if health is None:
                raise AccessDenied("no")
            return SiteConfiguration.from_properties({"healthCheckPath": health})

        monkeypatch.setattr(page_check, "fetch_page", lambda web, url: fetched.append(url) or page)
        monkeypatch.setattr(page_check, "ServerLog", lambda app, content: log or Log())
        app = SimpleNamespace(
            site=shop_site(state), web=None, progress=Recorded(), page_address=URL[:-1], arm=SimpleNamespace()
        )
        app.arm.configuration = configuration
        found = check_page(app, content, start)
        assert [masked(url) for url in fetched] == ([] if state == "Stopped" else [found.url])
        assert not fetched or fetched[0].endswith(health or "/")
        return found

    return check


def test_a_good_page(checked):
    found = checked(Page(200, ""))
    assert found.to_dict() == {"url": URL, "httpStatus": 200} and found.findings == ()


@pytest.mark.parametrize("health, path", [("/healthz", "/healthz"), ("", "/"), (None, "/")])
def test_the_page_is_that_of_the_apps_own_health_check(checked, health, path):
    assert checked(Page(200, ""), health=health).url == URL[:-1] + path


def test_a_page_that_never_reached_the_app_says_nothing_about_it(checked):
    found = checked(Page(403, "Ip Forbidden", not_reached="the front end refused this address"))
    assert found.status is None
    assert found.findings[0].message == f"{URL} of app 'shop' was not verified: the front end refused this address."


def test_a_stopped_app_is_not_asked(checked):
    assert checked(None, state="Stopped").status is None


def test_a_page_elsewhere_is_not_the_apps(checked):
    found = checked(Page(302, "", elsewhere="login.microsoftonline.com"))
    assert found.status == 302 and "leads to login.microsoftonline.com" in found.findings[0].message


def test_the_log_explains_an_error(checked):
    page = Page(500, "Internal Server Error")
    new, old = "wfastcgi.log says: KeyError: 1", "wfastcgi.log, written at 2026, says: KeyError: 2"
    (finding,) = checked(page, Log(new, old)).findings
    assert finding.message == f"{URL} of app 'shop' answers 500: Internal Server Error. {new}."
    assert finding.advice == "The whole log: https://…"
    assert checked(page, Log(None, old)).findings[0].message.endswith(f"{old}.")
    assert checked(page).findings[0].advice == "The log has no traceback."
    assert "web-config set" not in checked(page, content=None).findings[0].advice


def test_a_page_without_an_answer_has_no_status(checked):
    found = checked(Page(None, "the connection was reset"))
    assert found.status is None and "does not answer: the connection was reset." in found.findings[0].message


def test_the_package_of_a_missing_module_is_advised(checked):
    page = Page(500, "ModuleNotFoundError: No module named 'yaml'", "Traceback…")
    assert "--packages pyyaml`" in checked(page).findings[0].advice


@pytest.mark.parametrize(
    "page", [Page(200, ""), Page(500, "KeyError: https://u:hidden@h/"), Page(None, "", not_reached="/h?c=hidden")]
)
def test_a_key_in_the_path_stays_out_of_the_answer(checked, page):
    found = checked(page, health="/healthz?code=hidden")
    assert found.url == f"{URL}healthz?****" and "hidden" not in f"{found.to_dict()} {found.findings}"


def test_what_page_and_log_both_say_is_told_once(checked):
    error = "ModuleNotFoundError: No module named 'yaml'"
    (finding,) = checked(Page(500, error), Log(f"wfastcgi.log in LogFiles says: {error} (app.py, line 1)")).findings
    assert finding.message.count(error) == 1 and finding.message.endswith("(app.py, line 1).")


def test_the_log_of_before_is_no_reason_of_a_python_that_is_gone(checked):
    log = Log(None, "wfastcgi.log says: ModuleNotFoundError: No module named 'yaml'")
    (finding,) = checked(Page(500, "500.0"), log, start=Start("fastCgi", "app.app", impossible=True)).findings
    assert str(finding) == f"{URL} of app 'shop' answers 500: 500.0."


def test_an_entry_point_that_is_not_in_its_module_is_named(checked):
    page = Page(500, "AttributeError: module 'shop.wsgi' has no attribute 'app'")
    (finding,) = checked(page).findings
    assert finding.advice == (
        "The entry point is shop.wsgi.app, and module 'shop.wsgi' has no 'app'. Name the one that it has: "
        "`az webapp python web-config set -g rg -n shop --app MODULE:OBJECT`."
    )
    for other in ("module 'numpy' has no attribute 'int'", "module 'shop.wsgi' has no attribute 'other'"):
        assert "--app" not in checked(Page(500, f"AttributeError: {other}")).findings[0].advice


@pytest.mark.parametrize("there", [True, False, None, AccessDenied("no")])
def test_a_script_that_is_not_there_is_the_reason(checked, monkeypatch, there):
    def is_there(app, path):
        assert path == SCRIPT
        if isinstance(there, Exception):
            raise there
        return there

    monkeypatch.setattr(page_check, "is_there", is_there)
    start = Start("fastCgi", "shop.wsgi.app", script=SCRIPT, version="3.11.9")
    (finding,) = checked(Page(500, "500.0"), start=start).findings
    gone = f"web.config starts {SCRIPT}, which is not there."
    again = "`az webapp python set-version -g rg -n shop --version 3.11.9`"
    assert (gone in finding.message, again in finding.advice) == (there is False, there is False)
    assert checked(Page(200, ""), start=start).findings == ()


def test_a_pythons_own_script_comes_with_its_installation(checked, monkeypatch):
    monkeypatch.setattr(page_check, "is_there", lambda app, path: False)
    start = Start("fastCgi", "shop.wsgi.app", script=SCRIPT, version="3.11.9", own_script=True)
    (finding,) = checked(Page(500, "500.0"), start=start).findings
    assert finding.advice == (
        "Install that Python again: `az webapp python uninstall -g rg -n shop --version 3.11.9 --force`, then "
        "`az webapp python set-version -g rg -n shop --version 3.11.9`."
    )
