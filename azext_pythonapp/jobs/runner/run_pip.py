# -*- coding: utf-8 -*-
"""pip's own process: pip, which puts a package back that it can remove in part only, and ends with the runner.

It imports no other module of this package: none of them is pip's business.
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, print_function

import codecs
import importlib
import os
import runpy
import shutil
import threading

# What decodes a requirements file: of pip 25, 19.3 to 24, 10 to 19.2, and 9.
DECODERS = (
    ("pip._internal.req.req_file", "_decode_req_file"),
    ("pip._internal.req.req_file", "auto_decode"),
    ("pip._internal.download", "auto_decode"),
    ("pip.download", "auto_decode"),
)
BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Where pip keeps the class that removes a package's files: pip 10 and newer, and pip 9.
UNINSTALLERS = ("pip._internal.req.req_uninstall", "pip.req.req_uninstall")


def run_pip():
    """Be pip, with this process's arguments; does not return."""
    watch_parent()
    uninstall_all_or_nothing()
    read_any_encoding()
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


def watch_parent():
    """Give pip an empty standard input, and end this process when the one that it had is closed.

    That is a pipe whose other end only the runner holds, so it closes when the runner has gone, however that ended. The
    pip of a runner that was killed alone would go on without its lock, beside that of the next job.
    """
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    watcher = threading.Thread(target=end_with, args=(pipe,), name="parent-watch")
    watcher.daemon = True
    watcher.start()


def end_with(pipe):
    """End this process when a pipe is closed."""
    try:
        while os.read(pipe, 1):
            pass
    except (IOError, OSError):
        return
    os._exit(1)  # pylint: disable=protected-access


def uninstall_all_or_nothing():
    """Have pip put back what it has moved of a package when the next file cannot be moved.

    pip itself does so only when what it installs in its place fails later. A file that a running program holds thus
    costs the package its metadata and all files that pip came to before (docs/platform/site-extensions.md 4.2).
    """
    for name in UNINSTALLERS:
        try:
            package_files = importlib.import_module(name).UninstallPathSet
            break
        except (ImportError, AttributeError):
            continue
    else:
        return
    remove_files = package_files.remove

    def remove_all(paths, *arguments, **options):
        removed = False
        try:
            remove_files(paths, *arguments, **options)
            removed = True
        finally:
            if not removed:
                for path, stash in reversed(moved_files(paths)):
                    put_back(stash, path)

    package_files.remove = remove_all


def read_any_encoding():
    """Have pip read a requirements file that is no UTF-8 in the ANSI code page, as it does by itself.

    Here it does not, because PYTHONUTF8 makes the worker's preferred encoding UTF-8; and without that, a file that is
    UTF-8 would be read in the code page by every pip before 25.
    """
    for name, attribute in DECODERS:
        try:
            module = importlib.import_module(name)
            decode = getattr(module, attribute)
        except (ImportError, AttributeError):
            continue
        setattr(module, attribute, by_content(decode))


def by_content(decode):
    """A function in place of pip's own, which is asked where the content says what it is."""

    def decode_any(data, *arguments):
        says = data.startswith(BOMS) or any(
            line.startswith(b"#") and b"coding" in line for line in data.split(b"\n")[:2]
        )
        if says:
            try:
                return decode(data, *arguments)
            except LookupError:
                pass
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("mbcs" if os.name == "nt" else "cp1252", "replace")

    return decode_any


def moved_files(paths):
    """What pip has moved of a package, or tried to: [(path, where it is now)]. paths: pip's UninstallPathSet."""
    moved = getattr(paths, "_moved_paths", [])
    if hasattr(moved, "_moves"):  # pip 19 and newer
        return list(moved._moves)  # pylint: disable=protected-access
    return [(path, paths._stash(path)) for path in moved]  # pylint: disable=protected-access


def put_back(stash, path):
    """Move a file or folder back to where it was; what was copied but could not be taken away there is there still."""
    try:
        if os.path.isdir(stash) and not os.path.islink(stash):
            make_folder(path)
            for name in os.listdir(stash):
                put_back(os.path.join(stash, name), os.path.join(path, name))
            os.rmdir(stash)
        elif os.path.lexists(path):
            if os.path.lexists(stash):
                os.remove(stash)
        elif os.path.lexists(stash):
            make_folder(os.path.dirname(path))
            shutil.move(stash, path)
    except (IOError, OSError) as error:
        print("%s could not be put back: %s" % (path, error))


def make_folder(path):
    if not os.path.isdir(path):
        os.makedirs(path)
