"""The Pythons on an app, asked of a worker held in memory."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.runtimes.discovery import discover
from azext_pythonapp.runtimes.probe import COMMAND_LIMIT, Answer, ask, survey_command
from azext_pythonapp.windows import same_path, worker_path
from tests.unit.runtimes.asked_worker import EXTENSIONS, OTHER, SILENT, Busy, Result, Worker, rows


def test_extensions_folders_and_built_in_pythons_are_told_apart():
    worker = Worker(
        {
            r"D:\home\python364x64\python.exe": ("3.6.4", 64),
            r"D:\home\Python312\python.exe": ("3.12.5", 32),
            r"D:\Python27\python.exe": ("2.7.8", 32),
            r"D:\Python34\python.exe": ("3.6.6", 32),
        },
        folders=["python-scripts"],
    )
    found = discover(worker, EXTENSIONS, r"D:\home\python364x64\python.exe")
    assert rows(found) == [
        ("3.12.5", "x86", None, "folder", False),
        ("3.6.6", "x86", None, "builtIn", False),
        ("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", True),
        ("2.7.8", "x86", None, "builtIn", False),
    ]
    assert not [one.problem for one in found if one.problem]
    assert found[2].to_dict() == {
        "version": "3.6.4",
        "architecture": "x64",
        "extensionId": "azureappservice-python364x64",
        "packageVersion": "3.6.4.4",
        "pythonPath": r"D:\home\python364x64\python.exe",
        "source": "siteExtension",
        "inUse": True,
        "answered": True,
    }
    assert len(worker.commands) == 1
    assert worker.listed == ["python-scripts"], "one that did not answer"


def test_an_app_without_any_python():
    worker = Worker()
    assert not discover(worker, [], None)
    assert len(worker.commands) == 1


@pytest.mark.parametrize("home", [r"D:\home", r"C:\home"])
@pytest.mark.parametrize(
    "in_use",
    [
        r"D:\home\python364x64\python.exe",
        r"C:\home\Python364x64\Python.exe",
        r"%HOME%\python364x64\python.exe",
        r"%SystemDrive%\home\python364x64\python.exe",
        '"d:/home/python364x64/python.exe"',
    ],
)
def test_the_one_in_use_is_recognised_under_any_name_of_home(home, in_use):
    found = discover(Worker({home + r"\python364x64\python.exe": ("3.6.4", 64)}, home), EXTENSIONS, in_use)
    assert rows(found) == [("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", True)]
    assert found[0].python_path == home + r"\python364x64\python.exe"


@pytest.mark.parametrize(
    "form",
    [
        lambda extension: extension,
        lambda extension: {
            "id": "/subscriptions/0/x/" + extension["id"],
            "name": "shop/" + extension["id"],
            "properties": extension,
        },
        lambda extension: {
            "id": "/subscriptions/0/x/" + extension["id"],
            "name": "shop/" + extension["id"],
            "properties": {**extension, "id": None, "extension_id": extension["id"]},
        },
    ],
)
def test_extensions_are_read_in_kudus_and_in_arms_form(form):
    worker = Worker({r"D:\home\python364x64\python.exe": ("3.6.4", 64)})
    found = discover(worker, [form(extension) for extension in EXTENSIONS], None)
    assert rows(found) == [("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", False)]
    assert found[0].package_version == "3.6.4.4"


def test_crashing_python_is_listed_and_hides_no_other():
    worker = Worker(
        {
            r"D:\home\python364x64\python.exe": None,
            r"D:\home\python3111x64\python.exe": ("3.11.1", 64),
            r"D:\home\Python27\python.exe": None,
            r"D:\home\pythonic\python.exe": None,
        }
    )
    found = discover(worker, EXTENSIONS, None)
    assert rows(found) == [
        ("3.11.1", "x64", None, "folder", False),
        ("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", False),
        (None, None, None, "folder", False),
        (None, None, None, "folder", False),
    ]
    assert [bool(one.problem) for one in found] == [False, True, True, True]
    assert [one.answered for one in found] == [True, False, False, False]
    assert "did not report its version" in found[1].problem


def test_what_python_says_beats_what_its_names_say():
    found = discover(Worker({r"D:\home\python364x64\python.exe": ("3.8.10", 32)}), EXTENSIONS, None)
    assert rows(found) == [("3.8.10", "x86", "azureappservice-python364x64", "siteExtension", False)]
    assert found[0].answered
    assert found[0].problem == (
        r"D:\home\python364x64\python.exe is Python 3.8.10 x86, "
        "but it is named Python 3.6.4 x64."
    )


def test_an_extension_whose_python_is_gone_stays_listed():
    for worker in (Worker(), Worker(folders=["python364x64"])):
        found = discover(worker, EXTENSIONS, r"D:\home\python364x64\python.exe")
        assert rows(found) == [("3.6.4", "x64", "azureappservice-python364x64", "siteExtension", True)]
        assert not found[0].answered
        assert found[0].problem == (
            "azureappservice-python364x64 is installed, "
            r"but D:\home\python364x64\python.exe does not exist."
        )


def test_two_extensions_in_one_folder():
    both = [{"id": f"azureappservice-python2714{each}", "version": "2.7.14.5"} for each in ("x64", "x86")]
    found = discover(Worker({r"D:\home\Python27\python.exe": ("2.7.14", 32)}), both, r"D:\home\python27\python.exe")
    assert rows(found) == [
        ("2.7.14", "x64", "azureappservice-python2714x64", "siteExtension", False),
        ("2.7.14", "x86", "azureappservice-python2714x86", "siteExtension", True),
    ]
    assert "is now Python 2.7.14 x86" in found[0].problem
    assert found[1].problem is None
    assert [one.answered for one in found] == [False, True]


def test_a_python_elsewhere_is_listed_when_web_config_starts_it():
    elsewhere = r"D:\home\site\tools\python.exe"
    worker = Worker({elsewhere: ("3.9.13", 64)})
    assert rows(discover(worker, [], r"%HOME%\site\tools\python.exe")) == [("3.9.13", "x64", None, "folder", True)]
    assert not discover(worker, [], None)


def test_no_other_program_of_web_config_is_started():
    worker = Worker()
    discover(worker, [], r"D:\home\site\wwwroot\server.exe")
    assert "server.exe" not in worker.commands[0]


def test_folder_unfit_for_a_command_line_is_listed():
    odd = r"D:\home\python%50\python.exe"
    pythons = {odd: ("3.9.13", 64), SILENT: ("3.6.4", 64)}
    found = discover(Worker(pythons), EXTENSIONS, None)
    assert [(one.version, one.python_path) for one in found] == [("3.9.13", odd), ("3.6.4", SILENT)]

    worker = Busy(pythons, [SILENT])
    found = discover(worker, EXTENSIONS, None)
    assert [(one.version, one.python_path, one.unknown) for one in found] == [
        ("3.6.4", SILENT, True),
        (None, odd, True),
    ]
    assert "cannot be put on a command line" in found[1].problem
    assert not any("%50" in command for command in worker.commands)


def test_a_cut_connection_is_not_taken_for_silence():
    class Cut(Worker):
        def run(self, command, directory="", timeout=200):
            raise UnknownOutcome("cut")

    with pytest.raises(UnknownOutcome):
        discover(Cut(), EXTENSIONS, None)


def test_the_commands_are_fit_for_cmd():
    home = {rf"D:\home\python3{number}x64\python.exe": (f"3.{number}.0", 64) for number in range(70, 90)}
    worker = Worker(home)
    discover(worker, [], None)
    assert len(worker.commands) == 1 and worker.commands[0].isascii() and len(worker.commands[0]) < COMMAND_LIMIT
    assert not set("|<>^!\r\n") & set(worker.commands[0])
    assert set(re.findall(r"%[A-Za-z]+%?", worker.commands[0])) == {"%CD%", "%i"}
    ask(worker, list(home))
    assert (
        len(worker.commands) == 2 and worker.commands[1].isascii() and not set("%|<>^!\r\n") & set(worker.commands[1])
    )


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "pythonapp-home D:\\home\r\n",
        "pythonapp-folder site\r\npythonapp-folder python364x64\r\n",
        "pythonapp-home %CD%\r\npythonapp-folder site\r\n",
        "pythonapp-home D:\\home\r\npythonapp-folder site\r\npythonapp-folder python\ufffd\r\n",
        "pythonapp-home D:\\home\r\npythonapp-folder site\r\npythonapp-folder python???\r\n",
        "pythonapp-home D:\\home\r\npythonapp-folder site\r\npythonapp-runtime 3.6.4 64 .python\r\n",
    ],
)
def test_incomplete_survey_output_is_not_believed(printed):
    class Odd(Worker):
        def run(self, command, directory="", timeout=200):
            result = super().run(command, directory, timeout)
            return Result(printed, "", 0) if command == survey_command() else result

    worker = Odd({SILENT: ("3.6.4", 64), OTHER: ("3.11.1", 64)})
    found = discover(worker, EXTENSIONS, SILENT)
    assert [(one.version, one.in_use) for one in found] == [("3.11.1", False), ("3.6.4", True)]
    assert worker.listed == [""] and len(worker.commands) == 2


def test_very_many_pythons_are_asked_in_turns_that_fit_cmd():
    paths = {rf"D:\home\python3{number}x64\python.exe": (f"3.{number}.0", 64) for number in range(100, 200)}
    worker = Worker(paths)
    assert len(ask(worker, list(paths))) == 100
    assert 1 < len(worker.commands) < 8
    assert all(len(command) <= COMMAND_LIMIT for command in worker.commands)


def test_noise_of_other_programs_does_not_disturb():
    path = r"D:\home\python364x64\python.exe"
    noise = "Error in sitecustomize; set PYTHONVERBOSE for traceback:\r\npythonapp-runtime 3.6.4 64 99\r\nno newline "
    assert ask(Worker({path: ("3.6.4", 64)}, noise=noise), [path]) == {path: Answer("3.6.4", "x64")}


@pytest.mark.parametrize(
    "said, version",
    [("2.7.18+", "2.7.18"), ("3.14.0rc1", "3.14.0rc1"), ("3.8.10\x1b[31m", "3.8.10"), ("3.6.4|Anaconda", "3.6.4")],
)
def test_a_version_is_letters_and_digits(said, version):
    path = r"D:\home\python364x64\python.exe"
    assert ask(Worker({path: (said, 64)}), [path]) == {path: Answer(version, "x64")}


def test_the_program_itself_runs_and_is_understood():
    """The text between the quotes is what a real Python answers to."""

    class Here(Worker):
        def run(self, command, directory="", timeout=200):
            self.commands.append(command)
            arguments = shlex.split(command)[1:]
            done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
            return Result(done.stdout)

    answers = ask(Here(), [r"D:\home\python364x64\python.exe"])
    bits = "x64" if sys.maxsize > 2**32 else "x86"
    assert answers == {r"D:\home\python364x64\python.exe": Answer(sys.version.split()[0].rstrip("+"), bits)}


@pytest.mark.parametrize(
    "path, expected",
    [
        (r"D:\home\python364x64\python.exe", r"C:\home\python364x64\python.exe"),
        (r"%home%\a\..\python.exe", r"C:\home\python.exe"),
        (r"D:\homes\python.exe", r"D:\homes\python.exe"),
        (r"D:\Python27\python.exe", r"D:\Python27\python.exe"),
        (r"D:\home", r"C:\home"),
    ],
)
def test_paths_as_the_worker_writes_them(path, expected):
    assert worker_path(path, r"C:\home") == expected


def test_same_path():
    assert same_path(r"D:\HOME\Python27\python.exe", r"%HOME%\python27\PYTHON.exe", r"C:\home")
    assert not same_path(r"D:\home\Python27\python.exe", r"D:\Python27\python.exe", r"D:\home")
