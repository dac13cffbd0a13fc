"""The product's Kudu client on the SCM site's bad days, over a real socket."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable

import pytest
import requests
from starlette.responses import HTMLResponse, JSONResponse, Response

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.errors import AccessDenied, Conflict, NotFound, PlatformFailed, UnknownOutcome, Unreachable
from tests.local_azure import login
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import LinuxAzure
from tests.unit.passing_time import Time, ends_without_result

TOKEN = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
CUTS = [500, 502, 504, "closed"]


@pytest.fixture
def passing() -> Time:
    return Time()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(site: Site, session: requests.Session, passing: Time, said: list[str]) -> Callable[..., Kudu]:
    def make_client(token: Callable[[], str] = lambda: TOKEN) -> Kudu:
        credentials = ScmCredentials(site.scm_host, token, lambda: None)
        return Kudu(
            session, site.scm_host, credentials, "app 'shop'", said.append, clock=passing.clock, sleep=passing.sleep
        )

    return make_client


@pytest.fixture
def kudu(make: Callable[..., Kudu]) -> Kudu:
    return make()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def there(site: Site, path: str) -> bytes:
    return (site.machine.home / path).read_bytes()


def serve(azure: LinuxAzure, site: Site, make_answer: Callable[[], Response]) -> None:
    async def answer(scope, receive, send) -> None:
        await make_answer()(scope, receive, send)

    azure.serve(site.scm_host, answer)


class TestStarting:
    """A recycling SCM site: 500, 503, 200."""

    def test_reads_and_writes_are_repeated(self, kudu, site, said):
        site.switches.cold_scm_500_times, site.switches.cold_scm_503_times = 2, 2
        kudu.write("data/file.txt", b"1")
        site.switches.cold_scm_500_times, site.switches.cold_scm_503_times = 1, 1
        assert kudu.read("data/file.txt").content == b"1"
        assert len(said) == 1 and "Waiting for the SCM site of app 'shop'" in said[0]

    def test_json_is_utf8_whether_or_not_the_header_says_so(self, kudu, azure, site):
        rows = '[{"name": "Größe 日本", "path": "D:\\\\home\\\\Größe 日本", "mime": "x"}]'
        serve(azure, site, lambda: Response(b"\xef\xbb\xbf" + rows.encode(), media_type="application/json"))
        assert [entry.name for entry in kudu.list_directory("")] == ["Größe 日本"]
        serve(
            azure,
            site,
            lambda: Response('{"Output": "Größe 日本", "ExitCode": 0}'.encode(), media_type="application/json"),
        )
        assert kudu.run("echo").output == "Größe 日本"
        serve(azure, site, lambda: Response(b"null", media_type="application/json"))
        assert kudu.extension_package("x", "1") == {}

    def test_command_that_never_reached_kudu_runs_once(self, kudu, site):
        site.switches.cold_scm_500_times, site.switches.cold_scm_503_times = 1, 3
        assert kudu.run("echo ran").output.strip() == "ran"
        assert len(site.commands.started) == 1

    def test_an_archive_that_never_reached_kudu_is_repeated(self, kudu, site):
        site.switches.cold_scm_503_times = 1
        kudu.upload_archive("data/x", io.BytesIO(zipped("a.txt", b"1")))
        assert there(site, "data/x/a.txt") == b"1"

    def test_retry_after_is_honoured(self, kudu, site, passing, said):
        site.switches.cold_scm_503_times, site.switches.scm_retry_after = 2, 45
        kudu.list_directory("")
        assert passing.pauses == [45, 45] and "503" in said[0]

    def test_it_is_never_waited_for_longer_than_four_minutes(self, kudu, site, passing):
        site.switches.scm_429_times, site.switches.scm_retry_after = 100, 100
        with pytest.raises(PlatformFailed, match="answered 429"):
            kudu.list_directory("")
        assert 235 <= sum(passing.pauses) <= 240

    def test_a_throttled_command_is_repeated(self, kudu, site):
        site.switches.scm_429_times = 2
        assert kudu.run("echo ran").output.strip() == "ran"

    def test_kudus_own_500_is_an_answer(self, kudu, azure, site, passing):
        serve(
            azure, site, lambda: JSONResponse({"Message": "An error has occurred.", "ExceptionMessage": "no disk"}, 500)
        )
        with pytest.raises(PlatformFailed, match="no disk"):
            kudu.list_directory("")
        with pytest.raises(PlatformFailed, match="no disk"):
            kudu.run("echo 1")
        assert passing.pauses == []


class TestCut:
    """Answers that never came, or not whole."""

    @pytest.mark.parametrize("cut", CUTS)
    def test_a_command_is_unknown_and_not_repeated(self, kudu, site, cut):
        site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
        with pytest.raises(UnknownOutcome, match="was cut"):
            kudu.run("echo 1 >> ran.txt")
        assert there(site, "ran.txt") == b"1\n" and len(site.commands.started) == 1

    @pytest.mark.parametrize("cut", CUTS)
    def test_an_archive_is_unknown(self, kudu, site, cut):
        site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
        with pytest.raises(UnknownOutcome):
            kudu.upload_archive("data/x", io.BytesIO(zipped("a.txt", b"1")))

    def test_any_5xx_after_minutes_is_a_cut(self, make, azure, site, passing):
        def late() -> Response:
            passing.pauses.append(210)
            return JSONResponse({"Message": "An error has occurred."}, 500)

        serve(azure, site, late)
        with pytest.raises(UnknownOutcome, match="cut after 21"):
            make().run("echo 1")

    def test_an_answer_of_half_a_body_is_asked_for_again(self, kudu, site):
        (site.machine.home / "site/wwwroot/app.py").write_bytes(b"print(1)")
        for ask in (
            lambda: [entry.name for entry in kudu.list_directory("site/wwwroot")],
            lambda: kudu.read("site/wwwroot/app.py").content,
            lambda: kudu.read_from("site/wwwroot/app.py", 0),
        ):
            site.switches.scm_cut_body_times = 2
            assert ask() in (["app.py"], b"print(1)")

    def test_a_download_that_ends_early_begins_anew(self, kudu, site):
        (site.machine.home / "data/x").mkdir(parents=True)
        (site.machine.home / "data/x/a.bin").write_bytes(bytes(range(256)) * 50)
        site.switches.scm_cut_body_times = 2
        target = io.BytesIO(b"before")
        target.seek(0, io.SEEK_END)
        kudu.download_archive("data/x", target)
        whole = io.BytesIO()
        kudu.download_archive("data/x", whole)
        assert target.getvalue() == b"before" + whole.getvalue()

    def test_a_commands_answer_that_is_not_whole_is_unknown(self, kudu, azure, site):
        serve(azure, site, lambda: Response('{"Output": "x", "Err', media_type="application/json"))
        with pytest.raises(UnknownOutcome):
            kudu.run("echo 1")

    def test_a_listing_that_stays_half_is_no_listing(self, kudu, azure, site):
        serve(azure, site, lambda: Response('[{"name": "a"', media_type="application/json"))
        with pytest.raises(PlatformFailed, match="200"):
            kudu.list_directory("")

    def test_a_site_that_nobody_reaches_for_a_minute_is_unreachable(self, kudu, session, passing):
        session.proxies, session.trust_env = {}, False
        with pytest.raises(Unreachable):
            kudu.list_directory("")
        assert 50 <= sum(passing.pauses) <= 61


class TestStarted:
    """Commands that run while the client goes on."""

    @pytest.mark.parametrize("cut", CUTS)
    def test_a_cut_is_no_answer(self, kudu, site, cut):
        site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
        pending = kudu.start("echo 1")
        assert ends_without_result(pending)

    def test_half_an_answer_settles_it(self, kudu, azure, site):
        serve(azure, site, lambda: Response('{"Output"', media_type="application/json"))
        assert ends_without_result(kudu.start("echo 1"))

    def test_no_token_settles_it_with_azs_words(self, make):
        def refused() -> str:
            raise RuntimeError("AADSTS50076: you must use multi-factor authentication")

        pending = make(refused).start("echo 1")
        until(lambda: pending.result() is not None)
        assert "AADSTS50076" in pending.result().error

    def test_a_start_is_repeated_until_it_reaches_kudu(self, kudu, site):
        site.switches.cold_scm_503_times = 1
        pending = kudu.start("echo ran")
        until(lambda: pending.result() is not None)
        assert pending.result().output.strip() == "ran"

    def test_a_start_that_nobody_waits_for_is_not_posted_later(self, kudu, site, said):
        site.switches.cold_scm_503_times, site.switches.scm_retry_after = 1000, 60
        pending = kudu.start("echo ran")
        until(lambda: said)
        pending.give_up()
        until(lambda: pending.result() is not None)
        assert site.commands.started == []


class TestNotFound:
    """Only Kudu's own word says that something is not there."""

    @pytest.mark.parametrize("switch", ["scm_404_times", "scm_empty_404_times"])
    def test_a_stranger_is_asked_again(self, kudu, site, switch):
        (site.machine.home / "file.txt").write_bytes(b"1")
        setattr(site.switches, switch, 2)
        assert kudu.read("file.txt").content == b"1"
        setattr(site.switches, switch, 2)
        kudu.delete("file.txt")
        assert not (site.machine.home / "file.txt").exists()

    @pytest.mark.parametrize("switch", ["scm_404_times", "scm_empty_404_times"])
    @pytest.mark.parametrize(
        "ask",
        [
            lambda kudu: kudu.read("file.txt"),
            lambda kudu: kudu.list_directory("site"),
            lambda kudu: kudu.delete("file.txt"),
            lambda kudu: kudu.delete_directory("data"),
            lambda kudu: kudu.run("echo 1"),
            lambda kudu: kudu.extension_feed(),
        ],
    )
    def test_a_stranger_that_stays_is_no_not_found(self, kudu, site, switch, ask):
        setattr(site.switches, switch, 1000)
        with pytest.raises(PlatformFailed, match="404"):
            ask(kudu)

    def test_kudus_own_is(self, kudu):
        with pytest.raises(NotFound):
            kudu.read("nothing.txt")

    def test_a_file_that_kudu_cannot_read_is_there(self, kudu, azure, site):
        answer = {
            "Message": "An error has occurred.",
            "ExceptionMessage": "The process cannot access the file.",
            "ExceptionType": "System.IO.IOException",
        }
        serve(azure, site, lambda: JSONResponse(answer, 404))
        with pytest.raises(Conflict, match="exists, but could not be used: The process cannot access"):
            kudu.read("file.txt")

    def test_an_exception_that_says_it_is_missing(self, kudu, azure, site):
        answer = {"Message": "An error has occurred.", "ExceptionType": "System.IO.DirectoryNotFoundException"}
        serve(azure, site, lambda: JSONResponse(answer, 404))
        with pytest.raises(NotFound):
            kudu.read("file.txt")

    def test_another_services_json_is_neither_missing_nor_held(self, kudu, azure, site):
        serve(azure, site, lambda: JSONResponse({"statusCode": 404, "message": "Resource not found"}, 404))
        with pytest.raises(PlatformFailed, match="404"):
            kudu.read("file.txt")

    def test_a_page_in_the_place_of_a_file_is_none(self, kudu, azure, site):
        serve(azure, site, lambda: HTMLResponse("<title>Sign in</title>"))
        with pytest.raises(PlatformFailed, match="web page"):
            kudu.read("site/wwwroot/web.config")


