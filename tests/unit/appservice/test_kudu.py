"""The product's Kudu client over a real socket, against the local Azure's SCM site on a worker without Windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
import requests
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.errors import AccessDenied, Conflict, NotFound, PlatformFailed, UnknownOutcome, Unreachable
from tests.local_azure import login
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import LinuxAzure
from tests.unit.passing_time import Time, ends_without_result

TOKEN = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
LABEL = "app 'shop'"


@pytest.fixture
def client(site: Site, session: requests.Session, time_passed: Time, said: list[str]) -> Callable[..., Kudu]:
    """Makes a client of the app's SCM site; basic: the publishing credentials, None where they are not allowed."""

    def make(basic: tuple[str, str] | None = None, token: str = TOKEN) -> Kudu:
        credentials = ScmCredentials(site.scm_host, lambda: token, lambda: basic)
        return Kudu(
            session, site.scm_host, credentials, LABEL, said.append, clock=time_passed.clock, sleep=time_passed.sleep
        )

    return make


@pytest.fixture
def kudu(client: Callable[..., Kudu]) -> Kudu:
    """A client with a good token."""
    return client()


@pytest.fixture
def time_passed() -> Time:
    """The clients' clock."""
    return Time()


@pytest.fixture
def said() -> list[str]:
    """What the clients told the person."""
    return []


def home(site: Site, path: str) -> bytes:
    """The bytes of a file of the app."""
    return (site.machine.home / path).read_bytes()


def answer_with(azure: LinuxAzure, site: Site, make: Callable[[], Response]) -> list[Request]:
    """Let something else than Kudu answer at the SCM host; returns the list of what it is asked."""
    asked: list[Request] = []

    async def other(scope, receive, send) -> None:
        asked.append(Request(scope))
        await make()(scope, receive, send)

    azure.serve(site.scm_host, other)
    return asked


class TestFiles:
    """Reading and writing below %HOME%."""

    def test_a_listing_tells_files_from_folders(self, kudu, site):
        (site.machine.home / "site/wwwroot/app.py").write_bytes(b"x" * 12)
        (site.machine.home / "site/wwwroot/static").mkdir()
        entries = {entry.name: entry for entry in kudu.list_directory("site/wwwroot")}
        assert entries["app.py"].size == 12 and not entries["app.py"].is_directory
        assert entries["app.py"].path == r"D:\home\site\wwwroot\app.py"
        assert entries["static"].is_directory

    def test_listing_what_is_not_there_is_not_found(self, kudu):
        with pytest.raises(NotFound, match="site/nothing was not found on app 'shop'"):
            kudu.list_directory("site/nothing")

    def test_a_file_comes_with_its_etag_and_the_servers_clock(self, kudu, site):
        (site.machine.home / "a b#%ü.txt").write_bytes(b"\xef\xbb\xbfhello\r\n")
        found = kudu.read("a b#%ü.txt")
        assert found.content == b"\xef\xbb\xbfhello\r\n" and found.etag.strip('"')
        assert abs((datetime.now(timezone.utc) - found.server_time).total_seconds()) < 5

    def test_reading_what_is_not_there_is_not_found(self, kudu):
        with pytest.raises(NotFound):
            kudu.read("site/wwwroot/web.config")

    def test_reading_on_gives_only_what_is_new(self, kudu, site):
        log = site.machine.home / "log.txt"
        log.write_bytes(b"one\n")
        assert kudu.read_from("log.txt", 0) == b"one\n"
        assert kudu.read_from("log.txt", 4) == b""
        with log.open("ab") as file:
            file.write(b"two\n")
        assert kudu.read_from("log.txt", 4) == b"two\n"

    def test_a_new_file_is_made_with_its_folder(self, kudu, site):
        etag = kudu.write("data/new/file.txt", b"1", None)
        assert home(site, "data/new/file.txt") == b"1"
        assert kudu.read("data/new/file.txt").etag == etag

    def test_a_file_that_must_not_exist_yet_is_not_overwritten(self, kudu, site):
        (site.machine.home / "file.txt").write_bytes(b"theirs")
        with pytest.raises(Conflict):
            kudu.write("file.txt", b"mine", None)
        assert home(site, "file.txt") == b"theirs"

    def test_a_file_that_somebody_changed_is_not_overwritten(self, kudu, site):
        etag = kudu.write("file.txt", b"1", None)
        etag = kudu.write("file.txt", b"22", etag)
        time.sleep(0.01)
        (site.machine.home / "file.txt").write_bytes(b"theirs")
        with pytest.raises(Conflict, match="file.txt"):
            kudu.write("file.txt", b"333", etag)
        assert home(site, "file.txt") == b"theirs"
        kudu.write("file.txt", b"333")
        assert home(site, "file.txt") == b"333"

    def test_a_locked_file_is_a_conflict_with_kudus_reason(self, kudu, site):
        site.switches.vfs_conflict_times = 1
        with pytest.raises(Conflict, match="being used by another process"):
            kudu.write("file.txt", b"1", None)

    def test_deleting_is_guarded_and_can_be_repeated(self, kudu, site):
        etag = kudu.write("file.txt", b"1", None)
        time.sleep(0.01)
        kudu.write("file.txt", b"22")
        with pytest.raises(Conflict):
            kudu.delete("file.txt", etag)
        kudu.delete("file.txt")
        kudu.delete("file.txt")
        assert not (site.machine.home / "file.txt").exists()

    def test_a_folder_is_deleted_with_all_in_it(self, kudu, site):
        kudu.upload("data/x", {"a.txt": b"1", "sub/b.txt": b"2"})
        kudu.delete_directory("data/x")
        kudu.delete_directory("data/x")
        assert not (site.machine.home / "data/x").exists()

    def test_an_upload_is_one_request_and_leaves_other_files_alone(self, kudu, site, azure):
        (site.machine.home / "data/x").mkdir(parents=True)
        (site.machine.home / "data/x/old.txt").write_bytes(b"old")
        before = len(azure.requests)
        kudu.upload("data/x", {"a.txt": b"1", "sub/b ü.txt": b"2"})
        assert len(azure.requests) == before + 1
        assert (home(site, "data/x/old.txt"), home(site, "data/x/a.txt"), home(site, "data/x/sub/b ü.txt")) == (
            b"old",
            b"1",
            b"2",
        )

    def test_a_read_only_wwwroot_is_a_conflict(self, kudu, site):
        site.switches.wwwroot_read_only = True
        with pytest.raises(Conflict):
            kudu.write("site/wwwroot/web.config", b"<configuration />", None)

    @pytest.mark.parametrize("drive", ["C:", "D:"])
    def test_home_is_where_the_worker_has_it_and_asked_once(self, kudu, site, azure, drive):
        site.switches.home_drive = drive
        before = len(azure.requests)
        assert (kudu.home(), kudu.home()) == (drive + r"\home", drive + r"\home")
        assert len(azure.requests) == before + 1


