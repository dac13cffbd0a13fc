"""Which files of a folder are sent, and what is said of the others."""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from pathlib import Path

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.folder import read_source
from tests.unit.source.folders import made, sent, sent_of

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def linked(folder: Path, path: str, target: str) -> None:
    """Create a symbolic link in a folder; target: relative to the link, or absolute."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(target, place, target_is_directory=(place.parent / target).is_dir())
    except OSError as error:
        pytest.skip(f"no symbolic links here: {error}")


def left_out(folder: Path, *exclude: str) -> str | None:
    """Return the sentence about what is left out."""
    return read_source(folder, exclude).left_out_sentence


def test_files_are_listed_with_size_time_and_hashes(tmp_path):
    made(tmp_path, {"b.py": "two", "a/x.py": "one\n", "a.py": ""})
    os.utime(tmp_path / "b.py", (1_700_000_000, 1_700_000_000.25))
    source = read_source(tmp_path)
    assert [(each.path, each.size) for each in source.files] == [("a.py", 0), ("a/x.py", 4), ("b.py", 3)]
    last = source.files[-1]
    assert (last.file, last.mtime) == (tmp_path / "b.py", 1_700_000_000.25)
    assert (last.sha256, last.crc32) == (hashlib.sha256(b"two").hexdigest(), zlib.crc32(b"two"))
    assert source.files[1].content() == b"one\n"
    assert source.size == 7
    assert source.left_out_sentence is None


def test_hash_is_read_only_when_it_is_asked_for(tmp_path, monkeypatch):
    source = read_source(made(tmp_path, {"a.py": "x"}))
    opened = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *rest: opened.append(self.name) or real(self, *rest))
    assert opened == []
    assert (source.files[0].sha256, source.files[0].crc32) == (source.files[0].sha256, zlib.crc32(b"x"))
    assert opened == ["a.py"]


def test_what_is_never_sent_is_said(tmp_path):
    made(
        tmp_path,
        [
            "app.py",
            ".git/HEAD",
            ".hg/x",
            ".azure/config",
            "__pycache__/app.pyc",
            "web/__pycache__/x.pyc",
            "web/node_modules/a/index.js",
            "web/x.py",
            ".env",
            ".venv/pyvenv.cfg",
            ".venv/lib/x.py",
        ],
    )
    source = read_source(tmp_path)
    assert sent(source) == ["app.py", "web/x.py"]
    assert source.left_out_sentence == (
        "Left out: .azure, .env, .git, .hg, 2 __pycache__ folders, web/node_modules, .venv (virtual environment)."
    )


@pytest.mark.parametrize("name", [".git", ".env", ".ENV", ".env.local", ".env.production.local"])
def test_files_that_are_never_sent(name, tmp_path):
    assert sent_of(tmp_path, ["app.py", name, f"web/{name}"]) == ["app.py"]


@pytest.mark.parametrize(
    "name", [".env.example", ".env.production", "env", "dot.env", ".gitattributes", "node_modules"]
)
def test_files_with_names_that_are_alike_are_sent(name, tmp_path):
    assert sent_of(tmp_path, ["app.py", name]) == sorted([name, "app.py"])


def test_nothing_brings_back_what_is_never_sent(tmp_path):
    made(tmp_path, {".gitignore": "!.env\n!.venv/\n", ".env": "S=1", ".venv/pyvenv.cfg": "", "app.py": ""})
    assert sent(read_source(tmp_path, ["!.env", "!*"])) == [".gitignore", "app.py"]


@pytest.mark.parametrize(
    "marks",
    [
        ["pyvenv.cfg"],
        ["PyVenv.cfg"],
        ["Scripts/activate", "Scripts/python.exe"],
        ["bin/activate", "bin/python"],
        ["Scripts/activate", "Scripts/activate_this.py", "Scripts/pip-script.py", "Lib/site-packages/bottle.py"],
        ["Scripts/activate", "Scripts/activate.bat"],
        ["conda-meta/history"],
    ],
)
def test_virtual_environments_of_any_name_are_left_out(marks, tmp_path):
    made(tmp_path, ["app.py", "tools/py39/lib/x.py", *(f"tools/py39/{each}" for each in marks)])
    assert sent(read_source(tmp_path)) == ["app.py"]
    assert left_out(tmp_path) == "Left out: tools/py39 (virtual environment)."


@pytest.mark.parametrize("files", [["env/bin/activate"], ["env/bin/python"], ["venv/app.py"], ["conda-meta/x"]])
def test_folders_that_are_no_environments_are_sent(files, tmp_path):
    assert sent_of(tmp_path, files) == files


def test_environment_in_the_folder_itself(tmp_path):
    files = ["pyvenv.cfg", "bin/activate", "bin/python", "lib/python3.11/site-packages/x.py", "include/python3.11/x.h"]
    made(tmp_path, ["app.py", "web/x.py", *files])
    assert sent(read_source(tmp_path)) == ["app.py", "web/x.py"]
    assert left_out(tmp_path) == "Left out: bin, include, lib, pyvenv.cfg (of a virtual environment)."


def test_own_folders_beside_an_environments_files_are_sent(tmp_path):
    files = ["app.py", "bin/tool.py", "include/mine.h", "lib/mine.py"]
    assert sent_of(tmp_path, [*files, "pyvenv.cfg"]) == files


def test_sentence_counts_what_gitignore_and_exclude_leave_out(tmp_path):
    made(tmp_path, {".gitignore": "*.log\nbuild/\n", "web/.gitignore": "*.css", "app.py": ""})
    made(tmp_path, ["a.log", "web/b.log", "web/x.css", "build/x", "tests/test_a.py", "web/tests/test_b.py", "x.md"])
    source = read_source(tmp_path, ["tests/", "*.md"])
    assert sent(source) == [".gitignore", "app.py", "web/.gitignore"]
    assert source.left_out_sentence == (
        "Left out: 3 files and 1 folder of .gitignore (a.log, build, web/b.log and 1 more), "
        "1 file of --exclude *.md, 2 folders of --exclude tests/."
    )
    assert source.unmatched == ()


def test_exclude_comes_last_and_is_relative_to_the_folder(tmp_path):
    made(tmp_path, {".gitignore": "*.txt\n", "a.txt": "", "web/a.txt": "", "web/b.py": "", "b.py": ""})
    assert sent(read_source(tmp_path, ["!/a.txt", "/b.py"])) == [".gitignore", "a.txt", "web/b.py"]
    assert sent(read_source(tmp_path, ["./b.py", "./web"])) == [".gitignore"]
    assert sent(read_source(tmp_path, ["web", "!web"])) == [".gitignore", "b.py", "web/b.py"]


def test_patterns_that_leave_out_nothing_are_known(tmp_path):
    made(tmp_path, ["app.py", "node_modules/x", "lib/x.py"])
    source = read_source(tmp_path, ["lgos/", "*.py", "node_modules", "!x.md", "lib/x.py"])
    assert source.unmatched == ("lgos/", "!x.md")
    assert source.unmatched_sentence.startswith("--exclude lgos/ --exclude '!x.md' matches nothing in ")
    assert read_source(tmp_path, ["lib"]).unmatched_sentence is None


@pytest.mark.parametrize("pattern", ["", "  "])
def test_blank_pattern_is_refused(pattern, tmp_path):
    with pytest.raises(InvalidInput, match="--exclude was given an empty pattern"):
        read_source(made(tmp_path, ["a"]), [pattern])


def test_subfolder_of_a_repository_obeys_the_files_above(tmp_path):
    made(
        tmp_path,
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            ".git/info/exclude": "*.bak\n/services/shop/mine.py\n",
            ".gitignore": "*.log\n/services/shop/local.py\n",
            "services/.gitignore": "*.tmp\n!keep.log\n",
            "services/shop/.gitignore": "!keep.tmp\n",
        },
    )
    shop = tmp_path / "services" / "shop"
    made(shop, ["app.py", "x.log", "keep.log", "x.tmp", "keep.tmp", "x.bak", "local.py", "mine.py", "deep/local.py"])
    source = read_source(shop, ["/deep"])
    assert sent(source) == [".gitignore", "app.py", "keep.log", "keep.tmp"]
    assert source.left_out_sentence == (
        "Left out: 2 files of .git/info/exclude (mine.py, x.bak), 3 files of .gitignore (local.py, x.log, x.tmp), "
        "1 folder of --exclude /deep."
    )


@pytest.mark.parametrize("line", ["dist", "dist/", "/out", "/*"])
def test_folder_that_is_ignored_itself_is_sent_when_named(line, tmp_path):
    made(tmp_path, {".git/HEAD": "", ".gitignore": f"{line}\n*.txt\n", "out/dist/app.py": "", "out/dist/a.txt": ""})
    assert sent(read_source(tmp_path / "out" / "dist")) == ["a.txt", "app.py"]


def test_files_above_do_not_count_outside_of_a_repository(tmp_path):
    made(tmp_path, {".gitignore": "*.txt\n", "app/a.txt": "", "app/app.py": "", ".git/config": ""})
    assert sent(read_source(tmp_path / "app")) == ["a.txt", "app.py"]


def test_further_worktree_has_the_excludes_of_its_repository(tmp_path):
    made(
        tmp_path,
        {
            "main/.git/HEAD": "",
            "main/.git/info/exclude": "*.bak\n",
            "main/.git/worktrees/two/HEAD": "",
            "main/.git/worktrees/two/commondir": "../..\n",
            "two/.git": f"gitdir: {tmp_path}/main/.git/worktrees/two\n",
            "two/app.py": "",
            "two/a.bak": "",
        },
    )
    assert sent(read_source(tmp_path / "two")) == ["app.py"]
    assert left_out(tmp_path / "two") == "Left out: .git, 1 file of .git/info/exclude (a.bak)."


def test_links_inside_of_the_folder_are_followed(tmp_path):
    made(tmp_path, {"shared/a.py": "x", "shared/deep/b.py": "", "app.py": ""})
    linked(tmp_path, "web/shared", "../shared")
    linked(tmp_path, "main.py", "app.py")
    source = read_source(tmp_path)
    expected = ["app.py", "main.py", "shared/a.py", "shared/deep/b.py", "web/shared/a.py", "web/shared/deep/b.py"]
    assert sent(source) == expected
    assert source.files[4].content() == b"x"
    assert source.left_out_sentence is None


def test_links_in_a_circle_end(tmp_path):
    made(tmp_path, ["a/x.py", "b/y.py"])
    linked(tmp_path, "self", ".")
    linked(tmp_path, "a/b", "../b")
    linked(tmp_path, "b/a", "../a")
    source = read_source(tmp_path)
    assert sent(source) == ["a/b/y.py", "a/x.py", "b/a/x.py", "b/y.py"]
    assert "3 symbolic links to folders that they are in (a/b/a, b/a/b, self)" in source.left_out_sentence


def test_links_that_lead_nowhere_are_left_out(tmp_path):
    made(tmp_path, ["app.py"])
    linked(tmp_path, ".#app.py", "me@host.123")
    assert left_out(tmp_path) == "Left out: .#app.py (a broken symbolic link)."
    linked(tmp_path, "loop", "loop")
    assert left_out(tmp_path) == "Left out: 2 broken symbolic links (.#app.py, loop)."
    assert sent(read_source(tmp_path)) == ["app.py"]


def test_links_that_lead_out_are_refused(tmp_path):
    made(tmp_path, ["common/x.py", "secret.txt", "app/app.py"])
    app = tmp_path / "app"
    linked(app, "common", "../common")
    linked(app, "notes.txt", "../secret.txt")
    with pytest.raises(InvalidInput) as caught:
        read_source(app)
    assert caught.value.message == (
        f"2 symbolic links lead out of '{app}': common (to {tmp_path}/common), notes.txt (to {tmp_path}/secret.txt). "
        "Only files of that folder are sent."
    )
    assert caught.value.recommendation == (
        "Copy what the app needs into the folder, or leave it out, for example with `--exclude /common`."
    )
    assert sent(read_source(app, ["/common", "*.txt"])) == ["app.py"]


def test_links_to_what_is_never_sent_are_left_out(tmp_path):
    made(tmp_path, ["outside/pyvenv.cfg", "outside/lib/x.py", "app/app.py", "app/.env", "app/node_modules/m/i.js"])
    app = tmp_path / "app"
    linked(app, "settings.txt", ".env")
    linked(app, "modules", "node_modules/m")
    linked(app, "environment", "../outside")
    assert sent(read_source(app)) == ["app.py"]


def test_folder_that_is_a_link_itself(tmp_path):
    made(tmp_path, ["real/app.py", "real/lib/x.py"])
    linked(tmp_path, "link", "real")
    linked(tmp_path / "real", "y.py", "lib/x.py")
    assert sent(read_source(tmp_path / "link")) == ["app.py", "lib/x.py", "y.py"]


@posix
def test_pipes_and_sockets_are_left_out(tmp_path):
    made(tmp_path, ["app.py"])
    os.mkfifo(tmp_path / "pipe")
    assert sent(read_source(tmp_path)) == ["app.py"]
    assert left_out(tmp_path) == "Left out: pipe (neither a file nor a folder)."


def test_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    source = read_source(made(tmp_path, {"a [1].py": "x"}))

    def denied(self, *rest):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InvalidInput) as caught:
        _ = source.files[0].sha256
    assert caught.value.message == f"'{tmp_path / 'a [1].py'}' cannot be read: Permission denied."
    assert "`--exclude '/a \\[1].py'`" in caught.value.recommendation


def test_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    made(tmp_path, ["app.py", "private/x.py"])
    real = os.scandir

    def scandir(path):
        if str(path).endswith("private"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InvalidInput, match="private' cannot be read: Permission denied"):
        read_source(tmp_path)
    assert sent(read_source(tmp_path, ["private/"])) == ["app.py"]


def test_rules_that_cannot_be_read_stop_everything(tmp_path, monkeypatch):
    made(tmp_path, {"app.py": "", ".gitignore": "secret"})

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(InvalidInput, match=r"\.gitignore' cannot be read \(Permission denied\), so it is not known"):
        read_source(tmp_path)


def test_folder_named_gitignore_is_a_folder(tmp_path):
    assert sent_of(tmp_path, [".gitignore/x.txt", "app.py"]) == [".gitignore/x.txt", "app.py"]


def test_file_that_changed_since_the_listing_is_an_error(tmp_path):
    source = read_source(made(tmp_path, {"app.log": "one"}))
    (tmp_path / "app.log").write_text("one and more", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"app\.log' changed while this command ran") as caught:
        _ = source.files[0].sha256
    assert "`--exclude /app.log`" in caught.value.recommendation


def test_file_that_grows_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    file = read_source(made(tmp_path, {"app.log": "one"})).files[0]
    blocks = file._blocks()
    assert next(blocks) == b"one"
    with (tmp_path / "app.log").open("ab") as more:
        more.write(b"two")
    with pytest.raises(InvalidInput, match="changed while this command ran"):
        list(blocks)


def test_case_does_not_count_when_a_file_is_looked_for(tmp_path):
    source = read_source(made(tmp_path, ["Web/Straße.py"]))
    assert source.find("web/STRAßE.PY").path == "Web/Straße.py"
    assert source.find("web/strasse.py") is None


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_names_that_are_not_valid_unicode_are_listed(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_bytes(b"x")
    (tmp_path / os.fsdecode(b"\xe9.log")).write_bytes(b"x")
    (tmp_path / ".gitignore").write_bytes(b"*.log\n")
    source = read_source(tmp_path)
    assert sent(source) == [".gitignore", os.fsdecode(b"caf\xe9.py")]
    assert source.files[1].content() == b"x"


def test_node_modules_is_not_entered(tmp_path, monkeypatch):
    made(tmp_path, ["app.py", "node_modules/a/b/c.js", "ignored/x/y", ".venv/pyvenv.cfg", ".venv/lib/x", "web/x.py"])
    made(tmp_path, {".gitignore": "ignored/\n"})
    entered = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: entered.append(os.path.relpath(path, tmp_path)) or real(path))
    read_source(tmp_path)
    assert sorted(set(entered)) == [".", ".venv", "web"]


def test_very_deep_folders(tmp_path):
    deep = tmp_path
    for _ in range(60):
        deep /= "d"
    made(deep, ["x.py"])
    assert sent(read_source(tmp_path)) == ["d/" * 60 + "x.py"]
