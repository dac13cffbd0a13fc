"""The compiled modules of a runtime's packages, and what a job says of them."""

from __future__ import annotations

import json

from tests.unit.runner.job_runtime import Runtime


def compiled(runtime: Runtime, module: str) -> list[str]:
    """The .pyc files of a module: in __pycache__, or beside it."""
    path = runtime.packages / module
    found = [*path.parent.glob(f"__pycache__/{path.stem}.*"), *path.parent.glob(f"{path.name}c")]
    return [each.name for each in found]


def state(runtime: Runtime) -> dict[str, object]:
    found: dict[str, object] = json.loads((runtime.job / "state.json").read_text())
    return found


def end(runtime: Runtime) -> None:
    """Wait until no process of a job runs any more."""
    for pending in runtime.site.pending:
        pending.thread.join(60)
        assert not pending.thread.is_alive()


def fresh(runtime: Runtime, *modules: str) -> None:
    """Delete the .pyc files that an earlier test has left."""
    for module in modules:
        for name in compiled(runtime, module):
            for path in (runtime.packages / "__pycache__" / name, runtime.packages / name):
                path.unlink(missing_ok=True)
