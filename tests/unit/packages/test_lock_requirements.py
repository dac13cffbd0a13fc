"""What pip is handed of a lock: every file by its hash, found at the lock's own address, by old pips as well."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.lock import parse
from azext_pythonapp.packages.lock_requirements import LockPart, parts_of
from azext_pythonapp.packages.lock_select import select
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.requirements import parse as parse_requirements
from tests.unit.packages.locks import HEAD, SHA, SIX, lock, package, wheel

TARGET = TargetEnvironment("3.11.9", "x64")
SDIST = f'sdist = {{url = "https://h/m-1.tar.gz", hashes = {{sha256 = "{SHA}"}}}}\n'


def parts(content: bytes, indexed: bool = False) -> tuple[LockPart, ...]:
    """What pip is called with."""
    found = parse(content, "pylock.toml")
    return parts_of(found, select(found, TARGET), indexed=indexed)


def test_wheels_are_pinned_and_no_index_is_asked() -> None:
    (part,) = parts(lock(SIX, package("m", "1", "m-1-cp311-cp311-win_amd64.whl", "m-1-py3-none-any.whl")))
    assert part.text("pylock.html").splitlines() == [
        "--no-index",
        "--find-links pylock.html",
        f"six==1.16.0 --hash=sha256:{SHA}",
        f"m==1 --hash=sha256:{SHA}",
    ]
    assert part.page is not None and part.hashed and not part.anew
    assert re.findall('href="([^"]+)"', part.page.decode("ascii")) == [
        f"https://files.example/six-1.16.0-py2.py3-none-any.whl#sha256={SHA}",
        f"https://files.example/m-1-cp311-cp311-win_amd64.whl#sha256={SHA}",
    ]


def test_a_named_index_takes_the_place_of_the_addresses() -> None:
    (part,) = parts(lock(SIX), indexed=True)
    assert (part.text("x"), part.page) == (f"six==1.16.0 --hash=sha256:{SHA}\n", None)


def test_what_has_to_be_built_is_asked_for_apart() -> None:
    commit = "0" * 40
    wheels, sdists, archives, repositories = parts(
        lock(
            SIX,
            package("m", "1", more=SDIST),
            f'\n[[packages]]\nname = "a"\narchive = {{url = "https://h/a.zip#x", hashes = {{sha512 = "{SHA * 2}"}}, '
            'subdirectory = "lib/a b"}\n',
            f'\n[[packages]]\nname = "g"\nvcs = {{type = "git", url = "https://h/g.git", commit-id = "{commit}"}}\n',
        )
    )
    assert "--no-index" in wheels.options
    assert sdists.text("page.html").splitlines() == [
        "--no-binary m",
        "--find-links page.html",
        f"m==1 --hash=sha256:{SHA}",
    ]
    assert archives.lines == (f"https://h/a.zip#egg=a&subdirectory=lib/a%20b --hash=sha512:{SHA * 2}",)
    assert repositories.lines == (f"git+https://h/g.git@{commit}#egg=g",)
    assert (archives.hashed, archives.anew, repositories.hashed, repositories.anew) == (True, True, False, True)


@pytest.mark.parametrize(
    "source, sentence",
    [
        ('archive = {url = "https://[me:s3cret@h/x.zip#a", hashes = {sha256 = "%s"}}' % SHA, "is no address"),
        ('archive = {url = "https://me:s3cret@h:x/x.zip", hashes = {sha256 = "%s"}}' % SHA, "is no address"),
        ('archive = {url = "https:///x.zip", hashes = {sha256 = "%s"}}' % SHA, "is no address"),
        ('archive = {url = "file:///x.zip", hashes = {sha256 = "%s"}}' % SHA, "where the worker cannot get it"),
        ('archive = {path = "x.zip", hashes = {sha256 = "%s"}}' % SHA, "where the worker cannot get it"),
        ('archive = {url = "https://h/x y.zip", hashes = {sha256 = "%s"}}' % SHA, "a character that no address may"),
        ('archive = {url = "https://h/x\\n--pre", hashes = {sha256 = "%s"}}' % SHA, "a character that no address may"),
        ('archive = {url = "https://h/${X}.zip", hashes = {sha256 = "%s"}}' % SHA, "a character that no address may"),
        ('archive = {url = "https://h/x.zip", hashes = {md5 = "%s"}}' % SHA[:32], "hashes has md5 only"),
        ('vcs = {type = "cvs", url = "https://h/x", commit-id = "1"}', "packages[0].vcs.type is 'cvs'"),
        ('vcs = {type = "git", path = "x", commit-id = "1"}', "where the worker cannot get it"),
        ('vcs = {type = "git", url = "https://h/x", commit-id = "-x y"}', "which is no commit"),
        ('vcs = {type = "git", url = "https://h/x", commit-id = "main"}', "which is no commit of git"),
        ('vcs = {type = "git", url = "https://h/x", commit-id = "abc1234"}', "which is no commit of git"),
        ('vcs = {type = "hg", url = "https://h/x", commit-id = "tip"}', "which is no commit of hg"),
        ('vcs = {type = "svn", url = "https://h/x", commit-id = "HEAD"}', "which is no commit of svn"),
        (f'vcs = {{type = "git", url = "https://me:s3cret@h/x y", commit-id = "{"0" * 40}"}}', "a character that no"),
        ('archive = {url = "https://h/x.zip", hashes = {sha256 = "%s"}, subdirectory = "../x"}' % SHA, "leads out of"),
        (f'vcs = {{type = "git", url = "https://h/x", commit-id = "{"0" * 40}", subdirectory = "/x"}}', "leads out of"),
    ],
)
def test_what_no_pip_could_fetch_is_refused(source: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parts(lock(f'\n[[packages]]\nname = "x"\n{source}\n'))
    assert sentence in caught.value.message
    assert "s3cret" not in caught.value.message + str(caught.value.recommendation)


def test_an_address_has_to_end_in_the_name_of_the_file() -> None:
    table = wheel("x-1-py3-none-any.whl").replace("files.example/x-1-py3-none-any.whl", "h/download/17")
    with pytest.raises(InvalidInput, match="its address does not end in that name"):
        parts(lock(package("x", "1", table)))


@given(st.text(max_size=30), st.sampled_from(["archive", "wheel"]))
def test_no_address_says_more_than_where_a_file_is(text: str, kind: str) -> None:
    """Whatever an address holds, pip gets one requirement a line, and no option that it was not to get."""
    escaped = "".join(f"\\U{ord(each):08X}" for each in text if not 0xD800 <= ord(each) < 0xE000)
    url = f'"https://h/{escaped}x-1-py3-none-any.whl"'
    hashes = f'hashes = {{sha256 = "{SHA}"}}'
    named = f'{{name = "x-1-py3-none-any.whl", url = {url}, {hashes}}}'
    source = f"archive = {{url = {url}, {hashes}}}" if kind == "archive" else f"wheels = [{named}]"
    try:
        found = parts((HEAD + f'[[packages]]\nname = "x"\nversion = "1"\n{source}\n').encode())
    except InvalidInput:
        return
    for part in found:
        read = parse_requirements(part.text("page.html"))
        assert len(read.requirements) == len(part.lines)
        assert {name for name, _ in read.options} <= {"--no-index", "--find-links"}
        assert all(each.hashes for each in read.requirements) and not read.includes and not read.constraints
        assert part.page is None or part.page.count(b"<a ") == 1
