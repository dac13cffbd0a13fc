"""Which commands there are, and what runs and draws each."""


def load_command_table(loader, _):
    """Register the commands of `az webapp python`. loader: the extension's AzCommandsLoader."""
    from azext_pythonapp import _format, _format_audit
    from azext_pythonapp._format_many import or_many

    def commands(name, functions):
        return loader.command_group(name, custom_command_type=_functions(functions), transform=_plain)

    with commands("webapp python", "runtime") as group:
        group.custom_command(
            "list-versions", "list_available_versions", table_transformer=or_many(_format.offers_table)
        )
        group.custom_command("list", "list_runtimes", table_transformer=or_many(_format.runtimes_table))
        group.custom_show_command("show", "show_app", table_transformer=or_many(_format.app_table))
        group.custom_command("install", "install_runtime", table_transformer=or_many(_format.changes_table))
        group.custom_command("uninstall", "uninstall_runtime", table_transformer=or_many(_format.changes_table))
        group.custom_command("set-version", "set_python_version", table_transformer=or_many(_format.set_version_table))

    with commands("webapp python", "inventory") as group:
        group.custom_command("inventory", "list_inventory", table_transformer=_format.inventory_table)

    with commands("webapp python", "doctor") as group:
        group.custom_command("doctor", "diagnose_app", table_transformer=or_many(_format.doctor_table))

    with commands("webapp python", "export") as group:
        group.custom_command("export", "export_python", table_transformer=or_many(_format.exported_table))

    with commands("webapp python", "publish") as group:
        group.custom_command("publish", "publish_folder", table_transformer=or_many(_format.publish_table))

    with commands("webapp python", "rollback") as group:
        group.custom_command("rollback", "undo_change", table_transformer=or_many(_format.rollback_table))

    with commands("webapp python", "package") as group:
        group.custom_command(
            "install-requirements", "install_from_requirements", table_transformer=or_many(_format.changes_table)
        )

    with commands("webapp python job", "job") as group:
        group.custom_command("list", "list_jobs", table_transformer=or_many(_format.jobs_table))
        group.custom_show_command("show", "show_job", table_transformer=or_many(_format.job_table))
        group.custom_command("log", "print_job_log", table_transformer=or_many(_format.lines_table))
        group.custom_command("wait", "wait_for_job", table_transformer=or_many(_format.job_table))
        group.custom_command("cancel", "cancel_job", table_transformer=or_many(_format.job_table))

    with commands("webapp python history", "history") as group:
        group.custom_command("list", "list_changes", table_transformer=or_many(_format.history_table))
        group.custom_show_command("show", "show_change", table_transformer=or_many(_format.recorded_change_table))

    with commands("webapp python package", "package") as group:
        group.custom_command("list", "list_packages", table_transformer=or_many(_format.packages_table))
        group.custom_command("freeze", "freeze_packages", table_transformer=or_many(_format.requirements_table))
        group.custom_command("outdated", "outdated_packages", table_transformer=or_many(_format.outdated_table))
        group.custom_command("check", "check_packages", table_transformer=or_many(_format.check_table))
        group.custom_command("install", "install_packages", table_transformer=or_many(_format.changes_table))
        group.custom_command("uninstall", "uninstall_packages", table_transformer=or_many(_format.changes_table))
        group.custom_command("vendor", "vendor_packages", table_transformer=or_many(_format.changes_table))

    with commands("webapp python package", "audit") as group:
        group.custom_command("audit", "audit_packages", table_transformer=or_many(_format_audit.audit_table))
        group.custom_command("sbom", "list_components", table_transformer=or_many(_format_audit.components_table))

    with commands("webapp python web-config", "web_config") as group:
        group.custom_show_command("show", "show_web_config", table_transformer=or_many(_format.web_config_table))
        group.custom_command("set", "set_web_config", table_transformer=or_many(_format.changes_table))
        group.custom_command("diff", "diff_web_config", table_transformer=or_many(_format.diff_table))


def _functions(module):
    """The functions of azext_pythonapp/custom/<module>.py, as az takes them: for one app, and for many with --ids."""
    from azure.cli.core.commands import CliCommandType

    from azext_pythonapp._exception_handler import exit_with

    return CliCommandType(operations_tmpl=f"azext_pythonapp.custom.fleet#{module}.{{}}", exception_handler=exit_with)


def _plain(answer):
    """An answer without the control characters that texts from the worker may hold."""
    from azext_pythonapp.plain_text import plain_values

    return plain_values(answer)
