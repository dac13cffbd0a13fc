r"""The FastCGI applications that IIS knows.

They stand in %HOME%\SiteExtensions\*\applicationHost.xdt and %HOME%\site\applicationHost.xdt.
A web.config cannot add one (docs/platform/site-extensions.md 2.1); IIS reads these files when the site starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from .sections import ConfigurationError
from .transform import TransformFailed, transformed

# What it looks like before: PHP is registered on every worker.
_APPLICATION_HOST = """\
<configuration><system.webServer><fastCgi>
  <application fullPath="D:\\Program Files (x86)\\PHP\\v5.6\\php-cgi.exe" maxInstances="10"/>
</fastCgi></system.webServer></configuration>
"""
_FILE = "D:\\DWASFiles\\Sites\\app\\Config\\applicationhost.config"


@dataclass(frozen=True)
class FastCgiApplication:
    """One `<application>` of `system.webServer/fastCgi`; the pair of full path and arguments is its key."""

    full_path: str
    arguments: str
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What IIS compares: the combined key of the collection; case does not matter."""
        return self.full_path.lower(), self.arguments.lower()

    def is_named(self, script_processor: str) -> bool:
        """Whether a handler's scriptProcessor, `<fullPath>|<arguments>`, is this application; case does not matter."""
        full_path, _, arguments = script_processor.partition("|")
        return (full_path.lower(), arguments.lower()) == self.key


def registered(home: Path, settings: Mapping[str, str] | None = None) -> list[FastCgiApplication]:
    """Reads all transforms below `home` (%HOME% as a Linux folder), the site's own last; a broken one adds nothing.

    settings: the app's; WEBSITE_PRIVATE_EXTENSIONS=0 switches them off.
    Raises ConfigurationError for what IIS cannot load then: the same key twice, or an application without path.
    """
    configuration = fromstring(_APPLICATION_HOST)
    if (settings or {}).get("WEBSITE_PRIVATE_EXTENSIONS", "").strip() != "0":
        for file in _transforms(home):
            try:
                configuration = transformed(configuration, file.read_bytes())
            except TransformFailed:
                pass  # App Service logs the failed transform and starts the site without it
    return _loaded(configuration)


def _transforms(home: Path) -> Iterable[Path]:
    folders = sorted((home / "SiteExtensions").glob("*"), key=lambda folder: folder.name.lower())
    for folder in (*folders, home / "site"):
        yield from (file for file in folder.glob("*") if file.name.lower() == "applicationhost.xdt")


def _loaded(configuration: Element) -> list[FastCgiApplication]:
    sections = configuration.findall("system.webServer/fastCgi")
    if len(sections) > 1:
        raise _refused(
            "Config section 'system.webServer/fastCgi' already defined. Sections must only appear once per config file."
        )
    found: dict[tuple[str, str], FastCgiApplication] = {}
    for element in (child for section in sections for child in section):
        if not element.get("fullPath"):
            raise _refused("Required attribute 'fullPath' not found")
        application = FastCgiApplication(
            element.get("fullPath", ""), element.get("arguments", ""), tuple(_environment(element))
        )
        if application.key in found:
            raise _refused(
                "Cannot add duplicate collection entry of type 'application' with combined key attributes 'fullPath, "
                f"arguments' respectively set to '{application.full_path}, {application.arguments}'",
                "0x800700b7",
            )
        found[application.key] = application
    return [each for each in found.values() if each.arguments]


def _refused(message: str, error_code: str = "0x8007000d") -> ConfigurationError:
    error = ConfigurationError(message, error_code)
    error.file = _FILE
    return error


def _environment(element: Element) -> Iterable[tuple[str, str]]:
    for variable in element.findall("environmentVariables/environmentVariable"):
        yield variable.get("name", ""), variable.get("value", "")
