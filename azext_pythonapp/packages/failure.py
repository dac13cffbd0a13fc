"""Explain why pip failed, and what to do, where its own message does not say so."""

from __future__ import annotations

import ntpath
import re

from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.index_answers import reading_failure
from azext_pythonapp.packages.no_version import explain_index
from azext_pythonapp.packages.pip_output import PipOutput, canonical
from azext_pythonapp.packages.version_words import python_words

_MOST_NAMED = 5


_OTHER_PYTHON_COMMAND = "`az webapp python set-version --version {}`"


def explain(output: PipOutput, app: str = "the app", in_use: bool = True) -> Explanation | None:
    """Return why a failed pip run failed; None when its own message is all that is known.

    app: "app 'shop'". in_use: whether the app runs the Python that pip belongs to.
    """
    runs = f"{app} runs {output.python}" if in_use else f"these packages are for Python {output.python}"
    return (
        _general(output)
        or _files(output)
        or _other_python(output, runs)
        # Before builds: the tools that they need come from an index, too.
        or (explain_index(output) if output.answers.unreached and output.no_version is not None else None)
        or _one_package(output)
        or _failed_build(output)
        or explain_index(output)
        or _crash(output)
    )


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
    if output.conflict.found:
        return _conflict(output)
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
    if output.too_deep:
        return Explanation(
            "pip found no versions that fit together before its limit (resolution too deep).",
            "Name versions for more of the packages, such as those of an environment that works (`pip freeze`), in the "
            "requirements or in a file for --constraint.",
        )
    return _version_control(output)


def _version_control(output: PipOutput) -> Explanation | None:
    if output.no_git is not None:
        return Explanation(
            f"The requirements name a {output.no_git} repository, and the worker has no {output.no_git}.",
            "Name a wheel, or the archive of a commit: `name @ https://host/owner/repository/archive/REF.zip`.",
        )
    if output.git:
        return Explanation(
            "git on the worker could not clone a repository; it cannot prompt for a password.",
            "Check its address. For a private repository put a token into an app setting and write "
            "`git+https://${TOKEN}@host/…` in the requirements file.",
        )
    return None


def _files(output: PipOutput) -> Explanation | None:
    """Explain a line of a requirements file that pip cannot read, and a file that is not there."""
    if output.no_file is not None:
        return Explanation(
            f"The requirements file {output.no_file} is not there.",
            "Correct the line -r or -c that names it, or deploy it with the app.",
        )
    line, place = output.bad_line, output.place
    where = f"Line {place['line']} of {ntpath.basename(place['file'])}" if place else "A line of the requirements"
    if output.bad_option is not None:
        option = output.bad_option["why"].strip()
        told = f"{where} has an option that this pip does not accept" if line or place else "pip refuses an option"
        return Explanation(
            f"{told}: {line['text'].strip()} ({option})." if line else f"{told}: {option}.",
            "Correct it, in the requirements or in --pip-args; some options only exist in other versions of pip.",
        )
    if line is None:
        return None
    text = line["text"].strip()
    if re.match(r"\.{0,2}[\\/]|[A-Za-z]:[\\/]", text):
        return Explanation(
            f"{where} names a path that is not on the worker: '{text}'.",
            "Deploy it with the app, or name the package and its version.",
        )
    why = f" ({line['why'].strip()})" if line["why"] else ""
    return Explanation(
        f"{where} is not a requirement that this pip can read: '{text}'{why}.",
        "Correct that line; one looks like `flask>=3,<4`.",
    )


def _other_python(output: PipOutput, runs: str) -> Explanation | None:
    """Explain a version that is there for other Pythons only."""
    found = output.needs_other_python()
    if found is None:
        return None
    name, version, required = found
    least = re.search(r">=\s*(\d+\.\d+)", required)
    switch = f": {_OTHER_PYTHON_COMMAND.format(least[1])}" if least else ""
    older = output.versions[-1] if output.versions else None
    fits = (
        f"Ask for a version for Python {output.python}; the newest in the index is {name} {older}. Or use"
        if older
        else "Use"
    )
    return Explanation(
        f"{name} {version}".rstrip() + f" needs Python {python_words(required)}; {runs}.",
        f"{fits} such a Python{switch}.",
    )


