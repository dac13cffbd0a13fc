"""The gallery's Python site extensions as data, and what installing and removing one does to a worker.

Facts: python-site-extensions.md 1.1 (the packages), 1.5 (what is in one), 1.6 and kudu.md 4.3 (the installation).
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.local_azure.windows import runtimes
from tests.local_azure.windows.machine import Machine

USAGE = "See https://github.com/azure/azure-python-siteextensions for usage information."


@dataclass(frozen=True)
class Package:
    """A package of the gallery.

    `python_version`, `architecture` and `folder` (below D:\\home) are "" for one that is no Python runtime.
    `listed`: whether a search finds it.  `in_gallery`: whether it can be had at all; the ids of before 2018 cannot.
    `usual`: whether provision builds its runtime beforehand.
    An x86 package carries the x64 build that says it is one of 32 bits: that is a limit of this equipment.
    """

    id: str
    version: str
    title: str
    description: str
    authors: str
    tags: str
    listed: bool
    in_gallery: bool
    folder: str
    python_version: str
    architecture: str
    usual: bool = False


def _python(
    package_id: str,
    version: str,
    *,
    authors: str = "Microsoft",
    listed: bool = True,
    folder: str | None = None,
    in_gallery: bool = True,
    usual: bool = False,
) -> Package:
    """A Python package in the wording that all have; the first three parts of its version are the Python's."""
    python_version = ".".join(version.split(".")[:3])
    architecture = package_id[-3:]
    directory = folder or re.sub(r"^[^-]+-", "", package_id)
    title = f"Python {python_version} {architecture}"
    return Package(
        id=package_id,
        version=version,
        title=title,
        authors=authors,
        folder=directory,
        description=f"Installs {title} into Azure App Service at D:\\home\\{directory}\\python.exe. {USAGE}",
        tags="python AzureSiteExtension" if in_gallery else "python",
        listed=listed,
        in_gallery=in_gallery,
        python_version=python_version,
        architecture=architecture,
        usual=usual,
    )


def _archived(package_id: str, version: str, folder: str | None = None) -> Package:
    return _python(package_id, version, folder=folder, listed=False, in_gallery=False)


PACKAGES: tuple[Package, ...] = (
    _python("azureappservice-python364x64", "3.6.4.4", usual=True),
    _python("azureappservice-python364x64", "3.6.4.3"),
    _python("azureappservice-python364x86", "3.6.4.4", usual=True),
    _python("azureappservice-python362x64", "3.6.2.5"),
    _python("azureappservice-python362x86", "3.6.2.5", listed=False),
    _python("azureappservice-python354x64", "3.5.4.5"),
    _python("azureappservice-python354x86", "3.5.4.5"),
    _python("azureappservice-python353x64", "3.5.3.7", listed=False),
    _python("azureappservice-python353x86", "3.5.3.7"),
    _python("azureappservice-python2714x64", "2.7.14.5", folder="Python27"),
    _python("azureappservice-python2714x86", "2.7.14.5", folder="Python27"),
    _archived("python361x64", "3.6.1.4"),
    _archived("python361x86", "3.6.1.4"),
    _archived("python360x64", "3.6.0.3"),
    _archived("python360x86", "3.6.0.3"),
    _archived("python352x64", "3.5.2.7", folder="Python35"),
    _archived("python352x86", "3.5.2.6", folder="Python35"),
    _archived("python351x64", "3.5.1.8", folder="Python35"),
    _archived("python2713x64", "2.7.13.3", folder="Python27"),
    _archived("python2713x86", "2.7.13.3", folder="Python27"),
    _archived("python2712x64", "2.7.12.4", folder="Python27"),
    _archived("python2712x86", "2.7.12.3", folder="Python27"),
    _archived("python2711x64", "2.7.11.5", folder="Python27"),
    _python("NakedObjects-python3111x64", "3.11.1", authors="Naked Objects Group", usual=True),
    _python("Contoso-python3810x64", "3.8.10", authors="Contoso", usual=True),
    _python("Contoso-python3119x64", "3.11.9", authors="Contoso", usual=True),
    _python("mallory-python31599x64", "3.15.99"),
    _python("azureappservice-python3152x64", "3.15.2"),
    Package(
        id="Contoso.WebLog",
        version="1.4.0",
        title="Contoso Web Log",
        authors="Contoso",
        listed=True,
        description="Shows the logs of your app, in whatever it is written: .NET, Node or Python 3.6.4 x64.",
        tags="logging AzureSiteExtension",
        in_gallery=True,
        folder="",
        python_version="",
        architecture="",
    ),
)
"""Microsoft's packages with their last versions, one third party's that exists, and inventions: two of Contoso's that
need no build to pass for another, two that must never be chosen, because they only say that they are Microsoft's, and
one that only speaks of Python. No other has a Python newer than 3.11: as in the world. Of several versions of one id the
newest comes first.

Whether a package of Microsoft's is listed is as seen, and taken as listed where that was not seen."""


