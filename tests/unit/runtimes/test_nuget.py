"""The packages of CPython on NuGet: finding one by the v3 protocol, and what is made of its file."""

from __future__ import annotations

import io
import zipfile

import pytest

from azext_pythonapp.errors import InvalidInput, PlatformFailed
from azext_pythonapp.runtimes.catalogue import build_offers
from azext_pythonapp.runtimes.cpython import CPythonBuild
from azext_pythonapp.runtimes.cpython_package import extension_files, read_package, repack
from azext_pythonapp.runtimes.extension import Extension
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX
from azext_pythonapp.runtimes.identity import VersionSpec, identify, identify_folder
from azext_pythonapp.runtimes.nuget import fetch_hash, fetch_releases
from azext_pythonapp.runtimes.registration import Registration, read_registrations
from azext_pythonapp.runtimes.selection import find_best

CONTENT, REGISTRATIONS, CATALOG = "https://c.example/flat/", "https://r.example/gz/", "https://k.example/data/"


class Source:
    """A NuGet source. versions: of the package, ascending; unlisted: those that their owner withdrew.

    paged: whether each two versions have a registration page of their own. changes: documents that are other ones.
    """

    def __init__(self, *versions, package="python", unlisted=(), paged=False, changes=None):
        size = 2 if paged else len(versions) or 1
        groups = [versions[start : start + size] for start in range(0, len(versions), size)]
        self.documents = {
            SERVICE_INDEX: {
                "resources": [
                    {"@id": "https://old.example/", "@type": "RegistrationsBaseUrl"},
                    {"@id": REGISTRATIONS, "@type": ["RegistrationsBaseUrl/3.6.0", "Other"]},
                    {"@id": CONTENT, "@type": "PackageBaseAddress/3.0.0"},
                ]
            },
            f"{REGISTRATIONS}{package}/index.json": {"items": [self._page(group, unlisted, paged) for group in groups]},
        }
        for group in groups:
            self.documents[f"{REGISTRATIONS}{group[0]}.json"] = self._page(group, unlisted, False)
        for version in versions:
            self.documents[f"{CATALOG}{version}"] = {"packageHashAlgorithm": "SHA512", "packageHash": f"hash-{version}"}
        self.documents.update(changes or {})
        self.asked = []

    @staticmethod
    def _page(versions, unlisted, paged):
        page = {"@id": f"{REGISTRATIONS}{versions[0]}.json", "lower": versions[0], "upper": versions[-1]}
        if not paged:
            page["items"] = [
                {"catalogEntry": {"@id": CATALOG + version, "version": version, "listed": version not in unlisted}}
                for version in versions
            ]
        return page

    def __call__(self, url):
        self.asked.append(url)
        if url not in self.documents:
            raise PlatformFailed(f"{url} could not be read: 404")
        return self.documents[url]


def find(source, text, architecture="x64"):
    """The package that a version means, and the hash of its file."""
    found = find_best(build_offers(fetch_releases(source, architecture)), VersionSpec.parse(text), architecture)
    return found and (found.runtime, fetch_hash(source, found.runtime))


@pytest.mark.parametrize("paged", [False, True])
@pytest.mark.parametrize(
    "asked, found",
    [
        ("3.13", "3.13.2"),
        ("3", "3.13.2"),
        ("latest", "3.13.2"),
        ("3.12", "3.12.10"),
        ("3.12.9", "3.12.9"),
        ("3.13.3", "3.13.3"),
    ],
)
def test_newest_listed_release_has_url_and_hash(paged, asked, found):
    source = Source("3.12.9", "3.12.10", "3.13.1", "3.13.2", "3.13.3", "3.14.0-rc1", unlisted=("3.13.3",), paged=paged)
    assert find(source, asked) == (
        CPythonBuild("python", found, "x64", f"{CONTENT}python/{found}/python.{found}.nupkg", CATALOG + found),
        f"hash-{found}",
    )


def test_few_documents_are_asked_for():
    source = Source("3.12.9", "3.12.10", "3.13.1", "3.13.2", paged=True)
    find(source, "3.13")
    assert source.asked == [
        SERVICE_INDEX,
        f"{REGISTRATIONS}python/index.json",
        f"{REGISTRATIONS}3.12.9.json",
        f"{REGISTRATIONS}3.13.1.json",
        f"{CATALOG}3.13.2",
    ]


def test_x86_is_a_package_of_its_own():
    found, _ = find(Source("3.13.2", package="pythonx86"), "3.13", "x86")
    assert (found.package_id, found.architecture, found.folder) == ("pythonx86", "x86", "python3132x86")


