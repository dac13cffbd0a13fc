"""Rows of an inventory as a large company may have them, always the same ones."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from typing import Any

from azext_pythonapp.operations.inventory.report.page import About
from azext_pythonapp.runtimes.end_of_life import support

TODAY = datetime(2026, 11, 27, 15, 14, tzinfo=timezone.utc)
SUBSCRIPTIONS = {
    f"00000000-0000-0000-0000-00000000000{number}": name
    for number, name in enumerate(("Production", "Production West Europe", "Test and staging"), 1)
}
_VERSIONS = {"2.7.18": 2, "3.6.4": 6, "3.8.10": 16, "3.9.13": 6, "3.10.11": 9, "3.11.9": 18, "3.12.9": 14, "3.13.2": 17}
_PACKAGES = ("flask 3.0.3", "django 4.2.16", "requests 2.32.3", "numpy 1.26.4", "pandas 2.2.3", "wfastcgi 3.0.0")
_WORDS = ("shop", "orders", "billing", "portal", "reports", "intake", "search", "stock", "claims", "mail")


def row(name: str = "shop", version: str | None = "3.11.9", **other: Any) -> dict[str, Any]:
    """One row. other: keys in place of the usual values."""
    slot = other.get("slot")
    group, subscription = other.get("resourceGroup", "rg"), other.get("subscription", next(iter(SUBSCRIPTIONS)))
    runtime = None
    if version is not None:
        found = support(version, TODAY.date())
        ends = found.end_of_life.isoformat() if found.end_of_life else None
        runtime = {"version": version, "support": found.state, "endOfLife": ends}
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}"
        + (f"/slots/{slot}" if slot else ""),
        "name": name,
        "resourceGroup": group,
        "slot": None,
        "subscription": subscription,
        "state": "Running",
        "runtime": runtime,
        "handler": "fastCgi" if version else None,
        "entryPoint": "app.app" if version else None,
        "packages": [{"name": "flask", "version": "3.0.3"}] if version else None,
        "warnings": [],
        "error": None,
        **other,
    }


def many_rows(count: int) -> list[dict[str, Any]]:
    """So many rows, of all kinds."""
    chance = random.Random(14)
    rows = []
    for number in range(count):
        word = chance.choice(_WORDS)
        other: dict[str, Any] = {
            "resourceGroup": f"rg-{word}",
            "subscription": chance.choice(list(SUBSCRIPTIONS)),
            "slot": "staging" if chance.random() < 0.2 else None,
            "state": "Stopped" if chance.random() < 0.05 else "Running",
        }
        version = chance.choices(list(_VERSIONS), list(_VERSIONS.values()))[0]
        kind = chance.random()
        if kind < 0.1:
            version = None
        elif kind < 0.13:
            version = None
            message = f"The SCM site of app '{word}-{number}' refused access (403): Ip Forbidden"
            other["error"] = {"code": 1, "message": message, "recommendation": "Ask from an address that is allowed."}
        else:
            packages = chance.sample(_PACKAGES, chance.randint(1, len(_PACKAGES)))
            more = [f"package-{chance.randint(1, 300)} 1.{chance.randint(0, 9)}" for _ in range(chance.randint(5, 40))]
            other["packages"] = [dict(zip(("name", "version"), each.split())) for each in sorted({*packages, *more})]
            other["handler"] = chance.choice(("fastCgi", "httpPlatform"))
            other["entryPoint"] = "app.app" if other["handler"] == "fastCgi" else "main:app"
        if other["state"] == "Stopped":
            other["warnings"] = [f"The app '{word}-{number}' is stopped."]
        rows.append(row(f"{word}-{number}", version, **other))
    return rows


def about(**other: Any) -> About:
    """What the page says of itself."""
    return About(**{"made": TODAY, "subscriptions": SUBSCRIPTIONS, "portal": "https://portal.azure.com", **other})
