# -*- coding: utf-8 -*-
"""Files that another process may lock or replace at any moment."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import hashlib
import io
import json
import os
import stat
import time

from .errors import error_text, report

LOCKED = (errno.EACCES, errno.EPERM, errno.EBUSY)
# Between the attempts to delete what an antivirus, or a process that is about to end, still has open.
DELETE_PAUSES = (0.2, 0.5, 1, 2)
# winnt.h: FILE_ATTRIBUTE_REPARSE_POINT; fileapi.h: INVALID_FILE_ATTRIBUTES, as a signed number.
REPARSE_POINT = 0x400
NO_ATTRIBUTES = -1


def retry_while_locked(action):
    """Do what another process may prevent for a moment, such as replacing a file that it is reading.

    Returns what the action returns; raises its error after 5 s.
    """
    for _ in range(50):
        try:
            return action()
        except (IOError, OSError) as error:
            if error.errno not in LOCKED:
                raise
            time.sleep(0.1)
    return action()


def replace(source, target):
    """Rename a file over another one, as os.replace does, which Python 2 does not have."""
    if hasattr(os, "replace"):
        os.replace(source, target)
    elif os.name == "nt":
        import ctypes

        if not ctypes.windll.kernel32.MoveFileExW(source, target, 1):
            raise OSError(errno.EACCES, "MoveFileExW failed with error %d" % ctypes.GetLastError(), target)
    else:
        os.rename(source, target)


def read_json(path):
    """Return the value in a JSON file."""
    with io.open(path, encoding="utf-8") as stream:
        return json.load(stream)


def read_json_with_retries(path):
    """Return the value in a JSON file that may be locked, or only half written, at this moment."""
    for _ in range(5):
        try:
            return read_json(path)
        except (IOError, OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENOENT:
                raise
            time.sleep(0.2)
    return read_json(path)


def write_json(path, value, size=0):
    """Replace a JSON file atomically. size: the file is padded with blanks to this many bytes."""
    write_bytes(path, json.dumps(value, indent=1, sort_keys=True).encode("ascii").ljust(size))


def write_bytes(path, content):
    """Replace a file atomically."""
    new = path + ".new"
    with open(new, "wb") as stream:
        stream.write(content)
    retry_while_locked(lambda: replace(new, path))


def overwrite_json(path, values):
    """Overwrite a JSON file in place with the first of the values that can be written completely.

    values: the longest first. One that is no longer than the file needs no free space, so it can be written to a full
    disk. Raises the error of the last one when none can be written.
    """
    for value in values[:-1]:
        try:
            return overwrite(path, value)
        except (IOError, OSError):
            continue
    return overwrite(path, values[-1])


def overwrite(path, value):
    """Overwrite a JSON file in place. Raises IOError when the value was written only in part."""
    content = json.dumps(value, sort_keys=True).encode("ascii").ljust(os.path.getsize(path))
    with io.open(path, "r+b", buffering=0) as stream:
        if stream.write(content) != len(content):
            raise IOError(errno.ENOSPC, "It was written only in part", path)


def make_folder(path):
    """Create a folder with its parents, unless it exists."""
    if not os.path.isdir(path):
        try:
            os.makedirs(path)
        except OSError:
            if not os.path.isdir(path):
                raise


def remove(path):
    """Delete a file, unless it does not exist."""
    try:
        retry_while_locked(lambda: os.remove(path))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def delete(path, tell=lambda: None):
    """Delete a file or folder as far as possible; a problem is only reported. Returns whether it is gone.

    A link or junction is deleted, and what it leads to stays: Python 3.7 and older take a junction for a folder, and
    shutil.rmtree deletes what is in it. tell: called now and then while a folder is deleted.
    """
    path = extended(path)
    for pause in DELETE_PAUSES:
        problem = delete_once(path, tell)
        if problem is None or problem.errno not in LOCKED:
            break
        time.sleep(pause)
    else:
        problem = delete_once(path, tell)
    if problem is not None:
        report("%s could not be deleted: %s" % (path, error_text(problem)))
    return problem is None


def delete_once(path, tell):
    """Delete a file, or a folder as far as possible. Returns the first problem; None for none."""
    problem = None
    try:
        is_folder = os.path.isdir(path)
        if is_folder and not is_link(path):
            for name in os.listdir(path):
                found = delete_once(os.path.join(path, name), tell)
                problem = problem or found
            tell()
            if problem is None:
                delete_entry(os.rmdir, path)
        else:
            delete_entry(os.rmdir if is_folder and os.name == "nt" else os.remove, path)
    except (IOError, OSError) as error:
        if error.errno != errno.ENOENT:
            return problem or error
    return problem


def delete_entry(action, path):
    """Delete a file, a link, a junction or an empty folder, which may be read-only. action: deletes what can be."""
    try:
        action(path)
    except (IOError, OSError) as error:
        if error.errno not in (errno.EACCES, errno.EPERM):
            raise
        if is_link(path):  # a junction that leads nowhere
            action = os.rmdir
        else:
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | stat.S_IWRITE)
        action(path)


def is_link(path):
    """Return whether a path is a link or, in Windows, a junction or another reparse point."""
    if os.name != "nt":
        return os.path.islink(path)
    try:
        import ctypes
    except ImportError:
        return os.path.islink(path)
    attributes = ctypes.windll.kernel32.GetFileAttributesW(path)
    return attributes != NO_ATTRIBUTES and bool(attributes & REPARSE_POINT)


def extended(path):
    """Return a path in the form in which Windows knows no limit of 260 characters; elsewhere as it is.

    A folder that was renamed may have paths in it that are longer than those with which they were made.
    """
    if os.name != "nt":
        return path
    if isinstance(path, bytes):
        path = path.decode("mbcs")
    path = os.path.abspath(path)
    if path.startswith("\\\\?\\"):
        return path
    return "\\\\?\\UNC" + path[1:] if path.startswith("\\\\") else "\\\\?\\" + path


def sha256_of(path):
    """Return the SHA-256 of a file in hex."""
    total = hashlib.sha256()
    with open(path, "rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            total.update(piece)
    return total.hexdigest()
