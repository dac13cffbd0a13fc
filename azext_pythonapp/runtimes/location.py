r"""The names under which the worker knows one and the same path.

%HOME% is `D:\home` or `C:\home`, depending on the scale unit; where it is the latter, `D:\home` is an alias of it
(facts/python-site-extensions.md 1.8). web.config files name Pythons by any of these, or by `%HOME%`.
"""

from __future__ import annotations

import ntpath
import re

_HOME = re.compile(r"(?:%HOME%|%SystemDrive%\\home|[CD]:\\home)(?=\\|$)", re.IGNORECASE)
_RELATIVE = re.compile(r"\.{1,2}[\\/]")


def worker_path(path: str, home: str) -> str:
    r"""Write a path the way the worker itself does: below its real %HOME%, without quotes, `/` or `.` in it.

    path: absolute, such as `D:\home\python364x64\python.exe` or `"%HOME%/python364x64/python.exe"`.
    home: the worker's %HOME%.
    """
    plain = ntpath.normpath(path.strip().strip('"').strip())
    alias = _HOME.match(plain)
    return home.rstrip("\\") + plain[alias.end() :] if alias else plain


def started_path(path: str, home: str) -> str:
    r"""Write the path of a program that a web.config starts the way the worker itself does.

    path: as for worker_path, or relative to site\wwwroot when it begins with a dot (HttpPlatformHandler 1.2,
    facts/python-site-extensions.md 2.3). home: the worker's %HOME%.
    """
    plain = path.strip().strip('"').strip()
    return worker_path(ntpath.join("%HOME%\\site\\wwwroot", plain) if _RELATIVE.match(plain) else plain, home)


def same_path(one: str, other: str, home: str) -> bool:
    """Whether two paths name the same program on the worker: Windows ignores case, and %HOME% has aliases."""
    return started_path(one, home).lower() == started_path(other, home).lower()
