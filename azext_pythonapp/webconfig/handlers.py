"""What a web.config runs now (`read_handler`), and making it run something else (`write_handler`)."""
from __future__ import annotations

from azext_pythonapp.appservice.errors import InvalidInput, Refused

from . import appsettings, httpplatform
from .document import Document
from .intent import Edit, HandlerIntent, Kind, PythonHandler
from .sections import Sections
from .switch import HandlerSwitch

__all__ = ["Edit", "HandlerIntent", "Kind", "PythonHandler", "carried_environment",
           "platform_attributes", "read_handler", "write_handler"]

# Neutral about the kind of handler, so that switching kinds leaves no comment that is wrong.
_NEW_FILE = """\
<?xml version="1.0" encoding="utf-8"?>
<!-- Written by "az webapp python"; it changes only its own elements, so this file can be edited by hand.
     IIS restarts the app whenever this file changes. -->
<configuration>
  <system.webServer>
    <handlers>
      <!-- Every request goes to Python. For a folder that IIS is to serve itself (such as static), put a web.config
           into that folder that removes this handler by its name. -->
    </handlers>
  </system.webServer>
</configuration>
""".replace("\n", "\r\n").encode("utf-8")


def read_handler(content: bytes | None) -> PythonHandler | None:
    """Return what the web.config in content makes IIS run for the app's requests.

    None when there is no file, or when no handler that requests reach runs Python. Raises InvalidWebConfig.
    """
    return None if content is None else _read(Document.parse(content))


def platform_attributes(content: bytes) -> dict[str, str]:
    """Return the attributes of <httpPlatform> beside processPath and arguments, as the file writes them."""
    platforms = Sections(Document.parse(content)).platforms
    found = platforms[0].attributes.values() if platforms else ()
    return {attribute.name: attribute.value for attribute in found
            if attribute.name not in ("processPath", "arguments")}


def write_handler(content: bytes | None, intent: HandlerIntent) -> Edit:
    """Return content, the bytes of a web.config or None for a new one, changed so that it runs what intent says.

    Every byte outside the elements that are changed stays. Doing it again changes nothing.
    Raises InvalidInput for an intent that cannot work, InvalidWebConfig for a file that cannot be edited safely, and
    Refused when the file belongs to another framework or would still run something else.
    """
    intent.check()
    document = Document.parse(_NEW_FILE if content is None else content)
    switch = HandlerSwitch(document, intent)
    if intent.kind == "httpPlatform" and intent.arguments is None and not any(
            platform.get("arguments") for platform in switch.sections.platforms):
        raise InvalidInput("web.config has no arguments for HttpPlatform to keep, and none were given.",
                           "Name the entry point with --app MODULE:OBJECT or give --startup-command.")
    switch.run()
    result = document.to_bytes()
    _verify(result, intent)
    notes = ("A new web.config was written.",) if content is None else tuple(switch.notes)
    return Edit(result, result != content, notes)


def carried_environment(current: PythonHandler | None, kind: Kind) -> dict[str, str]:
    """Return the environment of current that has to be in the intent for a handler of kind, so that none is lost.

    Empty when the kind stays (write_handler keeps what is there); else all but what only wfastcgi reads and what cannot
    be the name of an environment variable.
    """
    if current is None or current.kind == kind:
        return {}
    return {name: value for name, value in current.environment.items()
            if name.strip() == name and name and "=" not in name and not name.upper().startswith("WSGI_")}


def _read(document: Document) -> PythonHandler | None:
    sections = Sections(document)
    entry = sections.python_entry()
    if entry is None:
        return None
    if entry.python == "fastCgi":
        python, wfastcgi = _processor(entry.element.get("scriptProcessor"))
        settings = appsettings.environment(document.root)
        environment = {name: value for name, value in settings.items() if name.upper() != "WSGI_HANDLER"}
        return PythonHandler("fastCgi", python, wfastcgi or None,
                             appsettings.entry_point(settings), None, environment, entry.name)
    if not sections.platforms or not sections.platforms[0].get("processPath"):
        return None
    platform = sections.platforms[0]
    return PythonHandler("httpPlatform", platform.get("processPath"), None, None, platform.get("arguments") or None,
                         httpplatform.variables(platform), entry.name)


def _processor(text: str) -> tuple[str, str]:
    """Return the program and the arguments of a scriptProcessor, without quotes around them."""
    program, _, arguments = text.partition("|")
    return program.strip().strip('"'), arguments.strip().strip('"')


def _verify(content: bytes, intent: HandlerIntent) -> None:
    """Raise Refused unless content, read from scratch, runs what intent says."""
    found = _read(Document.parse(content))
    wrong: list[str] = []
    if found is None or found.kind != intent.kind:
        wrong.append("the handler")
    elif intent.kind == "fastCgi":
        if (found.python_path, found.wfastcgi_path) != _processor(intent.script_processor):
            wrong.append("scriptProcessor")
        if intent.entry_point is not None and found.entry_point != intent.entry_point:
            wrong.append("WSGI_HANDLER")
    else:
        if found.python_path != intent.python_path:
            wrong.append("processPath")
        if intent.arguments is not None and (found.arguments or "") != intent.arguments:
            wrong.append("arguments")
    if found is not None:
        environment = {name.upper(): value for name, value in found.environment.items()}
        wrong += [name for name, value in intent.environment.items() if environment.get(name.upper()) != value]
    if wrong:
        raise Refused(
            f"The edited web.config would still give another value for {', '.join(wrong)}: an element that is not "
            "edited here (such as <appSettings> in a <location> for another path, which wfastcgi reads too) wins.",
            "Remove that element from site\\wwwroot\\web.config and run the command again.")
