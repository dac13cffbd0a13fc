"""wfastcgi's own reader of web.config, from the package that runs on the worker."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from unittest import mock

with mock.patch.object(ctypes, "windll", mock.MagicMock(), create=True):
    # On import it looks functions of Windows up, which its reader of web.config does not use.
    import wfastcgi


def read_as_wfastcgi(content: bytes) -> dict[str, str]:
    """The environment that wfastcgi reads from a web.config."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Web.config").write_bytes(content)
        return dict(wfastcgi.get_environment(folder))
