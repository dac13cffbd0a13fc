"""An SCM site over a folder of this machine, whose clock goes on by a second at each look."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.folder_site import FolderSite, ticking
from tests.unit.operations.app.recorded_changes import NOW


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    made = FolderSite(tmp_path)
    made.clock = ticking(NOW)
    return made
