"""`package install` and `package uninstall`: change single packages of the Python that an app runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.app.home_space import require_room
from azext_pythonapp.operations.app.left_change import own_interrupted
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.python_in_use import Target, packages_in_use, target_in_use
from azext_pythonapp.operations.app.site_packages import InstalledMetadata, site_packages
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.change import (
    Rebuild,
    RunOptions,
    change_packages,
    nothing_to_change,
    planned_answer,
    show_plan,
)
from azext_pythonapp.operations.package.installer import AUTO, Part, tool_of, with_installer
from azext_pythonapp.operations.package.pip_plan import plan_pip
from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.packages import installed, pip, requirements
from azext_pythonapp.packages.package_plan import dependents
from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.plan import Change

INSTALL, UNINSTALL = "package install", "package uninstall"
FILE = "packages.txt"
MOST_NAMED = 5
# pip before 20.3 reads a file as the system's code page unless it says otherwise in its first line.
_HEAD = "# -*- coding: utf-8 -*-\n"


def requirement_lines(specs: Sequence[str]) -> RequirementFiles:
    """The specs as a requirements file for the job's folder.

    Raises InvalidInput for what is not one requirement: an option, a path on this machine, more than one line.
    """
    parsed: list[Requirement] = []
    for spec in specs:
        text = spec.strip()
        found = None if text.startswith("-") or text.endswith("\\") else requirements.parse(text, "--packages")
        if (
            found is None
            or len(found.requirements) != 1
            or len(text.splitlines()) != 1
            or not found.requirements[0].known
            and found.requirements[0].name is None
        ):
            raise InvalidInput(
                f"--packages holds {pip.masked(spec)!r}, which is not a single requirement.",
                'Give names with or without versions: `--packages flask "six>=1.16,<2"`.',
            )
        requirement = found.requirements[0]
        if requirement.source is not None and "://" not in requirement.source:
            raise InvalidInput(
                f"--packages holds {pip.masked(spec)!r}, a path, which cannot be used here.",
                "Install local wheels with `az webapp python install-requirements --wheel-dir`.",
            )
        parsed.append(requirement)
    content = (_HEAD + "".join(f"{spec.strip()}\n" for spec in specs)).encode("utf-8")
    return RequirementFiles(
        ", ".join(pip.masked(spec.strip()) for spec in specs),
        JobFile(FILE),
        JobFile(""),
        {FILE: content},
        parsed=tuple(parsed),
    )


def install_packages(
    app: App,
    files: RequirementFiles,
    options: PipOptions,
    run_options: RunOptions,
    dry_run: bool,
    rebuild: Rebuild,
    installer: str = AUTO,
) -> dict[str, Any]:
    """Install packages unless what is there satisfies every requirement. Returns the answer (docs/json-output.md).

    rebuild: does it for an app that runs an environment. installer: as in `with_installer`.

    With --upgrade only a requirement that names one version can be seen to be satisfied.
    """
    target = target_in_use(observe(app))
    _tell_ignored(app, target, files)
    require_room(app)
    run = plan_pip(app, target, files, options)
    if not run.planned and not contains(options.more, *REINSTALL):
        if target.letter is not None and own_interrupted(app) is not None:
            # With nothing to build: it looks at what was switched to.
            return rebuild(app, INSTALL, run_options, dry_run)
        why = f"{files.name} is installed already on {app.site.label}"
        return nothing_to_change(app, INSTALL, why, run_options.restart, dry_run)
    if target.letter is not None:
        return rebuild(app, INSTALL, run_options, dry_run, singles=files, options=options, installer=installer)
    run = with_installer(app, replace(run, record=None), installer, [Part(files, options)])
    if dry_run:
        return planned_answer(app, run)
    return change_packages(app, run, INSTALL, run_options, bring=tool_of(app, run, options, None))


def _tell_ignored(app: App, target: Target, files: RequirementFiles) -> None:
    """Say which specs pip is going to pass over, because their markers are false for the app's Python."""
    environment = TargetEnvironment(target.version, target.architecture)
    for requirement in files.parsed:
        if not requirement.applies(environment):
            app.progress.say(
                f"Ignoring {requirement.text}: its marker is false for Python {target.version} on "
                f"Windows, which {app.site.label} runs, so {requirement.name} is not for it."
            )


