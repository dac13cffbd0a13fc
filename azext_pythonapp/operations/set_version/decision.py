"""What `set-version` sees on an app, and what it decides before anything is changed."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.operations.app.health_check import HealthOptions
from azext_pythonapp.operations.app.observe import Observation, observe_all
from azext_pythonapp.operations.app.registration import find_registration
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_configs import handler_names_on_app
from azext_pythonapp.operations.app.site_packages import installed_packages
from azext_pythonapp.operations.app.wwwroot import FileState, Wwwroot
from azext_pythonapp.operations.environment.contents import Wanted
from azext_pythonapp.operations.environment.place import Place, place_of
from azext_pythonapp.operations.environment.standing import Standing, runtime_of, standing_of
from azext_pythonapp.operations.package.lock_files import own_files
from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.operations.runtime.choose import Choice, choose_runtime
from azext_pythonapp.operations.runtime.cpython import CPythonInstallation, installation_of
from azext_pythonapp.operations.runtime.site_extension import Installation
from azext_pythonapp.operations.runtime.unfinished import without_unfinished
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.operations.set_version.options import SetVersionRequest
from azext_pythonapp.operations.web_config.decide import PythonChoice, decide_handler, decide_start
from azext_pythonapp.operations.web_config.entry_point import StartTarget
from azext_pythonapp.packages.requirements import TargetEnvironment, required_packages
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import Letter
from azext_pythonapp.runtimes.identity import VersionSpec, identify_folder
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import HandlerIntent, PythonHandler, read_in_force
from azext_pythonapp.windows import same_path


@dataclass(frozen=True)
class Found:
    """What was found on the app.

    files: as they will be when the Python is started. web_config: the file as it was read. base: the bytes that its
    edit starts from, where those are other ones. current: what the file makes IIS run. start: the entry point that
    is to be served. requirements: the app's own; None when it has none, and when they are not to be installed.
    in_use: the Python of the app that `current` starts; None when it starts none of them. pythons: all that are on
    the app. standing: the environment that counts as the one in use; None where packages are in a runtime.
    """

    files: Wwwroot
    web_config: FileState
    current: PythonHandler | None
    start: StartTarget
    requirements: RequirementFiles | None
    in_use: InstalledRuntime | None
    pythons: Sequence[InstalledRuntime]
    base: bytes | None = None
    standing: Standing | None = None

    @property
    def started(self) -> Letter | None:
        """Return the environment that the app's web.config starts; None for none."""
        return self.standing.letter if self.standing is not None and self.standing.started else None

    @property
    def based_on(self) -> PythonHandler | None:
        """Return what a new handler has to respect: that of the base where it has one, else the app's own."""
        return (read_in_force(self.base) if self.base is not None else None) or self.current


@dataclass(frozen=True)
class Decision:
    """What the app is to run, as it was decided before the first step.

    installation: of the Python; None for one that is on the app. python: the one that is going to run, as it will be.
    intent: what web.config has to say. place: the environment that the app is to run; None for a runtime.
    """

    app: App
    request: SetVersionRequest
    found: Found
    installation: Installation | CPythonInstallation | None
    python: InstalledRuntime
    intent: HandlerIntent
    place: Place | None = None

    @property
    def before(self) -> InstalledRuntime | None:
        """Return the Python that web.config started; None when it started none, or one that is not on the app."""
        return self.found.in_use

    @property
    def running(self) -> bool:
        """Return whether the app ran when it was observed."""
        return not self.app.site.stopped

    @property
    def health(self) -> HealthOptions | None:
        """Return how the page is checked; None for not at all.

        Without a restart nothing new may be running yet; then only a page that the person names is checked. A switch to
        an environment takes no restart.
        """
        health = self.request.health
        return health if health and (self.request.restart or health.demanded or self.place is not None) else None

    @property
    def restarts(self) -> bool:
        """Return whether the app is restarted after the switch: IIS ends the processes of one that goes elsewhere.

        Those of an app whose packages were changed in place go on.
        """
        return self.request.restart and self.place is None

    @property
    def starts_registration_already(self) -> bool:
        """Return whether web.config names the Python's registration, so that IIS looks for no other when it changes."""
        current = self.found.current
        return (
            self.installation is None
            and current is not None
            and current.kind == "fastCgi"
            and same_path(current.python_path, self.python.python_path, self.app.kudu.home())
        )


def decide(
    app: App, request: SetVersionRequest, brought: Brought, asked: Wanted | None = None, seen: Observation | None = None
) -> Decision:
    """Observe the app and decide which Python it is to run, and how.

    brought: what is brought to it with the switch. asked: what the environment is to have; None for the app's own
    requirements. seen: the app, where it was observed with its files before.
    Raises what choosing the runtime, the entry point and the handler raises; nothing was changed then.
    """
    if seen is None:
        seen = observe_all(app)
    web_config, base = seen.web_config, brought.web_config
    named = read_in_force(base) if base is not None else None
    current = _in_force(app, seen, named)
    brought.require(current)
    files, respected = brought.files(app), named or current
    start = decide_start(files, request.handler, request.app, respected, lambda: known_settings(app), app.progress.say)
    standing = standing_of(seen)
    choice = _choice(app, request, seen, named if seen.problem else current, standing, asked is not None)
    installation = installation_of(app, choice, seen.pythons)
    runtime = choice.required if installation is None else installation.runtime
    requirements = _requirements(app, brought, runtime) if request.requirements else None
    found = Found(files, web_config, current, start, requirements, seen.current, seen.pythons, base, standing)
    if (request.packages_in or ("environment" if standing is not None else "runtime")) == "environment":
        wanted = asked if asked is not None else Wanted(requirements)
        return _in_environment(app, request, found, seen, choice, installation, wanted)
    if installation is None:
        python = choice.required
        return Decision(app, request, found, None, python, intent_for_installed(app, request, found, python))
    python, identity = installation.runtime, installation.offer.identity
    registration = Registration(identity.registered_path, identity.registered_arguments)
    intent = _intent(app, request, found, python, registration, _requirement_names(found, python))
    return Decision(app, request, found, installation, python, intent)


