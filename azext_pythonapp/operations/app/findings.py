"""What can be wrong with an app, each fact in the same words wherever a command meets it.

A command that only looks puts `str(finding)` among its warnings or says it; one that cannot go on raises
`Refused(finding.message, finding.advice)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.jobs.state import LOST, Job
from azext_pythonapp.packages.missing_module import missing_module, package_of
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import Identity
from azext_pythonapp.runtimes.versions import VersionSpec

_NO_ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")

DEPLOYMENT_DELETES = (
    "A zip deployment deletes a web.config that is not in its archive; with the option --clean false it does not."
)


@dataclass(frozen=True)
class Finding:
    """One fact.

    message: what is so, in one or more sentences. advice: what to do, with complete commands; "" for nothing.
    fatal: whether the app certainly cannot start.
    """

    message: str
    advice: str = ""
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


def unreadable(site: Site, error: InvalidWebConfig) -> Finding:
    """web.config that cannot be read. error: why."""
    message = error.message
    if site.label not in message:
        message = message.replace("web.config", f"web.config of {site.label}", 1)
    return Finding(f"{message} So which Python it starts is not known.", error.recommendation or "")


def starts_no_python(site: Site, has_web_config: bool, changed_before: bool = False) -> Finding:
    """An app whose web.config has no handler for Python, or that has no web.config.

    changed_before: whether a command of this extension changed a web.config of the app before. Then a deployment may
    have deleted it (docs/platform/kudu.md 9.2).
    """
    message = (
        f"web.config of {site.label} has no handler that starts Python."
        if has_web_config
        else f"The {site.label} has no web.config, so IIS starts no Python."
    )
    if changed_before and not has_web_config:
        message = f"{message} {DEPLOYMENT_DELETES}"
    return Finding(message, f"Switch to one: `{_switch(site, '3')}`.")


def python_gone(site: Site, path: str, named: Identity | None, present: bool = False) -> Finding:
    """A python.exe that web.config starts and that is not there. named: what its folder's name says.

    present: whether that Python is on the app all the same, so that web.config misspells its path.
    """
    return Finding(
        f"web.config of {site.label} starts {path}, which is not there. The app cannot start.",
        _again(site, named, present),
        fatal=True,
    )


def base_gone(site: Site, letter: str, base: str, named: Identity | None) -> Finding:
    """An environment whose runtime was removed. base: python.exe of that. named: what its folder's name says."""
    install = f"Install it again: `az webapp python install {site.arguments}"
    version = VersionSpec.parse(named.version) if named is not None and named.architecture is not None else None
    again = (
        f"{install} --version {version} --arch {named.architecture}`. Or s"
        if named and version and version.is_exact
        else "S"
    )
    return Finding(
        f"web.config of {site.label} starts environment {letter}, whose runtime {base} is not there. The app cannot "
        "start.",
        f"{again}witch to another Python: `{_switch(site, '3')}`.",
        fatal=True,
    )


def python_broken(site: Site, path: str, named: Identity | None) -> Finding:
    """A python.exe that web.config starts and that is there, but ended without an answer, twice."""
    return Finding(
        f"web.config of {site.label} starts {path}, which does not run: it did not report its version. "
        "The app cannot start.",
        _again(site, named),
        fatal=True,
    )


def python_not_seen(site: Site, path: str) -> Finding:
    """A python.exe outside the home directory, which no request can look at, that did not answer."""
    return Finding(
        f"web.config of {site.label} starts {path}, which did not answer: it is not there, or does not run.",
        f"Switch to a Python of the app's own: `{_switch(site, '3')}`.",
    )


def python_silent(site: Site, python: InstalledRuntime) -> Finding:
    """A python.exe that web.config starts and that did not answer in time: nothing may be wrong with it."""
    return Finding(
        f"web.config of {site.label} starts {python.python_path}, which did not answer in time. Whether it runs is "
        "not known: the worker may be busy.",
        f"Ask again in a while: `az webapp python show {site.arguments}`.",
    )


def other_program(site: Site, path: str) -> Finding:
    """A program that web.config starts and that does not tell which Python it uses, such as a script."""
    return Finding(
        f"web.config of {site.label} starts {path}, so which Python the app runs cannot be told.",
        f"To start a Python directly: `{_switch(site, '3')}`.",
    )


def stopped(site: Site) -> Finding:
    """An app that is stopped."""
    return Finding(f"The {site.label} is stopped.", f"Start it: `az webapp start {site.arguments}`.")


def stopped_for_job(site: Site, job_id: str) -> Finding:
    """An app that was stopped for a job and not started again."""
    return Finding(
        f"The {site.label} was stopped for job {job_id} and not started again.",
        f"Start it: `az webapp python job wait {site.arguments} --job-id {job_id}`.",
    )


def job_running(site: Site, job: Job) -> Finding:
    """A job that runs now."""
    since = f" since {job.started_at}" if job.started_at else ""
    return Finding(
        f"Job {job.id} of {site.label}, {job.shown_title}, is running{since}.",
        f"Wait for it: `az webapp python job wait {site.arguments} --job-id {job.id}`.",
    )


