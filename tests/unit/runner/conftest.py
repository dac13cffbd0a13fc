"""The Python that the runner's tests use, and a site for each test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runner.job_runtime import PACKAGES, Runtime


@pytest.fixture(scope="session")
def fresh_environment(store: Path) -> Path:
    """A virtual environment with pip, made once per test run and only ever copied: ensurepip takes seconds."""
    folder = store / "runner-environment"
    with FileLock(store / "runner-environment.lock"):
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            (folder / "ready").touch()
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory, request):
    """A Python whose packages only this module's tests change; PYTHONAPP_RUNNER_PYTHON names another one to use."""
    other = os.environ.get("PYTHONAPP_RUNNER_PYTHON")
    if other:
        return other
    fresh = request.getfixturevalue("fresh_environment")
    folder = tmp_path_factory.mktemp("runtime") / "environment"
    shutil.copytree(fresh, folder, symlinks=True)
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
