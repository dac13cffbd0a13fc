r"""FastCGI programs that the app registers with IIS by itself: %HOME%\site\applicationHost.xdt.

The file is a transform of IIS' applicationHost.config (docs/platform/site-extensions.md 2.1). It may hold transforms of
other people, which stay byte for byte: ours are in one <system.webServer> of their own, the last thing in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.document import TRANSFORMS, Document
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element

_NEW_FILE = f"""\
<?xml version="1.0" encoding="utf-8"?>
<!-- Written by "az webapp python" to register Pythons with IIS for FastCGI.
     IIS reads this file when the app starts. -->
<configuration xmlns:xdt="{TRANSFORMS}">
</configuration>
""".replace("\n", "\r\n").encode("utf-8")
# As the packages of Microsoft register a Python, without their PYTHONHOME (docs/platform/site-extensions.md 1.5).
_SETTINGS = (
    ("maxInstances", "16"),
    ("idleTimeout", "21600"),
    ("instanceMaxRequests", "10000000"),
    ("signalBeforeTerminateSeconds", "60"),
)
_INSERT = "InsertIfMissing"
# Two programs may have one path, so the pair is what IIS and the transform have to tell apart.
_LOCATOR = "Match(fullPath,arguments)"
_INSERTING = ("insert", "insertifmissing", "insertbefore", "insertafter", "replace")
_HOME = "PYTHONHOME"
_OTHER_HANDLER = "or use `--handler httpplatform`, which needs no registration."


@dataclass(frozen=True)
class Pair:
    r"""A FastCGI program, as a handler's scriptProcessor names it: `<full_path>|<arguments>`; case does not matter."""

    full_path: str
    arguments: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what IIS compares."""
        return self.full_path.lower(), self.arguments.lower()


def register(content: bytes | None, pairs: Sequence[Pair], name: str) -> bytes:
    """Return the file with those of the pairs added that it does not register yet; equal bytes when it has them all.

    content: the file's bytes; None when there is none. name: the file's, for messages.
    Raises InvalidWebConfig for a file that IIS cannot read, and for a pair of the file that sets PYTHONHOME: a Python
    of an environment would take the packages of that folder for its own.
    """
    document = _parse(_NEW_FILE if content is None else content, name)
    present = {pair.key: application for application, pair in _registered(document)}
    for pair in pairs:
        if pair.key in present and _HOME in _environment(present[pair.key]):
            raise InvalidWebConfig(
                f"{name} registers {pair.full_path} with the variable {_HOME} (line {present[pair.key].line}), with "
                "which the Python of an environment uses the packages of another folder.",
                f"Remove that variable from the file, {_OTHER_HANDLER}",
            )
    missing = [pair for pair in pairs if pair.key not in present]
    if not missing:
        return document.to_bytes()
    document.put_in(document.root, _section(missing, _prefix(document.root)))
    return _written(document, name)


def unregister(content: bytes, pairs: Sequence[Pair], name: str) -> bytes | None:
    """Return the file without what `register` added of the pairs; None when nothing else was ever in it.

    What somebody else wrote or changed stays, a pair too. Raises InvalidWebConfig for a file that cannot be read.
    """
    document = _parse(content, name)
    keys = {pair.key for pair in pairs}
    for section in [child for child in document.root.children if _is_ours(document, child, keys)]:
        document.take_out(section)
    result = _written(document, name)
    return None if result.replace(b"\r\n", b"\n") == _NEW_FILE.replace(b"\r\n", b"\n") else result


def _parse(content: bytes, name: str) -> Document:
    try:
        document = Document.parse(content, transforms=True)
    except InvalidWebConfig as error:
        raise _of_file(error, name) from error
    root = document.root
    if root.name != "configuration" or root.get("xmlns"):
        what = f"in the namespace {root.get('xmlns')}" if root.get("xmlns") else f"<{root.name}>, not <configuration>"
        raise InvalidWebConfig(
            f"The root element of {name} is {what} (line {root.line}, column {root.column}), so IIS applies nothing "
            "of it.",
            f"Correct or delete the file, {_OTHER_HANDLER}",
        )
    return document


def _written(document: Document, name: str) -> bytes:
    try:
        return document.to_bytes()
    except InvalidWebConfig as error:
        raise _of_file(error, name) from error


def _of_file(error: InvalidWebConfig, name: str) -> InvalidWebConfig:
    """Return an error about a web.config as one about this file, which is read by the same rules."""
    return InvalidWebConfig(error.message.replace("web.config", name), f"Correct or delete the file, {_OTHER_HANDLER}")


def _section(pairs: Sequence[Pair], prefix: str | None) -> NewElement:
    """Return our <system.webServer>. prefix: what the root calls the namespace of transforms; None for nothing."""
    own = prefix or "xdt"
    insert = (f"{own}:Transform", _INSERT)
    programs = tuple(
        NewElement(
            "application",
            (
                ("fullPath", pair.full_path),
                ("arguments", pair.arguments),
                *_SETTINGS,
                insert,
                (f"{own}:Locator", _LOCATOR),
            ),
        )
        for pair in pairs
    )
    declared = ((f"xmlns:{own}", TRANSFORMS),) if prefix is None else ()
    return NewElement("system.webServer", (*declared, insert), (NewElement("fastCgi", (insert,), programs),))


def _prefix(root: Element) -> str | None:
    names = (name.partition(":") for name, found in root.attributes.items() if found.value == TRANSFORMS)
    return next((local for xmlns, _, local in names if xmlns == "xmlns" and local), None)


def _registered(document: Document) -> list[tuple[Element, Pair]]:
    """Return the <application>s that the transform adds to IIS' list, not those that it removes or only looks for."""
    return [
        (application, Pair(application.get("fullPath"), application.get("arguments")))
        for application in document.find("configuration/system.webServer/fastCgi/application")
        if _adds(application)
    ]


