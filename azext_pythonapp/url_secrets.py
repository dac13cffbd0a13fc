"""Mask the secrets in an address: its `user:password@`, and its query, which may contain a token (`?sig=…` of a SAS).

Which parameters of a query are secret is not known, so all of it is masked. The worker masks its log by the same rules
(jobs/runner/log.py).
"""

from __future__ import annotations

import hashlib
import re

_MASK = "****"
# A password with a slash is not valid in an address, but occurs; `host:8080/name@2` has no password.
_CREDENTIALS = re.compile(r"://(?:[^/\s]*|[^/\s:@?#]*:(?!\d+/)[^\s?#@]{0,200})@")
_SSH = re.compile(r"(?:^|[^\w.-])ssh$", re.IGNORECASE)
_USER = re.compile(r"://([\w.-]+)(:.*)?@$")
# Up to a blank, a quote, a bracket or the fragment: a marker follows in a requirement, the reason in pip's lines. With
# -vvv pip shows a request without its host: "GET /a.whl?sig=…".
_QUERY = re.compile(r"((?:://|(?<=[\s\"])/)(?:(?!://)[^\s?#\"'<>])*\?)([^\s#\"'<>]+)")


def masked(text: str) -> str:
    """Return the text with `****@` for the `user:password@` of any URL in it, and `?****` for its query.

    The user of ssh stays, without a password: it is no secret, and `git+ssh://git@host/…` leads nowhere without it.
    """
    return _QUERY.sub(
        lambda match: match[1] + _without_bracket(match[2], _MASK), _CREDENTIALS.sub(_masked_credentials, text)
    )


def without_secrets(text: str) -> str:
    """Return the text without the `user:password@` of any URL in it, and with a short digest of its query.

    The user of ssh stays, without a password: it is no secret, and `git+ssh://git@host/…` leads nowhere without it.
    Six hexadecimal digits show that a query has changed, but are too few to find out what it was.
    """
    return _QUERY.sub(
        lambda match: match[1] + _without_bracket(match[2], _digest(match[2])), _CREDENTIALS.sub(_user_of_ssh, text)
    )


def has_secrets(content: bytes) -> bool:
    """Return whether a file contains a URL with credentials or a query. content: in any encoding, UTF-16 included."""
    text = content.replace(b"\0", b"").decode("latin-1")
    return _CREDENTIALS.search(text) is not None or _QUERY.search(text) is not None


def _user_of_ssh(found: re.Match[str]) -> str:
    """Return what stays of the credentials of a URL: the user's name where the scheme is ssh, as in `git+ssh`."""
    user = _ssh_user(found)
    return f"://{user[1]}@" if user is not None else "://"


def _masked_credentials(found: re.Match[str]) -> str:
    user = _ssh_user(found)
    if user is None:
        return f"://{_MASK}@"
    return f"://{user[1]}:{_MASK}@" if user[2] else f"://{user[1]}@"


def _ssh_user(found: re.Match[str]) -> re.Match[str] | None:
    return _USER.match(found[0]) if _SSH.search(found.string[: found.start()]) else None


def _without_bracket(query: str, replacement: str) -> str:
    """Return a query's replacement, with the closing bracket, comma or full stop of the sentence around it."""
    shown = query.rstrip(").,;:]}")
    return (replacement if shown else "") + query[len(shown) :]


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode("utf-8")).hexdigest()[:6]
