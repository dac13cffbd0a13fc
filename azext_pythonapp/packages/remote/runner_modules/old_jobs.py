# -*- coding: utf-8 -*-
"""The jobs that are over: the newest 20 are kept."""
# pylint: disable=consider-using-f-string
from __future__ import unicode_literals

import os
import re
import shutil
import time

from file_access import read_json
from job_state import age
from kudu_output import say
from outcome import words

# Older jobs that are over are deleted; one that says it runs, but was silent for a day, is over as well.
KEPT_JOBS = 20
FORGOTTEN_SECONDS = 24 * 3600
JOB_ID = re.compile(r'\d{8}-\d{6}-[0-9a-f]{4}$')


def prune(data):
    """Delete the older jobs that are over, except those that a record names: their log may still be asked for."""
    folder = os.path.join(data, 'jobs')
    records = os.path.join(data, 'records')
    try:
        named = [read_json(os.path.join(records, name)).get('jobId')
                 for name in (os.listdir(records) if os.path.isdir(records) else ())]
        for job in sorted(name for name in os.listdir(folder) if JOB_ID.match(name))[:-KEPT_JOBS]:
            if job not in named and is_over(os.path.join(folder, job)):
                shutil.rmtree(os.path.join(folder, job), ignore_errors=True)
    except (IOError, OSError, ValueError) as error:
        say('old jobs were not deleted: %s' % words(error))


def is_over(folder):
    """Whether nothing will happen in a job's folder any more."""
    try:
        state = read_json(os.path.join(folder, 'state.json'))
        silence = age(state.get('heartbeatAt'))
        return state.get('state') != 'running' or silence is None or silence > FORGOTTEN_SECONDS
    except (IOError, OSError, ValueError):
        return time.time() - os.path.getmtime(folder) > FORGOTTEN_SECONDS
