"""What a log says about why pip failed; the lines are those of pip 9, 19, 21, 24 and 25."""

from __future__ import annotations

import pytest

from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput
from tests.unit.runner import pip_outputs as outputs

FIRST = r"Python 3.8.10 cp38 win_amd64 at D:\home\python3810x64\python.exe, job 20261122-131402-23fc"
COMPILER = {
    '      error: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools"': (
        "Microsoft Visual C++ 14.0 or greater"
    ),
    '  error: Microsoft Visual C++ 14.0 is required. Get it with "Microsoft Visual C++ Build Tools"': (
        "Microsoft Visual C++ 14.0"
    ),
    "    error: Unable to find vcvarsall.bat": "Microsoft Visual C++",
    "    error: command 'cl.exe' failed: No such file or directory": "Microsoft Visual C++",
    "  error: can't find Rust compiler": "Rust",
}
UNBUILT = [
    "  ERROR: Failed building wheel for lxml",
    "  Failed building wheel for lxml",
    "ERROR: Could not build wheels for lxml, which is required to install pyproject.toml-based projects",
    "ERROR: Failed to build installable wheels for some pyproject.toml based projects (lxml)",
    "error: failed-wheel-build-for-install\nerror: Failed to build 'lxml'",
]


def explanation(*lines):
    found = PipOutput()
    for line in "\n".join([FIRST, *lines]).split("\n"):
        found.take(line)
    return explain(found, "app 'shop'")


@pytest.mark.parametrize("unbuilt", UNBUILT)
@pytest.mark.parametrize("compiler", COMPILER)
def test_a_missing_compiler(unbuilt, compiler):
    found = explanation("Collecting lxml", "  Downloading lxml-4.9.3.tar.gz (3.6 MB)", compiler, unbuilt)
    assert found.reason == (
        "lxml 4.9.3 has no wheel for cp38 win_amd64, and the worker has no compiler; its build needs "
        f"{COMPILER[compiler]}."
    )
    assert "--only-binary lxml" in found.advice and "--wheel-dir" in found.advice


@pytest.mark.parametrize("unbuilt", UNBUILT)
def test_other_build_failure_is_no_missing_compiler(unbuilt):
    found = explanation("  Downloading http://127.0.0.1:1/files/lxml-4.9.3.tar.gz (3 kB)", unbuilt)
    assert found.reason == (
        "lxml 4.9.3 has no wheel for cp38 win_amd64, and building it from its source failed on the "
        "worker, which has no compiler."
    )


def test_unnamed_build_is_that_of_the_last_source():
    found = explanation(
        "  Downloading my_pkg-1.0.zip (1 kB)",
        "  error: subprocess-exited-with-error",
        "  × Getting requirements to build wheel did not run successfully.",
    )
    assert found.reason.startswith("my_pkg 1.0 has no wheel for cp38 win_amd64")


def test_pip_9_names_the_folder():
    found = explanation(
        r'Command "python setup.py egg_info" failed with error code 1 in D:\local\Temp\pip-build-x\lxml\\'.replace(
            "\\\\", "\\"
        )
    )
    assert found.reason.startswith("lxml has no wheel")


def test_no_version_of_the_wanted_ones():
    found = explanation(
        "ERROR: Could not find a version that satisfies the requirement flask==9 (from -r r.txt (line 1)) "
        "(from versions: 1.0, 2.0)",
        "ERROR: No matching distribution found for flask==9",
    )
    assert found.reason == (
        "There is no flask 9 for Python 3.8.10 (cp38 win_amd64); the index only has these versions: 1.0, 2.0."
    )
    many = ", ".join(f"1.{number}" for number in range(30))
    found = explanation(
        f"ERROR: Could not find a version that satisfies the requirement flask==9 (from versions: {many})"
    )
    assert "1.0," not in found.reason and found.reason.endswith("these versions: 1.25, 1.26, 1.27, 1.28, 1.29.")
    found = explanation(
        f"ERROR: Could not find a version that satisfies the requirement flask==1.12.5 (from versions: {many})"
    )
    assert found.reason.endswith("has, among others, these versions: 1.10, 1.11, 1.12, 1.13, 1.14.")
    found = explanation(
        f"ERROR: Could not find a version that satisfies the requirement flask>=9 (from versions: {many})"
    )
    assert "satisfies flask>=9; it has" in found.reason and found.reason.endswith("1.28, 1.29.")


def test_nothing_that_fits():
    found = explanation(
        "  Could not find a version that satisfies the requirement tensorflow (from versions: )",
        "No matching distribution found for tensorflow",
    )
    assert found.reason == "The index has no version of tensorflow for Python 3.8.10 (cp38 win_amd64)."
    found = explanation(
        "ERROR: Could not find a version that satisfies the requirement tensorflow (from versions: none)"
    )
    assert "no wheel for cp38 win_amd64" in found.advice