class TestConditionalWrites:
    """A PUT or DELETE whose answer was lost, and that is repeated."""

    @pytest.mark.parametrize("cut", CUTS)
    def test_our_own_write_is_recognised(self, kudu, site, cut):
        first = kudu.write("web.config", b"<old/>", None)
        site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
        etag = kudu.write("web.config", b"<new/>", first)
        assert there(site, "web.config") == b"<new/>" and etag == kudu.read("web.config").etag
        kudu.write("web.config", b"<newer/>", etag)

    def test_a_new_file_of_our_own_is_recognised(self, kudu, site):
        site.switches.scm_lost_times = 1
        etag = kudu.write("web.config", b"<new/>", None)
        assert etag == kudu.read("web.config").etag

    def test_somebody_elses_write_is_a_conflict_all_the_same(self, kudu, azure, site):
        etag = kudu.write("web.config", b"<old/>", None)
        real = azure._apps[site.scm_host]

        async def meddle(scope, receive, send) -> None:
            azure.serve(site.scm_host, real)
            (site.machine.home / "web.config").write_bytes(b"<theirs/>")
            await HTMLResponse("<title>500 - The request timed out.</title>", 500)(scope, receive, send)

        azure.serve(site.scm_host, meddle)
        with pytest.raises(Conflict):
            kudu.write("web.config", b"<new/>", etag)
        assert there(site, "web.config") == b"<theirs/>"

    def test_our_own_write_that_was_left_half_is_finished(self, kudu, azure, site):
        etag = kudu.write("web.config", b"<old/>", None)
        real = azure._apps[site.scm_host]

        async def torn(scope, receive, send) -> None:
            azure.serve(site.scm_host, real)
            (site.machine.home / "web.config").write_bytes(b"<new")
            await HTMLResponse("<title>500 - The request timed out.</title>", 500)(scope, receive, send)

        azure.serve(site.scm_host, torn)
        kudu.write("web.config", b"<new/>", etag)
        assert there(site, "web.config") == b"<new/>"

    @pytest.mark.parametrize("cut", CUTS)
    def test_our_own_deletion_is_recognised(self, kudu, site, cut):
        etag = kudu.write("web.config", b"<old/>", None)
        site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
        kudu.delete("web.config", etag)
        kudu.upload("data/x", {"a.txt": b"1"})
        site.switches.scm_lost_times = 1
        kudu.delete_directory("data/x")
        assert not (site.machine.home / "web.config").exists() and not (site.machine.home / "data/x").exists()

    def test_a_file_that_our_lost_try_still_holds_is_waited_for(self, kudu, site):
        etag = kudu.write("web.config", b"<old/>", None)
        site.switches.vfs_conflict_times = 2
        site.switches.scm_lost_times = 1
        kudu.write("web.config", b"<new/>", etag)
        assert there(site, "web.config") == b"<new/>"

    def test_a_write_that_nobody_answers_is_unknown(self, kudu, site):
        site.switches.scm_lost_times = 1000
        with pytest.raises(UnknownOutcome, match="Whether web.config of app 'shop' was changed is not known"):
            kudu.write("web.config", b"<new/>")
        site.switches.scm_lost_times = 0


class TestTokens:
    """Tokens come and go while a job is followed."""

    def test_a_token_is_kept_for_as_long_as_it_is_good(self, make, passing):
        tokens = iter([TOKEN])
        client = make(lambda: next(tokens))
        client.list_directory("")
        passing.pauses.append(100)
        client.list_directory("")

    def test_a_newer_token_is_tried_after_a_refusal(self, make):
        tokens = iter(["expired", TOKEN])
        assert make(lambda: next(tokens)).list_directory("")

    def test_tokens_that_are_all_refused_end(self, make):
        tokens = itertools.count()
        with pytest.raises(AccessDenied):
            make(lambda: f"refused {next(tokens)}").list_directory("")

    def test_a_sign_in_service_that_is_away_is_no_traceback(self, make):
        def away() -> str:
            raise requests.ConnectionError("login.microsoftonline.com")

        with pytest.raises(Unreachable, match="sign-in service"):
            make(away).list_directory("")


def zipped(name: str, content: bytes) -> bytes:
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr(name, content)
    return archive.getvalue()
