"""A software bill of materials as CycloneDX 1.6 JSON.

Sources: https://cyclonedx.org/docs/1.6/json/ and, for package URLs,
https://github.com/package-url/purl-spec/blob/main/types-doc/pypi-definition.md.

What the hashes are of: a component of type `file` has the hash of that file, as the distribution's RECORD says it, or
of RECORD itself, which lists the hashes of all others. A distribution has a hash of its own only where the archive
that it was installed from is known (direct_url.json): the hash of an installed distribution is none of its wheel.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, SCHEMA)
_ALGORITHMS = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
}
_APP = "app"


@dataclass(frozen=True)
class Component:
    """A distribution in the bill.

    key: its canonical name. licences: as CycloneDX has them. hashes: of its archive, by algorithm. record: path and
    SHA-256 of its RECORD. files: path and hash ("sha256=" and URL-safe base64) of each file. needs: the keys of the
    distributions that it requires and that are installed.
    """

    key: str
    name: str
    version: str
    summary: str = ""
    licences: Sequence[Mapping[str, Any]] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    homepage: str = ""
    record: tuple[str, str] | None = None
    files: Sequence[tuple[str, str]] = ()
    needs: Sequence[str] = ()

    @property
    def purl(self) -> str:
        """Its package URL."""
        name = quote(self.name.strip().lower().replace("_", "-"), safe="")
        version = f"@{quote(self.version, safe='')}" if self.version else ""
        return f"pkg:pypi/{name}{version}"


@dataclass(frozen=True)
class Runtime:
    """The CPython that runs the app. architecture: "x64" or "x86"."""

    version: str
    architecture: str

    @property
    def purl(self) -> str:
        """Its package URL; it is in no registry that has a type of its own."""
        return f"pkg:generic/python@{quote(self.version, safe='')}"


def bill(
    app: Mapping[str, Any],
    host: str,
    runtime: Runtime,
    components: Iterable[Component],
    tool: str,
    moment: datetime,
    reproducible: bool,
) -> dict[str, Any]:
    """Return the document: the same for the same input, apart from `timestamp` and, in part, `serialNumber`.

    app: "name", "resourceGroup" and "slot". host: of its site. tool: the version of this extension, "" where that
    is not known. moment: UTC.
    reproducible: whether the serial number is made of the content; else it is a random one, as the specification wants
    it for each document that is made.
    """
    parts = sorted(components, key=lambda each: (each.purl, each.key))
    references = _references(parts)
    name = "/".join(filter(None, (app["name"], app["slot"])))
    own = {"version": tool} if tool else {}
    document: dict[str, Any] = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycles": [{"phase": "operations"}],
            "tools": {"components": [{"type": "application", "name": "az webapp python", **own}]},
            "component": {
                "type": "application",
                "bom-ref": _APP,
                "name": name,
                "externalReferences": [{"type": "website", "url": f"https://{host}"}],
                "properties": [
                    {"name": f"azure:{key}", "value": str(app[key])} for key in ("resourceGroup", "slot") if app[key]
                ],
            },
        },
        "components": [_runtime(runtime), *(_component(each, references[each.key]) for each in parts)],
        "dependencies": _dependencies(runtime, parts, references),
    }
    content = json.dumps({**document, "metadata": {**document["metadata"], "timestamp": ""}}, sort_keys=True)
    number = uuid.uuid5(_NAMESPACE, content) if reproducible else uuid.uuid4()
    document["serialNumber"] = f"urn:uuid:{number}"
    return document


def _references(parts: Sequence[Component]) -> dict[str, str]:
    """Return a bom-ref for each key: the purl, with a number where two have the same."""
    found: dict[str, str] = {}
    for each in parts:
        taken = set(found.values())
        names = (each.purl, *(f"{each.purl}#{number}" for number in range(2, len(parts) + 2)))
        found[each.key] = next(name for name in names if name not in taken)
    return found


def _runtime(runtime: Runtime) -> dict[str, Any]:
    return {
        "type": "platform",
        "bom-ref": runtime.purl,
        "supplier": {"name": "Python Software Foundation", "url": ["https://www.python.org/"]},
        "name": "CPython",
        "version": runtime.version,
        "cpe": _cpe(runtime.version),
        "purl": runtime.purl,
        "properties": [{"name": "python:architecture", "value": runtime.architecture}],
    }


def _cpe(version: str) -> str:
    """Return the name in NVD's dictionary, where what follows the number is the update: 3.15.0:rc1."""
    number = re.match(r"[0-9.]*", version)
    digits = number[0] if number else ""
    return f"cpe:2.3:a:python:python:{digits or '*'}:{version[len(digits) :].lower() or '*'}:*:*:*:*:*:*"


