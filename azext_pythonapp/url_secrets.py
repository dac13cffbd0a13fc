"""What is secret in an address: its `user:password@`, and its query, which may hold a token (`?sig=…` of a SAS).

Which names of a query are secret cannot be known, so the whole of it is. The worker masks its log by the same rules
(jobs/runner/log.py).
"""

from __future__ import annotations

import hashlib
import re

_MASK = "****"
# A password with a slash in it is none in an address, but one nevertheless; `host:8080/name@2` has none.
_CREDENTIALS = re.compile(r"://(?:[^/\s]*|[^/\s:@?#]*:(?!\d+/)[^\s?#@]{0,200})@")
# Up to a blank, a quote, a bracket or the fragment: in a requirement a marker, in pip's lines the reason follows. With
# -vvv pip shows a request without its host: "GET /a.whl?sig=…".
_QUERY = re.compile(r"((?:://|(?<=[\s\"])/)(?:(?!://)[^\s?#\"'<>])*\?)([^\s#\"'<>]+)")


def masked(text: str) -> str:
    """The text with `****@` in place of the `user:password@` of any URL in it, and `?****` in place of a query."""
    return _QUERY.sub(
        lambda match: match[1] + _without_bracket(match[2], _MASK), _CREDENTIALS.sub(f"://{_MASK}@", text)
    )


def without_secrets(text: str) -> str:
    """The text without the `user:password@` of any URL in it; of a query only what tells it from another is left.

    That are six hexadecimal digits: enough to see that it has changed, too few to find out what it was.
    """
    return _QUERY.sub(
        lambda match: match[1] + _without_bracket(match[2], _digest(match[2])), _CREDENTIALS.sub("://", text)
    )


def has_secrets(content: bytes) -> bool:
    """Whether a file holds a URL with credentials or a query. content: as it is, UTF-16 included."""
    text = content.replace(b"\0", b"").decode("latin-1")
    return _CREDENTIALS.search(text) is not None or _QUERY.search(text) is not None


def _without_bracket(query: str, replacement: str) -> str:
    """replacement for a query, with the closing bracket, comma or full stop of the sentence around it."""
    shown = query.rstrip(").,;:]}")
    return (replacement if shown else "") + query[len(shown) :]


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode("utf-8")).hexdigest()[:6]
