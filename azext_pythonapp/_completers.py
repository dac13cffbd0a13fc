"""Tab completion for values that only Azure knows: quick, silent when it cannot be, and it changes nothing."""

from azure.cli.core.decorators import Completer

SECONDS = 3.0
# How many ids of changes are offered.
NEWEST = 20


@Completer
def version_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Python versions for --version: of the app that the command line names, else of the public gallery."""
    return _versions([offer["version"] for offer in _offers(cmd, namespace)], prefix)


@Completer
def installed_version_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Versions of the Pythons that the app has, by the names of its site extensions and folders."""
    return _versions(_of_app(cmd, namespace, _installed), prefix)


@Completer
def extension_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the packages that can be installed, for --extension-id; a third party's once its beginning is typed."""
    offers = _offers(cmd, namespace, True)
    trusted = _matching([offer["extensionId"] for offer in offers if offer["trusted"]], prefix)
    return trusted or (_matching([offer["extensionId"] for offer in offers], prefix) if prefix else [])


@Completer
def installed_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the site extensions that the app has, for --extension-id."""
    return _matching(_of_app(cmd, namespace, lambda app: [python.id for python in _extensions(app)]), prefix)


@Completer
def slot_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Names of the app's slots, for --slot."""
    return _matching(_of_app(cmd, namespace, lambda app: app.arm.slots(app.site), slot=None), prefix)


@Completer
def check_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the checks of doctor, for --check."""
    from azext_pythonapp.operations.doctor.checks import all_checks

    return _matching(list(all_checks()), prefix)


@Completer
def job_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the app's jobs, for --job-id."""
    from azext_pythonapp.jobs.store import job_ids

    return _matching(_of_app(cmd, namespace, lambda app: job_ids(app.kudu)), prefix)


@Completer
def change_id_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Ids of the app's newest changes, for --change-id."""
    from azext_pythonapp.history.store import History

    return _matching(_of_app(cmd, namespace, lambda app: History(app.kudu).ids()), prefix)[:NEWEST]


@Completer
def package_completer(cmd, prefix, namespace, **kwargs):  # pylint: disable=unused-argument
    """Names of the packages that the app's Python has, for --packages."""
    from azext_pythonapp.operations.package.query import list_packages

    return _matching(_of_app(cmd, namespace, lambda app: [row["name"] for row in list_packages(app)]), prefix)


def _matching(values, prefix):
    wanted = (prefix or "").lower()
    return list(dict.fromkeys(value for value in values if value.lower().startswith(wanted)))


def _versions(versions, prefix):
    """Feature releases and versions: 3.11 and 3.11.9."""
    return _matching([each for version in versions for each in (".".join(version.split(".")[:2]), version)], prefix)


def _installed(app):
    from azext_pythonapp.runtimes.identity import identify_folder

    folders = [identify_folder(entry.name) for entry in app.kudu.list_directory("") if entry.is_directory]
    pythons = [extension.identity for extension in _extensions(app)]
    return [identity.version for identity in (*pythons, *folders) if identity]


def _extensions(app):
    """The site extensions of the app that are Pythons."""
    from azext_pythonapp.appservice.site_extensions import list_extensions
    from azext_pythonapp.runtimes.extension import read_extensions

    return [extension for extension in read_extensions(list_extensions(app.arm, app.site)) if extension.identity]


def _offers(cmd, namespace, everybodys=False):
    """The rows of `list-versions`, with `--all` if asked for."""
    from azext_pythonapp.custom.runtime import list_available_versions

    group, name, slot = _names(namespace)
    return _in_time(cmd, lambda: list_available_versions(cmd, group, name, slot, all_versions=everybodys))


def _of_app(cmd, namespace, values, **other):
    """What a function of the open app returns. other: names in place of those on the command line."""
    from azext_pythonapp.custom.opening import app_named

    group, name, slot = _names(namespace)

    def ask():
        with app_named(cmd, group, name, other.get("slot", slot)) as opened:
            return values(opened())

    return _in_time(cmd, ask)


def _names(namespace):
    return tuple(getattr(namespace, name, None) for name in ("resource_group_name", "webapp_name", "slot"))


def _in_time(cmd, ask):
    """What a function returns; [] when it raises, or is not ready in time: nobody waits for its thread."""
    from threading import Thread

    cmd.cli_ctx.only_show_errors = True  # what is said would be in the middle of the command line
    found = []

    def run():
        try:
            found.extend(ask())
        except Exception:  # pylint: disable=broad-exception-caught  # whatever it is, nobody is there to read it
            pass

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return list(found)
