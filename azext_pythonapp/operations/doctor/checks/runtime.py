"""The Python that the app runs, and the others on it."""

from __future__ import annotations

from azext_pythonapp.operations.app.worker_fit import SHARED_TIERS
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned
from azext_pythonapp.operations.doctor.configuration import changing
from azext_pythonapp.operations.doctor.sight import Sight, first_command


@check("python-starts", "The Python that web.config starts runs")
def python_starts(sight: Sight) -> Result:
    """By asking it for its version."""
    trouble, current = sight.trouble, sight.current
    if trouble is None:
        if current is None:
            return passed("web.config starts no Python.")
        return passed(f"{current.python_path} answered: {current.name}.")
    if current is not None and current.unknown:
        return skipped(trouble.message)
    command = first_command(trouble.advice)
    fix = Fix(command) if command else None
    return failed(trouble.message, fix) if trouble.fatal else warned(trouble.message, fix)


@check("worker-bitness", "The worker process fits the Python")
def worker_bitness(sight: Sight) -> Result:
    """A 64-bit Python on a 32-bit worker process."""
    current = sight.current
    if current is None or current.architecture is None:
        return passed("web.config starts no Python whose architecture is known.")
    wide = not sight.configuration.use_32bit_worker
    worker = f"The worker process is {'64' if wide else '32'}-bit"
    if current.architecture != "x64" or wide:
        return passed(f"{worker}, and Python is {current.architecture}.")
    evidence = f"{worker} (use32BitWorkerProcess), and {current.name} is 64-bit."
    if sight.tier in SHARED_TIERS:
        return warned(
            f"{evidence} A {sight.tier} plan has 32-bit workers only.",
            Fix(sight.python("set-version", "--version 3 --arch x86")),
        )
    fix = Fix(
        sight.az("webapp config set", "--use-32bit-worker-process false"),
        changing("use32BitWorkerProcess", True, False),
    )
    return warned(evidence, fix)