class TestCommands:
    """/api/command."""

    def test_output_error_and_exit_code(self, kudu):
        result = kudu.run("echo out; echo err >&2; exit 7")
        assert (result.output.strip(), result.error.strip(), result.exit_code) == ("out", "err", 7)

    def test_it_runs_where_it_is_told(self, kudu, site):
        (site.machine.home / "site/wwwroot/here.txt").write_bytes(b"")
        assert "here.txt" in kudu.run("ls", "site\\wwwroot").output

    @pytest.mark.parametrize("cut", [502, 504, "closed"])
    def test_a_cut_connection_is_an_unknown_outcome(self, kudu, site, cut):
        site.switches.front_end_limit, site.switches.front_end_cut = 0.3, cut
        with pytest.raises(UnknownOutcome, match="app 'shop' was cut.*may still be running"):
            kudu.run("sleep 1; touch done.txt")
        site.switches.front_end_limit = 230
        until(lambda: (site.machine.home / "done.txt").exists())

    def test_a_command_is_sent_once_only(self, kudu, site):
        site.switches.front_end_limit = 0.2
        with pytest.raises(UnknownOutcome):
            kudu.run("sleep 0.5")
        assert len(site.commands.started) == 1

    def test_starting_does_not_wait(self, kudu):
        began = time.monotonic()
        pending = kudu.start("sleep 1; echo done")
        assert pending.result() is None and time.monotonic() - began < 0.9
        until(lambda: pending.result() is not None)
        assert pending.result().output.strip() == "done"

    def test_a_started_command_that_was_cut_has_no_result(self, kudu, site):
        site.switches.front_end_limit = 0.2
        pending = kudu.start("sleep 0.5")
        assert ends_without_result(pending)

    def test_a_started_command_that_was_refused_says_why(self, client, site):
        site.switches.bearer_refused = True
        pending = client().start("echo x")
        until(lambda: pending.result() is not None)
        assert pending.result().exit_code == -1 and "refused the sign-in" in pending.result().error


