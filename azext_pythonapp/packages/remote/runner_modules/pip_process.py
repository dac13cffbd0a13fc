# -*- coding: utf-8 -*-
"""pip as a process, which can be ended with all that it starts."""
# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import unicode_literals

import os
import subprocess
import sys
import threading

from kudu_output import say
from outcome import words

RUN_PIP = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'run_pip.py')
# A pipe that another process holds open after pip has ended is given up when it brings nothing for so long.
DRAIN_SECONDS = 2
# Given as variables, because a pip that does not know an option ignores its variable but stops at the argument;
# --progress-bar came with pip 10, and runtimes of 2018 bring pip 9. NO_WARN is read inverted, so 0 is "no warning".
PIP_SETTINGS = {'PIP_NO_INPUT': '1', 'PIP_DISABLE_PIP_VERSION_CHECK': '1', 'PIP_PROGRESS_BAR': 'off',
                'PIP_NO_COLOR': '1', 'PIP_UPGRADE_STRATEGY': 'only-if-needed', 'PIP_NO_WARN_SCRIPT_LOCATION': '0',
                'PYTHONIOENCODING': 'utf-8', 'PYTHONUTF8': '1', 'PYTHONUNBUFFERED': '1', 'PYTHONNOUSERSITE': '1'}
# What would lead pip to another Python's library, to another folder, or to silence.
FOREIGN_SETTINGS = ('PYTHONHOME', 'PYTHONPATH', 'PYTHONSTARTUP', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT', 'PIP_USER',
                    'PIP_REQUIRE_VIRTUALENV', 'PIP_PYTHON', 'PIP_QUIET', 'PIP_DRY_RUN', 'PIP_LOG')


def native(text):
    """Text as os.environ and Popen of this Python take it."""
    if sys.version_info[0] == 2:
        return text.encode(sys.getfilesystemencoding() or 'utf-8')
    return text


class ProcessTree:
    """A process and all that it starts, to be ended together.

    Windows: a job object, which child processes belong to as well. Elsewhere it is the process alone.
    """

    def __init__(self, process):
        self.process = process
        self.group = None
        if os.name == 'nt':
            import ctypes
            self.kernel = ctypes.windll.kernel32
            self.kernel.CreateJobObjectW.restype = ctypes.c_void_p
            group = ctypes.c_void_p(self.kernel.CreateJobObjectW(None, None))
            handle = ctypes.c_void_p(int(process._handle))
            if group and self.kernel.AssignProcessToJobObject(group, handle):
                self.group = group

    def kill(self):
        if self.group is not None:
            self.kernel.TerminateJobObject(self.group, 1)
        elif self.process.poll() is None:
            try:
                self.process.kill()
            except OSError as error:
                say('pip could not be ended: %s' % words(error))


class Pip:
    """pip of this very Python, with an environment that leads it nowhere else."""

    def __init__(self, environment):
        self.tree = None
        self.environment = {}
        for name, value in os.environ.items():
            if name.upper() not in FOREIGN_SETTINGS:
                self.environment[name] = value
        for settings in (PIP_SETTINGS, environment):
            for name, value in settings.items():
                self.environment[native(name)] = native(value)

    def run(self, arguments, directory, on_line):
        """Run it; on_line gets each line that it prints, at once. Returns the exit code."""
        command = [sys.executable, '-s', '-u', RUN_PIP] + list(arguments)
        with open(os.devnull, 'rb') as nothing:
            process = subprocess.Popen([native(part) for part in command], cwd=native(directory),
                                       env=self.environment, stdin=nothing, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
        self.tree = ProcessTree(process)
        seen = []

        def copy():
            for line in iter(process.stdout.readline, b''):
                seen[:] = [line]
                on_line(line.decode('utf-8', 'replace').rstrip('\r\n'))

        reader = threading.Thread(target=copy, name='pip-output')
        reader.daemon = True
        reader.start()
        code = process.wait()
        reader.join(DRAIN_SECONDS)
        while reader.is_alive() and seen:
            del seen[:]
            reader.join(DRAIN_SECONDS)
        self.tree = None
        return code

    def stop(self):
        """End it, if it runs."""
        tree = self.tree
        if tree is not None:
            tree.kill()

    def check(self, directory):
        """What `pip check` says: {"ok", "problems"}; ok is None for a pip before 9, which has no such command."""
        lines = []
        code = self.run(['check'], directory, lines.append)
        problems = [line for line in lines if line.strip()] if code else []
        if any('unknown command' in line for line in problems):
            return {'ok': None, 'problems': []}
        return {'ok': code == 0, 'problems': problems}
