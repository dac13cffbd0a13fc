"""Read exports back, in each language: what is deployed, in which order, with which values.

ARM with json and the rules of its expressions; Bicep and Terraform with tree-sitter's grammars, which make a node of
error of whatever is not the language.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import tree_sitter
import tree_sitter_bicep
import tree_sitter_hcl

_BICEP = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
_HCL = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
OTHERS = {"arm": "parameters('otherAppSettings')", "bicep": "otherAppSettings", "terraform": "var.other_app_settings"}


@dataclass(frozen=True)
class Word:
    """A name in code that stands for something else."""

    text: str


@dataclass
class Resource:
    """One resource. kind: "siteextensions" or "config". after: the place of the one it depends on, None for none."""

    owner: str
    kind: str
    name: str
    properties: dict[str, Any]
    after: int | None
    merged: bool = False


@dataclass
class Program:
    """What a text says. defaults: of parameters that have one."""

    resources: list[Resource]
    defaults: dict[str, str]
    parameters: set[str]
    secret: set[str]
    comments: list[str] = field(default_factory=list)


def read_arm(text: str) -> Program:
    """Read an ARM template."""
    template = json.loads(text)
    variables = {name: _arm_values(each) for name, each in template.get("variables", {}).items()}
    resources: list[Resource] = []
    places: dict[tuple[str, ...], int] = {}
    for each in template["resources"]:
        owner, _, kind = each["type"].rpartition("/")
        named = _arguments(each["name"], "concat")
        parts = tuple(part for part in named if part != ("text", "/"))
        assert len(named) == 2 * len(parts) - 1
        (after,) = [_arguments(one, "resourceId") for one in each.get("dependsOn", ())] or [None]
        before = places[(after[0][1], *(part[1] for part in after[1:]))] if after else None
        properties, merged = each["properties"], isinstance(each["properties"], str)
        if merged:
            assert properties == f"[union({OTHERS['arm']}, variables('appSettings'))]"
            properties = variables["appSettings"]
        else:
            properties = _arm_values(properties)
        places[(each["type"], *(part[1] for part in parts))] = len(resources)
        assert [part for part in parts[:-1]] == _arm_owner(owner)
        resources.append(Resource(owner, kind, parts[-1][1], properties, before, merged))
    parameters = template["parameters"]
    return Program(
        resources,
        {name: _arm_text(each["defaultValue"]) for name, each in parameters.items() if "defaultValue" in each},
        set(parameters),
        {name for name, each in parameters.items() if each["type"].startswith("secure")},
        template["metadata"]["comments"],
    )


def read_bicep(text: str) -> Program:
    """Read a .bicep file. Raises AssertionError for one that cannot be parsed."""
    strings: list[str] = []
    root = _BICEP.parse(_without_strings(text, strings).encode()).root_node
    assert not root.has_error, _error(root)
    resources: list[Resource] = []
    places: dict[str, int] = {}
    program = Program(resources, {}, set(), set())
    program.comments = [line.removeprefix("//").removeprefix(" ") for line in text.partition("\n\n")[0].split("\n")]
    secure = False
    for node in _named(root):
        if node.type == "comment":
            continue
        if node.type == "decorators":
            secure = "@secure()" in _text(node)
        elif node.type == "parameter_declaration":
            name, *rest = [each for each in _named(node) if each.type in ("identifier", "string")]
            program.parameters.add(_text(name))
            program.secret |= {_text(name)} if secure else set()
            program.defaults |= {_text(name): _bicep_value(rest[0], strings)} if rest else {}
            secure = False
        elif node.type == "resource_declaration":
            _bicep_resource(node, strings, resources, places)
        else:
            raise AssertionError(f"a {node.type}")
    return program


def read_terraform(text: str) -> Program:
    """Read a .tf file. Raises AssertionError for one that cannot be parsed."""
    root = _HCL.parse(text.encode()).root_node
    assert not root.has_error, _error(root)
    resources: list[Resource] = []
    places: dict[str, int] = {}
    program = Program(resources, {}, set(), set())
    program.comments = [line.removeprefix("#").removeprefix(" ") for line in text.partition("\n\n")[0].split("\n")]
    (body,) = [each for each in _named(root) if each.type == "body"]
    for block in [each for each in _named(body) if each.type == "block"]:
        kind, *labels = [_text(each) for each in _named(block) if each.type in ("identifier", "string_lit")]
        labels = [hcl_string(each) for each in labels]
        values = _hcl_body(block)
        if kind == "variable":
            program.parameters.add(labels[0])
            program.defaults |= {labels[0]: values["default"]} if "default" in values else {}
            program.secret |= {labels[0]} if values.get("sensitive") is True else set()
        elif kind == "resource":
            resources.append(_hcl_resource(labels, values, places))
            places[".".join(labels)] = len(resources) - 1
    return program


READERS = {"arm": read_arm, "bicep": read_bicep, "terraform": read_terraform}


def bicep_string(literal: str) -> str:
    """What a string of Bicep means (docs/platform/templates.md 4)."""
    assert literal[0] == literal[-1] == "'" and len(literal) >= 2
    return _unescaped(literal[1:-1], r"\\u\{([0-9a-f]+)\}", "\\'nrt$", {"n": "\n", "r": "\r", "t": "\t"}, ("${",))


def hcl_string(literal: str) -> str:
    """What a string of Terraform means (docs/platform/templates.md 5)."""
    assert literal[0] == literal[-1] == '"' and len(literal) >= 2
    escapes = {"n": "\n", "r": "\r", "t": "\t"}
    parts = re.split(r"(\$\$\{|%%\{)", literal[1:-1])
    return "".join(
        part[1:]
        if number % 2
        else _unescaped(part, r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})", '\\"nrt', escapes, ("${", "%{"))
        for number, part in enumerate(parts)
    )


def arm_string(literal: str) -> str:
    """What a string of a template that is no expression means (docs/platform/templates.md 3)."""
    return _arm_text(literal)


def _unescaped(text: str, code_point: str, allowed: str, escapes: dict[str, str], never: tuple[str, ...]) -> str:
    pieces, position = [], 0
    for found in re.finditer(rf"{code_point}|\\(.)", text, re.DOTALL):
        pieces.append(_plain(text[position : found.start()], never))
        groups = [each for each in found.groups() if each is not None]
        if found[0][1] in "uU":
            pieces.append(chr(int(groups[0], 16)))
        else:
            assert groups[0] in allowed, f"\\{groups[0]} is no escape"
            pieces.append(escapes.get(groups[0], groups[0]))
        position = found.end()
    pieces.append(_plain(text[position:], never))
    return "".join(pieces)


def _plain(text: str, never: tuple[str, ...]) -> str:
    assert not any(each in text for each in never), f"{text!r} has an expression"
    assert "\n" not in text and "\r" not in text
    return text


def _arm_text(value: str) -> str:
    if value.startswith("[") and value.endswith("]"):
        assert value.startswith("[["), f"{value!r} is an expression"
        return value[1:]
    return value


def _arm_values(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _arm_text(each) if isinstance(each, str) else each for name, each in values.items()}


def _arguments(expression: str, function: str) -> list[tuple[str, str]]:
    """The arguments of the one function that an expression calls: ("text", …) or ("parameter", …)."""
    found = re.fullmatch(rf"\[{function}\((.*)\)\]", expression, re.DOTALL)
    assert found is not None, expression
    argument = r"(?:parameters\('(\w+)'\)|'((?:[^']|'')*)')"
    assert re.fullmatch(rf"{argument}(?:, {argument})*", found[1], re.DOTALL), expression
    return [
        ("parameter", name) if name else ("text", text.replace("''", "'"))
        for name, text in re.findall(argument, found[1], re.DOTALL)
    ]


def _arm_owner(owner: str) -> list[tuple[str, str]]:
    names = [("parameter", "siteName"), ("parameter", "slotName")]
    return names if owner.endswith("/slots") else names[:1]


def _without_strings(text: str, strings: list[str]) -> str:
    """Bicep with a number in place of the content of each string, and with empty comments.

    The grammar takes `//` in a string for a comment, and a comment that ends with a backslash for one that goes on.

    strings: gets the strings.
    """

    def keep(found: re.Match[str]) -> str:
        if found["string"] is None:
            return "//"
        assert "\n" not in found["string"]
        strings.append(found["string"])
        return f"'{len(strings) - 1}'"

    return re.sub(r"//[^\n]*|(?P<string>'(?:[^'\\]|\\.)*')", keep, text, flags=re.DOTALL)


def _bicep_resource(
    node: tree_sitter.Node, strings: list[str], resources: list[Resource], places: dict[str, int]
) -> None:
    identifier, kind, *_ = _named(node)
    values = _bicep_value([each for each in _named(node) if each.type == "object"][0], strings)
    place, version = _bicep_value(kind, strings).split("@")
    assert version == "2022-09-01"
    if any(each.type == "existing" for each in node.children):
        wanted = {"site": {"name": Word("siteName")}, "slot": {"parent": Word("site"), "name": Word("slotName")}}
        assert values == wanted[_text(identifier)]
        return
    owner, _, what = place.rpartition("/")
    assert values["parent"] == Word("slot" if owner.endswith("/slots") else "site")
    properties, merged = values["properties"], isinstance(values["properties"], tuple)
    if merged:
        assert properties[:2] == ("union", Word(OTHERS["bicep"]))
        properties = properties[2]
    (after,) = values.get("dependsOn") or [None]
    resources.append(Resource(owner, what, values["name"], properties, places[after.text] if after else None, merged))
    places[_text(identifier)] = len(resources) - 1


def _bicep_value(node: tree_sitter.Node, strings: list[str]) -> Any:
    if node.type == "string":
        return bicep_string(strings[int(_text(node)[1:-1])])
    if node.type == "identifier":
        return Word(_text(node))
    if node.type == "boolean":
        return _text(node) == "true"
    if node.type == "array":
        return [_bicep_value(each, strings) for each in _named(node)]
    if node.type == "call_expression":
        name, arguments = _named(node)
        return (_text(name), *(_bicep_value(each, strings) for each in _named(arguments)))
    assert node.type == "object", node.type
    pairs = [_named(each) for each in _named(node) if each.type == "object_property"]
    keys = [_text(key) if key.type == "identifier" else _bicep_value(key, strings) for key, _ in pairs]
    assert len(set(keys)) == len(keys)
    return {key: _bicep_value(value, strings) for key, (_, value) in zip(keys, pairs)}


def _hcl_body(block: tree_sitter.Node) -> dict[str, Any]:
    attributes = [
        _named(each)
        for body in _named(block)
        if body.type == "body"
        for each in _named(body)
        if each.type == "attribute"
    ]
    return {_text(name): _hcl_value(value) for name, value in attributes}


def _hcl_value(node: tree_sitter.Node) -> Any:
    inner = _named(node)
    if node.type in ("expression", "collection_value", "literal_value") and len(inner) == 1:
        return _hcl_value(inner[0])
    if node.type == "string_lit":
        return hcl_string(_text(node))
    if node.type == "bool_lit":
        return _text(node) == "true"
    if node.type == "tuple":
        return [_hcl_value(each) for each in inner if each.type == "expression"]
    if node.type == "function_call":
        name, *rest = [each for each in inner if each.type in ("identifier", "function_arguments")]
        return (_text(name), *(_hcl_value(each) for one in rest for each in _named(one)))
    if node.type == "object":
        pairs = [_named(each) for each in inner if each.type == "object_elem"]
        keys = [_hcl_value(key) for key, _ in pairs]
        names = [key.text if isinstance(key, Word) else key for key in keys]
        assert len(set(names)) == len(names)
        return {name: _hcl_value(value) for name, (_, value) in zip(names, pairs)}
    return Word(_text(node))


def _hcl_resource(labels: list[str], values: dict[str, Any], places: dict[str, int]) -> Resource:
    place, version = values["type"].split("@")
    assert version == "2022-09-01"
    owner, _, kind = place.rpartition("/")
    properties = values["body"]["properties"]
    (after,) = values.get("depends_on") or [None]
    before = places[after.text] if after else None
    if labels[0] == "azapi_resource_action":
        assert values["method"] == "PUT" and properties[:2] == ("merge", Word(OTHERS["terraform"]))
        assert values["resource_id"] == Word('"${local.site_id}/config/appsettings"')
        return Resource(owner, kind, "appsettings", properties[2], before, True)
    assert labels[0] == ("azapi_resource" if kind == "siteextensions" else "azapi_update_resource")
    assert values["parent_id"] == Word("local.site_id")
    assert kind != "siteextensions" or values["schema_validation_enabled"] is False
    return Resource(owner, kind, values["name"], properties, before)


def _named(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    return list(node.named_children)


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _error(node: tree_sitter.Node) -> str:
    if node.is_error or node.is_missing:
        return f"{node.start_point}: {_text(node)!r}"
    return next((_error(each) for each in node.children if each.has_error or each.is_missing), "")