def find(package_id: str) -> Package:
    """The newest package of that id, in the very case.  Raises KeyError."""
    for package in PACKAGES:
        if package.id == package_id:
            return package
    raise KeyError(package_id)


def nuspec(package: Package) -> str:
    """The .nuspec of a package, which Kudu reads everything from."""
    fields = {
        "id": package.id,
        "title": package.title,
        "version": package.version,
        "authors": package.authors,
        "projectUrl": "http://www.python.org/" if package.folder else "https://www.contoso.com/",
        "requireLicenseAcceptance": "false",
        "description": package.description,
        "tags": package.tags,
    }
    lines = [f"    <{name}>{escape(value)}</{name}>" for name, value in fields.items()]
    if package.in_gallery:
        lines += ["    <packageTypes>", '      <packageType name="AzureSiteExtension" />', "    </packageTypes>"]
    return "\r\n".join(
        ['<?xml version="1.0"?>', "<package>", "  <metadata>", *lines, "  </metadata>", "</package>", ""]
    )


def content(package: Package) -> dict[str, bytes]:
    """The files of the package's content/ folder by name, without the runtime itself, which is 40 MB."""
    if not package.folder:
        return {"readme.txt": package.description.encode("utf-8")}
    target = f"D:\\home\\{package.folder}"
    install = [
        "@echo off",
        f"if not exist {package.folder} (",
        f"  if exist {target} exit /B 0",
        "  echo Cannot reinstall previously installed site extension. Please remove %~dp0 and reinstall.",
        "  exit /B 1",
        ")",
        "taskkill /F /IM python.exe",
        f"if exist {target} rmdir /Q /S {target}",
        f"move {package.folder} {target}",
    ]
    xdt = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">',
        "  <system.webServer>",
        "    <fastCgi>",
        f'      <application fullPath="{target}\\python.exe" arguments="{target}\\wfastcgi.py" maxInstances="16"',
        '          idleTimeout="21600" instanceMaxRequests="10000000" signalBeforeTerminateSeconds="60"',
        '          xdt:Transform="InsertIfMissing" xdt:Locator="Match(fullPath)">',
        "        <environmentVariables>",
        f'          <environmentVariable name="PYTHONHOME" value="{target}" />',
        "        </environmentVariables>",
        "      </application>",
        "    </fastCgi>",
        "  </system.webServer>",
        "</configuration>",
    ]
    return {
        name: "\r\n".join([*lines, ""]).encode("utf-8")
        for name, lines in {"install.cmd": install, "applicationHost.xdt": xdt}.items()
    }


def nupkg(package: Package) -> bytes:
    """The package as a .nupkg: a zip with <id>.nuspec at its root."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package.id}.nuspec", nuspec(package))
        for name, data in content(package).items():
            archive.writestr(f"content/{name}", data)
    return packed.getvalue()


def lay_down(machine: Machine, package: Package) -> None:
    """Do what Kudu's installation does with a package and its install.cmd: files in %HOME%\\SiteExtensions\\<id>, every
    python.exe ended, the runtime's folder wiped and the runtime moved there.

    Kudu unpacks the package with every installation, so the payload that install.cmd moves away is always there again.
    Raises ValueError for a Python 2, of which there is no build.
    """
    runtime = runtimes.runtime(machine.cache, package.python_version, package.architecture) if package.folder else None
    extension = machine.home / "SiteExtensions" / package.id
    extension.mkdir(parents=True, exist_ok=True)
    for old in extension.glob("*.nupkg"):
        old.unlink()
    for name, data in content(package).items():
        (extension / name).write_bytes(data)
    if runtime is not None:
        payload = extension / package.folder
        shutil.copytree(runtime, payload, dirs_exist_ok=True)
        machine.kill_image("python.exe")
        target = machine.linux_path(f"D:\\home\\{package.folder}")
        if target.exists():
            shutil.rmtree(target)
        payload.rename(target)
    (extension / f"{package.id}.{package.version}.nupkg").write_bytes(nupkg(package))


def remove(machine: Machine, package_id: str) -> None:
    """Do what Kudu's uninstallation does: delete %HOME%\\SiteExtensions\\<id> and nothing else.

    The runtime stays in its folder.  Raises FileNotFoundError when it is not installed.
    """
    shutil.rmtree(machine.linux_path(f"D:\\home\\SiteExtensions\\{package_id}"))
