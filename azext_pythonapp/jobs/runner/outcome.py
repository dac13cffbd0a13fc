# -*- coding: utf-8 -*-
"""How a job ends other than well."""

# pylint: disable=consider-using-f-string,super-with-arguments
from __future__ import absolute_import, unicode_literals


class JobFailed(Exception):
    """The job ends as failed, for the reason given; the other arguments are further fields of its final state."""

    def __init__(self, reason, **fields):
        super(JobFailed, self).__init__(reason)
        self.fields = fields


class JobCanceled(Exception):
    """The job ends as canceled."""


def words(error):
    """An exception's text; in Python 2 it may be bytes that are no text."""
    try:
        return "%s" % error
    except UnicodeError:
        return repr(error)
