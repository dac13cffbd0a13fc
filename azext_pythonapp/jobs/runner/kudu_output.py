# -*- coding: utf-8 -*-
"""What Kudu sees of a job."""

from __future__ import absolute_import, print_function, unicode_literals

import sys


def say(text):
    """Print for Kudu, which kills what is silent (docs/platform/kudu.md 1.4). Whether anybody listens is no matter."""
    try:
        print(text.encode("ascii", "replace").decode("ascii"))
        sys.stdout.flush()
    except (IOError, OSError, ValueError, AttributeError):
        pass
