"""Which program installs packages, pip or uv: what the user asked for, and where uv would not be safe or the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.used_runtimes import names
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.requirement_files import WHEELS_PAGE, RequirementFiles
from azext_pythonapp.operations.package.uv_tool import bring
from azext_pythonapp.packages import uv
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.uv_differences import Reads, why_pip
from azext_pythonapp.packages.wheels import Wheel

AUTO, PIP, UV = INSTALLERS = ("auto", "pip", "uv")


def with_installer(app: App, run: PipRun, installer: str, files: RequirementFiles, options: PipOptions) -> PipRun:
    """Return the run with the installer that was asked for; where that is uv and pip is used, it is said why.

    installer: one of INSTALLERS; "auto" is pip, in a runtime. files, options: what the run was planned from.
    """
    if installer != UV:
        return run
    target = TargetEnvironment(run.target.version, run.target.architecture)
    reads = Reads(
        {path: content for path, content in {**files.uploads, **files.watched}.items() if path != WHEELS_PAGE},
        (*files.parsed, *files.limits),
        files.unseen,
    )
    reason = _in_use(app, run.target) or why_pip(options, reads, target)
    if reason is not None:
        app.progress.say(reason)
        return run
    wanted = [each.name for each in files.parsed if each.name is not None and each.applies(target)]
    arguments, variables = uv.install(files.main, options, tuple(dict.fromkeys(wanted)), reads.hashes)
    build = uv.BUILDS[run.target.architecture]
    planned = [change for change in run.planned if run.preparation is None or change.target != "packages/pip"]
    call = uv.UvInstall(build, arguments, variables, reads.own_index, fetched=not options.no_index)
    return replace(run, uv=call, planned=planned)


def tool_of(app: App, run: PipRun, options: PipOptions, wheel_dir: str | None) -> Callable[[Callable[[], None]], None]:
    """Return what sees to it that the app has the program of a run, given what is called before anything is written.

    wheel_dir: a local folder that may hold the wheel of uv; None for none.
    """
    call = run.uv
    if call is None:
        return lambda starting: None
    return lambda starting: bring(app, call.build, options, wheel_dir, starting)


def wheels_of(run: PipRun, files: RequirementFiles) -> tuple[Wheel, ...]:
    """Return the wheels to upload as packages: not that of uv, where only the installer needs it."""
    if run.uv is None or any(each.name == uv.PROJECT for each in files.parsed):
        return files.fitting
    return tuple(wheel for wheel in files.fitting if wheel.name != run.uv.build.wheel)


def _in_use(app: App, target: Target) -> str | None:
    """Return why uv must not touch a Python; None for one that the app does not run.

    uv removes the files of a package one by one, and a file that a process has loaded stops it half way
    (docs/platform/uv.md 2).
    """
    if not names(app, target.folder):
        return None
    return (
        f"pip is used instead of uv: {app.site.label} runs Python {target.version}, and uv breaks a package of which a "
        "running program holds a file."
    )
