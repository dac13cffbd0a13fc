"""Commands about the changes of an app that are recorded on it."""

from azext_pythonapp.custom.opening import app_named, output_format, said_if_empty
from azext_pythonapp.custom.printed import id_as_printed


def list_changes(cmd, resource_group_name, webapp_name, slot=None, top=None):
    from azext_pythonapp.operations.history import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        app = opened()
        return said_if_empty(
            app,
            commands.list_changes(app, top),
            "No change is recorded on {app} yet. Each command that changes it is; see what it runs now: "
            "`az webapp python show {options}`.",
        )


def show_change(cmd, resource_group_name, webapp_name, slot=None, change_id=None):
    from azext_pythonapp.operations.history import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = id_as_printed(change_id, "--change-id")
        return commands.show_change(opened(), wanted, in_full=output_format(cmd) == "table")
