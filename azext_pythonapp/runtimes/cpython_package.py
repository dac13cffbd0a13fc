r"""The content of a package of CPython, and the files that turn it into a site extension.

Both kinds are zip files (docs/platform/python-org.md 2). A .nupkg of NuGet: `python.nuspec`, and the installation below
`tools/`: python.exe, DLLs, Lib, with pip in Lib\site-packages. Names in it are percent-encoded, as in every NuGet
package (`setup%20template.txt`). A .zip of python.org: `__install__.json`, and the installation beside it, with pip as
well, with Tcl/Tk, IDLE, and the documentation, which stays out.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.runtimes.cpython import CPythonBuild
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.nuget import PACKAGE_IDS
from azext_pythonapp.runtimes.official import CPYTHON_PUBLISHER
from azext_pythonapp.runtimes.python_org import COMPANY, read_manifest
from azext_pythonapp.runtimes.versions import python_version
from azext_pythonapp.windows import join

try:
    from lzma import LZMAError as _LzmaError
except ImportError:  # a Python that was built without it, in which zipfile refuses such files
    _LzmaError = zlib.error  # type: ignore[misc,assignment]

PROGRAM = "python.exe"
_TOOLS = "tools/"
_MANIFEST = "__install__.json"
# The HTML documentation, thousands of files that nobody looks at on a worker.
_DOCUMENTATION = "doc/"
# The file that makes a Python an embeddable one.
_EMBEDDABLE = re.compile(r"python[0-9]*\._pth", re.IGNORECASE)
# What is read at once, and what all files together may have: far more than a Python, far less than a share's room.
_LARGEST_MANIFEST, _LARGEST, _MOST = 1 << 20, 1 << 30, 50_000
_PIP = "Lib/site-packages/pip/"
# What zipfile raises for a file that is truncated, altered, encrypted or compressed in an unknown way.
_DAMAGE = (zipfile.BadZipFile, zlib.error, _LzmaError, EOFError, NotImplementedError, RuntimeError)
_UNSAFE = re.compile(r'[\\:*?"<>|\x00-\x1f]')


def read_package(path: Path) -> CPythonBuild:
    """Return the runtime in a package file, according to its own manifest. Its content tells its kind, not its name.

    Raises InvalidInput for a file that cannot be read, is damaged, or is not a release of CPython for x64 or x86.
    """
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if _MANIFEST in names:
                return _of_python_org(path, package)
            if any(_EMBEDDABLE.fullmatch(name) for name in names):
                raise _other(path, "the embeddable package of Python, which pip does not work in")
            return _of_nuget(path, package)
    except OSError as error:
        raise InvalidInput(
            f"The package '{path}' cannot be read: {error.strerror or error}.",
            "Give the path of a package of CPython on this machine.",
        ) from error
    except (*_DAMAGE, ElementTree.ParseError, ValueError) as error:
        raise InvalidInput(
            f"The package '{path}' is damaged or not a package of CPython: {error}.", "Download it again."
        ) from error


def _of_nuget(path: Path, package: zipfile.ZipFile) -> CPythonBuild:
    """Return the runtime in a .nupkg, by its .nuspec."""
    manifests = [name for name in package.namelist() if "/" not in name and name.endswith(".nuspec")]
    metadata = ElementTree.fromstring(_read(package, manifests[0])) if len(manifests) == 1 else None
    named = (
        {name: metadata.findtext(f"./{{*}}metadata/{{*}}{name}") or "" for name in ("id", "version")}
        if metadata is not None
        else {"id": "", "version": ""}
    )
    architectures = {package_id: architecture for architecture, package_id in PACKAGE_IDS.items()}
    version = named["version"].partition("+")[0]
    if named["id"].lower() not in architectures or python_version(version) is None:
        raise _other(path, f"{named['id']} {named['version']}".strip() or "not a package")
    package_id = named["id"].lower()
    return CPythonBuild(package_id, version, architectures[package_id])


def _of_python_org(path: Path, package: zipfile.ZipFile) -> CPythonBuild:
    """Return the runtime in a .zip of python.org, by its __install__.json."""
    manifest = json.loads(_read(package, _MANIFEST))
    build = read_manifest(manifest)
    if build is not None:
        return build
    fields = manifest if isinstance(manifest, dict) else {}
    named = _plain(f"{fields.get('id')} {fields.get('sort-version')}")
    company = _plain(fields.get("company"))
    raise _other(path, named if company == COMPANY else f"{named} of {company}")


def _read(package: zipfile.ZipFile, name: str) -> bytes:
    """Return a manifest. Raises ValueError for one that is far too large."""
    if package.getinfo(name).file_size > _LARGEST_MANIFEST:
        raise ValueError(f"its {name} is too large")
    return package.read(name)


def _plain(text: object) -> str:
    """Return a text of a file as a message may have it."""
    return re.sub(r"[^\w.+ -]", "", str(text))[:80]


def _other(path: Path, what: str) -> InvalidInput:
    return InvalidInput(
        f"The package '{path}' is {what}; it must be a release of CPython for x64 or x86: python.org's zip file for "
        "the Python install manager, or the NuGet package 'python' (x64) or 'pythonx86'.",
        "Download python-VERSION-amd64.zip (x86: -win32.zip) from https://www.python.org/ftp/python/, or the package "
        "from https://www.nuget.org/packages/python.",
    )


def repack(package: Path, target: Path) -> bool:
    """Write the runtime in a package as a zip file whose root is the runtime's folder.

    Files are copied in chunks, so memory use does not depend on the package. Reading verifies each file's checksum.
    python.exe comes last: Kudu extracts in order (docs/platform/kudu.md 3.5), so a folder with python.exe is complete.
    Returns whether the runtime has pip. Raises InvalidInput for a package that is damaged, too large or not CPython.
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
    except OSError as error:  # a full disk; bzip2's damage, too
        raise InvalidInput(
            f"The package '{package.name}' cannot be unpacked on this machine: {error.strerror or error}.",
            "Make room for temporary files, or download it again.",
        ) from error
    return any(path.startswith(_PIP) for path, _ in members)


def extension_files(runtime: CPythonBuild, registered: bool) -> dict[str, bytes]:
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


def transform(runtime: CPythonBuild) -> bytes:
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


def _manifest(runtime: CPythonBuild) -> bytes:
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
        f"Built by az webapp python from the {runtime.title}.",
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

    Raises InvalidInput when python.exe is missing, when a file would be extracted outside the folder, or when there is
    far more in it than a Python has.
    """
    members = {}
    for path, info in _files(infos):
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts or path.startswith("/") or _UNSAFE.search(path):
            raise InvalidInput(f"The package '{package.name}' contains a file with an unsafe path: {path!r}.")
        members[path] = info
    if len(infos) > _MOST or sum(info.file_size for info in infos) > _LARGEST:
        raise InvalidInput(
            f"The package '{package.name}' is not CPython: it has {len(infos)} files, or too large ones."
        )
    if PROGRAM not in members:
        raise InvalidInput(f"The package '{package.name}' is not CPython: it does not contain {PROGRAM}.")
    return sorted(members.items(), key=lambda item: item[0] == PROGRAM)


def _files(infos: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield the files of the runtime, with their paths in its folder as the package has them."""
    plain = any(info.filename == _MANIFEST for info in infos)
    for info in infos:
        path = info.filename if plain else unquote(info.filename)
        if info.is_dir():
            continue
        if not plain and path.lower().startswith(_TOOLS):
            yield path[len(_TOOLS) :], info
        elif plain and path != _MANIFEST and not path.lower().startswith(_DOCUMENTATION):
            yield path, info
