"""The builds of CPython in python.org's own feed, and what is made of their files."""

from __future__ import annotations

import io
import json
import zipfile
from xml.etree import ElementTree

import pytest

from azext_pythonapp.errors import InvalidInput, PlatformFailed
from azext_pythonapp.runtimes.catalogue import build_offers, sorted_offers, with_installed
from azext_pythonapp.runtimes.cpython import CPythonBuild, built_from
from azext_pythonapp.runtimes.cpython_package import extension_files, read_package, repack
from azext_pythonapp.runtimes.extension import Extension
from azext_pythonapp.runtimes.identity import identify
from azext_pythonapp.runtimes.python_org import FEED, fetch_releases
from azext_pythonapp.runtimes.selection import find_best, listed_offers
from azext_pythonapp.runtimes.versions import VersionSpec, package_version
from tests.unit.runtimes.offers import TODAY, nuget

FOLDER = "https://www.python.org/ftp/python/"
RECENT = f"{FOLDER}index-windows-recent.json"
HASH = "09427ba3398e3f318f4f3d865da897d0930ed55df4733973cb89a697742ca335"
# The first entry of https://www.python.org/ftp/python/3.15.2/windows-3.15.2.json, some aliases left out.
RECORDED = {
    "schema": 1,
    "id": "pythoncore-3.15-32",
    "sort-version": "3.15.2",
    "company": "PythonCore",
    "tag": "3.15-32",
    "install-for": ["3.15.2-32", "3.15-32", "3-32", "3.15-dev-32", "3-dev-32"],
    "alias": [
        {"target": "python.exe", "name": "python3.15.exe"},
        {"target": "pythonw.exe", "windowed": 1, "name": "pythonw3-32.exe"},
    ],
    "display-name": "Python 3.15.2 (32-bit)",
    "executable": ".\\python.exe",
    "url": "https://www.python.org/ftp/python/3.15.2/python-3.15.2-win32.zip",
    "hash": {"sha256": HASH},
}


def entry(version, bits="64", **changes):
    """An entry of the feed for a version."""
    final, minor = version.partition("rc")[0], ".".join(version.split(".")[:2])
    name = {"64": "amd64", "32": "win32"}.get(bits, bits)
    return {
        **RECORDED,
        "id": f"pythoncore-{minor}-{bits}",
        "sort-version": version,
        "url": f"{FOLDER}{final}/python-{version}-{name}.zip",
        **changes,
    }


class Feed:
    """A feed of pages; asked: their addresses."""

    def __init__(self, *first, **pages):
        self.pages = {FEED: {"versions": list(first)}, **{FOLDER + name: page for name, page in pages.items()}}
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        return self.pages[url]


def versions(*entries):
    """Version and architecture of what is taken of a feed of one page."""
    return [(one.runtime.version, one.runtime.architecture) for one in fetch_releases(Feed(*entries))]


def test_a_recorded_entry_is_understood():
    (release,) = fetch_releases(Feed(RECORDED))
    assert release.runtime == CPythonBuild(
        "pythoncore-3.15-32", "3.15.2", "x86", f"{FOLDER}3.15.2/python-3.15.2-win32.zip", sha256=HASH
    )
    assert (release.runtime.source, release.runtime.target) == ("pythonOrg", "pythonOrg/pythoncore-3.15-32")
    assert release.runtime.extension_id == "pythonapp-python3152x86" and release.listed and not release.deprecated


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "pythoncore-3.13t-64"},
        {"id": "pythoncore-3.13-arm64"},
        {"id": "pythonembed-3.13-64", "company": "PythonEmbed"},
        {"company": "PythonTest"},
        {"company": "Astral"},
        {"schema": 2},
        {"sort-version": "3.13.x"},
        {"sort-version": "3.14.1"},
        {"hash": {}},
        {"hash": None},
        {"hash": {"sha256": "abc"}},
        {"hash": {"md5": "0" * 32}},
        {"url": f"{FOLDER}3.13.2/python-3.13.2-amd64.exe"},
    ],
)
def test_what_is_of_no_use_on_a_worker_is_left_out(changes):
    assert versions(entry("3.13.2", **changes), entry("3.12.9"), "no entry") == [("3.12.9", "x64")]


