"""What is in the wheel, and what the product may import."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = REPOSITORY / "azext_pythonapp"
DOMAIN = ("runtimes", "webconfig", "packages", "jobs")  # and plan.py
# What runs on the worker, with the standard library of its Python alone.
RUNNER = PRODUCT / "jobs" / "runner"
IMPORT_PROGRAM = PRODUCT / "import_program"

# What az itself brings (docs/platform/az-extension.md 1.4); azure.core comes with azure-mgmt-web.
FROM_AZ = ("knack", "azure.cli.core", "azure.mgmt.web", "azure.core", "requests", "packaging")
OUTSIDE_WORLD = ("knack", "azure", "requests")
# Kudu and pip's log want to hear of a job what these say.
PRINTING = tuple(RUNNER / name for name in ("errors.py", "run_pip.py", "run_uv.py"))


def sources(folder: Path) -> list[Path]:
    """The Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def imported(source: str) -> set[str]:
    """All that a module imports, anywhere in it: `from a import b` counts as a.b, a relative import as '.'."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" if node.level == 0 else "." for alias in node.names}
    return names


def refused_commas(source: str) -> list[int]:
    """The lines of `)` after a comma where *arguments or **options came before: Python 2.7 and 3.4 do not compile it."""
    lines, starred, last = [], [], ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        if token.string in ("*", "**") and last in ("(", ","):
            starred[-1] = True
        if token.type == tokenize.OP and token.string in "([{":
            starred.append(False)
        elif token.type == tokenize.OP and token.string in ")]}" and starred.pop() and last == ",":
            lines.append(token.start[0])
        last = token.string
    return lines


def refused_prefixes(source: str) -> list[int]:
    """The lines of a string with a prefix that Python 2.7 does not compile: rb, which is br there, and those with f."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    refused = re.compile("rb|r?f|fr", re.IGNORECASE)
    starts = [tokenize.STRING, getattr(tokenize, "FSTRING_START", tokenize.STRING)]
    return [token.start[0] for token in tokens if token.type in starts and refused.match(token.string)]


def belongs(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def relative(path: Path) -> str:
    """The name under which a file is shown in a test id."""
    return path.relative_to(REPOSITORY).as_posix()


ON_THE_WORKER = sources(RUNNER) + sources(IMPORT_PROGRAM)
on_the_worker = pytest.mark.parametrize("path", ON_THE_WORKER, ids=relative)


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """The paths in the wheel."""
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> dict[str, list[str]]:
    """The wheel's METADATA and WHEEL headers."""
    archive = zipfile.ZipFile(wheel)
    headers: dict[str, list[str]] = {}
    for name in archive.namelist():
        if name.endswith((".dist-info/METADATA", ".dist-info/WHEEL")):
            for key, value in Parser().parsestr(archive.read(name).decode()).items():
                headers.setdefault(key, []).append(value)
    return headers


def test_wheel_is_for_any_python_3(wheel, metadata):
    assert wheel.name.endswith("-py3-none-any.whl")
    assert metadata["Tag"] == ["py3-none-any"]
    assert metadata["Root-Is-Purelib"] == ["true"]


def test_wheel_holds_the_extension_and_nothing_else(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"azext_pythonapp"}
    assert not [name for name in names if "test" in name.lower()]


def test_wheel_holds_every_file_of_the_product(names):
    kept = {path for path in PRODUCT.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {relative(path) for path in kept} == {name for name in names if name.startswith("azext_pythonapp/")}
    assert relative(RUNNER / "__main__.py") in names


def test_wheel_requires_nothing(metadata):
    assert "Requires-Dist" not in metadata


def test_extension_is_a_preview_and_names_the_oldest_az(wheel, metadata):
    about = json.loads(zipfile.ZipFile(wheel).read("azext_pythonapp/azext_metadata.json"))
    (version,) = metadata["Version"]
    assert about["azext.isPreview"] is ("b" in version)
    assert about["azext.minCliCoreVersion"]


def test_summary_has_the_length_that_the_index_asks_for(metadata):
    (summary,) = metadata["Summary"]
    assert 120 <= len(summary) <= 140


@pytest.mark.parametrize("path", [path for path in sources(PRODUCT) if path not in ON_THE_WORKER], ids=relative)
def test_module_imports_only_what_az_brings(path):
    allowed = FROM_AZ + ("azext_pythonapp",)
    assert [
        name
        for name in imported(path.read_text(encoding="utf-8"))
        if name.split(".")[0] not in sys.stdlib_module_names and not belongs(name, allowed) and name != "."
    ] == []


@pytest.mark.parametrize(
    "path", [path for name in DOMAIN for path in sources(PRODUCT / name)] + [PRODUCT / "plan.py"], ids=relative
)
def test_domain_module_knows_no_az_and_no_http(path):
    assert [name for name in imported(path.read_text(encoding="utf-8")) if belongs(name, OUTSIDE_WORLD)] == []


@on_the_worker
def test_runner_imports_only_the_standard_library(path):
    source = path.read_text(encoding="utf-8")
    names = imported(source)
    # pip's process has only two of the runner's modules, which import none.
    if path.name == "run_pip.py":
        assert re.findall(r"^from \.(\w*) import", source, re.MULTILINE) == ["check_after", "index_requests"]
    own = set() if path.name in ("check_after.py", "index_requests.py") else {"."}
    assert [name for name in names - own if name.split(".")[0] not in sys.stdlib_module_names] == []


@on_the_worker
def test_runner_has_no_implicit_relative_import(path):
    source = path.read_text(encoding="utf-8")
    if path.name != "__main__.py" and "import " in source:
        assert "__future__.absolute_import" in imported(source)


@on_the_worker
def test_runner_has_no_comma_after_star_arguments(path):
    assert refused_commas(path.read_text(encoding="utf-8")) == []


def test_commas_that_python_2_refuses_are_found():
    assert refused_commas("f(a, *b,)\ng(**c, )\nh(\n    *b,\n    x=1,  # y\n)\ndef i(a, **c,): pass\n") == [1, 2, 6, 7]
    assert refused_commas("f(a, b=2 ** 3,)\ng(*b)\nh((1, 2,), *b)\ni(f(*a), [3 * 4, 5,], (*a, 7)[0],)\n") == []


@on_the_worker
def test_strings_of_the_worker_have_prefixes_of_python_2(path):
    assert refused_prefixes(path.read_text(encoding="utf-8")) == []


def test_prefixes_that_python_2_refuses_are_found():
    assert refused_prefixes("rb'a'\nRb'a'\nf'a'\nrf'a'\nfR'a'\n") == [1, 2, 3, 4, 5]
    assert refused_prefixes("br'a'\nb'rb'\nr'a'\nu'a'\n'f'\n") == []


@on_the_worker
def test_program_of_the_worker_has_small_modules(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", [path for path in sources(PRODUCT) if path not in PRINTING], ids=relative)
def test_module_does_not_print(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []


@pytest.mark.parametrize("path", sources(REPOSITORY / "tests" / "local_azure"), ids=relative)
def test_local_azure_does_not_know_the_product(path):
    assert [name for name in imported(path.read_text(encoding="utf-8")) if belongs(name, ("azext_pythonapp",))] == []


def test_imported_sees_lazy_and_from_imports():
    source = "import os.path\ndef f():\n    from azure.mgmt import web\n    from . import x\n"
    assert imported(source) == {"os.path", "azure.mgmt.web", "."}
