"""Download the wheel of uv on this machine, from the index that its user has for packages (PEP 503)."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import requests

from azext_pythonapp.packages.pip import PipOptions, masked
from azext_pythonapp.packages.uv import PROJECT

SECONDS = 60
_CHUNK_BYTES = 1 << 18
_ACCEPT = {"Accept": "text/html, application/vnd.pypi.simple.v1+html"}
# Where this machine's settings name an index, in the order in which they count.
_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


def indexes(options: PipOptions, environment: Mapping[str, str]) -> list[str]:
    """Return the addresses of the indexes to ask from here: those of the options, else of this machine's own settings.

    environment: this machine's. None is named where the user has none: the worker's pip knows its default.
    """
    if options.no_index:
        return []
    own = options.index_url or next(filter(None, _own_settings(environment)), None)
    return [url for url in (own, *options.extra_index_urls) if url and url.startswith(("https://", "http://"))]


def _own_settings(environment: Mapping[str, str]) -> Iterator[str]:
    for name in _VARIABLES:
        yield environment.get(name, "").strip()
    for path in _settings_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue
        for section in ("install", "global"):
            yield parser.get(section, "index-url", fallback="").strip()


def _settings_files(environment: Mapping[str, str]) -> list[Path]:
    """Return the files that pip reads on this machine, the one that counts most first."""
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, as in a container
        return [Path(named)] if named else []
    folders = [Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip", home / ".pip"]
    if os.name == "nt":
        folders = [Path(environment[each]) / "pip" for each in ("APPDATA", "PROGRAMDATA") if environment.get(each)]
        folders.insert(1, home / "pip")
    system = [] if os.name == "nt" else [Path("/etc") / name]
    return [*([Path(named)] if named else []), *(folder / name for folder in folders), *system]


def fetch_wheel(session: requests.Session, addresses: Sequence[str], name: str, target: BinaryIO) -> str | None:
    """Write a wheel of uv to a file, from the first index that has it; return why not, on one line, or None.

    session: follows this machine's own proxy settings. name: the file's. The caller checks its hash.
    """
    problem = "no index has it"
    for address in addresses:
        page = f"{address.rstrip('/')}/{PROJECT}/"
        try:
            with session.get(page, headers=_ACCEPT, timeout=SECONDS) as answer:
                answer.raise_for_status()
                link = _link(answer.text, name)
                url = None if link is None else urljoin(answer.url, link)
            if url is None:
                problem = f"{masked(address)} has no {name}"
                continue
            _write(session, _with_credentials(url, page), target)
            return None
        except requests.HTTPError as error:
            problem = f"{masked(address)} answers HTTP {error.response.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:  # ValueError: an address that is none
            problem = f"{masked(address)}: {masked(str(error))}"
            target.seek(0)
            target.truncate()
    return problem


def _write(session: requests.Session, url: str, target: BinaryIO) -> None:
    with session.get(url, stream=True, timeout=SECONDS) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            target.write(chunk)


def _with_credentials(url: str, page: str) -> str:
    """Return a file's address with the credentials of its index, when it is on the same host, as pip does."""
    file, index = urlsplit(url), urlsplit(page)
    if "@" in file.netloc or "@" not in index.netloc:
        return url
    same = (file.scheme, file.hostname, file.port) == (index.scheme, index.hostname, index.port)
    return file._replace(netloc=index.netloc).geturl() if same else url


def _link(page: str, name: str) -> str | None:
    """Return the link to a file on an index's page; None when it has none."""
    links = _Links()
    links.feed(page)
    return next((each for each in links.found if unquote(urlsplit(each).path).rpartition("/")[2] == name), None)


class _Links(HTMLParser):
    """Collects the addresses of links, as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an address."""
        if tag == "a":
            self.found += [value for attribute, value in attrs if attribute == "href" and value]
