"""A local Azure whose workers run the product's own commands without a Windows.

They are those of tests/local_azure/fleet/worker.py; everything else is the local Azure's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.local_azure.fleet.worker import WorkerMachine, lay_out_runtime
from tests.local_azure.frontend import FrontEnd
from tests.local_azure.site import Serving
from tests.local_azure.windows import gallery, runtimes
from tests.local_azure.windows.machine import Machine
from tests.unit.kill_matrix.gate import Gate
from tests.unit.local_azure.linux_azure import LinuxAzure

VERSIONS = ("3.8.10", "3.11.9")


class WorkerAzure(LinuxAzure):
    """A local Azure of such workers. index_url: where their pip finds packages."""

    def __init__(self, folder: Path, index_url: str):
        super().__init__(folder, folder / "cache")
        self._index = index_url
        self.gate = Gate(self._door)
        self._proxy._app = self.gate  # pylint: disable=protected-access
        for version in VERSIONS:
            lay_out_runtime(runtimes._folder(folder / "cache", version, "x64"), version)  # pylint: disable=protected-access

    def make_machine(self, folder: Path, core: int) -> Machine:
        """A worker of this kind."""
        return WorkerMachine(folder, self.folder / "cache", self._index)

    def make_front_end(self, machine: Machine, settings: Mapping[str, str]) -> Serving:
        """The real front end: web.config decides."""
        return FrontEnd(machine, lambda: settings)  # type: ignore[arg-type]


def add_python(machine: Machine, version: str) -> None:
    """Put a Python on a worker, as if its site extension had been installed before."""
    digits = version.replace(".", "")
    gallery.lay_down(machine, gallery.find(f"Contoso-python{digits}x64"))
