"""The options of `publish`, read and checked, with the folder that it publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from azext_pythonapp.entrypoints.choose import EntryPoint
from azext_pythonapp.operations.publish.source_app import SourceApp
from azext_pythonapp.operations.set_version.options import SetVersionRequest
from azext_pythonapp.source.folder import Source, read_source


@dataclass(frozen=True, kw_only=True)
class PublishRequest:
    """What is published, and how the app is to run it.

    source: the folder, of which only what is sent counts. clean: whether published files that are no longer in it are
    deleted. switch: what `set-version` takes.
    """

    source: Source
    clean: bool
    switch: SetVersionRequest

    @classmethod
    def from_options(
        cls, *, src: str, exclude: Sequence[str], clean: bool, switch: SetVersionRequest
    ) -> PublishRequest:
        """Read the folder and the options. Raises InvalidInput for a folder that is no app, or cannot be read."""
        request = cls(source=read_source(Path(src), exclude), clean=clean, switch=switch)
        request.require_app(in_force=True)
        return request

    def missing(self, module: str, package: str | None) -> str | None:
        """Return what to do about a module that the new version does not find; None where nothing is known of it."""
        return SourceApp(self.source).missing(module, package, self.switch.requirements)

    def elsewhere(self, entry: EntryPoint, there: Callable[[str], bool], label: str) -> str | None:
        """Return a sentence about an entry point that is on the app and not in the folder; None where it is in it.

        there: returns whether a file, named below the app's root, is on the app. label: names the app.
        """
        return SourceApp(self.source).elsewhere(entry, there, label)

    def require_app(self, in_force: bool) -> None:
        """Raise InvalidInput for a folder that is no app. in_force: whether the app's web.config starts something."""
        named = self.switch.app is not None or self.switch.handler.startup_command is not None
        SourceApp(self.source).require(named=named, in_force=in_force)
