# -*- coding: utf-8 -*-
"""How far pip is."""

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
)


class Progress:
    """What pip is doing, read off its lines and, while it installs, off site-packages."""

    def __init__(self, folder, before):
        self.folder = folder
        self.before = set(before)
        self.fields = {}
        self.expected = 0

    def line(self, line):
        """Take a line of pip's; returns the fields of the state that it changes."""
        line = line.strip()
        for start, phase in PHASES:
            if line.startswith(start):
                size = re.search(r"\(([\d.]+ ?[kMG]?B)\)$", line)
                self.fields = {"phase": phase, "progress": size.group(1) if size and phase == "downloading" else None}
                self.expected = line.count(",") + 1 if phase == "installing" else 0
        return self.fields

    def beat(self):
        """The same for the time between two lines: pip prints none while it installs."""
        if self.expected:
            done = len(set(metadata_names(self.folder)) - self.before)
            return {"progress": "%d of %d" % (min(done, self.expected), self.expected)}
        return {}
