"""A job does its work on every Windows build of Python that there is here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.local_azure.windows import runtimes
from tests.scenario.apps import Apps, naming
from tests.scenario.az import Az

pytestmark = pytest.mark.costly

# These get a ._pth file, as python.org's embeddable packages have: such a Python searches only the folders in it for
# modules, neither the working directory nor the folder of a script, and ignores all PYTHON* variables.
EMBEDDABLE = ("3.8.10", "3.13.2")
SIX = [{"name": "six", "version": "1.16.0"}]


@pytest.mark.long
def test_a_job_installs_on_every_windows_build(az: Az, apps: Apps, windows: Path):
    site = apps.new()
    for version in runtimes.BUILDS.values():
        folder = site.machine.home / f"python{version.replace('.', '')}x64"
        shutil.copytree(runtimes.runtime(windows, version, "x64"), folder)
        if version in EMBEDDABLE:
            minor = "".join(version.split(".")[:2])
            (folder / f"python{minor}._pth").write_text(
                "Lib\nDLLs\n.\nLib\\site-packages\nimport site\n", encoding="utf-8"
            )
        done = az("webapp python package install --packages six==1.16.0", *naming(site))
        assert f"  | Python {version} cp{version.split('.')[0]}{version.split('.')[1]} win_amd64" in done.stderr, done
        answer = done.json
        assert (answer["installed"], answer["job"]["state"], answer["check"]["ok"]) == (SIX, "succeeded", True), answer
        shutil.rmtree(folder)
