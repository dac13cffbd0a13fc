"""Microsoft's own Python packages, as data.

Source: the nuspecs in https://github.com/Azure/azure-python-siteextensions @2fd2dbc (2018-03-07, the last change
there), and the table of redirects in Kudu.Services/SiteExtensions/SiteExtensionController.cs of
https://github.com/projectkudu/kudu @7e7e310d (2024-09-04). (facts/python-site-extensions.md 1.1, 1.2)
"""
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PUBLISHER = "Microsoft"
PREFIX = "azureappservice-"
ARCHITECTURES = ("x64", "x86")

# The last package version of each Python; the first three numbers are Python's own. Some of the packages are
# unlisted by now: no search shows them, but Kudu still installs one whose id and version are given.
_LAST_PACKAGE_VERSIONS = ("2.7.14.5", "3.5.3.7", "3.5.4.5", "3.6.2.5", "3.6.4.4")


def _stem(package_version: str) -> str:
    return "python" + "".join(package_version.split(".")[:3])


# new id -> the last version of its package
PACKAGES: Mapping[str, str] = MappingProxyType({
    f"{PREFIX}{_stem(version)}{architecture}": version
    for version in _LAST_PACKAGE_VERSIONS for architecture in ARCHITECTURES})

# old id (siteextensions.net) -> the id that Kudu installs in its place
REDIRECTS: Mapping[str, str] = MappingProxyType({new[len(PREFIX):]: new for new in PACKAGES})