def _in_environment(
    app: App,
    request: SetVersionRequest,
    found: Found,
    seen: Observation,
    choice: Choice,
    installation: Installation | CPythonInstallation | None,
    wanted: Wanted,
) -> Decision:
    """Decide for an app whose packages are in an environment from now on. Raises what `place_of` raises."""
    base = choice.required if installation is None else installation.runtime
    place = place_of(app, seen, found.standing, base, installation is not None, wanted)
    registered = installation is not None or find_registration(app, base.extension_id, base.python_path) is not None
    used = (found.current is not None and found.current.kind == "fastCgi") or request.handler.handler == "fastcgi"
    names = chain(
        required_packages(found.requirements.parsed, None) if found.requirements is not None else (),
        installed_packages(app, seen.current.python_path) if seen.current is not None else (),
    )
    intent = _intent(app, request, found, place.python, place.pair if registered or used else None, names)
    return Decision(app, request, found, installation, place.python, intent, place)


def _in_force(app: App, seen: Observation, brought: PythonHandler | None) -> PythonHandler | None:
    """Return what the app's web.config makes IIS run; None for one that cannot be read and is replaced.

    brought: what the web.config starts that replaces it; None without one. Raises InvalidWebConfig where nothing else
    tells which Python the app is to run.
    """
    if seen.problem is not None and brought is not None:
        app.say_once(f"{seen.problem.message} The folder's own replaces it.")
        return None
    if seen.handler is not None and seen.trouble is not None:
        app.say_once(seen.trouble.message)
    return read_in_force(seen.web_config.content)


def _choice(
    app: App,
    request: SetVersionRequest,
    seen: Observation,
    current: PythonHandler | None,
    standing: Standing | None,
    quiet: bool,
) -> Choice:
    """Return the Python that is asked for: the named version, else the one in use, else that of `otherwise`.

    quiet: whether it goes without saying that the one in use stays.
    """
    version, architecture = request.version, request.architecture
    if version is None:
        used = runtime_of(seen, standing)
        if used is not None and used.answered and architecture in (None, used.architecture):
            if not quiet:
                app.progress.say(f"Python {used.version}, which {app.site.label} runs, stays.")
            return Choice(used, None)
        version, of = _version_in_use(used or seen.current, current)
        if version is None:
            version = request.otherwise or VersionSpec.parse("latest")
            which = f"Python {version}, as {request.otherwise_from} says" if request.otherwise_from else "the newest"
            app.progress.say(f"No Python is in use on {app.site.label}, so this takes {which}.")
        else:
            architecture = architecture or of
    pythons = without_unfinished(app, seen.pythons)
    return choose_runtime(app, pythons, version, architecture, prereleases=request.prereleases)


def _version_in_use(
    used: InstalledRuntime | None, current: PythonHandler | None
) -> tuple[VersionSpec | None, str | None]:
    """Return the version and architecture of a Python that web.config starts and that does not answer, or is gone."""
    named = identify_folder(ntpath.basename(ntpath.dirname(current.python_exe.strip('"')))) if current else None
    if used is not None and used.version:
        return VersionSpec.parse(used.version), used.architecture
    return (VersionSpec.parse(named.version), named.architecture) if named is not None else (None, None)


def intent_for_installed(app: App, request: SetVersionRequest, found: Found, python: InstalledRuntime) -> HandlerIntent:
    """Return what web.config has to say for a Python that is on the app; its registration is read there.

    Raises Refused when no handler can start it.
    """
    registration = find_registration(app, python.extension_id, python.python_path)
    return _intent(app, request, found, python, registration, _packages(app, found, python))


def _intent(
    app: App,
    request: SetVersionRequest,
    found: Found,
    python: InstalledRuntime,
    registration: Registration | None,
    packages: Iterator[str],
) -> HandlerIntent:
    intent = decide_handler(
        found.files,
        request.handler,
        found.based_on,
        found.start,
        PythonChoice(python.python_path, registration),
        packages=packages,
        other_names=lambda: handler_names_on_app(app),
        say=app.say_once,
    )
    current = found.current
    if found.base is None or current is None or read_in_force(found.base) is not None:
        return intent
    # The folder's web.config starts no Python: what the app's own says of it stays.
    return replace(intent, environment={**current.environment, **intent.environment})


def _requirements(app: App, brought: Brought, base: InstalledRuntime) -> RequirementFiles | None:
    """Return the app's own requirements, for the Python that it is to run. Raises InvalidInput for an unfit lock."""
    try:
        files = own_files(app, None, None, read=brought.read(app), coming=brought.paths)
        if not files.complete:
            return files
        return files.for_target(TargetEnvironment(str(base.version), str(base.architecture)), app.progress.say)
    except NotFound:
        return None
    except InvalidInput as error:
        error.extend([f"Nothing was changed on {app.site.label}."])
        error.recommendation = f"{error.recommendation or ''} `--no-requirements` goes on without it.".strip()
        raise


def _requirement_names(found: Found, python: InstalledRuntime) -> Iterator[str]:
    if found.requirements is not None:
        environment = TargetEnvironment(str(python.version), str(python.architecture))
        yield from required_packages(found.requirements.parsed, environment)


def _packages(app: App, found: Found, python: InstalledRuntime) -> Iterator[str]:
    yield from _requirement_names(found, python)
    yield from installed_packages(app, python.python_path)
