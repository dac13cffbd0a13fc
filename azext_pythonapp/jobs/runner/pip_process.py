# -*- coding: utf-8 -*-
"""pip as a process, which can be killed with its child processes, and which ends when this process ends."""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, unicode_literals

import os
import subprocess
import sys
import threading
import time
import uuid

from .bytecode import NO_COMPILE
from .errors import error_text, report
from .pip_reason import PipReason
from .process_tree import ProcessTree

START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
# After pip has ended, another process may hold its output open: reading stops when nothing comes for so long.
DRAIN_SECONDS = 2
# Windows cannot start a process at this moment, for want of memory or of resources: ERROR_NOT_ENOUGH_MEMORY,
# ERROR_INTERNAL_ERROR, ERROR_NO_SYSTEM_RESOURCES, ERROR_COMMITMENT_LIMIT (docs/platform/worker.md 0.9). Seconds between
# the attempts.
SHORTAGES = (8, 1359, 1450, 1455)
START_PAUSES = (1, 2, 4)
# Variables, because an old pip ignores the variable of an option that it does not know, but fails at the argument:
# runtimes of 2018 bring pip 9, and --progress-bar came with pip 10. PIP_NO_WARN... is inverted: 0 is "no warning".
PIP_SETTINGS = {
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_NO_COLOR": "1",
    "PIP_UPGRADE_STRATEGY": "only-if-needed",
    "PIP_NO_WARN_SCRIPT_LOCATION": "0",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONNOUSERSITE": "1",
}
# Nobody can answer a prompt of a version control tool. git prompts for users and passwords at the console and through
# its askpass program; the credential manager of Git for Windows opens a window; ssh asks at the console about unknown
# hosts. pip itself calls svn with --non-interactive when its input is closed, and hg takes its defaults then.
NO_PROMPT_SETTINGS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
    "HGPLAIN": "1",
}
# Without this option ssh prompts at the console.
BATCH_MODE = "-oBatchMode=yes"
# Variables that make pip use another Python's library, install to another folder, or print nothing.
FOREIGN_SETTINGS = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_PYTHON",
    "PIP_QUIET",
    "PIP_DRY_RUN",
    "PIP_LOG",
)
# pip ends with an error where one of these is no truth value, also when --no-compile is given.
COMPILE_SETTINGS = ("PIP_COMPILE", "PIP_NO_COMPILE")


def native(text):
    """Return text in the type that os.environ and Popen of this Python accept."""
    if sys.version_info[0] == 2:
        return text.encode(sys.getfilesystemencoding() or "utf-8")
    return text


def ssh_settings(environment):
    """Return the variables that keep ssh from prompting. A command that the user has set is extended, not replaced.

    GIT_SSH names a program without arguments, such as plink, which has no option -o; GIT_SSH_COMMAND would override it.
    """
    settings = {}
    for name in ("GIT_SSH_COMMAND", "SVN_SSH"):
        command = environment.get(name) or ""
        if not command and (name == "SVN_SSH" or not environment.get("GIT_SSH")):
            settings[name] = "ssh " + BATCH_MODE
        elif "batchmode" not in command.lower() and is_openssh(command):
            settings[name] = command + " " + BATCH_MODE
    return settings


def is_openssh(command):
    """Return whether a command starts with ssh or ssh.exe, quoted or not, with or without its folder."""
    first = command.strip()
    quote = first[:1] if first[:1] in ('"', "'") else ""
    first = first[1:].split(quote)[0] if quote else first.split(" ")[0]
    return first.replace("\\", "/").rsplit("/", 1)[-1].lower() in ("ssh", "ssh.exe")


def started(start):
    """Start a process, again after a pause when the worker is too busy for one. Returns what `start` returns."""
    for pause in START_PAUSES:
        try:
            return start()
        except OSError as error:
            if getattr(error, "winerror", None) not in SHORTAGES:
                raise
            report("The worker is too busy to start pip (%s); trying again in %d s." % (error_text(error), pause))
            time.sleep(pause)
    return start()


