# -*- coding: utf-8 -*-
"""The process of pip: it ends when the runner ends, and restores a package that it cannot remove completely.

This module imports only check_after.py and index_requests.py of the package, so that pip's process contains nothing
else of the runner.
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, print_function

import codecs
import importlib
import os
import runpy
import shutil
import sys
import threading

from .check_after import CheckAfter
from .index_requests import IndexRequests, tell

# The function that decodes requirements files: of pip 25, 19.3 to 24, 10 to 19.2, and 9.
DECODERS = (
    ("pip._internal.req.req_file", "_decode_req_file"),
    ("pip._internal.req.req_file", "auto_decode"),
    ("pip._internal.download", "auto_decode"),
    ("pip.download", "auto_decode"),
)
BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# The module with the class that removes the files of a package: of pip 10 and newer, and of pip 9.
UNINSTALLERS = ("pip._internal.req.req_uninstall", "pip.req.req_uninstall")


def run_pip(check=None):
    """Run pip with the arguments of this process; does not return.

    check: a line that is printed when pip has succeeded, before `pip check` runs in this process; None for no check.
    """
    watch_parent()
    check_after = CheckAfter(check)
    uninstall_all_or_nothing()
    read_any_encoding()
    requests = IndexRequests()
    requests.watch()
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        # `pip list --outdated` ends well, and without an index it knows of nothing newer. `pip check` asks none.
        command = sys.argv[1:2]
        if command == ["list"] or (ending.code and command != ["check"]):
            tell(requests)
        if not ending.code:
            check_after.run()
        raise


def run_pip_of(packages, prefix, check=None):
    """Run the pip of another Python, without its other packages; does not return, except an exit code.

    packages: the site-packages that it is in. prefix: what has to be the folder of this Python, as sys.prefix says it:
    else pip would change another one. check: as in run_pip.
    """
    if not same_folder(sys.prefix, prefix):
        print("ERROR: %s is a Python of %s, not of %s." % (sys.executable, sys.prefix, prefix))
        return 1
    provide_pip(os.path.join(packages, "pip"))
    return run_pip(check)


def same_folder(one, other):
    """Return whether two paths name the same folder."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def provide_pip(folder):
    """Have `import pip` find the package in this folder; nothing else is found beside it.

    pip itself sees only what sys.path has, so it lists and changes the packages of this Python. (The option --python
    came with pip 22.3, and a pip in a zip file has no certificates that OpenSSL can read.)
    """
    util = importlib.import_module("importlib.util")
    spec = util.spec_from_file_location("pip", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder])
    if not hasattr(util, "module_from_spec"):  # Python 3.4
        spec.loader.load_module("pip")
        return
    sys.modules["pip"] = module = util.module_from_spec(spec)
    spec.loader.exec_module(module)


def watch_parent():
    """Give pip an empty standard input, and end this process when the original one is closed.

    That is a pipe whose other end only the runner has open, so it closes when the runner ends, even when it is killed.
    Without this, pip would continue without the lock, at the same time as the pip of the next job.
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
    """Make pip move the files of a package back when one of them cannot be moved away.

    pip itself does so only when the installation of the new version fails later. So, one file that a running program
    has open would cost the package its metadata and all files before it (docs/platform/site-extensions.md 4.2).
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
                    move_back(stash, path)

    package_files.remove = remove_all


def read_any_encoding():
    """Make pip read a requirements file that is not UTF-8 in the ANSI code page, as it normally does.

    Here it would not, because PYTHONUTF8 makes UTF-8 the preferred encoding. Without PYTHONUTF8, every pip before 25
    would read a UTF-8 file in the code page.
    """
    for name, attribute in DECODERS:
        try:
            module = importlib.import_module(name)
            decode = getattr(module, attribute)
        except (ImportError, AttributeError):
            continue
        setattr(module, attribute, by_content(decode))


def by_content(decode):
    """Return a replacement of pip's decoder, which calls it only when the content names its encoding."""

    def decode_any(data, *arguments):
        named = data.startswith(BOMS) or any(
            line.startswith(b"#") and b"coding" in line for line in data.split(b"\n")[:2]
        )
        if named:
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
    """Return what pip has moved of a package, or tried to: [(path, new path)]. paths: pip's UninstallPathSet."""
    moved = getattr(paths, "_moved_paths", [])
    if hasattr(moved, "_moves"):  # pip 19 and newer
        return list(moved._moves)  # pylint: disable=protected-access
    return [(path, paths._stash(path)) for path in moved]  # pylint: disable=protected-access


def move_back(stash, path):
    """Move a file or folder back. One that pip copied, but could not delete, is still in its place."""
    try:
        if os.path.isdir(stash) and not os.path.islink(stash):
            make_folder(path)
            for name in os.listdir(stash):
                move_back(os.path.join(stash, name), os.path.join(path, name))
            os.rmdir(stash)
        elif os.path.lexists(path):
            if os.path.lexists(stash):
                os.remove(stash)
        elif os.path.lexists(stash):
            make_folder(os.path.dirname(path))
            shutil.move(stash, path)
    except (IOError, OSError) as error:
        print("%s could not be moved back: %s" % (path, error))


def make_folder(path):
    """Create a folder with its parents, unless it exists."""
    if not os.path.isdir(path):
        os.makedirs(path)