def test_older_entries_are_packages_of_nuget():
    old = entry("3.10.11", url="https://api.nuget.org/v3-flatcontainer/python/3.10.11/python.3.10.11.nupkg", hash=None)
    assert versions(old, entry("3.11.9")) == [("3.11.9", "x64")]


def test_newest_first_and_pre_releases_are_known():
    found = versions(entry("3.13.2"), entry("3.13.10", "32"), entry("3.13.10"), entry("3.14.0rc1"), entry("3.13.2"))
    assert found == [("3.14.0rc1", "x64"), ("3.13.10", "x86"), ("3.13.10", "x64"), ("3.13.2", "x64")]
    assert package_version("3.14.0rc1") == "3.14.0-rc1" and package_version("3.13.10") == "3.13.10"


def test_a_feeds_secret_is_not_shown():
    with pytest.raises(PlatformFailed, match="not below https://www.python.org/ftp/python/") as caught:
        versions(entry("3.13.2", url="https://me:s3cret@www.python.org/ftp/python/x.zip?sig=abc"))
    assert "s3cret" not in caught.value.message and "abc" not in caught.value.message


def test_all_pages_are_read():
    feed = Feed(entry("3.14.1"))
    feed.pages[FEED]["next"] = "index-windows-recent.json"
    feed.pages[RECENT] = {"versions": [entry("3.14.0", url="3.14.0/python-3.14.0-amd64.zip")], "next": None}
    newest, other = fetch_releases(feed)
    assert feed.asked == [FEED, RECENT]
    assert other.runtime.address == f"{FOLDER}3.14.0/python-3.14.0-amd64.zip" and newest.runtime.version == "3.14.1"


@pytest.mark.parametrize(
    "page",
    [
        [],
        {},
        {"versions": None},
        {"versions": []},
        {"versions": [entry("3.13.2")], "next": "index-windows.json"},
        {"versions": [entry("3.13.2")], "next": "https://python.example/index.json"},
        {"versions": [entry("3.13.2")], "next": "http://www.python.org/ftp/python/index-windows-recent.json"},
        {"versions": [entry("3.13.2")], "next": "../../index.json"},
    ],
)
def test_a_feed_that_is_none_is_said_to_be_so(page):
    feed = Feed()
    feed.pages[FEED] = page
    with pytest.raises(PlatformFailed, match="python.org's feed"):
        fetch_releases(feed)


def test_a_feed_that_does_not_end_is_given_up():
    asked = []

    def get_json(url):
        asked.append(url)
        return {"versions": [], "next": f"page-{len(asked)}.json"}

    with pytest.raises(PlatformFailed, match="does not end"):
        fetch_releases(get_json)
    assert len(asked) == 10


@pytest.mark.parametrize(
    "url",
    [
        "http://www.python.org/ftp/python/3.13.2/python-3.13.2-amd64.zip",
        "https://python.example/ftp/python/3.13.2/python-3.13.2-amd64.zip",
        "https://www.python.org@python.example/ftp/python/3.13.2/p.zip",
        "https://www.python.org:8443/ftp/python/3.13.2/p.zip",
        "https://www.python.org/ftp/python/../../media/p.zip",
        "https://www.python.org/ftp/python/3.13.2/%2e%2e\\p.zip",
        "https://www.python.org/ftp/python/%2e%2e/p.zip",
        "https://www.python.org/media/p.zip",
        "https://www.python.org/ftp/python/p.zip?x",
        "https://[/ftp/python/p.zip",
        "file:///etc/passwd.zip",
    ],
)
def test_a_feed_that_leads_elsewhere_is_not_used_at_all(url):
    with pytest.raises(PlatformFailed, match="nothing of the feed is used"):
        fetch_releases(Feed(entry("3.12.9"), entry("3.13.2", url=url)))


