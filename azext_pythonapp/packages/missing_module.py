"""Which package to install when a traceback says that a module is missing."""

from __future__ import annotations

import re
import sys

# Python 3: No module named 'flask.app'; Python 2: No module named flask.
_MISSING = re.compile(r"No module named '?(?P<module>[A-Za-z_]\w*)")
# Packages of modules that many apps import, where the names differ: each package's own page in the index names the
# module that it brings. Keys are in lower case.
_PACKAGES = {
    "allauth": "django-allauth",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "crispy_forms": "django-crispy-forms",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "decouple": "python-decouple",
    "distutils": "setuptools",
    "django_filters": "django-filter",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mssql": "mssql-django",
    "multipart": "python-multipart",
    "mysqldb": "mysqlclient",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "corsheaders": "django-cors-headers",
    "environ": "django-environ",
    "pythoncom": "pywin32",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socketio": "python-socketio",
    "storages": "django-storages",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Modules of Python's own library that some version does not have: no package brings them.
_OWN = {"asynchat", "asyncore", "cgi", "imp", "smtpd", "configparser", "queue", "stringio", "urllib2", "urlparse"}


def missing_module(text: str) -> str | None:
    """Return the top module of the last one that a traceback, or its last line, calls missing; None for none.

    A module of Python's own library is none: another Python has it, and no package.
    """
    found = [match["module"] for match in _MISSING.finditer(text)]
    if not found or found[-1].lower() in _PACKAGES:
        return found[-1] if found else None
    return None if found[-1] in sys.stdlib_module_names or found[-1].lower() in _OWN else found[-1]


def package_of(module: str) -> str:
    """Return the package that usually has a module: its own name, unless the two are known to differ."""
    return _PACKAGES.get(module.lower(), module)