class TestSignIn:
    """Who may use the SCM site, and with what."""

    def test_the_token_goes_first(self, kudu, azure, site):
        before = len(azure.requests)
        kudu.list_directory("")
        assert [request.auth for request in azure.requests[before:]] == ["Bearer"]

    def test_publishing_credentials_where_the_token_is_refused(self, client, azure, site):
        site.switches.bearer_refused, site.basic_auth_allowed = True, True
        kudu = client(basic=(site.publishing_user, site.publishing_password))
        before = len(azure.requests)
        kudu.list_directory("")
        assert kudu.run("echo 1").output.strip() == "1"
        assert [request.auth for request in azure.requests[before:]] == ["Bearer", "Basic", "Basic"]

    def test_without_them_the_refusal_is_said(self, client, site):
        site.switches.bearer_refused = True
        with pytest.raises(AccessDenied, match="app 'shop' refused the sign-in"):
            client().list_directory("")

    def test_wrong_publishing_credentials_are_not_tried_again(self, client, azure, site):
        site.switches.bearer_refused, site.basic_auth_allowed = True, True
        before = len(azure.requests)
        with pytest.raises(AccessDenied):
            client(basic=(site.publishing_user, "wrong")).list_directory("")
        assert [request.auth for request in azure.requests[before:]] == ["Bearer", "Basic"]

    def test_a_token_is_asked_for_once_a_minute(self, site, session):
        tokens, now = iter(("first", "second")), [0.0]
        credentials = ScmCredentials(site.scm_host, lambda: next(tokens), lambda: None, clock=lambda: now[0])
        sent = []
        for now[0] in (0.0, 1.0, 59.9, 60.0, 100.0):
            request = requests.Request("GET", f"https://{site.scm_host}/api/vfs/", auth=credentials)
            sent.append(session.prepare_request(request).headers["Authorization"])
        assert sent == ["Bearer first"] * 3 + ["Bearer second"] * 2

    def test_threads_share_one_token_and_one_fall_back(self, site, session):
        asked = []
        credentials = ScmCredentials(site.scm_host, lambda: asked.append(1) or TOKEN, lambda: ("user", "password"))
        request = requests.Request("GET", f"https://{site.scm_host}/api/vfs/", auth=credentials)
        with ThreadPoolExecutor(8) as pool:
            headers = [found.headers["Authorization"] for found in pool.map(session.prepare_request, [request] * 8)]
            assert headers == [f"Bearer {TOKEN}"] * 8 and len(asked) == 1
            assert all(pool.map(credentials.fall_back, headers)), "each of them was refused, and may try again"
        (basic,) = {session.prepare_request(request).headers["Authorization"] for _ in range(2)}
        assert basic.startswith("Basic ") and not credentials.fall_back(basic)

    def test_no_other_host_ever_gets_a_credential(self, azure, site, session):
        credentials = ScmCredentials(site.scm_host, lambda: TOKEN, lambda: ("user", "password"))
        for url in (
            f"https://{site.host}/",
            f"https://{site.scm_host}.elsewhere.invalid/",
            f"https://x{site.scm_host}/",
        ):
            assert "Authorization" not in requests.Request("GET", url, auth=credentials).prepare().headers
        assert credentials.fall_back(None)
        again = requests.Request("GET", f"https://{site.host}/", auth=credentials).prepare()
        assert "Authorization" not in again.headers


class TestOtherAnswers:
    """What else an SCM host may say."""

    def test_a_redirect_is_not_followed(self, azure, site, kudu, numbers):
        other = azure.add_site(f"thief{next(numbers)}")
        answer_with(azure, site, lambda: RedirectResponse(f"https://{other.scm_host}/api/vfs/", 302))
        before = len(azure.requests)
        with pytest.raises(PlatformFailed, match="app 'shop' answered 302"):
            kudu.list_directory("")
        assert {request.host for request in azure.requests[before:]} == {site.scm_host}

    def test_a_page_instead_of_kudus_data_is_said(self, azure, site, kudu):
        answer_with(azure, site, lambda: HTMLResponse("<title>Sign in to continue</title>"))
        with pytest.raises(PlatformFailed, match="app 'shop' answered with (a web page|something that is not JSON)"):
            kudu.list_directory("")
        with pytest.raises(PlatformFailed, match="web page"):
            kudu.extension_feed()

    def test_a_refusal_is_access_denied_with_the_title_of_its_page(self, azure, site, kudu):
        page = "<html><title>403 - This web app is stopped.</title></html>"
        answer_with(azure, site, lambda: HTMLResponse(page, 403))
        with pytest.raises(AccessDenied, match=r"\(403\): 403 - This web app is stopped"):
            kudu.read("file.txt")

    def test_an_error_of_kudus_is_said_once(self, azure, site, kudu):
        asked = answer_with(azure, site, lambda: PlainTextResponse("out of\nmemory", 500))
        with pytest.raises(PlatformFailed, match="answered 500 for file.txt: out of memory"):
            kudu.read("file.txt")
        assert len(asked) == 1

    def test_a_cold_site_is_asked_again(self, kudu, site):
        site.switches.cold_scm_503_times = 3
        assert any(entry.name == "site" for entry in kudu.list_directory(""))

    def test_a_site_that_stays_away_is_said(self, kudu, site, time_passed, said):
        site.switches.cold_scm_503_times = 100
        with pytest.raises(PlatformFailed, match="app 'shop' answered 503"):
            kudu.list_directory("")
        assert sum(time_passed.pauses) == pytest.approx(240, abs=5)
        assert len(said) == 1 and "Waiting for the SCM site of app 'shop'" in said[0]

    def test_a_certificate_that_is_not_trusted_is_said_at_once(self, kudu, session):
        session.verify = True
        began = time.monotonic()
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            kudu.list_directory("")
        assert time.monotonic() - began < 5

    def test_a_command_on_an_unreachable_site_did_not_run(self, session):
        session.proxies = {"https": "http://127.0.0.1:9"}
        kudu = Kudu(
            session,
            "shop.scm.azurewebsites.net",
            ScmCredentials("shop.scm.azurewebsites.net", lambda: TOKEN, lambda: None),
            LABEL,
        )
        with pytest.raises(Unreachable, match="app 'shop'"):
            kudu.run("echo 1")


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to become true; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)
