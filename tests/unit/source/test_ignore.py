"""The rules of .gitignore. Every expectation of the table was taken from git 2.39, and is compared with git where it is."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azext_pythonapp.source.folder import read_source
from azext_pythonapp.source.ignore import Rules, pattern_of
from tests.unit.source.folders import made, sent, sent_of
from tests.unit.source.git_tool import GitFolder, needs_git

TREE = (
    "app.py",
    "app.pyc",
    "README",
    "a b",
    "trail ",
    "#note",
    "!bang",
    "x[1].txt",
    "x1.txt",
    "back\\slash",
    "é.txt",
    "a\tb",
    "build/out.txt",
    "lib/build/out.txt",
    "lib/app.py",
    "lib/deep/er/app.py",
    "manual/a/b/c.md",
    "manual/c.md",
    "logs/today.log",
    "logs/keep.log",
    "logs/old/x.log",
)
# (lines of .gitignore, the files of TREE that are left out).
TABLE = [
    ("build", ["build/out.txt", "lib/build/out.txt"]),
    ("build/", ["build/out.txt", "lib/build/out.txt"]),
    ("/build", ["build/out.txt"]),
    ("lib/build", ["lib/build/out.txt"]),
    ("app.py", ["app.py", "lib/app.py", "lib/deep/er/app.py"]),
    ("app.py/", []),
    ("/app.py", ["app.py"]),
    ("lib/app.py", ["lib/app.py"]),
    ("lib/*/app.py", []),
    ("lib/**/app.py", ["lib/app.py", "lib/deep/er/app.py"]),
    ("lib/**", ["lib/app.py", "lib/build/out.txt", "lib/deep/er/app.py"]),
    ("**/app.py", ["app.py", "lib/app.py", "lib/deep/er/app.py"]),
    ("**/er/app.py", ["lib/deep/er/app.py"]),
    ("manual**/c.md", ["manual/a/b/c.md", "manual/c.md"]),
    ("manual/a**", ["manual/a/b/c.md"]),
    ("manual/?**/c.md", []),
    ("*.py[co]", ["app.pyc"]),
    ("*.py[!c]", []),
    ("x[1].txt", ["x1.txt"]),
    ("x\\[1\\].txt", ["x[1].txt"]),
    ("x[[:digit:]].txt", ["x1.txt"]),
    ("x[[:digits:]].txt", []),
    ("x[", []),
    ("back\\\\slash", ["back\\slash"]),
    ("README\\", []),
    ("R?ADME", ["README"]),
    ("?.txt", []),
    ("??.txt", ["x1.txt", "é.txt"]),
    ("a?b", ["a b", "a\tb"]),
    ("a\\ b", ["a b"]),
    ("README   ", ["README"]),
    ("README\t", []),
    ("trail ", []),
    ("trail\\ ", ["trail "]),
    ("# app.py", []),
    ("\\#note", ["#note"]),
    ("#note", []),
    ("\\!bang", ["!bang"]),
    ("!bang", []),
    ("\r\napp.pyc\r\n\r\n", ["app.pyc"]),
    ("logs/*\n!logs/keep.log", ["logs/old/x.log", "logs/today.log"]),
    ("logs/\n!logs/keep.log", ["logs/keep.log", "logs/old/x.log", "logs/today.log"]),
    ("!logs/keep.log\nlogs/*", ["logs/keep.log", "logs/old/x.log", "logs/today.log"]),
    ("/*\n!/lib\n/lib/*\n!/lib/app.py", [each for each in TREE if each != "lib/app.py"]),
    ("/", []),
    ("//build", []),
    ("build//", []),
    ("**", list(TREE)),
    ("*.LOG", []),
]
PIECES = ["*", "**", "?", "/", "/", "a", "b", "x", "\\", "[a-c]", "[!a]", "[^b-]", "[]a]", "[", "]", "[[:alpha:]]"]
PIECES += [
    "[[:space:][:upper:]]",
    "[[:no:]]",
    "[[:",
    "[\\]a]",
    "!",
    "#",
    " ",
    "\t",
    "\r",
    "-",
    "é",
    ".txt",
    "/**/",
    "\0",
    "A",
    "\\B",
    "[A-Z]",
    "[B]",
    "[!A-C]",
    "[[:upper:]-]",
]
SMALL = (
    "a",
    "ab",
    "b",
    "x a",
    "a.txt",
    "é",
    "A",
    "-",
    "]",
    "d/a",
    "d/b.txt",
    "d/a b/c",
    "d/x/b",
    "b ",
    "#a",
    "!a",
    "xd/a",
    "d/Ab",
    "D/x",
    "TXT.TXT",
)


@pytest.fixture(scope="module")
def git_tree(tmp_path_factory):
    folder = GitFolder(tmp_path_factory.mktemp("git") / "tree")
    made(folder.folder, TREE)
    return folder


@pytest.fixture(scope="module")
def small_trees(tmp_path_factory):
    """The same files in a repository where the case of a pattern counts, and in one where it does not."""
    folders = [GitFolder(tmp_path_factory.mktemp("git") / "small", ignores_case) for ignores_case in (False, True)]
    for folder in folders:
        made(folder.folder, SMALL)
    return folders


@pytest.mark.parametrize(("lines", "expected"), TABLE)
def test_pattern_of_the_table(lines, expected, tmp_path):
    kept = set(sent_of(tmp_path, [*TREE, ".gitignore"])) - {".gitignore"}
    assert kept == set(TREE)
    (tmp_path / ".gitignore").write_bytes(lines.encode("utf-8"))
    assert sorted(kept - set(sent(read_source(tmp_path)))) == sorted(expected)


@needs_git
@pytest.mark.parametrize(("lines", "expected"), TABLE)
def test_the_table_is_what_git_says(lines, expected, git_tree):
    (git_tree.folder / ".gitignore").write_bytes(lines.encode("utf-8"))
    assert sorted(set(TREE) - git_tree.kept()) == sorted(expected)


@needs_git
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_generated_patterns_as_in_git(small_trees, data):
    small_tree = data.draw(st.sampled_from(small_trees))
    patterns = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=4).map("\n".join)
    root, nested = data.draw(patterns), data.draw(patterns)
    command = data.draw(
        st.lists(st.lists(st.sampled_from(PIECES[:20]), min_size=1, max_size=5).map("".join), max_size=2)
    )
    # git takes "./" of a command line literally, and no blank pattern is accepted here.
    command = [each for each in command if each.strip() and not each.lstrip("!").startswith("./")]
    folder = small_tree.folder
    (folder / ".gitignore").write_text(root, encoding="utf-8", newline="")
    (folder / "d" / ".gitignore").write_text(nested, encoding="utf-8", newline="")
    assert set(sent(read_source(folder, command))) == small_tree.kept(patterns=tuple(command))


def test_byte_order_mark_is_no_part_of_a_pattern(tmp_path):
    assert sent_of(tmp_path, {".gitignore": codecs.BOM_UTF8 + b"a.txt", "a.txt": ""}) == [".gitignore"]


def test_file_in_utf_16_is_read(tmp_path):
    content = codecs.BOM_UTF16_LE + "secret.txt\r\n*.log\r\n".encode("utf-16-le")
    assert sent_of(tmp_path, {".gitignore": content, "secret.txt": "", "x.log": "", "app.py": ""}) == [
        ".gitignore",
        "app.py",
    ]


def test_case_counts_only_where_git_says_so():
    assert Rules.parse(b"[Bb]in/\nDist", "", "", ignores_case=False).match("dist", True) is None
    assert Rules.parse(b"[Bb]in/\nDist", "", "", ignores_case=True).match("dist", True).text == "Dist"


@needs_git
@pytest.mark.parametrize(
    "lines",
    ["*.TXT", "d/A*", "[^b]b", "[!A-Z]", "\\A", "\\b", "[B]", "[A-C]", "[[:upper:]]", "[^[:upper:]]b", "/D/**", "D/"],
)
def test_case_is_ignored_as_in_git(small_trees, lines):
    folder = small_trees[1].folder
    (folder / ".gitignore").write_text(lines)
    (folder / "d" / ".gitignore").unlink(missing_ok=True)
    assert set(sent(read_source(folder))) == small_trees[1].kept()


@needs_git
@pytest.mark.parametrize(
    "config",
    [
        "",
        "[core]\n\tignorecase = true\n",
        "[Core]\r\n\tignoreCase=TRUE ; as on Windows\r\n",
        "[core] ignorecase\n",
        "[core]\nignorecase =\n",
        '[core]\nignorecase = "yes"\n[remote "core"]\nignorecase = false\n',
        "[core]\nignorecase = true\n[user]\nname = x\n[core]\nignorecase = off\n",
        '[core "sub"]\nignorecase = true\n',
        "[core]\n# ignorecase = true\n",
    ],
)
def test_ignorecase_is_read_as_git_reads_it(config, tmp_path, monkeypatch):
    monkeypatch.setattr("azext_pythonapp.source.repository.IGNORES_CASE", False)
    git = GitFolder(tmp_path / "tree")
    made(git.folder, {".gitignore": "Build/\n", "build/x": "", "app.py": "", "web/build/y": ""})
    (git.folder / ".git" / "config").write_bytes(b"[core]\n\trepositoryformatversion = 0\n" + config.encode())
    assert set(sent(read_source(git.folder))) == git.kept()
    assert set(sent(read_source(git.folder / "web"))) == git.kept("web")


def test_nested_file_overrides_the_one_above(tmp_path):
    files = {
        ".gitignore": "*.txt\n/lib/special\n",
        "a.txt": "",
        "lib/.gitignore": "!keep.txt\n/only.py\n",
        "lib/keep.txt": "",
        "lib/other.txt": "",
        "lib/only.py": "",
        "lib/deep/only.py": "",
        "lib/deep/keep.txt": "",
        "lib/special/x.py": "",
        "only.py": "",
    }
    assert sent_of(tmp_path, files) == [
        ".gitignore",
        "lib/.gitignore",
        "lib/deep/keep.txt",
        "lib/deep/only.py",
        "lib/keep.txt",
        "only.py",
    ]


def test_many_stars_take_no_time(tmp_path):
    rules = Rules.parse(b"**/**/**/**/**/**/**/**/**/**/**/x\n" + b"*a" * 12 + b"b", "", "", ignores_case=False)
    assert rules.match("/".join("d" * 200), False) is None
    assert rules.match("/".join("d" * 200) + "/x", False) is not None
    assert rules.match("a" * 40, False) is None


@pytest.mark.parametrize("path", ["a b", "x[1].txt", "what?*", "back\\slash", "end ", "two  ", "!bang", "#note", "d/é"])
def test_pattern_of_a_path_is_for_it_alone(path):
    rules = Rules.of_patterns([pattern_of(path)], "", "")
    assert rules.match(path, False) is not None
    assert rules.match(f"other/{path}", False) is None
    assert rules.match("x1.txt", False) is None
    assert Rules.parse(pattern_of(path).encode(), "", "").match(path, False) is not None