def offers(*entries):
    return build_offers(fetch_releases(Feed(*entries)), TODAY)


def test_the_newest_patch_of_both_and_nugets_where_both_have_it():
    both = [*offers(entry("3.13.4"), entry("3.12.9"), entry("3.15.0rc1")), *nuget("3.13.2", "3.12.9", "3.11.9")]

    def best(text):
        found = find_best(both, VersionSpec.parse(text))
        return found.source, found.version

    assert best("latest") == best("3.13") == ("pythonOrg", "3.13.4")
    assert best("3.12") == best("3.12.9") == ("nuget", "3.12.9")
    assert best("3.11") == ("nuget", "3.11.9") and best("3.15.0rc1") == ("pythonOrg", "3.15.0rc1")
    rows = listed_offers(sorted_offers(both))
    assert [(row.version, row.source, row.latest_patch) for row in rows] == [
        ("3.13.4", "pythonOrg", True),
        ("3.13.2", "nuget", False),
        ("3.12.9", "nuget", True),
        ("3.11.9", "nuget", True),
    ]
    every = [row.source for row in listed_offers(sorted_offers(both, all_versions=True), everything=True)]
    assert every.count("pythonOrg") == 2


def test_what_nuget_withdrew_is_python_orgs():
    both = [*nuget("3.13.3", withdrawn=("3.13.3",)), *offers(entry("3.13.3"))]
    assert find_best(both, VersionSpec.parse("3.13")).source == "pythonOrg"


@pytest.mark.parametrize("source, package_id", [("nuget", "python"), ("pythonOrg", "pythoncore-3.13-64")])
def test_the_source_of_what_is_installed_is_told(source, package_id):
    """Both sources give the runtime the same id; its description says which one it is from."""
    build = CPythonBuild(package_id, "3.13.2", "x64")
    packed = extension_files(build, registered=False)["pythonapp-python3132x64.3.13.2.nupkg"]
    description = manifest_of(packed)
    assert built_from(description) == package_id and f"Built by az webapp python from the {build.title}." in description
    installed = {"id": build.extension_id, "version": "3.13.2", "description": description}
    assert identify(build.extension_id, "", description).version == "3.13.2"
    both = sorted_offers([*nuget("3.13.2"), *offers(entry("3.13.2"))], all_versions=True)
    marked = with_installed(both, [installed])
    assert [offer.source for offer in marked if offer.installed] == [source]
    (row,) = listed_offers(marked)
    assert (row.source, row.installed) == (source, True)


@pytest.mark.parametrize("source, package_id", [("nuget", "python"), ("pythonOrg", "pythoncore-3.13-64")])
def test_the_source_stays_when_its_list_is_away(source, package_id):
    """Only the other source answers, and has the same Python: the app's is still not from there."""
    build = CPythonBuild(package_id, "3.13.2", "x64")
    description = f"Built by az webapp python from the {build.title}."
    installed = {"id": build.extension_id, "version": "3.13.2", "description": description}
    other = nuget("3.13.2", "3.13.1") if source == "pythonOrg" else offers(entry("3.13.2"), entry("3.13.1"))
    rows = listed_offers(with_installed(sorted_offers(other), [installed]))
    assert [(row.version, row.source, row.installed) for row in rows] == [
        ("3.13.2", source, True),
        ("3.13.1", other[1].source, False),
    ]


def test_a_strangers_description_says_nothing():
    text = "Built by az webapp python from the NuGet package python 3.13.2."
    assert Extension("mallory-python3132x64", "1", "", text, "").built_from is None
    assert Extension("pythonapp-python3132x64", "1", "", "Something else.", "").built_from is None


