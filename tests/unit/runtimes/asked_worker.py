"""A worker held in memory, which is asked for its Pythons."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.errors import NotFound, UnknownOutcome
from azext_pythonapp.runtimes.probe import survey_command


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
