"""The app's files, and who else uses them."""

from __future__ import annotations

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
    return warned(
        f"{place} is a virtual environment, and the Python that IIS starts does not look there. Leave it out when you "
        "deploy.",
        Fix(sight.python("doctor", "--check virtual-environment --fix"), deleting(folder), only_named=True),
    )


def _is_one(sight: Sight, folder: str) -> bool:
    return any(entry.name.lower() in _MARKS for entry in sight.entries(folder))


@check("deployment-script", "No deployment runs App Service's old script for Python")
def deployment_script(sight: Sight) -> Result:
    """A deployment from a repository makes an env with a built-in Python and replaces web.config."""
    names = {entry.name.lower() for entry in sight.entries(WWWROOT) if not entry.is_directory}
    proxy = next((name for name in names if name.endswith(_PROXY)), None)
    if sight.settings is not None and _BASIC in (sight.settings.get("SCM_SCRIPT_GENERATOR_ARGS") or ""):
        return passed("App setting SCM_SCRIPT_GENERATOR_ARGS lets deployments only copy files.")
    from_repository = any(entry.name.lower() == "repository" and entry.is_directory for entry in sight.entries("site"))
    if from_repository and "requirements.txt" in names and OPT_OUT not in names:
        left = f" {proxy} in wwwroot shows that it ran." if proxy else ""
        return warned(
            "The app is deployed from a repository with a requirements.txt and without .skipPythonDeployment, so the "
            f"next deployment runs the old script, which replaces web.config.{left}",
            Fix(sight.az("webapp config appsettings set", '--settings "SCM_SCRIPT_GENERATOR_ARGS=--basic"')),
        )
    if proxy:
        return passed(f"{proxy} of an earlier deployment lies in wwwroot, and no deployment would run its script.")
    return passed("The app is not deployed in a way that runs it.")


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
