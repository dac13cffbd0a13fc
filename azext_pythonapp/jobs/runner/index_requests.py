# -*- coding: utf-8 -*-
"""What pip's requests were answered with. pip itself passes over a page of an index that it did not get, in silence.

Before 22.2 it does not say either that a version is for other Pythons only.

Part of pip's process (run_pip.py): it imports no other module of the package.
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, print_function, unicode_literals

import importlib
import re
import sys

# The module with the class that sends pip's requests: of pip 19.3 and newer, 10 to 19.2, and 9.
SESSIONS = ("pip._internal.network.session", "pip._internal.download", "pip.download")
# How these lines begin in the job's log (azext_pythonapp/packages/index_answers.py reads them).
NOT_ANSWERED, ANSWERED = "Not reached: ", "Answered with HTTP "
OTHER_PYTHONS, NOTHING_ASKED = "For other Pythons: ", "No index was asked."
MARKS = (NOT_ANSWERED, ANSWERED, OTHER_PYTHONS, NOTHING_ASKED)
# A link of an index's page (PEP 503), and what the name of a file begins with: the package, then the version.
LINK = re.compile(r"<a\s([^>]*)>\s*([^<\s]+)\s*</a", re.IGNORECASE)
REQUIRES = re.compile("data-requires-python=([\"'])(.*?)\\1", re.IGNORECASE)
ENTITIES = (("&gt;", ">"), ("&lt;", "<"), ("&#62;", ">"), ("&#60;", "<"), ("&amp;", "&"))
FILE = re.compile(r"^(.+?)-(\d[^-]*?)(?:-.*\.whl|\.tar\.gz|\.tar\.bz2|\.zip|\.tgz)$")
MOST_LINES = 10
DEEPEST = 8


class IndexRequests:
    """The requests of pip's session that failed, for as long as no other one has got the same page."""

    def __init__(self):
        self.ask = None
        self.session = None
        # Reasons by URL, in the order of the requests; URLs of pages that came; addresses of indexes that sent any.
        self.failed = []
        self.pages = set()
        self.answering = set()
        self.last_page = None

    def watch(self):
        """Have pip's session tell what its requests were answered with."""
        for name in SESSIONS:
            try:
                session = importlib.import_module(name).PipSession
                break
            except (ImportError, AttributeError):
                continue
        else:
            return
        self.ask = session.request

        def request(session, method, url, *arguments, **options):
            self.session = session
            try:
                answer = self.ask(session, method, url, *arguments, **options)
            except Exception as error:
                self.failed.append((url, NOT_ANSWERED + "%s: " + reason(error)))
                raise
            self.note(url, answer)
            return answer

        session.request = request

    def note(self, url, answer):
        """Note the status of an answer."""
        status = getattr(answer, "status_code", 0)
        if status >= 400:
            said = " ".join(("%s %s" % (status, getattr(answer, "reason", None) or "")).split())
            self.failed.append((url, ANSWERED + said + ": %s"))
        elif status:
            self.pages.add(page_name(url))
            self.answering.add(index_of(url))
            self.last_page = (page_name(url), answer) if index_of(url) else self.last_page

    def lines(self):
        """Return a line for each failed request that matters, without repetitions."""
        found = []
        for url, text in self.failed + self.own_pages():
            line = text % url
            if line not in found and not (self.missing(text) and page_name(url) in self.pages):
                found.append(line)
        found = found[-MOST_LINES:] + self.other_pythons()
        return found if found or self.session is not None else [NOTHING_ASKED]

    def other_pythons(self):
        """Return a line with the versions on the last page that are for other Pythons only; [] for none."""
        if self.last_page is None:
            return []
        name, answer = self.last_page
        versions = {}
        for required, version in skipped_versions(answer):
            group = versions.setdefault(required, [])
            group += [version] if version not in group else []
        groups = ["%s (%s)" % (", ".join(versions[required]), required) for required in sorted(versions)]
        return [OTHER_PYTHONS + "%s %s" % (name, "; ".join(groups))] if groups else []

    def own_pages(self):
        """Look at the own page of each index that had no package at all: its address may be wrong."""
        found = []
        for url, text in self.failed:
            index = index_of(url)
            if index is None or index in self.answering or not self.missing(text):
                continue
            self.answering.add(index)
            try:
                status = self.ask(self.session, "HEAD", index, allow_redirects=True).status_code
            except Exception:  # pylint: disable=broad-exception-caught  # it was reached before, and says no more
                continue
            if status in (404, 410):
                found.append((index, ANSWERED + "%d: %%s" % status))
        return found

    @staticmethod
    def missing(text):
        """Return whether a reason is that there is no such page."""
        return text.startswith((ANSWERED + "404", ANSWERED + "410"))


def page_name(url):
    """Return the last part of a URL's path: a package's name, or the name of a file."""
    return url.partition("#")[0].partition("?")[0].rstrip("/").rsplit("/", 1)[-1].lower()


def index_of(url):
    """Return the address of the index whose page of a package this is; None for any other URL, such as a file's."""
    found = re.match(r"(https?://.+/)[^/?#]+/$", url)
    return found.group(1) if found else None


def skipped_versions(answer):
    """Return [(Requires-Python, version)] of the files of a page that are not for this Python."""
    specifiers = importlib.import_module("pip._vendor.packaging.specifiers")
    python, found = "%d.%d.%d" % sys.version_info[:3], []
    for name, required in files_of(answer):
        named = FILE.match(name)
        try:
            if named and required and not specifiers.SpecifierSet(required).contains(python, prereleases=True):
                found.append((required, named.group(2)))
        except specifiers.InvalidSpecifier:
            continue
    return found


def files_of(answer):
    """Return [(name, Requires-Python or None)] of the files on an index's page, which is HTML or JSON (PEP 691)."""
    if "json" in (answer.headers.get("Content-Type") or "").lower():
        return [(each["filename"], each.get("requires-python")) for each in answer.json()["files"]]
    found = []
    for attributes, name in LINK.findall(answer.text):
        required = REQUIRES.search(attributes)
        text = required.group(2) if required else ""
        for entity, character in ENTITIES:
            text = text.replace(entity, character)
        found.append((name, text or None))
    return found


def reason(error):
    """Return an exception's innermost reason, on one line."""
    through_proxy = False
    for _ in range(DEEPEST):
        through_proxy = through_proxy or type(error).__name__ == "ProxyError"
        inner = getattr(error, "reason", None)
        if not isinstance(inner, Exception):
            inner = next((each for each in reversed(getattr(error, "args", ())) if isinstance(each, Exception)), None)
        if inner is None:
            break
        error = inner
    try:
        text = "%s" % error
    except UnicodeError:
        text = repr(error)
    text = re.sub(r"^.*?<[^<>]* object at 0x\w+>,? ?:? ?", "", " ".join(text.split()))
    return ("ProxyError: " if through_proxy else "") + (text or type(error).__name__)[:300]


def tell(requests):
    """Print the lines to pip's output; whatever goes wrong there is not pip's failure."""
    try:
        for line in requests.lines():
            sys.stderr.write(str(line.encode("ascii", "replace").decode("ascii")) + "\n")
        sys.stderr.flush()
    except Exception:  # pylint: disable=broad-exception-caught
        pass
