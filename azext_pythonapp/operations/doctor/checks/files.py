"""The app's files, and who else uses them."""

from __future__ import annotations

import re

from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.app.deployment_warnings import ENVIRONMENTS, OPT_OUT
from azext_pythonapp.operations.app.home_space import PACKAGE_SETTINGS
from azext_pythonapp.operations.app.wwwroot import WWWROOT
from azext_pythonapp.operations.doctor.check import Fix, Result, check, passed, skipped, warned
from azext_pythonapp.operations.doctor.checks.site import larger_plan
from azext_pythonapp.operations.doctor.repair import deleting
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.windows import home_folder_of, join, same_path, started_path

# A run of pip with compiled packages can need so much.
LEAST_FREE = 200_000_000
_MARKS = ("pyvenv.cfg", "scripts")
_BASIC = "--basic"
_ARGUMENTS = "SCM_SCRIPT_GENERATOR_ARGS"
_OTHER_SCRIPT = re.compile(r"--(?:basic|node|php|ruby|go|functionapp|aspw\w+|aspnet\w+|dotnet\w+)\b", re.IGNORECASE)
_PROXY = "virtualenv_proxy.py"


@check("disk-space", "The home directory has room")
def disk_space(sight: Sight) -> Result:
    """What `dir` on the worker says of %HOME%'s quota."""
    free = sight.free_bytes[0]
    if free is None:
        return skipped("The worker did not say how much of %HOME% is free.")
    shown = f"{free / 1_000_000:,.0f} MB of %HOME% are free."
    if free >= LEAST_FREE:
        return passed(shown)
    return warned(f"{shown} Packages and logs need more; old files below LogFiles can go.", larger_plan(sight))


@check("run-from-package", "The app's files can be written")
def run_from_package(sight: Sight) -> Result:
    r"""While an app runs from a package, site\wwwroot is a read-only mount."""
    name = _setting(sight, *PACKAGE_SETTINGS)
    if name is not None:
        value = (sight.settings or {})[name].strip()
        if value == "1" or value.lower().startswith(("http://", "https://")):
            return warned(
                f"App setting {name} is set, so wwwroot is read-only: web.config changes only with a new package. "
                "Without the setting the app runs from files, which have to be published then.",
                Fix(sight.az("webapp config appsettings delete", f"--setting-names {name}")),
            )
    home, root = sight.free_bytes
    if home and root == 0:
        return warned("The worker says that wwwroot has no free bytes while %HOME% has, as a read-only package does.")
    if sight.settings is None:
        return skipped("Your role may not read the app settings.")
    return passed("No app setting lets the app run from a package.")


@check("local-cache", "The app sees the files that the SCM site sees")
def local_cache(sight: Sight) -> Result:
    """With a local cache, the app sees a copy that is made when it starts."""
    if sight.settings is None:
        return skipped("Your role may not read the app settings.")
    name = _setting(sight, "WEBSITE_LOCAL_CACHE_OPTION")
    if name is None or sight.settings[name].strip().lower() != "always":
        return passed("WEBSITE_LOCAL_CACHE_OPTION is not Always.")
    return warned(
        f"App setting {name} is Always: the app sees a copy of site and SiteExtensions, so a changed web.config takes "
        "effect only when the app restarts.",
        Fix(sight.az("webapp config appsettings delete", f"--setting-names {name}")),
    )


def _setting(sight: Sight, *names: str) -> str | None:
    """Return the name of the first of some settings that is there, as it is written."""
    return next((name for name in sight.settings or () if name.upper() in names), None)


@check("virtual-environment", "No virtual environment lies in wwwroot")
def virtual_environment(sight: Sight) -> Result:
    """One that was deployed with the app: App Service on Windows does not support them."""
    found = [
        entry.name
        for entry in sight.entries(sight.root)
        if entry.is_directory and entry.name.lower() in ENVIRONMENTS and _is_one(sight, f"{sight.root}/{entry.name}")
    ]
    if not found:
        return passed("There is none.")
    folder = f"{sight.root}/{found[0]}"
    handler = sight.handler
    place = join(sight.home, *folder.split("/"))
    used = handler is not None and any(
        started_path(path, sight.home).lower().startswith(f"{place.lower()}\\") for path in handler.python_paths
    )
    if used:
        return warned(
            f"web.config starts the Python of the virtual environment {place}, which App Service does not support.",
            Fix(sight.python("set-version", "--version latest")),
        )
    named = _named_by(sight, found[0])
    if named is not None:
        return warned(
            f"{named} names the virtual environment {place}, so the app may use the packages in it, and App Service "
            "does not support that. Install them into the Python itself before you take the path out."
        )
    if sight.settings is None:
        return warned(
            f"{place} is a virtual environment. Your role may not read the app settings, so whether one of them names "
            "it is not known."
        )
    return warned(
        f"{place} is a virtual environment, and the Python that IIS starts does not look there. Leave it out when you "
        "deploy.",
        Fix(sight.python("doctor", "--check virtual-environment --fix"), deleting(folder), only_named=True),
    )


