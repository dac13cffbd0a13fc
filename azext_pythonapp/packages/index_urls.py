"""Credentials in the address of a package index, written so that every pip sends the same.

pip decodes `%40` and the like in them from version 10 on. An older one sends them as they stand in the address, where
it percent-encodes some characters itself (docs/platform/site-extensions.md 4.5; seen with pip 9.0.3).
"""

from __future__ import annotations

import re
import string
from urllib.parse import unquote

# No pip changes these in a user's name; in a password a colon as well. Of several @ the last one ends the credentials.
_KEPT = frozenset(string.ascii_letters + string.digits + "-._~!$&'()*+,;=@")
_ADDRESS = re.compile(
    r"(?P<scheme>[^:/]+://)(?P<user>[^:/?#]*)(?::(?P<password>[^/?#]*))?@"
    r"(?P<rest>[^@/?#]*(?:[/?#].*)?)",
    re.DOTALL,
)


def for_any_pip(url: str) -> str:
    """The same address; its credentials are written decoded when every pip sends those unchanged."""
    found = _ADDRESS.fullmatch(url)
    if found is None or not needs_decoding(url):
        return url
    user, password = unquote(found["user"]), unquote(found["password"] or "")
    if not set(user) <= _KEPT or not set(password) <= _KEPT | {":"}:
        return url
    return f"{found['scheme']}{user}{'' if found['password'] is None else ':' + password}@{found['rest']}"


def needs_decoding(url: str) -> bool:
    """Whether there are percent-encoded characters in the credentials of an address, for which pip 10 is needed."""
    found = _ADDRESS.fullmatch(url)
    credentials = f"{found['user']}:{found['password'] or ''}" if found else ""
    return unquote(credentials) != credentials
