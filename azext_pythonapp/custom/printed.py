"""Values as the commands print them, taken as options: whatever stands in an answer can be pasted behind an option."""

import re

_VERSION = re.compile(r"(?:python\s+)?(?P<version>\S+?)\??(?:\s+(?P<architecture>x64|x86))?", re.IGNORECASE)


def version_as_printed(version, architecture):
    """Return --version and --arch of a version that may be written as in messages: "3.11.9 x64", "Python 3.11.9 x64",
    "3.11.9?".

    Any other text is returned as it is. Raises InvalidInput when --arch contradicts it, and for an empty version, which
    is not the same as none.
    """
    from azext_pythonapp.errors import InvalidInput

    if version is not None and not version.strip():
        raise InvalidInput("--version is empty.", "Give a version, such as `--version 3.13`.")
    found = _VERSION.fullmatch(version.strip()) if version else None
    if found is None:
        return version, architecture
    own = found["architecture"].lower() if found["architecture"] else None
    if own and architecture and own != architecture:
        raise InvalidInput(f"--version {version} and --arch {architecture} contradict each other.", "Leave --arch out.")
    return found["version"], own or architecture


def id_as_printed(value, option, folder=""):
    """Return an id that may have the folder before it that `target` of a change has: `siteextensions/ID`, `jobs/ID`.

    Raises InvalidInput for an empty one, as of a variable of the shell without a value: it is not the default, which
    may be another job or change than the one that was meant.
    """
    from azext_pythonapp.errors import InvalidInput

    text = value.strip() if value else value
    if folder and text and text.lower().startswith(folder):
        text = text[len(folder) :]
    if text == "":
        raise InvalidInput(f"{option} is empty.", "Give an id, or leave the option out.")
    return text
