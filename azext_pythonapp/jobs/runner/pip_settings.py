# -*- coding: utf-8 -*-
"""Settings of the app, and files of pip's own configuration, by which pip reads more than a job was given."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import io
import os
import sys

# Those by which the same requirements may have another result: they name files and folders, or have pip do it again.
READING = (
    "constraint",
    "requirement",
    "editable",
    "find-links",
    "build-constraint",
    "group",
    "upgrade",
    "force-reinstall",
    "ignore-installed",
)
NOTHING = ("", "0", "no", "false", "off", "n", "f")


def reading_settings():
    """Their names, such as PIP_CONSTRAINT, or the path of the file that has one and its name."""
    found = ["PIP_" + name.upper().replace("-", "_") for name in READING]
    names = [name for name in found if os.environ.get(name, "").strip().lower() not in NOTHING]
    for path in configuration_files():
        with io.open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition("=")
                if name.strip().lower().replace("_", "-") in READING and value.strip().lower() not in NOTHING:
                    names.append("%s of %s" % (name.strip(), path))
    return names


def configuration_files():
    """Where pip of this Python looks for its configuration, as far as there are files; nowhere, when that is told."""
    own = os.environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return []
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    folders = [
        os.path.join(os.environ[variable], "pip") for variable in ("PROGRAMDATA", "APPDATA") if os.environ.get(variable)
    ] + [os.path.join(os.path.expanduser("~"), "pip"), sys.prefix]
    paths = [os.path.join(folder, name) for folder in folders]
    return sorted(set(path for path in paths + [own or ""] if os.path.isfile(path)))