class Pip:
    """pip of a Python. target: the Target. environment: the variables of the request, which win over all others.

    reason: makes what reads in its output why it failed. well: whether the last call has succeeded, and `pip check`
    behind it, in the same process.
    """

    reason = PipReason

    def __init__(self, target, environment):
        self.tree = None
        self.target = target
        self.program = "pip"
        self.well = False
        self.environment = {}
        for name, value in os.environ.items():
            if name.upper() not in FOREIGN_SETTINGS:
                self.environment[name] = value
        for settings in (PIP_SETTINGS, NO_PROMPT_SETTINGS, ssh_settings(os.environ), environment):
            for name, value in settings.items():
                self.environment[native(name)] = native(value)

    def run(self, arguments, directory, on_line, program="pip", environment=None, on_check=None):
        """Run pip; on_line is called with each line of its output, at once. Returns the exit code.

        program: "uv" for the process of run_uv.py in its place; environment: of that one. on_check: called when pip has
        succeeded and `pip check` begins behind it, whose output is not for on_line; None for no check.

        Its standard input is a pipe that this process keeps open without writing to it. The pipe closes when this
        process ends, and run_pip.py then ends pip, whose own standard input is empty.
        """
        environment = dict(self.environment if environment is None else environment)
        if NO_COMPILE in arguments:
            for name in COMPILE_SETTINGS:
                environment.pop(name, None)
        self.well = False
        mark = uuid.uuid4().hex
        start = [self.target.program, "-s", "-u", START] + self.target.start_of_pip()
        start += ["then-check", mark] if on_check else []
        if program != "pip":
            start = [self.target.program, "-s", "-u", START, program]
        command = start + list(arguments)
        process = started(
            lambda: subprocess.Popen(
                [native(part) for part in command],
                cwd=native(directory),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
        self.program = program
        self.tree = tree = ProcessTree(process)
        seen, checking = [], []

        def handle(line):
            own, marked = (line[: -len(mark)], True) if on_check and line.endswith(mark) else (line, False)
            silent = bool(checking) or (marked and not own)
            if marked:
                checking.append(True)
            if not silent:  # the last line of a program may have no end
                on_line(own)
            if marked:
                on_check()

        def copy():
            for line in iter(process.stdout.readline, b""):
                seen[:] = [line]
                try:
                    handle(line.decode("utf-8", "replace").rstrip("\r\n"))
                except Exception as error:  # pylint: disable=broad-exception-caught  # else pip waits for a reader
                    report("A line of pip's output could not be handled: %s" % error_text(error))

        reader = threading.Thread(target=copy, name="pip-output")
        reader.daemon = True
        reader.start()
        try:
            code = process.wait()
            reader.join(DRAIN_SECONDS)
            while reader.is_alive() and seen:
                del seen[:]
                reader.join(DRAIN_SECONDS)
        finally:
            self.tree = None
            tree.close()
            close(process.stdin)
        self.well = bool(checking) and code == 0
        return 0 if checking else code

    def stop(self):
        """Kill pip or uv, if it is running."""
        tree = self.tree
        if tree is not None:
            tree.kill(ends_by_itself=self.program == "uv")

    def check(self, directory):
        """Return what `pip check` says: {"ok", "problems"}; ok is None for pip before 9, which has no such command."""
        if self.well:
            return {"ok": True, "problems": []}
        lines = []
        code = self.run(["check"], directory, lines.append)
        problems = [line for line in lines if line.strip()] if code else []
        if any("unknown command" in line for line in problems):
            return {"ok": None, "problems": []}
        return {"ok": code == 0, "problems": problems}


def close(stream):
    """Close a pipe; a problem is only reported."""
    try:
        stream.close()
    except (IOError, OSError) as error:
        report("The pipe to pip could not be closed: %s" % error_text(error))
