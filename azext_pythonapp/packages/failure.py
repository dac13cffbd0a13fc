"""Explain why pip failed, and what to do, where its own message does not say so."""

from __future__ import annotations

import ntpath
import re

from azext_pythonapp.packages.crash import explain_crash
from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.index_answers import status_kind
from azext_pythonapp.packages.no_version import explain_index
from azext_pythonapp.packages.pip_output import PipOutput, canonical, project
from azext_pythonapp.packages.uv_failure import explain_uv
from azext_pythonapp.packages.version_words import python_words

_MOST_NAMED = 5


_OTHER_PYTHON_COMMAND = "`az webapp python set-version --version {}`"


def explain(output: PipOutput, app: str = "the app", in_use: bool = True) -> Explanation | None:
    """Return why a failed pip run failed; None when its own message is all that is known.

    app: "app 'shop'". in_use: whether the app runs the Python that pip belongs to.
    """
    runs = f"{app} runs {output.python}" if in_use else f"these packages are for Python {output.python}"
    return (
        explain_uv(output, runs)
        or _general(output)
        or _files(output)
        or _other_python(output, runs)
        # Before builds: the tools that they need come from an index, too.
        or (explain_index(output) if output.answers.unreached and output.no_version is not None else None)
        or _one_package(output)
        or _failed_build(output)
        or _refused_file(output)
        or explain_index(output)
        or explain_crash(output)
        or _unexplained_conflict(output)
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
            "Use another version of the package whose name is in that path, or a wheel of it in place of its source "
            "(--only-binary).",
        )
    if output.too_deep:
        return Explanation(
            "pip found no versions that fit together before its limit (resolution too deep).",
            "Name versions for more of the packages, such as those of an environment that works (`pip freeze`), in the "
            "requirements or in a file for --constraint.",
        )
    if output.proxy is not None:
        return Explanation(
            f"pip cannot use the address of its proxy ({output.proxy}).",
            "Write it with http:// at its beginning, in --proxy or in the app setting HTTPS_PROXY: that is how the "
            "proxy itself is reached, whatever is fetched through it.",
        )
    return _version_control(output)


def _version_control(output: PipOutput) -> Explanation | None:
    if output.no_git is not None:
        return Explanation(
            f"The requirements name a {output.no_git} repository, and the worker has no {output.no_git}.",
            "Name a wheel, or the archive of a commit: `name @ https://host/owner/repository/archive/REF.zip`.",
        )
    failed = output.git_failure.groupdict() if output.git_failure is not None else None
    if failed and "third" in failed:
        return Explanation(
            "A repository in the requirements has no branch, tag or commit named "
            f"'{failed['name'] or failed['other'] or failed['third']}'.",
            "Correct the part behind the @ of its address.",
        )
    if failed and "url" in failed:
        return Explanation(
            f"git on the worker could not reach {_masked(failed['url'])}: {failed['why'].strip().rstrip('.')}.",
            "Check the address, and that the app can reach it (its network and firewall).",
        )
    if failed is not None:
        return Explanation(
            "git on the worker could not sign in to a repository by SSH: it has no key, or does not know the host.",
            "Use the https address; for a private repository put a token into an app setting and write "
            "`git+https://${TOKEN}@host/…` in the requirements file.",
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
    if output.no_local_file is not None:
        return Explanation(
            f"The requirements name a file that is not on the worker: {output.no_local_file}.",
            "Deploy it with the app, or name the package and its version.",
        )
    kind, _, said = (output.raised or "").partition(": ")
    if kind == "UnicodeDecodeError" and output.raised_in.endswith(("encoding.py", "req_file.py")):
        return Explanation(
            f"A requirements file is not text in UTF-8 ({said.rstrip('.')}).",
            "Save it as UTF-8; in Windows PowerShell `pip freeze | Out-File -Encoding ascii requirements.txt`.",
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
    if "\0" in text or "\\x00" in text:
        return Explanation(
            f"{where} is not text in UTF-8, but looks like UTF-16, which Windows PowerShell writes.",
            "Save it as UTF-8: `pip freeze | Out-File -Encoding ascii requirements.txt`.",
        )
    if re.match(r"\.{0,2}[\\/]|[A-Za-z]:[\\/]", text):
        return Explanation(
            f"{where} names a path that is not on the worker: '{text}'.",
            "Deploy it with the app, or name the package and its version.",
        )
    said = re.sub(r"\s*\(from line \d+ of [^)]*\)$", "", (line["why"] or "").strip())
    why = f" ({said})" if said else ""
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
    if output.http_error is not None:
        return _http_error(output, output.http_error["name"], output.http_error["url"])
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


def _http_error(output: PipOutput, status: str, url: str | None) -> Explanation:
    files = [each for each in output.answers.unreached if each.is_file]
    if files:
        sentence = files[-1].sentence
    elif url:
        sentence = f"{_masked(url)} could not be downloaded by the worker: it answers HTTP {status}."
    else:
        sentence = f"An address in the requirements answered with HTTP {status}."
    kind = status_kind(int(status))
    if kind in ("server", "busy"):
        return Explanation(sentence, "The server cannot send it at the moment: run the command again later.")
    return Explanation(
        sentence,
        "Check the address. A token in it may have expired or not be valid for it, and the server may block the app's "
        "network.",
    )


def _masked(url: str) -> str:
    """Return an address without the name and password of its user."""
    return re.sub(r"//[^/@]*@", "//****@", url.partition("#")[0])


def _refused_file(output: PipOutput) -> Explanation | None:
    """Explain a version that the index has, and whose file pip does not use."""
    name = project(output.no_version["requirement"]) if output.no_version is not None else None
    found = output.refused.get(canonical(name)) if name is not None else None
    if name is None or found is None:
        return None
    if found["why"] is not None:
        return Explanation(
            f"The index has {found['requirement']}, but this pip cannot read what it says about itself: "
            f"{found['why'].strip().rstrip('.')}.",
            f"Use another version of {name}, or an older pip: `az webapp python package install --packages "
            '"pip<24.1"`.',
        )
    return Explanation(
        f"pip does not use the file of {name} in the index: its name says {found['what']} {found['expected']}, and "
        f"the package itself {found['found']}.",
        f"Use another version of {name}.",
    )


def _unexplained_conflict(output: PipOutput) -> Explanation | None:
    """Explain a conflict of which pip does not list the causes."""
    if output.conflict.unexplained is None:
        return None
    return Explanation(
        f"No set of versions fits {output.conflict.unexplained}: what they need conflicts with each other.",
        "Use other versions of these packages, or leave their versions out: pip then looks for a set that fits.",
    )


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
        else output.build.consequence() or "building it from its source failed on the worker, which has no compiler"
    )
    first = "" if output.no_compiler else output.build.advice(name)
    return Explanation(
        f"{package} has no wheel for {output.tag}, and {consequence}.",
        f"{first}{'Or use' if first else 'Use'} a version of {name} that has a wheel for {output.tag} (--only-binary "
        f"{name} makes pip look for one), "
        "build the wheel on a Windows machine and pass its folder with --wheel-dir, or use a Python for which there "
        "are wheels.",
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
    which = (
        f"{'a package' if names[0] == 'unknown' else names[0]} ({', '.join(hashes[:2])})"
        if names and hashes
        else "a package"
    )
    return Explanation(
        f"The index has another file than that whose hash is in the requirements: {which}.",
        "Find out why. If the file can be trusted, generate the hashes again, with `pip-compile --generate-hashes`.",
    )
