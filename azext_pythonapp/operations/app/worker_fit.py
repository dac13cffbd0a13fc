"""Whether the app's worker can run a Python of some architecture."""

from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError

# 64-bit workers need a plan of their own machines (docs/platform/kudu.md 7: not established that these run 64-bit
# Python).
SHARED_TIERS = ("Free", "Shared")


def fit_warnings(app: App, architecture: str | None) -> list[str]:
    """What speaks against a Python of this architecture on the app's worker, one sentence each.

    architecture: "x64" or "x86"; only the first can fail to fit. Costs one request, two for a 32-bit worker. What
    cannot be asked is not warned of.
    """
    if architecture != "x64":
        return []
    try:
        if not app.arm.has_32bit_worker(app.site):
            return []
        tier = app.arm.plan_tier(app.site)
    except PythonAppError:
        return []
    if tier in SHARED_TIERS:
        return [
            f"The {app.site.label} is on a {tier} plan, which has 32-bit workers only; a 64-bit Python may not "
            "start there. Choose `--arch x86`, or a plan of the tier Basic or higher."
        ]
    return [
        f"The worker process of {app.site.label} is 32-bit, and this Python is 64-bit. Make the worker 64-bit: "
        f"`az webapp config set {app.site.arguments} --use-32bit-worker-process false`."
    ]
