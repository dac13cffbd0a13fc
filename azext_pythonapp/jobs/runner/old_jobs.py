# -*- coding: utf-8 -*-
"""The jobs that are over: the newest 20 are kept, and of those that came to no end the secrets are deleted."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import os
import re
import shutil
import time

from .file_access import delete, read_json, read_json_surely
from .kudu_output import say
from .outcome import words
from .state import age

# Older jobs that are over are deleted, but none that ended this recently: somebody may be about to read its log. One
# that says it runs, but was silent for a day, is over as well.
KEPT_JOBS = 20
RECENT_SECONDS = 3600
FORGOTTEN_SECONDS = 24 * 3600
# A job that has not begun for so long never will (TOO_LATE_SECONDS in job.py), and one that was silent for so long
# is lost. Longer than the clocks of two instances ever differ.
DEAD_SECONDS = 600
JOB_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}$")


def job_folders(data, own):
    """The folders of all jobs but the one that runs here, oldest first."""
    folder = os.path.join(data, "jobs")
    return [
        os.path.join(folder, name)
        for name in sorted(os.listdir(folder))
        if JOB_ID.match(name) and name != os.path.basename(own) and os.path.isdir(os.path.join(folder, name))
    ]


def prune(data, own):
    """Delete the older jobs that are over, except those that a record names: their log may still be asked for.

    own: the folder of the job that runs here.
    """
    try:
        named = jobs_of_records(os.path.join(data, "records"))
        for folder in job_folders(data, own)[: -(KEPT_JOBS - 1)]:
            if os.path.basename(folder) not in named and is_over(folder):
                shutil.rmtree(folder, ignore_errors=True)
    except (IOError, OSError) as error:
        say("old jobs were not deleted: %s" % words(error))


def jobs_of_records(folder):
    """The ids of the jobs that records name; a record that cannot be read names none."""
    named = set()
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        fields = fields_of(os.path.join(folder, name))
        named.add(fields.get("jobId"))
    return named


def is_over(folder):
    """Whether nothing will happen in a job's folder any more, and nothing has happened for a while."""
    state = fields_of(os.path.join(folder, "state.json"))
    silence = age(state.get("heartbeatAt"))
    if silence is None:
        silence = time.time() - os.path.getmtime(folder)
        return silence > FORGOTTEN_SECONDS
    return silence > (FORGOTTEN_SECONDS if state.get("state") == "running" else RECENT_SECONDS)


def forget_secrets(data, own):
    """Delete what may hold secrets of the jobs that never began, or were lost; a job that ends deletes its own."""
    try:
        for folder in job_folders(data, own):
            if is_dead(folder):
                request = fields_of(os.path.join(folder, "request.json"))
                names = request.get("secretFiles")
                for name in ["secrets.json", "restore.txt"] + (names if isinstance(names, list) else []):
                    forget(folder, name)
    except (IOError, OSError) as error:
        say("secrets of lost jobs were not deleted: %s" % words(error))


def forget(folder, name):
    path = os.path.normpath(os.path.join(folder, "%s" % name))
    if path.startswith(folder + os.sep) and os.path.isfile(path):
        delete(path)


def is_dead(folder):
    """Whether a job that is not over will come to no end: it never began, or was not heard of for long."""
    path = os.path.join(folder, "state.json")
    if os.path.exists(path):
        state = fields_of(path, read_json_surely)
        silence = age(state.get("heartbeatAt"))
        if silence is None:
            silence = time.time() - os.path.getmtime(path)
        return state.get("state", "running") != "running" or silence > DEAD_SECONDS
    asked = age(fields_of(os.path.join(folder, "request.json")).get("createdAt"))
    if asked is None:
        asked = time.time() - os.path.getmtime(folder)
    return asked > DEAD_SECONDS


def fields_of(path, read=read_json):
    """What a JSON file holds; {} for one that is absent, in parts, or holds something else."""
    try:
        fields = read(path)
    except (IOError, OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}
