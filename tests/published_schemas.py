"""Check documents against the schemas of others that tests/schemas holds."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).resolve().parent / "schemas"


@cache
def _validator(name: str) -> Draft7Validator:
    schemas = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
    licences = Resource.from_contents(schemas["spdx"])
    base = schemas[name]["$id"].rpartition("/")[0]
    registry: Registry[Any] = Registry().with_resource(f"{base}/spdx.SNAPSHOT.schema.json", licences)
    return Draft7Validator(schemas[name], registry=registry)


def check_published(name: str, document: Any) -> None:
    """Raise AssertionError for a document that does not fit. name: of a file in tests/schemas, without its end."""
    faults = [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(document)]
    assert not faults, "\n".join(faults[:10])