def test_pips_own_words_are_enough():
    assert explanation("ERROR: Could not install packages due to an OSError: [WinError 32]") is None
    assert explanation("  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)", "ERROR: anything") is None


@pytest.mark.parametrize("text", outputs.UVLOOP)
def test_package_not_for_windows_gets_advice(text):
    found = explanation(text)
    assert found.reason == "uvloop does not work on Windows, according to its own installation."
    assert 'uvloop==0.17.0; sys_platform != "win32"' in found.advice or "uvloop; sys_platform" in found.advice


@pytest.mark.parametrize(
    "error",
    [
        "AttributeError: module 'os' has no attribute 'uname'",
        "AttributeError: 'module' object has no attribute 'x'",
        "ModuleNotFoundError: No module named 'fcntl'",
        "ImportError: No module named pwd",
        "RuntimeError: only runs on Linux",
        "error: Windows is not supported",
        "Exception: x is currently not available on Windows.",
        "SystemExit: POSIX only",
        "RuntimeError: This package only supports Linux and macOS",
        "error: PyObjC requires macOS to build",
    ],
)
def test_other_words_for_not_on_windows(error):
    found = explanation("  Downloading uwsgi-2.0.tar.gz (1 kB)", f"      {error}", "error: metadata-generation-failed")
    assert ("does not work on Windows" in found.reason) == ("'x'" not in error)
    assert explanation(error) is None


def test_a_line_of_debians_pip_freeze_is_to_be_deleted():
    for text in (
        outputs.NO_VERSION_20,
        outputs.NO_VERSION_20.replace("0.0.0\n", "0.0.0 (from versions: none)\n", 1),
        "  Could not find a version that satisfies the requirement pkg_resources==0.0.0 (from -r r.txt (line 2)) "
        "(from versions: )",
    ):
        assert "Debian" in explanation(text).reason
        assert explanation(text).advice in (
            "Delete the line of pkg-resources from the requirements.",
            "Delete the line of pkg_resources from the requirements.",
        )
    for line in ("python-apt==2.4.0+ubuntu1", "ufw==0.36.1", "distro-info===1.1build1+ubuntu0.1"):
        found = explanation(
            f"ERROR: Could not find a version that satisfies the requirement {line} (from versions: none)"
        )
        assert "Debian" in found.reason


def test_a_pip_that_does_not_name_the_versions():
    found = explanation(outputs.NO_VERSION_20.replace("pkg-resources", "flask"))
    assert found.reason == "The index has nothing for Python 3.8.10 (cp38 win_amd64) that satisfies flask==0.0.0."
    found = explanation("ERROR: Could not find a version that satisfies the requirement Werkzeug>=3.0.0 (from flask)")
    assert "satisfies Werkzeug>=3.0.0." in found.reason


def test_versions_for_other_pythons_are_named():
    found = explanation(outputs.OTHER_PYTHON)
    assert found.reason == "flask 3.1.2 needs Python 3.9 or newer; app 'shop' runs 3.8.10."
    assert "flask 3.0.3" in found.advice and "set-version --version 3.9`" in found.advice


def test_advice_for_hashes():
    found = explanation(outputs.WRONG_HASH)
    assert "click==8.1.8 (expected sha256 000" in found.reason and "generate the hashes again" in found.advice
    for text, name in ((outputs.MISSING_HASH, "colorama"), (outputs.ABSENT_HASH, "six==1.16.0")):
        found = explanation(text)
        assert name in found.reason and "for Windows and Python 3.8.10" in found.advice


def test_files_that_include_each_other():
    found = explanation(
        "ERROR: Exception:", "RecursionError: maximum recursion depth exceeded while calling a Python object"
    )
    assert "include each other" in found.reason


def test_a_full_disk_and_git():
    for line in (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "OSError: [WinError 112] There is not enough space on the disk: 'D:\\\\home\\\\x'",
    ):
        assert "disk is full" in explanation("  Downloading x-1.0.tar.gz (1 kB)", line).reason
    found = explanation("  Downloading x-1.0.tar.gz (1 kB)", outputs.GIT_24)
    assert "git" in found.reason and "x 1.0" not in found.reason


def test_a_build_that_went_well_is_no_reason():
    lines = [
        "  Downloading my_pkg-1.0.zip (1 kB)",
        "  Getting requirements to build wheel: started",
        "  Getting requirements to build wheel: finished with status 'done'",
    ]
    assert explanation(*lines, "ERROR: anything") is None
    assert "flask 3.1.2 needs" in explanation(*lines, outputs.OTHER_PYTHON).reason