def _named_by(sight: Sight, folder: str) -> str | None:
    """Return what names the packages or programs of a virtual environment; None for nothing that could be seen."""
    inside = re.compile(rf"(?<![\w.-]){re.escape(folder)}[\\/]+(?:lib|scripts)(?!\w)", re.IGNORECASE)
    handler = sight.handler
    if handler is not None and (inside.search(handler.arguments or "") or inside.search(handler.python_path)):
        return "The command line of web.config"
    for name, value in (handler.environment if handler is not None else {}).items():
        if inside.search(value):
            return f"{name} of web.config"
    return next((f"App setting {name}" for name, value in (sight.settings or {}).items() if inside.search(value)), None)


def _is_one(sight: Sight, folder: str) -> bool:
    return any(entry.name.lower() in _MARKS for entry in sight.entries(folder))


@check("deployment-script", "No deployment runs App Service's old script for Python")
def deployment_script(sight: Sight) -> Result:
    """A deployment from a repository makes an env with a built-in Python and replaces web.config."""
    names = {entry.name.lower() for entry in sight.entries(WWWROOT) if not entry.is_directory}
    proxy = next((name for name in names if name.endswith(_PROXY)), None)
    said = _chosen(sight)
    if said is not None:
        return passed(said)
    from_repository = any(entry.name.lower() == "repository" and entry.is_directory for entry in sight.entries("site"))
    if from_repository and "requirements.txt" in names and OPT_OUT not in names:
        own = re.search(rb"(?im)^\s*command\s*=\s*\S", sight.read("site/repository/.deployment") or b"")
        if own is not None:
            return passed("The repository's .deployment names a script of its own.")
        if sight.settings is None:
            return skipped("Your role may not read the app settings, which may say what a deployment runs.")
        left = f" {proxy} in wwwroot shows that it ran." if proxy else ""
        name = _setting(sight, _ARGUMENTS)
        if name is not None and sight.settings[name].strip():
            return warned(
                "The app is deployed from a repository with a requirements.txt and without .skipPythonDeployment, and "
                f"App setting {name} has options that do not keep the old script from replacing web.config.{left} Add "
                ".skipPythonDeployment to the repository."
            )
        return warned(
            "The app is deployed from a repository with a requirements.txt and without .skipPythonDeployment, so the "
            f"next deployment runs the old script, which replaces web.config.{left}",
            Fix(sight.az("webapp config appsettings set", '--settings "SCM_SCRIPT_GENERATOR_ARGS=--basic"')),
        )
    if proxy:
        return passed(f"{proxy} of an earlier deployment lies in wwwroot, and no deployment would run its script.")
    return passed("The app is not deployed in a way that runs it.")


def _chosen(sight: Sight) -> str | None:
    """Return what an app setting has deployments run in the old script's place; None for nothing."""
    settings = sight.settings or {}
    name = _setting(sight, _ARGUMENTS)
    if name is not None and _OTHER_SCRIPT.search(settings[name]):
        basic = _BASIC in settings[name]
        return f"App setting {name} lets deployments " + (
            "only copy files." if basic else "run the script of another stack."
        )
    name = _setting(sight, "SCM_DO_BUILD_DURING_DEPLOYMENT")
    if name is not None and settings[name].strip().lower() in ("false", "0") and _setting(sight, _ARGUMENTS) is None:
        return f"App setting {name} lets deployments only copy files."
    name = _setting(sight, "COMMAND")
    if name is not None and settings[name].strip():
        return f"App setting {name} names a script of its own for deployments."
    return None


@check("files-held", "No other process uses a runtime's files")
def files_held(sight: Sight) -> Result:
    """Pythons that still run although web.config starts another one: their files cannot be replaced or deleted."""
    try:
        records = sight.seen.records
    except PythonAppError:
        records = None
    if records is None:
        return skipped("Which jobs run is not known.")
    if records.jobs:
        return passed("A job runs, whose processes are expected.")
    current = sight.current
    others = [
        process
        for process in sight.processes
        if process.path
        and home_folder_of(process.path, sight.home) is not None
        and not (current is not None and same_path(process.path, current.python_path, sight.home))
    ]
    if not others:
        return passed(f"{len(sight.processes)} Python processes, all of them of the Python that web.config starts.")
    told = ", ".join(f"{process.path} (process {process.pid})" for process in others)
    return warned(
        f"{told} still runs, and holds the files of its runtime. A restart ends it.", Fix(sight.az("webapp restart"))
    )
