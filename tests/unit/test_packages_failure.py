"""What a log says about why pip failed; the lines are those of pip 9, 19, 21, 24 and 25."""
from __future__ import annotations

import pytest

from azext_pythonapp.packages.failure import PipLines

FIRST = r"Python 3.8.10 cp38 win_amd64 at D:\home\python3810x64\python.exe, job 20261122-131402-23fc"
COMPILER = [
    "      error: Microsoft Visual C++ 14.0 or greater is required. Get it with \"Microsoft C++ Build Tools\"",
    "  error: Microsoft Visual C++ 14.0 is required. Get it with \"Microsoft Visual C++ Build Tools\"",
    "    error: Unable to find vcvarsall.bat",
    "    error: command 'cl.exe' failed: No such file or directory",
    "  error: can't find Rust compiler",
]
UNBUILT = [
    "  ERROR: Failed building wheel for lxml",
    "  Failed building wheel for lxml",
    "ERROR: Could not build wheels for lxml, which is required to install pyproject.toml-based projects",
    "ERROR: Failed to build installable wheels for some pyproject.toml based projects (lxml)",
    "error: failed-wheel-build-for-install\nerror: Failed to build 'lxml'",
]


def explanation(*lines):
    found = PipLines()
    for line in "\n".join([FIRST, *lines]).split("\n"):
        found.take(line)
    return found.explanation


@pytest.mark.parametrize("unbuilt", UNBUILT)
@pytest.mark.parametrize("compiler", COMPILER)
def test_a_missing_compiler(unbuilt, compiler):
    found = explanation("Collecting lxml", "  Downloading lxml-4.9.3.tar.gz (3.6 MB)", compiler, unbuilt)
    assert found.reason == "lxml 4.9.3 has no wheel for cp38 win_amd64, and the worker has no compiler."
    assert "--only-binary lxml" in found.advice and "--wheel-dir" in found.advice


@pytest.mark.parametrize("unbuilt", UNBUILT)
def test_another_failure_to_build_is_not_called_a_missing_compiler(unbuilt):
    found = explanation("  Downloading http://127.0.0.1:1/files/lxml-4.9.3.tar.gz (3 kB)", unbuilt)
    assert found.reason == ("lxml 4.9.3 has no wheel for cp38 win_amd64, and building it from its source failed on the "
                            "worker, which has no compiler.")


def test_a_build_that_names_no_package_is_that_of_the_last_source():
    found = explanation("  Downloading my_pkg-1.0.zip (1 kB)", "  error: subprocess-exited-with-error",
                        "  × Getting requirements to build wheel did not run successfully.")
    assert found.reason.startswith("my_pkg 1.0 has no wheel for cp38 win_amd64")


def test_pip_9_names_the_folder():
    found = explanation(r'Command "python setup.py egg_info" failed with error code 1 in D:\local\Temp\pip-build-x\lxml\\'
                        .replace("\\\\", "\\"))
    assert found.reason.startswith("lxml has no wheel")


def test_no_version_of_the_wanted_ones():
    found = explanation("ERROR: Could not find a version that satisfies the requirement flask==9 (from -r r.txt (line 1)) "
                        "(from versions: 1.0, 2.0)", "ERROR: No matching distribution found for flask==9")
    assert found.reason == "For Python 3.8.10 (cp38 win_amd64) the index has flask in these versions only: 1.0, 2.0."
    many = ", ".join(f"1.{number}" for number in range(30))
    found = explanation(f"ERROR: Could not find a version that satisfies the requirement flask==9 (from versions: {many})")
    assert "1.0," not in found.reason and found.reason.endswith("1.28, 1.29.")


def test_nothing_that_fits():
    found = explanation("  Could not find a version that satisfies the requirement tensorflow (from versions: )",
                        "No matching distribution found for tensorflow")
    assert found.reason == "The index has nothing called tensorflow that fits Python 3.8.10 (cp38 win_amd64)."
    found = explanation("ERROR: Could not find a version that satisfies the requirement tensorflow (from versions: none)")
    assert "no wheel for cp38 win_amd64" in found.advice


def test_pips_own_words_are_enough():
    assert explanation("ERROR: Could not install packages due to an OSError: [WinError 32]") is None
    assert explanation("  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)", "ERROR: anything") is None
