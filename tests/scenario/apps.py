"""Web apps for tests: fresh ones, prepared ones that cost a copy only, and the requests that a browser would make."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.kudu.command import Command
from tests.local_azure.site import Site
from tests.local_azure.windows import gallery
from tests.scenario.az import Az

RUNTIME = "python"
"""What the names of runtimes' folders begin with."""

NAMED = {"3.8.10": "Contoso-python3810x64", "3.11.9": "Contoso-python3119x64"}
"""The packages of a third party that prepared apps have their Python from, by version: quicker than from NuGet."""

SAMPLES = Path(__file__).resolve().parents[1] / "apps"


def naming(site: Site) -> tuple[str, ...]:
    """The arguments that name an app or slot to az."""
    slot = ("--slot", site.slot) if site.slot else ()
    return ("--resource-group", site.resource_group, "--name", site.name, *slot)


def web_root(site: Site) -> Path:
    """site\\wwwroot of the app, as a folder of this machine."""
    return site.machine.home / "site" / "wwwroot"


def record_of(site: Site, change_id: str) -> dict[str, Any]:
    """The app's record of a change."""
    found: dict[str, Any] = json.loads((site.machine.home / f"data/pythonapp/history/{change_id}.json").read_bytes())
    return found


def records_of(site: Site) -> list[dict[str, Any]]:
    """All records of changes of an app, oldest first."""
    folder = site.machine.home / "data/pythonapp/history"
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*-*-*.json"))]


def bytes_before(site: Site, change_id: str, path: str = "site/wwwroot/web.config") -> bytes | None:
    """The bytes that a file had before a change, by the app's record of it; None for one that was new."""
    (before,) = [file["before"] for file in record_of(site, change_id)["files"] if file["path"] == path]
    if before is None:
        return None
    return before["text"].encode() if "text" in before else base64.b64decode(before["base64"])


def undo_line(site: Site, change_id: str) -> str:
    """The line with the command that undoes a change."""
    slot = f" -s {site.slot}" if site.slot else ""
    options = f"-g {site.resource_group} -n {site.name}{slot} --change-id {change_id} --yes"
    return f"Undo: az webapp python rollback {options}"


def jobs_started(site: Site) -> list[Command]:
    """The commands by which jobs were started, in order."""
    return [command for command in site.commands.started if command.text.endswith(" runner/__main__.py")]


def await_compiled(site: Site) -> None:
    """Wait until the packages of jobs that have succeeded are compiled, which goes on behind a command's end."""
    late = time.monotonic() + 300
    while any(_has_succeeded(site, command) for command in site.commands.running()):
        assert time.monotonic() < late, [command.text for command in site.commands.running()]
        time.sleep(0.1)


def _has_succeeded(site: Site, command: Command) -> bool:
    """Whether a command is a job that has succeeded, or its last phase."""
    if "runner/__main__.py" not in command.text:
        return False
    try:
        state: str = json.loads((site.linux_path(command.directory) / "state.json").read_bytes())["state"]
    except (FileNotFoundError, ValueError):
        return False
    return state == "succeeded"


