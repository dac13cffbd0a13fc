"""Read which Python a web.config runs (`read_handler`), and edit it to run another (`write_handler`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from azext_pythonapp.errors import InvalidInput, InvalidWebConfig, Refused
from azext_pythonapp.webconfig import appsettings, httpplatform, values
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import Edit, HandlerIntent, Kind, PythonHandler, Unused
from azext_pythonapp.webconfig.relocation import moved_settings
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections
from azext_pythonapp.webconfig.switch import HandlerSwitch, pair, same_pair
from azext_pythonapp.windows import same_path

__all__ = [
    "Edit",
    "HandlerIntent",
    "Kind",
    "PythonHandler",
    "Unused",
    "carried_environment",
    "handler_names",
    "platform_attributes",
    "read_handler",
    "read_in_force",
    "read_settings",
    "write_handler",
]

# The comments name no kind of handler, so that they stay true when the kind changes.
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


def readable_handler(content: bytes | None) -> PythonHandler | None:
    """As `read_handler`; None, too, for a web.config that cannot be read."""
    try:
        return read_handler(content)
    except InvalidWebConfig:
        return None


def read_settings(content: bytes | None) -> PythonHandler | None:
    """Return what appSettings without a handler for Python say, as a PythonHandler whose python_path is "".

    wfastcgi reads them as soon as a handler starts it, so they are in force for a new one. None when there is no file,
    or none of them is for Python. Raises InvalidWebConfig.
    """
    if content is None:
        return None
    settings = appsettings.environment(Document.parse(content).root)
    names = {name.upper() for name in settings}
    if not any(name.startswith(("WSGI_", "DJANGO_", "PYTHON", "FLASK_")) for name in names):
        return None
    return PythonHandler("fastCgi", "", None, appsettings.entry_point(settings), None, _without_handler(settings), "")


def read_in_force(content: bytes | None) -> PythonHandler | None:
    """Return what a new handler has to respect: what web.config runs, else its settings without a handler.

    content: None when there is no file. Raises InvalidWebConfig.
    """
    return read_handler(content) or read_settings(content)


def handler_names(content: bytes) -> set[str]:
    """Return the names of all handlers that the web.config in content adds; none for a file that cannot be read."""
    try:
        return Sections(Document.parse(content)).names()
    except InvalidWebConfig:
        return set()


def platform_attributes(content: bytes) -> dict[str, str]:
    """Return the attributes of <httpPlatform> beside processPath and arguments, as the file writes them."""
    platform = Sections.of_python(Document.parse(content)).platform
    found = platform.attributes.values() if platform is not None else ()
    return {
        attribute.name: attribute.value for attribute in found if attribute.name not in ("processPath", "arguments")
    }


def write_handler(content: bytes | None, intent: HandlerIntent) -> Edit:
    """Return a web.config edited to run the intent. content: its bytes, None for a new one.

    Everything outside the changed elements is preserved byte for byte. Doing it again changes nothing.
    Raises InvalidInput for an intent that cannot work, InvalidWebConfig for a file that cannot be edited safely, and
    Refused when the file belongs to another framework or would still run something else.
    """
    intent.check()
    document = Document.parse(_NEW_FILE if content is None else content)
    switch = HandlerSwitch(document, intent)
    platform = switch.sections.platform
    if intent.kind == "httpPlatform" and intent.arguments is None and not (platform and platform.get("arguments")):
        raise InvalidInput(
            "web.config has no arguments for HttpPlatform, and none were given.",
            "Name the entry point with --app MODULE:OBJECT, or use --startup-command.",
        )
    switch.run()
    result = document.to_bytes()
    _verify(result, intent)
    if content is None:
        return Edit(result, True, ("A new web.config was written.",))
    notes = switch.notes
    return Edit(result, result != content, tuple(notes.all), tuple(notes.remarks), tuple(notes.warnings))


def carried_environment(current: PythonHandler | None, kind: Kind, python_path: str | None = None) -> dict[str, str]:
    """Return the environment of current that has to be in the intent for a handler of kind, so that none is lost.

    python_path: of the Python that is to start; paths of the runtime before are written for it.
    Empty when the kind stays (write_handler keeps what is there); else all but what only wfastcgi reads, what cannot
    be the name of an environment variable, and what has no meaning there (`values.carried`).
    """
    if current is None or current.kind == kind:
        return {}
    carried = values.carried(current.environment, current.unused.environment, kind)
    return moved_settings(carried, current.python_path, python_path) if python_path else carried


def _read(document: Document) -> PythonHandler | None:
    sections = Sections.of_python(document)
    entry = sections.python_entry()
    if entry is None:
        return None
    settings = appsettings.environment(document.root)
    platform = sections.platform
    if entry.python == "fastCgi":
        python, wfastcgi = pair(entry.element.get("scriptProcessor"))
        unused = (
            Unused()
            if platform is None or not sections.is_python_platform(platform)
            else Unused(
                platform.get("processPath"),
                platform.get("arguments") or None,
                httpplatform.variables(platform),
                bool(sections.sharers(entry, "httpplatformhandler")),
            )
        )
        return _located(
            entry,
            sections,
            PythonHandler(
                "fastCgi",
                python,
                wfastcgi or None,
                appsettings.entry_point(settings),
                None,
                _without_handler(settings),
                entry.name,
                unused=unused,
            ),
        )
    if platform is None or not platform.get("processPath"):
        return None
    return _located(
        entry,
        sections,
        PythonHandler(
            "httpPlatform",
            platform.get("processPath"),
            None,
            None,
            platform.get("arguments") or None,
            httpplatform.variables(platform),
            entry.name,
            unused=Unused("", None, _without_handler(settings)),
        ),
    )


def _located(entry: HandlerEntry, sections: Sections, handler: PythonHandler) -> PythonHandler:
    """Return handler with the requests that entry takes: those of its own path, or all that rules bring to it."""
    path = "*" if entry.reached else entry.element.get("path")
    return replace(handler, path=path, verb=entry.element.get("verb", "*"), location=sections.path)


def _without_handler(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name.upper() != "WSGI_HANDLER"}


def _verify(content: bytes, intent: HandlerIntent) -> None:
    """Raise Refused unless content, read from scratch, runs what intent says."""
    found = _read(Document.parse(content))
    wrong: list[str] = []
    if found is None or found.kind != intent.kind:
        wrong.append("the handler")
    elif intent.kind == "fastCgi":
        if not same_pair(f"{found.python_path}|{found.wfastcgi_path}", intent.script_processor):
            wrong.append("scriptProcessor")
        if intent.entry_point is not None and found.entry_point != intent.entry_point:
            wrong.append("WSGI_HANDLER")
    else:
        if not same_path(found.python_path, intent.python_path, values.LITERAL_HOME):
            wrong.append("processPath")
        if intent.arguments is not None and (found.arguments or "") != intent.arguments:
            wrong.append("arguments")
    if found is not None:
        environment = {name.upper(): value for name, value in found.environment.items()}
        wrong += [name for name, value in intent.environment.items() if environment.get(name.upper()) != value]
    if wrong:
        raise Refused(
            f"The edited web.config would still have another value for {', '.join(wrong)}: an element that this "
            "command does not edit (such as <appSettings> in a <location> for another path, which wfastcgi reads too) "
            "overrides it.",
            "Remove that element from site\\wwwroot\\web.config and run the command again.",
        )