def _one_package(output: PipOutput) -> Explanation | None:
    """Explain a package that pip names: it could not be downloaded or replaced, or is for another platform."""
    if output.http_status is not None:
        files = [each for each in output.answers.unreached if each.is_file]
        return Explanation(
            files[-1].sentence if files else f"An address in the requirements answered with HTTP {output.http_status}.",
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
    if output.no_setuptools and (name or output.last_source):
        package = output.with_version(name or output.last_source or "")
        return Explanation(
            f"{package} is only there as source, and this Python has no setuptools to build it with.",
            f"Install them first: `az webapp python package install --packages setuptools wheel`. Or use a version of "
            f"{name or output.last_source} that has a wheel.",
        )
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
    asked = f"; its build needs {output.compiler}" if output.compiler else ""
    consequence = (
        f"the worker has no compiler{asked}"
        if output.no_compiler
        else "building it from its source failed on the worker, which has no compiler"
    )
    return Explanation(
        f"{package} has no wheel for {output.tag}, and {consequence}.",
        f"Use a version of {name} that has a wheel for {output.tag} (--only-binary {name} makes pip look for one), "
        "build the wheel on a Windows machine and pass its folder with --wheel-dir, or use a Python for which there "
        "are wheels.",
    )


def _crash(output: PipOutput) -> Explanation | None:
    """Explain an exception that ended pip itself."""
    broken = reading_failure(output.raised)
    if broken is not None:
        return Explanation(broken.sentence, f"Run the command again. {broken.advice}")
    if output.no_pip:
        return Explanation("This Python has no pip.", "Install the runtime again: `az webapp python install`.")
    if output.raised is None:
        return None
    if output.raised.startswith("MemoryError"):
        return Explanation(
            "pip ran out of memory on the worker.", "Stop the app meanwhile (--stop-app always), or use a larger plan."
        )
    return Explanation(
        f"pip itself ended with an exception: {output.raised.rstrip('.')}.",
        "Run the command again. If that does not help, use another version of pip: `az webapp python package install "
        "--upgrade --packages pip`.",
    )


def _conflict(output: PipOutput) -> Explanation:
    causes = output.conflict.opponents()
    sentence = output.conflict.sentence()
    if sentence is None:
        return Explanation(
            "These requirements conflict with each other.",
            "Use other versions of the packages that pip names, or do not pin their versions.",
        )
    mine = [each for each in causes if each.who is None]
    needed = next((each.text for each in causes if each.who is not None), None)
    if mine and needed is not None:
        return Explanation(
            f"{sentence}.",
            f"Ask for {needed}, or leave the version of {mine[0].name} out: pip then chooses one that fits.",
        )
    return Explanation(
        f"{sentence}.",
        "Use other versions of these packages, or leave their versions out: pip then looks for a set that fits.",
    )


def _hashes(output: PipOutput) -> Explanation:
    rows = [re.sub(r" from (?:file|https?)://\S+", "", row) for row in output.hashed]
    names = [row.split(" ")[0] for row in rows if not re.match(r"(?:Expected|Got|or) ", row)]
    if output.hashes_missing:
        named = f": {', '.join(names[:_MOST_NAMED])}" if names else ""
        return Explanation(
            f"The requirements have hashes, and these packages have none, or no exact version{named}.",
            "A file made on another system does not have the packages that only Windows needs. Generate it for Windows "
            f"and Python {output.python}, with `uv pip compile --universal --generate-hashes` or with pip-compile on "
            "Windows; or delete all hashes.",
        )
    hashes = [
        re.sub(r"^(\w+) +", lambda kind: kind[1].lower() + " ", row) for row in rows if re.match(r"Expected|Got", row)
    ]
    which = f"{names[0]} ({', '.join(hashes[:2])})" if names and hashes else "a package"
    return Explanation(
        f"The index has another file than that whose hash is in the requirements: {which}.",
        "Find out why. If the file can be trusted, generate the hashes again, with `pip-compile --generate-hashes`.",
    )
