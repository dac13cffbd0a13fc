"""Somebody else changed web.config while a command ran: what they changed, who it was, and when."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.history.store import HISTORY
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.web_config.conflict import conflict
from azext_pythonapp.plan import Change
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler
from tests.unit.folder_site import FolderSite, ticking
from tests.unit.operations.shop import shop_app

PATH = "site/wwwroot/web.config"
HOME = r"D:\home"


def fast(folder: str, entry: str = "app.app", content: bytes | None = None) -> bytes:
    path = rf"{HOME}\{folder}"
    return write_handler(
        content, HandlerIntent("fastCgi", rf"{path}\python.exe", rf"{path}\wfastcgi.py", entry)
    ).content


OLD, THEIRS, OURS = fast("python3119x64"), fast("python3810x64"), fast("python364x64")
PLATFORM = write_handler(
    OLD, HandlerIntent("httpPlatform", r"%HOME%\python3119x64\python.exe", arguments="-m waitress --secret=x app:app")
).content


def said(theirs: bytes | None, ours: bytes = OURS, base: bytes | None = OLD, record: OpenChange | None = None) -> str:
    return conflict("app 'a'", PATH, base, theirs, ours, record).message


def test_a_switch_to_another_python() -> None:
    assert said(THEIRS) == (
        "Somebody switched app 'a' from 3.11.9 to 3.8.10 while this ran. Yours, 3.6.4, was not made."
    )


@pytest.mark.parametrize(
    "theirs, did",
    [
        (PLATFORM, "changed the handler of app 'a' from FastCGI to HttpPlatform"),
        (fast("python3119x64", "shop.app", OLD), "changed the entry point of app 'a' from app.app to shop.app"),
        (OLD + b"<!-- theirs -->", "changed web.config of app 'a'"),
        (b"<configuration>", "changed web.config of app 'a'"),
        (b"<configuration/>", "changed web.config of app 'a'"),
        (None, "deleted web.config of app 'a'"),
    ],
)
def test_any_other_change(theirs: bytes | None, did: str) -> None:
    assert said(theirs, PLATFORM) == f"Somebody {did} while this ran. Your change was not made."


def test_a_first_web_config() -> None:
    assert said(THEIRS, base=None) == (
        "Somebody switched app 'a' to Python 3.8.10 while this ran. Yours, 3.6.4, was not made."
    )


def kept(site: FolderSite, base: bytes | None, user: str) -> str | None:
    with recorded(shop_app(site, user), "set-version") as change:
        change.keep(PATH, "web.config", base, b"new")
        change.finish([Change(PATH, "update")])
    return change.change_id


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    made = FolderSite(tmp_path)
    made.clock = ticking(datetime(2026, 11, 26, 10, 3, tzinfo=timezone.utc))
    return made


@pytest.mark.parametrize("base", [OLD, None])
def test_the_record_of_just_these_bytes_tells_who_and_when(site: FolderSite, base: bytes | None) -> None:
    kept(site, b"other bytes", "eve@contoso.com")
    change = kept(site, base, "ann@contoso.com")
    with recorded(shop_app(site, "me@contoso.com"), "set-version") as mine:
        assert f"while this ran (change {change}, by ann@contoso.com, 2026-11-26 10:03 UTC). Yours" in (
            said(THEIRS, base=base, record=mine)
        )


def test_my_own_record_and_older_ones_tell_nothing(site: FolderSite) -> None:
    kept(site, b"other bytes", "eve@contoso.com")
    with recorded(shop_app(site), "set-version") as mine:
        mine.keep(PATH, "web.config", OLD)
        assert "while this ran. Yours" in said(THEIRS, record=mine)


def test_a_change_that_failed_made_nothing(site: FolderSite) -> None:
    with pytest.raises(Refused), recorded(shop_app(site, "eve@contoso.com"), "set-version") as change:
        change.keep(PATH, "web.config", OLD, b"new")
        raise Refused("The page answers 500.")
    with recorded(shop_app(site), "set-version") as mine:
        assert "while this ran. Yours" in said(THEIRS, record=mine)


def test_a_record_that_cannot_be_read_is_no_failure(site: FolderSite) -> None:
    site.write(f"{HISTORY}/{kept(site, OLD, '')}.json", b"{")
    with recorded(shop_app(site), "set-version") as mine:
        assert "while this ran. Yours" in said(THEIRS, record=mine)
