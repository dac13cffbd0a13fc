"""Write an export as an ARM template: JSON without comments, so these are in the template's metadata."""

from __future__ import annotations

import json
from typing import Any

from azext_pythonapp.operations.export.model import (
    API_VERSION,
    OTHERS_PARAMETER,
    SITE_PARAMETER,
    SLOT_PARAMETER,
    Export,
)

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_SITE, _SLOT = "parameters('siteName')", "parameters('slotName')"


def render(export: Export) -> str:
    """Return the text of a template for a resource group, which ends with a line feed."""
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"comments": export.comments},
        "parameters": _parameters(export),
        **({"variables": {"appSettings": literals(export.app_settings)}} if export.app_settings is not None else {}),
        "resources": _resources(export),
    }
    return _escaped(json.dumps(template, indent=2, ensure_ascii=False)) + "\n"


def literal(text: str) -> str:
    """Return a string that means this text: `[…]` would be an expression (docs/platform/templates.md 3)."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def literals(values: Any) -> dict[str, str]:
    """Return an object of a template whose strings mean these values."""
    return {name: literal(value) for name, value in values.items()}


def quoted(text: str) -> str:
    """Return a string within an expression, in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def _parameters(export: Export) -> dict[str, Any]:
    found = {"siteName": _parameter("string", SITE_PARAMETER, export.site_name)}
    if export.for_slot:
        found["slotName"] = _parameter("string", SLOT_PARAMETER, export.slot_name)
    if export.app_settings is not None:
        found["otherAppSettings"] = _parameter("secureObject", OTHERS_PARAMETER, None)
    return found


def _parameter(kind: str, description: str, default: str | None) -> dict[str, Any]:
    value = {"defaultValue": literal(default)} if default is not None else {}
    return {"type": kind, **value, "metadata": {"description": description}}


def _resources(export: Export) -> list[dict[str, Any]]:
    found = [_resource(export, "siteextensions", each.id, literals(each.properties)) for each in export.extensions]
    if export.configuration:
        found.append(_resource(export, "config", "web", dict(export.configuration)))
    if export.app_settings is not None:
        merged = "[union(parameters('otherAppSettings'), variables('appSettings'))]"
        found.append(_resource(export, "config", "appsettings", merged))
    names = [*(("siteextensions", each.id) for each in export.extensions)]
    names += [("config", "web")] if export.configuration else []
    for resource, (kind, name) in zip(found[1:], names):
        before = ", ".join([quoted(f"{export.owner}/{kind}"), *_owners(export), quoted(name)])
        resource["dependsOn"] = [f"[resourceId({before})]"]
    return found


def _resource(export: Export, kind: str, name: str, properties: Any) -> dict[str, Any]:
    parts = ", '/', ".join([*_owners(export), quoted(name)])
    return {
        "type": f"{export.owner}/{kind}",
        "apiVersion": API_VERSION,
        "name": f"[concat({parts})]",
        "properties": properties,
    }


def _owners(export: Export) -> list[str]:
    return [_SITE, _SLOT] if export.for_slot else [_SITE]


def _escaped(text: str) -> str:
    """Return JSON with every character escaped that does not print; line feeds are JSON's own."""
    return "".join(each if each == "\n" or each.isprintable() else _code_points(each) for each in text)


def _code_points(character: str) -> str:
    return json.dumps(character)[1:-1]
