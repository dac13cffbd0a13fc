"""One function per command: read the options, open the app, call one operation, return what it says."""
# Heavy modules are imported inside the functions: az reads this module's signatures for help and completion too.
from contextlib import contextmanager


def list_versions(cmd, resource_group_name=None, webapp_name=None, slot=None, version=None, architecture=None,
                  all_versions=False, supported=False):
    from azext_pythonapp.appservice.app import web_session
    from azext_pythonapp.operations.list_versions import Filter, app_versions, gallery_versions
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = Filter.parse(version, architecture, all_versions, supported)
        group_is_given = resource_group_name is not None and not getattr(resource_group_name, 'is_default', False)
        if webapp_name is None and not group_is_given:
            return gallery_versions(web_session(cmd.cli_ctx), wanted)
        return app_versions(opened(), wanted)


def list_runtimes(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.list_runtimes import list_runtimes as operation
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened())


def show_app(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.show import show
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return show(opened())


def install_runtime(cmd, resource_group_name, webapp_name, slot=None, version=None, architecture=None,
                    extension_id=None, package_version=None, source=None, package=None, detach=False, yes=False,
                    dry_run=False):
    from azext_pythonapp.operations.install_from_nuget import NugetRequest, install_from_nuget
    from azext_pythonapp.operations.install_runtime import InstallRequest, install
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        if source == 'nuget' or package is not None:
            wanted = NugetRequest.parse(version, architecture, extension_id, package_version, package, source=source,
                                        wait=not detach)
            return install_from_nuget(opened(), wanted, dry_run)
        request = InstallRequest.parse(version, architecture, extension_id, package_version, wait=not detach,
                                       confirmed=yes)
        return install(opened(), request, dry_run)


def uninstall_runtime(cmd, resource_group_name, webapp_name, slot=None, version=None, architecture=None,
                      extension_id=None, keep_files=False, force=False, yes=False, dry_run=False):
    from azext_pythonapp.operations.uninstall_runtime import UninstallRequest, uninstall
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = UninstallRequest.parse(version, architecture, extension_id, keep_files=keep_files, force=force,
                                         confirmed=yes)
        return uninstall(opened(), request, dry_run)


def set_version(cmd, resource_group_name, webapp_name, version, slot=None, architecture=None, handler='auto',
                app=None, startup_command=None, no_requirements=False, no_restart=False, health_path='/',
                no_health_check=False, yes=False, dry_run=False):
    from azext_pythonapp.operations.set_version import SetVersionRequest, set_version as operation
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = SetVersionRequest.parse(version, architecture, handler, app, startup_command,
                                          requirements=not no_requirements, restart=not no_restart,
                                          health_path=None if no_health_check else health_path, confirmed=yes)
        return operation(opened(), request, dry_run)


def install_requirements(cmd, resource_group_name, webapp_name, slot=None, requirement=None, constraint=None,
                         upgrade=False, wheel_dir=None, no_index=False, index_url=None, extra_index_url=None,
                         require_hashes=False, stop_app='auto', no_restart=False, detach=False, timeout=None,
                         dry_run=False):
    from azext_pythonapp.operations.install_requirements import RequirementsRequest, install_requirements as operation
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = RequirementsRequest.parse(requirement, constraint, wheel_dir, upgrade=upgrade, no_index=no_index,
                                            index_url=index_url, extra_index_urls=extra_index_url or (),
                                            require_hashes=require_hashes, stop_app=stop_app.lower(),
                                            restart=not no_restart, wait=not detach, timeout=timeout)
        return operation(opened(), request, dry_run)


def show_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None):
    from azext_pythonapp.operations.jobs import show_job as operation
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), job_id)


def wait_for_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None, timeout=None):
    from azext_pythonapp.operations.jobs import wait_for_job as operation
    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), job_id, timeout)


@contextmanager
def _app_named(cmd, resource_group_name, webapp_name, slot):
    """Every error from within names the app; what is yielded opens it, once the options have been read."""
    from azext_pythonapp.appservice.app import naming, open_app
    from azext_pythonapp.appservice.errors import InvalidInput
    from azext_pythonapp.console import Console

    def opened():
        if not resource_group_name or not webapp_name:
            raise InvalidInput('Both --resource-group and --name are needed to name an app.',
                               'Leave both out to ask the public gallery.')
        never_ask = cmd.cli_ctx.config.getboolean('core', 'disable_confirm_prompt', fallback=False)
        console = Console(cmd.cli_ctx.only_show_errors, never_ask)
        return open_app(cmd.cli_ctx, resource_group_name, webapp_name, slot, console)

    with naming(webapp_name, slot):
        yield opened
