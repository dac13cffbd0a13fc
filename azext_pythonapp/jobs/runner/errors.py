# -*- coding: utf-8 -*-
"""The ways in which a job ends early, and problems that do not end it."""

# pylint: disable=consider-using-f-string,super-with-arguments
from __future__ import absolute_import, print_function, unicode_literals

import sys


class JobFailed(Exception):
    """The job ends as failed, for this reason; the other arguments are further fields of its final state."""

    def __init__(self, reason, **fields):
        super(JobFailed, self).__init__(reason)
        self.fields = fields


class JobCanceled(Exception):
    """The job ends as canceled."""


def error_text(error):
    """Return an exception's text; in Python 2 it may be bytes that cannot be decoded."""
    try:
        return "%s" % error
    except UnicodeError:
        return repr(error)


def report(text):
    """Print a line to the output of Kudu's command, which nobody may be reading any more: write errors are ignored.

    It is also the keep-alive: Kudu kills a command that prints nothing for a while (docs/platform/kudu.md 1.4).
    """
    try:
        print(text.encode("ascii", "replace").decode("ascii"))
        sys.stdout.flush()
    except (IOError, OSError, ValueError, AttributeError):
        pass
