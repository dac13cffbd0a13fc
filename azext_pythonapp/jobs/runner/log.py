# -*- coding: utf-8 -*-
"""A job's log.txt, from which secrets are masked."""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, unicode_literals

import re

from .errors import error_text

# The secret parts of a URL, as in azext_pythonapp/url_secrets.py.
CREDENTIALS = re.compile(r"://(?:[^/\s]*|[^/\s:@?#]*:(?!\d+/)[^\s?#@]{0,200})@")
# The user of ssh is no secret, and an address leads nowhere without it.
SSH = re.compile(r"(?:^|[^\w.-])ssh$", re.IGNORECASE)
USER = re.compile(r"://([\w.-]+)(:.*)?@$")
# "@" behind a host's name and a slash begins a version: "https://host/name.git@v1".
HOST = re.compile(r"[^/@:]*(?::\d+)?/")
QUERY = re.compile(r'((?:://|(?<=[\s"])/)(?:(?!://)[^\s?#"\'<>])*\?)([^\s#"\'<>]+)')
# A shorter value of a query may be an ordinary word, which can be in the log for another reason.
LONG = 12


def secret_words(values):
    """Return the secrets in texts with URLs, longest first: user:password, the password, the query, its long values."""
    found = set()
    for scheme, url in re.findall(r"([\w+.-]*)://(\S+)", " ".join(values)):
        address, _, query = url.partition("#")[0].partition("?")
        if "@" in url and not HOST.match(url):
            user = (address if "@" in address else url).rsplit("@", 1)[0]
            if ":" in user or not SSH.search(scheme):
                found.add(user)
            found.update(part for part in user.split(":", 1)[1:] if len(part) > 2)
        parts = re.split("[&;]", query)
        found.update(part for part in [query] + [each.partition("=")[2] for each in parts] if len(part) >= LONG)
    return sorted(found, key=len, reverse=True)


def masked_credentials(match):
    """Return what a match of CREDENTIALS becomes: the user's name stays where the scheme is ssh, as in git+ssh."""
    user = USER.match(match.group(0)) if SSH.search(match.string[: match.start()]) else None
    if user is None:
        return "://****@"
    return "://" + user.group(1) + (":****" if user.group(2) else "") + "@"


def masked_query(match):
    """Return the text of a match of QUERY with its query masked; punctuation after the URL is kept."""
    shown = match.group(2).rstrip(").,;:]}")
    return match.group(1) + ("****" if shown else "") + match.group(2)[len(shown) :]


def masked_urls(text):
    """Return the text without credentials and queries of URLs."""
    return QUERY.sub(masked_query, CREDENTIALS.sub(masked_credentials, text))


class Log:
    """log.txt, which others can read while it is written. On a full disk the log ends, and the job goes on.

    secrets: texts that are masked in it. problem: why it is incomplete; None when it is not.
    """

    def __init__(self, path):
        self.secrets = []
        self.problem = None
        self.stream = open(path, "ab", 0)

    def masked(self, text):
        """Return the text without the known secrets, and without credentials and queries of URLs."""
        for secret in self.secrets:
            text = text.replace(secret, "****")
        return masked_urls(text)

    def line(self, text):
        """Write a line, masked."""
        if self.problem is None:
            try:
                self.stream.write(self.masked(text).encode("utf-8") + b"\n")
            except (IOError, OSError) as error:
                self.problem = "log.txt is incomplete: %s" % error_text(error)
