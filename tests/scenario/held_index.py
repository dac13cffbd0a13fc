"""A package index that answers when the test says so: pip on the worker is then as slow as the test needs it to be."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.local_azure.windows.index import PackageIndex


class HeldIndex(PackageIndex):
    """A package index whose answers wait for `release`. `asked` is set by the first request."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.asked = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        """Answer what waits, and from now on at once."""
        self._released.set()

    def __exit__(self, *exception: object) -> None:
        self.release()
        super().__exit__(*exception)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """The index's answer, once it is released."""
        self.asked.set()
        self._released.wait()
        return super().answer(path)
