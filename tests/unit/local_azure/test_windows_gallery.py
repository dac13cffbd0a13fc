"""The gallery's data against the catalogue in docs/platform/site-extensions.md 1.1, and what an installation leaves on
the worker's drive."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.local_azure.windows import gallery
from tests.local_azure.windows.machine import Machine

PYTHONS = [package for package in gallery.PACKAGES if package.folder]
DECOY = gallery.find("Contoso.WebLog")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A worker's drive; Wine is not started."""
    return Machine(tmp_path, tmp_path / "cache", {})


@pytest.mark.parametrize("package", PYTHONS, ids=lambda package: package.id)
def test_the_description_and_the_xdt_name_one_place(package: gallery.Package) -> None:
    path = re.search(r"at ([A-Z]:\\\S+?\\python\.exe)", package.description)
    assert path is not None and path[1] == f"D:\\home\\{package.folder}\\python.exe"
    xdt = ElementTree.fromstring(gallery.content(package)["applicationHost.xdt"])
    (application,) = xdt.iter("application")
    assert application.attrib["fullPath"] == path[1]
    assert application.attrib["arguments"] == f"D:\\home\\{package.folder}\\wfastcgi.py"
    (variable,) = xdt.iter("environmentVariable")
    assert variable.attrib == {"name": "PYTHONHOME", "value": f"D:\\home\\{package.folder}"}


def test_the_odd_folders_of_the_old_packages() -> None:
    folders = {package.id: package.folder for package in PYTHONS}
    assert folders["azureappservice-python364x64"] == "python364x64"
    assert folders["NakedObjects-python3111x64"] == "python3111x64"
    assert folders["azureappservice-python2714x86"] == folders["python2711x64"] == "Python27"
    assert folders["python351x64"] == folders["python352x86"] == "Python35"


def test_ids_are_matched_in_their_case_and_unique() -> None:
    assert len({(package.id.lower(), package.version) for package in gallery.PACKAGES}) == len(gallery.PACKAGES)
    assert len({package.id.lower() for package in gallery.PACKAGES}) == len(
        {package.id for package in gallery.PACKAGES}
    )
    with pytest.raises(KeyError):
        gallery.find("azureappservice-Python364x64")


@pytest.mark.parametrize("package", gallery.PACKAGES, ids=lambda package: f"{package.id} {package.version}")
def test_the_nupkg_says_what_the_gallery_says(package: gallery.Package) -> None:
    with zipfile.ZipFile(io.BytesIO(gallery.nupkg(package))) as packed:
        metadata = ElementTree.fromstring(packed.read(f"{package.id}.nuspec")).find("metadata")
        names = packed.namelist()
    assert metadata is not None
    said = {name: metadata.findtext(name) for name in ("id", "version", "title", "description", "authors", "tags")}
    assert said == {name: getattr(package, name) for name in said}
    assert ("content/install.cmd" in names) == bool(package.folder)


def test_only_what_is_in_the_gallery_carries_its_tag() -> None:
    tagged = {package.id for package in gallery.PACKAGES if "AzureSiteExtension" in package.tags.split()}
    assert tagged == {package.id for package in gallery.PACKAGES if package.in_gallery}
    assert not any(package.listed and not package.in_gallery for package in gallery.PACKAGES)


def test_an_installation_without_a_runtime_and_its_removal(machine: Machine) -> None:
    gallery.lay_down(machine, DECOY)
    folder = machine.home / "SiteExtensions" / DECOY.id
    assert sorted(path.name for path in folder.iterdir()) == ["Contoso.WebLog.1.4.0.nupkg", "readme.txt"]
    gallery.remove(machine, DECOY.id)
    assert not folder.exists()
    with pytest.raises(FileNotFoundError):
        gallery.remove(machine, DECOY.id)


def test_a_removal_leaves_the_runtime(machine: Machine) -> None:
    (machine.home / "python364x64").mkdir()
    (machine.home / "SiteExtensions" / "azureappservice-python364x64").mkdir(parents=True)
    gallery.remove(machine, "azureappservice-python364x64")
    assert (machine.home / "python364x64").is_dir()


def test_there_is_no_python_2_to_lay_down(machine: Machine) -> None:
    with pytest.raises(ValueError, match="no Windows build that could pass for Python 2.7.14"):
        gallery.lay_down(machine, gallery.find("azureappservice-python2714x64"))
    assert not (machine.home / "SiteExtensions").exists()
