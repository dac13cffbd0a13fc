"""What web.config says."""

from __future__ import annotations

import re
from xml.parsers import expat

from azext_pythonapp.entrypoints.choose import EntryPoint, application_files, repaired_handler
from azext_pythonapp.errors import InvalidWebConfig, PythonAppError
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.settings import starting_settings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned
from azext_pythonapp.operations.doctor.checks.runtime import is_registered
from azext_pythonapp.operations.doctor.repair import dropping, repairing
from azext_pythonapp.operations.doctor.sight import Sight, first_command
from azext_pythonapp.operations.web_config.entry_point import handler_in_settings
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections, location_path

# XML_ERROR_UNKNOWN_ENCODING and XML_ERROR_INCORRECT_ENCODING of expat: other readers know more encodings.
_ENCODINGS = (18, 19)
# Their handlers take every request; of IIS's own modules, such as StaticFileModule, none is another stack.
OTHER_STACKS = (
    "aspnetcoremodule",
    "aspnetcoremodulev2",
    "iisnode",
    "fastcgimodule",
    "httpplatformhandler",
    "isapimodule",
)
MOST_FOLDERS = 20
_HOME = re.compile(r"\b(?P<drive>[a-z]):[\\/]home[\\/]", re.IGNORECASE)


@check("web-config", "web.config can be read and starts Python")
def web_config(sight: Sight) -> Result:
    """Of all that IIS and this extension can trip over."""
    content = sight.web_config
    problem = sight.part("problem", lambda: sight.seen.problem).get()
    if content is not None and problem is not None:
        broken = _not_xml(content)
        if broken is not None:
            return failed(f"web.config is no XML ({broken}), so IIS answers 500.19.")
        return warned(problem.message)
    handler = sight.handler
    if handler is None:
        if _order(sight).status == "fail":
            return warned("web.config has a handler for Python, and no request gets there.", _order(sight).fix)
        found = findings.starts_no_python(sight.site, content is not None)
        command = first_command(found.advice)
        return warned(found.message, Fix(command) if command else None)
    part = f", for {handler.part}" if handler.part else ""
    return passed(f"{handler.kind} starts {handler.python_path}{part}.")


def _not_xml(content: bytes) -> str | None:
    parser = expat.ParserCreate()
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        return None if error.code in _ENCODINGS else str(error)
    except (ValueError, LookupError):  # an encoding that expat cannot read, such as gb2312; IIS may
        return None
    return None


@check("handler-order", "No other handler comes before Python's")
def handler_order(sight: Sight) -> Result:
    """IIS gives a request to the first handler that matches."""
    return _order(sight)


def _order(sight: Sight) -> Result:
    """Return the result of `handler-order`."""
    sections = _sections(sight)
    if sections is None:
        return passed("web.config has no handler for Python.")
    python = next((entry for entry in sections.entries if entry.active and entry.python), None)
    if python is None:
        return passed("web.config has no handler for Python.")
    before = [entry for entry in sections.entries if entry.competes and not entry.python and _is_before(entry, python)]
    full = [entry for entry in before if entry.shadows(python) and _unconditional(entry)]
    if not before:
        return passed(f"Line {python.line}: '{python.name}' is the first handler that takes pages.")
    told = _told(full or before)
    names = [entry.name.lower() for entry in full or before]
    fix = _named_fix(sight, "handler-order", names)
    if full:
        return failed(f"{told} takes every request, so none gets to '{python.name}' on line {python.line}.", fix)
    return warned(f"{told} takes pages before '{python.name}' on line {python.line}.", fix)


@check("other-stacks", "No handlers of other stacks are left")
def other_stacks(sight: Sight) -> Result:
    """Handlers of Node.js, PHP or ASP.NET Core behind Python's, which no request gets to."""
    sections = _sections(sight)
    own = sections.python_entry() if sections is not None else None
    if sections is None or own is None:
        return passed("web.config starts no Python.")
    dead = [
        entry
        for entry in sections.entries
        if entry.active
        and entry.module in OTHER_STACKS
        and not entry.python
        and _unconditional(own)
        and _is_before(own, entry)
        and own.shadows(entry)
        and entry.element.get("path") in ("*", "/*")
    ]
    if not dead:
        return passed("No handler of another stack takes every request.")
    part = _part_without(sight, sections, own.name)
    if part is not None:
        return passed(f"{_told(dead)} answers for {part}, which takes '{own.name}' out.")
    return warned(
        f"{_told(dead)} gets no request any more: '{own.name}' on line {own.line} takes them all.",
        Fix(sight.python("doctor", "--check other-stacks --fix"), dropping([entry.name.lower() for entry in dead])),
    )


def _sections(sight: Sight) -> Sections | None:
    content = sight.web_config
    if content is None or sight.part("problem", lambda: sight.seen.problem).get() is not None:
        return None
    return Sections.of_python(Document.parse(content))


def _unconditional(entry: HandlerEntry) -> bool:
    """Whether a handler counts in every worker process: a preCondition may be for another bitness or pipeline."""
    return not set(re.split(r"[\s,]+", entry.element.get("preCondition").lower())) - {"", "integratedmode"}


