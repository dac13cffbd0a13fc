"""Tab completion for values that only Azure knows: quick, and silent when it cannot be."""

from azure.cli.core.decorators import Completer

SECONDS = 3.0


@Completer
def version_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Python versions for --version: of the app that the command line names, else of the public gallery."""
    versions = []
    for offer in _offers(cmd, namespace):
        line = ".".join(offer["version"].split(".")[:2])
        versions += [version for version in (line, offer["version"]) if version not in versions]
    return [version for version in versions if version.startswith(prefix or "")]


@Completer
def extension_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the packages that can be installed, for --extension-id; a third party's once its beginning is typed."""
    offers = _offers(cmd, namespace, True)
    trusted = _ids([offer for offer in offers if offer["trusted"]], prefix)
    return trusted or (_ids(offers, prefix) if prefix else [])


@Completer
def installed_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the site extensions that the app has, for --extension-id."""
    return _ids([offer for offer in _offers(cmd, namespace, True) if offer["installed"]], prefix)


def _ids(offers, prefix):
    wanted = (prefix or "").lower()
    return list(
        dict.fromkeys(offer["extensionId"] for offer in offers if offer["extensionId"].lower().startswith(wanted))
    )


def _offers(cmd, namespace, everybodys=False):
    """The rows of `list-versions`, with `--all` if asked for; [] when they do not come in time.

    They are asked for in a thread that nobody waits for.
    """
    from threading import Thread

    rows = []

    def ask():
        rows.extend(_ask(cmd, namespace, everybodys))

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return list(rows)


def _ask(cmd, namespace, everybodys):
    from knack.util import CLIError

    from azext_pythonapp.custom.runtime import list_available_versions
    from azext_pythonapp.errors import PythonAppError

    try:
        return list_available_versions(
            cmd,
            getattr(namespace, "resource_group_name", None),
            getattr(namespace, "webapp_name", None),
            getattr(namespace, "slot", None),
            all_versions=everybodys,
        )
    except (PythonAppError, CLIError, OSError):
        return []
