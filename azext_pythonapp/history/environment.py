"""What a record keeps of an app in environment mode: which environment it ran, and what it takes to build it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from azext_pythonapp.history.row import Row


@dataclass(frozen=True)
class RecordedEnvironment(Row):
    """An environment that the app ran.

    letter: its folder. job: the id of the job that built it, by which it is known again; None where its description was
    not readable. python_path, version, architecture: of the runtime that it stands on. requirements, digest, added,
    removed, installer, built_at: as its description has them. packages: version by canonical name; None for not known.
    """

    letter: Literal["a", "b"]
    job: str | None
    python_path: str
    version: str
    architecture: str
    packages: Mapping[str, str] | None
    requirements: str | None = None
    digest: str | None = None
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    installer: str | None = None
    built_at: str | None = None


@dataclass(frozen=True)
class EnvironmentChange:
    """The environments that an app ran before a change and after it; None where it used the runtime's own packages.

    after: None, too, while it is not known. addresses: where a package came from that is not from an index (PEP 610),
    by canonical name. arguments: of pip that say where packages come from. Both are without credentials. wheels: the
    folder on the app with wheels that no index has, below %HOME%; None for none.
    """

    before: RecordedEnvironment | None
    after: RecordedEnvironment | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    wheels: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON has it."""
        return {
            "before": self.before.to_dict() if self.before is not None else None,
            "after": self.after.to_dict() if self.after is not None else None,
            "addresses": self.addresses,
            "arguments": self.arguments,
            "wheels": self.wheels,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> EnvironmentChange:
        """Read what `to_dict` wrote."""
        before, after = (row[key] and RecordedEnvironment.from_dict(row[key]) for key in ("before", "after"))
        return cls(before, after, row.get("addresses") or {}, row.get("arguments") or (), row.get("wheels"))
