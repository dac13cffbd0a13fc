# -*- coding: utf-8 -*-
r"""wfastcgi.py of an environment: Microsoft's wfastcgi, which lies beside it, but no request is lost at a switch.

wfastcgi ends its process the moment that web.config or a .py file changes, also in the middle of a request, which IIS
then answers with a 500 (docs/platform/site-extensions.md 2.7, 3.4). Here the process

- finishes the request that it has begun,
- goes on answering after a switch to another Python until IIS sends it no more requests, and then ends,
- stays when the switch was taken back by then.

The job that builds an environment copies this file (jobs/runner/environment.py); IIS starts it.
"""

# pylint: disable=invalid-name,global-statement,consider-using-f-string
from __future__ import absolute_import

import importlib
import os
import re
import threading
import time

wfastcgi = importlib.import_module("wfastcgi_original")  # which the job lays beside this file

# After a switch: seconds without a request before the process ends, and seconds after which it ends anyway. IIS may
# need a moment to see that web.config has changed; the next build of this environment waits 60 s for the end.
QUIET_SECONDS = 5
LONGEST_SECONDS = 45
# For the request that is being answered when a .py file changes.
ANSWER_SECONDS = 60
# Kudu writes a file while nobody may read it.
READ_SECONDS = 5
POLL_SECONDS = 0.05
WEB_CONFIG = "web.config"
USED = ("read_fastcgi_record", "start_file_watcher", "ExitProcess", "re")


class Serving:
    """Whether a request is being answered, and since when none is."""

    def __init__(self, read):
        self.read = read
        self.busy = False
        self.complete = True
        self.last = time.time()

    def read_record(self, stream):
        """Take the place of wfastcgi.read_fastcgi_record, which waits for the next record of IIS."""
        if self.complete:
            self.busy, self.last = False, time.time()
        record = self.read(stream)
        # A request has several records, and only with the last of them there is something to answer.
        self.busy, self.complete = True, bool(record)
        return record

    def finish(self, seconds):
        """Wait until no request is being answered, but not for longer than that."""
        until = time.time() + seconds
        while self.busy and time.time() < until:
            time.sleep(POLL_SECONDS)


class Watched:
    """The application's web.config: as the process has read it, and what it has become."""

    def __init__(self, folder):
        self.path = os.path.join(folder, WEB_CONFIG)
        self.first = self.content()
        self.handled = self.stamp()

    def stamp(self):
        """Return what tells one version of the file from the next; None when there is no file."""
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return (status.st_mtime, status.st_size)

    def content(self):
        """Return the bytes of the file, without what UTF-16 adds; None when it cannot be read."""
        until = time.time() + READ_SECONDS
        while True:
            try:
                with open(self.path, "rb") as stream:
                    content = stream.read().replace(b"\0", b"")
            except (IOError, OSError):
                content = None
            if (content and content.strip()) or time.time() > until or not os.path.exists(self.path):
                return content
            time.sleep(POLL_SECONDS)

    def uses_this(self):
        """Return whether the file names this environment, or may do so."""
        content = self.content()
        folder = os.path.basename(os.path.dirname(os.path.abspath(__file__)))
        named = r"environments[\\/]+%s[\\/]" % re.escape(folder)
        return content is None or re.search(named.encode("ascii"), content, re.IGNORECASE) is not None


class Expressions:
    """The module re, but a pattern remembers what it matched last: wfastcgi does not tell which file has changed."""

    def __init__(self, matched):
        self.matched = matched

    def __getattr__(self, name):
        return getattr(re, name)

    def compile(self, pattern):
        """Take the place of re.compile."""
        return Pattern(re.compile(pattern), self.matched)


class Pattern:
    """A pattern of names of files. matched: gets each name that it matches."""

    def __init__(self, pattern, matched):
        self.pattern, self.matched = pattern, matched

    def match(self, name):
        """Take the place of Pattern.match."""
        found = self.pattern.match(name)
        if found:
            self.matched(name)
        return found


class Leaving:
    """Ends the process when wfastcgi wants it ended, but between two requests, or not at all."""

    def __init__(self, serving, end, watch):
        self.serving, self.end, self.watch = serving, end, watch
        self.watched = None
        self.changed = threading.local()

    def note(self, name):
        """Remember the file whose change this thread has seen."""
        self.changed.name = name

    def start_watching(self, folder, pattern):
        """Take the place of wfastcgi.start_file_watcher."""
        self.watched = Watched(folder)
        self.watch(folder, pattern)

    def leave(self, code):
        """Take the place of wfastcgi.ExitProcess; return when the process shall stay. The watcher goes on then."""
        name = getattr(self.changed, "name", "")
        self.changed.name = ""
        if name.lower() == WEB_CONFIG and self.watched is not None:
            if self.stays(self.watched):
                return
        self.serving.finish(ANSWER_SECONDS)
        self.end(code)

    def stays(self, watched):
        """Return whether the change of web.config leaves this process in use. After a switch, wait for its end."""
        stamp = watched.stamp()
        if stamp is not None and stamp == watched.handled:
            return True
        watched.handled = stamp
        until = time.time() + LONGEST_SECONDS
        while not watched.uses_this():
            if time.time() > until or self.is_quiet():
                return False
            time.sleep(POLL_SECONDS)
            stamp = watched.stamp()
            if stamp != watched.handled and watched.content() == watched.first:
                watched.handled = watched.stamp()
                return True
        return False

    def is_quiet(self):
        """Return whether IIS sends no more requests."""
        return not self.serving.busy and time.time() - self.serving.last > QUIET_SECONDS


def main():
    """Run wfastcgi; a version that is made otherwise, as it is."""
    if all(hasattr(wfastcgi, name) for name in USED):
        serving = Serving(wfastcgi.read_fastcgi_record)
        leaving = Leaving(serving, wfastcgi.ExitProcess, wfastcgi.start_file_watcher)
        wfastcgi.read_fastcgi_record = serving.read_record
        wfastcgi.start_file_watcher = leaving.start_watching
        wfastcgi.ExitProcess = leaving.leave
        wfastcgi.re = Expressions(leaving.note)
    wfastcgi.main()


if __name__ == "__main__":
    main()
