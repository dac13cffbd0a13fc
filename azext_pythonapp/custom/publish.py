"""The command that brings a folder of this machine to an app."""

from azext_pythonapp.custom.opening import app_named
from azext_pythonapp.custom.runtime import switch_request


def publish_folder(
    cmd,
    resource_group_name,
    webapp_name,
    src,
    slot=None,
    exclude=None,
    clean=False,
    version=None,
    architecture=None,
    handler="auto",
    app=None,
    startup_command=None,
    static_path=None,
    no_requirements=False,
    no_restart=False,
    health_path=None,
    health_timeout=None,
    no_health_check=False,
    no_import_check=False,
    pre=False,
    yes=False,
    dry_run=False,
):
    from azext_pythonapp.operations.publish.command import publish

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = _request(
            src,
            exclude or (),
            clean,
            switch_request(
                version=version,
                architecture=architecture,
                handler=handler,
                app=app,
                startup_command=startup_command,
                static_path=static_path,
                no_requirements=no_requirements,
                no_restart=no_restart,
                health_path=health_path,
                health_timeout=health_timeout,
                no_health_check=no_health_check,
                no_import_check=no_import_check,
                pre=pre,
                yes=yes,
            ),
        )
        return publish(opened(), request, dry_run)


def _request(src, exclude, clean, switch):
    """Return what is published, read and checked. switch: what set-version takes."""
    from azext_pythonapp.operations.publish.options import PublishRequest

    return PublishRequest.from_options(src=src, exclude=exclude, clean=clean, switch=switch)
