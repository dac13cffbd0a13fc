"""Offers of an invented gallery and of NuGet."""

from __future__ import annotations

from datetime import date

from azext_pythonapp.runtimes.catalogue import build_offers, gallery_offers, sorted_offers
from azext_pythonapp.runtimes.cpython import CPythonBuild, Release

TODAY = date(2026, 11, 22)


def package(extension_id, python, architecture, version, authors=("Microsoft",), folder=None):
    """An entry as Kudu's /api/extensionfeed gives it."""
    folder = folder or "python" + python.replace(".", "") + architecture
    return {
        "id": extension_id,
        "title": f"Python {python} {architecture}",
        "type": "Gallery",
        "version": version,
        "description": f"Installs Python {python} {architecture} into Azure App Service at "
        rf"D:\home\{folder}\python.exe. See https://example.org/ for usage information.",
        "authors": list(authors),
        "published_date_time": None,
        "download_count": 0,
        "local_path": None,
    }


FEED = [
    package("azureappservice-python2714x86", "2.7.14", "x86", "2.7.14.5", folder="Python27"),
    package("azureappservice-python364x86", "3.6.4", "x86", "3.6.4.4"),
    {
        "id": "flask-tools",
        "title": "Flask tools for Python 3.6.4",
        "version": "9.0.0",
        "authors": ["Acme"],
        "description": r"Needs the Python at D:\home\python364x64\python.exe.",
    },
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.2"),
    package("NakedObjects-python3111x64", "3.11.1", "x64", "3.11.1", authors=["Naked Objects"]),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.10"),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4"),
    package("azureappservice-python362x64", "3.6.2", "x64", "3.6.2.5"),
    package("azureappservice-python354x64", "3.5.4", "x64", "3.5.4.5"),
]


def read_offers(entries, all_versions=False, today=None):
    return sorted_offers(gallery_offers(entries, today), all_versions=all_versions)


def nuget(*versions, package_id="python", withdrawn=(), deprecated=()):
    """Offers of NuGet's packages, as they come: newest first."""
    architecture = "x86" if package_id == "pythonx86" else "x64"
    return build_offers(
        [
            Release(CPythonBuild(package_id, version, architecture), version not in withdrawn, version in deprecated)
            for version in versions
        ],
        TODAY,
    )


OFFERS = read_offers(FEED, today=TODAY)


def rows(offers):
    return [(offer.version, offer.architecture, offer.package_version) for offer in offers]


# What a third party can do: any author, title, tag and version, and an id that looks like a known one.
THIRD_PARTIES = [
    package("mallory-python31599x64", "3.15.99", "x64", "3.15.99"),
    package("azureappservice-python31599x64", "3.15.99", "x64", "3.15.99"),
    package("azureappservice-python364x64a", "3.6.99", "x64", "9.9.9", folder="python3699x64"),
    package("azure-appservice-python364x64", "3.6.99", "x64", "9.9.9"),
    package("azureappservice.python364x64", "3.6.99", "x64", "9.9.9"),
    package("\u0430zureappservice-python364x64", "3.6.99", "x64", "9.9.9"),
    package("azureappservice-python364x64\u200b", "3.6.99", "x64", "9.9.9", folder="python3699x64"),
    package("python364x64", "3.6.99", "x64", "9.9.9"),
    package("python361x64", "3.6.1", "x64", "9.9.9"),
    package("Microsoft-python3141x64", "3.14.1", "x64", "3.14.1", authors=["Microsoft", "Python Software Foundation"]),
    package("pythonapp-python3159x64", "3.15.9", "x64", "3.15.9"),
]
