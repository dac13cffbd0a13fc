"""Files that another program holds: which of them the app holds, and how long pip tries again."""

from __future__ import annotations

import pytest

from azext_pythonapp.jobs.runner.pip_output import LockedFile
from tests.unit.runner.fake_pip import fake_pip

PREFIX = "D:\\home\\python311x64"
BELOW = "d:\\\\home\\\\python311x64\\\\Lib\\\\site-packages\\\\six.py"
ELSEWHERE = "C:\\\\local\\\\Temp\\\\pip-unpack-ab\\\\six.whl"
FAILS = """\
import os, sys
path = {counter!r}
count = int(open(path).read()) if os.path.exists(path) else 0
open(path, "w").write(str(count + 1))
print({line!r})
sys.exit(int(count < {times}))
"""


@pytest.mark.parametrize(
    "line, path, ours",
    [
        (f"ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: '{BELOW}'", BELOW, True),
        (f"PermissionError: [WinError 32] Sharing violation: '{BELOW}' -> '{ELSEWHERE}'", BELOW, True),
        (f"ERROR: [WinError 32] wird verwendet: '{ELSEWHERE}'", ELSEWHERE, False),
        (f"WindowsError: [Error 5] Access is denied: u'{BELOW}'", BELOW, True),
        (f'error: [Errno 13] Permission denied: "{ELSEWHERE}"', ELSEWHERE, False),
        (
            "ERROR: [WinError 5] Access is denied: 'C:\\\\home\\\\python311x64\\\\a.pyd'",
            "C:\\\\home\\\\python311x64\\\\a.pyd",
            True,
        ),
        (
            "ERROR: [WinError 5] x: '\\\\\\\\10.0.0.4\\\\volume-1\\\\ab\\\\python311x64\\\\a.pyd'",
            "\\\\\\\\10.0.0.4\\\\volume-1\\\\ab\\\\python311x64\\\\a.pyd",
            True,
        ),
        (
            "ERROR: [WinError 5] x: 'D:\\\\home\\\\python311x64-old\\\\a.pyd'",
            "D:\\\\home\\\\python311x64-old\\\\a.pyd",
            False,
        ),
        ("ERROR: [WinError 5] Access is denied", "", False),
        (f"WARNING: Failed to remove contents: [WinError 5] Access is denied: '{BELOW}'", None, False),
        ("ERROR: No matching distribution found for x", None, False),
    ],
)
def test_the_held_file_is_read_off_pips_lines(line, path, ours):
    held = LockedFile(PREFIX)
    held.read_line(line)
    assert held.path == (None if path is None else path.replace("\\\\", "\\"))
    assert held.in_runtime is ours


def failing(runtime, tmp_path, path, times):
    line = f"ERROR: Could not install packages due to an OSError: [WinError 32] Sharing violation: {path!r}"
    return fake_pip(runtime, FAILS.format(counter=str(tmp_path / "count"), line=line, times=times))


def test_a_file_that_is_held_elsewhere_is_tried_again(runtime, tmp_path):
    with failing(runtime, tmp_path, "C:\\local\\Temp\\x.whl", 2):
        job = runtime.install("left", checked=False)
    assert job.state == "succeeded" and (tmp_path / "count").read_text() == "3"
    assert (
        sum("C:\\local\\Temp\\x.whl is in use by another program; trying again" in line for line in runtime.lines) == 2
    )


def test_file_held_elsewhere_is_named(runtime, tmp_path):
    with failing(runtime, tmp_path, "C:\\local\\Temp\\x.whl", 99):
        job = runtime.install("left", checked=False)
    assert job.state == "failed" and (tmp_path / "count").read_text() == "4"
    assert (job.held_file, job.held_in_runtime) == ("C:\\local\\Temp\\x.whl", False)


def test_held_runtime_file_ends_pip_while_the_app_runs(runtime, tmp_path):
    path = str(runtime.packages / "six.py")
    with failing(runtime, tmp_path, path, 99):
        job = runtime.install("left", checked=False)
    assert job.state == "failed" and (tmp_path / "count").read_text() == "1"
    assert job.held_in_runtime and job.held_file.endswith("six.py")


def test_stopped_apps_processes_get_time_to_end(runtime, tmp_path):
    with failing(runtime, tmp_path, str(runtime.packages / "six.py"), 5):
        job = runtime.install("left", checked=False, app_stopped=True)
    assert job.state == "succeeded" and (tmp_path / "count").read_text() == "6"
