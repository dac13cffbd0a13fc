"""Local wheels: what is known of them, which fit a Python, and how pip is told where they are."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages import requirements, wheels
from azext_pythonapp.packages.requirements import TargetEnvironment

OLD, NEW = TargetEnvironment("3.6.4", "x64"), TargetEnvironment("3.11.9", "x64")
SMALL = TargetEnvironment("3.8.10", "x86")


def folder_of(tmp_path, *names):
    """A folder with a wheel file of each name."""
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    return str(tmp_path)


def test_a_wheel_is_known_by_its_content(tmp_path):
    name = "Some_Thing-1.0-py3-none-any.whl"
    (wheel,) = wheels.read_folder(folder_of(tmp_path, name, "README.txt"))
    content = name.encode()
    assert (wheel.name, wheel.project, wheel.size) == (name, "some-thing", len(content))
    assert (wheel.sha256, wheel.crc32) == (hashlib.sha256(content).hexdigest(), zlib.crc32(content))
    assert wheel.key == wheel.sha256[:16]


def test_no_wheels_and_no_wheel_names(tmp_path):
    with pytest.raises(InvalidInput, match="There are no wheels"):
        wheels.read_folder(str(tmp_path))
    with pytest.raises(InvalidInput, match="does not have a valid name"):
        wheels.read_folder(folder_of(tmp_path, "numpy.whl"))


@pytest.mark.parametrize(
    "tags, fitting",
    [
        ("py3-none-any", [OLD, NEW, SMALL]),
        ("py2.py3-none-any", [OLD, NEW, SMALL]),
        ("cp36-cp36m-win_amd64", [OLD]),
        ("cp36-cp36-win_amd64", []),
        ("cp311-cp311-win_amd64", [NEW]),
        ("cp38-cp38-win32", [SMALL]),
        ("cp38-cp38-win_amd64", []),
        ("cp37-abi3-win_amd64", [NEW]),
        ("cp36-abi3-win32", [SMALL]),
        ("py3-none-win_amd64", [OLD, NEW]),
        ("cp311-cp311-manylinux_2_17_x86_64", []),
        ("py2-none-any", []),
    ],
)
def test_what_fits(tmp_path, tags, fitting):
    (wheel,) = wheels.read_folder(folder_of(tmp_path, f"thing-1.0-{tags}.whl"))
    assert [
        target for target in (OLD, NEW, SMALL) if wheels.fits(wheel.tags, target.version, target.architecture)
    ] == fitting


def test_wheels_that_do_not_fit_are_left_out(tmp_path):
    found = wheels.read_folder(folder_of(tmp_path, "a-1.0-py3-none-any.whl", "b-1.0-cp36-cp36m-win_amd64.whl"))
    wanted = requirements.parse("a\n").requirements
    fitting, others = wheels.choose(found, wanted, NEW)
    assert [wheel.project for wheel in fitting] == ["a"] and [wheel.project for wheel in others] == ["b"]


def test_a_requirement_with_unfitting_wheels_only_is_an_error(tmp_path):
    found = wheels.read_folder(folder_of(tmp_path, "B.b-1.0-cp36-cp36m-win_amd64.whl", "B.b-1.0-cp38-cp38-win32.whl"))
    with pytest.raises(InvalidInput) as caught:
        wheels.choose(found, requirements.parse("b-b>=1\n").requirements, NEW)
    assert (
        "b-b is for Python 3.11.9 x64 (cp311 win_amd64): B.b-1.0-cp36-cp36m-win_amd64.whl, "
        "B.b-1.0-cp38-cp38-win32.whl." in caught.value.message
    )
    assert "--platform win_amd64 --python-version 3.11" in caught.value.recommendation
    elsewhere = requirements.parse('b-b; sys_platform != "win32"\n').requirements
    assert wheels.choose(found, elsewhere, NEW)[0] == ()


def test_the_page_names_each_wheel_with_its_hash(tmp_path):
    found = wheels.read_folder(folder_of(tmp_path, "a-1.0+local.1-py3-none-any.whl"))
    page = wheels.find_links_page(found).decode("utf-8")
    assert (
        f'<a href="../../wheels/{found[0].key}/a-1.0%2Blocal.1-py3-none-any.whl#sha256={found[0].sha256}">'
        "a-1.0+local.1-py3-none-any.whl</a>" in page
    )
