"""Failures of pip that people reported in public: what is said about them is true, and points at what is wrong."""

from __future__ import annotations

import pytest

from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput

FIRST = r"Python 3.8.10 cp38 win_amd64 at D:\home\python3810x64\python.exe, job 20261122-131402-23fc"
LONG = "\\\\".join(["D:", "home", "python3810x64", "Lib", "site-packages", *["a" * 30] * 8, "b.pyc"])
OS_ERROR = "ERROR: Could not install packages due to an OSError: "
NO_VERSION = "ERROR: Could not find a version that satisfies the requirement "
GIT = "  × git clone --quiet https://h/y.git y did not run successfully."


def explained(*lines: str) -> Explanation | None:
    found = PipOutput()
    for line in "\n".join([FIRST, *lines]).split("\n"):
        found.take(line)
    return explain(found, "app 'shop'")


def build(*output: str, old: bool = False) -> tuple[str, ...]:
    """What pip prints of a source package whose build printed some lines."""
    if old:
        return (
            "  Downloading foo-1.0.tar.gz",
            "    Complete output from command python setup.py egg_info:",
            *(f"    {each}" for each in output),
            "    ----------------------------------------",
            'Command "python setup.py egg_info" failed with error code 1 in D:\\local\\Temp\\pip-build-x\\foo\\',
        )
    return (
        "  Downloading foo-1.0.tar.gz (1 kB)",
        "  error: subprocess-exited-with-error",
        "  × python setup.py egg_info did not run successfully.",
        "  │ exit code: 1",
        f"  ╰─> [{len(output)} lines of output]",
        *(f"      {each}" for each in output),
        "      [end of output]",
        "error: metadata-generation-failed",
    )


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(
    "said, reason",
    [
        ("UnicodeDecodeError: 'charmap' codec can't decode byte 0x9d in position 4", "takes the encoding of Windows"),
        ("UnicodeDecodeError: 'gbk' codec can't decode byte 0xad in position 4", "takes the encoding of Windows"),
        ("ModuleNotFoundError: No module named 'Cython'", "its build imports Cython, which is not there"),
        ("ImportError: No module named numpy", "its build imports numpy, which is not there"),
        ("Error: pg_config executable not found.", "failed: Error: pg_config executable not found."),
        ("RuntimeError: This package is a placeholder.", "failed: RuntimeError: This package is a placeholder."),
        ("SyntaxError: invalid syntax", "failed: SyntaxError: invalid syntax."),
        ("ModuleNotFoundError: No module named 'ConfigParser'", "its source does not support Python 3.8.10"),
    ],
)
def test_a_build_that_no_compiler_would_mend(old: bool, said: str, reason: str) -> None:
    found = explained(*build("Traceback (most recent call last):", '  File "setup.py"', said, old=old))
    assert found is not None and found.reason.startswith("foo 1.0 has no wheel") and reason in found.reason
    assert "compiler" not in found.reason and found.reason.endswith(".") and "..." not in found.reason


def test_what_a_build_needs_cannot_be_installed() -> None:
    found = explained(
        "  Downloading foo-1.0.tar.gz (1 kB)",
        "  Installing build dependencies: finished with status 'error'",
        "  error: subprocess-exited-with-error",
        "  × pip subprocess to install build dependencies did not run successfully.",
        "  ╰─> [2 lines of output]",
        f"      {NO_VERSION}setuptools<49.2.0 (from versions: none)",
        "      [end of output]",
    )
    assert found is not None and "pip could not install setuptools<49.2.0, which its build needs" in found.reason


