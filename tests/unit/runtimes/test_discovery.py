"""The Pythons on an app, asked of a worker held in memory."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass

import pytest

from azext_pythonapp.errors import NotFound, UnknownOutcome
from azext_pythonapp.runtimes.discovery import discover
from azext_pythonapp.runtimes.probe import COMMAND_LIMIT, Answer, ask, survey_command
from azext_pythonapp.windows import same_path, worker_path


@dataclass(frozen=True)
class Entry:
    name: str
    is_directory: bool = True


@dataclass(frozen=True)
class Result:
    output: str
    error: str = ""
    exit_code: int = 0


class Worker:
    """A worker whose Pythons are `pythons`: path -> (version, bits), None for one that crashes."""

    def __init__(self, pythons=None, home=r"D:\home", folders=(), noise=""):
        self.pythons, self._home, self.folders, self.noise = pythons or {}, home, folders, noise
        self.commands, self.listed = [], []

    def home(self):
        return self._home

    def list_directory(self, path):
        self.listed.append(path)
        if path:
            if not any(each.lower() == path.lower() for each in self._folders()):
                raise NotFound(f"no {path}")
            python = f"{self._home}\\{path}\\python.exe".lower()
            return [Entry("Lib"), *(Entry("python.exe", False) for each in self.pythons if each.lower() == python)]
        folders = [Entry(each) for each in self._folders()]
        return [Entry("LogFiles"), Entry("site"), Entry("python.txt", False), *folders]

    def _folders(self):
        inside = [path.split("\\")[2] for path in self.pythons if path.startswith(self._home)]
        return sorted({*inside, *self.folders} - {"site"})

    def note_home(self, home):
        assert home == self._home

    def run(self, command, directory="", timeout=200):
        self.commands.append(command)
        output, known = self.noise, {path.lower(): said for path, said in self.pythons.items()}
        for path, name in self._asked(command):
            if known.get(path.lower()):
                version, bits = known[path.lower()]
                output += f"pythonapp-runtime {version} {bits} {name}\r\n"
        if command == survey_command():
            output += self.survey_rows()
        return Result(output, "The system cannot find the path specified.\r\n", 1)

    def survey_rows(self):
        rows = [each for each in ("site", *self._folders()) if re.match("python|site", each, re.IGNORECASE)]
        return f"pythonapp-home {self._home} \r\n" + "".join(f"pythonapp-folder {each}\r\n" for each in rows)

    def _asked(self, command):
        """The Pythons that a command starts, and what each says of its path."""
        if command == survey_command():
            found = [(f"{self._home}\\{each}\\python.exe", each) for each in self._folders()]
            return found + [(rf"D:\{each}\python.exe", rf"D:\{each}") for each in ("Python27", "Python34")]
        matches = [re.fullmatch(r'"([^"]+)" -E -B -c "[^"]+" ([0-9]+)', each) for each in command.split(" & ")]
        return [match.groups() for match in matches]


def rows(found):
    return [(one.version, one.architecture, one.extension_id, one.source, one.in_use) for one in found]


EXTENSIONS = [
    {
        "id": "azureappservice-python364x64",
        "title": "Python 3.6.4 x64",
        "version": "3.6.4.4",
        "description": r"Installs Python 3.6.4 x64 into Azure App Service at D:\home\python364x64\python.exe.",
    },
    {"id": "some-tools", "title": "Tools for Python 3.6.4 x64", "version": "1.0"},
]


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


class Busy(Worker):
    """A worker on which Kudu ends commands that are silent for too long: those that start one of `hanging`."""

    def __init__(self, pythons, hanging, cut=False, **more):
        super().__init__(pythons, **more)
        self.hanging, self._cut = list(hanging), cut

    def run(self, command, directory="", timeout=200):
        if any(each.lower() in path.lower() for each in self.hanging for path, _ in self._asked(command)):
            self.commands.append(command)
            if self._cut:
                raise UnknownOutcome("The connection was cut.")
            return Result(
                "", "Command 'starter.cmd ...' was aborted due to no output nor CPU activity for 61 seconds.", -1
            )
        return super().run(command, directory, timeout)


OTHER = r"D:\home\python3111x64\python.exe"
SILENT = r"D:\home\python364x64\python.exe"


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
