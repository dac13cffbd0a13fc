"""Reading requirements files and planning what pip would change."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.package_plan import plan_changes
from azext_pythonapp.packages.requirement_lines import decode
from azext_pythonapp.packages.requirements import TargetEnvironment, parse

PYTHON36 = TargetEnvironment("3.6.4", "x64")


def only(text):
    (requirement,) = parse(text).requirements
    return requirement


def test_names_specifiers_extras_markers_and_hashes():
    flask = only('Flask[async, dotenv] >=2,<3 ; python_version >= "3.6"  # the framework')
    assert (flask.name, flask.extras, str(flask.specifier)) == ("flask", ("async", "dotenv"), "<3,>=2")
    assert flask.applies(PYTHON36) and not flask.pinned
    numpy = only("numpy==1.19.5 \\\n    --hash=sha256:aa \\\n    --hash sha256:bb\n")
    assert (numpy.pinned, numpy.hashes) == (True, ("sha256:aa", "sha256:bb"))
    assert only("zope.interface").name == "zope-interface"
    assert not only("a==1.*").pinned


def test_files_and_options_are_told_apart():
    file = parse(
        "-r base.txt\n--requirement=more.txt\n-cpins.txt\n--constraint other.txt\n"
        "--index-url https://reader:s3cret@host/simple\n--no-index --find-links wheels\n-i http://b\n--pre\n"
    )
    assert file.includes == ("base.txt", "more.txt")
    assert file.constraints == ("pins.txt", "other.txt")
    assert file.options == (
        ("--index-url", "https://****@host/simple"),
        ("--no-index", ""),
        ("--find-links", "wheels"),
        ("--index-url", "http://b"),
        ("--pre", ""),
    )
    assert not file.pinned


def test_pinned_means_that_nothing_is_left_open():
    assert parse("a==1\nb===2 # x\n").pinned
    for text in ("a==1\nb\n", "a==1\n-r b.txt\n", "a @ https://h/a.zip\n", "a==${VERSION}\n"):
        assert not parse(text).pinned, text


@pytest.mark.parametrize(
    "line, name, source",
    [
        ("git+https://me:pw@host/y.git@v1#egg=Why", "why", "git+https://****@host/y.git@v1#egg=Why"),
        ("x @ https://u:${TOKEN}@h/x.zip", "x", "https://****@h/x.zip"),
        ("./wheels/Foo_bar-1.2-py3-none-any.whl", "foo-bar", "./wheels/Foo_bar-1.2-py3-none-any.whl"),
        (r"wheels\z-1.0-1-py3-none-any.whl", "z", r"wheels\z-1.0-1-py3-none-any.whl"),
        ("https://h/p/w-2.0-py3-none-any.whl#sha256=ab", "w", "https://h/p/w-2.0-py3-none-any.whl#sha256=ab"),
        ("-e .", None, "."),
        ("-e git+https://h/r#egg=r", "r", "git+https://h/r#egg=r"),
        ("sub/folder ; python_version < '4'", None, "sub/folder"),
        ("foo==${V}", "foo", "foo==${V}"),
    ],
)
def test_urls_and_paths(line, name, source):
    requirement = only(line)
    assert (requirement.name, requirement.source) == (name, source)
    assert requirement.applies(PYTHON36)


def test_variables_are_named():
    assert only("x @ https://u:${TOKEN}@h/${NAME}.zip").variables == ("TOKEN", "NAME")


def test_continuations_and_comments_as_pip_joins_them():
    file = parse("a \\\n  ==1 # one\n# comment \\\nb\n\n   \n")
    assert [(found.name, str(found.specifier), found.line) for found in file.requirements] == [
        ("a", "==1", 1),
        ("b", "", 4),
    ]


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "é==1".encode(),
        codecs.BOM_UTF16_LE + "é==1".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "é==1".encode("utf-16-be"),
        "é==1".encode(),
        "é==1".encode("cp1252"),
    ],
)
def test_encodings(content):
    assert decode(content) == "é==1"


def test_a_coding_comment_counts():
    assert decode("# -*- coding: koi8-r -*-\n# ж\n".encode("koi8-r")).endswith("# ж\n")
    assert decode("# coding: no-such\né".encode()).endswith("é")


def test_markers_are_the_targets_not_this_machines():
    texts = {
        'a; sys_platform == "win32"': True,
        'a; os_name != "nt"': False,
        'a; python_version < "3.7"': True,
        'a; python_full_version >= "3.6.5"': False,
        'a; platform_machine == "AMD64"': True,
        'a; platform_system == "Linux"': False,
        'a; implementation_name == "cpython"': True,
        'a; extra == "test"': False,
        'a; platform_python_implementation == "PyPy"': False,
    }
    for text, expected in texts.items():
        assert only(text).applies(PYTHON36) is expected, text
    assert only('a; platform_machine == "AMD64"').applies(TargetEnvironment("3.6.4", "x86"))


def test_the_plan_of_a_run():
    file = parse(
        "new==1\nsame==1.0\nolder==1\nnewer==3\nrange>=2,<3\ntoo-new<2\ntoo-old>=5\nloose\n"
        "linux; sys_platform == 'linux'\nurl @ https://u:p@h/x.zip\n"
    )
    there = {
        "same": "1",
        "older": "2",
        "newer": "2",
        "range": "2.5",
        "too-new": "2",
        "too-old": "4.1",
        "loose": "9",
        "url": "1",
    }

    def plan(upgrade):
        return [
            (change.name, change.action, change.before, change.after)
            for change in plan_changes(file.requirements, there, PYTHON36, upgrade)
        ]

    fixed = [
        ("new", "install", None, "1"),
        ("same", "none", "1", "1"),
        ("older", "downgrade", "2", "1"),
        ("newer", "upgrade", "2", "3"),
    ]
    outside = [("too-new", "downgrade", "2", "<2"), ("too-old", "upgrade", "4.1", ">=5")]
    url = ("url", "upgrade", "1", "https://****@h/x.zip")
    assert plan(False) == [*fixed, ("range", "none", "2.5", "2.5"), *outside, ("loose", "none", "9", "9"), url]
    assert plan(True) == [
        *fixed,
        ("range", "upgrade", "2.5", "<3,>=2"),
        *outside,
        ("loose", "upgrade", "9", "newest"),
        url,
    ]


@given(st.text(alphabet=st.sampled_from("ab1 =<>~!;#\\\"'[](){}$@:/.-_,%é\n\t"), max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except InvalidInput as error:
        assert error.recommendation
