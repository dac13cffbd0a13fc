"""Files, what is refused, and versions without an app."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.errors import InvalidInput, NotFound, PlatformFailed, PythonAppError
from azext_pythonapp.operations.export import from_app
from azext_pythonapp.operations.export.command import output_path, write
from azext_pythonapp.operations.export.from_app import RELIED_ON, described, export_of
from azext_pythonapp.operations.export.of_version import export_of_version
from azext_pythonapp.operations.runtime.sources import Supply
from azext_pythonapp.runtimes.catalogue import gallery_offers
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.webconfig.handlers import PythonHandler
from tests.unit.operations.export.samples import PYTHON364, configuration, found, python, used
from tests.unit.operations.shop import shop_site

BUILT_IN = InstalledRuntime("3.6.6", "x86", None, None, "D:\\Python34\\python.exe", "builtIn", True)
COPIED = python("python3125x64", "3.12.5", None, None, in_use=True)


def platform(arguments: str, process: str = PYTHON364.python_path) -> PythonHandler:
    return PythonHandler("httpPlatform", process, None, None, arguments, {}, "PythonHandler")


def commands(**more: Any) -> list[str]:
    """The commands of what is exported of an app."""
    return [each.command for each in described(found(**more)).notes if each.command is not None]


def test_a_file_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "python.tf"
    assert write(path, "one\n") and not write(path, "one\n") and write(path, "two\n")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(PythonAppError, match="Permission denied"):
        write(path, "three\n")
    assert path.read_bytes() == b"two\n" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_there_is_refused(tmp_path: Path) -> None:
    for name in ("python.json", "no/such/python.bicep"):
        with pytest.raises(InvalidInput):
            output_path(str(tmp_path / name), "bicep")
    assert output_path(str(tmp_path / "Python.BICEP"), "bicep")


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ([], "no Python is installed there"),
        ([BUILT_IN], "is built into App Service, and no other is there"),
        ([COPIED], "is a folder that no package installed, and no other is there"),
    ],
)
def test_nothing_to_export_says_why(monkeypatch: pytest.MonkeyPatch, pythons: Any, words: str) -> None:
    monkeypatch.setattr(from_app, "_look", lambda app: found(pythons, None))
    app: Any = SimpleNamespace(site=shop_site())
    with pytest.raises(NotFound, match=words) as raised:
        export_of(app)
    assert "az webapp python install -g rg -n shop --version latest" in str(raised.value.recommendation)


def test_secrets_are_left_to_the_others() -> None:
    settings = {name: "Password=hunter2" for name in RELIED_ON} | {"API_KEY": "hunter2", "wsgi_log": "\ud800"}
    export = described(found([used(PYTHON364)], None, settings=settings))
    assert export.app_settings == {}
    assert "hunter2" not in str(export) and all(
        any(name in each.text for each in export.notes) for name in settings if name != "API_KEY"
    )
    assert described(found([used(PYTHON364)], None, settings={"API_KEY": "hunter2"})).app_settings is None


def test_a_start_up_command_with_a_secret_is_left_out() -> None:
    (switch,) = commands(pythons=[used(PYTHON364)], handler=platform("-m app --api-key hunter2"))
    assert switch.endswith("--handler httpplatform")
    assert "a secret" in described(found([used(PYTHON364)], platform("-m app --api-key hunter2"))).notes[-1].text


def test_another_program_has_no_command() -> None:
    assert (
        commands(pythons=[used(PYTHON364)], handler=platform("app:app", "D:\\home\\x\\Scripts\\waitress-serve.exe"))
        == []
    )
    part = replace(platform("-m app"), location="api")
    assert commands(pythons=[used(PYTHON364)], handler=part) == []


def test_a_copied_python_beside_others_is_told_of() -> None:
    export = described(found([COPIED, PYTHON364], None))
    assert [each.id for each in export.extensions] == ["azureappservice-python364x64"]
    assert "came with no package" in export.notes[0].text and "--version 3.12.5" in str(export.notes[0].command)


def test_the_order_of_pythons_does_not_matter() -> None:
    pythons = [used(PYTHON364), python("python354x64", "3.5.4", "azureappservice-python354x64", "3.5.4.5")]
    one, other = (described(found(each, None)) for each in (pythons, pythons[::-1]))
    assert one == other and one.extensions[-1].id.endswith("364x64"), "the one in use comes last"


def test_path_mappings_are_told_of() -> None:
    mapped = replace(configuration(), applications=(replace(configuration().applications[0], physical_path="site\\x"),))
    notes = described(found([used(PYTHON364)], None, mapped)).notes
    assert any("/ is site\\x" in each.text for each in notes)


def test_what_is_not_known_is_not_left_out() -> None:
    unknown = replace(configuration(), web_sockets=None)
    notes = described(found([used(PYTHON364)], platform("-m app"), unknown)).notes
    assert any("is not known" in each.text for each in notes)


def test_a_source_that_is_away_is_not_empty() -> None:
    supply = Supply([], {"nuget": PlatformFailed("NuGet answered 503.")})
    with pytest.raises(PlatformFailed, match="NuGet could not be asked for Python 3.13: NuGet answered 503."):
        export_of_version(VersionSpec.parse("3.13"), None, lambda: supply)


def test_a_version_takes_the_newest_extension() -> None:
    entries = [
        {"id": f"azureappservice-python36{each}x64", "version": f"3.6.{each}.1", "title": f"Python 3.6.{each} x64"}
        for each in (2, 4)
    ]
    export = export_of_version(VersionSpec.parse("3.6"), None, lambda: Supply(gallery_offers(entries)), "it's", None)
    assert [each.id for each in export.extensions] == ["azureappservice-python364x64"]
    assert (export.site_name, export.slot_name, export.configuration) == (
        "it's",
        None,
        {"use32BitWorkerProcess": False},
    )
