"""--pip-args: what may be in it, and what of it goes out of sight."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages import record
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from azext_pythonapp.packages.pip_arguments import parse, reads_more


@pytest.mark.parametrize(
    "text, arguments",
    [
        (None, ()),
        ("", ()),
        ("--prefer-binary --retries 3", ("--prefer-binary", "--retries", "3")),
        ("--retries=3 -vv", ("--retries", "3", "-vv")),
        ("--trusted-host 'a host' --no-cache-dir", ("--trusted-host", "a host", "--no-cache-dir")),
        ("--find-links https://host/wheels/", ("--find-links", "https://host/wheels/")),
    ],
)
def test_options_are_split_as_by_a_shell(text, arguments):
    assert parse(text) == (arguments, {})


@pytest.mark.parametrize(
    "text",
    [
        "--target x",
        "--target=x",
        "--targ x",
        "--user",
        "--prefix=/",
        "--root /",
        "-t x",
        "-tx",
        "-Ut x",
        "-r evil.txt",
        "-q",
        "--qui",
        "--isolated",
        "--log x",
        "--index-url https://h/",
        "--proxy h:1",
        "--dry-run",
        "--python x",
        "-e .",
        "evil",
        "--",
        "-",
        "--retries 3 evil",
        "--pre evil",
    ],
)
def test_what_would_escape_the_job_is_refused(text):
    with pytest.raises(InvalidInput, match="--pip-args"):
        parse(text)


def test_a_quote_without_its_end():
    with pytest.raises(InvalidInput, match="no closing quotation"):
        parse("--retries '3")


def test_credentials_become_variables_and_are_masked_in_errors():
    arguments, variables = parse("--find-links https://me:pw@a/ --retries 1 --find-links=https://me:pw@b/")
    assert arguments == ("--retries", "1")
    assert variables == {"PIP_FIND_LINKS": "https://me:pw@a/ https://me:pw@b/"}
    with pytest.raises(InvalidInput) as caught:
        parse("https://me:pw@host/six.whl")
    assert "pw" not in caught.value.message


def test_arguments_come_first_and_change_the_record():
    arguments, variables = parse("--retries 3 --find-links https://me:pw@a/")
    options = PipOptions(
        more=arguments, environment=variables, proxy="me:pw@proxy:8080", no_deps=True, only_binary=":all:", pre=True
    )
    call = install(JobFile("r.txt"), options)
    assert call.arguments == (
        "install",
        "--pre",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--retries",
        "3",
        "-r",
        JobFile("r.txt"),
    )
    assert call.environment == {"PIP_FIND_LINKS": "https://me:pw@a/", "PIP_PROXY": "http://me:pw@proxy:8080"}
    assert options.normalised() == {
        "pre": True,
        "no_deps": True,
        "only_binary": ":all:",
        "more": ["--retries", "3", "PIP_FIND_LINKS=https://a/"],
    }
    assert "pw" not in repr(options.more) + str(options.normalised())


@pytest.mark.parametrize(
    "text, expected",
    [
        ("--force-reinstall", True),
        ("-I", True),
        ("--ignore-inst", True),
        ("--find-links wheels", True),
        ("--find=D:/x", True),
        ("--find-links https://h/links", False),
        ("--retries 3 --prefer-binary", False),
        ("--group dev", True),
        (None, False),
    ],
)
def test_whether_pip_is_to_do_it_again_or_reads_more(text, expected):
    arguments, _ = parse(text)
    assert reads_more(arguments) is expected
    found = record.Record(
        "sha", {"more": list(arguments)} if text else {}, "digest", {"ok": True, "problems": []}, "j", "t"
    )
    assert record.is_satisfied(found, "sha", found.options, "digest", pinned=True) is not expected
