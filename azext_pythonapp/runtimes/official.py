"""The trusted packages, as data: Microsoft's own site extensions, and python.org's own builds.

A package runs its installer on the customer's worker, and anybody can publish one, with any author, title, tag or a
similar id. Only the id has one owner in the gallery, so trust is based on exact ids and on nothing else. Ids from
before 2018 (`python361x64`) are not trusted: they were never moved to nuget.org, where anybody can take them now. The
ten that Kudu redirects mean the new ids when a user names them.

Source of Microsoft's: the nuspecs in https://github.com/Azure/azure-python-siteextensions @2fd2dbc (2018-03-07, the
last change there), and the table of redirects in Kudu.Services/SiteExtensions/SiteExtensionController.cs of
https://github.com/projectkudu/kudu @7e7e310d (2024-09-04). (docs/platform/site-extensions.md 1.1, 1.2)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PUBLISHER = "Microsoft"
PREFIX = "azureappservice-"
ARCHITECTURES = ("x64", "x86")
# Source: https://docs.python.org/3/using/windows.html, "The nuget.org packages"; by architecture.
CPYTHON_PACKAGES: Mapping[str, str] = MappingProxyType({"x64": "python", "x86": "pythonx86"})
CPYTHON_PUBLISHER = "Python Software Foundation"
# This extension turns such a package into a site extension with this prefix; such ids in a gallery are ignored.
MADE_HERE = "pythonapp-"

# The last package version of each Python; the first three numbers are Python's own. Some of the packages are now
# unlisted: no search shows them, but Kudu still installs one whose id and version are given.
_LAST_PACKAGE_VERSIONS = ("2.7.14.5", "3.5.3.7", "3.5.4.5", "3.6.2.5", "3.6.4.4")


def _stem(package_version: str) -> str:
    return "python" + "".join(package_version.split(".")[:3])


# new id -> the last version of its package
PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        f"{PREFIX}{_stem(version)}{architecture}": version
        for version in _LAST_PACKAGE_VERSIONS
        for architecture in ARCHITECTURES
    }
)

# old id (siteextensions.net) -> the id that Kudu installs in its place
REDIRECTS: Mapping[str, str] = MappingProxyType({new[len(PREFIX) :]: new for new in PACKAGES})


def is_microsofts(extension_id: str) -> bool:
    """Return whether an id, in the gallery's own spelling, is one of Microsoft's known packages.

    NuGet ignores the case of ASCII letters; a letter that only looks the same does not match.
    """
    return extension_id.isascii() and extension_id.lower() in PACKAGES
