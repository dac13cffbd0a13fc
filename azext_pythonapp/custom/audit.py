"""`package audit` and `package sbom`: what is known of the packages of the Python that an app runs."""

from azext_pythonapp.custom.opening import app_named, fail_after_answer


def audit_packages(
    cmd, resource_group_name, webapp_name, slot=None, advisories=None, report_format="json", output_file=None
):
    from pathlib import Path

    from azext_pythonapp.operations.package import audit

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = audit.AuditRequest.from_options(advisories, report_format, output_file)
        found = audit.audit(opened(), request, Path(cmd.cli_ctx.config.config_dir))
    if found.found is not None:
        fail_after_answer(cmd, [found.found])
    return found.answer


def list_components(cmd, resource_group_name, webapp_name, slot=None, files=False, output_file=None):
    from azext_pythonapp.operations.package import sbom
    from azext_pythonapp.output_file import require_writable

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        output = require_writable(output_file) if output_file is not None else None
        return sbom.sbom(opened(), output, files)
