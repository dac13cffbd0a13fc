# -*- coding: utf-8 -*-
"""Build an environment from nothing, in the folder that the app does not use: ../../environments/a or b.

    Scripts/            python.exe and the DLLs of the runtime
    Lib/site-packages/  the packages
    pyvenv.cfg          names the runtime; Python looks for it in the folder above that of python.exe
    pip.ini             that of the runtime, if it has one
    wfastcgi.py         environment_fastcgi.py, and beside it wfastcgi_original.py of the runtime, if it has one
    pythonapp.json      what it was built of. Written last: without it the folder is half built and nobody uses it

The folder that was there before is moved aside, to <letter>.old-<end of the job's id>: back when the build fails, and
deleted behind the job's end when it succeeds. A job that was killed leaves it, and the next one moves it back.
"""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import errno
import os
import re
import shutil
import sys
import time

from .errors import JobFailed, error_text, report
from .file_access import delete, is_link, make_folder, retry_while_locked, write_bytes, write_json
from .site_packages import (
    canonical,
    described,
    details,
    direct_addresses,
    installed_packages,
    listed_entries,
    metadata_names,
)
from .state import HEARTBEAT_SECONDS, now
from .target import environment_target

DESCRIPTION = "pythonapp.json"
# What IIS starts in an environment.
PROGRAM = "environment_fastcgi.py"
# The format that azext_pythonapp/runtimes/environment.py reads.
FORMAT = 1
# Python reads pyvenv.cfg since 3.3 (PEP 405); 3.4 is the first that this program runs on.
FIRST_PYTHON = (3, 4)
# An older pip cannot build a package from its sources without setuptools beside it
# (https://pip.pypa.io/en/stable/news/, 23.1).
FIRST_PIP_WITHOUT_SETUPTOOLS = (23, 1)
# IIS ends the processes of the Python that was in use before a while after the switch.
STOPPING_SECONDS = 60
POLL_SECONDS = 1
LETTERS = ("a", "b")
ASIDE = re.compile(r"(?P<letter>[ab])\.old-[0-9a-f]{4}$")
COMMENT = re.compile(b"<!--.*?-->", re.DOTALL)
LOCKED = (errno.EACCES, errno.EPERM, errno.EBUSY, getattr(errno, "ETXTBSY", errno.EBUSY))


