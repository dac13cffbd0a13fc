"""The kind of app of a Microsoft.Web/sites resource; anything but a Windows web app is refused, with advice.

Sources: https://learn.microsoft.com/azure/app-service/reference-app-service-kind-property (a comma-separated list,
which may say less than the flags: docs/platform/recordings/arm/site_kind_app_but_linux.json has kind "app" and reserved
true); docs/platform/recordings/arm/site_windows_container.json (isXenon and hyperV true, reserved false).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.advice import in_subscription, quoted
from azext_pythonapp.errors import Refused

_DOMAIN = "`az webapp python` manages Python on Windows web apps"


@dataclass(frozen=True)
class SiteKind:
    """words: of `kind`, in lower case; linux: whether it runs on Linux; container: whether it runs an image."""

    words: frozenset[str]
    linux: bool
    container: bool

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> SiteKind:
        """Read Resource Manager's JSON of a site; a flag that is missing or null counts as false."""
        properties = body.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        kinds = f"{body.get('kind') or ''},{properties.get('kind') or ''}"
        words = frozenset(word.strip().lower() for word in kinds.split(",") if word.strip())
        linux = bool(properties.get("reserved")) or bool(words & {"linux", "kubernetes", "kubeapp"})
        windows_image = bool(properties.get("isXenon") or properties.get("hyperV")) or bool(words & {"xenon", "hyperv"})
        return cls(words, linux or bool(properties.get("managedEnvironmentId")), windows_image or "container" in words)

    def require_windows_web_app(
        self, label: str, resource_group: str, name: str, slot: str | None, subscription: str | None
    ) -> None:
        """Raise Refused, with advice, for anything that is not a Windows web app.

        label: its name in messages. The other parameters are for the advised command.
        """
        target = (
            f"-g {quoted(resource_group)} -n {quoted(name)}"
            + (f" -s {quoted(slot)}" if slot else "")
            + in_subscription(subscription)
        )
        if "workflowapp" in self.words:
            raise Refused(
                f"The {label} is a logic app; {_DOMAIN}.",
                "Logic apps have their own runtime. For a workflow that needs Python, call a function app.",
            )
        if "functionapp" in self.words:
            raise Refused(f"The {label} is a function app; {_DOMAIN}.", _function_advice(self.linux, target))
        if self.container:
            system = "Linux" if self.linux else "Windows"
            raise Refused(
                f"The {label} runs a {system} container, and Python is part of its image; {_DOMAIN}.",
                "Use another image: `az webapp config container set --help` shows how.",
            )
        if self.linux:
            raise Refused(
                f"The {label} runs on Linux; {_DOMAIN}.",
                "On Linux the Python version is a setting: "
                f"`az webapp config set {target} --linux-fx-version PYTHON:3.13`.",
            )


def _function_advice(linux: bool, target: str) -> str:
    if linux:
        return (
            "The Python version of a function app is a setting: "
            f'`az functionapp config set {target} --linux-fx-version "Python|3.13"`.'
        )
    return (
        "Azure Functions run Python on Linux only. To create one there, with --runtime python and --os-type Linux: "
        "`az functionapp create --help`."
    )
