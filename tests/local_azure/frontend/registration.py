r"""The FastCGI applications that IIS knows.

They stand in %HOME%\SiteExtensions\*\applicationHost.xdt and %HOME%\site\applicationHost.xdt.
A web.config cannot add one (docs/platform/site-extensions.md 2.1); IIS reads these files when the site starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

_XDT = "{http://schemas.microsoft.com/XML-Document-Transform}"


@dataclass(frozen=True)
class FastCgiApplication:
    """One `<application>` of `system.webServer/fastCgi`; the pair of full path and arguments is its key."""

    full_path: str
    arguments: str
    environment: tuple[tuple[str, str], ...] = ()

    def is_named(self, script_processor: str) -> bool:
        """Whether a handler's scriptProcessor, `<fullPath>|<arguments>`, is this application; case does not matter."""
        full_path, _, arguments = script_processor.partition("|")
        return (full_path.lower(), arguments.lower()) == (self.full_path.lower(), self.arguments.lower())


def registered(home: Path) -> list[FastCgiApplication]:
    """Reads all transforms below `home` (%HOME% as a Linux folder), the site's own last; a broken one adds nothing."""
    folders = sorted((home / "SiteExtensions").glob("*"), key=lambda folder: folder.name.lower())
    applications: list[FastCgiApplication] = []
    for folder in (*folders, home / "site"):
        for file in folder.glob("*"):
            if file.name.lower() == "applicationhost.xdt":
                applications = _transformed(applications, file)
    return applications


def _transformed(applications: list[FastCgiApplication], file: Path) -> list[FastCgiApplication]:
    try:
        document = fromstring(file.read_bytes())
    except ParseError:
        return applications  # App Service logs the failed transform and starts the site without it
    result = list(applications)
    for element in document.findall(".//system.webServer/fastCgi/application"):
        application = FastCgiApplication(
            element.get("fullPath", ""), element.get("arguments", ""), tuple(_environment(element))
        )
        if not any(_is_the_same(application, other, element) for other in result):
            result.append(application)
    return result


def _is_the_same(application: FastCgiApplication, other: FastCgiApplication, element: Element) -> bool:
    """Whether InsertIfMissing finds its element already there: by fullPath alone in the official packages
    (docs/platform/site-extensions.md 1.5)."""
    if element.get(f"{_XDT}Locator") == "Match(fullPath)":
        return application.full_path.lower() == other.full_path.lower()
    return other.is_named(f"{application.full_path}|{application.arguments}")


def _environment(element: Element) -> Iterable[tuple[str, str]]:
    for variable in element.findall("environmentVariables/environmentVariable"):
        yield variable.get("name", ""), variable.get("value", "")
