"""Transforms of IIS' applicationHost.config, applied as Microsoft.Web.XmlTransform does.

(docs/platform/site-extensions.md 2.1)

An element of a transform means those of the configuration at the same path; Match narrows them, and compares case.
What is not found is passed over. What the library throws for makes the whole transform fail.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError, fromstring

_XDT = "{http://schemas.microsoft.com/XML-Document-Transform}"
_CALL = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)


class TransformFailed(Exception):
    """A transform that the library refuses: nothing of it is applied, and the site starts without it."""


def transformed(configuration: Element, content: bytes) -> Element:
    """Returns the configuration with a transform applied. Raises TransformFailed, and leaves it as it was."""
    try:
        root = fromstring(content)
    except (ParseError, LookupError, ValueError) as error:
        raise TransformFailed(str(error)) from error
    document = Element("document")
    document.append(copy.deepcopy(configuration))
    _apply(root, [document])
    return document[0]


def _apply(element: Element, parents: Sequence[Element]) -> None:
    name, arguments = _call(element, "Transform")
    targets = _targets(element, parents)
    if name in ("Insert", "InsertIfMissing"):
        if parents and (name == "Insert" or not targets):
            parents[0].append(_clone(element))
    elif name in ("InsertBefore", "InsertAfter"):
        if parents:
            parents[0].append(_clone(element))
    elif name in ("Remove", "RemoveAll"):
        for target in targets if name == "RemoveAll" else targets[:1]:
            next(parent for parent in parents if target in list(parent)).remove(target)
    elif name == "Replace":
        for target in targets[:1]:
            parent = next(parent for parent in parents if target in list(parent))
            parent[list(parent).index(target)] = _clone(element)
    elif name == "SetAttributes":
        named = [each.strip() for each in arguments.split(",")] if arguments else None
        for target in targets:
            target.attrib.update(
                {key: value for key, value in _plain(element).items() if named is None or key in named}
            )
    elif name == "RemoveAttributes":
        for target in targets:
            for key in arguments.split(","):
                target.attrib.pop(key.strip(), None)
    elif name:
        raise TransformFailed(f"Could not resolve '{name}' as a type of Transform")
    targets = _targets(element, parents)
    for child in element:
        _apply(child, targets)


def _targets(element: Element, parents: Sequence[Element]) -> list[Element]:
    locator, arguments = _call(element, "Locator")
    found = [child for parent in parents for child in parent if child.tag == element.tag]
    if not locator:
        return found
    if locator != "Match":
        return []  # Condition and XPath: no transform of these tests has them
    keys = [key.strip() for key in arguments.split(",")]
    if not arguments.strip():
        raise TransformFailed("Match requires at least 1 argument")
    for key in keys:
        if key not in element.attrib:
            raise TransformFailed(f"No attribute '{key}' exists for the Match Locator")
    return [each for each in found if all(each.get(key) == element.get(key) for key in keys)]


def _call(element: Element, attribute: str) -> tuple[str, str]:
    value = element.get(_XDT + attribute, "")
    match = _CALL.fullmatch(value)
    if value and match is None:
        raise TransformFailed(f"'{value}' is no {attribute}")
    return (match[1], match[2] or "") if match and value else ("", "")


def _clone(element: Element) -> Element:
    copied = Element(element.tag, _plain(element))
    copied.extend(_clone(child) for child in element)
    return copied


def _plain(element: Element) -> dict[str, str]:
    return {name: value for name, value in element.attrib.items() if not name.startswith(_XDT)}
