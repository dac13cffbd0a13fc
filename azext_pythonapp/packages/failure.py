"""Explain why pip failed, and what to do, where its own message does not say so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.packages.pip_output import PipOutput, canonical

# Packages that `pip freeze` lists on Debian or Ubuntu and no index has.
_DEBIAN_PACKAGES = (
    "pkg-resources",
    "apturl",
    "command-not-found",
    "language-selector",
    "python-apt",
    "screen-resolution-extra",
    "ubuntu-advantage-tools",
    "ubuntu-drivers-common",
    "ubuntu-pro-client",
    "ufw",
    "unattended-upgrades",
    "usb-creator",
)
# Python itself, as conda and poetry write it, and modules of its library that people list in requirements files.
_STANDARD_LIBRARY = (
    "python",
    "base64",
    "collections",
    "csv",
    "ctypes",
    "datetime",
    "hashlib",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pickle",
    "random",
    "re",
    "shutil",
    "smtplib",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "tkinter",
    "traceback",
    "unittest",
    "urllib",
    "zipfile",
    "zlib",
)
_DEBIAN_VERSION = re.compile(r"\+(?:ubuntu|debian|deb\d)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Explanation:
    """reason: one sentence. advice: what to do about it."""

    reason: str
    advice: str


def explain(output: PipOutput) -> Explanation | None:
    """Return why a failed pip run failed; None when its own message is all that is known."""
    return _general(output) or _one_package(output) or _failed_build(output) or _index(output)


def _general(output: PipOutput) -> Explanation | None:
    """Explain a failure that does not depend on one package."""
    if output.disk_full:
        return Explanation(
            "A disk is full: the app's own, or the worker's for temporary files.",
            "Delete files from the app's home directory, or use a larger plan. To see what is used, run "
            "`az webapp python show`, or look at the app's File system storage in the portal.",
        )
    if output.hashes_missing is not None:
        return _hashes(output)
    if output.conflict:
        return Explanation(
            "These requirements conflict with each other.",
            "Use other versions of the packages that pip names, or do not pin their versions.",
        )
    if output.circular:
        return Explanation(
            "The requirements files include each other in a loop.",
            "Remove one of the lines -r or -c by which a file includes itself.",
        )
    if output.long_path:
        return Explanation(
            "The path of a file is longer than the 260 characters that Windows allows.",
            "Use another version of the package whose name is in that path, or a wheel of it instead of its source "
            "(--only-binary).",
        )
    if output.git:
        return Explanation(
            "git on the worker could not clone a repository; it cannot prompt for a password.",
            "Check its address. For a private repository put a token into an app setting and write "
            "`git+https://${TOKEN}@host/…` in the requirements file.",
        )
    return None


def _one_package(output: PipOutput) -> Explanation | None:
    """Explain a package that pip names: it could not be downloaded or replaced, or is for another platform."""
    if output.http_status is not None:
        return Explanation(
            f"An address in the requirements answered with HTTP {output.http_status}.",
            "Check the address. A token in it may have expired or not be valid for it, and the server may block the "
            "app's network.",
        )
    if output.not_uninstallable is not None:
        return Explanation(
            f"pip cannot replace {output.not_uninstallable}: it does not know which files belong to it.",
            "Install the new version over it: `az webapp python package install --packages "
            f'{output.not_uninstallable} --pip-args="--ignore-installed"`, or keep the installed version.',
        )
    if output.wrong_wheel is not None:
        return Explanation(
            f"{output.wrong_wheel} is not for {output.tag}, according to its file name.",
            f"Use the address of the wheel for {output.tag}, or the package's name and version. Add a marker to a "
            'line that is for another system or Python: `; sys_platform != "win32"`.',
        )
    return None


def _failed_build(output: PipOutput) -> Explanation | None:
    """Explain a package that could not be built from its source."""
    name = output.build_failed or (output.last_source if output.no_compiler or output.building else None)
    if name is None:
        return None
    if output.unix_only:
        version = output.sources.get(canonical(name))
        pinned = f"{name}=={version}" if version else name
        return Explanation(
            f"{name} does not work on Windows, according to its own installation.",
            f"Delete the line of {name} from the requirements, or limit it to other systems: "
            f'`{pinned}; sys_platform != "win32"`.',
        )
    package = output.with_version(name)
    if not output.no_compiler and output.replaced_by:
        return Explanation(
            f"{package} is deprecated: its installation names the package that replaces it.",
            f"Write {output.replaced_by} in place of {name} in the requirements. Where another package requires "
            f"{name}, use a newer version of that one.",
        )
    if not output.no_compiler and output.too_old:
        return Explanation(
            f"{package} has no wheel for {output.tag}, and its source does not support Python {output.python} "
            "or its setuptools.",
            f"Use a newer version of {name}, or the Python that it was made for: `az webapp python set-version`.",
        )
    consequence = (
        "the worker has no compiler"
        if output.no_compiler
        else "building it from its source failed on the worker, which has no compiler"
    )
    return Explanation(
        f"{package} has no wheel for {output.tag}, and {consequence}.",
        f"Use a version of {name} that has a wheel for {output.tag} (--only-binary {name} makes pip look for one), "
        "build the wheel on a Windows machine and pass its folder with --wheel-dir, or use a Python for which there "
        "are wheels.",
    )


def _index(output: PipOutput) -> Explanation | None:
    """Explain an index that could not be used, or that does not have a requirement."""
    if output.index_error is not None and (output.no_version is None or output.versions == ""):
        return Explanation(
            f"An index could not be used: {output.index_error.rstrip('.')}.",
            "Check its address and credentials, and that the app can reach it (its network, firewall and private "
            'DNS). For an index with its own certificate: `--pip-args="--cert FILE"`; for one without TLS: '
            '`--pip-args="--trusted-host HOST"`.',
        )
    return _no_version(output, output.no_version["requirement"]) if output.no_version is not None else None


def _hashes(output: PipOutput) -> Explanation:
    if output.hashes_missing:
        return Explanation(
            "In a file with hashes every package needs one; a file made on another system does not have those of "
            "packages that only Windows needs.",
            f"Generate the file for Windows and Python {output.python}, with `uv pip compile --universal "
            "--generate-hashes` or with pip-compile on Windows; or delete all hashes.",
        )
    return Explanation(
        "The index has other files than those whose hashes are in the requirements.",
        "Find out why. If the files can be trusted, generate the hashes again, with `pip-compile --generate-hashes`.",
    )


def _no_version(output: PipOutput, requirement: str) -> Explanation:
    found = _NAME.match(requirement)
    name = found[0] if found else requirement
    if canonical(name) in _DEBIAN_PACKAGES and not output.versions or _DEBIAN_VERSION.search(requirement):
        return Explanation(
            f"No index has this {name}: it is a package of Debian or Ubuntu itself, which `pip freeze` lists there.",
            f"Delete the line of {name} from the requirements.",
        )
    if canonical(name) in _STANDARD_LIBRARY and not output.versions:
        return Explanation(
            f"{name} is not a package in an index: it is Python, or part of it.",
            f"Delete the line of {name} from the requirements; the app's Python is selected with "
            "`az webapp python set-version --version`.",
        )
    python = f"Python {output.python} ({output.tag})"
    other = output.other_python
    more = f" {other['version']} needs Python {other['python'].strip()}." if other else ""
    if output.versions is None:
        return Explanation(
            f"The index has nothing for {python} that satisfies {requirement}." + more,
            f"Check the spelling, the version and the index; {name} may have no wheel for {output.tag}, or not "
            f"support Python {output.python}.",
        )
    if not output.versions:
        return Explanation(
            f"The index has no package named {name} for {python}." + more,
            f"Check the spelling and the index; if {name} exists, it has no wheel for {output.tag} or does not "
            f"support Python {output.python}.",
        )
    return Explanation(
        f"For {python} the index only has these versions of {name}: {_shortened(output.versions)}." + more,
        f"Use one of them, or a Python that the requested version of {name} supports.",
    )


def _shortened(versions: str) -> str:
    """Return a list of versions, oldest first; of a long one only the newest."""
    found = [version.strip() for version in versions.split(",")]
    return ", ".join(found) if len(found) <= 8 else "… " + ", ".join(found[-8:])
