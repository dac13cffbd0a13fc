# -*- coding: utf-8 -*-
"""The app's store of wheels, ../../wheels as seen from a job: what is damaged goes, and what was not used for long."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import io
import os
import re
import shutil
import time

from .file_access import delete, make_folder, sha256_of
from .kudu_output import say
from .old_jobs import FORGOTTEN_SECONDS
from .outcome import words

# Wheels that no job was given for so long are deleted; beyond so many bytes those that were unused longest, but none
# that a job was given within FORGOTTEN_SECONDS.
UNUSED_WHEEL_SECONDS = 90 * 24 * 3600
KEPT_WHEEL_BYTES = 4 << 30


def given_wheels(folder):
    """The wheels of the store that a job's pip may take, by the page in its folder: [(key, SHA-256, file name)]."""
    path = os.path.join(folder, "wheels.html")
    if not os.path.isfile(path):
        return []
    with io.open(path, encoding="utf-8") as stream:
        return re.findall(r'"\.\./\.\./wheels/(\w+)/[^"]+#sha256=(\w+)">([^<]+)<', stream.read())


def stored_wheels(data):
    """The entries of the store, by key: a wheel's marker, whose time is that of its last use, then its folder."""
    store = os.path.join(data, "wheels")
    entries = {}
    for name in sorted(os.listdir(store) if os.path.isdir(store) else (), reverse=True):
        entries.setdefault(name.split("-")[0], []).append(os.path.join(store, name))
    return entries


def note_use(data, folder):
    """Set the last use of the wheels that a job is given to now."""
    stored = stored_wheels(data)
    for key, _, name in given_wheels(folder):
        try:
            os.utime(stored[key][0], None)
        except (OSError, KeyError) as error:
            say("the use of %s was not noted: %s" % (name, words(error)))


def forget_damaged_wheels(data, folder):
    """Delete those of a job's wheels that are not what they should be in the store, so that clients upload them again.

    Returns their names. A marker goes first: without it no client takes the wheel for whole.
    """
    damaged = []
    for key, expected, name in given_wheels(folder):
        try:
            whole = sha256_of(os.path.join(data, "wheels", key, name)) == expected
        except (IOError, OSError) as error:
            whole = error.errno != errno.ENOENT
        if not whole:
            damaged.append(name)
            for path in stored_wheels(data).get(key, ()):
                delete(path)
    return damaged


def prune_wheels(data, folder):
    """Delete the wheels that were not used for long, and those that are too many, by way of a job's folder."""
    try:
        rows = [(max(map(os.path.getmtime, paths)), paths) for paths in stored_wheels(data).values()]
        size = 0
        for used, paths in sorted(rows, reverse=True):
            files = os.listdir(paths[-1]) if os.path.isdir(paths[-1]) else ()
            size += sum(os.path.getsize(os.path.join(paths[-1], name)) for name in files)
            unused = time.time() - used
            if unused > (UNUSED_WHEEL_SECONDS if size <= KEPT_WHEEL_BYTES else FORGOTTEN_SECONDS):
                drop_wheel(paths, used, os.path.join(folder, "unused"))
    except (IOError, OSError) as error:
        say("unused wheels were not deleted: %s" % words(error))


def drop_wheel(paths, used, aside):
    """Delete a wheel, unless a job was given it after `used`, or pip reads it: Windows then refuses to move its folder.

    The marker is moved first and then looked at; whichever job comes after that finds no marker, and pip no wheel.
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
    shutil.rmtree(aside, ignore_errors=True)
