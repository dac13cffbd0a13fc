"""The proof that a command changed nothing: what it asked of Azure, what it ran, and the files of the app."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.scenario.apps import await_compiled, jobs_started

NOT_THE_APPS = ("LogFiles", "__pycache__")
"""Folders that the app itself and its Python write to when a page is fetched or an import is tried."""


def home_files(site: Site) -> dict[str, str]:
    """A hash of each file below %HOME%, by its path."""
    home = site.machine.home
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not set(path.parts) & set(NOT_THE_APPS)
    }


@contextmanager
def unchanged(azure: LocalAzure, site: Site) -> Iterator[None]:
    """Within the block, no request may be sent that changes an app, no job be started, no file of the app change."""
    await_compiled(site)
    requests, files, jobs = len(azure.mutating_requests()), home_files(site), jobs_started(site)
    yield
    sent = [str(request) for request in azure.mutating_requests()[requests:]]
    assert not sent, sent
    assert jobs_started(site) == jobs, "a job was started"
    after = home_files(site)
    written = {path for path in files.keys() | after.keys() if files.get(path) != after.get(path)}
    assert not written, written
