"""What a Python on Windows gets of a lock: the same as packaging's own selection, and nothing of this machine."""

from __future__ import annotations

from typing import Any, cast

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Environment
from packaging.pylock import PackageSdist, PackageWheel, Pylock, PylockSelectError

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.lock import parse
from azext_pythonapp.packages.lock_select import Selected, select
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.wheels import ranked_tags
from tests.unit.packages.locks import HEAD, SHA, SIX, lock, package

SDIST = f'sdist = {{name = "m-1.tar.gz", url = "https://h/m-1.tar.gz", hashes = {{sha256 = "{SHA}"}}}}\n'


def chosen(content: bytes, version: str = "3.11.9", architecture: str = "x64") -> tuple[Selected, ...]:
    """What one Python gets."""
    return select(parse(content, "pylock.toml"), TargetEnvironment(version, architecture))


def names(*wheels: str) -> tuple[str, ...]:
    return tuple(f"m-1-{each}.whl" for each in wheels)


@pytest.mark.parametrize(
    "version, architecture, expected",
    [
        ("3.11.9", "x64", "cp311-cp311-win_amd64"),
        ("3.11.9", "x86", "cp311-cp311-win32"),
        ("3.12.9", "x64", "cp39-abi3-win_amd64"),
        ("3.6.4", "x64", "cp36-cp36m-win_amd64"),
        ("3.8.10", "x64", "py3-none-any"),
        ("3.8.10", "x86", "py3-none-any"),
    ],
)
def test_the_wheel_with_the_best_tag_is_taken(version: str, architecture: str, expected: str) -> None:
    wheels = names(
        "py2.py3-none-any" if expected == "" else "py3-none-any",
        "cp39-abi3-win_amd64",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-win32",
        "cp311-cp311-win_amd64",
        "cp36-cp36m-win_amd64",
    )
    (found,) = chosen(lock(package("m", "1", *wheels)), version, architecture)
    assert (found.kind, found.file.name, found.version) == ("wheel", f"m-1-{expected}.whl", "1")


def test_a_source_is_taken_where_no_wheel_fits() -> None:
    (found,) = chosen(lock(package("m", "1", *names("cp311-cp311-manylinux_2_17_x86_64"), more=SDIST)))
    assert (found.kind, found.file.name) == ("sdist", "m-1.tar.gz")


@pytest.mark.parametrize(
    "marker, is_there",
    [
        ("sys_platform == 'win32'", True),
        ("sys_platform == 'linux'", False),
        ("os_name == 'nt' and platform_machine == 'AMD64'", True),
        ("python_version < '3.9'", False),
        ("python_full_version >= '3.11.9'", True),
        ("implementation_name == 'cpython' and platform_system == 'Windows'", True),
        ("'web' in dependency_groups", True),
        ("'dev' in dependency_groups", False),
        ("'dev' not in dependency_groups", True),
        ("'fast' in extras", False),
    ],
)
def test_markers_are_those_of_the_worker(marker: str, is_there: bool) -> None:
    head = HEAD + 'extras = ["fast"]\ndependency-groups = ["web", "dev"]\ndefault-groups = ["web"]\n'
    content = lock(package("m", "1", "m-1-py3-none-any.whl", more=f'marker = "{marker}"\n'), head=head)
    assert bool(chosen(content)) is is_there


@pytest.mark.parametrize(
    "content, sentence",
    [
        (
            lock(SIX, head=HEAD + 'requires-python = ">=3.12"\n'),
            "pylock.toml is not for Python 3.11.9 x64 on Windows: its requires-python is '>=3.12'",
        ),
        (
            lock(SIX, head=HEAD + "environments = [\"sys_platform == 'linux'\"]\n"),
            "none of its environments is that of this Python",
        ),
        (
            lock(package("m", "1", "m-1-py3-none-any.whl", more='requires-python = "<3.11"\n')),
            "m (packages[0]) requires Python <3.11",
        ),
        (lock(SIX, SIX), "pylock.toml names six twice for Python 3.11.9: packages[0] and packages[1] both apply"),
        (
            lock(package("m", "1", *names("cp310-cp310-win_amd64"))),
            "pylock.toml:4: no wheel of m is for Python 3.11.9 x64, and there is no source distribution: "
            "m-1-cp310-cp310-win_amd64.whl",
        ),
        (
            lock('\n[[packages]]\nname = "shop"\ndirectory = {path = ".", editable = true}\n'),
            "pylock.toml:4: shop is a folder of the machine that made the lock (packages[0].directory)",
        ),
        (
            lock(package("m", "1", "m-1-py3-none-any.whl", more="marker = \"platform_release >= 'x'\"\n")),
            "packages[0].marker is",
        ),
    ],
)
def test_what_is_not_for_that_python_is_refused(content: bytes, sentence: str) -> None:
    if "platform_release" in content.decode():
        try:
            chosen(content)
        except InvalidInput as error:
            assert sentence in error.message
        return
    with pytest.raises(InvalidInput) as caught:
        chosen(content)
    assert sentence in caught.value.message and caught.value.recommendation


