"""The Python that the app runs, and the others on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from azext_pythonapp import advice
from azext_pythonapp.operations.app.registration import SITE_TRANSFORM
from azext_pythonapp.operations.app.worker_fit import SHARED_TIERS
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned, without_python
from azext_pythonapp.operations.doctor.checks.site import known_tier
from azext_pythonapp.operations.doctor.configuration import changing
from azext_pythonapp.operations.doctor.repair import repairing
from azext_pythonapp.operations.doctor.sight import Sight, first_command
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.end_of_life import support, support_words
from azext_pythonapp.runtimes.official import MADE_HERE, is_microsofts
from azext_pythonapp.runtimes.registration import Registration, read_registrations, transform_path
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.windows import home_folder_of, same_path, started_path


@check("python-starts", "The Python that web.config starts runs")
def python_starts(sight: Sight) -> Result:
    """By asking it for its version."""
    trouble, current = sight.trouble, sight.current
    if trouble is None:
        if current is None:
            return passed("web.config starts no Python.")
        return passed(f"{current.python_path} answered: {current.name}.")
    if current is not None and current.unknown:
        return skipped(trouble.message)
    command = first_command(trouble.advice)
    fix = Fix(command) if command else None
    return failed(trouble.message, fix) if trouble.fatal else warned(trouble.message, fix)


@check("worker-bitness", "The worker process fits the Python")
def worker_bitness(sight: Sight) -> Result:
    """A 64-bit Python on a 32-bit worker process."""
    current = sight.current
    if current is None:
        return without_python(sight, "web.config starts no Python.")
    if current.architecture is None:
        return skipped(f"Whether {current.python_path} is 64-bit is not known.")
    if not sight.configuration.tells_worker:
        return skipped("Azure does not say whether the worker process is 32-bit.")
    wide = not sight.configuration.use_32bit_worker
    worker = f"The worker process is {'64' if wide else '32'}-bit"
    if current.architecture != "x64" or wide:
        return passed(f"{worker}, and Python is {current.architecture}.")
    evidence = f"{worker} (use32BitWorkerProcess), and {current.name} is 64-bit."
    tier = known_tier(sight)
    if tier in SHARED_TIERS:
        return warned(
            f"{evidence} A {tier} plan has 32-bit workers only.",
            Fix(sight.python("set-version", "--version 3 --arch x86")),
        )
    fix = Fix(
        sight.az("webapp config set", "--use-32bit-worker-process false"),
        changing("use32BitWorkerProcess", True, False) if tier else None,
    )
    return warned(evidence, fix)


@check("python-end-of-life", "The Python still gets fixes")
def python_end_of_life(sight: Sight) -> Result:
    """By the dates of python.org."""
    current = sight.current
    if current is None:
        return without_python(sight, "web.config starts no Python.")
    if current.version is None:
        return skipped(f"The version of {current.python_path} is not known.")
    found = support(current.version, date.today())
    words = f"Python {current.version}: {support_words(found.state, found.end_of_life)}."
    if found.state != "endOfLife":
        return passed(words)
    return warned(f"{words} Security holes stay open.", Fix(sight.python("set-version", "--version latest")))


@check("third-party-runtime", "The Python is Microsoft's or python.org's")
def third_party_runtime(sight: Sight) -> Result:
    """By the id of its site extension."""
    current = sight.current
    if current is None:
        return without_python(sight, "web.config starts no Python.")
    extension = current.extension_id
    if extension is None:
        return passed("web.config starts no Python of a site extension.")
    if is_microsofts(extension) or extension.lower().startswith(MADE_HERE):
        return passed(f"{extension} is trusted.")
    return warned(
        f"{extension} is a third party's: nobody but its author says what is in it.",
        Fix(sight.python("set-version", "--version latest")),
    )


@check("extension-without-folder", "Each site extension has its Python")
def extension_without_folder(sight: Sight) -> Result:
    """A site extension whose folder was deleted, or belongs to another extension by now."""
    lost = [python for python in sight.pythons if python.extension_id and not python.answered and not python.unknown]
    if not lost:
        return passed(f"{len([each for each in sight.pythons if each.extension_id])} site extensions with a Python.")
    first = lost[0]
    evidence = " ".join(python.problem or f"{python.python_path} did not answer." for python in lost)
    if first.in_use:
        command = first_command(sight.trouble.advice) if sight.trouble is not None else None
        return failed(evidence, Fix(command) if command else None)
    name = advice.quoted(first.extension_id or "")
    return warned(evidence, Fix(sight.python("uninstall", f"--extension-id {name} --yes")))


@check("folder-without-extension", "Each Python of a site extension still has it")
def folder_without_extension(sight: Sight) -> Result:
    """A runtime's folder that stayed when its site extension was removed: IIS does not know it any more."""
    left = [python for python in sight.pythons if _is_left(python)]
    if not left:
        return passed("No folder of a runtime is without its site extension.")
    first = left[0]
    named = f"--version {first.version}" + (f" --arch {first.architecture}" if first.architecture else "")
    paths = ", ".join(python.python_path for python in left)
    evidence = f"{paths}: the folder of a site extension that is not on the app, so it is not registered with IIS."
    words, more = ("install", "") if first.in_use else ("uninstall", " --yes")
    return warned(evidence, Fix(sight.python(words, f"{named}{more}")))


