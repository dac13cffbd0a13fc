"""Somebody else changed web.config while a command ran: what they changed, who it was, and when."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp.operations.web_config.change_record import ChangeRecord
from azext_pythonapp.operations.web_config.conflict import conflict
from azext_pythonapp.webconfig.handlers import HandlerIntent, write_handler
from tests.unit.folder_site import FolderSite

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


def said(theirs: bytes | None, ours: bytes = OURS, base: bytes | None = OLD, record: ChangeRecord | None = None) -> str:
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


def kept(site: FolderSite, base: bytes | None, user: str) -> str:
    record = ChangeRecord(site, "set-version", lambda: user)
    record.keep(PATH, "web.config", base)
    return record.change_id


@pytest.mark.parametrize("base", [OLD, None])
def test_the_record_of_just_these_bytes_tells_who_and_when(tmp_path, base: bytes | None) -> None:
    site = FolderSite(tmp_path)
    kept(site, b"other bytes", "eve@contoso.com")
    change = kept(site, base, "ann@contoso.com")
    folder = tmp_path / "data/pythonapp/changes" / change / "change.json"
    fields = json.loads(folder.read_text())
    folder.write_text(json.dumps({**fields, "madeAt": "2026-11-26T10:03:22Z"}))
    mine = ChangeRecord(site, "set-version")
    assert f"while this ran (change {change}, by ann@contoso.com, 2026-11-26 10:03 UTC). Yours" in (
        said(THEIRS, base=base, record=mine)
    )


def test_my_own_record_and_older_ones_tell_nothing(tmp_path) -> None:
    site = FolderSite(tmp_path)
    kept(site, b"other bytes", "eve@contoso.com")
    mine = ChangeRecord(site, "set-version", lambda: "me@contoso.com")
    mine.keep(PATH, "web.config", OLD)
    assert "while this ran. Yours" in said(THEIRS, record=mine)


def test_a_record_that_cannot_be_read_is_no_failure(tmp_path) -> None:
    site = FolderSite(tmp_path)
    folder = tmp_path / "data/pythonapp/changes" / kept(site, OLD, "")
    (folder / "change.json").write_text("{")
    assert "while this ran. Yours" in said(THEIRS, record=ChangeRecord(site, "set-version"))
