# -*- coding: utf-8 -*-
"""A job's log.txt, and what must not get into it."""
# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import unicode_literals

import re

from outcome import words


def secret_words(values):
    """The credentials in the secret variables, longest first: user:password of each URL, and the password alone."""
    found = set()
    for url in re.findall(r'://(\S+)', ' '.join(values)):
        if '@' in url:
            user = url.rsplit('@', 1)[0]
            found.add(user)
            found.update(part for part in user.split(':', 1)[1:] if len(part) > 2)
    return sorted(found, key=len, reverse=True)


class Log:
    """log.txt: one line at a time, readable by others at once. A full disk costs the log, not the job."""

    def __init__(self, path):
        self.secrets = []
        self.problem = None
        self.stream = open(path, 'ab', 0)

    def masked(self, text):
        """The text without the known secrets and the user:password@ of any URL."""
        for secret in self.secrets:
            text = text.replace(secret, '****')
        return re.sub(r'(://)[^/\s]*@', r'\1****@', text)

    def line(self, text):
        if self.problem is None:
            try:
                self.stream.write(self.masked(text).encode('utf-8') + b'\n')
            except (IOError, OSError) as error:
                self.problem = 'log.txt is incomplete: %s' % words(error)