def test_the_recorded_shapes_are_understood():
    """docs/platform/recorded-traffic.md 6: an unlisted version's leaf, with its owner's deprecation, and what it leaves
    out."""
    entry = {
        "@id": f"{CATALOG}3.13.1",
        "@type": "PackageDetails",
        "authors": "Python Software Foundation",
        "id": "python",
        "listed": False,
        "published": "1900-01-01T00:00:00+00:00",
        "version": "3.13.1",
    }
    leaves = [
        entry,
        {**entry, "version": "3.13.2", "listed": None},
        {"version": "3.13.3", "@id": f"{CATALOG}3.13.3"},
        {"version": "3.13.4+build", "published": "2026-01-01", "deprecation": {"reasons": ["CriticalBugs"]}},
        {"version": "3.13.5", "id": "python-lookalike"},
        {"version": "3.13.0-dev"},
        {},
    ]
    page = {"@id": f"{REGISTRATIONS}p.json", "count": 7, "items": [{"catalogEntry": leaf} for leaf in leaves]}
    source = Source(
        changes={
            f"{REGISTRATIONS}python/index.json": {"count": 1, "items": [{"@id": f"{REGISTRATIONS}p.json"}]},
            f"{REGISTRATIONS}p.json": page,
        }
    )
    assert [(one.runtime.package_version, one.listed, one.deprecated) for one in fetch_releases(source, "x64")] == [
        ("3.13.4", True, True),
        ("3.13.3", True, False),
        ("3.13.2", False, False),
        ("3.13.1", False, False),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {SERVICE_INDEX: []},
        {SERVICE_INDEX: {"resources": []}},
        {f"{REGISTRATIONS}python/index.json": {"items": None}},
        {SERVICE_INDEX: {"resources": [{"@id": "http://c.example/", "@type": "PackageBaseAddress/3.0.0"}]}},
        {f"{REGISTRATIONS}python/index.json": {"items": []}},
        {f"{REGISTRATIONS}python/index.json": {"items": [{"lower": "3.14.0", "upper": "3.15.0", "items": []}]}},
        {
            f"{REGISTRATIONS}python/index.json": {
                "items": [{"@id": "http://r.example/", "lower": "3.0.0", "upper": "4.0.0"}]
            }
        },
        {f"{CATALOG}3.13.2": {"packageHashAlgorithm": "MD5", "packageHash": "x"}},
        {f"{CATALOG}3.13.2": {}},
    ],
)
def test_answers_that_are_not_the_protocols_are_said_to_be_so(changes):
    with pytest.raises(PlatformFailed):
        find(Source("3.13.2", changes=changes), "3.13")


@pytest.mark.parametrize(
    "package_version, version, folder",
    [
        ("3.13.1", "3.13.1", "python3131x64"),
        ("3.13.11", "3.13.11", "python31311x64"),
        ("3.9.13", "3.9.13", "python3913x64"),
        ("3.5.1.1", "3.5.1", "python351x64"),
        ("3.14.0-rc1", "3.14.0rc1", "python3140rc1x64"),
    ],
)
def test_the_names_of_the_runtime_say_the_same_to_everybody(package_version, version, folder):
    runtime = CPythonBuild("python", package_version, "x64")
    assert (runtime.version, runtime.folder, runtime.extension_id) == (version, folder, f"pythonapp-{folder}")
    assert identify_folder(folder).version == version
    if version != "3.5.1":  # Microsoft's rule for 3.5.1 is another folder; the description, below, goes before it
        assert identify(runtime.extension_id) == runtime.identity