def deploy(site: Site, sample: str) -> None:
    """Put the files of a sample app (a folder of tests/apps) into the app's wwwroot."""
    shutil.copytree(SAMPLES / sample, web_root(site), dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def linked_copy(home: Path, target: Path) -> None:
    """Fill an empty %HOME% with what is in another one.

    A runtime's thousands of files become hard links, which costs a tenth of a copy; so nobody may write into one of
    them (pip and Python replace files instead): `overwritten` tells.
    """
    for path in home.iterdir():
        copy = os.link if path.name.startswith(RUNTIME) else shutil.copy2
        if path.is_dir():
            shutil.copytree(path, target / path.name, symlinks=True, dirs_exist_ok=True, copy_function=copy)
        else:
            copy(path, target / path.name)


def overwritten(store: Path) -> list[Path]:
    """The files of the prepared homes that were written to after they had been made."""
    made = {stamp.stem: stamp.stat().st_mtime for stamp in store.glob("*.made")}
    return [
        path
        for key, moment in made.items()
        for path in (store / key).rglob("*")
        if path.is_file() and path.stat().st_mtime > moment
    ]


class Apps:
    """Makes the apps of one test, and ends them with it.

    azure: where they run. az: prepares them. store: a folder that all workers of the test run share.
    """

    def __init__(self, azure: LocalAzure, az: Az, store: Path, prefix: str):
        self._azure, self._az, self._store = azure, az, store
        self._prefix = prefix
        self._sites: list[Site] = []

    def new(
        self,
        sample: str | None = None,
        slot: str | None = None,
        of: Site | None = None,
        python: str | None = None,
        capitals: bool = False,
        name: str | None = None,
        **facts: Any,
    ) -> Site:
        """An app of its own name with nothing in it but, if asked, a sample app, and a Python.

        slot: make a slot of that name; of: the app whose slot it is (without it, of a new name). python: a version of
        NAMED, which is there as if somebody had installed it before. capitals: whether its name has some.
        name: in place of one of its own. facts: passed to LocalAzure.add_site.
        """
        name = of.name if of else name or f"{self._prefix}-{secrets.token_hex(3)}"
        name = name.title() if capitals else name
        site = self._azure.add_site(name, slot=slot, **facts)
        self._sites.append(site)
        if sample:
            deploy(site, sample)
        if python:
            self.add_python(site, python)
        return site

    def add_python(self, site: Site, version: str) -> None:
        """Put a Python of NAMED into an app, as if somebody had installed it before."""
        gallery.lay_down(site.machine, gallery.find(NAMED[version]))
        site.restart()

    def prepared(
        self,
        sample: str,
        version: str = "3.8.10",
        handler: str = "fastcgi",
        slot: str | None = None,
        also: str | None = None,
        **facts: Any,
    ) -> Site:
        """An app that runs a sample under a Python, as `set-version` left it, but for the record of it.

        It is made once in a test run, then copied.
        also: a version of NAMED that is installed beside it, for tests in which installing it is not the subject.
        facts: as in `new`.
        """
        key = f"{sample}-{version}-{handler}"
        home = self._store / key
        with FileLock(self._store / f"{key}.lock"):
            if not home.exists():
                self._prepare(home, sample, version, handler)
        site = self.new(slot=slot, **facts)
        linked_copy(home, site.machine.home)
        if also:
            gallery.lay_down(site.machine, gallery.find(NAMED[also]))
        site.restart()
        return site

    def _prepare(self, home: Path, sample: str, version: str, handler: str) -> None:
        site = self.new(sample, python=version if version in NAMED else None)
        self._az("webapp python set-version", *naming(site), "--version", version, "--handler", handler)
        await_compiled(site)
        site.stop()
        partial = home.with_name(home.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(site.machine.home, partial, symlinks=True)
        shutil.rmtree(partial / "data/pythonapp/history", ignore_errors=True)  # it is that of another app
        partial.rename(home)
        home.with_name(home.name + ".made").touch()

    def get(self, site: Site, path: str = "/", timeout: float = 60) -> requests.Response:
        """What a browser gets from the app; TLS is verified with the local Azure's own certificate authority."""
        environment = self._azure.env
        return requests.get(
            f"https://{site.host}{path}",
            timeout=timeout,
            verify=environment["REQUESTS_CA_BUNDLE"],
            proxies={"https": environment["HTTPS_PROXY"]},
        )

    def close(self) -> None:
        """Delete the apps; their workers are for the next ones."""
        for site in self._sites:
            self._azure.remove_site(site)


@contextmanager
def apps_of(test: str, azure: LocalAzure, az: Az, store: Path) -> Iterator[Apps]:
    """The apps of a test, named after it; they end when the block does."""
    words = re.sub("[^a-z0-9]+", "-", test.lower().removeprefix("test_")).strip("-")
    apps = Apps(azure, az, store, words[:30].strip("-"))
    try:
        yield apps
    finally:
        apps.close()
