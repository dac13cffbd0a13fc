# -*- coding: utf-8 -*-
"""The note that an app is still to be restarted."""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, unicode_literals

import os

from .file_access import delete, make_folder
from .kudu_output import say
from .outcome import words


class LeftNote:
    """../../left/<job id>.<kind>: that the app is still to be restarted, for whoever comes when the client has died.

    Made before pip is called: also a job that is killed may have changed packages. kind: None for no note.
    """

    def __init__(self, data, job_id, kind):
        self.path = os.path.join(data, "left", "%s.%s" % (job_id, kind)) if kind else None
        if self.path:
            try:
                make_folder(os.path.dirname(self.path))
                open(self.path, "wb").close()
            except (IOError, OSError) as error:
                say("%s could not be made: %s" % (self.path, words(error)))

    def forget(self):
        if self.path:
            delete(self.path)
