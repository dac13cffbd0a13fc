"""How the product is cut: arrows between its rooms only point down, az stops at the door."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = "azext_pythonapp"
MOST_LINES = 400

# A room is a folder, or `az` and `ground`. It may import the rooms of the rows below; rooms of one row must not import
# each other.
FLOORS = [
    ["az"],
    ["operations.doctor", "operations.publish", "operations.rollback"],
    ["operations.export", "operations.inventory", "operations.set_version", "operations.show"],
    ["operations.environment", "operations.history", "operations.web_config"],
    ["operations.package", "operations.runtime"],
    ["operations.job", "operations.files"],
    ["operations.app"],
    ["entrypoints", "fleet", "jobs"],
    ["appservice", "history", "import_program", "packages", "runtimes", "source", "webconfig"],
    ["ground"],
]
AZ = {
    "",
    "commands",
    "custom",
    "_params",
    "_params_audit",
    "_params_doctor",
    "_params_export",
    "_params_fleet",
    "_params_inventory",
    "_params_switch",
    "_params_web_config",
    "_help",
    "_help_audit",
    "_help_doctor",
    "_help_export",
    "_help_history",
    "_help_inventory",
    "_help_job",
    "_help_web_config",
    "_format",
    "_format_audit",
    "_format_many",
    "_table",
    "_completers",
    "_exception_handler",
}
GROUND = {
    "errors",
    "output_file",
    "ids",
    "windows",
    "worker",
    "advice",
    "plain_text",
    "url_secrets",
    "console",
    "plan",
    "plan_view",
    "streams",
}
HEIGHT = {room: height for height, rooms in enumerate(reversed(FLOORS)) for room in rooms}


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name below the package; "" is the package itself."""
    found = {}
    for path in sorted((REPOSITORY / PRODUCT).rglob("*.py")):
        parts = path.relative_to(REPOSITORY / PRODUCT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    """The room that a module is in."""
    first, *rest = module.split(".")
    if first in AZ:
        return "az"
    if first in GROUND:
        return "ground"
    return ".".join([first, *rest[:1]]) if first == "operations" and rest else first


def imports(module: str) -> set[str]:
    """The modules of the product that a module imports, anywhere in it."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    own = module.split(".") if MODULES[module].name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(PRODUCT + ".") for alias in node.names if alias.name.startswith(PRODUCT)}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*own[: len(own) - node.level + 1], *filter(None, [node.module])])
            elif base.split(".")[0] != PRODUCT:
                continue
            base = base.removeprefix(PRODUCT).lstrip(".")
            names = [".".join(filter(None, [base, alias.name])) for alias in node.names]
            found |= {name if name in MODULES else base for name in names}
    return found - {module}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_in_a_room(module):
    assert room(module) in HEIGHT or module == "operations", f"add the room of {module} to FLOORS"


@pytest.mark.parametrize("module", MODULES)
def test_arrows_only_point_down(module):
    own = room(module)
    up = [
        other
        for other in imports(module)
        if room(other) != own and HEIGHT.get(room(other), 0) >= HEIGHT.get(own, 0) and other != ""
    ]
    assert up == [], f"{module} ({own}) must not import these"


def test_no_two_modules_import_each_other():
    graph = {module: imports(module) for module in MODULES}
    done: set[str] = set()
    for module in graph:
        circle = _circle(graph, module, [], done)
        assert circle is None, " -> ".join(circle or [])


def _circle(graph: dict[str, set[str]], module: str, path: list[str], done: set[str]) -> list[str] | None:
    if module in path:
        return [*path[path.index(module) :], module]
    if module in done:
        return None
    for other in sorted(graph.get(module, ())):
        circle = _circle(graph, other, [*path, module], done)
        if circle is not None:
            return circle
    done.add(module)
    return None


@pytest.mark.parametrize("module", MODULES)
def test_module_is_of_readable_length(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_imports_are_seen_wherever_they_are():
    assert "custom.runtime" in imports("_completers")  # inside a function
    assert "_format" in imports("commands")  # from the package
    assert room("operations.job.run") == "operations.job"


def test_architecture_names_files_that_exist():
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w/.]+?)`", text) if "/" in name or name.endswith((".py", ".sh", ".md"))}
    assert len(named) > 40
    bases = (REPOSITORY, REPOSITORY / PRODUCT)
    assert [name for name in sorted(named) if not any((base / name).exists() for base in bases)] == []


def test_architecture_names_every_room():
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {room(module) for module in MODULES} - {"az", "ground", "operations"}
    assert [name for name in sorted(rooms) if name.replace(".", "/") not in text] == []
