"""What `pip check` would complain about, by the metadata of the packages."""

from __future__ import annotations

from azext_pythonapp.packages.package_plan import broken
from azext_pythonapp.packages.requirements import TargetEnvironment

WINDOWS = TargetEnvironment("3.11.9", "x64")
REQUIRES = {
    "flask": [
        "Werkzeug>=3",
        "itsdangerous>=2.1",
        "importlib-metadata; python_version < '3.10'",
        "asgiref; extra == 'async'",
    ],
    "flask-login": ["Werkzeug<3.1", "colorama; sys_platform == 'win32'"],
    "werkzeug": [],
    "itsdangerous": ["a line that nobody reads !!"],
    "odd": None,
}


def found(**installed: str) -> list[tuple[str, str]]:
    """Return the sentences of what is broken, and the requirement that mends it."""
    names = {name.replace("_", "-"): version for name, version in installed.items()}
    problems, _ = broken(names, WINDOWS, lambda wanted: {name: REQUIRES[name] for name in wanted})
    return [(each.sentence, each.wanted) for each in problems]


def test_a_set_that_fits_has_no_problems() -> None:
    assert found(flask="3.0.3", werkzeug="3.0.6", itsdangerous="2.2.0") == []


def test_what_is_missing_is_named() -> None:
    assert found(flask="3.0.3", werkzeug="3.0.6") == [
        ("flask 3.0.3 requires itsdangerous>=2.1, which is not installed", "itsdangerous>=2.1")
    ]


def test_another_version_is_named_with_what_all_need() -> None:
    sentences = found(flask="3.0.3", flask_login="0.7", werkzeug="2.0", itsdangerous="2.2.0")
    assert [sentence for sentence, _ in sentences] == [
        "flask 3.0.3 requires werkzeug>=3, and werkzeug 2.0 is installed",
        "flask-login 0.7 requires colorama, which is not installed",
    ]
    assert sentences[0][1] in ("werkzeug<3.1,>=3", "werkzeug>=3,<3.1")


def test_packages_that_cannot_be_read_are_told() -> None:
    assert broken({"odd": "1.0"}, WINDOWS, lambda names: {name: REQUIRES[name] for name in names}) == ([], ["odd"])
