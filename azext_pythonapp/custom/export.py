"""`export`: an app's Python as code for Azure."""

from azext_pythonapp.custom.opening import app_named, console
from azext_pythonapp.custom.printed import version_as_printed


def export_python(
    cmd,
    template_format,
    resource_group_name=None,
    webapp_name=None,
    slot=None,
    output_file=None,
    version=None,
    architecture=None,
):
    from azext_pythonapp.operations.export import command
    from azext_pythonapp.operations.export.from_app import export_of

    with app_named(
        cmd, resource_group_name, webapp_name, slot, "Name both, or export a version without an app: `--version 3.13`."
    ) as opened:
        version, architecture = version_as_printed(version, architecture)
        language = template_format.lower()
        path = command.output_path(output_file, language) if output_file is not None else None
        if version is not None:
            _refuse_app(cmd, resource_group_name)
            export = _export_of_version(cmd, webapp_name, slot, version, architecture)
            return _answer(export, language, path, None, console(cmd))
        if architecture is not None:
            _refuse_arch()
        app = opened()
        return _answer(export_of(app), language, path, app.site, app.progress)


def _answer(export, language, path, site, progress):
    """Print the text, which is the command's data, or write it into the file and return the answer."""
    from azext_pythonapp.operations.export import command

    text = command.rendered(export, language)
    if path is None:
        for line in text.splitlines():
            progress.data(line)
        progress.conclude(command.last_line(export, "Exported"))
        return None
    changed = command.write(path, text)
    progress.conclude(command.last_line(export, f"Wrote {path}" if changed else f"{path} is up to date"))
    return command.written_answer(site.to_dict() if site is not None else None, language, path, changed)


def _export_of_version(cmd, webapp_name, slot, version, architecture):
    from azext_pythonapp.appservice.app import web_session
    from azext_pythonapp.appservice.app_name import read_app_name
    from azext_pythonapp.operations.export.of_version import export_of_version
    from azext_pythonapp.operations.runtime.sources import public_supply
    from azext_pythonapp.runtimes.identity import VersionSpec

    default = getattr(webapp_name, "is_default", False)
    named = read_app_name(None, None if default else webapp_name, slot)
    return export_of_version(
        VersionSpec.parse(version),
        architecture,
        lambda: public_supply(web_session(cmd.cli_ctx)),
        named.name,
        named.slot,
    )


def _refuse_app(cmd, resource_group_name):
    from azext_pythonapp.errors import InvalidInput

    given = resource_group_name is not None and not getattr(resource_group_name, "is_default", False)
    if given or getattr(cmd, "one_of_many", None) is not None:
        option = "--resource-group" if given else "--ids"
        raise InvalidInput(
            f"--version and {option} exclude each other: a version is exported without an app, which has its own.",
            "Leave one of them out.",
        )


def _refuse_arch():
    from azext_pythonapp.errors import InvalidInput

    raise InvalidInput(
        "--arch is only for --version; an app has the Pythons that it has.", "Leave --arch out, or give --version."
    )
