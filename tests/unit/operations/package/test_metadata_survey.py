"""What the program on the worker reads of distributions, and what becomes of it."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.errors import PlatformFailed, UnknownOutcome
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.package import sbom
from azext_pythonapp.operations.package.metadata_survey import distributions, parse, survey_metadata
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.windows import python_command

TARGET = Target(r"D:\home\python311x64\python.exe", "python311x64", "3.11.9", "x64")


class Worker:
    """A Kudu whose Python is this one, in another folder. answers: in place of the output, one after the other."""

    def __init__(self, folder: Path):
        self.packages = folder / "Lib" / "site-packages"
        self.packages.mkdir(parents=True)
        self.answers: list[Any] = []
        self.commands: list[str] = []

    def run(self, command: str) -> SimpleNamespace:
        self.commands.append(command)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return SimpleNamespace(output=answer)
        code = command.partition(' -c "')[2].rstrip('"')
        printed, before = io.StringIO(), sys.executable
        sys.executable = str(self.packages.parent.parent / "python.exe")
        try:
            with redirect_stdout(printed):
                exec(code, {})  # pylint: disable=exec-used
        finally:
            sys.executable = before
        return SimpleNamespace(output=printed.getvalue().replace("\n", "\r\n"))

    def add(self, entry: str, **files: str) -> None:
        (self.packages / entry).mkdir()
        for name, text in files.items():
            (
                self.packages
                / entry
                / name.replace("_txt", ".txt").replace("_json", ".json").replace("PKG_INFO", "PKG-INFO")
            ).write_text(text, encoding="utf-8")


@pytest.fixture
def worker(tmp_path):
    return Worker(tmp_path)


@pytest.fixture
def survey(worker):
    app = SimpleNamespace(kudu=worker, site=SimpleNamespace(label="app 'shop'"))

    def run(files: bool = False):
        return {each.key: each for each in survey_metadata(app, TARGET, files)}

    return run


def metadata(name: str, version: str, *more: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more, "", "Description", ""])


def test_the_fields_of_metadata_arrive(worker, survey):
    worker.add(
        "Flask-3.0.3.dist-info",
        METADATA=metadata(
            "Flask",
            "3.0.3",
            "License: BSD\n        3 clauses",
            "Classifier: Framework :: Flask",
            "Classifier: License :: OSI Approved :: BSD License",
            "Requires-Dist: Werkzeug>=3.0",
            "Requires-Dist: asgiref; extra == 'async'",
            "Home-page: UNKNOWN",
            "Summary: Größe",
        )
        + "Name: not a header",
        RECORD="flask/__init__.py,sha256=abc,12\n",
        direct_url_json=json.dumps({"url": "https://x/y.whl", "archive_info": {"hash": "sha256=00"}}),
    )
    found = survey()["flask"]
    assert (found.name, found.version, found.license) == ("Flask", "3.0.3", "BSD\n3 clauses")
    assert found.classifiers == ("License :: OSI Approved :: BSD License",)
    assert found.requires == ("Werkzeug>=3.0", "asgiref; extra == 'async'")
    assert (found.summary, found.homepage) == ("Größe", "")
    assert (found.archive, found.url) == ({"sha256": "00"}, "https://x/y.whl")
    digest = hashlib.sha256(b"flask/__init__.py,sha256=abc,12\n").hexdigest()
    assert found.record == ("Flask-3.0.3.dist-info/RECORD", digest)
    assert found.files == ()
    assert survey(True)["flask"].files == (("flask/__init__.py", "sha256=abc", "12"),)


def test_old_and_broken_distributions_are_there_too(worker, survey):
    worker.add("six-1.16.0-py3.6.egg-info", PKG_INFO=metadata("six", "1.16.0"), requires_txt="wheel\n[x]\npip\n")
    (worker.packages / "old-1.0.egg-info").write_text(metadata("Old", "1.0"), encoding="utf-8")
    worker.add("empty-2.0.dist-info")
    worker.add("pip-9.0.1.dist-info")
    worker.add("pip-24.0.dist-info", METADATA=metadata("pip", "24.0"))
    worker.add("~ip-23.0.dist-info", METADATA=metadata("pip", "23.0"))
    found = survey()
    assert {key: each.version for key, each in found.items()} == {
        "empty": "2.0",
        "old": "1.0",
        "pip": "24.0",
        "six": "1.16.0",
    }
    assert found["six"].requires == ("wheel", "pip ; extra == 'x'")


def test_hundreds_of_packages_take_one_short_answer(worker, survey):
    for number in range(300):
        long = "Description-Content-Type: text/markdown\n\n" + "long text " * 5000
        worker.add(f"p{number}-1.0.dist-info", METADATA=metadata(f"p{number}", "1.0") + long, RECORD="a,,\n")
    assert len(survey()) == 300 and len(worker.commands) == 1
    output = worker.run(worker.commands[0]).output
    assert len(output) < 100_000 and max(map(len, output.splitlines())) < 20_000


def test_the_command_is_short_enough_for_cmd(worker, survey):
    survey(True)
    assert len(worker.commands[0]) < 6000
    assert python_command(TARGET.python_path, "pass", {})[:40] == worker.commands[0][:40]


@pytest.mark.parametrize(
    "answer", ["", "pythonapp-dists eJyLjgUAARUAuQ==\r\n", "pythonapp-dists !\r\npythonapp-dists-done 0"]
)
def test_an_answer_that_was_cut_is_asked_again(worker, survey, answer):
    worker.add("six-1.0.dist-info", METADATA=metadata("six", "1.0"))
    worker.answers = [answer] if answer[-1:] != "0" else [UnknownOutcome("cut")]
    assert list(survey()) == ["six"]
    worker.answers = ["", ""]
    with pytest.raises(UnknownOutcome, match="cut off"):
        survey()


def test_a_row_that_is_none_is_an_error_with_words():
    assert parse("pythonapp-dists-done 0\r\n") == []
    with pytest.raises(PlatformFailed, match="cannot be read"):
        distributions([5])


def test_needs_are_what_applies_and_is_installed(worker, survey):
    lines = {
        "app": [
            "web[async]>=1",
            "not-installed",
            "gone; python_version < '3'",
            "colorama; sys_platform == 'win32'",
            "?!",
        ],
        "web": ["asgi; extra == 'async'", "toml; extra == 'other'", "App"],
        "asgi": ["odd; os_name > 'a' and extra == ''"],
    }
    for name in ("app", "web", "asgi", "toml", "gone", "colorama", "odd"):
        wanted = (f"Requires-Dist: {line}" for line in lines.get(name, ()))
        worker.add(f"{name}-1.0.dist-info", METADATA=metadata(name, "1.0", *wanted))
    needs = sbom.installed_needs(list(survey().values()), TargetEnvironment("3.11.9", "x64"))
    assert {name: needs[name] for name in ("app", "web", "toml")} == {
        "app": ["colorama", "web"],
        "web": ["app", "asgi"],
        "toml": [],
    }


def test_a_field_of_two_lines_keeps_its_limit(worker, survey, monkeypatch):
    worker.add("x-1.0.dist-info", METADATA=metadata("x", "1.0", "License: " + "y" * 30_000, " z" * 30_000))
    assert len(survey()["x"].license) == 20_000


def test_a_record_with_an_open_quote_keeps_its_rows():
    rows = f'"open,sha256=a,1\r\n"a, ""b"".py",sha256=b,2\r\nc\u2028.py,,\r\n{"x" * 200_000},sha256=c,3\nshort\n,,\n'
    record = {"sha256": "0" * 64, "rows": rows}
    [found] = distributions([{"entry": "a-1.dist-info", "headers": [], "record": record}])
    assert [each for each in found.files if len(each[0]) < 99] == [
        ('"open', "sha256=a", "1"),
        ('a, "b".py', "sha256=b", "2"),
        ("c\u2028.py", "", ""),
    ]
    assert len(found.files) == 4
