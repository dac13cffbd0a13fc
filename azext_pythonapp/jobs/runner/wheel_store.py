# -*- coding: utf-8 -*-
"""The app's store of wheels, ../../wheels: delete damaged wheels, and those that were not used for a long time.

A wheel stays while a record in ../../history names its package in that version: a rollback may need it, and no index
may have it.
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import io
import os
import re
import time

from .errors import error_text, report
from .file_access import delete, make_folder, sha256_of
from .old_jobs import FORGOTTEN_SECONDS, fields_of
from .site_packages import canonical

# Wheels that no job used for so long are deleted. Above this size the least recently used go first, but none that was
# used within FORGOTTEN_SECONDS.
UNUSED_WHEEL_SECONDS = 90 * 24 * 3600
KEPT_WHEEL_BYTES = 4 << 30


def given_wheels(folder):
    """Return the wheels of the store on the page in a job's folder: [(key, SHA-256, file name)].

    Where the page has no hash, it is the part of it that is the key (packages/wheels.py).
    """
    path = os.path.join(folder, "wheels.html")
    if not os.path.isfile(path):
        return []
    with io.open(path, encoding="utf-8") as stream:
        links = re.findall(r'"\.\./\.\./wheels/(\w+)/[^"#]+(?:#sha256=(\w+))?">([^<]+)<', stream.read())
    return [(key, sha256 or key, name) for key, sha256, name in links]


def stored_wheels(data):
    """Return the paths in the store by key: a wheel's marker, whose time is that of its last use, then its folder."""
    store = os.path.join(data, "wheels")
    entries = {}
    for name in sorted(os.listdir(store) if os.path.isdir(store) else (), reverse=True):
        entries.setdefault(name.split("-")[0], []).append(os.path.join(store, name))
    return entries


def mark_used(data, folder):
    """Set the time of last use of a job's wheels to now."""
    stored = stored_wheels(data)
    for key, _, name in given_wheels(folder):
        try:
            os.utime(stored[key][0], None)
        except (OSError, KeyError) as error:
            report("The last use of %s could not be set: %s" % (name, error_text(error)))


def delete_damaged_wheels(data, folder):
    """Delete the wheels of a job that are damaged in the store, so that clients upload them again.

    Returns their names. The marker is deleted first: without it clients upload the wheel.
    """
    damaged = []
    for key, expected, name in given_wheels(folder):
        try:
            whole = sha256_of(os.path.join(data, "wheels", key, name)).startswith(expected)
        except (IOError, OSError) as error:
            whole = error.errno != errno.ENOENT
        if not whole:
            damaged.append(name)
            for path in stored_wheels(data).get(key, ()):
                delete(path)
    return damaged


def packages_of_records(data):
    """Return {(normalized name, version)} of the packages that records of changes name; a torn record names none."""
    folder = os.path.join(data, "history")
    named = set()
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        parts = fields_of(os.path.join(folder, name)).get("packages")
        for part in parts if isinstance(parts, list) else ():
            for packages in (part.get(key) for key in ("before", "after") if isinstance(part, dict)):
                if isinstance(packages, dict):
                    named.update((canonical(each), comparable(packages[each])) for each in packages)
    return named


def package_of_wheel(name):
    """Return (normalized name, version) of the file of a wheel."""
    parts = name.split("-")
    return canonical(parts[0]), comparable(parts[1] if len(parts) > 1 else "")


def comparable(version):
    """Return a version in the spelling that names of files and of metadata have in common."""
    return ("%s" % version).replace("_", "-").lower()


def delete_unused_wheels(data, folder):
    """Delete the wheels that were not used for a long time, and those that exceed the size of the store.

    Those stay that a record of a change names. folder: the job's folder, into which they are moved first.
    """
    try:
        needed = packages_of_records(data)
        rows = [(max(map(os.path.getmtime, paths)), paths) for paths in stored_wheels(data).values()]
        size = 0
        for used, paths in sorted(rows, reverse=True):
            files = os.listdir(paths[-1]) if os.path.isdir(paths[-1]) else ()
            if any(package_of_wheel(name) in needed for name in files):
                continue
            size += sum(os.path.getsize(os.path.join(paths[-1], name)) for name in files)
            unused = time.time() - used
            if unused > (UNUSED_WHEEL_SECONDS if size <= KEPT_WHEEL_BYTES else FORGOTTEN_SECONDS):
                delete_unused_wheel(paths, used, os.path.join(folder, "unused"))
    except (IOError, OSError) as error:
        report("Unused wheels were not deleted: %s" % error_text(error))


def delete_unused_wheel(paths, used, aside):
    """Delete a wheel, unless a job used it after `used`, or pip is reading it: Windows refuses to move its folder then.

    The marker is moved first, and its time is checked after that: a job that comes later finds no marker and no wheel.
    """
    make_folder(aside)
    moved = []
    for path in paths:
        target = os.path.join(aside, os.path.basename(path))
        try:
            os.rename(path, target)
        except OSError:
            break
        moved.append((target, path))
        if os.path.getmtime(target) > used:
            break
    else:
        moved = []
    for target, path in moved:
        os.rename(target, path)
    delete(aside)
