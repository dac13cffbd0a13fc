"""The Python that the runner's tests use, and a site for each test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.unit.runner.job_runtime import PACKAGES, Runtime


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python for these tests alone; PYTHONAPP_RUNNER_PYTHON names another one, whose packages are then changed."""
    other = os.environ.get("PYTHONAPP_RUNNER_PYTHON")
    if other:
        return other
    folder = tmp_path_factory.mktemp("runtime")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture
def runtime(tmp_path, python):
    runtime = Runtime(tmp_path, python)
    yield runtime
    for pending in runtime.site.pending:
        if pending.process.poll() is None:
            os.killpg(pending.process.pid, signal.SIGKILL)
        pending.thread.join(20)
    for name in PACKAGES:
        for path in [
            *runtime.packages.glob(f"{name}-*.dist-info"),
            *runtime.packages.glob(f"{name}.py"),
            *runtime.packages.glob(name),
        ]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
