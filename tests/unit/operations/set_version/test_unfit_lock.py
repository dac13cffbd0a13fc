"""An app whose own lock is unfit is told so, with the way on; its requirements.txt comes before any lock."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.set_version.decision import _requirements
from tests.unit.operations.package.test_lock_files import shop
from tests.unit.packages.locks import HEAD, SIX, lock

BROUGHT: Any = SimpleNamespace(read=lambda app: None, paths=())
BASE: Any = SimpleNamespace(version="3.11.9", architecture="x64")


@pytest.mark.parametrize(
    "content",
    [
        b"six==1",
        b'lock-version = "2.0"',
        lock(SIX, head=HEAD + 'requires-python = ">=3.13"\n'),
        lock(SIX, head=HEAD + "environments = [\"sys_platform == 'linux'\"]\n"),
    ],
)
def test_an_unfit_lock_is_no_dead_end(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        _requirements(shop(tmp_path / "a", pylock_toml=content), BROUGHT, BASE)
    assert "pylock.toml of app 'shop'" in caught.value.message
    assert caught.value.message.endswith("Nothing was changed on app 'shop'.")
    assert "`--no-requirements` goes on without it" in str(caught.value.recommendation)
    beside = _requirements(shop(tmp_path / "b", pylock_toml=content, requirements_txt=b"six\n"), BROUGHT, BASE)
    assert beside is not None and beside.name == "requirements.txt"
    assert _requirements(shop(tmp_path / "c"), BROUGHT, BASE) is None
