"""Lines that only the worker's pip can judge are left to it; those that no pip there could install are refused before."""

from __future__ import annotations

import codecs
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.operations.package.requirement_files import local_files, require_possible
from azext_pythonapp.packages.package_plan import plan_changes
from azext_pythonapp.packages.requirement_lines import decode
from azext_pythonapp.packages.requirements import TargetEnvironment, parse
from azext_pythonapp.packages.worker_places import impossible, place

PYTHON = TargetEnvironment("3.8.10", "x64")


@pytest.mark.parametrize(
    "line, name",
    [
        ("flask==1.0;", "flask"),
        ("itsdangerous>=2.1.*", "itsdangerous"),
        ("x==1.0-custom+odd!", "x"),
        ('connectorx>="0.3.2a8"', "connectorx"),
        ("itsdangerous==2.2.0  --no-deps", "itsdangerous"),
        ("a ; extra ==", "a"),
        ("six --no-such-option=1", "six"),
        ("uvicorn[standard]>=0.1.*", "uvicorn"),
        ("a ; python_versoin > '3'", "a"),
        ("--use-wheel", None),
        ("--allow-external mysql", None),
        ("--process-dependency-links", None),
        ("--pre --no-build-isolation", None),
        ("--new-option-of-pip-30 x", None),
        ("not a requirement!", None),
        ("-f 'unbalanced", None),
        ("-r", None),
    ],
)
def test_a_line_that_is_not_known_is_planned_as_unknown(line, name):
    (requirement,) = parse(f"# comment\n{line}\n").requirements
    assert not requirement.known and not requirement.pinned and requirement.line == 2
    (change,) = plan_changes([requirement], {}, PYTHON)
    assert (change.name, change.action, change.before, change.after) == (name or line, "install", None, "unknown")
    if name:
        (change,) = plan_changes([requirement], {name: "1.0"}, PYTHON)
        assert (change.action, change.before, change.after) == ("update", "1.0", "unknown")


@pytest.mark.parametrize(
    "line, source, known",
    [
        (".[web]", ".[web]", True),
        ("..", "..", True),
        ("-e .[a,b]", ".[a,b]", True),
        (r".\pkg[x]", r".\pkg[x]", True),
        ("x@https://h/x.zip", "https://h/x.zip", True),
        ("x-1.0.tar.bz2", "x-1.0.tar.bz2", True),
        ("pkg/ ; python_version < '4'", "pkg/", True),
        ("sub/x ; what", "sub/x", False),
    ],
)
def test_folders_and_archives(line, source, known):
    (requirement,) = parse(line).requirements
    assert (requirement.source, requirement.known) == (source, known)


def test_options_as_pip_reads_them():
    file = parse(
        "six -C x=y --hash=sha256:aa --config-settings a=b\n--requirem base.txt\n--extra-index http://h --pre extra-word\n"
        "-e . --config-settings editable_mode=compat\n-fhttp://links\n"
    )
    assert [(each.name or each.source, each.known, each.hashes) for each in file.requirements] == [
        ("six", True, ("sha256:aa",)),
        (".", True, ()),
    ]
    assert file.includes == ("base.txt",)
    assert file.options[:2] == (("--extra-index-url", "http://h"), ("--pre", ""))
    assert ("--find-links", "http://links") in file.options


@pytest.mark.parametrize(
    "content, line",
    [
        (b"flask==3.0.3\r\n" + "waitress\r\n".encode("utf-16-le"), 2),
        ("six\r\nflask\r\n".encode("utf-16-le"), 1),
        (codecs.BOM_UTF16_LE + "flask==3.0.3\r\n".encode("utf-16-le") + b"waitress==2.0\r\n", 2),
        (codecs.BOM_UTF16_LE + "flask==3.0.3\r\n".encode("utf-16-le") + b"waitress==2.00\r\n", 2),
        (codecs.BOM_UTF16_BE + "flask\n".encode("utf-16-be") + b"waitress==2.00\r\n", 2),
    ],
)
def test_half_utf_16_is_one_sentence_without_nul(content, line):
    with pytest.raises(InvalidInput) as caught:
        parse(content, "r.txt")
    text = caught.value.message + caught.value.recommendation
    assert caught.value.message.startswith(f"r.txt:{line}: ") and "\0" not in text and "UTF-16" in text
    assert all(ord(character) < 128 for character in text)


def test_other_encodings_are_read():
    assert decode(b"# caf\xe9 \x9d\nsix\n").endswith("\nsix\n")
    assert decode(codecs.BOM_UTF16_LE + "# 漢字 汦獡\nflask\n".encode("utf-16-le")) == "# 漢字 汦獡\nflask\n"
    assert decode(b"six # \0\n") == "six # \0\n"
    with pytest.raises(InvalidInput, match="r.txt cannot be read as utf-16-le"):
        parse(codecs.BOM_UTF16_LE + b"a\0b\0\0", "r.txt")
    with pytest.raises(InvalidInput, match="cannot be read as ascii"):
        parse("# coding: ascii\né\n".encode())


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_in_one_sentence(content):
    try:
        parse(content)
    except InvalidInput as error:
        assert "\0" not in error.message and error.recommendation


