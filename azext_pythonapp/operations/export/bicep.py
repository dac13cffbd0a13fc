"""Write an export in Bicep."""

from __future__ import annotations

from collections.abc import Mapping

from azext_pythonapp.operations.export.model import (
    API_VERSION,
    OTHERS_PARAMETER,
    SITE,
    SITE_PARAMETER,
    SLOT_PARAMETER,
    Export,
    identifiers,
    is_word,
)

# Bicep's types know only the name of a site extension, so it warns of its properties (docs/platform/templates.md 2).
_NO_WARNING = "#disable-next-line BCP037 BCP073"
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(export: Export) -> str:
    """Return the text of a .bicep file for a resource group, which ends with a line feed."""
    blocks = [[f"// {line}" for line in export.comments], *_parameters(export), *_owner(export)]
    owner, before = "slot" if export.for_slot else "site", ""
    for identifier, extension in zip(identifiers(export), export.extensions):
        properties = _object(extension.properties)
        blocks.append(_resource(export, identifier, owner, "siteextensions", extension.id, properties, before))
        before = identifier
    if export.configuration:
        properties = [f"  {name}: {str(value).lower()}" for name, value in export.configuration.items()]
        wrapped = ["{", *properties, "}"]
        blocks.append(_resource(export, "configuration", owner, "config", "web", wrapped, before))
        before = "configuration"
    if export.app_settings is not None:
        merged = _object(export.app_settings)
        merged = [f"union(otherAppSettings, {merged[0]}", *merged[1:-1], f"{merged[-1]})"]
        blocks.append(_resource(export, "appSettings", owner, "config", "appsettings", merged, before))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def literal(text: str) -> str:
    """Return a string in single quotes that means this text (docs/platform/templates.md 4)."""
    parts = []
    for position, each in enumerate(text):
        if each in _ESCAPES:
            parts.append(_ESCAPES[each])
        elif each == "$" and text[position + 1 : position + 2] == "{":
            parts.append("\\$")
        else:
            parts.append(each if each.isprintable() else f"\\u{{{ord(each):x}}}")
    return f"'{''.join(parts)}'"


def _parameters(export: Export) -> list[list[str]]:
    found = [_parameter("siteName", "string", SITE_PARAMETER, export.site_name)]
    if export.for_slot:
        found.append(_parameter("slotName", "string", SLOT_PARAMETER, export.slot_name))
    if export.app_settings is not None:
        found.append(_parameter("otherAppSettings", "object", OTHERS_PARAMETER, None, secure=True))
    return found


def _parameter(name: str, kind: str, description: str, default: str | None, secure: bool = False) -> list[str]:
    value = f" = {literal(default)}" if default is not None else ""
    return [f"@description({literal(description)})", *(["@secure()"] if secure else []), f"param {name} {kind}{value}"]


def _owner(export: Export) -> list[list[str]]:
    site = [f"resource site '{SITE}@{API_VERSION}' existing = {{", "  name: siteName", "}"]
    slot = [f"resource slot '{SITE}/slots@{API_VERSION}' existing = {{", "  parent: site", "  name: slotName", "}"]
    return [site, slot] if export.for_slot else [site]


def _resource(
    export: Export, identifier: str, owner: str, kind: str, name: str, properties: list[str], before: str
) -> list[str]:
    return [
        f"resource {identifier} '{export.owner}/{kind}@{API_VERSION}' = {{",
        f"  parent: {owner}",
        f"  name: {literal(name)}",
        *([f"  {_NO_WARNING}"] if kind == "siteextensions" else []),
        f"  properties: {properties[0]}",
        *(f"  {line}" for line in properties[1:]),
        *(["  dependsOn: [", f"    {before}", "  ]"] if before else []),
        "}",
    ]


def _object(values: Mapping[str, str]) -> list[str]:
    keys = {name: name if is_word(name) else literal(name) for name in values}
    return ["{", *(f"  {keys[name]}: {literal(value)}" for name, value in values.items()), "}"]