def package(path, files, manifest="<id>python</id><version>3.13.2</version>", name="python.nuspec"):
    """A .nupkg of these files. files: content by name in the package."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            name,
            f'<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>'
            f"{manifest}</metadata></package>",
        )
        for file, content in files.items():
            archive.writestr(file, content)
    return path


@pytest.fixture
def whole(tmp_path):
    return package(
        tmp_path / "python.3.13.2.nupkg",
        {
            "tools/python.exe": b"MZ",
            "tools/Lib/os.py": b"os",
            "tools/Lib/site-packages/pip/__init__.py": b"",
            "tools/Lib/with%20blank%20%28dev%29.txt": b"x",
            "build/native/python.props": b"",
            "_rels/.rels": b"",
        },
    )


def test_the_archive_holds_the_runtime_alone_and_python_exe_last(whole, tmp_path):
    assert repack(whole, tmp_path / "runtime.zip") is True
    with zipfile.ZipFile(tmp_path / "runtime.zip") as archive:
        assert archive.namelist() == [
            "Lib/os.py",
            "Lib/site-packages/pip/__init__.py",
            "Lib/with blank (dev).txt",
            "python.exe",
        ]
        assert archive.read("Lib/os.py") == b"os"


def test_a_package_without_pip_says_so(tmp_path):
    assert repack(package(tmp_path / "p.nupkg", {"tools/python.exe": b"MZ"}), tmp_path / "runtime.zip") is False


@pytest.mark.parametrize(
    "name", ["tools/../../evil.txt", "tools/%2E%2E/evil.txt", "tools//etc/x", "tools/C:/x", "tools/a%5C..%5Cx"]
)
def test_no_file_gets_out_of_the_folder(tmp_path, name):
    path = package(tmp_path / "p.nupkg", {"tools/python.exe": b"MZ", name: b""})
    with pytest.raises(InvalidInput, match="an unsafe path"):
        repack(path, tmp_path / "runtime.zip")


def test_what_is_no_cpython_or_is_damaged_is_refused(whole, tmp_path):
    with pytest.raises(InvalidInput, match="is not CPython"):
        repack(package(tmp_path / "p.nupkg", {"tools/readme.txt": b""}), tmp_path / "runtime.zip")
    content = bytearray(whole.read_bytes())
    content[content.index(b"tools/Lib/os.py") + len(b"tools/Lib/os.py")] ^= 0xFF
    whole.write_bytes(content)
    with pytest.raises(InvalidInput, match="damaged"):
        repack(whole, tmp_path / "runtime.zip")


def test_the_manifest_names_the_runtime(whole, tmp_path):
    assert read_package(whole) == CPythonBuild("python", "3.13.2", "x64")
    other = package(tmp_path / "x.nupkg", {}, "<id>pythonX86</id><version>3.13.2+build</version>", "pythonx86.nuspec")
    assert read_package(other) == CPythonBuild("pythonx86", "3.13.2", "x86")


@pytest.mark.parametrize(
    "manifest",
    [
        "<id>pythonarm64</id><version>3.13.2</version>",
        "<id>python</id>",
        "",
        "<id>python</id><version>3.14.0-dev</version>",
    ],
)
def test_other_packages_are_refused(tmp_path, manifest):
    with pytest.raises(InvalidInput, match="it must be a release"):
        read_package(package(tmp_path / "p.nupkg", {}, manifest))


def test_files_that_are_no_packages_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_package(tmp_path / "missing.nupkg")
    (tmp_path / "text.nupkg").write_text("no zip")
    with pytest.raises(InvalidInput, match="damaged or not a package of CPython"):
        read_package(tmp_path / "text.nupkg")
    with pytest.raises(InvalidInput, match="damaged or not a package of CPython"):
        read_package(package(tmp_path / "xml.nupkg", {}, "<id>"))


def test_site_extension_registers_the_exact_pair():
    runtime = CPythonBuild("python", "3.13.2", "x64")
    files = extension_files(runtime, registered=True)
    assert set(files) == {"pythonapp-python3132x64.3.13.2.nupkg", "applicationHost.xdt"}
    assert read_registrations(files["applicationHost.xdt"]) == [
        Registration(r"D:\home\python3132x64\python.exe", r"D:\home\python3132x64\wfastcgi.py")
    ]
    with zipfile.ZipFile(io.BytesIO(files["pythonapp-python3132x64.3.13.2.nupkg"])) as archive:
        manifest = archive.read("pythonapp-python3132x64.nuspec").decode()  # Kudu wants <folder>.nuspec
    assert "<title>Python 3.13.2 x64</title>" in manifest and "AzureSiteExtension" in manifest
    assert list(extension_files(runtime, registered=False)) == ["pythonapp-python3132x64.3.13.2.nupkg"]


def test_kudus_entry_of_it_is_read_as_the_runtime():
    runtime = CPythonBuild("python", "3.5.1.1", "x64")
    files = extension_files(runtime, registered=False)
    with zipfile.ZipFile(io.BytesIO(files[f"{runtime.extension_id}.3.5.1.1.nupkg"])) as archive:
        manifest = archive.read(f"{runtime.extension_id}.nuspec").decode()
    fields = {name: manifest.split(f"<{name}>")[1].split("<")[0] for name in ("id", "title", "version", "description")}
    extension = Extension.read(fields)
    assert extension is not None and extension.identity == runtime.identity
