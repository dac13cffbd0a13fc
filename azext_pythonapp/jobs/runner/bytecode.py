# -*- coding: utf-8 -*-
"""Compiled modules (.pyc) of packages: pip leaves them to late_compile.py, which writes them one by one."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import importlib
import io
import marshal
import os
import re
import struct
import sys
import warnings

from .errors import error_text, report
from .file_access import replace, write_bytes
from .record import NOT_SET, configured
from .site_packages import canonical, described, metadata_names

# pip has --no-compile at least since 1.5 of 2014; its change log does not name the release (docs/platform/worker.md 9).
FIRST_PIP = (1, 5)
NO_COMPILE = "--no-compile"
PATH = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*))')


def knows_no_compile(folder):
    """Return whether the pip in a site-packages folder has --no-compile; not when its version is not known."""
    for name in metadata_names(folder):
        match = re.match(r"pip-(\d+)\.(\d+)", name)
        if match:
            return (int(match.group(1)), int(match.group(2))) >= FIRST_PIP
    return False


def without_compiling(arguments, folder):
    """Return arguments of pip with which `install` writes no .pyc files, unless they say --compile themselves.

    The last of --compile and --no-compile counts, and both count more than pip's settings.
    """
    if list(arguments[:1]) != ["install"] or NO_COMPILE in arguments or not knows_no_compile(folder):
        return list(arguments)
    return ["install", NO_COMPILE] + list(arguments[1:])


def is_unwanted(calls, prefix):
    """Return whether the user wants no .pyc files: by an argument of pip's calls, a variable, or pip.ini.

    prefix: the folder of the Python that pip runs with. pip reads PIP_NO_COMPILE=1 the wrong way round, as "compile"
    (docs/platform/worker.md 9), and whoever sets it to 0 knows that: the variable means the same whatever its value is.
    """
    if any(is_option(argument) for call in calls for argument in call):
        return True
    settings = configured(("compile", "no-compile"), prefix)
    return any(name == "no-compile" or value in NOT_SET for name, value, _ in settings)


def is_option(argument):
    """Return whether an argument is --no-compile; pip accepts an abbreviation."""
    return isinstance(argument, type("")) and len(argument) > len("--no-c") and NO_COMPILE.startswith(argument)


def entries_of_packages(folder, names):
    """Return the metadata folders of packages in a site-packages folder. names: of packages, in any form."""
    wanted = set(canonical(name) for name in names)
    found = []
    for entry in metadata_names(folder):
        where = os.path.join(folder, entry)
        if os.path.isdir(where) and any(canonical(fields["Name"]) in wanted for _, fields in described(where, entry)):
            found.append(where)
    return found


def lines_of(path):
    """Return the lines of a text file; [] when there is none."""
    if not os.path.isfile(path):
        return []
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read().splitlines()


def sources(folder, names):
    """Return the .py files of packages, as their metadata lists them, that lie in the site-packages folder itself."""
    found = []
    for where in entries_of_packages(folder, names):
        rows = [PATH.match(line).groups() for line in lines_of(os.path.join(where, "RECORD"))]
        paths = [os.path.join(folder, (quoted or plain or "").replace('""', '"').strip()) for quoted, plain in rows]
        paths += [os.path.join(where, line.strip()) for line in lines_of(os.path.join(where, "installed-files.txt"))]
        found += [os.path.normpath(path.replace("\\", os.sep)) for path in paths if path.endswith(".py")]
    folders = dict((each, real(each)) for each in set(os.path.dirname(path) for path in found))
    return sorted(set(path for path in found if folders[os.path.dirname(path)].startswith(real(folder))))


def real(folder):
    """Return the path of a folder without links, with a separator behind it, for comparisons."""
    return os.path.normcase(os.path.realpath(folder)) + os.sep


def compiled_path(source):
    """Return where Python looks for the compiled form of a module."""
    return source + "c" if sys.version_info[0] == 2 else importer().cache_from_source(source)


def importer():
    """Return the module importlib.util, which Python 2 does not have."""
    return importlib.import_module("importlib.util")


def header(source):
    """Return the bytes with which a compiled form begins that is up to date (PEP 3147, PEP 552)."""
    status = os.stat(source)
    if sys.version_info[0] == 2:
        import imp  # pylint: disable=deprecated-module

        return imp.get_magic() + struct.pack(str("<L"), int(status.st_mtime) & 0xFFFFFFFF)
    flags = struct.pack("<L", 0) if sys.version_info >= (3, 7) else b""
    times = struct.pack("<LL", int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return importer().MAGIC_NUMBER + flags + times


def is_compiled(source):
    """Return whether the compiled form of a module is there, and up to date."""
    try:
        wanted = header(source)
        with open(compiled_path(source), "rb") as stream:
            return stream.read(len(wanted)) == wanted
    except (IOError, OSError):
        return False


def compile_module(source, aside, may_write):
    """Write the compiled form of a module, atomically. Returns whether it was written.

    aside: a path on the same drive, where it is written first: what a killed process leaves there is in nobody's way.
    may_write: asked right before the compiled form is put in its place. A module that cannot be compiled is passed
    over, such as a template or one for another Python. Raises IOError or OSError when the compiled form cannot be
    written.
    """
    try:
        stamp = header(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = stamp + marshal.dumps(code_of(source))
    except (IOError, OSError):
        if os.path.isfile(source):
            raise
        return False
    except Exception:  # pylint: disable=broad-exception-caught  # whatever the parser raises for what is no Python
        return False
    write_whole(aside, content)
    target = compiled_path(source)
    # py_compile looks at the source's time after it has read it: old code would count as that of a new source.
    if not may_write() or not os.path.isfile(source) or header(source) != stamp:
        return False
    if not os.path.isdir(os.path.dirname(target)):
        os.mkdir(os.path.dirname(target))
    replace(aside, target)
    return True


def code_of(source):
    """Return the compiled code of a module. Raises what the compiler raises, and IOError or OSError."""
    if sys.version_info[0] == 2:
        with open(source, "rb") as stream:
            text = stream.read().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return compile(text, source, "exec", 0, True)  # True: without this module's own imports from __future__
    loader = importlib.import_module("importlib.machinery").SourceFileLoader("<module>", source)
    return loader.source_to_code(loader.get_data(source), source)


def write_whole(path, content):
    """Write a file. Raises IOError when only a part was written.

    py_compile does not look at that before Python 3.14 (https://github.com/python/cpython/issues/126606), and a module
    with the right header and half of its code cannot be imported any more.
    """
    with io.open(path, "wb", buffering=0) as stream:
        written = stream.write(content)
    if written != len(content) or os.path.getsize(path) != len(content):
        raise IOError(errno.ENOSPC, "It was written only in part", path)


def list_compiled(folder, names):
    """Add the .pyc files beside the modules to the lists of files of packages without a RECORD; for Python 2 only.

    There `pip uninstall` deletes those that are listed, and pip lists them when it compiles. In Python 3 it knows where
    they are (docs/platform/worker.md 9).
    """
    if sys.version_info[0] > 2:
        return
    for where in entries_of_packages(folder, names):
        path = os.path.join(where, "installed-files.txt")
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as stream:  # in whatever code page the names are
            lines = stream.read().splitlines()
        missing = [line + b"c" for line in lines if line.endswith(b".py") and line + b"c" not in lines]
        if missing:
            try:
                write_bytes(path, b"\n".join(lines + missing + [b""]))
            except (IOError, OSError) as error:
                report("%s could not be completed: %s" % (path, error_text(error)))