@pytest.mark.parametrize(
    "text, kind, path",
    [
        ("file:///C:/b/abs_85o/croot/certifi_1690", "elsewhere", ""),
        ("file:///opt/conda/conda-bld/six_1605", "elsewhere", ""),
        ("C:\\Users\\me\\x.whl", "elsewhere", ""),
        ("c:usersmeshop", "elsewhere", ""),
        ("/opt/x.whl", "elsewhere", ""),
        ("git+file:///srv/repo@v1#egg=x", "elsewhere", ""),
        ("E:/home2/x", "elsewhere", ""),
        ("file://localhost/tmp/x", "elsewhere", ""),
        ("/home/user/x.whl", "home", "user/x.whl"),
        ("D:\\home\\site\\wwwroot\\x", "home", "site/wwwroot/x"),
        ("file:///C:/home/data/%C3%A9.whl", "home", "data/é.whl"),
        ("/home/site/../data/x", "home", "data/x"),
        ("D:\\local\\Temp\\x", "worker", ""),
        ("C:/Program Files (x86)/x", "worker", ""),
        ("D:/Python27/x", "worker", ""),
        ("//server/share/x", "unknown", ""),
        ("${X}/y", "unknown", ""),
        ("https://h/x", "url", ""),
        ("git+ssh://git@h/x", "url", ""),
        (".", "relative", "."),
        ("a\\b", "relative", "a/b"),
        ("../x", "relative", "../x"),
    ],
)
def test_where_paths_lead(text, kind, path):
    assert (place(text).kind, place(text).path) == (kind, path)


@pytest.mark.parametrize(
    "line",
    [
        "certifi @ file:///C:/b/abs/croot/certifi_1690",
        "six @ file:///opt/conda/conda-bld/six_1605",
        "itsdangerous=2.2.0=pyhd3eb1b0_0",
        "numpy=1.26",
        r"-e c:\users\me\shop",
        "/mnt/data/x.whl",
    ],
)
def test_lines_of_another_machine_are_refused(line):
    (requirement,) = parse(line).requirements
    reason, advice = impossible(requirement, uploaded=False)
    assert reason and advice


@pytest.mark.parametrize("line", [".", "-e .", "./wheels/x-1.0-py3-none-any.whl", "../shop", "x-1.0.zip"])
def test_files_beside_a_local_file_are_refused(line):
    (requirement,) = parse(line).requirements
    assert "--wheel-dir" in impossible(requirement, uploaded=True)[1]
    assert impossible(requirement, uploaded=False) is None


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "x @ https://h/x.whl",
        "git+https://h/x.git",
        "x @ ${URL}",
        "six>=1.*",
        "--use-wheel",
        "x @ file:///D:/local/x.whl",
        "//server/share/x.whl",
    ],
)
def test_what_may_work_is_left_to_pip(line):
    (requirement,) = parse(line).requirements
    assert impossible(requirement, uploaded=True) is None


def on_app(*names):
    def list_directory(folder):
        if folder != "user":
            raise NotFound(folder)
        return [SimpleNamespace(name=name) for name in names]

    return SimpleNamespace(
        kudu=SimpleNamespace(list_directory=list_directory, home=lambda: "D:\\home"),
        site=SimpleNamespace(label="app 'x'"),
    )


def test_the_error_names_file_line_and_the_others(tmp_path):
    path = tmp_path / "r.txt"
    path.write_text("six\nx @ file:///C:/b/work\ny @ file:///C:/b/work ; sys_platform == 'linux'\nz @ file:///tmp/z\n")
    with pytest.raises(InvalidInput) as caught:
        require_possible(on_app(), local_files(str(path), None, None), PYTHON)
    assert caught.value.message.startswith("r.txt:2: 'x @ file:///C:/b/work' cannot be installed on app 'x': ")
    assert "So do 1 more lines: r.txt:4." in caught.value.message
    path.write_text("y @ file:///C:/b/work ; sys_platform == 'linux'\n")
    require_possible(on_app(), local_files(str(path), None, None), PYTHON)


def test_a_path_below_home_is_looked_for(tmp_path):
    path = tmp_path / "r.txt"
    path.write_text("/home/user/X.whl\n")
    files = local_files(str(path), None, None)
    require_possible(on_app("x.whl"), files, PYTHON)
    with pytest.raises(InvalidInput, match=r"D:\\home\\user\\X.whl is not there"):
        require_possible(on_app("y.whl"), files, PYTHON)
    path.write_text("/home/nobody/pkg[extra]\n")
    with pytest.raises(InvalidInput, match="r.txt:1: "):
        require_possible(on_app(), local_files(str(path), None, None), PYTHON)
