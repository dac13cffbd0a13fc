"""Which package to install when a traceback says that a module is missing."""

from __future__ import annotations

import re

# Python 3: No module named 'flask.app'; Python 2: No module named flask.
_MISSING = re.compile(r"No module named '?(?P<module>[A-Za-z_]\w*)")
# Packages of modules that many apps import, where the names differ.
_PACKAGES = {
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "multipart": "python-multipart",
    "mysqldb": "mysqlclient",
    "pil": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "corsheaders": "django-cors-headers",
    "environ": "django-environ",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "win32api": "pywin32",
    "yaml": "pyyaml",
}


def missing_module(text: str) -> str | None:
    """Return the top module of the last one that a traceback, or its last line, calls missing; None for none."""
    found = [match["module"] for match in _MISSING.finditer(text)]
    return found[-1] if found else None


def package_of(module: str) -> str:
    """Return the package that usually has a module: its own name, unless the two are known to differ."""
    return _PACKAGES.get(module.lower(), module)
