"""The handler mappings of a site: which one takes a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True)
class Handler:
    """One `<add>` of `system.webServer/handlers` with the defaults of IIS (docs/platform/site-extensions.md 2.1)."""

    name: str
    path: str
    verb: str = "*"
    modules: str = "ManagedPipelineHandler"
    script_processor: str = ""
    resource_type: str = "Unspecified"

    def uses(self, module: str) -> bool:
        """Whether `module` is one of the handler's modules."""
        return module.lower() in (name.strip().lower() for name in self.modules.split(","))

    def takes(self, method: str, segments: tuple[str, ...], resource: Path) -> bool:
        """Whether the handler is for this request; `resource` is the file that the URL names, if there is one."""
        verbs = [verb.strip() for verb in self.verb.split(",")]
        return ("*" in verbs or method in verbs) and self._takes_path(segments) and self._takes_resource(resource)

    def _takes_path(self, segments: tuple[str, ...]) -> bool:
        if self.path == "*":
            return True
        pattern = self.path.lower()
        # A script map takes what follows the script too: "handler.fcgi/some/page" belongs to "handler.fcgi".
        return any(
            fnmatchcase(
                "/".join(segments[:end]).lower() if "/" in pattern else segments[end - 1].lower(), pattern.lstrip("/")
            )
            for end in range(1, len(segments) + 1)
        )

    def _takes_resource(self, resource: Path) -> bool:
        kind = self.resource_type.lower()
        return (
            kind == "unspecified"
            or kind in ("file", "either")
            and resource.is_file()
            or kind in ("directory", "either")
            and resource.is_dir()
        )


# IIS's own mapping, inherited by every site. Of its modules only what Python sites meet is here: files and default
# documents. It says "Either" in IIS, where a missing file still gets its 404 from it.
STATIC_FILE = Handler("StaticFile", "*", modules="StaticFileModule,DefaultDocumentModule,DirectoryListingModule")


def choose(handlers: Iterable[Handler], method: str, segments: tuple[str, ...], resource: Path) -> Handler | None:
    """The first handler that takes the request, or None: IIS then answers 404.4."""
    return next((handler for handler in handlers if handler.takes(method, segments, resource)), None)
