"""What an app's Python is, as an export: what Azure installs, the settings it relies on, and what is done by hand."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site import DEFAULT_ROOT, SiteConfiguration
from azext_pythonapp.entrypoints.choose import entry_of_handler
from azext_pythonapp.errors import AccessDenied, NotFound
from azext_pythonapp.operations.app.observe import Observation, observe
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.export.model import Export, Note, SiteExtension, command
from azext_pythonapp.runtimes import official
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.url_secrets import masked
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.webconfig.masking import looks_secret

# App settings that decide what starts and how it is deployed, and never hold a secret by what they are for
# (docs/platform/templates.md 6). Those of all other names stay where they are.
RELIED_ON = (
    "WSGI_HANDLER",
    "WSGI_ALT_VIRTUALENV_HANDLER",
    "WSGI_LOG",
    "DJANGO_SETTINGS_MODULE",
    "FLASK_APP",
    "PYTHONPATH",
    "PYTHONUTF8",
    "PYTHONIOENCODING",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONOPTIMIZE",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "SCM_COMMAND_IDLE_TIMEOUT",
    "WEBSITE_PRIVATE_EXTENSIONS",
)


@dataclass(frozen=True)
class Found:
    """What was seen of an app.

    pythons: on the app; the one that web.config starts is in use, or the runtime of the environment that it starts.
    handler: what web.config starts. unreadable: whether that is not known.
    configuration, settings: None where the caller's role may not read them. for_slot: whether it is a slot.
    """

    pythons: Sequence[InstalledRuntime]
    handler: PythonHandler | None
    configuration: SiteConfiguration | None
    settings: Mapping[str, str] | None
    environment: bool = False
    unreadable: bool = False
    for_slot: bool = False


def export_of(app: App) -> Export:
    """Return an app's Python as an export.

    Costs five requests, four of them at once. Raises NotFound when the app has no Python that Azure or a command of
    this extension could install, and the errors of the requests: what could not be asked is not left out.
    """
    found = _look(app)
    if not any(each.is_runtime and each.extension_id for each in found.pythons):
        raise _nothing(app, found)
    return described(found)


def described(found: Found) -> Export:
    """Return what was found as an export; the same for the same."""
    used = next((python for python in found.pythons if python.in_use), None)
    own = sorted((each for each in found.pythons if each.is_runtime), key=lambda each: (each is used, _key(each)))
    packages = {}
    for python in own:
        if python.extension_id and not _is_made_here(python):
            packages[python.extension_id.lower()] = SiteExtension(python.extension_id, python.package_version or "")
    settings, unsaid = _settings(found.settings)
    return Export(
        tuple(packages.values()),
        _configuration(found),
        settings,
        (
            *_third_parties(list(packages.values())),
            *_by_command(own, found.for_slot),
            *_not_known(found),
            *_worker(found, used),
            *_path_mappings(found),
            *_unsaid(unsaid),
            *_web_config(found, used),
        ),
        found.for_slot,
    )


def _look(app: App) -> Found:
    seen = observe(app)
    seen.say_problem()
    pythons = _rows(seen)
    settings = known_settings(app)
    try:
        configuration = app.arm.configuration(app.site)
    except AccessDenied:
        configuration = None
    return Found(
        pythons,
        seen.readable_handler,
        configuration,
        settings,
        seen.environment is not None,
        seen.problem is not None,
        app.site.slot is not None,
    )


def _rows(seen: Observation) -> list[InstalledRuntime]:
    """Return the app's Pythons; in place of an environment that runs, the runtime that it stands on is in use."""
    base = seen.base
    if base is None:
        return seen.pythons
    return [replace(each, in_use=each is base) for each in seen.pythons if each.source != "environment"]


def _key(python: InstalledRuntime) -> tuple[str, str]:
    return (python.extension_id or "").lower(), python.python_path.lower()


def _is_made_here(python: InstalledRuntime) -> bool:
    return (python.extension_id or "").lower().startswith(official.MADE_HERE)


def _nothing(app: App, found: Found) -> NotFound:
    used = next((python for python in found.pythons if python.in_use), None)
    what = "no Python is installed there"
    if used is not None:
        of = "built into App Service" if used.source == "builtIn" else "a folder that no package installed"
        what = f"{used.name} ({used.python_path}), which it runs, is {of}, and no other is there"
    return NotFound(
        f"There is nothing to export of {app.site.label}: {what}.",
        f"Install one: `az webapp python install {app.site.arguments} --version latest`. Or export a version without "
        "an app: give --version, and leave --resource-group out.",
    )


def _configuration(found: Found) -> dict[str, bool]:
    """Return what the worker has to be like, as it is: bitness always, web sockets where HttpPlatform may need them."""
    if found.configuration is None:
        return {}
    values = {"use32BitWorkerProcess": found.configuration.use_32bit_worker}
    sockets = found.configuration.web_sockets
    if sockets is not None and (sockets or (found.handler is not None and found.handler.kind == "httpPlatform")):
        values["webSocketsEnabled"] = sockets
    if found.configuration.always_on:  # refused by plans of the tiers Free and Shared
        values["alwaysOn"] = True
    return values


