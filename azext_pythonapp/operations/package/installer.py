"""Which program installs packages, pip or uv: what the user asked for, and where uv would not be safe or the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.app.python_in_use import Target, runtime_of
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.app.used_runtimes import names
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.requirement_files import WHEELS_PAGE, RequirementFiles
from azext_pythonapp.operations.package.uv_tool import bring
from azext_pythonapp.packages import pip, pip_versions, uv
from azext_pythonapp.packages.cooldown import feature_of
from azext_pythonapp.packages.pip import Argument, JobFile, PipCommand, PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.uv_differences import Reads, why_pip
from azext_pythonapp.packages.wheels import Wheel
from azext_pythonapp.runtimes.versions import minor

AUTO, PIP = "auto", "pip"


@dataclass(frozen=True)
class Part:
    """What one of the calls of pip in a run installs. pages: of links to wheels, beside that of the options.

    settled: names of packages whose versions do not depend on what an index has by now.
    """

    files: RequirementFiles
    options: PipOptions
    pages: tuple[JobFile, ...] = ()
    settled: Collection[str] = ()

    @property
    def reads(self) -> Reads:
        """Return all that the call reads."""
        files = self.files
        return Reads(
            {path: content for path, content in {**files.uploads, **files.watched}.items() if path != WHEELS_PAGE},
            (*files.parsed, *files.limits),
            files.unseen,
        )

    def for_pip(self) -> PipCommand:
        """Return the call of pip."""
        call = pip.install(self.files.main, self.options)
        name, *rest = call.arguments
        links = [word for page in self.pages for word in ("--find-links", page)]
        return replace(call, arguments=(name, *links, *rest))

    def for_uv(self, target: TargetEnvironment) -> tuple[tuple[Argument, ...], dict[str, str]]:
        """Return the call of uv that means the same: its arguments, and variables of pip."""
        named = [each.name for each in self.files.parsed if each.name is not None and each.applies(target)]
        wanted = tuple(dict.fromkeys(named))
        fresh = tuple(name for name in wanted if name not in self.settled)
        return uv.install(self.files.main, self.options, wanted, self.reads.hashes, self.pages, fresh)

    def with_kept(self, kept: Part, target: TargetEnvironment) -> tuple[Argument, ...] | None:
        """Return one call of uv that installs this and packages that stay; None where it could mean something else.

        With both in one call uv looks for versions that fit what stays, while pip takes the newest of what is asked for
        and changes what stays where it has to. That is the same where what is asked for has a version each.
        """
        options = self.options
        named = [each for each in self.files.parsed if each.applies(target) and each.name not in self.settled]
        if not all(each.pinned for each in named) or self.files.unseen or kept.pages or self.pages:
            return None
        if options.upgrade or options.no_index or options.no_deps or options.require_hashes or self.reads.hashes:
            return None
        if options.uploaded_prior_to:
            return None
        arguments, _ = uv.install(self.files.main, options)
        return (*arguments, "-r", kept.files.main)


def parts_of(files: RequirementFiles, options: PipOptions, settled: Collection[str] = ()) -> list[Part]:
    """Return the calls that install requirements, in their order. settled: as in Part."""
    return [Part(each, own, settled=settled) for each, own in files.parts(options)]


def with_installer(app: App, run: PipRun, installer: str, parts: Sequence[Part], kept: bool = False) -> PipRun:
    """Return the run with the installer that was asked for; where that is uv and pip is used, it is said why.

    installer: "pip", "uv" or "auto", which is pip in a runtime, and in an environment uv, with pip where that fails.
    parts: what the calls of the run install, in their order. kept: whether these are just packages that stay, and then
    all that the app requires. Raises Refused where pip is used and does not know --uploaded-prior-to.
    """
    run = _with_installer(app, run, installer, parts, kept)
    times = [part.options.uploaded_prior_to for part in parts if part.options.uploaded_prior_to]
    if not times or (run.uv is not None and not run.uv.or_pip):
        return run
    try:
        _require_cooldown(app, run.target, times[0])
    except Refused:
        if run.uv is None:
            raise
        return replace(run, uv=replace(run.uv, or_pip=False))
    return run


def _require_cooldown(app: App, target: Target, time: str) -> None:
    """Raise Refused where the pip of a Python does not know --uploaded-prior-to: a newer one would come unasked."""
    feature, own = feature_of(time), present_packages(app, runtime_of(target).place).get("pip")
    if not pip_versions.missing([feature], own):
        return
    needed, last = pip_versions.INTRODUCED[feature], pip_versions.LAST_PIP.get(minor(target.version))
    label = f"Python {target.version} on {app.site.label}"
    if pip_versions.missing([feature], last):
        raise Refused(
            f"{feature} needs pip {needed}, and the last pip for {label} is {last}. Nothing was changed.",
            "Omit the option, or use a newer Python: `az webapp python set-version`.",
        )
    raise Refused(
        f"{feature} needs pip {needed}, and pip of {label} is {own}. Nothing was changed.",
        f"Upgrade pip first: `az webapp python package install {app.site.arguments} --packages pip --upgrade`.",
    )


def _with_installer(app: App, run: PipRun, installer: str, parts: Sequence[Part], kept: bool) -> PipRun:
    if installer == PIP or not parts or installer == AUTO and run.target.letter is None:
        return run
    target = TargetEnvironment(run.target.version, run.target.architecture)
    reasons = (why_pip(part.options, part.reads, target) for part in parts)
    reason = _in_use(app, run.target) or next(filter(None, reasons), None)
    if reason is not None:
        app.progress.say(reason)
        return run
    calls = [part.for_uv(target) for part in parts]
    build = uv.BUILDS[run.target.architecture]
    planned = [change for change in run.planned if run.preparation is None or change.target != "packages/pip"]
    call = uv.UvInstall(
        build,
        tuple(arguments for arguments, _ in calls),
        parts[1].with_kept(parts[0], target) if kept else None,
        {name: value for _, variables in calls for name, value in variables.items()},
        any(part.reads.own_index for part in parts),
        fetched=not any(part.options.no_index for part in parts),
        or_pip=installer == AUTO,
    )
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
    """Return why uv must not touch a Python; None for one that the app does not run, as an environment that is built.

    uv removes the files of a package one by one, and a file that a process has loaded stops it half way
    (docs/platform/uv.md 2).
    """
    if target.letter is not None or not names(app, target.folder):
        return None
    return (
        f"pip is used instead of uv: {app.site.label} runs Python {target.version}, and uv breaks a package of which a "
        "running program holds a file."
    )
