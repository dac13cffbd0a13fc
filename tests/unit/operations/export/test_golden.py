"""The exports of every sample app, and of other kinds of apps, as they are, and whether each language takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from azext_pythonapp.operations.export.command import rendered
from azext_pythonapp.operations.export.model import Export
from tests.conftest import REPOSITORY
from tests.unit.operations.export.read_back import READERS, Program
from tests.unit.operations.export.samples import FORMATS, GOLDEN, golden, sample_names, samples

SCHEMA = json.loads((Path(__file__).parent / "template_schema" / "template.json").read_text(encoding="utf-8"))
SAMPLES = samples()
BOTH = [(name, language) for name in SAMPLES for language in FORMATS]
WRITE_ANEW = "`python -m tests.unit.operations.export.samples` writes the golden files anew"


def test_every_sample_app_has_golden_files() -> None:
    assert sample_names() and set(sample_names()) <= set(SAMPLES)
    assert {path.name for path in GOLDEN.iterdir()} == {golden(*each).name for each in BOTH}, WRITE_ANEW


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_an_export_is_its_golden_file(name: str, language: Any) -> None:
    assert rendered(SAMPLES[name], language) == golden(name, language).read_text(encoding="utf-8"), WRITE_ANEW


def expected(export: Export) -> list[tuple[str, str, dict[str, Any]]]:
    """What is to be deployed, in order."""
    found: list[tuple[str, str, dict[str, Any]]] = [
        ("siteextensions", each.id, dict(each.properties)) for each in export.extensions
    ]
    found += [("config", "web", dict(export.configuration))] if export.configuration else []
    return found + ([("config", "appsettings", dict(export.app_settings))] if export.app_settings is not None else [])


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_a_golden_file_says_what_was_exported(name: str, language: str) -> None:
    export = SAMPLES[name]
    program: Program = READERS[language](golden(name, language).read_text(encoding="utf-8"))
    assert [(each.kind, each.name, each.properties) for each in program.resources] == expected(export)
    assert [each.after for each in program.resources] == [None, *range(len(program.resources))][
        : len(program.resources)
    ]
    assert {each.owner for each in program.resources} <= {export.owner}
    assert [each.merged for each in program.resources] == [each.name == "appsettings" for each in program.resources]
    assert program.comments == export.comments
    names = {"site_name": export.site_name, "slot_name": export.slot_name}
    assert {_snake(key): value for key, value in program.defaults.items()} == {
        key: value for key, value in names.items() if value is not None
    }
    wanted = {"site_name"} | ({"slot_name"} if export.for_slot else set())
    wanted |= {"resource_group_name"} if language == "terraform" else set()
    others = {"other_app_settings"} if export.app_settings is not None else set()
    assert {_snake(key) for key in program.parameters} == wanted | others
    assert {_snake(key) for key in program.secret} == others


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_template_is_valid(name: str) -> None:
    template = json.loads(golden(name, "arm").read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message}" for error in Draft4Validator(SCHEMA).iter_errors(template)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda template: template["resources"][0].pop("properties"),
        lambda template: template["resources"][0].update(properties={}),
        lambda template: template["resources"][0].update(type="Microsoft.Web/sites/siteextension"),
        lambda template: template["resources"][1]["properties"].update(use32bitWorkerProcess="no"),
        lambda template: template["resources"][0].update(dependson=[]),
        lambda template: template["parameters"]["siteName"].update(type="text"),
    ],
)
def test_the_schema_finds_what_is_wrong(spoil: Any) -> None:
    template = json.loads(golden("flask_hello", "arm").read_text(encoding="utf-8"))
    spoil(template)
    assert not Draft4Validator(SCHEMA).is_valid(template)


@pytest.mark.parametrize("name", SAMPLES)
def test_terraform_is_formatted(name: str) -> None:
    text = golden(name, "terraform").read_text(encoding="utf-8")
    assert text.endswith("}\n") and "\t" not in text and "\n\n\n" not in text
    for block in _aligned(text):
        assert len({line.index(" = ") for line in block}) == 1, block
    depth = 0
    for line in text.splitlines():
        closes = len(re.match(r"[\])}]*", line.strip())[0]) > 0  # type: ignore[index]
        assert not line or len(line) - len(line.lstrip()) == 2 * (depth - closes), line
        assert line == line.rstrip()
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).partition("#")[0]
        depth += sum(map(code.count, "{[")) - sum(map(code.count, "}]"))
    assert depth == 0


def _aligned(text: str) -> list[list[str]]:
    """Lines of attributes that stand one below the other, whose equals signs `terraform fmt` aligns."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if re.match(r' +("[^"]+"|\w+) += ', line) and not line.endswith(("{", "[")):
            blocks[-1].append(line)
        else:
            blocks.append([])
    return [block for block in blocks if block]


@pytest.mark.parametrize(
    ("program", "language", "words"),
    [
        ("terraform", "terraform", ("fmt", "-check", "-diff")),
        ("tofu", "terraform", ("fmt", "-check", "-diff")),
        ("bicep", "bicep", ("build", "--stdout")),
    ],
)
def test_the_language_s_own_program_takes_them(program: str, language: Any, words: tuple[str, ...]) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on this machine; the parsers of the other tests are")
    for name in SAMPLES:
        done = subprocess.run(
            [found, *words, str(golden(name, language))], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert program != "bicep" or "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["slot", "app_settings", "two_extensions"])
def test_terraform_loads_them(name: str, tmp_path: Path) -> None:
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("terraform is not on this machine; the parser of the other tests is")
    shutil.copy(golden(name, "terraform"), tmp_path / "main.tf")
    done = subprocess.run([found, "providers"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0 and "azure/azapi] >= 2.0.0" in done.stdout.lower(), done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_no_golden_file_has_a_secret_or_a_path(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for never in ("hunter2", "DATABASE_PASSWORD", str(REPOSITORY), str(Path.home()) + "/", "/tmp/", "rg/"):
        assert never not in text


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_the_same_app_gives_the_same_bytes(name: str, language: Any) -> None:
    assert rendered(SAMPLES[name], language).encode() == rendered(SAMPLES[name], language).encode()
