r"""The content of a CPython package from NuGet, and the files that turn it into a site extension.

A .nupkg is a zip file: `python.nuspec`, and the installation below `tools/`: python.exe, DLLs, Lib, with pip in
Lib\site-packages (the preset "nuget" in PC/layout of python/cpython). Names in it are percent-encoded, as in every
NuGet package (`setup%20template.txt`).
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.nuget import PACKAGE_IDS, NugetRuntime
from azext_pythonapp.runtimes.official import CPYTHON_PUBLISHER
from azext_pythonapp.runtimes.versions import python_version
from azext_pythonapp.windows import join

PROGRAM = "python.exe"
_TOOLS = "tools/"
_PIP = "Lib/site-packages/pip/"
# What zipfile raises for a file that is truncated, altered, encrypted or compressed in an unknown way.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_UNSAFE = re.compile(r'[\\:*?"<>|\x00-\x1f]')


def read_package(path: Path) -> NugetRuntime:
    """Return the runtime in a package file, according to its .nuspec.

    Raises InvalidInput for a file that cannot be read, is damaged, or is not a release of CPython for x64 or x86.
    """
    try:
        with zipfile.ZipFile(path) as package:
            manifests = [name for name in package.namelist() if "/" not in name and name.endswith(".nuspec")]
            metadata = ElementTree.fromstring(package.read(manifests[0])) if len(manifests) == 1 else None
    except OSError as error:
        raise InvalidInput(
            f"The package '{path}' cannot be read: {error.strerror or error}.",
            "Give the path of a .nupkg file on this machine.",
        ) from error
    except (*_DAMAGE, ElementTree.ParseError, ValueError) as error:
        raise InvalidInput(
            f"The package '{path}' is damaged or not a NuGet package: {error}.", "Download it again."
        ) from error
    named = (
        {name: metadata.findtext(f"./{{*}}metadata/{{*}}{name}") or "" for name in ("id", "version")}
        if metadata is not None
        else {"id": "", "version": ""}
    )
    architectures = {package_id: architecture for architecture, package_id in PACKAGE_IDS.items()}
    version = named["version"].partition("+")[0]
    if named["id"].lower() not in architectures or python_version(version) is None:
        what = f"{named['id']} {named['version']}".strip() or "not a package"
        raise InvalidInput(
            f"The package '{path}' is {what}; it must be a release of the NuGet package 'python' (x64) or 'pythonx86'.",
            "Download it from https://www.nuget.org/packages/python.",
        )
    package_id = named["id"].lower()
    return NugetRuntime(package_id, version, architectures[package_id])


def repack(package: Path, target: Path) -> bool:
    """Write the runtime in a package as a zip file whose root is the runtime's folder.

    Files are copied in chunks, so memory use does not depend on the package. Reading verifies each file's checksum.
    python.exe comes last: Kudu extracts in order (docs/platform/kudu.md 3.5), so a folder with python.exe is complete.
    Returns whether the runtime has pip. Raises InvalidInput for a package that is damaged or not CPython.
    """
    try:
        with zipfile.ZipFile(package) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            members = _members(package, source.infolist())
            for path, member in members:
                copied = zipfile.ZipInfo(path, member.date_time)
                copied.compress_type = zipfile.ZIP_DEFLATED
                with source.open(member) as reader, archive.open(copied, "w") as writer:
                    shutil.copyfileobj(reader, writer)
    except _DAMAGE as error:
        raise InvalidInput(f"The package '{package.name}' is damaged: {error}.", "Download it again.") from error
    return any(path.startswith(_PIP) for path, _ in members)


def extension_files(runtime: NugetRuntime, registered: bool) -> dict[str, bytes]:
    r"""Return the files of %HOME%\SiteExtensions\<id>, by name.

    Kudu and Resource Manager treat a .nupkg with a .nuspec as an installed site extension
    (docs/platform/kudu.md 4.4; SearchLocalRepo in Kudu.Core/SiteExtensions/FeedExtensionsV2.cs).
    registered: whether to register the runtime with IIS for FastCGI, which needs wfastcgi.py beside python.exe.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{runtime.extension_id}.nuspec", _manifest(runtime))
    files = {f"{runtime.extension_id}.{runtime.package_version}.nupkg": packed.getvalue()}
    if registered:
        files["applicationHost.xdt"] = transform(runtime)
    return files


def transform(runtime: NugetRuntime) -> bytes:
    r"""Return the applicationHost.xdt that registers a runtime's FastCGI application.

    Like those of Microsoft's packages, always below `D:\home` (docs/platform/site-extensions.md 1.5, 1.8).
    """
    identity = runtime.identity
    folder = join(REGISTERED_HOME, runtime.folder)
    return "\r\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">',
            "  <system.webServer>",
            "    <fastCgi>",
            f'      <application fullPath="{identity.registered_path}" arguments="{identity.registered_arguments}"',
            '          maxInstances="16" idleTimeout="21600" instanceMaxRequests="10000000"',
            '          signalBeforeTerminateSeconds="60"',
            '          xdt:Transform="InsertIfMissing" xdt:Locator="Match(fullPath)">',
            "        <environmentVariables>",
            f'          <environmentVariable name="PYTHONHOME" value="{folder}" />',
            "        </environmentVariables>",
            "      </application>",
            "    </fastCgi>",
            "  </system.webServer>",
            "</configuration>",
            "",
        ]
    ).encode("utf-8")


def _manifest(runtime: NugetRuntime) -> bytes:
    """Return the .nuspec, worded like those of Microsoft's packages.

    Tools read the version and the folder from that wording (docs/platform/site-extensions.md 1.1).
    """
    title = f"Python {runtime.version} {runtime.architecture}"
    fields = {
        "id": runtime.extension_id,
        "title": title,
        "version": runtime.package_version,
        "authors": CPYTHON_PUBLISHER,
        "projectUrl": "https://www.python.org/",
        "requireLicenseAcceptance": "false",
        "description": f"Installs {title} into Azure App Service at {runtime.identity.registered_path}. "
        f"Built by az webapp python from the {runtime.source}.",
        "tags": "python AzureSiteExtension",
    }
    lines = [f"    <{name}>{escape(value)}</{name}>" for name, value in fields.items()]
    return "\r\n".join(
        [
            '<?xml version="1.0"?>',
            "<package>",
            "  <metadata>",
            *lines,
            "    <packageTypes>",
            '      <packageType name="AzureSiteExtension" />',
            "    </packageTypes>",
            "  </metadata>",
            "</package>",
            "",
        ]
    ).encode("utf-8")


def _members(package: Path, infos: Sequence[zipfile.ZipInfo]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return the runtime's files with their paths in its folder, python.exe last.

    Raises InvalidInput when python.exe is missing, or when a file would be extracted outside the folder.
    """
    members = {}
    for info in infos:
        path = unquote(info.filename)
        if not path.lower().startswith(_TOOLS) or info.is_dir():
            continue
        path = path[len(_TOOLS) :]
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts or path.startswith("/") or _UNSAFE.search(path):
            raise InvalidInput(f"The package '{package.name}' contains a file with an unsafe path: {path!r}.")
        members[path] = info
    if PROGRAM not in members:
        raise InvalidInput(f"The package '{package.name}' is not CPython: it does not contain {_TOOLS}{PROGRAM}.")
    return sorted(members.items(), key=lambda item: item[0] == PROGRAM)
