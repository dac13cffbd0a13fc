# -*- coding: utf-8 -*-
"""What pip's output tells while it runs: how far it is, and which file it could not replace."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import re

from .site_packages import metadata_names

PHASES = (
    ("Collecting ", "resolving"),
    ("Downloading ", "downloading"),
    ("Building wheel", "building"),
    ("Installing build dependencies", "building"),
    ("Installing collected packages", "installing"),
    # What uv prints, each at the end of the step before.
    ("Resolved ", "downloading"),
    ("Prepared ", "installing"),
)
# Error messages of Windows differ by language, and those of Wine differ again; the numbers do not
# (docs/platform/worker.md 5, docs/platform/site-extensions.md 4.2). Python 2 says Error instead of WinError.
LOCKED = re.compile(r"\[(?:(?:Win)?Error (?:5|32|33)|Errno 13)\]|\(os error (?:5|32|33)\)")
QUOTED = re.compile(r'(["\'])(.+?)\1')
# uv names the file before the number.
QUOTED_BY_UV = re.compile(r"(`)([^`]+)`")
# pip continues after these.
HARMLESS = ("warning", "deprecation", "debug")


class Progress:
    """The phase and progress of pip, from its output and, while it installs, from site-packages.

    folder: site-packages. before: the names of the metadata in it before pip was called.
    """

    def __init__(self, folder, before):
        self.folder = folder
        self.before = set(before)
        self.fields = {}
        self.expected = 0

    def read_line(self, line):
        """Read a line of pip's output. Returns the fields of the state that it sets."""
        line = line.strip()
        for start, phase in PHASES:
            if line.startswith(start):
                size = re.search(r"\(([\d.]+ ?[kMG]?B)\)$", line)
                self.fields = {"phase": phase, "progress": size.group(1) if size and phase == "downloading" else None}
                self.expected = count_in(line) if phase == "installing" else 0
        return self.fields

    def count_installed(self):
        """Return the fields of the state for the time between two lines: pip prints nothing while it installs."""
        if self.expected:
            done = len(set(metadata_names(self.folder)) - self.before)
            return {"progress": "%d of %d" % (min(done, self.expected), self.expected)}
        return {}


def count_in(line):
    """Return how many packages a line announces: pip names them, uv says "Prepared 3 packages in 5ms"."""
    number = re.match(r"Prepared (\d+) ", line)
    return int(number.group(1)) if number else line.count(",") + 1


class LockedFile:
    """The last file that pip could not replace because another program has it open.

    path: None when there was none, "" when pip did not name it. in_runtime: whether it is below the runtime's folder;
    then the app has most likely loaded it. One elsewhere, in TEMP or in pip's cache, is open in an antivirus or in
    another pip, and will soon be free.
    """

    def __init__(self, runtime_folder):
        self.runtime_folder = runtime_folder
        self.path = None
        self.in_runtime = False

    def read_line(self, line):
        """Read a line of pip's output."""
        if not LOCKED.search(line) or line.strip().lower().startswith(HARMLESS):
            return
        by_uv = LOCKED.search(line).group(0).startswith("(os")
        quoted = QUOTED_BY_UV.finditer(line) if by_uv else QUOTED.finditer(line[LOCKED.search(line).end() :])
        paths = [match.group(2) for match in quoted]
        paths = [path.replace("\\\\", "\\") for path in paths if "\\" in path or "/" in path]
        in_runtime = [path for path in paths if is_below(path, self.runtime_folder)]
        self.path = (in_runtime or paths or [""])[0]
        self.in_runtime = bool(in_runtime)

    def fields(self):
        """Return the fields of the job's final state."""
        return {} if self.path is None else {"heldFile": self.path, "heldInRuntime": self.in_runtime}


def is_below(path, folder):
    r"""Return whether a path is below a folder in %HOME%.

    The drive is not compared: D:\home and C:\home are the same folder (docs/platform/kudu.md 7). Nor is the share that
    %HOME% is on, which Python may name instead of the drive.
    """
    path, folder = normalized(path), normalized(folder)
    if path.startswith(folder + "\\"):
        return True
    return path.startswith("\\\\") and "\\%s\\" % folder.rsplit("\\", 1)[-1] in path


def normalized(path):
    """Return a path in lower case, with backslashes, without its drive."""
    path = path.replace("/", "\\").lower()
    path = re.sub(r"^\\\\\?\\unc\\", r"\\\\", path)
    return re.sub(r"^(?:\\\\\?\\)?[a-z]:", "", path).rstrip("\\")
