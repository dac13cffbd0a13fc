"""What is planned beyond the requirements themselves: what installed packages need, constraints, what only pip knows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.site_packages import InstalledMetadata, requires_txt
from azext_pythonapp.packages.package_plan import dependents, plan_changes, plan_dependencies
from azext_pythonapp.packages.requirements import TargetEnvironment, parse

PYTHON = TargetEnvironment("3.8.10", "x64")
METADATA = {
    "flask": [
        "Werkzeug>=3.0.0",
        "Jinja2>=3.1.2",
        "importlib-metadata>=3.6; python_version < '3.10'",
        "asgiref>=3.2; extra == 'async'",
        "cloudpickle; sys_platform == 'linux'",
    ],
    "werkzeug": ["MarkupSafe>=2.1.1"],
    "jinja2": ["MarkupSafe>=2.0", "flask"],
    "markupsafe": [],
    "importlib-metadata": ["zipp>=0.5"],
    "zipp": [],
    "asgiref": [],
}
WHOLE = {
    "flask": "3.0.3",
    "werkzeug": "3.0.6",
    "jinja2": "3.1.6",
    "markupsafe": "2.1.5",
    "importlib-metadata": "8.5",
    "zipp": "3.20",
}


def changes(text, installed, constraints="", metadata=None):
    asked = []

    def requires(names):
        asked.extend(names)
        return {name: (METADATA if metadata is None else metadata).get(name) for name in names}

    found = plan_dependencies(parse(text).requirements, installed, PYTHON, requires, parse(constraints).requirements)
    assert len(asked) == len(set(asked))
    return [(change.name, change.action, change.before, change.after) for change in found]


def without(name):
    return {key: version for key, version in WHOLE.items() if key != name}


def test_a_whole_closure_has_nothing_to_do():
    assert changes("flask>=3", WHOLE) == []
    assert changes("absent", WHOLE) == []


@pytest.mark.parametrize("name, wanted", [("werkzeug", ">=3.0.0"), ("markupsafe", ">=2.1.1"), ("zipp", ">=0.5")])
def test_what_an_installed_package_lacks_is_planned(name, wanted):
    assert (name, "install", None) in {change[:3] for change in changes("flask>=3", without(name))}
    assert changes("six", without(name)) == []


def test_versions_extras_markers_and_constraints_count():
    assert changes("flask", {**WHOLE, "werkzeug": "2.0.3"}) == [("werkzeug", "upgrade", "2.0.3", ">=3.0.0")]
    assert changes("flask[async]", WHOLE) == [("asgiref", "install", None, ">=3.2")]
    assert changes("flask ; python_version < '3'", without("werkzeug")) == []
    assert changes("flask", WHOLE, "werkzeug<3.0.5\n") == [("werkzeug", "downgrade", "3.0.6", "<3.0.5,>=3.0.0")]
    assert changes("flask", WHOLE, "werkzeug<3.0.5; sys_platform == 'linux'\nzipp @ https://h/x.zip\n") == []


def test_metadata_that_cannot_be_read_is_something_to_do():
    metadata = {key: value for key, value in METADATA.items() if key != "jinja2"}
    assert changes("flask", WHOLE, metadata=metadata) == [("jinja2", "update", "3.1.6", "unknown")]


def test_constraints_count_for_the_requirements_themselves():
    def plan(text, constraints):
        found = plan_changes(parse(text).requirements, WHOLE, PYTHON, constraints=parse(constraints).requirements)
        return [(change.name, change.action, change.after) for change in found]

    assert plan("flask", "flask<3\n") == [("flask", "downgrade", "<3")]
    assert plan("flask", "flask==3.0.3\n") == [("flask", "none", "3.0.3")]
    assert plan("six", "six==1.16.0\n") == [("six", "install", "1.16.0")]
    assert plan_changes(parse("six>=1").requirements, {"six": ""}, PYTHON)[0].after == "unknown"


FILES = {
    "flask-3.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: flask\nRequires-Dist: a>=1\n"
    "Requires-Dist: b ; extra == 'x'\n\nRequires-Dist: not-this\n",
    "none-1.0.dist-info/METADATA": "Name: none\n\ntext\n",
    "old-1.0-py3.8.egg-info/requires.txt": "six\n\n[fast]\nujson>=1\n\n[:python_version<'3']\nfutures\n\n"
    "[a:os_name=='nt']\nw\n",
    "bare-1.0-py3.8.egg-info/PKG-INFO": "Name: bare\n",
    "file-1.0-py3.8.egg-info": "Name: file\n",
}


def test_metadata_is_read_off_site_packages():
    def read(path):
        name = path.removeprefix("python3810x64/Lib/site-packages/")
        if name not in FILES:
            raise NotFound(name)
        return SimpleNamespace(content=FILES[name].encode())

    names = [
        "flask-3.0.dist-info",
        "none-1.0.dist-info",
        "old-1.0-py3.8.egg-info",
        "bare-1.0-py3.8.egg-info",
        "file-1.0-py3.8.egg-info",
        "gone-1.0.dist-info",
        "broken-1.0.egg-info",
        "six.py",
    ]
    metadata = InstalledMetadata(SimpleNamespace(kudu=SimpleNamespace(read=read)), "python3810x64", names)
    assert metadata.requires(["flask", "none", "old", "bare", "file", "gone", "broken", "absent"]) == {
        "flask": ["a>=1", "b ; extra == 'x'"],
        "none": [],
        "old": requires_txt(FILES["old-1.0-py3.8.egg-info/requires.txt"]),
        "bare": [],
        "file": [],
        "gone": None,
        "broken": None,
        "absent": None,
    }
    assert requires_txt(FILES["old-1.0-py3.8.egg-info/requires.txt"]) == [
        "six",
        "ujson>=1 ; extra == 'fast'",
        "futures ; (python_version<'3')",
        "w ; extra == 'a' and (os_name=='nt')",
    ]


def test_who_needs_what_is_removed():
    lines = {
        "flask": ["Werkzeug>=3.0.0", "click>=8.1.3", "asgiref; extra == 'async'"],
        "click": ['colorama; platform_system == "Windows"', 'six; python_version < "3"'],
        "odd": None,
    }
    needed, unread = dependents(
        ["werkzeug", "six", "asgiref"],
        ["flask", "werkzeug", "click", "six", "odd"],
        PYTHON,
        lambda names: {name: lines[name] for name in names},
    )
    assert needed == {"werkzeug": ["flask"]} and unread == ["odd"]


def test_notes_say_what_else_a_line_asks_for():
    (change,) = plan_changes(
        parse("flask[async,dotenv]>=3\n").requirements, {}, PYTHON, constraints=parse("flask<4\n").requirements
    )
    assert change.note == "with async, dotenv; within the constraints"
    (change,) = plan_changes(parse("six==1.16.0\n").requirements, {"six": "1.16.0"}, PYTHON)
    assert (change.action, change.note) == ("none", "")
    (change,) = plan_dependencies(
        parse("flask\n").requirements, {"flask": "3.0.3"}, PYTHON, lambda names: {name: ["click"] for name in names}
    )
    assert change.note == "needed by flask"