def package_names(specs: Sequence[str]) -> list[str]:
    """The canonical names, each once. Raises InvalidInput for what is no package's name, and for pip."""
    return list(dict.fromkeys(_name(spec) for spec in specs))


def uninstall_packages(
    app: App, names: Sequence[str], run_options: RunOptions, confirmed: bool, dry_run: bool, rebuild: Rebuild
) -> dict[str, Any]:
    """Remove those of the packages that are there. Returns the answer (docs/json-output.md).

    names: canonical. confirmed: whether the person need not be asked. rebuild: as for install_packages.
    """
    seen = observe(app, pythons=False)
    present = packages_in_use(seen)
    found = [name for name in names if name in present]
    absent = [name for name in names if name not in present]
    if not found and seen.environment is not None and own_interrupted(app) is not None:
        return rebuild(app, UNINSTALL, run_options, dry_run)  # as in install_packages
    if not found:
        are = "is" if len(names) == 1 else "are"
        reason = f"{_listed(names)} {are} not installed on {app.site.label}"
        return nothing_to_change(app, UNINSTALL, reason, run_options.restart, dry_run)
    for name in absent:
        app.progress.say(f"{name} is not installed.")
    target = target_in_use(seen)
    needed, warnings = ({}, []) if confirmed and not dry_run else _needed_by(app, target, found)
    planned = [
        Change(f"packages/{name}", "uninstall", present[name], None, note=_needed_note(needed.get(name, ())))
        for name in found
    ]
    run = PipRun(
        target,
        f"Uninstalling {', '.join(found)} from",
        pip.uninstall(JobFile(FILE)),
        planned,
        uploads={FILE: _lines(found)},
        asked={FILE: _lines(names)},
        present=present,
    )
    if dry_run and target.letter is None:
        return planned_answer(app, run, warnings)
    if not confirmed and not dry_run:
        show_plan(app, run, warnings, dry_run=False)
        app.progress.confirm(f"Uninstall {', '.join(found)} from Python {target.version} of {app.site.label}?")
    if target.letter is not None:
        return rebuild(app, UNINSTALL, run_options, dry_run, removed=found)
    return change_packages(app, run, UNINSTALL, run_options)


def _needed_by(app: App, target: Target, removed: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Look who needs the packages that are to go: (names by package, warnings for the plan)."""
    names = site_packages(app, target.place)
    metadata = InstalledMetadata(app, target.place, names)
    environment = TargetEnvironment(target.version, target.architecture)
    needed, unread = dependents(removed, installed.packages(names), environment, metadata.requires)
    warnings = [
        f"{_listed(users)} {'needs' if len(users) == 1 else 'need'} {name} and will not work without it."
        for name, users in sorted(needed.items())
    ]
    if unread:
        warnings.append(f"What {_listed(unread)} {'needs' if len(unread) == 1 else 'need'} could not be read.")
    return needed, warnings


def _needed_note(users: Sequence[str]) -> str | None:
    return f"needed by {_listed(users)}" if users else None


def _listed(names: Sequence[str]) -> str:
    """Return names in a sentence; of many the first ones."""
    shown = list(names[:MOST_NAMED]) if len(names) > MOST_NAMED + 1 else list(names)
    rest = [f"{len(names) - len(shown)} more"] if len(shown) < len(names) else []
    words = shown + rest
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _name(text: str) -> str:
    requirement = requirement_lines([text]).parsed[0]
    if requirement.name is None or requirement.source or requirement.specifier or requirement.extras:
        raise InvalidInput(
            f"--packages holds {pip.masked(text)!r}; only names can be uninstalled.",
            "Leave versions and extras out: `--packages flask`.",
        )
    name = canonicalize_name(requirement.name)
    if name == "pip":
        raise InvalidInput(
            "pip cannot be uninstalled: this command needs it.",
            "Uninstall the whole runtime with `az webapp python uninstall`.",
        )
    return name


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("ascii")
