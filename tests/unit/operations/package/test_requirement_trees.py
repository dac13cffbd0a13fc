"""A local requirements file goes up with all that it includes; the app's own is read with what it includes there."""

from __future__ import annotations

import codecs
import os

import pytest

from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.operations.package.requirement_files import local_files
from azext_pythonapp.operations.package.requirement_trees import local_tree, tree_on_app
from azext_pythonapp.packages.pip import HomeFile
from azext_pythonapp.packages.requirements import parse
from azext_pythonapp.packages.windows_names import is_safe


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


def resolved(contents, main, seen=()):
    """All requirement lines that pip would come to from a file of the worker's folder, following its references."""
    assert main in contents, f"{main} is named and was not uploaded"
    if main in seen:
        return []
    parsed = parse(contents[main], main)
    found = [each.text for each in parsed.requirements]
    for reference in (*parsed.includes, *parsed.constraints):
        target = os.path.normpath(os.path.join(os.path.dirname(main), reference.replace("\\", "/")))
        found += resolved(contents, target, (*seen, main))
    return found


def test_a_file_above_goes_up_too_and_its_reference_is_rewritten(write):
    write("requirements.txt", "itsdangerous==2.2.0\n")
    main = write("requirements/prod.txt", "# of production\n-r ../requirements.txt\nsix\n")
    tree = local_tree(main, "requirements")
    assert list(tree.contents)[0] == "requirements/prod.txt" and len(tree.contents) == 2
    assert sorted(resolved(tree.contents, "requirements/prod.txt")) == ["itsdangerous==2.2.0", "six"]
    assert [(each.text, each.line) for each in parse(tree.contents["requirements/prod.txt"]).requirements] == [
        ("six", 3)
    ]
    assert [each.name for each in tree.requirements] == ["six", "itsdangerous"] and tree.covered


def test_files_that_need_no_rewriting_go_up_as_they_are(write):
    content = codecs.BOM_UTF16_LE + "-r 'sub/größe %A%.txt'\nsix\n".encode("utf-16-le")
    main = write("r.txt", content)
    write("sub/größe %A%.txt", b"# caf\xe9\nitsdangerous\n-c ../r.txt\n")
    tree = local_tree(main, "requirements")
    assert tree.contents == {
        "requirements/r.txt": content,
        "requirements/sub/größe %A%.txt": b"# caf\xe9\nitsdangerous\n-c ../r.txt\n",
    }


@pytest.mark.parametrize(
    "name",
    [
        "a:b.txt",
        "con.txt",
        "NUL",
        "com1.log.txt",
        "dot.",
        "blank ",
        "a<b>|?*.txt",
        'q"uote.txt',
        "back\\slash.txt",
        "x" * 200 + ".txt",
        "tab\tname.txt",
        "${HOME}.txt",
        "a #b.txt",
        "lpt².txt",
    ],
)
def test_a_name_that_windows_cannot_hold_becomes_a_safe_one(write, name):
    path = write(name, "itsdangerous==2.2.0\n")
    tree = local_tree(path, "requirements")
    (uploaded,) = tree.contents
    assert is_safe(uploaded) and tree.contents[uploaded] == b"itsdangerous==2.2.0\n"
    assert not any(character in uploaded for character in '<>:"|?*\\')


@pytest.mark.parametrize(
    "written, name",
    [
        ('-r "a:b.txt"', "a:b.txt"),
        ("-r con.txt", "con.txt"),
        ("--requirement=dot.", "dot."),
        ("-c'aux .txt' --pre", "aux .txt"),
        ("--constr 'nul.txt'", "nul.txt"),
        (r'-r "sub\x.txt"', "sub/x.txt"),
        ("-r sub/../y.txt", "y.txt"),
    ],
)
def test_references_follow_their_files(write, written, name):
    write(name, "itsdangerous==2.2.0\n")
    write("sub/here", "")
    main = write("main.txt", f"six\n{written}\n")
    tree = local_tree(main, "requirements")
    assert all(is_safe(path) for path in tree.contents)
    assert sorted(resolved(tree.contents, "requirements/main.txt")) == ["itsdangerous==2.2.0", "six"]
    assert ("--pre" in written) == (("--pre", "") in parse(tree.contents["requirements/main.txt"]).options)


def test_names_that_differ_in_case_only_become_two_files(write):
    write("Base.txt", "six\n")
    write("base.txt", "itsdangerous\n")
    write("base/BASE.TXT", "flask\n")
    main = write("main.txt", "-r Base.txt\n-r base.txt\n-r base/BASE.TXT\n")
    tree = local_tree(main, "requirements")
    assert len({path.upper() for path in tree.contents}) == 4
    assert sorted(resolved(tree.contents, "requirements/main.txt")) == ["flask", "itsdangerous", "six"]


def test_absolute_paths_and_file_urls_of_this_machine_go_up(write):
    base = write("elsewhere/base.txt", "six\n-r more.txt\n")
    write("elsewhere/more.txt", "flask\n-r ../proj/main.txt\n")
    main = write("proj/main.txt", f"-r {base}\n-c file://{base}\n")
    tree = local_tree(main, "requirements")
    assert set(resolved(tree.contents, "requirements/main.txt")) == {"six", "flask"}
    assert len(tree.contents) == 3 and [each.name for each in tree.requirements] == ["six", "flask"]
    assert {each.name for each in tree.constraints} == {"six", "flask"}


