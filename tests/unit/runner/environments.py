"""Jobs that build environments on a Python of this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from azext_pythonapp.jobs.launch import Launched, launch
from azext_pythonapp.jobs.request import EnvironmentBuild, JobSpec
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from azext_pythonapp.runtimes.environment import DESCRIPTION, FOLDER, LOCK, Description, Letter, parse
from tests.unit.runner.job_runtime import WHEELS, Runtime


class Environments:
    """The environments of a runtime, and the jobs that build them."""

    def __init__(self, runtime: Runtime):
        self.runtime = runtime
        self.parent: Path = runtime.site.home / FOLDER

    def launch(
        self, letter: Letter, requirements: str | None, files: dict[str, bytes] | None = None, **spec: Any
    ) -> Launched:
        """Start to build one. requirements: None for an environment without packages."""
        build = EnvironmentBuild("requirements.txt", "0a", ("left>=1",), ("right",), **spec.pop("build", {}))
        call = install(JobFile("requirements.txt"), PipOptions(no_index=True, wheel_dir=JobFile("wheels")))
        spec = {"pip": call if requirements is not None else None, **spec}
        wheels = {f"wheels/{name}": body for name, body in (*WHEELS.items(), *(files or {}).items())}
        launched = launch(
            self.runtime.site,
            JobSpec("install-requirements", self.runtime.python, LOCK, letter=letter, build=build, **spec),
            {"requirements.txt": (requirements or "").encode(), **wheels},
        )
        self.runtime.job_id = launched.job_id
        return launched

    def build(self, letter: Letter, requirements: str | None, **spec: Any) -> Job:
        """Build one, and return its job when that is over."""
        launched = self.launch(letter, requirements, **spec)
        job: Job = self.runtime.follow(launched)
        launched.pending.process.wait(60)  # type: ignore[attr-defined]
        return job

    def description(self, letter: Letter) -> Description | None:
        """What an environment says that it was built of; None for one that is not complete."""
        path = self.parent / letter / DESCRIPTION
        return parse(path.read_bytes()) if path.exists() else None

    def packages(self, letter: Letter) -> dict[str, str] | None:
        """The packages of one as its description has them, without those that an old pip of the runtime needs."""
        made = self.description(letter)
        needed = ("setuptools", "wheel")
        return made and {name: version for name, version in made.packages.items() if name not in needed}

    def says(self, letter: Letter, program: str) -> str:
        """What a program prints that its Python runs."""
        python = self.parent / letter / "bin" / "python"
        return subprocess.run([python, "-c", program], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def names(self) -> list[str]:
        """What lies beside the environments, and they themselves."""
        return sorted(path.name for path in self.parent.iterdir()) if self.parent.exists() else []

    def hashes(self, letter: Letter) -> dict[str, str]:
        """Each file of an environment, with its content and its time."""
        folder = self.parent / letter
        return {
            str(path.relative_to(folder)): f"{path.lstat().st_mtime_ns} {content_hash(path)}"
            for path in sorted(folder.rglob("*"))
        }


def content_hash(path: Path) -> str:
    """The hash of a file; where a link leads; "" for a folder."""
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