def _part_without(sight: Sight, sections: Sections, name: str) -> str | None:
    """Return a part of the site that takes a handler out, so that the ones behind it answer there; None for none.

    It is a <location> of web.config, or a folder with a web.config of its own; of the folders, the first ones are read.
    """
    for scope in sections.root.find("location"):
        if location_path(scope.get("path")) != location_path(sections.path) and _takes_out(scope, name):
            return f'<location path="{scope.get("path")}">'
    folders = [entry.name for entry in sight.entries(sight.root) if entry.is_directory][:MOST_FOLDERS]
    for folder in folders:
        content = sight.read(f"{sight.root}/{folder}/{WEB_CONFIG}")
        try:
            if content is not None and _takes_out(Document.parse(content).root, name):
                return f"folder {folder}"
        except InvalidWebConfig:
            return f"folder {folder}, whose web.config cannot be read and perhaps"
    return None


def _takes_out(scope: Element, name: str) -> bool:
    return any(
        child.name == "clear" or (child.name == "remove" and child.get("name").lower() == name.lower())
        for element in scope.walk()
        if element.name == "handlers"
        for child in element.children
    )


def _is_before(one: HandlerEntry, other: HandlerEntry) -> bool:
    return one.element.start < other.element.start


def _told(entries: list[HandlerEntry]) -> str:
    return " and ".join(f"line {entry.line}: '{entry.name}' ({entry.element.get('modules')})" for entry in entries)


def _named_fix(sight: Sight, name: str, handlers: list[str]) -> Fix:
    return Fix(sight.python("doctor", f"--check {name} --fix"), dropping(handlers), only_named=True)


@check("platform-drive", "Paths in web.config are on the drive of %HOME%")
def platform_drive(sight: Sight) -> Result:
    r"""`D:\home` and `C:\home`: %HOME% is on one of them, and registrations name D:."""
    handler = sight.handler
    if handler is None:
        return passed("web.config starts no Python.")
    home = sight.home
    programs = [handler.python_path, handler.wfastcgi_path or ""]
    wanted = "d" if handler.kind == "fastCgi" else home[:1].lower()
    wrong = sorted({found[0] for found in map(_HOME.search, programs) if found and found["drive"].lower() != wanted})
    if wrong and handler.kind == "fastCgi" and is_registered(sight, handler):
        return passed(f"%HOME% is {home}, and {handler.python_path} is registered with IIS as it is written.")
    if wrong:
        evidence = f"web.config starts {handler.python_path}, and %HOME% is {home}"
        if handler.kind == "fastCgi":
            evidence += ", which IIS knows as D:\\home"
        fix = Fix(sight.python("web-config set"), repairing()) if handler.kind == "fastCgi" else None
        missing = handler.kind == "fastCgi" or home[:1].lower() == "d"
        return failed(f"{evidence}.", fix) if missing else warned(f"{evidence}. Write %HOME% in its place.", fix)
    others = {"arguments": handler.arguments or "", **handler.environment}
    odd = [name for name, value in others.items() if (found := _HOME.search(value)) and found["drive"].lower() == "c"]
    if odd and home[:1].lower() == "d":
        return warned(f"{', '.join(odd)} of web.config names C:\\home, and %HOME% is {home}.")
    return passed(f"%HOME% is {home}, and web.config names no other drive for it.")


@check("wsgi-handler", "WSGI_HANDLER names an application that can be called")
def wsgi_handler(sight: Sight) -> Result:
    """By the app's Python files, which are parsed and never run."""
    handler = sight.handler
    if handler is None or handler.kind != "fastCgi":
        return passed("web.config starts no Python with FastCGI.")
    if handler.wfastcgi_path and "wfastcgi" not in handler.wfastcgi_path.lower():
        return passed(f"{handler.python_path} starts {handler.wfastcgi_path}, which is not wfastcgi.")
    text, in_settings = handler.entry_point, False
    if text is None:
        settings = sight.settings
        if settings is None:
            return skipped("web.config has no WSGI_HANDLER, and your role may not read the app settings.")
        text, in_settings = handler_in_settings(handler, starting_settings(settings)), True
    if not (text or "").strip():
        return failed(
            "Neither web.config nor an app setting has a WSGI_HANDLER, so wfastcgi has nothing to start."
            if in_settings
            else "WSGI_HANDLER of web.config is empty, so wfastcgi has nothing to start.",
            Fix(sight.python("web-config set"), repairing()),
        )
    assert text is not None
    files = AppFiles(sight.app)
    detected = application_files(files.list_folder, lambda name: files.state(name).content)
    try:
        repaired = repaired_handler(text, detected)
    except PythonAppError as error:
        return failed(error.message)
    if repaired is None:
        return passed(f"WSGI_HANDLER is {text}.")
    evidence = f"WSGI_HANDLER is '{text}', which cannot work. {repaired.reason}"
    return failed(evidence, _handler_fix(sight, repaired, in_settings))


def _handler_fix(sight: Sight, repaired: EntryPoint, in_settings: bool) -> Fix:
    if in_settings:
        setting = f'--settings "WSGI_HANDLER={repaired.wsgi_handler}"'
        return Fix(sight.az("webapp config appsettings set", setting))
    return Fix(sight.python("web-config set"), repairing())
