"""Parts of a record whose fields are plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

_Part = TypeVar("_Part", bound="Row")


class Row:
    """A part of a record, a dataclass, whose fields are plain JSON values, in camelCase."""

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON has it."""
        return {camel(each.name): getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls: type[_Part], row: Mapping[str, Any]) -> _Part:
        """Read what `to_dict` wrote; unknown keys are ignored. Raises KeyError or TypeError for what is not there."""
        names = {each.name: camel(each.name) for each in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: row[key] for name, key in names.items() if key in row})


def camel(name: str) -> str:
    """Return the key that JSON has for a field. name: of the field, in snake_case."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
