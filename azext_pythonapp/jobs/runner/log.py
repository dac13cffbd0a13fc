# -*- coding: utf-8 -*-
"""A job's log.txt, and what must not get into it."""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, unicode_literals

import re

from .outcome import words

# As packages/url_secrets.py has it: what is secret in an address.
CREDENTIALS = re.compile(r"://(?:[^/\s]*|[^/\s:@?#]*:(?!\d+/)[^\s?#@]{0,200})@")
QUERY = re.compile(r'((?:://|(?<=[\s"])/)(?:(?!://)[^\s?#"\'<>])*\?)([^\s#"\'<>]+)')
# A value this long in a query is not just a word, which the log may hold for another reason.
LONG = 12


def secret_words(values):
    """The secrets in the secret variables, longest first: user:password of each URL, the password alone, its query,
    and each long value in that."""
    found = set()
    for url in re.findall(r"://(\S+)", " ".join(values)):
        address, _, query = url.partition("#")[0].partition("?")
        if "@" in url:
            user = (address if "@" in address else url).rsplit("@", 1)[0]
            found.add(user)
            found.update(part for part in user.split(":", 1)[1:] if len(part) > 2)
        parts = re.split("[&;]", query)
        found.update(part for part in [query] + [each.partition("=")[2] for each in parts] if len(part) >= LONG)
    return sorted(found, key=len, reverse=True)


def hidden(match):
    """A query as it may be shown, with the end of the sentence that it stands in."""
    shown = match.group(2).rstrip(").,;:]}")
    return match.group(1) + ("****" if shown else "") + match.group(2)[len(shown) :]


class Log:
    """log.txt: one line at a time, readable by others at once. A full disk costs the log, not the job."""

    def __init__(self, path):
        self.secrets = []
        self.problem = None
        self.stream = open(path, "ab", 0)

    def masked(self, text):
        """The text without the known secrets, and without user:password@ and query of any URL."""
        for secret in self.secrets:
            text = text.replace(secret, "****")
        return QUERY.sub(hidden, CREDENTIALS.sub("://****@", text))

    def line(self, text):
        if self.problem is None:
            try:
                self.stream.write(self.masked(text).encode("utf-8") + b"\n")
            except (IOError, OSError) as error:
                self.problem = "log.txt is incomplete: %s" % words(error)
