"""Unpacking wheels for another machine's Python: what goes where, what is refused, how it is known again."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

import pytest

from azext_pythonapp.errors import InvalidInput, RemoteFailed
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.vendoring import (
    MARKER,
    Library,
    Vendored,
    put_in_place,
    read_marker,
    tree_hash,
    unpack_all,
    workplace,
    write_marker,
)

PYTHON = TargetEnvironment("3.6.4", "x64")
NAME = "Thing-1.0-py3-none-any.whl"


def wheel_of(files, metadata="Name: Thing\nVersion: 1.0\n", record=None):
    """The bytes of a wheel with these files, a METADATA and a RECORD (by default a right one)."""
    content = io.BytesIO()
    files = {**files, "thing-1.0.dist-info/METADATA": metadata}
    with zipfile.ZipFile(content, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        lines = [f"{name},sha256={recorded(text)},{len(text)}" for name, text in files.items()]
        wheel.writestr("thing-1.0.dist-info/RECORD", "\n".join(lines) if record is None else record)
    return content.getvalue()


def recorded(text):
    """A hash as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def unpacked(tmp_path, wheels, target=PYTHON, expected=None):
    """Unpack an archive of wheels into tmp_path/new."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as outer:
        for name, content in wheels.items():
            outer.writestr(name, content)
    folder = tmp_path / "new"
    folder.mkdir()
    sizes = {name: len(content) for name, content in wheels.items()}
    return unpack_all(archive, sizes if expected is None else expected, folder, target), folder


def files_of(folder):
    """The files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_libraries_are_laid_out_as_by_pip(tmp_path):
    content = wheel_of(
        {
            "thing/__init__.py": "x",
            "thing/__pycache__/a.cpython-311.pyc": "y",
            "thing-1.0.data/purelib/one.py": "1",
            "thing-1.0.data/platlib/two.pyd": "2",
            "thing-1.0.data/scripts/run": "#!python",
            "thing-1.0.data/headers/a.h": "h",
            "thing-1.0.data/data/share/doc.txt": "d",
        }
    )
    (library,), folder = unpacked(tmp_path, {NAME: content})
    assert library == Library("thing", "1.0", NAME, hashlib.sha256(content).hexdigest())
    assert files_of(folder) == [
        "one.py",
        "share/doc.txt",
        "thing-1.0.dist-info/METADATA",
        "thing-1.0.dist-info/RECORD",
        "thing/__init__.py",
        "two.pyd",
    ]


@pytest.mark.parametrize(
    "name, metadata, reason",
    [
        ("Thing-1.0-cp38-cp38-win_amd64.whl", "", "is not for Python 3.6.4 x64"),
        ("Thing-1.0-cp36-cp36m-win32.whl", "", "is not for Python 3.6.4 x64"),
        ("Thing-1.0-cp36-cp36m-manylinux1_x86_64.whl", "", "is not for Python 3.6.4 x64"),
        (NAME, "Name: Thing\nRequires-Python: !=3.6.*,>=3\n", r"requires Python !=3.6.\*,>=3, and the app runs 3.6.4"),
        ("thing.whl", "", "with an invalid name"),
        ("thing-1.0.tar.gz", "", "is a source package"),
    ],
)
def test_what_is_not_for_the_target_is_refused(tmp_path, name, metadata, reason):
    with pytest.raises(RemoteFailed, match=reason):
        unpacked(tmp_path, {name: wheel_of({}, metadata)})


@pytest.mark.parametrize("unsafe", ["../evil.py", "/evil.py", "thing/../../evil.py", "C:/evil.py", "a\\..\\evil.py"])
def test_a_file_that_would_go_elsewhere_is_refused(tmp_path, unsafe):
    with pytest.raises(RemoteFailed, match="unsafe path"):
        unpacked(tmp_path, {NAME: wheel_of({unsafe: "x"})})
    assert [path.name for path in tmp_path.rglob("evil.py")] == []


def test_file_that_differs_from_its_record_is_refused(tmp_path):
    with pytest.raises(RemoteFailed, match="thing.py in the wheel .* does not match"):
        unpacked(tmp_path, {NAME: wheel_of({"thing.py": "x"}, record=f"thing.py,sha256={recorded('y')},1")})


@pytest.mark.parametrize("expected", [{}, {NAME: 1}, {NAME: 1, "Other-1.0-py3-none-any.whl": 5}])
def test_an_archive_without_what_the_worker_has_is_refused(tmp_path, expected):
    with pytest.raises(RemoteFailed, match="is incomplete"):
        unpacked(tmp_path, {NAME: wheel_of({})}, expected=expected)


def test_a_cut_archive_is_refused(tmp_path):
    with pytest.raises(RemoteFailed, match="is incomplete"):
        unpack_all(io.BytesIO(b"PK\x03\x04"), {}, tmp_path, PYTHON)


def test_the_marker_tells_what_a_folder_was_made_for(tmp_path):
    made = Vendored("3.6.4", "x64", "ab", {"pre": True}, (Library("thing", "1.0", NAME, "cd"),), tree_hash(tmp_path))
    assert read_marker(tmp_path / "none") is None and read_marker(tmp_path) is None
    write_marker(tmp_path, made)
    assert read_marker(tmp_path) == made and made.versions == {"thing": "1.0"}


@pytest.mark.parametrize("marker", [None, "no json", "{}", "[]", '{"libraries": 5}'])
def test_a_folder_of_somebody_else_is_never_taken_for_ours(tmp_path, marker):
    (tmp_path / "app.py").write_text("x")
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    with pytest.raises(InvalidInput, match="was not created by"):
        read_marker(tmp_path)


def test_folder_hash_ignores_bytecode(tmp_path):
    (tmp_path / "a.py").write_text("1")
    before = tree_hash(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("2")
    assert tree_hash(tmp_path) == before
    (tmp_path / "b.py").write_text("3")
    assert tree_hash(tmp_path) != before


def test_folder_replaces_another_completely(tmp_path):
    target = tmp_path / "lib"
    for number in "12":
        with workplace(target) as new:
            (new / number).write_text(number)
            put_in_place(new, target)
        assert files_of(tmp_path) == [f"lib/{number}"]


def test_a_failure_leaves_the_old_folder(tmp_path):
    target = tmp_path / "lib"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(RemoteFailed), workplace(target) as new:
        (new / "half").write_text("half")
        raise RemoteFailed("it broke")
    with pytest.raises(InvalidInput, match="cannot be replaced"), workplace(target) as new:
        new.rmdir()
        put_in_place(new, target)
    assert files_of(tmp_path) == ["lib/old"]
