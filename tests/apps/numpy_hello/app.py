"""A WSGI app that needs compiled wheels; its page shows that they work on the worker."""
import sys

import markupsafe
import numpy


def application(environ, start_response):
    """The page."""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    total = int(numpy.arange(1, 101).sum())
    return [(
        f"<h1>Hello from numpy {numpy.__version__} on Python {sys.version.split()[0]}</h1>\n"
        f"<p>the sum of 1 to 100 is {total}</p>\n"
        f"<p>escaped: {markupsafe.escape('<b>')}, by compiled code: {'markupsafe._speedups' in sys.modules}</p>\n"
        f"<p>served by: {environ['SERVER_SOFTWARE']}</p>\n").encode("utf-8")]