class Environment:
    """The environment that a job builds. Created when the job has the lock of all environments.

    request: the JobRequest. state: the State, for the phase and for pauses. log: the Log.
    """

    def __init__(self, request, state, log):
        self.letter = request.fields["environment"]
        if self.letter not in LETTERS:
            raise JobFailed("the request of the job names no environment.")
        self.request, self.state, self.log = request, state, log
        self.build = request.fields["build"]
        self.parent = os.path.join(request.data, "environments")
        self.folder = os.path.join(self.parent, self.letter)
        self.aside = os.path.join(self.parent, "%s.old-%s" % (self.letter, state.fields["id"][-4:]))
        self.target = environment_target(self.folder)
        self.complete = False

    def run(self, fill):
        """Build the environment. fill: installs its packages, and calls describe() at its end.

        Raises JobFailed when it cannot be built, and whatever fill raises. The folder is then as it was before, as far
        as it can be moved back, and never one with a description that does not fit.
        """
        self.require_version()
        self.require_unused()
        try:
            make_folder(self.parent)
            self.restore_left()
            self.await_processes()
            self.require_unused()
            self.move_aside()
            try:
                self.make()
                fill()
                self.complete = os.path.isfile(os.path.join(self.folder, DESCRIPTION))
            finally:
                if not self.complete:
                    self.give_up()
        except (IOError, OSError) as error:
            raise JobFailed("environment %s could not be built: %s" % (self.letter, error_text(error)))

    def require_version(self):
        """Raise JobFailed for a Python that knows no environments."""
        if sys.version_info < FIRST_PYTHON:
            raise JobFailed(
                "Python %d.%d does not read pyvenv.cfg, so it can have no environment." % sys.version_info[:2]
            )

    def require_unused(self):
        """Raise JobFailed when a web.config of the app names a file of this environment, or cannot be read."""
        place = re.compile((r"pythonapp[\\/]+environments[\\/]+%s[\\/]" % self.letter).encode("ascii"), re.IGNORECASE)
        for path in self.build["webConfigs"]:
            try:
                content = self.text_of(self.request.resolve({"home": path}))
            except (IOError, OSError) as error:
                raise JobFailed(
                    "whether the app uses environment %s is not known: %s" % (self.letter, error_text(error))
                )
            if place.search(content):
                raise JobFailed("the app uses environment %s: %s names it." % (self.letter, path))

    def text_of(self, path):
        """Return what IIS reads of a web.config, without comments; b"" when there is none. UTF-16 becomes ASCII."""

        def read():
            with open(path, "rb") as stream:
                return stream.read()

        try:
            return COMMENT.sub(b"", retry_while_locked(read).replace(b"\0", b""))
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return b""

    def restore_left(self):
        """Put back what a job that was killed has moved aside, unless it was replaced since, and delete the rest."""
        for name in sorted(os.listdir(self.parent)):
            match = ASIDE.match(name)
            if match is None:
                continue
            path, folder = os.path.join(self.parent, name), os.path.join(self.parent, match.group("letter"))
            if folder == self.folder and is_described(path) and not is_described(folder):
                self.log.line("Putting back %s, which an interrupted job has moved aside." % folder)
                delete(folder)
                self.rename_if_free(path, folder)
            # The other environment is in use, whatever is in it. One that could not be put back yet stays for the next.
            if is_described(folder) or (folder == self.folder and not is_described(path)):
                discard(path)

    def await_processes(self):
        """Wait until no process runs from the folder, so that none finds half of its modules gone."""
        until = time.time() + STOPPING_SECONDS
        said = False
        while is_running(self.target.program):
            if time.time() >= until:
                self.log.line("A process still runs %s." % self.target.program)
                return
            if not said:
                self.log.line("Waiting until no process runs %s any more." % self.target.program)
            said = True
            self.state.set(phase="waiting for a process")
            self.state.pause(POLL_SECONDS)

    def move_aside(self):
        """Move what is in the folder's place aside, in one step. Raises JobFailed when Windows refuses that.

        Windows renames no folder with an open file in it (docs/platform/worker.md 5, 10); nothing is changed then.
        """
        if not os.path.lexists(self.folder):
            return
        try:
            retry_while_locked(lambda: os.rename(self.folder, self.aside))
        except (IOError, OSError) as error:
            if error.errno not in LOCKED:
                raise
            raise JobFailed(
                "environment %s cannot be replaced, because a process still uses it; nothing was changed. Restart the "
                "app, which ends that process, and run the command again." % self.letter
            )

    def make(self):
        """Create the folder with a Python that has no packages yet, except those that it cannot start without."""
        self.state.set(phase="creating the environment", progress=None)
        self.log.line("Building environment %s in %s" % (self.letter, self.folder))
        make_folder(self.target.packages)
        make_folder(os.path.dirname(self.target.program))
        base = self.copy_programs()
        text = "home = %s\r\ninclude-system-site-packages = false\r\n" % base
        write_bytes(os.path.join(self.folder, "pyvenv.cfg"), text.encode("utf-8"))
        self.copy_if_there("pip.ini" if os.name == "nt" else "pip.conf", [sys.prefix])
        if self.copy_if_there("wfastcgi.py", [sys.prefix, self.target.pip], "wfastcgi_original.py"):
            copy(os.path.join(os.path.dirname(__file__), PROGRAM), os.path.join(self.folder, "wfastcgi.py"))
        else:
            self.log.line("The runtime has no wfastcgi.py, so the environment has none.")
        self.copy_packages(needed_packages(self.target.pip), self.target.pip)

    def copy_programs(self):
        """Copy python.exe and what it loads from its folder. Returns the folder of the runtime for pyvenv.cfg."""
        place = os.path.dirname(self.target.program)
        if os.name != "nt":  # what venv does there
            base = os.path.join(getattr(sys, "base_prefix", sys.prefix), "bin")
            os.symlink(os.path.join(base, "python%d.%d" % sys.version_info[:2]), self.target.program)
            return base
        base = os.path.dirname(self.request.fields["python"])
        for name in sorted(os.listdir(base)):
            if name.lower() in ("python.exe", "pythonw.exe") or name.lower().endswith(".dll"):
                copy(os.path.join(base, name), os.path.join(place, name))
        return base

    def copy_if_there(self, name, folders, copied=None):
        """Copy a file of the runtime into the environment's folder, as `copied`. Returns whether there is one."""
        for folder in folders:
            if os.path.isfile(os.path.join(folder, name)):
                copy(os.path.join(folder, name), os.path.join(self.folder, copied or name))
                return True
        return False

    def copy_kept(self):
        """Copy the packages that stay from the Python in use. Returns whether there are any, and all could be copied.

        Their versions may be gone from the index; they work all the same, and the app has them.
        """
        source = self.compared_folder()
        names = self.build.get("kept") or []
        if not names or source is None:
            return False
        self.log.line(
            "What stays cannot be installed again as it is, so these packages are copied from %s, without their "
            "programs in Scripts: %s" % (source, ", ".join(names))
        )
        try:
            there = installed_packages(self.target.packages)
            self.copy_packages([name for name in names if name not in there], source)
        except (IOError, OSError) as error:
            self.log.line("They could not be copied: %s" % error_text(error))
            return False
        return set(names) <= set(installed_packages(self.target.packages))

    def copy_packages(self, names, source):
        """Copy installed packages into the environment, without compiled modules and programs.

        names: in their normalized form. source: the site-packages folder that they are in.
        """
        entries = set()
        for entry in metadata_names(source):
            where = os.path.join(source, entry)
            if any(canonical(fields["Name"]) in names for _, fields in described(where, entry)):
                entries.update([entry] + list(listed_entries(where, entry)))
        for entry in sorted(entries - set(["", ".", os.pardir, "__pycache__"])):
            if os.path.splitdrive(entry)[0]:  # a file of another drive
                continue
            path, copied = os.path.join(source, entry), os.path.join(self.target.packages, entry)
            if os.path.isdir(path):
                copy_folder(path, copied)
            elif os.path.isfile(path):
                copy(path, copied)

    def describe(self, packages):
        """Write what the environment was built of. packages: as installed_packages() returns them.

        What clients ask of each package is among it, so that they need not read a file of each.
        """
        asked = self.build
        size, requires = details(self.target.packages)
        fields = {
            "format": FORMAT,
            "base": {
                "pythonPath": self.request.fields["python"],
                "version": sys.version.split()[0].rstrip("+"),
                "architecture": "x64" if sys.maxsize > 2**32 else "x86",
            },
            "requirements": asked["requirements"],
            "digest": asked["digest"],
            "added": asked["added"],
            "removed": asked["removed"],
            "installer": self.state.fields.get("installer") or "pip %s" % version_of_pip(self.target.pip),
            "job": self.state.fields["id"],
            "builtAt": now(),
            "packages": dict((key, packages[key][1]) for key in packages),
            "size": size,
            "direct": sorted(direct_addresses(self.target.packages)),
            "requires": requires,
        }
        write_json(os.path.join(self.folder, DESCRIPTION), fields)

    def compared_folder(self):
        """Return the site-packages with whose packages the new ones are compared; None when there is none."""
        path = self.build["compared"] and self.request.resolve({"home": self.build["compared"]})
        return path if path and os.path.isdir(path) else None

    def give_up(self):
        """Delete the half-built folder, and put back the one that was there before. Raises nothing."""
        try:
            discard(self.folder)
            self.rename_if_free(self.aside, self.folder)
        except Exception as error:  # pylint: disable=broad-exception-caught  # the reason of the failure counts
            report("%s could not be cleaned up: %s" % (self.folder, error_text(error)))

    def rename_if_free(self, path, folder):
        """Rename a folder, when it is there, its new place is free, and no process has a file in it open."""
        if os.path.isdir(path) and not os.path.lexists(folder):
            try:
                retry_while_locked(lambda: os.rename(path, folder))
            except (IOError, OSError) as error:
                if error.errno not in LOCKED:
                    raise
                self.log.line("%s could not be put back as %s: %s" % (path, folder, error_text(error)))

    def delete_old(self):
        """Delete the folder that was replaced, and say so now and then: Kudu kills a silent command. Raises nothing."""
        if self.complete and os.path.lexists(self.aside):
            discard(self.aside)


