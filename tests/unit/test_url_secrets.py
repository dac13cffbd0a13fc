"""Secrets in addresses: credentials and queries are masked, kept off command lines, and their files are deleted."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp import url_secrets
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.request import JobSpec, request_files
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.packages.pip import JobFile, install
from azext_pythonapp.packages.pip_arguments import parse
from azext_pythonapp.packages.requirements import parse as parse_requirements

SAS = "https://store.blob.core/wheels/a-1-py3-none-any.whl?sv=2024-11-04&sp=r&sig=s3cr%2Bt%3D"


@pytest.mark.parametrize(
    "text, shown",
    [
        (SAS, "https://store.blob.core/wheels/a-1-py3-none-any.whl?****"),
        (
            f"a @ {SAS} ; python_version > '3'",
            "a @ https://store.blob.core/wheels/a-1-py3-none-any.whl?**** ; python_version > '3'",
        ),
        ("https://u:p@h/simple?token=abc#egg=x", "https://****@h/simple?****#egg=x"),
        (
            "Looking in indexes: https://h/simple?key=abc, https://i/",
            "Looking in indexes: https://h/simple?****, https://i/",
        ),
        ("403 for https://h/x?sig=abc (from -r r.txt)", "403 for https://h/x?**** (from -r r.txt)"),
        ("(https://h/x?sig=abc)", "(https://h/x?****)"),
        ('<a href="https://h/x?sig=abc">', '<a href="https://h/x?****">'),
        ('https://h:443 "GET /w/x.whl?sig=abc HTTP/1.1" 200', 'https://h:443 "GET /w/x.whl?**** HTTP/1.1" 200'),
        ("what? https://h/x is fine", "what? https://h/x is fine"),
        ("https://h/x?", "https://h/x?"),
        ("(at https://h/x?).", "(at https://h/x?)."),
        ("git+https://h/r?access_token=abc@main", "git+https://h/r?****"),
        ("x @ git+ssh://git@h/r.git@v1", "x @ git+ssh://git@h/r.git@v1"),
        ("git+ssh://me:s3cret@h/r", "git+ssh://me:****@h/r"),
        ("git+https://me@h/r.git@v1", "git+https://****@h/r.git@v1"),
    ],
)
def test_masking(text: str, shown: str) -> None:
    assert url_secrets.masked(text) == shown


@pytest.mark.parametrize(
    "address, kept",
    [
        ("git+ssh://git@github.example/o/r.git@v1", "git+ssh://git@github.example/o/r.git@v1"),
        ("-e git+ssh://git@h/r#egg=x", "-e git+ssh://git@h/r#egg=x"),
        ("x @ git+ssh://me:s3cret@h:22/r", "x @ git+ssh://me@h:22/r"),
        ("SVN+SSH://me@h/r", "SVN+SSH://me@h/r"),
        ("git+ssh://me:s3c/ret@h/r", "git+ssh://me@h/r"),
        ("git+ssh://:s3cret@h/r", "git+ssh://h/r"),
        ("git+ssh://s3c@ret@h/r", "git+ssh://h/r"),
        ("git+https://s3cret@h/r.git@v1", "git+https://h/r.git@v1"),
        ("git+https://me:s3cret@h/r", "git+https://h/r"),
        ("https://notssh@h/simple", "https://h/simple"),
        ("git+ssh://h/r@v1", "git+ssh://h/r@v1"),
        ("git+ssh://git@h/r?key=s3cret", "git+ssh://git@h/r?1d3913"),
    ],
)
def test_a_record_keeps_the_user_of_ssh_and_no_secret(address: str, kept: str) -> None:
    assert url_secrets.without_secrets(address) == kept
    assert "s3c" not in url_secrets.without_secrets(address)


def test_the_record_tells_another_query_without_it() -> None:
    first = parse_options(index_url="https://u:p@h/simple?token=abcdef").normalised()
    second = parse_options(index_url="https://u:p@h/simple?token=uvwxyz").normalised()
    assert first != second
    assert first["index_url"].startswith("https://h/simple?")
    assert (
        "abcdef" not in str(first)
        and "token" not in str(first)
        and len(first["index_url"]) == len("https://h/simple?") + 6
    )


def test_no_query_is_on_pips_command_line() -> None:
    options = parse_options(
        index_url=SAS, extra_index_url=["https://h/?key=s3cret"], pip_args=f"--find-links {SAS} --retries 3"
    )
    command = install(JobFile("r.txt"), options)
    assert "s3cr" not in str(command.arguments) and "?" not in str(command.arguments)
    assert command.environment["PIP_FIND_LINKS"] == command.environment["PIP_INDEX_URL"] == SAS
    assert "s3cr" not in json.dumps(options.normalised())
    with pytest.raises(InvalidInput) as error:
        parse(SAS)
    assert "s3cr" not in error.value.message


def test_the_file_that_holds_it_is_deleted_by_the_job() -> None:
    spec = JobSpec(
        "install-requirements", "python.exe", "python364x64", install(JobFile("requirements.txt"), parse_options())
    )
    files = request_files(spec, new_id(), {"requirements.txt": f"a @ {SAS}\n".encode(), "other.txt": b"b==1 # why?\n"})
    assert json.loads(files["request.json"])["secretFiles"] == ["requirements.txt"]


def test_requirements_show_no_query() -> None:
    parsed = parse_requirements(f"a @ {SAS}\n--find-links {SAS}\n")
    assert "s3cr" not in repr(parsed)
