"""Credentials in the address of a package index, written so that every pip sends the same ones.

pip decodes `%40` and the like from version 10 on. An older pip sends them as written, after percent-encoding some
characters itself (docs/platform/site-extensions.md 4.5; observed with pip 9.0.3).
"""

from __future__ import annotations

import re
import string
from urllib.parse import unquote

# No pip changes these characters in a user name; in a password a colon as well. The last @ ends the credentials.
_UNCHANGED = frozenset(string.ascii_letters + string.digits + "-._~!$&'()*+,;=@")
_ADDRESS = re.compile(
    r"(?P<scheme>[^:/]+://)(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@"
    r"(?P<rest>[^@/?#]*(?:[/?#].*)?)",
    re.DOTALL,
)


def for_any_pip(url: str) -> str:
    """Return the address, with its credentials decoded when every pip sends them unchanged."""
    found = _ADDRESS.fullmatch(url)
    if found is None or not needs_decoding(url):
        return url
    user, password = unquote(found["user"]), unquote(found["password"] or "")
    if not set(user) <= _UNCHANGED or not set(password) <= _UNCHANGED | {":"}:
        return url
    return f"{found['scheme']}{user}{'' if found['password'] is None else ':' + password}@{found['rest']}"


def needs_decoding(url: str) -> bool:
    """Return whether the credentials of an address have percent-encoded characters, which need pip 10."""
    found = _ADDRESS.fullmatch(url)
    credentials = f"{found['user']}:{found['password'] or ''}" if found else ""
    return unquote(credentials) != credentials