def is_described(folder):
    """Return whether an environment is complete."""
    return os.path.isfile(os.path.join(folder, DESCRIPTION))


def discard(folder):
    """Delete an environment as far as possible, its description first: what is left of it is never taken for one.

    Where the description cannot be deleted, everything stays. Raises nothing.
    """
    beats = [time.time()]

    def tell():
        if time.time() - beats[0] >= HEARTBEAT_SECONDS:
            beats[0] = time.time()
            report("%s deleting %s" % (now(), folder))

    if is_link(folder) or delete(os.path.join(folder, DESCRIPTION)):
        delete(folder, tell)


def is_running(program):
    """Return whether a process runs this very file: nobody opens it for writing then (docs/platform/worker.md 10)."""
    if os.name != "nt":  # a link to the runtime's own
        return False
    try:
        os.close(os.open(program, os.O_RDWR))
    except (IOError, OSError) as error:
        return error.errno in LOCKED
    return False


def needed_packages(folder):
    """Return the packages that an environment has from the beginning. folder: the site-packages of the runtime.

    sitecustomize.py of the official runtimes imports certifi, at each start (docs/platform/site-extensions.md 1.5).
    """
    needed = []
    module = getattr(sys.modules.get("sitecustomize"), "__file__", None) or ""
    path = module[:-1] if module.endswith((".pyc", ".pyo")) else module
    if os.path.isfile(path) and not os.path.abspath(path).startswith(os.path.abspath(folder) + os.sep):
        with open(path, "rb") as stream:
            if b"certifi" in stream.read():
                needed.append("certifi")
    numbers = re.match(r"(\d+)\.(\d+)", version_of_pip(folder))
    if numbers and tuple(int(number) for number in numbers.groups()) < FIRST_PIP_WITHOUT_SETUPTOOLS:
        needed += ["setuptools", "wheel"]
    return needed


def version_of_pip(folder):
    """Return the version of the pip in a site-packages folder, as the name of its metadata has it; "" for none."""
    for name in metadata_names(folder):
        match = re.match(r"pip-(\d[^-]*?)(?:-py[\d.]+)?\.(?:dist|egg)-info$", name)
        if match:
            return match.group(1)
    return ""


def copy(source, target):
    """Copy a file with its time, but without its attributes: a copy that is read-only could not be deleted."""
    shutil.copyfile(source, target)
    status = os.stat(source)
    os.utime(target, (status.st_atime, status.st_mtime))


def copy_folder(source, target):
    """Copy a folder without compiled modules and without attributes, as copy() does."""
    os.mkdir(target)
    for name in sorted(os.listdir(source)):
        path = os.path.join(source, name)
        if os.path.isfile(path) and not name.endswith(".pyc"):
            copy(path, os.path.join(target, name))
        elif os.path.isdir(path) and name != "__pycache__":
            copy_folder(path, os.path.join(target, name))