def test_a_missing_include_is_named_with_the_line(write):
    main = write("main.txt", "six\n-r ../absent.txt\n")
    with pytest.raises(InvalidInput, match=r"absent\.txt', which main\.txt:2 includes, cannot be read"):
        local_tree(main, "requirements")


@pytest.mark.parametrize(
    "line",
    [
        "-r https://me:pw@h/base.txt",
        "-c https://h/c.txt",
        "--constraint https://h/c.txt",
        "-r ${BASE}/x.txt",
        "-r D:/home/site/wwwroot/requirements.txt",
        "-r /home/site/x.txt",
        "-r https://h/base.txt --pre",
    ],
)
def test_worker_only_files_are_never_taken_as_unchanged(write, line):
    files = local_files(str(write("main.txt", f"{line}\nsix==1.16.0\n")), None, None)
    assert not files.covered and not files.pinned and len(files.unseen) == 1 and "pw" not in files.unseen[0]
    assert files.uploads["requirements/main.txt"].decode().startswith(line)


@pytest.mark.parametrize(
    "line",
    [
        ".",
        "-e .",
        ".[web]",
        "./wheels/x-1.0-py3-none-any.whl",
        "sub/folder",
        "--find-links wheels",
        "-f ./wheels",
        "x @ https://h/x.zip",
        "git+https://h/x.git#egg=x",
        "-e git+ssh://git@h/x.git@v1",
        "git+https://h/x.git@main",
        "x==${VERSION}",
        "x @ file:///D:/home/x.whl --hash=sha256:ab",
        "x.tar.gz",
        "--some-new-option file.txt",
    ],
)
def test_what_may_change_unseen_is_not_covered(write, line):
    assert not local_files(str(write("main.txt", f"{line}\n")), None, None).covered
    assert not local_files(str(write("six.txt", "six\n")), str(write("c.txt", f"{line}\n")), None).covered


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "six==1.16.0 --hash=sha256:ab",
        "six>=1.0.*",
        'six>="1"',
        "six==1.0;",
        "--use-wheel",
        "--index-url https://h/simple",
        "-f https://h/links",
        "six -C x=y",
        "--allow-external six",
        "git+https://h/x.git@0123456789abcdef0123456789abcdef01234567#egg=x",
        f"https://h/x-1.0-py3-none-any.whl#sha256={'0' * 64}",
        f"x @ https://h/x.whl --hash=sha256:{'0' * 64}",
    ],
)
def test_what_the_text_settles_is_covered(write, line):
    assert local_files(str(write("main.txt", f"{line}\n")), None, None).covered


def test_an_address_for_the_file_itself_travels_in_a_file():
    files = local_files("https://me:pw@h/r.txt?sig=x", "https://h/c.txt", None)
    assert files.uploads == {
        "requirements/requirements.txt": b"-r 'https://me:pw@h/r.txt?sig=x'\n",
        "constraints/constraints.txt": b"-c https://h/c.txt\n",
    }
    assert not files.covered and "pw" not in files.name


def on_app(contents):
    def read(path):
        if path not in contents:
            raise NotFound(path)
        return contents[path]

    return read


def test_the_apps_files_are_watched_wherever_they_are_below_home():
    files = {
        "site/wwwroot/requirements.txt": b"-r ../shared/common.txt\n-r D:\\\\home\\\\data\\\\x.txt\n-c /home/site/c.txt\n"
        b"--find-links ../links\n--index-url https://u:p@h/\n",
        "site/shared/common.txt": b"six\n-r more.txt\n",
        "site/shared/more.txt": b"--extra-index-url https://e/\nflask\n",
        "data/x.txt": b"click\n",
        "site/c.txt": b"click<9\n",
    }
    tree = tree_on_app(on_app(files), "site/wwwroot", "requirements.txt")
    assert tree.contents == files and not tree.unseen and not tree.covered
    assert [each.name for each in tree.requirements] == ["six", "flask", "click"]
    assert [each.text for each in tree.constraints] == ["click<9"]
    assert tree.sources == [
        ("--extra-index-url", "https://e/"),
        ("--find-links", HomeFile("site/links")),
        ("--find-links", "../links"),
        ("--index-url", "https://u:p@h/"),
    ]


def test_includes_of_the_app_that_cannot_be_read_are_left_to_pip():
    files = {
        "site/wwwroot/requirements.txt": b"-r absent.txt\n-r ../../../x.txt\n-r C:/other/x.txt\n-r https://h/x\nsix\n"
    }
    tree = tree_on_app(on_app(files), "site/wwwroot", "requirements.txt")
    assert (
        tree.unseen == ["-r absent.txt", "-r ../../../x.txt", "-r C:/other/x.txt", "-r https://h/x"]
        and not tree.covered
    )
    with pytest.raises(NotFound):
        tree_on_app(on_app({}), "site/wwwroot", "requirements.txt")