@pytest.mark.parametrize(
    "lines, reason, advice",
    [
        (
            [f"{OS_ERROR}[WinError 206] The filename or extension is too long: 'D:\\\\home\\\\x'"],
            "260 char",
            "Use another",
        ),
        ([f"{OS_ERROR}[Errno 2] No such file or directory: '{LONG}'"], "260 char", "Use another"),
        (
            [f"{OS_ERROR}[Errno 2] No such file or directory: 'D:\\\\home\\\\w.whl'"],
            r"worker: D:\home\w.whl.",
            "Deploy",
        ),
        ([f"{OS_ERROR}[WinError 1455] The paging file is too small"], "ran out of memory", "larger plan"),
        ([f"{OS_ERROR}Missing dependencies for SOCKS support."], "cannot use the address of its proxy", "http://"),
        (
            [
                "ERROR: Exception:",
                "Traceback (most recent call last):",
                "ValueError: check_hostname requires server_hostname",
            ],
            "cannot use the address of its proxy",
            "http://",
        ),
        (
            ["Traceback (most recent call last):", "zipfile.BadZipFile: File is not a zip file"],
            "not a whole archive",
            "again",
        ),
        (
            [
                "Traceback (most recent call last):",
                "pkg_resources.ContextualVersionConflict: (urllib3 1.15.1 (d:\\home), "
                "Requirement.parse('urllib3<1.23,>=1.21.1'), {'requests'})",
            ],
            "urllib3 1.15.1 is installed, but requests needs urllib3<1.23,>=1.21.1.",
            '--packages "urllib3<1.23,>=1.21.1"',
        ),
        (
            ["Traceback (most recent call last):", "ImportError: DLL load failed while importing _ssl: Not found."],
            "DLL load failed while importing _ssl: Not found.",
            "python install",
        ),
        (
            ["Traceback (most recent call last):", '  File "D:\\x\\pip\\a.py", line 1', "SyntaxError: invalid"],
            "made for a newer",
            "in",
        ),
        (
            [
                "WARNING: Ignoring version 5.2.0 of celery since it has invalid metadata:",
                "Requested celery==5.2.0 from https://h/celery-5.2.0-py3-none-any.whl has invalid metadata: Expected )",
                f"{NO_VERSION}celery==5.2.0 (from versions: 5.1.2, 5.2.0)",
            ],
            "The index has celery==5.2.0, but this pip cannot read what it says about itself: Expected ).",
            "pip<24.1",
        ),
        (
            [
                "WARNING: Discarding https://h/a-2.tar.gz (from https://h/a/). Requested a==2 from https://h/a-2.tar.gz has "
                "inconsistent version: filename has '2', but metadata has '1'",
                f"{NO_VERSION}a==2 (from versions: 1, 2)",
            ],
            "its name says version 2, and the package itself 1.",
            "another version of a",
        ),
        (
            ["ERROR: Invalid requirement: 'f\\x00l\\x00' (from line 1 of r.txt)"],
            "Line 1 of r.txt is not text in UTF-8",
            "UTF-8",
        ),
        (
            [
                "ERROR: Invalid requirement: 'a; b > 3': Expected a quoted string (from line 3 of D:\\home\\r.txt)",
                "    a",
            ],
            "'a; b > 3' (Expected a quoted string).",
            "Correct",
        ),
        (
            ["  error: pathspec 'v9' did not match any file(s) known to git", GIT],
            "no branch, tag or commit named 'v9'",
            "@",
        ),
        (["  Host key verification failed.", GIT], "could not sign in to a repository by SSH", "https address"),
        (
            ["  fatal: unable to access 'https://u:secret@h/y.git/': Could not resolve host: h", GIT],
            "could not reach https://****@h/y.git/: Could not resolve host: h.",
            "can reach it",
        ),
    ],
)
def test_failures_and_what_to_do(lines: list[str], reason: str, advice: str) -> None:
    found = explained(*lines)
    assert found is not None and reason in found.reason and advice in found.advice
    assert found.reason.endswith(".") and "secret" not in found.reason


@pytest.mark.parametrize(
    "causes, reason",
    [
        (
            ["dgb 0.2 depends on numpy==1.23.4", "dgb 0.1 depends on numpy==1.23.4"],
            "dgb 0.2 needs numpy==1.23.4, and no version of numpy that fits is available.",
        ),
        (
            ["moto 4.0.9 depends on responses>=0.13.0", "The user requested (constraint) responses==0.23.0"],
            "The constraints file asks for responses==0.23.0, and no version of responses that fits is available.",
        ),
        (
            ["a[all] 1 depends on c", 'b 2 depends on c; extra == "all"', "d 3 depends on c<3 and >=1"],
            "d 3 needs c<3 and >=1,",
        ),
        (["a 1.0 depends on Python>=3.9", "b 2.0 depends on a==1.0"], "a 1.0 needs Python>=3.9."),
    ],
)
def test_causes_that_fit_together_are_no_conflict(causes: list[str], reason: str) -> None:
    found = explained("The conflict is caused by:", *(f"    {each}" for each in causes), "")
    assert found is not None and found.reason.startswith(reason)


def test_a_conflict_without_causes() -> None:
    found = explained(
        "ERROR: Cannot install a==1 and a==2 because these package versions have conflicting dependencies."
    )
    assert found is not None and found.reason.startswith("No set of versions fits a==1 and a==2")


@pytest.mark.parametrize("status, advice", [(404, "Check the address"), (403, "token"), (429, "later"), (503, "later")])
def test_a_file_that_is_not_sent(status: int, advice: str) -> None:
    found = explained(
        f"ERROR: Could not install requirement a from https://u:secret@h/a.whl because of HTTP error {status} Error: x for "
        "url: https://u:secret@h/a.whl for URL https://u:secret@h/a.whl"
    )
    assert found is not None and advice in found.advice
    assert found.reason == f"https://****@h/a.whl could not be downloaded by the worker: it answers HTTP {status}."


def test_an_index_that_limits_requests_has_no_wrong_credentials() -> None:
    found = explained(
        f"{NO_VERSION}a (from versions: none)", "Answered with HTTP 429 Too Many Requests: https://h/simple/a/"
    )
    assert found is not None and "answers HTTP 429" in found.reason and "credentials" not in found.advice


def test_a_python_without_ssl() -> None:
    found = explained(
        "Could not fetch URL https://h/simple/a/: There was a problem confirming the ssl certificate: "
        "HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: /simple/a/ (Caused by SSLError(\"Can't "
        'connect to HTTPS URL because the SSL module is not available.")) - skipping',
        f"{NO_VERSION}a (from versions: none)",
    )
    assert found is not None and "no ssl module" in found.reason and "python install" in found.advice
