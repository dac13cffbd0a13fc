"""Pythons that hang, crash or are cut off when they are asked: unknown is not absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.runtimes.discovery import discover
from tests.unit.runtimes.asked_worker import EXTENSIONS, OTHER, SILENT, Busy, Worker, rows


@pytest.mark.parametrize("cut", [False, True])
def test_hanging_python_is_unknown_and_hides_no_other(cut):
    worker = Busy({SILENT: ("3.6.4", 64), OTHER: ("3.11.1", 64)}, [SILENT], cut)
    found = discover(worker, EXTENSIONS, SILENT)
    assert rows(found) == [
        ("3.11.1", "x64", None, "folder", False),
        ("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", True),
    ]
    assert [(one.answered, one.unknown) for one in found] == [(True, False), (False, True)]
    assert "did not answer in time" in found[1].problem and "not there" not in found[1].problem


@pytest.mark.parametrize(
    "said",
    [
        "Not enough memory resources are available to process this command.",
        "An internal error occurred.",
        "Insufficient system resources exist to complete the requested service.",
        "The paging file is too small for this operation to complete.",
    ],
)
def test_a_python_that_windows_could_not_start_is_unknown(said):
    class Short(Worker):
        def run(self, command, directory="", timeout=200):
            return replace(super().run(command, directory, timeout), error=f"{said}\r\n")

    found = discover(Short({SILENT: None, OTHER: ("3.11.1", 64)}), EXTENSIONS, SILENT)
    assert [(one.answered, one.unknown) for one in found] == [(True, False), (False, True)]


def test_a_python_that_did_not_answer_once_is_asked_again():
    class Once(Busy):
        def run(self, command, directory="", timeout=200):
            result = super().run(command, directory, timeout)
            self.hanging.clear()
            return result

    worker = Once({SILENT: ("3.6.4", 64), OTHER: ("3.11.1", 64)}, [SILENT])
    found = discover(worker, EXTENSIONS, None)
    assert [(one.version, one.answered, one.problem) for one in found] == [
        ("3.11.1", True, None),
        ("3.6.4", True, None),
    ]


def test_a_cut_survey_does_not_use_up_a_try():
    """The SCM site of an app that restarts cuts the survey; then all Pythons share one command, which may be cut too."""

    class Recycling(Worker):
        cuts = 2

        def run(self, command, directory="", timeout=200):
            if self.cuts:
                self.cuts -= 1
                self.commands.append(command)
                raise UnknownOutcome("The connection was cut.")
            return super().run(command, directory, timeout)

    worker = Recycling({SILENT: ("3.6.4", 64), OTHER: ("3.11.1", 64)})
    found = discover(worker, EXTENSIONS, None)
    assert [(one.version, one.answered, one.unknown) for one in found] == [
        ("3.11.1", True, False),
        ("3.6.4", True, False),
    ]
    assert SILENT in worker.commands[1] and OTHER in worker.commands[1]


def test_crashed_python_is_asked_again():
    class Twice(Worker):
        def run(self, command, directory="", timeout=200):
            result = super().run(command, directory, timeout)
            self.pythons[SILENT] = ("3.6.4", 64)
            return result

    worker = Twice({SILENT: None}, folders=["python-empty"])
    (found,) = discover(worker, EXTENSIONS, None)
    assert (found.answered, found.version) == (True, "3.6.4")
    assert (
        len(worker.commands) == 2 and "python-empty" not in worker.commands[1] and "Python27" not in worker.commands[1]
    )


def test_folder_name_is_not_shown_as_the_version():
    (found,) = discover(Busy({r"D:\home\Python38\python.exe": ("3.8.10", 64)}, [r"Python38"]), [], None)
    assert (found.version, found.architecture, found.answered) == (None, None, False)
    assert found.may_be(lambda version: version == "3.8", "x64") and not found.may_be(
        lambda version: version == "3.9", None
    )
    (found,) = discover(Busy({r"D:\home\python3810x64\python.exe": ("3.8.10", 64)}, [r"python3810x64"]), [], None)
    assert (found.version, found.architecture, found.answered) == ("3.8.10", "x64", False)
    assert "the one in its name" in found.problem and not found.may_be(lambda _: True, "x86")


def test_silent_python_in_use_outside_home_is_listed():
    for path in (r"D:\Python34\python.exe", r"D:\home\site\tools\python.exe"):
        (found,) = discover(Busy({}, [path]), [], path)
        assert (found.python_path, found.in_use, found.answered, found.unknown) == (path, True, False, True)
        assert not discover(Worker(), [], path)


def test_two_extensions_of_a_silent_python_are_unknown():
    both = [{"id": f"azureappservice-python2714{each}", "version": "2.7.14.5"} for each in ("x64", "x86")]
    path = r"D:\home\Python27\python.exe"
    found = discover(Busy({path: ("2.7.14", 32)}, [path]), both, path)
    assert [(one.architecture, one.unknown, one.in_use) for one in found] == [("x64", True, True), ("x86", True, True)]
    assert not any("now" in one.problem.split() for one in found)