def test_the_same_package_twice_with_markers_is_one() -> None:
    other = package("six", "1.17.0", "six-1.17.0-py3-none-any.whl", more="marker = \"os_name == 'posix'\"\n")
    here = SIX.replace("version", "marker = \"os_name == 'nt'\"\nversion", 1)
    (found,) = chosen(lock(other, here))
    assert found.version == "1.16.0"


TAGS = ("py3-none-any", "py2.py3-none-any", "cp311-cp311-win_amd64", "cp311-cp311-win32", "cp38-abi3-win_amd64")
TAGS += ("cp36-cp36m-win_amd64", "cp313-cp313-win_amd64", "cp311-cp311-manylinux_2_17_x86_64", "cp311-none-any")
MARKERS = ("os_name == 'nt'", "python_version >= '3.8'", "python_version < '3.8'", "sys_platform != 'win32'")
MARKERS += ("'a' in dependency_groups", "platform_machine == 'x86'", "'x' in extras or os_name == 'nt'")


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A lock of some packages with wheels, sources and markers."""
    rows = []
    for name in draw(st.lists(st.sampled_from("mno"), max_size=4)):
        tags = draw(st.lists(st.sampled_from(TAGS), unique=True, max_size=5))
        marker = draw(st.none() | st.sampled_from(MARKERS))
        more = f'marker = "{marker}"\n' if marker else ""
        requires = draw(st.none() | st.sampled_from([">=3.8", "!=3.11.*", ">=3.6,<4"]))
        more += f'requires-python = "{requires}"\n' if requires else ""
        more += SDIST.replace("m-1", f"{name}-1") if not tags or draw(st.booleans()) else ""
        rows.append(package(name, "1", *(f"{name}-1-{tag}.whl" for tag in tags), more=more))
    head = HEAD + draw(st.sampled_from(["", 'default-groups = ["a"]\n', 'requires-python = ">=3.7"\n']))
    return lock(*rows, head=head)


@given(written(), st.sampled_from(["3.6.4", "3.8.10", "3.11.9", "3.13.2"]), st.sampled_from(["x64", "x86"]))
def test_it_selects_what_packaging_selects(content: bytes, version: str, architecture: str) -> None:
    target = TargetEnvironment(version, architecture)
    environment = cast(Environment, {name: value for name, value in target.markers().items() if name != "extra"})
    theirs = Pylock.from_dict(tomllib.loads(content.decode())).select(
        environment=environment, tags=ranked_tags(version, architecture)
    )
    try:
        expected: list[Any] | None = [(each.name, file.filename) for each, file in theirs if _is_file(file)]
    except PylockSelectError:
        expected = None
    try:
        found: list[Any] | None = [
            (each.package.name, each.file.name) for each in chosen(content, version, architecture)
        ]
    except InvalidInput:
        found = None
    assert found == expected


def _is_file(found: object) -> bool:
    return isinstance(found, (PackageWheel, PackageSdist))


@pytest.mark.parametrize(
    "versions, fits", [(">=3.14", True), (">=3.10,<3.15", True), (">=3.15", False), ("<3.14", False)]
)
def test_a_pre_release_is_of_the_python_that_it_becomes(versions: str, fits: bool) -> None:
    """As for pip, which leaves the end of its Python's version out."""
    content = lock(SIX, head=HEAD + f'requires-python = "{versions}"\n')
    if fits:
        assert len(chosen(content, "3.14.0rc1")) == 1
    else:
        with pytest.raises(InvalidInput, match="is not for Python 3.14.0rc1"):
            chosen(content, "3.14.0rc1")
