"""Commands about the runtimes of an app, and the one that it runs."""

from azext_pythonapp.custom.opening import app_named, console, output_format, said_if_empty
from azext_pythonapp.custom.printed import id_as_printed, version_as_printed
from azext_pythonapp.custom.shared_options import switch_request, with_options_of


def list_available_versions(
    cmd,
    resource_group_name=None,
    webapp_name=None,
    slot=None,
    version=None,
    architecture=None,
    all_versions=False,
    supported=False,
    pre=False,
):
    from azext_pythonapp.appservice.app import web_session
    from azext_pythonapp.errors import NotFound
    from azext_pythonapp.operations.runtime import list_versions

    subscription = cmd.cli_ctx.data.get("subscription_id")
    with app_named(
        cmd, resource_group_name, webapp_name, slot, "Leave all of them out to ask the public gallery."
    ) as opened:
        version, architecture = version_as_printed(version, architecture)
        wanted = list_versions.Filter.from_options(
            version=version, architecture=architecture, all_versions=all_versions, supported=supported, prereleases=pre
        )
        given = [
            name
            for name in (resource_group_name, webapp_name, slot)
            if name is not None and not getattr(name, "is_default", False)
        ]
        if not given and not (resource_group_name and webapp_name):
            # Nothing names an app; half of one out of `az configure --defaults` does not either.
            return list_versions.public_versions(web_session(cmd.cli_ctx), wanted, console(cmd).say, subscription)
        try:
            app = opened()
        except NotFound as error:
            if given:
                raise
            console(cmd).say(
                f"{error.message} Its name is a default of az (`az configure --list-defaults`); "
                "this is the public gallery."
            )
            return list_versions.public_versions(web_session(cmd.cli_ctx), wanted, console(cmd).say, subscription)
        return list_versions.app_versions(app, wanted)


def list_runtimes(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.runtime import list_installed

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        app = opened()
        return said_if_empty(
            app,
            list_installed.list_runtimes(app),
            "There is no Python on {app}. Install one: `az webapp python install {options} --version latest`.",
        )


def show_app(cmd, resource_group_name, webapp_name, slot=None, check=False):
    from azext_pythonapp.operations import show

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        answer = show.show(opened(), check)
        if output_format(cmd) == "table":
            console(cmd).conclude(*show.lines_below(answer))
        return answer


def install_runtime(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    version=None,
    architecture=None,
    extension_id=None,
    package_version=None,
    source=None,
    package=None,
    pre=False,
    detach=False,
    yes=False,
    dry_run=False,
):
    from azext_pythonapp.operations.runtime import install, install_package

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        version, architecture = version_as_printed(version, architecture)
        extension_id = id_as_printed(extension_id, "--extension-id", "siteextensions/")
        if package is not None:
            file = install_package.PackageRequest.from_options(
                package=package,
                version=version,
                architecture=architecture,
                extension_id=extension_id,
                package_version=package_version,
                source=source,
                wait=not detach,
            )
            return install_package.install_package(opened(), file, dry_run)
        request = install.InstallRequest.from_options(
            version=version,
            architecture=architecture,
            extension_id=extension_id,
            package_version=package_version,
            source=source,
            prereleases=pre,
            wait=not detach,
            confirmed=yes,
        )
        return install.install(opened(), request, dry_run)


def uninstall_runtime(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    version=None,
    architecture=None,
    extension_id=None,
    keep_files=False,
    force=False,
    yes=False,
    dry_run=False,
):
    from azext_pythonapp.operations.runtime import uninstall

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        version, architecture = version_as_printed(version, architecture)
        extension_id = id_as_printed(extension_id, "--extension-id", "siteextensions/")
        request = uninstall.UninstallRequest.from_options(
            version=version,
            architecture=architecture,
            extension_id=extension_id,
            keep_files=keep_files,
            force=force,
            confirmed=yes,
        )
        return uninstall.uninstall(opened(), request, dry_run)


@with_options_of(switch_request)
def set_python_version(cmd, resource_group_name, webapp_name, version, slot=None, dry_run=False, **switch):
    from azext_pythonapp.operations.set_version import command

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = switch_request(version, **switch)
        return command.set_version(opened(), request, dry_run)
