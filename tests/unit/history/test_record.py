"""Records of changes: what is written is what is read, and what is torn is said."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp.history.environment import EnvironmentChange, RecordedEnvironment
from azext_pythonapp.history.record import (
    SUCCEEDED,
    KeptFile,
    PackageChange,
    Published,
    Record,
    RecordedRuntime,
    RuntimeChange,
    Torn,
    undone,
)

ID = "20261126-120000-4f2a"
PYTHON = ("3.6.4", "x64", "python364x64", "3.6.4.4", "siteExtension", r"D:\home\python364x64\python.exe")


def record(change_id: str = ID, **parts: object) -> Record:
    return Record(
        change_id,
        "set-version",
        "az webapp python set-version -g rg -n shop --version 3.6",
        {"name": "shop", "resourceGroup": "rg", "slot": None},
        "ann@contoso.com",
        "00000000-0000-0000-0000-000000000001",
        "2026-11-26T12:00:00Z",
        **parts,  # type: ignore[arg-type]
    )


FULL = record(
    state=SUCCEEDED,
    finished_at="2026-11-26T12:01:00Z",
    undoes="20261126-110000-0001",
    changes=({"target": "packages/flask", "action": "install", "before": None, "after": "1.0"},),
    files=(
        KeptFile("site/wwwroot/web.config", "web.config", b"\xef\xbb\xbf<a>\r\n\xc3\xa4</a>", b"\xff\xfe<\x00", True),
        KeptFile("site/wwwroot/static/web.config", "static/web.config", None),
    ),
    runtime_before=RecordedRuntime(*PYTHON),
    runtimes=(RuntimeChange(*PYTHON, "install"),),
    packages=(PackageChange(PYTHON[-1], "3.6.4", "x64", "python364x64", {"flask": "1.0"}, None, {}, ("--pre",)),),
    published=Published("site/wwwroot", None, ("app.py",), (), (), None, {"app.py": {"size": 3}}),
    environment=EnvironmentChange(
        RecordedEnvironment(
            "a",
            "20261126-110010-0001",
            PYTHON[-1],
            "3.6.4",
            "x64",
            {"left": "1.0"},
            "requirements.txt",
            "0a",
            ("left",),
        ),
        None,
        {"left": "https://example.com/left.zip"},
        ("--pre",),
        "data/pythonapp/wheels",
    ),
    jobs=("20261126-120010-0001",),
)


def test_a_record_is_read_as_it_was_written() -> None:
    again = Record.parse(FULL.to_json())
    assert again.to_json() == FULL.to_json()
    assert again.files == FULL.files and again.runtimes == FULL.runtimes
    assert again.environment is not None and FULL.environment is not None
    assert again.environment.before is not None and again.environment.after is None
    assert again.environment.before.to_dict() == {**FULL.environment.before.to_dict(), "added": ["left"], "removed": []}  # type: ignore[union-attr]


def test_a_python_keeps_the_order_of_its_keys() -> None:
    row = json.loads(FULL.to_json())
    name = ["version", "architecture", "extensionId", "packageVersion", "source", "pythonPath", "package"]
    assert list(row["runtimeBefore"]) == name
    assert list(row["runtimes"][0]) == ["action", *name]


def test_every_cut_of_a_record_is_torn() -> None:
    content = FULL.to_json()
    for end in range(len(content)):
        with pytest.raises(Torn):
            Record.parse(content[:end])


@pytest.mark.parametrize(
    "row",
    [
        [],
        {},
        {"id": "x", "state": "succeeded"},
        {"id": ID},
        {"id": ID, "state": "done"},
        {"id": ID, "state": "failed", "user": 3},
        {"id": ID, "state": "failed", "files": [{}]},
        {"id": ID, "state": "failed", "files": 7},
        {"id": ID, "state": "failed", "files": ["x"]},
        {"id": ID, "state": "failed", "files": [{"path": "a", "name": "a", "before": {"base64": "%"}}]},
        {"id": ID, "state": "failed", "packages": [{"folder": "x"}]},
        {"id": ID, "state": "failed", "app": "x"},
        {"id": ID, "state": "failed", "published": "x"},
        {"id": ID, "state": "failed", "runtimeBefore": ["x"]},
        {"id": ID, "state": "failed", "environment": "x"},
        {"id": ID, "state": "failed", "environment": {"before": None}},
        {"id": ID, "state": "failed", "environment": {"before": {"letter": "a"}, "after": None}},
    ],
)
def test_odd_records_are_torn(row: object) -> None:
    with pytest.raises(Torn):
        Record.parse(json.dumps(row).encode())


def test_an_undone_change_is_in_force_again_after_a_redo() -> None:
    first, undo, redo = "20261126-110000-0001", "20261126-110000-0002", "20261126-110000-0003"
    one = record(first, state=SUCCEEDED)
    two = record(undo, state=SUCCEEDED, undoes=first)
    three = record(redo, state=SUCCEEDED, undoes=undo)
    assert undone([two, one]) == {first}
    assert undone([three, two, one]) == {undo}
    assert undone([record(undo, undoes=first), one]) == set()


def test_a_record_of_another_format_is_not_half_understood() -> None:
    row = json.loads(FULL.to_json())
    assert row["format"] == 1
    for content in ({**row, "format": 2}, {**row, "format": "1.1", "state": "pending"}):
        with pytest.raises(Torn, match="another version of this extension has written it"):
            Record.parse(json.dumps(content).encode())
    del row["format"]
    assert Record.parse(json.dumps(row).encode()).id == FULL.id
