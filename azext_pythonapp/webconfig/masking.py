"""Mask values in a web.config that may be secret: for output, never for what is written.

Settings with a name that is known to be harmless (those that start Python) are shown. Of all other appSettings,
connection strings and environment variables only the names are shown; attributes and texts with passwords or keys are
masked too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

MASK = "***"

HARMLESS = frozenset(
    {
        "WSGI_HANDLER",
        "WSGI_LOG",
        "WSGI_RESTART_FILE_REGEX",
        "WSGI_ALT_VIRTUALENV_HANDLER",
        "WSGI_ALT_VIRTUALENV_ACTIVATE_THIS",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONUNBUFFERED",
        "PYTHONIOENCODING",
        "PYTHONUTF8",
        "DJANGO_SETTINGS_MODULE",
        "FLASK_APP",
        "SCRIPT_NAME",
    }
)

_SECRET_NAME = re.compile(
    r"key|secret|passw|pwd|token|credential|connection|connstr|signature|private|salt|dsn|(?:^|[^a-z])(?:sas|auth)",
    re.IGNORECASE,
)
# The value of a password or key inside a longer text, and a user with password in a URL.
_SECRET_VALUE = re.compile(
    r"(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature|secret|token|sig)\s*=|://[^/\s:@]+:[^/\s@]+@|"
    r"--[\w-]*(?:passw|pwd|secret|token|api-?key)[\w-]*[\s=]",
    re.IGNORECASE,
)
# What is torn is in a file that is no XML: a tag that does not end, or whose quotes do not match.
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|"
    r"(?P<torn><[^<]*)|[^<]+",
    re.DOTALL,
)
_STRAY = re.compile(r"=\s*[\"']")
_ATTRIBUTE = re.compile(r"""([\w.:-]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_TAG_NAME = re.compile(r"<[^\s/>]+")
_NOT_LINE_END = re.compile(r"[^\r\n]+")
# Attributes that are never secret although their name suggests it.
_STRUCTURE = ("key", "name", "publicKeyToken", "connectionStringName", "forwardWindowsAuthToken")


def looks_secret(name: str, value: str) -> bool:
    """Return whether a setting called name, or its value, is probably a password, key or connection string."""
    return bool(_SECRET_NAME.search(name)) or bool(_SECRET_VALUE.search(value))


def masked_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings with every value that looks like a secret replaced by MASK."""
    return {name: MASK if looks_secret(name, value) else value for name, value in settings.items()}


def masked_text(text: str, shown: Collection[str] = ()) -> str:
    """Return the text of a web.config with what may be secret replaced by MASK; lines stay lines.

    shown: names, in upper case, of further settings whose values are shown unless they look like a secret: the ones
    that a person has just given. The text of a <value> (as in applicationSettings) and of CDATA is always masked, and
    so is what cannot be told apart in a file that is no XML.
    """
    pieces, element = [], ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if found["torn"] is not None:
            pieces.append(_torn(token))
        elif token.startswith("<!--"):
            pieces.append(_ATTRIBUTE.sub(lambda match: _masked_attribute(match, None, shown), token))
        elif token.startswith("<![CDATA["):
            pieces.append(f"<![CDATA[{_hidden(token[9:-3])}]]>")
        elif token.startswith("<") and token[1:2] not in ("?", "!"):
            element = (_TAG_NAME.match(token) or [""])[0][1:]
            pieces.append(_masked_tag(token, shown))
        elif (element and looks_secret("" if element != "value" else "secret", token)) or (
            not token.startswith("<") and _STRAY.search(token)
        ):
            pieces.append(_hidden(token))
        else:
            pieces.append(token)
    return "".join(pieces)


def _masked_tag(tag: str, shown: Collection[str]) -> str:
    if "=" in _ATTRIBUTE.sub("", tag):
        return _torn(tag)
    setting = _setting(tag)
    return _ATTRIBUTE.sub(lambda match: _masked_attribute(match, setting, shown), tag)


def _torn(tag: str) -> str:
    """Mask all of a tag that cannot be read: what looks like its name may be a part of a value."""
    return tag[:1] + _hidden(tag[1:])


def _setting(tag: str) -> str | None:
    """Return the name of the setting in `<add key= value=>` or `<environmentVariable name= value=>`, else None."""
    attributes = {match[1]: match[3][1:-1] for match in _ATTRIBUTE.finditer(tag)}
    if "value" in attributes:
        return attributes.get("key", attributes.get("name"))
    return None


def _masked_attribute(match: re.Match[str], setting: str | None, shown: Collection[str]) -> str:
    """Mask an attribute if it may be secret. setting: the name that the tag sets; None for other tags and comments."""
    name, equals, quoted = match[1], match[2], match[3]
    value = quoted[1:-1]
    if name == "value":
        known = (setting or "").strip().upper()
        visible = known in HARMLESS or (known in shown and not looks_secret(known, value))
    else:
        visible = name in _STRUCTURE or not looks_secret(name, value)
    return match[0] if visible else f"{name}{equals}{quoted[0]}{_hidden(value)}{quoted[0]}"


def _hidden(value: str) -> str:
    """Return MASK once for each line of value, so that the number of lines stays the same."""
    return _NOT_LINE_END.sub(lambda part: MASK if part[0].strip() else part[0], value)
