# -*- coding: utf-8 -*-
"""Where pip installs to: the Python that runs this program, or an environment that stands on it."""

from __future__ import absolute_import, unicode_literals

import os
import sys
import sysconfig

from .site_packages import site_packages


class Target:
    """The Python whose packages a job changes or looks at.

    program: its python.exe. prefix: its folder, as sys.prefix of it says. packages: its site-packages. pip: the
    site-packages that pip is in. foreign: whether that is not its own.
    """

    def __init__(self, program, prefix, packages, pip):
        self.program = program
        self.prefix = prefix
        self.packages = packages
        self.pip = pip
        self.foreign = pip != packages

    def start_of_pip(self):
        """Return the arguments of __main__.py that start pip in this Python."""
        return ["pip-of", self.pip, self.prefix] if self.foreign else ["pip"]


def own_target():
    """Return the Python that runs this program."""
    return Target(sys.executable, sys.prefix, site_packages(), site_packages())


def environment_target(folder):
    """Return an environment that stands on the Python that runs this program. folder: its path.

    Python takes the folder above that of python.exe for the environment.
    """
    scheme, programs, name = ("nt", "Scripts", "python.exe") if os.name == "nt" else ("posix_prefix", "bin", "python")
    packages = sysconfig.get_path("purelib", scheme, {"base": folder, "platbase": folder})
    return Target(os.path.join(folder, programs, name), folder, packages, site_packages())


def target_of(data, fields):
    """Return the Python that a job changes or looks at. data: the folder of all jobs' data. fields: of its request."""
    letter = fields.get("environment")
    return environment_target(os.path.join(data, "environments", letter)) if letter else own_target()
