"""The command that undoes a recorded change."""

from azext_pythonapp.custom.opening import app_named
from azext_pythonapp.custom.printed import id_as_printed


def undo_change(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    change_id=None,
    force=False,
    index_url=None,
    extra_index_url=None,
    no_restart=False,
    health_path=None,
    health_timeout=None,
    no_health_check=False,
    no_import_check=False,
    yes=False,
    dry_run=False,
):
    from azext_pythonapp.operations.app import health_check
    from azext_pythonapp.operations.rollback import command, run

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        health = health_check.HealthOptions.from_options(path=health_path, seconds=health_timeout)
        request = run.RollbackRequest(
            change_id=id_as_printed(change_id, "--change-id"),
            force=force,
            restart=not no_restart,
            health=None if no_health_check else health,
            import_check=not no_import_check,
            confirmed=yes,
            index_url=index_url,
            extra_index_urls=tuple(extra_index_url or ()),
        )
        return command.rollback(opened(), request, dry_run)
