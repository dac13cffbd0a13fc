"""The page about Microsoft's articles has each of their sections, and it and the traps name commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azext_pythonapp.commands import load_command_table

DOCS = Path(__file__).resolve().parents[2] / "docs"

# Headings and list entries of the article, as docs/microsoft-article.md names its source.
SECTIONS = (
    "Introduction",
    "Choose a Python version through the Azure portal",
    "Choose a Python version through the Azure Resource Manager",
    "Set web.config to point to the Python interpreter",
    "Find the path to python.exe",
    "Configure the HttpPlatform handler",
    "Configure the FastCGI handler",
    "Install packages",
    "bundle with the app",
    "virtual environments",
    "Azure App Service Kudu console",
    "Kudu REST API",
)
# Those of the older one, as the same page names it.
OLDER = (
    "Web app creation",
    "Git publishing",
    "Application overview",
    "WSGI handler",
    "Virtual environment",
    "Package management",
    "Python version",
    "Web.config",
    "Virtual environment proxy",
    "Customize Git deployment",
    "Troubleshooting: package installation",
    "Troubleshooting: virtual environment",
)


class _Group:
    """A command group that remembers the names of its commands."""

    def __init__(self, name: str, known: set[str]):
        self._prefix, self._known = name.removeprefix("webapp python").strip(), known

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def custom_command(self, name: str, *_, **__) -> None:
        """Remember a command."""
        self._known.add(f"{self._prefix} {name}".strip())

    custom_show_command = custom_command


class _Loader:
    def __init__(self):
        self.known: set[str] = set()

    def command_group(self, name: str, **_):
        """Return a group that remembers."""
        return _Group(name, self.known)


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return the names of all commands."""
    loader = _Loader()
    load_command_table(loader, None)
    return loader.known


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of a page's tables, without their headings."""
    lines = [
        line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| section"))
    ]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("section", [*SECTIONS, *OLDER])
def test_each_section_has_a_row(section):
    assert any(section in cells[0] and cells[1] for cells in rows(text_of("microsoft-article.md")))


def named(text: str, known: set[str]) -> list[str]:
    """Return what a text calls a command: words in backticks that begin as one does or that options follow."""
    firsts = {name.split()[0] for name in known}
    spans = [span.removeprefix("az webapp python ") for span in re.findall(r"`([a-z][^`]*)`", text)]
    found = [re.match(r"[a-z]+(?:-[a-z]+)*(?: [a-z]+)*", span) for span in spans]
    words = [(span, match[0]) for span, match in zip(spans, found) if match and not span.startswith("az ")]
    return [word for span, word in words if word.split()[0] in firsts or f"{word} --" in span]


@pytest.mark.parametrize("page", ["microsoft-article.md", "traps.md"])
def test_the_commands_that_a_page_names_exist(page, known):
    words = named(text_of(page), known)
    assert len(words) > 20
    assert set(words) - known == set()
