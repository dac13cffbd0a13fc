r"""Every id of docs/platform/site-extensions.md 1.1-1.4 is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.runtimes.identity import canonical_id, identify, identify_folder, same_extension

PAIRS = ["x64", "x86"]

# stem, version, folder; each exists for the architectures named
OFFICIAL = [
    ("python364", "3.6.4", "python364{}", PAIRS),
    ("python362", "3.6.2", "python362{}", PAIRS),
    ("python354", "3.5.4", "python354{}", PAIRS),
    ("python353", "3.5.3", "python353{}", PAIRS),
    ("python2714", "2.7.14", "Python27", PAIRS),
]
ARCHIVED = [
    ("python361", "3.6.1", "python361{}", PAIRS),
    ("python360", "3.6.0", "python360{}", PAIRS),
    ("python352", "3.5.2", "Python35", PAIRS),
    ("python351", "3.5.1", "Python35", ["x64"]),
    ("python2713", "2.7.13", "Python27", PAIRS),
    ("python2712", "2.7.12", "Python27", PAIRS),
    ("python2711", "2.7.11", "Python27", ["x64"]),
]
OTHERS = [
    ("NakedObjects-python3111", "3.11.1", "python3111{}", ["x64"]),
    ("python3125", "3.12.5", "python3125{}", ["x64"]),
    ("python3100", "3.10.0", "python3100{}", ["x64"]),
    ("python31011", "3.10.11", "python31011{}", ["x64"]),
    ("python3810", "3.8.10", "python3810{}", ["x64"]),
]


def spread(*tables):
    return [
        (stem + architecture, version, architecture, folder.format(architecture))
        for table in tables
        for stem, version, folder, architectures in table
        for architecture in architectures
    ]


EVERY_ID = spread(OFFICIAL, ARCHIVED, OTHERS) + [("azureappservice-" + row[0], *row[1:]) for row in spread(OFFICIAL)]


def sentence(version, architecture, folder):
    return (
        rf"Installs Python {version} {architecture} into Azure App Service at D:\home\{folder}\python.exe. "
        "See https://github.com/azure/azure-python-siteextensions for usage information."
    )


@pytest.mark.parametrize("extension_id, version, architecture, folder", EVERY_ID)
def test_by_id_alone(extension_id, version, architecture, folder):
    identity = identify(extension_id)
    assert (identity.version, identity.architecture, identity.folder) == (version, architecture, folder)
    assert identity.extension_id == extension_id


@pytest.mark.parametrize("extension_id, version, architecture, folder", EVERY_ID)
def test_by_all_its_words(extension_id, version, architecture, folder):
    identity = identify(extension_id, f"Python {version} {architecture}", sentence(version, architecture, folder))
    assert (identity.version, identity.architecture, identity.folder) == (version, architecture, folder)


@pytest.mark.parametrize("extension_id, version, architecture, folder", EVERY_ID)
def test_case_does_not_matter(extension_id, version, architecture, folder):
    identity = identify(extension_id.upper())
    assert (identity.version, identity.architecture, identity.folder) == (version, architecture, folder)


def test_the_title_decides_what_the_digits_leave_open():
    assert identify("python3111x64", "Python 3.1.11 x64").version == "3.1.11"
    assert identify("python3111x64", "Python 3.11 x64").version == "3.11.1"
    assert identify("python3111x64", "Python 3.1 x64").version == "3.1.11"
    assert identify("python3111x64", "The snake").version == "3.11.1"
    assert identify("python3111x64", None, sentence("3.1.11", "x64", "python3111x64")).version == "3.1.11"


def test_the_description_decides_the_folder():
    assert identify("python364x64", None, sentence("3.6.4", "x64", "Python36")).folder == "Python36"


@pytest.mark.parametrize("folder", ["site", "LogFiles", "..", r"site\wwwroot", "site/wwwroot", "python.."])
def test_a_description_cannot_claim_a_folder_that_is_no_pythons(folder):
    assert identify("python364x64", None, sentence("3.6.4", "x64", folder)).folder == "python364x64"
    assert identify("acme-runtime", None, sentence("3.6.4", "x64", folder)) is None


@pytest.mark.parametrize(
    "extension_id, title, description",
    [
        ("python", "Python", "Installs 64-bit Python for use in build scenarios."),
        ("pythonx86", "Python (32-bit)", "Installs 32-bit Python for use in build scenarios."),
        ("python2", "Python 2.x", "Installs 64-bit Python for use in build scenarios."),
        ("python2x86", "Python 2.x (32-bit)", "Installs 32-bit Python for use in build scenarios."),
        ("python", None, None),
        (
            "flask-tools",
            "Flask tools for Python 3.6.4 x64",
            r"Needs Python 3.6.4 x64 at D:\home\python364x64\python.exe.",
        ),
        ("azureappservice-python364x64-tools", "Python 3.6.4 x64 tools", "Tools."),
        ("mypython364x64", None, None),
        ("python364", None, None),
        ("python364arm64", None, None),
        ("Microsoft.AspNetCore.AzureAppServices.SiteExtension", "ASP.NET Core Logging Integration", None),
        ("acme-runtime", "Python 3.12.5 x64", "Python at its best."),
        ("", None, None),
    ],
)
def test_a_package_that_mentions_python_is_no_runtime(extension_id, title, description):
    assert identify(extension_id, title, description) is None


def test_a_runtime_under_a_name_of_its_own():
    identity = identify("Acme.Snake", "Snake", sentence("3.12.5", "x64", "python3125x64"))
    assert (identity.version, identity.architecture, identity.folder) == ("3.12.5", "x64", "python3125x64")
    without_architecture = r"Installs Python 3.12.5 into Azure App Service at D:\home\python3125x86\python.exe."
    assert identify("Acme.Snake", "Snake", without_architecture).architecture == "x86"
    assert identify("Acme.Snake", "Snake", without_architecture.replace("x86", "")) is None


def test_the_unofficial_installer_of_2016():
    identity = identify("python", "Python Installer", "Installs Python in a Web App")
    assert (identity.version, identity.architecture, identity.folder) == ("3.5.1", "x64", "Python35")


def test_paths():
    identity = identify("azureappservice-python364x64")
    assert identity.python_path(r"C:\home") == r"C:\home\python364x64\python.exe"
    assert identity.registered_path == r"D:\home\python364x64\python.exe"
    assert identity.registered_arguments == r"D:\home\python364x64\wfastcgi.py"
    assert identify("python2714x86").registered_path == r"D:\home\Python27\python.exe"


@given(minor=st.integers(2, 9) | st.integers(10, 19), micro=st.integers(0, 30), architecture=st.sampled_from(PAIRS))
def test_every_concatenated_name_since_3_2_is_read_back(minor, micro, architecture):
    name = f"python3{minor}{micro}{architecture}"
    for identity in (identify(name), identify_folder(name)):
        assert (identity.version, identity.architecture) == (f"3.{minor}.{micro}", architecture)


@pytest.mark.parametrize(
    "name, version, architecture",
    [
        ("python364x64", "3.6.4", "x64"),
        ("Python361x64", "3.6.1", "x64"),
        ("python3111x64", "3.11.1", "x64"),
        ("python31011x86", "3.10.11", "x86"),
        ("Python27", "2.7", None),
        ("Python35", "3.5", None),
        ("Python312", "3.12", None),
        ("python310", "3.10", None),
        ("python39", "3.9", None),
    ],
)
def test_folders(name, version, architecture):
    identity = identify_folder(name)
    assert (identity.version, identity.architecture, identity.folder) == (version, architecture, name)
    assert identity.extension_id is None


@pytest.mark.parametrize(
    "name", ["", "python", "Python3", "pythonapp", "site", "data", "mypython364x64", "python364x65"]
)
def test_folders_whose_name_tells_nothing(name):
    assert identify_folder(name) is None


@pytest.mark.parametrize("old", [row[0] for row in spread(OFFICIAL)])
def test_old_official_ids_become_the_new_ones(old):
    new = f"azureappservice-{old}"
    assert canonical_id(old) == canonical_id(old.upper()) == canonical_id(new) == canonical_id(new.upper()) == new
    assert same_extension(old.upper(), new)


@pytest.mark.parametrize("other", [row[0] for row in spread(ARCHIVED, OTHERS)] + ["Some.Extension"])
def test_ids_that_kudu_does_not_redirect_stay_as_they_are(other):
    assert canonical_id(other) == other
    assert same_extension(other, other.upper())
    assert not same_extension(other, f"azureappservice-{other}")


def test_a_part_of_an_id_is_not_the_id():
    assert not same_extension("python36", "python364x64")
    assert not same_extension("python364x6", "python364x64")
