"""A pip that does what a test says, in place of a runtime's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.unit.runner.job_runtime import Runtime


@contextmanager
def fake_pip(runtime: Runtime, program: str) -> Iterator[None]:
    """Have `python -m pip` run this program meanwhile."""
    own, kept = runtime.packages / "pip", runtime.packages / "pip-kept"
    own.rename(kept)
    try:
        own.mkdir()
        (own / "__init__.py").touch()
        (own / "__main__.py").write_text(program)
        yield
    finally:
        for path in sorted(own.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        own.rmdir()
        kept.rename(own)