def _component(each: Component, reference: str) -> dict[str, Any]:
    # RECORD may list a file twice, where an installer wrote over another package's; the first row counts.
    recorded = dict(reversed([(path, value) for path, value in each.files if _recorded(value)[0]]))
    files = [_file(reference, path, *_recorded(value)) for path, value in recorded.items()]
    if each.record is not None and all(found is None or found["name"] != each.record[0] for found in files):
        files.append(_file(reference, each.record[0], "SHA-256", each.record[1]))
    hashes = [
        {"alg": _ALGORITHMS[name][0], "content": value.lower()}
        for name, value in sorted(each.hashes.items())
        if name in _ALGORITHMS and len(value) == _ALGORITHMS[name][1] and _is_hexadecimal(value)
    ]
    addresses = [("distribution", each.address), ("website", each.homepage)]
    described: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": each.name,
        "version": each.version,
        "description": each.summary,
        "hashes": hashes,
        "licenses": list(each.licences),
        "purl": each.purl,
        "externalReferences": [{"type": kind, "url": url} for kind, url in addresses if _is_address(url)],
        "components": sorted((file for file in files if file is not None), key=lambda file: str(file["name"])),
    }
    return {key: value for key, value in described.items() if value or key == "name"}


def _file(reference: str, path: str, algorithm: str, value: str) -> dict[str, Any] | None:
    """Return the component of a file; None for one without a hash."""
    if not value:
        return None
    return {
        "type": "file",
        "bom-ref": f"{reference}#{path}",
        "name": path,
        "hashes": [{"alg": algorithm, "content": value}],
    }


def _recorded(value: str) -> tuple[str, str]:
    """Return algorithm and hexadecimal value of a hash in RECORD; two empty texts for none (PEP 376, PEP 427)."""
    name, _, text = value.partition("=")
    algorithm, length = _ALGORITHMS.get(name.lower(), ("", 0))
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except (ValueError, binascii.Error):
        return "", ""
    return (algorithm, found) if algorithm and len(found) == length else ("", "")


def _is_hexadecimal(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and url.isascii() and url.isprintable() and " " not in url


def _dependencies(runtime: Runtime, parts: Sequence[Component], references: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return who needs whom. What nothing installed requires, the app has for itself; nobody knows more of that."""
    needs = {
        each.key: sorted(key for key in set(each.needs) if key in references and key != each.key) for each in parts
    }
    reached: set[str] = set()

    def reach(key: str) -> None:
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each not in reached:
                reached.add(each)
                waiting += needs[each]

    required = {key for keys in needs.values() for key in keys}
    own = [each.key for each in parts if each.key not in required]
    for key in own:
        reach(key)
    for each in parts:  # those that require each other only
        if each.key not in reached:
            own.append(each.key)
            reach(each.key)
    rows = [(_APP, [runtime.purl, *(references[key] for key in own)]), (runtime.purl, [])]
    rows += [(references[each.key], [references[key] for key in needs[each.key]]) for each in parts]
    return [{"ref": name, **({"dependsOn": sorted(on)} if on else {})} for name, on in rows]
