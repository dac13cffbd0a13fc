r"""Translate a setting's value between FastCGI and HttpPlatform.

wfastcgi expands %NAME% in PYTHONPATH alone; HttpPlatformHandler expands only %HTTP_PLATFORM_PORT% in the values of its
environmentVariables (docs/platform/site-extensions.md 2.3 and 3.2). So a value that goes from one to the other gets
%HOME% written out, as the drive that every worker knows (1.8), and the port never goes to FastCGI, which has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from azext_pythonapp.webconfig.intent import Kind

LITERAL_HOME = r"D:\home"
_HOME = re.compile(r"%(?:HOME|HOME_EXPANDED)%|%SystemDrive%(?=[\\/]+home\b)", re.IGNORECASE)
_VARIABLE = re.compile(r"%([^%\s;,=]+)%")
# The variables that a worker has; other texts between two % (as in %Y%m%d) are not variables.
_KNOWN = re.compile(
    r"PATH|PATHEXT|TE?MP|HOME\w*|SYSTEM(?:DRIVE|ROOT)|WINDIR|COMSPEC|COMPUTERNAME|USERNAME|USERPROFILE|PUBLIC|"
    r"(?:LOCAL)?APPDATA|ALLUSERSPROFILE|PROGRAM(?:DATA|FILES\S*|W6432)|COMMONPROGRAM\S*|NUMBER_OF_PROCESSORS|"
    r"PROCESSOR_\w+|OS|WEBROOT_PATH|(?:WEBSITE|APPSETTING|(?:SQL|SQLAZURE|CUSTOM)CONNSTR|REGION|SCM|APPL)_\w+|"
    r"HTTP_PLATFORM_PORT|PYTHONPATH|PYTHONHOME",
    re.IGNORECASE,
)


def literal(value: str) -> str:
    r"""Return value with %HOME%, and the %SystemDrive% of `%SystemDrive%\home`, written out."""
    return _HOME.sub(lambda match: "D:" if match[0].upper() == "%SYSTEMDRIVE%" else LITERAL_HOME, value)


def variables_in(value: str) -> list[str]:
    """Return the names of the worker's variables that value, with its home written out, still refers to."""
    return [match[1] for match in _VARIABLE.finditer(literal(value)) if _KNOWN.fullmatch(match[1])]


def needs_port(value: str) -> bool:
    """Return whether value contains the port that only HttpPlatformHandler knows."""
    return "%http_platform_port%" in value.lower()


def translated(name: str, value: str, kind: Kind) -> str | None:
    """Return the value that setting name needs under a handler of kind to mean what value means under the other.

    None for one that cannot be said there: the port, or another variable that wfastcgi would hand on unexpanded.
    """
    if kind == "httpPlatform":
        return literal(value)
    if needs_port(value):
        return None
    if name.upper() == "PYTHONPATH":
        return value
    return None if variables_in(value) else literal(value)


def carried(source: Mapping[str, str], unused: Mapping[str, str], kind: Kind) -> dict[str, str]:
    """Return the settings of source, those of the other handler, as a handler of kind needs them.

    unused: what the file has for that kind already, from before; its spelling stays where it means the same.
    What only wfastcgi reads, and what cannot be the name of an environment variable, is left out.
    """
    present = {name.upper(): value for name, value in unused.items()}
    result: dict[str, str] = {}
    for name, value in source.items():
        if name.strip() != name or not name or "=" in name or name.upper().startswith("WSGI_"):
            continue
        wanted = translated(name, value, kind)
        if wanted is not None:
            before = present.get(name.upper())
            result[name] = before if before is not None and literal(before) == literal(wanted) else wanted
    return result
