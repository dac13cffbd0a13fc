"""The command that brings a folder of this machine to an app."""

from azext_pythonapp.custom.opening import app_named
from azext_pythonapp.custom.shared_options import switch_request, with_options_of


@with_options_of(switch_request)
def publish_folder(
    cmd,
    resource_group_name,
    webapp_name,
    src,
    slot=None,
    exclude=None,
    clean=False,
    version=None,
    dry_run=False,
    **switch,
):
    from azext_pythonapp.operations.publish.command import publish
    from azext_pythonapp.operations.publish.options import PublishRequest

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = PublishRequest.from_options(
            src=src, exclude=exclude or (), clean=clean, switch=switch_request(version, **switch)
        )
        return publish(opened(), request, dry_run)