def _is_left(python: InstalledRuntime) -> bool:
    named = python.named
    return (
        python.source == "folder"
        and python.extension_id is None
        and python.version is not None
        and named is not None
        and named.architecture is not None
        and named.version.count(".") == 2
    )


@check("fastcgi-pair", "IIS knows the pair that web.config names")
def fastcgi_pair(sight: Sight) -> Result:
    """scriptProcessor against the FastCGI applications that the app's transforms of applicationHost.config add."""
    handler = sight.handler
    if handler is None or handler.kind != "fastCgi":
        return passed("web.config starts no Python with FastCGI.")
    if len(handler.python_paths) != 1 or handler.wfastcgi_path is None:
        return skipped(f"scriptProcessor '{handler.python_path}' names no pair that could be looked up.")
    pair = f"{handler.python_path}|{handler.wfastcgi_path}"
    if home_folder_of(started_path(handler.python_path, sight.home), sight.home) is None:
        return passed(f"{pair} is outside of the app, where the platform has its own Pythons.")
    if _private_extensions_off(sight):
        return failed(
            f"App setting WEBSITE_PRIVATE_EXTENSIONS is 0, so IIS reads no registration, and {pair} is none it knows.",
            Fix(sight.az("webapp config appsettings delete", "--setting-names WEBSITE_PRIVATE_EXTENSIONS")),
        )
    known = list(_registrations(sight))
    if any(_same(handler, each) for each in known) or _is_mapped(sight, pair):
        return passed(f"{pair} is registered.")
    same = [each for each in known if same_path(each.full_path, handler.python_path, sight.home)]
    if same:
        registered = f"{same[0].full_path}|{same[0].arguments}"
        fix = Fix(sight.python("web-config set"), repairing())
        return failed(f"web.config names {pair}, and registered is {registered}: IIS answers 500.0.", fix)
    current = sight.current
    fix = Fix(sight.python("web-config set", "--handler httpplatform"))
    if current is None or current.extension_id is None:
        return warned(f"No transform of the app registers {pair}; without one, IIS answers 500.0.", fix)
    return failed(f"{current.extension_id} does not register {pair}, nor does anything else: IIS answers 500.0.", fix)


def is_registered(sight: Sight, handler: PythonHandler) -> bool:
    """Return whether a transform of the app, or a handler mapping of the portal, registers what FastCGI is to start."""
    if any(_same(handler, each) for each in _registrations(sight)):
        return True
    return _is_mapped(sight, f"{handler.python_path}|{handler.wfastcgi_path or ''}")


def _is_mapped(sight: Sight, pair: str) -> bool:
    return pair.lower() in (each.lower() for each in sight.configuration.handler_mappings)


def _private_extensions_off(sight: Sight) -> bool:
    settings = sight.settings or {}
    found = (value for name, value in settings.items() if name.upper() == "WEBSITE_PRIVATE_EXTENSIONS")
    return next(found, "").strip() == "0"


def _registrations(sight: Sight) -> Iterator[Registration]:
    """Yield the FastCGI applications that the app's own transform and those of its site extensions add."""
    folders = sorted(sight.entries("SiteExtensions"), key=lambda entry: "python" not in entry.name.lower())
    places = [(SITE_TRANSFORM, "site")]
    places += [(transform_path(each.name), f"SiteExtensions\\{each.name}") for each in folders if each.is_directory]
    for path, folder in places:
        content = sight.read(path)
        for each in read_registrations(content) if content is not None else ():
            for home in dict.fromkeys((sight.home, r"D:\home")):
                yield Registration(*(_expanded(text, home, folder) for text in (each.full_path, each.arguments)))


def _expanded(text: str, home: str, folder: str) -> str:
    r"""Return a text of a transform with Azure's variables put in. home: %HOME%, which IIS may know as D:\home."""
    text = re.sub(r"%XDT_EXTENSIONPATH%", lambda _: f"{home}\\{folder}", text, flags=re.IGNORECASE)
    return re.sub(r"%HOME%", lambda _: home, text, flags=re.IGNORECASE)


def _same(handler: PythonHandler, registration: Registration) -> bool:
    """Return whether IIS takes two pairs for the same; it ignores case (docs/platform/site-extensions.md 2.1)."""
    written = (handler.python_path.lower(), (handler.wfastcgi_path or "").lower())
    return written == (registration.full_path.lower(), registration.arguments.lower())
