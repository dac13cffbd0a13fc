"""Which Python a version means: one that is on the app, else the newest of the trusted sources, and never a guess."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import NotFound, PlatformFailed, PythonAppError, Refused, UnknownOutcome
from azext_pythonapp.operations.runtime import choose as runtime_choice
from azext_pythonapp.operations.runtime.choose import choose_runtime, newest_present, require_present
from azext_pythonapp.operations.runtime.sources import Supply
from azext_pythonapp.runtimes.catalogue import build_offers, gallery_offers
from azext_pythonapp.runtimes.cpython import CPythonBuild, Release
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import identify, identify_folder
from azext_pythonapp.runtimes.versions import VersionSpec
from tests.unit.progress import Recorded


def entry(extension_id, version, python=None, authors="Microsoft"):
    python = python or ".".join(version.split(".")[:3])
    return {"id": extension_id, "title": f"Python {python} {extension_id[-3:]}", "version": version, "authors": authors}


GALLERY = [
    entry("azureappservice-python364x64", "3.6.4.4"),
    entry("azureappservice-python354x64", "3.5.4.5"),
    entry("Contoso-python3810x64", "3.8.10", authors="Contoso"),
    entry("mallory-python31599x64", "3.15.99"),
]
NUGET = ["3.14.0-rc1", "3.13.2", "3.12.9"]
AWAY = PlatformFailed("it answered 503")


@pytest.fixture
def sources(monkeypatch):
    """What the sources have: entries, versions, or the error that comes of asking."""
    having = {"gallery": GALLERY, "nuget": NUGET, "pythonOrg": [], "asked": []}

    def supply(_, names):
        having["asked"].append(tuple(names))
        found = Supply()
        for name in names:
            has = having[name]
            if isinstance(has, PythonAppError):
                found.missing[name] = has
            elif name == "gallery":
                found.offers += gallery_offers(has)
            else:
                package = "python" if name == "nuget" else "pythoncore-3.13-64"
                found.offers += build_offers(Release(CPythonBuild(package, version, "x64")) for version in has)
        return found

    monkeypatch.setattr(runtime_choice, "app_supply", supply)
    return having


@pytest.fixture
def app():
    """An app, and what it was told to say."""
    site = Site("shop", "rg", None, "/id", "h", "s", "Running", subscription="my sub")
    said = []
    return SimpleNamespace(site=site, progress=Recorded(said), said=said)


def python(version, extension_id=None, architecture="x64", answered=True, unknown=False, folder=None):
    folder = folder or f"python{version.replace('.', '')}{architecture}"
    own = extension_id is not None or answered
    return InstalledRuntime(
        version=version if own else None,
        architecture=architecture if own else None,
        extension_id=extension_id,
        package_version=version if extension_id else None,
        python_path=rf"D:\home\{folder}\python.exe",
        source="siteExtension" if extension_id else "folder",
        in_use=False,
        problem=None if answered else "It did not answer." if unknown else "It does not run.",
        answered=answered,
        unknown=unknown,
        named=identify(extension_id) if extension_id else identify_folder(folder),
    )


def chosen(app, spec, *pythons, architecture=None, **more):
    choice = choose_runtime(app, pythons, VersionSpec.parse(spec), architecture, **more)
    return choice.present.version if choice.present else (choice.offer.source, choice.offer.version)


@pytest.mark.parametrize(
    "spec, expected",
    [
        ("latest", ("nuget", "3.13.2")),
        ("3", ("nuget", "3.13.2")),
        ("3.12", ("nuget", "3.12.9")),
        ("3.6", ("siteExtension", "3.6.4")),
        ("3.14.0rc1", ("nuget", "3.14.0rc1")),
    ],
)
def test_the_newest_trusted_of_both_sources(app, sources, spec, expected):
    assert chosen(app, spec) == expected
    assert sources["asked"] == [("gallery", "nuget", "pythonOrg")]


def test_a_source_can_be_named(app, sources):
    assert chosen(app, "latest", sources=("gallery",)) == ("siteExtension", "3.6.4")
    assert chosen(app, "latest", sources=("nuget",), prereleases=True) == ("nuget", "3.14.0rc1")
    sources["pythonOrg"] = ["3.13.1"]
    assert chosen(app, "latest", sources=("pythonOrg",)) == ("pythonOrg", "3.13.1")
    with pytest.raises(NotFound, match="no Python 3.12 among those on python.org"):
        chosen(app, "3.12", sources=("pythonOrg",))


def test_the_newest_patch_wins_and_a_tie_is_nugets(app, sources):
    sources["pythonOrg"] = ["3.13.2", "3.12.11"]
    assert chosen(app, "3.13") == chosen(app, "latest") == ("nuget", "3.13.2")
    assert chosen(app, "3.12") == ("pythonOrg", "3.12.11")


@pytest.mark.parametrize(
    "away, spec, expected",
    [
        ("pythonOrg", "3.13", ("nuget", "3.13.2")),
        ("pythonOrg", "latest", ("nuget", "3.13.2")),
        ("nuget", "3.13", ("pythonOrg", "3.13.1")),
        ("nuget", "3", ("pythonOrg", "3.13.1")),
    ],
)
def test_one_of_both_answers_with_a_warning(app, sources, away, spec, expected):
    sources["pythonOrg"] = ["3.13.1"]
    sources[away] = AWAY
    assert chosen(app, spec) == expected
    (said,) = app.said
    name = {"nuget": "NuGet", "pythonOrg": "python.org"}[away]
    assert said.startswith(f"Warning: {name} could not be asked (it answered 503).") and "is not known" in said


def test_what_the_feed_never_had_needs_no_warning(app, sources):
    sources["nuget"], sources["pythonOrg"] = [*NUGET, "3.8.10", "2.7.18"], AWAY
    assert chosen(app, "3.8") == ("nuget", "3.8.10") and chosen(app, "2") == ("nuget", "2.7.18")
    assert chosen(app, "3.12.9") == ("nuget", "3.12.9")
    assert chosen(app, "3.6") == ("siteExtension", "3.6.4") and not app.said


def test_both_that_are_away_are_one_error(app, sources):
    sources["nuget"], sources["pythonOrg"] = AWAY, PlatformFailed("it was cut")
    with pytest.raises(PlatformFailed) as failed:
        chosen(app, "3.13")
    assert "NuGet and python.org could not be asked for Python 3.13: it answered 503 it was cut" in failed.value.message
    assert "https://www.python.org/ftp/python/" in failed.value.recommendation and not app.said
    with pytest.raises(PlatformFailed, match="^python.org could not be asked for Python 3.13: it was cut"):
        chosen(app, "3.13", sources=("pythonOrg",))
    sources["nuget"] = NUGET
    with pytest.raises(PlatformFailed, match="^python.org could not be asked for Python 3.11"):
        chosen(app, "3.11")


@pytest.mark.parametrize("spec", ["3.8", "3.8.10", "3", "3.8.10 "])
def test_what_is_on_the_app_counts_as_named_and_nobody_is_asked(app, sources, spec):
    assert chosen(app, spec, python("3.8.10", "mallory-python3810x64"), python("3.6.4")) == "3.8.10"
    assert not sources["asked"]


def test_latest_is_the_newest_installed_or_available(app, sources):
    assert chosen(app, "latest", python("3.8.10", "Contoso-python3810x64")) == ("nuget", "3.13.2")
    assert chosen(app, "latest", python("3.13.2", "pythonapp-python3132x64")) == "3.13.2"
    assert chosen(app, "latest", python("3.15.99", "mallory-python31599x64")) == "3.15.99"


@pytest.mark.parametrize("spec", ["3.8", "3.15", "3.15.99"])
def test_other_peoples_packages_are_named_and_not_taken(app, sources, spec):
    with pytest.raises(NotFound) as missing:
        chosen(app, spec)
    assert (
        "--extension-id" in missing.value.recommendation and '--subscription "my sub"' in missing.value.recommendation
    )
    assert ("Contoso-python3810x64" if spec == "3.8" else "mallory-python31599x64") in missing.value.recommendation
    assert "app 'shop'" in missing.value.message


@pytest.mark.parametrize(
    "spec, away, known",
    [
        ("latest", "nuget", "3.6.4"),
        ("3", "nuget", "3.6.4"),
        ("3.13", "nuget", None),
        ("3.13.2", "nuget", None),
        ("3.6", "nuget", "3.6.4"),
        ("3.6", "gallery", None),
        ("3.6.2", "gallery", None),
    ],
)
def test_no_choice_while_a_source_may_have_better(app, sources, spec, away, known):
    sources[away] = AWAY
    with pytest.raises(PlatformFailed, match=f"could not be asked for Python {spec}: it answered 503") as failed:
        chosen(app, spec)
    assert (f"offer {known}" in failed.value.message) == (known is not None)
    assert "list-versions" in failed.value.recommendation
    with pytest.raises(PlatformFailed):
        chosen(app, "latest" if away == "nuget" else "3.6", python("3.8.10"))


def test_what_a_source_that_is_away_cannot_change_is_decided(app, sources):
    sources["nuget"] = AWAY
    assert chosen(app, "3.6.4") == ("siteExtension", "3.6.4")
    assert chosen(app, "3.13", python("3.13.1")) == "3.13.1"
    sources["nuget"], sources["gallery"] = NUGET, AWAY
    assert chosen(app, "latest") == ("nuget", "3.13.2") and "could not be reached" in app.said[-1]
    assert chosen(app, "3.13.2") == ("nuget", "3.13.2")
    with pytest.raises(NotFound, match="3.9"):
        chosen(app, "3.9")


def test_a_broken_extension_is_installed_again_whoever_made_it(app, sources):
    broken = python("3.8.10", "Contoso-python3810x64", answered=False)
    assert chosen(app, "3.8", broken) == ("siteExtension", "3.8.10")
    assert chosen(app, "latest", broken) == ("nuget", "3.13.2")
    with pytest.raises(NotFound):
        chosen(app, "3.8", python("3.8.9", "Contoso-python3810x64", answered=False))


@pytest.mark.parametrize(
    "silent",
    [
        python("3.8.10", "Contoso-python3810x64", answered=False, unknown=True),
        python("3.8.10", answered=False, unknown=True),
        python("3.8", answered=False, unknown=True, folder="Python38"),
    ],
)
@pytest.mark.parametrize(
    "decide",
    [
        chosen,
        lambda app, spec, *pythons: newest_present(app, pythons, VersionSpec.parse(spec), None),
        lambda app, spec, *pythons: require_present(app, pythons, VersionSpec.parse(spec), None),
    ],
)
def test_a_python_that_did_not_answer_is_not_absent(app, sources, decide, silent):
    for spec, others in (("3.8", ()), ("3", (python("3.6.4"),))):
        with pytest.raises(UnknownOutcome) as unknown:
            decide(app, spec, silent, *others)
        assert "did not answer" in unknown.value.message and "is not on" not in unknown.value.message
        assert "app 'shop'" in unknown.value.message and "Run the command again" in unknown.value.recommendation
    assert not sources["asked"]


def test_silent_python_that_cannot_be_meant_is_ignored(app, sources):
    silent = python("3.8.10", answered=False, unknown=True)
    assert chosen(app, "3.13", silent) == ("nuget", "3.13.2")
    assert chosen(app, "3", silent, python("3.11.9")) == "3.11.9"
    assert chosen(app, "3.6", silent, python("3.6.4")) == "3.6.4"
    unnamed = python("3.8.10", answered=False, unknown=True, folder="python-backup")
    assert chosen(app, "3.6", unnamed) == ("siteExtension", "3.6.4")
    assert chosen(app, "latest", silent, python("3.6.4")) == ("nuget", "3.13.2"), "an older one cannot be the newest"
    with pytest.raises(UnknownOutcome):
        chosen(app, "latest", python("3.15.99", "mallory-python31599x64", answered=False, unknown=True))


def test_what_only_works_with_a_python_that_is_there(app, sources):
    spec = VersionSpec.parse("3.8")
    with pytest.raises(NotFound, match="Python 3.8 x86 is not on app 'shop'") as missing:
        require_present(app, [python("3.6.4")], spec, "x86")
    assert '-g rg -n shop --subscription "my sub" --version 3.8 --arch x86' in missing.value.recommendation
    with pytest.raises(Refused, match="is on app 'shop', but does not run"):
        require_present(app, [python("3.8.10", "Contoso-python3810x64", answered=False)], spec, None)
    assert require_present(app, [python("3.8.10")], spec, None).version == "3.8.10"