def _settings(settings: Mapping[str, str] | None) -> tuple[dict[str, str] | None, list[str]]:
    """Return the app settings to write down, None where there is none, and the names of those that cannot be."""
    values: dict[str, str] = {}
    unsaid = []
    for name in sorted(settings or {}, key=lambda each: (each.upper(), each)):
        if name.upper() not in RELIED_ON:
            continue
        value = (settings or {})[name]
        if looks_secret(name, value) or masked(value) != value or not _is_text(value):
            unsaid.append(name)
        else:
            values[name] = value
    return (values if values or unsaid else None), unsaid


def _is_text(value: str) -> bool:
    """Return whether a value can be in a file: it has no half of a character, as of a broken UTF-16."""
    return not any("\ud800" <= each <= "\udfff" for each in value)


def _third_parties(packages: Sequence[SiteExtension]) -> list[Note]:
    ids = [package.id for package in packages if not official.is_microsofts(package.id)]
    return [Note(f"{each} is a package of a third party: its installer runs on your worker.") for each in ids]


def _by_command(pythons: Sequence[InstalledRuntime], for_slot: bool) -> list[Note]:
    """Return what installs the Pythons that no template can."""
    notes = []
    for python in pythons:
        if _is_made_here(python):
            text = f"{python.name} is python.org's own build, which no template can install. After the deployment:"
        elif python.extension_id is None:
            text = f"{python.name} in {python.python_path} came with no package, so this does not bring it."
            text += " The nearest thing:" if python.version else ""
        else:
            continue
        notes.append(Note(text, install_command(python.version, python.architecture, for_slot)))
    return notes


def install_command(version: str | None, architecture: str | None, for_slot: bool) -> str | None:
    """Return the command that installs a Python; None for a version that is not known."""
    if version is None:
        return None
    architecture_option = [("--arch", architecture)] if architecture else []
    return command("install", for_slot, [("--version", version), *architecture_option])


def _not_known(found: Found) -> list[Note]:
    notes = []
    if found.configuration is None:
        notes.append(Note("The worker's configuration could not be read, so this says nothing of it."))
    elif found.configuration.web_sockets is None or found.configuration.always_on is None:
        notes.append(Note("Whether web sockets and Always On are on is not known, so this does not say it."))
    if found.settings is None:
        notes.append(Note("The app settings could not be read, so this says nothing of them."))
    return notes


def _worker(found: Found, used: InstalledRuntime | None) -> list[Note]:
    if used is None or used.architecture != "x64" or found.configuration is None:
        return []
    if not found.configuration.use_32bit_worker:
        return []
    return [
        Note(
            "The worker of the exported app is 32-bit, and the Python that it runs is 64-bit: it needs "
            "use32BitWorkerProcess false."
        )
    ]


def _path_mappings(found: Found) -> list[Note]:
    configuration = found.configuration
    if configuration is None:
        return []
    mappings = [(each.virtual_path, each.physical_path) for each in configuration.applications]
    if all(virtual == "/" and physical.lower() == DEFAULT_ROOT for virtual, physical in mappings):
        return []
    shown = ", ".join(f"{virtual} is {physical}" for virtual, physical in sorted(mappings))
    return [Note(f"The app has path mappings, which this does not set, because it would replace all of them: {shown}.")]


def _unsaid(names: Sequence[str]) -> list[Note]:
    return [
        Note(f"The value of the app setting {name} looks like a secret, so it is left to the other app settings.")
        for name in names
    ]


def _web_config(found: Found, used: InstalledRuntime | None) -> list[Note]:
    """Return what makes IIS start the Python, with its packages: files, which no template writes."""
    if found.unreadable:
        return [Note("web.config cannot be read, so what it starts is not known.")]
    if found.handler is None:
        return [
            Note("web.config starts no Python yet. After the app's files are there, this writes it:", _switch(found))
        ]
    if used is None or used.version is None:
        return [Note("web.config starts a Python that is not known; copy the file, no command here writes it.")]
    if not _is_python(found.handler):
        return [Note("web.config starts a program that no command here writes; copy the file with the app's own.")]
    command_line, secret = found.handler.command_text or "", False
    if looks_secret("", command_line) or masked(command_line) != command_line or not _is_text(command_line):
        command_line, secret = "", True
    text = "web.config and packages are files. After the app's own files, with requirements.txt, are there:"
    if secret:
        text = f"What web.config starts looks as if it held a secret, so this leaves it out. {text}"
    return [Note(text, _switch(found, used, command_line))]


def _is_python(handler: PythonHandler) -> bool:
    """Return whether the handler starts python.exe itself, as set-version writes it, for every request."""
    program = ntpath.basename(handler.python_path.replace("/", "\\")).lower()
    return handler.part is None and (handler.kind == "fastCgi" or program == "python.exe")


def _switch(found: Found, used: InstalledRuntime | None = None, command_line: str = "") -> str:
    python = used or max(
        (each for each in found.pythons if each.is_runtime and each.version),
        key=lambda each: (bool(each.extension_id), _key(each)),
        default=None,
    )
    options = [("--version", python.version)] if python is not None and python.version else [("--version", "latest")]
    options += [("--arch", python.architecture)] if python is not None and python.architecture else []
    if found.handler is not None:
        options.append(("--handler", found.handler.kind.lower()))
        if command_line and found.handler.kind == "fastCgi":
            entry = entry_of_handler(command_line)
            options.append(("--app", entry.spec if entry is not None else command_line))
        elif command_line:
            options.append(("--startup-command", command_line))
    options += [("--packages-in", "environment")] if found.environment else []
    return command("set-version", found.for_slot, options)
