"""One site extension, as Kudu, Azure Resource Manager or a gallery describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.runtimes.cpython import EXTENSION_PREFIX, built_from
from azext_pythonapp.runtimes.identity import Identity, identify


@dataclass(frozen=True)
class Extension:
    """A site extension.

    id: its own id, such as "azureappservice-python364x64" (not the ARM resource id).
    package_version, title, description, publisher: as in its package; "" where the source has none.
    """

    id: str
    package_version: str
    title: str
    description: str
    publisher: str

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Extension | None:
        """Read one JSON entry.

        entry: Kudu's form (`id`, `title`, `version`, `authors`, ...; docs/platform/kudu.md 4.1), or Resource Manager's,
        where the same keys are below `properties` and the outer `id` is the resource id. Its specification calls the
        inner key `extension_id`, Kudu returns `id` (docs/platform/az-extension.md 4.4); both are read.
        Returns None for an entry without an extension id.
        """
        properties = entry.get("properties")
        inner: Mapping[str, Any] = properties if isinstance(properties, Mapping) else entry
        extension_id = _extension_id(entry, inner)
        if not extension_id:
            return None
        authors = inner.get("authors") or ""
        return cls(
            id=extension_id,
            package_version=str(inner.get("version") or ""),
            title=str(inner.get("title") or ""),
            description=str(inner.get("description") or ""),
            publisher=authors if isinstance(authors, str) else ", ".join(str(author) for author in authors),
        )

    @property
    def identity(self) -> Identity | None:
        """Return the Python that it installs; None when it is not a Python runtime."""
        return identify(self.id, self.title, self.description)

    @property
    def built_from(self) -> str | None:
        """Return the id of the package of CPython that this product built it from; None for anybody else's."""
        return built_from(self.description) if self.id.lower().startswith(EXTENSION_PREFIX) else None


def read_extensions(entries: Iterable[Mapping[str, Any]]) -> list[Extension]:
    """Read JSON entries, in their order, without those that have no extension id."""
    return [extension for extension in map(Extension.read, entries) if extension]


def _extension_id(entry: Mapping[str, Any], inner: Mapping[str, Any]) -> str:
    for candidate in (inner.get("extension_id"), inner.get("id"), entry.get("name"), entry.get("id")):
        if candidate:
            return str(candidate).rsplit("/", 1)[-1]
    return ""
