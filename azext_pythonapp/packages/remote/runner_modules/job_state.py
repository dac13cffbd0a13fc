# -*- coding: utf-8 -*-
"""A job's state.json: what it does now, that it lives, and how it ended."""
# pylint: disable=consider-using-f-string
from __future__ import unicode_literals

import calendar
import json
import os
import threading
import time

from file_access import write_json
from kudu_output import say
from outcome import JobCanceled, words

HEARTBEAT_SECONDS = 2


def now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


def age(moment):
    """Seconds since a moment that now() wrote; None when the text is none."""
    try:
        return max(0, time.time() - calendar.timegm(time.strptime(moment, '%Y-%m-%dT%H:%M:%SZ')))
    except (TypeError, ValueError):
        return None


class State:
    """state.json, refreshed by a thread for as long as the job runs, which also looks whether to cancel the job.

    canceled: set once a client asked for it. on_beat: called at each beat; what it returns goes into the state.
    on_cancel: called at each beat from then on, so that a pip that starts a moment later is ended too.
    """

    def __init__(self, folder):
        self.path = os.path.join(folder, 'state.json')
        self.cancel_path = os.path.join(folder, 'cancel')
        self.canceled = threading.Event()
        self.on_beat = dict
        self.on_cancel = lambda: None
        self.fields = {'id': os.path.basename(folder), 'command': None, 'state': 'running', 'phase': 'starting',
                       'startedAt': now(), 'pid': os.getpid()}
        self.guard = threading.Lock()
        self.ended = threading.Event()
        self.write()
        self.thread = threading.Thread(target=self.beat, name='heartbeat')
        self.thread.daemon = True
        self.thread.start()

    def set(self, **fields):
        with self.guard:
            self.fields.update(fields)

    def write(self):
        with self.guard:
            self.fields['heartbeatAt'] = now()
            write_json(self.path, self.fields)

    def beat(self):
        while not self.ended.wait(HEARTBEAT_SECONDS):
            self.look_for_cancel()
            try:
                self.set(**self.on_beat())
                self.write()
            except (IOError, OSError) as error:
                say('state.json could not be written: %s' % words(error))
            say('%s %s' % (now(), self.fields['phase']))

    def look_for_cancel(self):
        if not self.canceled.is_set() and os.path.exists(self.cancel_path):
            self.canceled.set()
        if self.canceled.is_set():
            self.on_cancel()

    def stop_if_canceled(self):
        """Raises JobCanceled when a client asked for it."""
        if self.canceled.is_set():
            raise JobCanceled()

    def finish(self, **fields):
        """Write the final state; on a full disk over the old one, which needs no more room on the disk."""
        self.ended.set()
        self.thread.join()
        self.set(finishedAt=now(), phase='done', **fields)
        say('%s %s exit code %s %s' % (now(), self.fields['state'], fields.get('exitCode'), fields.get('error') or ''))
        try:
            self.write()
        except (IOError, OSError) as error:
            self.fields.pop('result', None)
            self.set(warnings=['state.json could not be replaced: %s' % words(error)])
            with open(self.path, 'r+b') as stream:
                stream.write(json.dumps(self.fields, sort_keys=True).encode('ascii'))
                stream.truncate()