def _adds(application: Element) -> bool:
    element: Element | None = application
    while element is not None:
        transform = _transform(element, "Transform").partition("(")[0].strip().lower()
        if transform in _INSERTING:
            return True
        if transform.startswith("remove"):
            return False
        element = element.parent
    return False


def _transform(element: Element, local: str) -> str:
    """Return the attribute `local` of an element in the namespace of transforms, "" for none."""
    for name, found in element.attributes.items():
        prefix, colon, own = name.partition(":")
        if colon and own == local and _namespace(element, prefix) == TRANSFORMS:
            return found.value
    return ""


def _namespace(element: Element | None, prefix: str) -> str:
    while element is not None:
        if f"xmlns:{prefix}" in element.attributes:
            return element.get(f"xmlns:{prefix}")
        element = element.parent
    return ""


def _environment(application: Element) -> set[str]:
    variables = application.find("environmentVariables", "environmentVariable")
    return {variable.get("name").upper() for variable in variables}


def _is_ours(document: Document, section: Element, keys: set[tuple[str, str]]) -> bool:
    """Return whether an element of the root is what `register` writes, however it is laid out by now."""
    sections = section.children
    if section.name != "system.webServer" or len(sections) != 1 or sections[0].name != "fastCgi":
        return False
    programs = sections[0].children
    if not programs or any(document.text_in(each).strip() for each in (section, sections[0], *programs)):
        return False
    pairs = [Pair(each.get("fullPath"), each.get("arguments")) for each in programs]
    declared = next((name[6:] for name in section.attributes if name.startswith("xmlns:")), None)
    prefix = None if declared else _prefix(document.root)
    return all(pair.key in keys for pair in pairs) and _outline(section) == _outline(_section(pairs, prefix))


def _outline(element: Element | NewElement) -> tuple[object, ...]:
    if isinstance(element, NewElement):
        return element.name, dict(element.attributes), [_outline(child) for child in element.children]
    values = {name: found.value for name, found in element.attributes.items()}
    return element.name, values, [_outline(child) for child in element.children]
