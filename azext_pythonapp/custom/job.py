"""Commands about jobs: work that runs on the worker."""

from azext_pythonapp.custom.opening import app_named, said_if_empty
from azext_pythonapp.custom.printed import id_as_printed


def list_jobs(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.job import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        app = opened()
        return said_if_empty(
            app,
            commands.list_jobs(app),
            "No jobs on {app} yet. Commands that run pip start them: "
            "`az webapp python install-requirements {options}`.",
        )


def print_job_log(cmd, resource_group_name, webapp_name, slot=None, job_id=None, follow=False):
    from azext_pythonapp.operations.job import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = id_as_printed(job_id, "--job-id", "jobs/")
        commands.print_log(opened(), wanted, follow)


def cancel_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None, dry_run=False):
    from azext_pythonapp.operations.job import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = id_as_printed(job_id, "--job-id", "jobs/")
        return commands.cancel_job(opened(), wanted, dry_run)


def show_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None):
    from azext_pythonapp.operations.job import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = id_as_printed(job_id, "--job-id", "jobs/")
        return commands.show_job(opened(), wanted)


def wait_for_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None, timeout=None):
    from azext_pythonapp.operations.job import commands

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = id_as_printed(job_id, "--job-id", "jobs/")
        return commands.wait_for_job(opened(), wanted, timeout)
