"""The <appSettings> of a web.config, as wfastcgi reads them.

wfastcgi reads every <add> below every <appSettings> of the app's own web.config, in the order of the file, so that a
later one wins; it strips keys and ignores <remove>, <clear>, file= and configSource=
(docs/platform/site-extensions.md 3.2). Windows' environment, where they end up, does not tell upper from lower case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element

# PTVS' proxy in front of an app in a virtual environment, under the names that its versions used.
_PROXIES = ("ptvs_virtualenv_proxy.", "virtualenv_proxy.")
PROXIED_HANDLER = "WSGI_ALT_VIRTUALENV_HANDLER"


def environment(root: Element) -> dict[str, str]:
    """Return what wfastcgi reads from the file whose <configuration> is root."""
    found: dict[str, str] = {}
    for section in (element for element in root.walk() if element.name == "appSettings"):
        for entry in section.walk():
            if entry.name == "add" and entry.get("key"):
                found[entry.get("key").strip()] = entry.get("value")
    return found


def uses_proxy(settings: Mapping[str, str]) -> bool:
    """Return whether WSGI_HANDLER is the proxy that PTVS put before an app in a virtual environment
    (docs/platform/site-extensions.md 2.1)."""
    return (_value(settings, "WSGI_HANDLER") or "").strip().startswith(_PROXIES)


def entry_point(settings: Mapping[str, str]) -> str | None:
    """Return the app's own entry point: WSGI_HANDLER, or what PTVS' proxy was told to call; None when not set.

    An empty one is "": wfastcgi sets it over the one of the app's settings (docs/platform/site-extensions.md 3.2).
    """
    key = PROXIED_HANDLER if uses_proxy(settings) else "WSGI_HANDLER"
    return _value(settings, key)


def _value(settings: Mapping[str, str], name: str) -> str | None:
    return {key.upper(): value for key, value in settings.items()}.get(name)


def entries(sections: Sequence[Element]) -> list[Element]:
    """Return the <add> elements directly in sections, in the order of the file."""
    return [child for section in sections for child in section.children if child.name == "add"]


def key_of(entry: Element) -> str:
    """Return the key of entry the way it can be compared: without blanks, in upper case."""
    return entry.get("key").strip().upper()


def write(document: Document, sections: Sequence[Element], wanted: Mapping[str, str]) -> dict[str, str]:
    """Set wanted in sections of document: the entry that wins is changed in place, its duplicates are removed.

    Returns the settings that no section has yet.
    """
    missing = dict(wanted)
    names = {name.upper(): name for name in wanted}
    for entry in reversed(entries(sections)):
        name = names.get(key_of(entry))
        if name in missing:
            document.set_attribute(entry, "value", missing.pop(name), after="key")
        elif name is not None:
            document.remove(entry)
    return {name: value for name, value in wanted.items() if name in missing}


def new_entries(wanted: Mapping[str, str]) -> tuple[NewElement, ...]:
    """Return an <add key= value= /> for each of wanted."""
    return tuple(NewElement("add", (("key", name), ("value", value))) for name, value in wanted.items())
