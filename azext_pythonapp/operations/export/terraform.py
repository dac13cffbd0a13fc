"""Write an export for Terraform, with the provider azapi: azurerm has no site extensions."""

from __future__ import annotations

from collections.abc import Mapping

from azext_pythonapp.operations.export.model import (
    API_VERSION,
    GROUP_PARAMETER,
    OTHERS_PARAMETER,
    SITE,
    SITE_PARAMETER,
    SLOT_PARAMETER,
    Export,
    identifiers,
    is_word,
)

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROVIDER = [
    "terraform {",
    "  required_providers {",
    "    azapi = {",
    '      source  = "Azure/azapi"',
    '      version = ">= 2.0.0"',
    "    }",
    "  }",
    "}",
]
_SUBSCRIPTION = "${data.azapi_client_config.current.subscription_id}"


def render(export: Export) -> str:
    """Return the text of a .tf file, as `terraform fmt` formats it; it ends with a line feed."""
    blocks = [[f"# {line}" for line in export.comments], _PROVIDER, *_variables(export), *_owner(export)]
    before = ""
    for identifier, extension in zip(identifiers(export), export.extensions):
        blocks.append(_extension(export, identifier, extension.id, extension.properties, before))
        before = f"azapi_resource.{identifier}"
    if export.configuration:
        blocks.append(_configuration(export, before))
        before = "azapi_update_resource.configuration"
    if export.app_settings is not None:
        blocks.append(_app_settings(export, export.app_settings, before))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def literal(text: str) -> str:
    """Return a string in double quotes that means this text (docs/platform/templates.md 5)."""
    parts = []
    for position, each in enumerate(text):
        if each in _ESCAPES:
            parts.append(_ESCAPES[each])
        elif each in "$%" and text[position + 1 : position + 2] == "{":
            # Twice would be read in another way behind one more of them.
            parts.append(f"\\u{ord(each):04x}" if text[position - 1 : position] == each else each * 2)
        elif each.isprintable():
            parts.append(each)
        else:
            parts.append(f"\\u{ord(each):04x}" if ord(each) < 0x10000 else f"\\U{ord(each):08x}")
    return f'"{"".join(parts)}"'


def _variables(export: Export) -> list[list[str]]:
    found = [
        _variable("resource_group_name", GROUP_PARAMETER),
        _variable("site_name", SITE_PARAMETER, export.site_name),
    ]
    if export.for_slot:
        found.append(_variable("slot_name", SLOT_PARAMETER, export.slot_name))
    if export.app_settings is not None:
        found.append(_variable("other_app_settings", OTHERS_PARAMETER, kind="map(string)", secret=True))
    return found


def _variable(
    name: str, description: str, default: str | None = None, kind: str = "string", secret: bool = False
) -> list[str]:
    attributes = {"description": literal(description), "type": kind}
    attributes |= {"default": literal(default)} if default is not None else {}
    attributes |= {"sensitive": "true"} if secret else {}
    return [f'variable "{name}" {{', *_attributes(attributes), "}"]


def _owner(export: Export) -> list[list[str]]:
    slot = "/slots/${var.slot_name}" if export.for_slot else ""
    return [
        ['data "azapi_client_config" "current" {}'],
        [
            "locals {",
            f'  site_id = "/subscriptions/{_SUBSCRIPTION}/resourceGroups/${{var.resource_group_name}}/providers/{SITE}/'
            f'${{var.site_name}}{slot}"',
            "}",
        ],
    ]


def _extension(
    export: Export, identifier: str, extension_id: str, properties: Mapping[str, str], before: str
) -> list[str]:
    return [
        f'resource "azapi_resource" "{identifier}" {{',
        *_attributes(
            {
                "type": f'"{export.owner}/siteextensions@{API_VERSION}"',
                "parent_id": "local.site_id",
                "name": literal(extension_id),
            }
        ),
        "",
        *_body(_object(properties)),
        "",
        "  # The provider's schema knows only the name of a site extension.",
        "  schema_validation_enabled = false",
        *_depends_on(before),
        "}",
    ]


def _configuration(export: Export, before: str) -> list[str]:
    values = {name: str(value).lower() for name, value in export.configuration.items()}
    return [
        'resource "azapi_update_resource" "configuration" {',
        *_attributes({"type": f'"{export.owner}/config@{API_VERSION}"', "parent_id": "local.site_id", "name": '"web"'}),
        "",
        *_body(["{", *_attributes(values), "}"]),
        *_depends_on(before),
        "}",
    ]


def _app_settings(export: Export, values: Mapping[str, str], before: str) -> list[str]:
    merged = _object(values)
    merged = [f"merge(var.other_app_settings, {merged[0]}", *merged[1:-1], f"{merged[-1]})"]
    return [
        "# An action, because the list of app settings cannot be read as a resource.",
        'resource "azapi_resource_action" "app_settings" {',
        *_attributes(
            {
                "type": f'"{export.owner}/config@{API_VERSION}"',
                "resource_id": '"${local.site_id}/config/appsettings"',
                "method": '"PUT"',
            }
        ),
        "",
        *_body(merged),
        *_depends_on(before),
        "}",
    ]


def _body(properties: list[str]) -> list[str]:
    return ["  body = {", f"    properties = {properties[0]}", *(f"    {line}" for line in properties[1:]), "  }"]


def _depends_on(before: str) -> list[str]:
    return ["", f"  depends_on = [{before}]"] if before else []


def _object(values: Mapping[str, str]) -> list[str]:
    keys = {name: name if is_word(name) else literal(name) for name in values}
    return ["{", *_attributes({keys[name]: literal(value) for name, value in values.items()}), "}"]


def _attributes(values: Mapping[str, str]) -> list[str]:
    """Return lines of attributes, indented, with their equals signs below each other as `terraform fmt` puts them."""
    width = max(map(len, values), default=0)
    return [f"  {name:{width}} = {value}" for name, value in values.items()]