def manifest_of(content):
    """The description in the .nuspec of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return ElementTree.fromstring(archive.read(name)).findtext("./metadata/description")


def package(path, files=None, manifest=None, **changes):
    """A zip file of python.org. files: content by name, beside python.exe."""
    text = json.dumps({**entry("3.13.2"), **changes}) if manifest is None else manifest
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("python.exe", b"MZ")
        archive.writestr("__install__.json", text)
        for name, content in (files or {}).items():
            archive.writestr(name, content)
    return path


def test_a_zip_file_is_known_by_its_content(tmp_path):
    """Also where a browser has given it another name."""
    found = read_package(package(tmp_path / "download.nupkg", **{"sort-version": "3.13.2"}))
    assert found == CPythonBuild("pythoncore-3.13-64", "3.13.2", "x64")


def test_the_archive_has_what_a_worker_needs(tmp_path):
    files = {
        "Lib/site-packages/pip/__init__.py": b"",
        "Lib/a%20b.txt": b"",
        "Doc/html/index.html": b"",
        "tools/x.py": b"",
    }
    assert repack(package(tmp_path / "p.zip", files), tmp_path / "runtime.zip") is True
    with zipfile.ZipFile(tmp_path / "runtime.zip") as archive:
        assert archive.namelist() == [
            "Lib/site-packages/pip/__init__.py",
            "Lib/a%20b.txt",
            "tools/x.py",
            "python.exe",
        ], "nothing is encoded in it, and the documentation stays out"


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/x", "C:/x", "a\\..\\x", "Lib/../../x"])
def test_no_file_gets_out_of_the_folder(tmp_path, name):
    with pytest.raises(InvalidInput, match="an unsafe path"):
        repack(package(tmp_path / "p.zip", {name: b""}), tmp_path / "runtime.zip")


@pytest.mark.parametrize("limit", ["_MOST", "_LARGEST"])
def test_an_archive_of_far_too_much_is_refused(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(f"azext_pythonapp.runtimes.cpython_package.{limit}", 2)
    with pytest.raises(InvalidInput, match="is not CPython"):
        repack(package(tmp_path / "p.zip", {"Lib/os.py": b"os"}), tmp_path / "runtime.zip")


@pytest.mark.parametrize(
    "changes, what",
    [
        ({"id": "pythoncore-3.13t-64"}, "is pythoncore-3.13t-64 3.13.2"),
        ({"id": "pythoncore-3.13-arm64"}, "is pythoncore-3.13-arm64 3.13.2"),
        ({"company": "PythonTest"}, "is pythoncore-3.13-64 3.13.2 of PythonTest"),
        ({"company": "PythonEmbed", "id": "pythonembed-3.13-64"}, "of PythonEmbed"),
        ({"schema": 2}, "it must be a release of CPython"),
        ({"manifest": "[]"}, "it must be a release of CPython"),
        ({"manifest": "{"}, "damaged or not a package of CPython"),
        ({"manifest": " " * (2 << 20)}, "too large"),
    ],
)
def test_other_zip_files_are_refused(tmp_path, changes, what):
    with pytest.raises(InvalidInput, match=what):
        read_package(package(tmp_path / "p.zip", **changes))


def test_the_embeddable_package_of_old_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("python.exe", b"MZ")
        archive.writestr("python38._pth", b"")
    with pytest.raises(InvalidInput, match="the embeddable package"):
        read_package(tmp_path / "p.zip")


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_is_said_however_it_is_packed(tmp_path, kind):
    path, rows = tmp_path / "p.zip", {"python.exe": b"MZ", "Lib/os.py": bytes(range(256)) * 8}
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in {"__install__.json": json.dumps(entry("3.13.2")).encode(), **rows}.items():
            archive.writestr(name, content)
    whole = path.read_bytes()
    for name in ("__install__.json", "Lib/os.py"):
        start = whole.index(name.encode()) + len(name) + 9
        path.write_bytes(whole[:start] + b"\xff" * 24 + whole[start + 24 :])
        with pytest.raises(InvalidInput, match="damaged|cannot be"):
            read_package(path)
            repack(path, tmp_path / "runtime.zip")
