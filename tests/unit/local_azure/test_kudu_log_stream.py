"""/logstream (docs/platform/kudu.md 9.4)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client


def lines_of(kudu: Client, path: str) -> Iterator[str]:
    """The lines of a stream as they come; the first is its greeting."""
    answer = kudu("GET", path, stream=True)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    text = ""
    for piece in answer.iter_content(chunk_size=1):
        text += piece.decode()
        if text.endswith("\r\n"):
            yield text[:-2]
            text = ""


def append(site: Site, name: str, text: str) -> None:
    """Append to a log file of the app."""
    path = site.machine.home / "LogFiles" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def test_what_is_appended_comes_and_nothing_older(kudu: Client, site: Site) -> None:
    append(site, "python.log", "old\r\n")
    stream = lines_of(kudu, "/logstream")
    assert "Welcome" in next(stream)
    append(site, "ignored.bin", "no log\r\n")
    append(site, "python.log", "new\r\n")
    assert next(stream) == "new"
    append(site, "Application/one.txt", "other\r\n")
    assert next(stream) == "other"
    site.recycle_scm()
    assert next(stream) == "" and next(stream).endswith("The application was terminated.")
    assert list(stream) == []


def test_a_folder_alone(kudu: Client, site: Site) -> None:
    stream = lines_of(kudu, "/api/logstream/Application")
    assert "Welcome" in next(stream)
    append(site, "python.log", "elsewhere\r\n")
    append(site, "Application/one.log", "here\r\n")
    assert next(stream) == "here"
    site.recycle_scm()
    assert len(list(stream)) == 2
