"""Lines and outputs of other people's requirements, taken from public files and threads and shortened."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.site_kind import SiteKind
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.jobs.runner import pip_reason
from azext_pythonapp.jobs.runner.log import CREDENTIALS
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput
from azext_pythonapp.packages.requirements import parse
from azext_pythonapp.packages.worker_places import impossible, place
from azext_pythonapp.runtimes.versions import VersionSpec, numbers, package_order
from azext_pythonapp.url_secrets import masked

FIRST = r"Python 3.12.2 cp312 win_amd64 at D:\home\python3122x64\python.exe, job x"


@pytest.mark.parametrize(
    "line",
    [
        "--only-final=flask",
        "--uploaded-prior-to=2026-01-01",
        "-e git+git@github.com:a/b.git#egg=b",
        '-e "b @ git+https://github.com/a/b.git"',
    ],
)
def test_what_a_pip_takes_is_left_to_pip(line):
    (requirement,) = parse(line).requirements
    assert impossible(requirement, True) is None and not requirement.covered


def test_an_editable_with_a_name_is_that_package():
    (requirement,) = parse("-e \"B_x[y] @ git+https://github.com/a/b.git ; python_version < '3'\"").requirements
    assert (requirement.name, requirement.editable, requirement.extras) == ("b-x", True, ("y",))
    assert requirement.source == "git+https://github.com/a/b.git" and str(requirement.marker) == 'python_version < "3"'


def test_an_at_is_a_revision_in_repositories_only():
    assert place("file:///D:/home/site/lib@2").path == "site/lib@2"
    assert place("git+file:///D:/home/site/lib@2").path == "site/lib"


def test_two_backslashes_continue_a_line_as_one_does():
    (requirement,) = parse("flask==1.0 \\\\\n    --hash=sha256:aa\n").requirements
    assert requirement.known and requirement.hashes == ("sha256:aa",)


@pytest.mark.parametrize("url", ["https://u:p/w@h/s", "https://u:p/w/x@h/s?sig=1"])
def test_a_password_with_a_slash_is_masked(url):
    shown = masked(url)
    assert "p/w" not in shown and shown.startswith("https://****@h/s")
    assert CREDENTIALS.sub("://****@", url).startswith("https://****@h/s")
    assert masked("https://h:8080/name@2") == "https://h:8080/name@2"


def test_an_index_that_would_show_its_password_is_refused():
    for options in (
        {"index_url": "u:secret@h/simple"},
        {"extra_index_url": ["https:/u:secret@h/simple"]},
        {"index_url": "https://u:sec ret@h/simple"},
    ):
        with pytest.raises(InvalidInput) as caught:
            parse_options(**options)
        assert "secret" not in caught.value.message + (caught.value.recommendation or "")
    assert parse_options(index_url=r"D:\home\simple").index_url == r"D:\home\simple"


def test_numbers_of_any_length_are_no_traceback():
    long = "9" * 5000
    assert numbers(long) and package_order(f"1.0-{long}") and package_order(long)
    for text in (long, f"3.{long}", f"3.14.0rc{long}"):
        with pytest.raises(InvalidInput):
            VersionSpec.parse(text)


def test_a_windows_container_of_the_kind_hyperv():
    assert SiteKind.read({"kind": "hyperV", "properties": {}}).container


@pytest.mark.parametrize(
    "output, reason, advice",
    [
        (
            "  Downloading ntfsutils-0.1.4.tar.gz (7.3 kB)\n  error in ntfsutils setup command: use_2to3 is invalid.\n"
            "  ERROR: Failed building wheel for ntfsutils",
            "its source does not support Python 3.12.2",
            "newer version of ntfsutils",
        ),
        (
            "  Downloading sklearn-0.0.post12.tar.gz (2.6 kB)\n      The 'sklearn' PyPI package is deprecated, use 'scikit-learn'\n"
            "      rather than 'sklearn' for pip commands.\nERROR: Failed to build 'sklearn' when getting requirements",
            "is deprecated",
            "Write scikit-learn in place of sklearn",
        ),
        (
            "ERROR: torch-2.0.0+cu117-cp39-cp39-linux_x86_64.whl is not a supported wheel on this platform.",
            "is not for cp312 win_amd64",
            "wheel for cp312 win_amd64",
        ),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support enabled. You can",
            "260 characters",
            "another version",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement python==3.8.5 (from versions: none)",
            "part of it",
            "Delete the line of python",
        ),
        (
            "ERROR: Could not install requirement a@ https://x/a.whl?**** from https://x/a.whl?**** because of HTTP error 403 "
            "Client Error: Forbidden for url: https://x/a.whl?****",
            "HTTP 403",
            "expired",
        ),
        (
            "Cannot uninstall 'PyYAML'. It is a distutils installed project and thus we cannot accurately determine",
            "cannot replace PyYAML",
            "--ignore-installed",
        ),
    ],
)
def test_what_else_is_advised(output, reason, advice):
    found = PipOutput()
    for line in [FIRST, *output.split("\n")]:
        found.take(line)
    explanation = explain(found)
    assert reason in explanation.reason and advice in explanation.advice


@pytest.mark.parametrize("signs", [("\u00d7 ", "\u2570\u2500> "), ("", "")])
def test_the_reason_of_pips_newer_errors(signs):
    reason = pip_reason.PipReason()
    for line in [
        "error: uninstall-no-record-file",
        "",
        f"{signs[0]}Cannot uninstall cryptography 41.0",
        f"{signs[1]}The package's contents are unknown: no RECORD file was found for cryptography.",
        "",
        "hint: You might be able to recover from this via: pip install --force-reinstall",
        "",
        "[notice] A new release of pip is available: 24.0 -> 25.3",
    ]:
        reason.read_line(line)
    assert reason.text().startswith("Cannot uninstall cryptography 41.0 The package's contents are unknown: no RECORD")
