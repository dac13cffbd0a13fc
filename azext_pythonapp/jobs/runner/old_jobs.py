# -*- coding: utf-8 -*-
"""Clean up after other jobs: delete old ones, and the secrets of those that were lost or never started."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import os
import re
import time

from .errors import error_text, report
from .file_access import delete, read_json, read_json_with_retries
from .state import age

# Older jobs that are over are deleted, except those that ended recently, whose log somebody may be about to read. A job
# without a heartbeat for a day is over too.
KEPT_JOBS = 20
RECENT_SECONDS = 3600
FORGOTTEN_SECONDS = 24 * 3600
# A job that has not started for so long never will (TOO_LATE_SECONDS in job.py), and one without a heartbeat for so
# long is lost. The clocks of two instances never differ by as much.
DEAD_SECONDS = 600
JOB_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}$")


def job_folders(data, own):
    """Return the folders of all jobs except this one, oldest first."""
    folder = os.path.join(data, "jobs")
    return [
        os.path.join(folder, name)
        for name in sorted(os.listdir(folder))
        if JOB_ID.match(name) and name != os.path.basename(own) and os.path.isdir(os.path.join(folder, name))
    ]


def delete_old_jobs(data, own):
    """Delete older jobs that are over, except those that a record names: somebody may still read their log.

    own: the folder of this job.
    """
    try:
        named = jobs_of_records(os.path.join(data, "records"))
        for folder in job_folders(data, own)[: -(KEPT_JOBS - 1)]:
            if os.path.basename(folder) not in named and is_over(folder):
                delete(folder)
    except (IOError, OSError) as error:
        report("Old jobs were not deleted: %s" % error_text(error))


def jobs_of_records(folder):
    """Return the ids of the jobs that records name; a record that cannot be read names none."""
    named = set()
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        fields = fields_of(os.path.join(folder, name))
        named.add(fields.get("jobId"))
    return named


def is_over(folder):
    """Return whether a job is over, and has been for a while."""
    state = fields_of(os.path.join(folder, "state.json"))
    silent_seconds = age(state.get("heartbeatAt"))
    if silent_seconds is None:
        silent_seconds = time.time() - os.path.getmtime(folder)
        return silent_seconds > FORGOTTEN_SECONDS
    return silent_seconds > (FORGOTTEN_SECONDS if state.get("state") == "running" else RECENT_SECONDS)


def delete_secrets(data, own):
    """Delete files that may hold secrets of jobs that never started or were lost; a job that ends deletes its own."""
    try:
        for folder in job_folders(data, own):
            if is_dead(folder):
                request = fields_of(os.path.join(folder, "request.json"))
                names = request.get("secretFiles")
                for name in ["secrets.json", "restore.txt"] + (names if isinstance(names, list) else []):
                    delete_file_of_job(folder, name)
    except (IOError, OSError) as error:
        report("Secrets of lost jobs were not deleted: %s" % error_text(error))


def delete_file_of_job(folder, name):
    """Delete a file of a job's folder; a path that leads out of the folder is ignored."""
    path = os.path.normpath(os.path.join(folder, "%s" % name))
    if path.startswith(folder + os.sep) and os.path.isfile(path):
        delete(path)


def is_dead(folder):
    """Return whether a job never started, was lost, or has ended."""
    path = os.path.join(folder, "state.json")
    if os.path.exists(path):
        state = fields_of(path, read_json_with_retries)
        silent_seconds = age(state.get("heartbeatAt"))
        if silent_seconds is None:
            silent_seconds = time.time() - os.path.getmtime(path)
        return state.get("state", "running") != "running" or silent_seconds > DEAD_SECONDS
    asked = age(fields_of(os.path.join(folder, "request.json")).get("createdAt"))
    if asked is None:
        asked = time.time() - os.path.getmtime(folder)
    return asked > DEAD_SECONDS


def fields_of(path, read=read_json):
    """Return the object in a JSON file; {} when the file is absent, incomplete, or holds something else."""
    try:
        fields = read(path)
    except (IOError, OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}
