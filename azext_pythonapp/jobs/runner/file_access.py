# -*- coding: utf-8 -*-
"""Files that another process may hold, or replace, at any moment."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import hashlib
import io
import json
import os
import shutil
import time

from .kudu_output import say
from .outcome import words


def persist(action):
    """Do what another process may keep from being done for a moment, such as replacing a file that it reads."""
    for _ in range(50):
        try:
            return action()
        except (IOError, OSError) as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EBUSY):
                raise
            time.sleep(0.1)
    return action()


def replace(source, target):
    if hasattr(os, "replace"):
        os.replace(source, target)
    elif os.name == "nt":
        import ctypes

        if not ctypes.windll.kernel32.MoveFileExW(source, target, 1):
            raise OSError(errno.EACCES, "MoveFileExW failed with error %d" % ctypes.GetLastError(), target)
    else:
        os.rename(source, target)


def read_json(path):
    with io.open(path, encoding="utf-8") as stream:
        return json.load(stream)


def read_json_surely(path):
    """The same for a file that may be in the middle of being written, or held, at this very moment."""
    for _ in range(5):
        try:
            return read_json(path)
        except (IOError, OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENOENT:
                raise
            time.sleep(0.2)
    return read_json(path)


def write_json(path, value, size=0):
    """Write a JSON file in one step. size: it is filled up with blanks to so many bytes."""
    content = json.dumps(value, indent=1, sort_keys=True).encode("ascii").ljust(size)
    new = path + ".new"
    with open(new, "wb") as stream:
        stream.write(content)
    persist(lambda: replace(new, path))


def overwrite_json(path, values):
    """Write over a file's own bytes the first of the values that can be written in full, the largest first.

    One that is no longer than the file takes no room, so it can be written on a full disk too. Raises the error of the
    last one when none can be.
    """
    for value in values[:-1]:
        try:
            return overwrite(path, value)
        except (IOError, OSError):
            continue
    return overwrite(path, values[-1])


def overwrite(path, value):
    content = json.dumps(value, sort_keys=True).encode("ascii").ljust(os.path.getsize(path))
    with io.open(path, "r+b", buffering=0) as stream:
        if stream.write(content) != len(content):
            raise IOError(errno.ENOSPC, "It was written in part only", path)


def make_folder(path):
    if not os.path.isdir(path):
        try:
            os.makedirs(path)
        except OSError:
            if not os.path.isdir(path):
                raise


def remove(path):
    try:
        persist(lambda: os.remove(path))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def delete(path):
    """Delete a file or folder as far as that is possible."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            remove(path)
        except OSError as error:
            say("%s could not be deleted: %s" % (path, words(error)))


def sha256_of(path):
    total = hashlib.sha256()
    with open(path, "rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            total.update(piece)
    return total.hexdigest()
