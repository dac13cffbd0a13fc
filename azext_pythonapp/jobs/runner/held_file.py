# -*- coding: utf-8 -*-
"""Which file pip could not replace because another program holds it, read off pip's lines."""

from __future__ import absolute_import, unicode_literals

import re

# Windows' words differ by language, and Wine's from both; the numbers do not (docs/platform/worker.md 5,
# docs/platform/site-extensions.md 4.2). Python 2 says Error in place of WinError.
SIGN = re.compile(r"\[(?:(?:Win)?Error (?:5|32|33)|Errno 13)\]")
QUOTED = re.compile(r'(["\'])(.+?)\1')
# pip goes on after these.
HARMLESS = ("warning", "deprecation", "debug")


class HeldFile:
    """The last file that pip's lines call held. path: None for none, '' for one that they do not name.

    ours: whether it lies below the runtime's own folder, so that most likely the app holds it. One elsewhere, in TEMP
    or in pip's cache, is held by an antivirus or another pip, and soon given back.
    """

    def __init__(self, runtime_folder):
        self.runtime_folder = runtime_folder
        self.path = None
        self.ours = False

    def take(self, line):
        if not SIGN.search(line) or line.strip().lower().startswith(HARMLESS):
            return
        paths = [match.group(2) for match in QUOTED.finditer(line[SIGN.search(line).end() :])]
        paths = [path.replace("\\\\", "\\") for path in paths if "\\" in path or "/" in path]
        ours = [path for path in paths if is_below(path, self.runtime_folder)]
        self.path = (ours or paths or [""])[0]
        self.ours = bool(ours)

    def fields(self):
        """What the final state of a job says about it."""
        return {} if self.path is None else {"heldFile": self.path, "heldInRuntime": self.ours}


def is_below(path, folder):
    r"""Whether a path lies below a folder in %HOME%.

    The drive is left out: D:\home and C:\home are the same folder (docs/platform/kudu.md 7). So is the share that
    %HOME% is on, which Python may name in the drive's place.
    """
    path, folder = plain(path), plain(folder)
    if path.startswith(folder + "\\"):
        return True
    return path.startswith("\\\\") and "\\%s\\" % folder.rsplit("\\", 1)[-1] in path


def plain(path):
    """A path in lower case, with backslashes, without its drive."""
    path = path.replace("/", "\\").lower()
    path = re.sub(r"^\\\\\?\\unc\\", r"\\\\", path)
    return re.sub(r"^(?:\\\\\?\\)?[a-z]:", "", path).rstrip("\\")
