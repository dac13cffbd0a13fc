# -*- coding: utf-8 -*-
"""Packages that say they are not for this Python: uv installs them where only an upper bound says so.

It reads of Requires-Python only the lower bounds; pip reads all of it (docs/platform/uv.md 3).
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import io
import os
import re
import sys

from .site_packages import described, metadata_names

CLAUSE = re.compile(r"(~=|===?|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?$")
FIELD = re.compile(r"Requires-Python:\s*(.*?)\s*$", re.IGNORECASE)


def unfit_packages(folder, before, version=sys.version_info[:3]):
    """Return the packages in a site-packages folder that are not for a Python: [(name, version, Requires-Python)].

    before: packages that were there already, as installed_packages() returns them; in the same version they are passed
    over. version: of the Python, as numbers.
    """
    found = []
    for entry in metadata_names(folder):
        for path, fields in described(os.path.join(folder, entry), entry):
            name, own = fields["Name"], fields.get("Version", "")
            wanted = requirement_of(path)
            if (name, own) not in before and not satisfies(version, wanted):
                found.append((name, own, wanted))
    return found


def requirement_of(path):
    """Return what a METADATA file says of the Python; "" when it says nothing."""
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            match = FIELD.match(line)
            if match or not line.strip():
                return match.group(1) if match else ""
    return ""


def satisfies(version, text):
    """Return whether a version satisfies a specifier; what cannot be read excludes nothing, as for pip."""
    return all(allows(version, clause.strip()) for clause in text.split(",") if clause.strip())


def allows(version, clause):
    """Return whether one clause of a specifier allows a version."""
    match = CLAUSE.match(clause)
    if match is None:
        return True
    operator, numbers, prefix = match.groups()
    wanted = [int(number) for number in numbers.split(".")]
    length = max(len(wanted), len(version))
    own, other = padded(version, length), padded(wanted, length)
    begins = own[: len(wanted)] == wanted
    if operator in ("==", "===", "!="):
        return (begins if prefix else own == other) == (operator != "!=")
    if operator == "~=":
        return own >= other and own[: len(wanted) - 1] == wanted[:-1]
    return {"<": own < other, "<=": own <= other, ">": own > other, ">=": own >= other}[operator]


def padded(numbers, length):
    """Return the numbers of a version, filled up with zeros."""
    return list(numbers) + [0] * (length - len(numbers))
