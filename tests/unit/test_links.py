"""A link of a document to another file of the repository leads to a file that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("*.rst"), *(ROOT / "docs").rglob("*.md")])
LINK = {
    ".md": re.compile(r"\]\(\s*(?![a-z]+:|#)([^)#\s]+)[^)]*\)"),
    ".rst": re.compile(r"<(?![a-z]+:)([^<>#\s]+)[^<>]*>`__?"),
}


def links(path: Path) -> list[str]:
    """Return the files that a document links to, as it names them."""
    return LINK[path.suffix].findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path):
    assert [name for name in links(path) if not (path.parent / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_to_a_section_leads_to_one(path):
    for name, anchor in re.findall(r"\]\(([\w./-]+\.md)#([\w-]+)\)", path.read_text(encoding="utf-8")):
        headings = re.findall(r"^#+ (.*)$", (path.parent / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}, name


def test_links_are_found():
    assert len(links(ROOT / "README.rst")) > 10
    assert len(links(ROOT / "docs" / "how-to" / "when-it-fails.md")) == 2


def test_readme_links_to_every_how_to_page():
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "how-to").glob("*.md")}
    assert pages - set(links(ROOT / "README.rst")) == set()
