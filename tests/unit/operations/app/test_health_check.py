"""The health check: before and after, on every instance, and what is said of it. Pages come through real sockets."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import requests

from azext_pythonapp.errors import AccessDenied, InvalidInput, PlatformFailed, Refused, RemoteFailed
from azext_pythonapp.operations.app.health_check import HealthCheck, HealthOptions, Served
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler
from tests.unit.page_server import plain, serving
from tests.unit.progress import Recorded

STOPPED = plain(403, "<p>The web app you have attempted to reach is currently stopped.</p>")
TRACEBACK = "Traceback (most recent call last): File D:\\home\\python311x64\\wfastcgi.py\nRuntimeError: not ready"
FAST = write_handler(
    None, HandlerIntent("fastCgi", "D:\\home\\p\\python.exe", "D:\\home\\p\\wfastcgi.py", "app.app")
).content


class Site:
    """An app whose page is `pages`: by instance, or under "" for who asks for none. ids: what ARM tells, or raises."""

    def __init__(self, **pages):
        self.pages = pages
        self.ids = [name for name in pages if name] or ["one"]
        self.said: list[str] = []
        self.affinity = True
        self.now = 0.0
        self._lock = threading.Lock()

    def instances(self, site):
        if isinstance(self.ids, Exception):
            raise self.ids
        return self.ids

    def answer(self, path, headers, write):
        wanted = headers.get("cookie", "").partition("ARRAffinity=")[2].partition(";")[0]
        page = self.pages.get(wanted) or next(iter(self.pages.values()))
        if callable(page):
            page = page(path)
        write(page)

    def sleep(self, seconds):
        with self._lock:
            self.now += seconds

    def check(self, server, **wish):
        session = requests.Session()
        session.trust_env = False
        site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop", affinity=self.affinity)
        app = SimpleNamespace(page_address=server.url, web=session, site=site, arm=self, progress=Recorded(self.said))
        return HealthCheck(app, HealthOptions(**wish), lambda: self.now, self.sleep)


def served(folder=None, log=None):
    return Served(
        "3.11.9", "fastCgi", folder, SimpleNamespace(where=lambda _: log and "There.", explanation=lambda: log)
    )


def proven(site, before=None, changed=True, **wish):
    """The result of a check whose page was `before` before."""
    after = site.pages
    with serving(site.answer) as server:
        check = site.check(server, **wish)
        if before is not None:
            site.pages = {"": before}
            check.fetch_before(FAST)
            site.pages = after
        check.check(FAST, served(), changed)
        return check.result


def test_before_and_after_and_every_instance():
    assert proven(Site(one=plain(200)), plain(404)) == {
        "httpStatus": 200,
        "httpStatusBefore": 404,
        "instances": [{"id": "one", "httpStatus": 200}],
    }
    assert proven(Site(a1=plain(200), b2=plain(302)), plain(200)) == {
        "httpStatus": 200,
        "httpStatusBefore": 200,
        "instances": [{"id": "a1", "httpStatus": 200}, {"id": "b2", "httpStatus": 302}],
    }


def test_a_stale_instance_is_a_failure_that_names_it():
    site = Site(a1=plain(200), b2=plain(500, "<h1>HTTP Error 500.0 - no such FastCGI application</h1>"), c3=plain(200))
    with pytest.raises(RemoteFailed) as caught:
        proven(site, plain(200))
    assert "With Python 3.11.9, http://" in caught.value.message
    assert "answered 500 on 1 of 3 instances (b2) (200 before): HTTP Error 500.0" in caught.value.message
    assert "--health-timeout" in caught.value.recommendation and "--health-path" not in caught.value.recommendation
    assert site.now >= 110, "IIS's own 500.0 counts only when the wait is over"


def test_what_each_instance_answered_is_kept_on_a_failure():
    site = Site(a1=plain(200), b2=plain(404))
    with serving(site.answer) as server:
        check = site.check(server)
        with pytest.raises(RemoteFailed):
            check.check(FAST, served())
    assert check.result["instances"] == [{"id": "a1", "httpStatus": 200}, {"id": "b2", "httpStatus": 404}]
    assert check.result["httpStatus"] == 404


def test_unreached_instance_is_not_verified():
    site = Site(a1=plain(200), b2=plain(200, Set_Cookie="ARRAffinity=a1;Path=/"))
    assert proven(site, plain(200))["instances"] == [{"id": "a1", "httpStatus": 200}, {"id": "b2", "httpStatus": None}]
    assert "was not verified on 1 of 2 instances (b2)" in site.said[-1]


def test_an_instance_that_is_gone_meanwhile_is_left_out():
    site = Site(a1=plain(200), b2=plain(200, Set_Cookie="ARRAffinity=a1;Path=/"))
    told = iter([["a1", "b2"], ["a1"]])
    site.instances = lambda _: next(told)
    assert proven(site, plain(200))["instances"] == [{"id": "a1", "httpStatus": 200}]
    assert site.said == []


def test_instances_that_azure_does_not_tell():
    site = Site(one=plain(200))
    site.ids = PlatformFailed("Azure answered 500")
    assert proven(site, plain(200)) == {"httpStatus": 200, "httpStatusBefore": 200, "instances": []}
    assert "could not be listed" in site.said[-1] and "Azure answered 500" in site.said[-1]


def test_no_instance_is_verified_without_affinity():
    site = Site(a1=plain(200), b2=plain(200))
    site.affinity = False
    assert proven(site, plain(200)) == {
        "httpStatus": 200,
        "httpStatusBefore": 200,
        "instances": [{"id": "a1", "httpStatus": None}, {"id": "b2", "httpStatus": None}],
    }
    assert "session affinity of app 'shop' is off" in site.said[-1]


def test_a_page_that_is_not_reached_is_said_and_is_no_failure():
    site = Site(one=STOPPED)
    assert proven(site, STOPPED) == {
        "httpStatus": None,
        "httpStatusBefore": None,
        "instances": [{"id": "one", "httpStatus": None}],
    }
    assert site.said[-1].startswith("Warning: ") and "was not verified" in site.said[-1] and "stopped" in site.said[-1]


def test_unreachable_page_is_found_before_any_change():
    site = Site(one=STOPPED)
    with pytest.raises(Refused, match="cannot be checked.*Nothing was changed"):
        proven(site, STOPPED, demanded=True)
    with pytest.raises(RemoteFailed, match="could not be checked"):
        proven(site, plain(200), demanded=True)
    with serving(site.answer) as server, pytest.raises(Refused, match="is stopped"):
        site.check(server, demanded=True).require_running()


def test_app_broken_before_is_reported_as_unchanged():
    site = Site(one=plain(500, "<h1>Server Error (500)</h1>"))
    assert proven(site, plain(500)) == {
        "httpStatus": 500,
        "httpStatusBefore": 500,
        "instances": [{"id": "one", "httpStatus": 500}],
    }
    assert "answered 500, as it did before" in site.said[-1] and "Server Error (500)" in site.said[-1]


@pytest.mark.parametrize(
    "page, status, warned",
    [(plain(200), 200, False), (plain(404), 404, False), (plain(500), 500, True), (STOPPED, None, True)],
)
def test_a_run_without_a_change_asks_once(page, status, warned):
    asked = []
    site = Site(one=lambda path: asked.append(path) or page)
    assert proven(site, changed=False) == {
        "httpStatus": status,
        "httpStatusBefore": status,
        "instances": [{"id": "one", "httpStatus": status}],
    }
    assert len(asked) == (3 if page is STOPPED else 1) and bool(site.said) == warned


def test_log_explains_an_error_of_the_new_python():
    site = Site(one=plain(500, TRACEBACK, Content_Type="text/plain"))
    with serving(site.answer) as server, pytest.raises(RemoteFailed) as caught:
        site.check(server).check(FAST, served("D:\\Home\\Python311x64\\", "wfastcgi.log says: RuntimeError"))
    assert caught.value.message.endswith("/ answered 500: RuntimeError: not ready.")
    assert site.now < 15 and caught.value.recommendation == "There.", "a 500 is no matter of the page's path"


@pytest.mark.parametrize(
    "page, logged, said",
    [
        (plain(500, TRACEBACK), "x.log says: RuntimeError: not ready (a.py, line 6)", ". x.log says: RuntimeError"),
        (plain(500, "<h1>Server Error</h1>"), "x.log says: KeyError: 1", "answered 500. x.log says: KeyError: 1."),
        (plain(500, "<h1>Server Error</h1>"), None, "answered 500: Server Error."),
        (plain(404, "gone"), None, "answered 404: gone."),
    ],
)
def test_the_reason_is_an_error_and_not_noise(page, logged, said):
    site = Site(one=page)
    with serving(site.answer) as server, pytest.raises(RemoteFailed) as caught:
        site.check(server).check(FAST, served(None, logged))
    assert said in caught.value.message and ".." not in caught.value.message
    assert ("--health-path" in caught.value.recommendation) == ("404" in said)
    assert ("web.config names no log" in caught.value.recommendation) == (logged is None)


@pytest.mark.parametrize(
    "pages, before, changed, sentence",
    [
        ({"one": plain(200)}, plain(200), True, "answers 200."),
        ({"one": plain(404, "nothing here")}, plain(404), True, "answers 404, from the app itself, as before."),
        ({"one": plain(404, "nothing here")}, None, False, "answers 404, from the app itself, as before."),
        (
            {"one": plain(404, "404 - File or directory not found.")},
            None,
            False,
            "answers 404, from IIS itself, as before.",
        ),
        ({"one": plain(500)}, None, False, "answers 500, as before."),
        ({"a1": plain(200), "b2": plain(200)}, plain(200), True, "answers 200 on both instances."),
        (
            {"a1": plain(200), "b2": plain(200, Set_Cookie="ARRAffinity=a1;Path=/")},
            plain(200),
            True,
            "answers 200 on 1 of 2 instances; not verified on 1 of 2 instances (b2).",
        ),
    ],
)
def test_the_last_line_about_the_page(pages, before, changed, sentence):
    site = Site(**pages)
    with serving(site.answer) as server:
        check = site.check(server)
        assert check.sentence is None
        if before is not None:
            site.pages = {"": before}
            check.fetch_before(FAST)
            site.pages = pages
        check.check(FAST, served(), changed)
        assert check.sentence == f"{check.url} {sentence}"


def test_the_last_line_claims_no_instance_that_was_not_asked():
    site = Site(a1=plain(200), b2=plain(200), c3=plain(200))
    with serving(site.answer) as server:
        check = site.check(server)
        check.check(FAST, served())
        assert check.sentence.endswith("/ answers 200 on all 3 instances.")
        site.affinity = False
        check = site.check(server)
        check.check(FAST, served())
    assert check.sentence.endswith("/ answers 200 each of 3 times; its instances cannot be asked one by one.")


def test_the_last_line_about_a_page_that_was_not_reached():
    site = Site(one=STOPPED)
    with serving(site.answer) as server:
        check = site.check(server)
        check.check(FAST, served(), False)
    assert "/ was not verified: Azure's front end answered 403" in check.sentence and ".." not in check.sentence


def test_instances_of_an_app_without_a_change_cause_no_failure():
    site = Site(a1=plain(404), b2=plain(500, "<h1>stale</h1>"))
    assert proven(site, changed=False)["instances"] == [
        {"id": "a1", "httpStatus": 404},
        {"id": "b2", "httpStatus": 500},
    ]
    assert "answered 500: stale. Nothing was changed." in site.said[-1]


def test_the_page_after_an_app_was_put_back():
    site = Site(one=plain(200))
    with serving(site.answer) as server:
        check = site.check(server)
        check.fetch_before(FAST)
        assert check.put_back_status(FAST) == 200
        site.pages = {"one": plain(500, "<h1>HTTP Error 500.0</h1>")}
        said = check.put_back_status(FAST)
        assert said.startswith(f"After that, {check.url} answered 500. See why: `az webapp python show ")
        assert site.now <= 125
        site.pages = {"one": STOPPED}
        assert check.put_back_status(FAST) is None


def test_the_path_of_app_services_own_check_is_the_default():
    configuration = SimpleNamespace(health_check_path="/healthz")
    app = SimpleNamespace(site=None, arm=SimpleNamespace(configuration=lambda site: configuration))
    assert HealthOptions().of_app(app) == HealthOptions("/healthz")
    assert HealthOptions("/", True).of_app(app) == HealthOptions("/", True), "the user's own goes before it"
    configuration.health_check_path = ""
    assert HealthOptions().of_app(app) == HealthOptions("/")

    def denied(site):
        raise AccessDenied("no")

    app.arm.configuration = denied
    assert HealthOptions().of_app(app) == HealthOptions("/")


def test_the_wait_is_said_once():
    pages = iter([plain(503)] * 3)
    site = Site(one=lambda path: next(pages, plain(200)))
    proven(site, plain(200))
    waiting = [line for line in site.said if "waiting up to 120 s" in line]
    assert len(waiting) == 1 and "answered 503 so far" in waiting[0]


def platform(limit):
    return (
        f'<configuration><system.webServer><handlers><add name="p" path="*" verb="*" modules="httpPlatformHandler"/>'
        f'</handlers><httpPlatform processPath="D:\\home\\p\\python.exe" arguments="a.py"{limit}/></system.webServer>'
        "</configuration>"
    ).encode()


@pytest.mark.parametrize(
    "content, seconds",
    [
        (FAST, 120),
        (platform(""), 120),
        (platform(' startupTimeLimit="30"'), 120),
        (platform(' startupTimeLimit="300"'), 360),
        (platform(' startupTimeLimit="3600"'), 3660),
        (platform(' startupTimeLimit="soon"'), 120),
        (platform(f' startupTimeLimit="{"9" * 5000}"'), 3660),
    ],
)
def test_the_wait_follows_the_start_up_time_limit(content, seconds):
    assert HealthOptions.from_options(path=None, seconds=None).patience(content) == seconds
    assert HealthOptions.from_options(path=None, seconds=7.5).patience(content) == 7.5


@pytest.mark.parametrize(
    "path, seconds",
    [
        ("page", None),
        ("", None),
        ("https://x/", None),
        (None, 0.0),
        (None, -1.0),
        (None, float("nan")),
        (None, float("inf")),
    ],
)
def test_options_that_cannot_be_meant(path, seconds):
    with pytest.raises(InvalidInput):
        HealthOptions.from_options(path=path, seconds=seconds)


def test_a_page_that_is_named_is_demanded():
    assert HealthOptions.from_options(path="/", seconds=None) == HealthOptions(
        "/", True
    ) and HealthOptions.from_options(path=None, seconds=None) == HealthOptions("/", False)
