# -*- coding: utf-8 -*-
"""pip as a process, which can be ended with all that it starts, and which ends with this one."""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, unicode_literals

import os
import subprocess
import sys
import threading

from .kudu_output import say
from .outcome import words
from .process_tree import ProcessTree

START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
# A pipe that another process holds open after pip has ended is given up when it brings nothing for so long.
DRAIN_SECONDS = 2
# Given as variables, because a pip that does not know an option ignores its variable but stops at the argument;
# --progress-bar came with pip 10, and runtimes of 2018 bring pip 9. NO_WARN is read inverted, so 0 is "no warning".
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
# Nobody can answer what a version control tool asks. git asks at the console for users and passwords, and through its
# askpass program; the credential manager of Git for Windows opens a window; ssh asks at the console about unknown
# hosts. With its input closed svn is called with --non-interactive by pip itself, and hg takes its defaults.
NO_PROMPT_SETTINGS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
    "HGPLAIN": "1",
}
# Without it ssh asks at the console.
BATCH_MODE = "-oBatchMode=yes"
# What would lead pip to another Python's library, to another folder, or to silence.
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


def native(text):
    """Text as os.environ and Popen of this Python take it."""
    if sys.version_info[0] == 2:
        return text.encode(sys.getfilesystemencoding() or "utf-8")
    return text


def ssh_settings(environment):
    """The variables that keep ssh from asking, for a process with this environment; a command of the user's stands.

    GIT_SSH names a program without arguments, such as plink, which knows no -o; GIT_SSH_COMMAND would override it.
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
    """Whether a command begins with ssh or ssh.exe, quoted or not, with or without its folder."""
    first = command.strip()
    quote = first[:1] if first[:1] in ('"', "'") else ""
    first = first[1:].split(quote)[0] if quote else first.split(" ")[0]
    return first.replace("\\", "/").rsplit("/", 1)[-1].lower() in ("ssh", "ssh.exe")


class Pip:
    """pip of this very Python, with an environment that leads it nowhere else."""

    def __init__(self, environment):
        self.tree = None
        self.environment = {}
        for name, value in os.environ.items():
            if name.upper() not in FOREIGN_SETTINGS:
                self.environment[name] = value
        for settings in (PIP_SETTINGS, NO_PROMPT_SETTINGS, ssh_settings(os.environ), environment):
            for name, value in settings.items():
                self.environment[native(name)] = native(value)

    def run(self, arguments, directory, on_line):
        """Run it; on_line gets each line that it prints, at once. Returns the exit code.

        Its standard input is a pipe that this process holds open without writing: run_pip.py ends pip when it is
        closed, as it is when this process has gone, and gives pip an empty input in its place.
        """
        command = [sys.executable, "-s", "-u", START, "pip"] + list(arguments)
        process = subprocess.Popen(
            [native(part) for part in command],
            cwd=native(directory),
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.tree = tree = ProcessTree(process)
        seen = []

        def copy():
            for line in iter(process.stdout.readline, b""):
                seen[:] = [line]
                try:
                    on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
                except Exception as error:  # pylint: disable=broad-exception-caught  # else pip waits for a reader
                    say("a line of pip could not be taken: %s" % words(error))

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
        return code

    def stop(self):
        """End it, if it runs."""
        tree = self.tree
        if tree is not None:
            tree.kill()

    def check(self, directory):
        """What `pip check` says: {"ok", "problems"}; ok is None for a pip before 9, which has no such command."""
        lines = []
        code = self.run(["check"], directory, lines.append)
        problems = [line for line in lines if line.strip()] if code else []
        if any("unknown command" in line for line in problems):
            return {"ok": None, "problems": []}
        return {"ok": code == 0, "problems": problems}


def close(stream):
    try:
        stream.close()
    except (IOError, OSError) as error:
        say("the pipe to pip could not be closed: %s" % words(error))
