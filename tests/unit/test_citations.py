"""What code, tests and documents cite of docs/platform is there: the file, and the section with that number."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "docs" / "platform"
READ = (".md", ".py", ".rst", ".sh")

# "docs/platform/kudu.md 4.2, 4.3", "... 1.1-1.4", "... 2 and 3.2"; a line's end may come between, in a comment too.
NUMBER = r"\d+(?:\.\d+)*"
NUMBERS = rf"{NUMBER}(?:-{NUMBER})?(?:(?:,| and) {NUMBER}(?:-{NUMBER})?)*"
CITATION = re.compile(rf"docs/platform/([\w-]+\.md)(?: ({NUMBERS})(?![\w.]*\w))?")
LINK = re.compile(rf"\]\(([\w-]+\.md)\)(?: ({NUMBERS})(?![\w.]*\w))?")
DOCUMENT = re.compile(r"(?<![\w/.-])docs/[\w/-]*\w\.(?:json|md|rst)\b")
RECORDING = re.compile(r"docs/platform/(recordings/[\w/*.-]*\w)")
LOCAL_RECORDING = re.compile(r"`(recordings/[\w/*.-]*\w)`")
HEADING = re.compile(rf"^#{{2,}} ({NUMBER})[. ]", re.MULTILINE)
OUTSIDE = re.compile(r"\bfacts/[\w-]+\.md|\(facts \d|(?<![\w/])recordings/\w+/\w+\.\w+")
MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(?:root|tmp|work|workspace|mnt|opt|home/(?!x\b)\w+)\b")


def sources():
    """Return the files that may cite something, as paths below the repository."""
    places = [ROOT / name for name in ("azext_pythonapp", "docs", "tests", "tools")]
    found = [path for place in places for path in place.rglob("*") if path.suffix in READ]
    found += [path for path in ROOT.iterdir() if path.suffix in READ or path.name == "Makefile"]
    return sorted(path.relative_to(ROOT) for path in found if path != Path(__file__).resolve())


def sections():
    """Return the numbered sections of each file of docs/platform."""
    return {path.name: HEADING.findall(path.read_text(encoding="utf-8")) for path in PLATFORM.glob("*.md")}


def joined(text):
    """Return text with its lines joined, comment signs and indents between them taken away."""
    return re.sub(r"\s*\n[ \t]*(?:#[ \t])?[ \t]*", " ", text)


def broken(text, pattern, known):
    """Return the citations in text, by pattern, of a file or section that known does not have."""
    wrong = []
    for name, numbers in pattern.findall(joined(text)):
        if name not in known:
            wrong.append(name)
        wrong += [f"{name} {number}" for number in re.findall(NUMBER, numbers) if number not in known.get(name, ())]
    return wrong


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("(docs/platform/a.md 1.1)", []),
        ("(docs/platform/a.md 1, 1.1 and 2), and (1.1)", []),
        ("# see docs/platform/a.md\n# 1.1-2.", []),
        ("docs/platform/a.md, 404 of them", []),
        ("(docs/platform/a.md 1.2)", ["a.md 1.2"]),
        ("    (docs/platform/a.md\n    1.1, 3)", ["a.md 3"]),
        ("docs/platform/b.md 1", ["b.md", "b.md 1"]),
    ],
)
def test_a_citation_is_compared_with_the_headings(text, wrong):
    assert broken(text, CITATION, {"a.md": ["1", "1.1", "2"]}) == wrong


def test_every_cited_section_exists():
    known = sections()
    wrong = {str(path): found for path in sources() if (found := broken(text_of(path), CITATION, known))}
    assert not wrong
    assert sum(len(CITATION.findall(text_of(path))) for path in sources()) > 100


def test_every_cited_document_exists():
    cited = {(str(path), name) for path in sources() for name in DOCUMENT.findall(text_of(path))}
    assert cited
    assert not [(path, name) for path, name in cited if not (ROOT / name).is_file()]


def test_every_section_that_another_one_names_exists():
    known = sections()
    wrong = {path.name: broken(path.read_text(encoding="utf-8"), LINK, known) for path in PLATFORM.glob("*.md")}
    assert not any(wrong.values()), wrong


def test_no_number_stands_before_two_sections():
    assert {name: numbers for name, numbers in sections().items() if len(numbers) != len(set(numbers))} == {}


def test_every_cited_recording_exists():
    cited = {(path, found) for path in sources() for found in RECORDING.findall(text_of(path))}
    cited |= {
        (path.name, found) for path in PLATFORM.glob("*.md") for found in LOCAL_RECORDING.findall(path.read_text())
    }
    assert cited
    assert not [(str(path), found) for path, found in cited if not list(PLATFORM.glob(found))]


def test_every_recording_has_a_source():
    listed = (PLATFORM / "recordings" / "SOURCES.md").read_text(encoding="utf-8")
    there = [path.relative_to(PLATFORM / "recordings") for path in PLATFORM.glob("recordings/*/*")]
    assert there and not [path for path in there if f"`{path.as_posix()}`" not in listed]


def test_nothing_outside_the_repository_is_cited():
    wrong = {str(path): found for path in sources() if (found := OUTSIDE.findall(text_of(path)))}
    assert {path: found for path, found in wrong.items() if not path.startswith("docs/platform/")} == {}


def test_the_platform_s_documents_name_no_path_of_a_machine():
    wrong = {path.name: MACHINE_PATH.findall(path.read_text(encoding="utf-8")) for path in PLATFORM.rglob("*.md")}
    assert not any(wrong.values()), wrong