def job_lost(site: Site, job: Job) -> Finding:
    """A job that holds a runtime and has not been heard of for too long."""
    assert job.state == LOST
    return Finding(
        f"Job {job.id} of {site.label}, {job.shown_title}, is lost: {job.error} What it had installed by then stays.",
        f"See its log: `az webapp python job log {site.arguments} --job-id {job.id}`.",
    )


def restart_pending(site: Site, job_id: str) -> Finding:
    """Packages that changed while the app was not restarted since."""
    return Finding(
        f"Packages of {site.label} were changed by job {job_id}, and the app was not restarted since: it may still "
        "run the ones before.",
        f"Restart it: `az webapp python job wait {site.arguments} --job-id {job_id}`.",
    )


def not_verified(site: Site, url: str, reason: str) -> Finding:
    """A page that was not fetched, or whose request never reached the app. reason: without a full stop."""
    return Finding(f"{url} of {site.label} was not verified: {reason.rstrip('.')}.")


def records_unknown(site: Site, why: str = "the worker did not answer in time.") -> Finding:
    """An app whose records did not arrive with the answer of the worker. why: a sentence."""
    return Finding(
        f"Which jobs run on {site.label}, whether a restart is pending, and what was changed last is not known: {why}",
        f"Ask again in a while: `az webapp python show {site.arguments}`.",
    )


def page_redirects(site: Site, url: str, status: int | None, elsewhere: str) -> Finding:
    """A page that sends its visitors to another host, such as a sign-in page."""
    return Finding(f"{url} of {site.label} answers {status} and leads to {elsewhere}; the app's own page was not seen.")


def page_bad(site: Site, url: str, status: int | None, reason: str, advice: str) -> Finding:
    """A page that is not good.

    status: None when nothing answered. reason: what the page and the server's log say, in sentences; "" for nothing.
    """
    answered = f"answers {status}" if status is not None else "does not answer"
    return Finding(f"{url} of {site.label} {answered}: {reason or 'no reason was given.'}", advice)


def script_gone(site: Site, url: str, status: int | None, script: str, version: str, own: bool) -> Finding:
    """A page that is not good while the script that IIS starts Python with under FastCGI is not there.

    script: the wfastcgi.py of web.config. version: of the Python that it is for. own: whether it is the one beside that
    Python, which only its installation writes; else `set-version` names that one.
    """
    advice = f"Write it again, with the script of that Python: `{_switch(site, version)}`."
    if own:
        uninstall = f"az webapp python uninstall {site.arguments} --version {version} --force"
        advice = f"Install that Python again: `{uninstall}`, then `{_switch(site, version)}`."
    return page_bad(site, url, status, f"web.config starts {script}, which is not there.", advice)


def what_to_correct(site: Site, text: str, entry_point: str | None) -> str:
    """Return what to do about a module that a traceback calls missing, or about an entry point that is not in its
    module; "" when it says neither.

    entry_point: of the app, to tell its own module from a package.
    """
    module = missing_module(text)
    if module is None:
        no_such = _NO_ATTRIBUTE.search(text)
        if no_such is None or entry_point is None:
            return ""
        named = re.split("[.:]", entry_point.removesuffix("()"))
        if f"{no_such['module']}.{no_such['name']}" != ".".join(named):
            return ""
        return (
            f"The entry point is {entry_point}, and module '{no_such['module']}' has no '{no_such['name']}'. Name the "
            f"one that it has: `az webapp python web-config set {site.arguments} --app MODULE:OBJECT`."
        )
    if entry_point is not None and module == re.split("[.:]", entry_point, maxsplit=1)[0]:
        return (
            f"The entry point is {entry_point}, and the app's files have no module '{module}': deploy it, or name "
            f"another entry point: `az webapp python web-config set {site.arguments} --app MODULE:OBJECT`."
        )
    package = package_of(module)
    return (
        f"If '{module}' is not a module of the app itself, install its package: "
        f"`az webapp python package install {site.arguments} --packages {package}`."
    )


def _switch(site: Site, version: str, architecture: str | None = None) -> str:
    arch = f" --arch {architecture}" if architecture else ""
    return f"az webapp python set-version {site.arguments} --version {version}{arch}"


def _again(site: Site, named: Identity | None, present: bool = False) -> str:
    """Advise to get the same Python again, where its name tells which that is; `set-version` installs packages, too.

    Only a full version surely comes back into the folder that web.config names, or is switched to.
    """
    other = f"witch to another Python: `{_switch(site, '3')}`."
    if named is None or named.architecture is None or not VersionSpec.parse(named.version).is_exact:
        return f"S{other}"
    again = (
        f"Python {named.version} {named.architecture} is on the app; to switch to it"
        if present
        else "Install it again, with the app's requirements"
    )
    return f"{again}: `{_switch(site, named.version, named.architecture)}`. Or s{other}"
