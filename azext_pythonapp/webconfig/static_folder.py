"""The web.config of a folder whose files IIS is to serve itself: it removes Python's handler there.

Microsoft's own way (docs/platform/site-extensions.md 2.2): `<handlers><remove name="…"/></handlers>` in the folder's
web.config, with the name that the handler has in the app's.
"""

from __future__ import annotations

from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.handlers import Edit
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.sections import Sections

_NEW_FILE = """\
<?xml version="1.0" encoding="utf-8"?>
<!-- IIS serves the files of this folder itself. -->
<configuration>
</configuration>
""".replace("\n", "\r\n").encode("utf-8")


def write_static(content: bytes | None, handler_name: str) -> Edit:
    """Return content, a folder's web.config or None for a new one, changed so that it removes the handler of that name.

    Everything else in it stays. Raises InvalidWebConfig for a file that cannot be edited safely.
    """
    document = Document.parse(_NEW_FILE if content is None else content)
    sections = Sections(document)
    if sections.removes(handler_name):
        return Edit(content or document.to_bytes(), False, ())
    remove = NewElement("remove", (("name", handler_name),))
    first = next((child for section in sections.handlers for child in section.children), None)
    if first is not None:
        document.insert_before(first, remove)
    elif sections.handlers:
        document.append(sections.handlers[0], remove)
    elif sections.servers:
        document.append(sections.servers[0], NewElement("handlers", (), (remove,)))
    else:
        document.append(sections.root, NewElement("system.webServer", (), (NewElement("handlers", (), (remove,)),)))
    result = document.to_bytes()
    return Edit(result, result != content, (f"IIS serves its files itself: the handler {handler_name!r} is removed.",))
