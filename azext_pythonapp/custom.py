"""One function per command: read the options, open the app, call one operation, return what it says."""

# Heavy modules are imported inside the functions: az reads this module's signatures for help and completion too.
from contextlib import contextmanager


def list_versions(
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
    from azext_pythonapp.operations.runtime.list_versions import Filter, app_versions, public_versions

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        wanted = Filter.parse(version, architecture, all_versions, supported, pre)
        given = [
            name
            for name in (resource_group_name, webapp_name, slot)
            if name is not None and not getattr(name, "is_default", False)
        ]
        if not given and not (resource_group_name and webapp_name):
            # Nothing names an app; half of one out of `az configure --defaults` does not either.
            return public_versions(web_session(cmd.cli_ctx), wanted, _console(cmd).say)
        try:
            app = opened()
        except NotFound as error:
            if given:
                raise
            _console(cmd).say(f"{error.message} It is named by `az configure --defaults`; this is the public gallery.")
            return public_versions(web_session(cmd.cli_ctx), wanted, _console(cmd).say)
        return app_versions(app, wanted)


def list_runtimes(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.runtime.list_installed import list_runtimes as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened())


def show_app(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.show import show

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return show(opened())


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
    from azext_pythonapp.operations.runtime.install import InstallRequest, install
    from azext_pythonapp.operations.runtime.install_package import PackageRequest, install_package

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        if package is not None:
            file = PackageRequest.parse(
                package, version, architecture, extension_id, package_version, source=source, wait=not detach
            )
            return install_package(opened(), file, dry_run)
        request = InstallRequest.parse(
            version,
            architecture,
            extension_id,
            package_version,
            source,
            prereleases=pre,
            wait=not detach,
            confirmed=yes,
        )
        return install(opened(), request, dry_run)


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
    from azext_pythonapp.operations.runtime.uninstall import UninstallRequest, uninstall

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = UninstallRequest.parse(
            version, architecture, extension_id, keep_files=keep_files, force=force, confirmed=yes
        )
        return uninstall(opened(), request, dry_run)


def set_version(
    cmd,
    resource_group_name,
    webapp_name,
    version,
    slot=None,
    architecture=None,
    handler="auto",
    app=None,
    startup_command=None,
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
    from azext_pythonapp.operations.app.health_check import HealthOptions
    from azext_pythonapp.operations.set_version import SetVersionRequest
    from azext_pythonapp.operations.set_version import set_version as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        health = HealthOptions.parse(health_path, health_timeout)
        request = SetVersionRequest.parse(
            version,
            architecture,
            handler,
            app,
            startup_command,
            requirements=not no_requirements,
            restart=not no_restart,
            health=None if no_health_check else health,
            confirmed=yes,
            import_check=not no_import_check,
            prereleases=pre,
        )
        return operation(opened(), request, dry_run)


def install_requirements(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    requirement=None,
    constraint=None,
    upgrade=False,
    pre=False,
    no_deps=False,
    only_binary=None,
    wheel_dir=None,
    no_index=False,
    index_url=None,
    extra_index_url=None,
    proxy=None,
    require_hashes=False,
    pip_args=None,
    restore=False,
    stop_app="auto",
    no_restart=False,
    detach=False,
    timeout=None,
    dry_run=False,
):
    # A command's options are its parameters.  pylint: disable=too-many-locals
    from azext_pythonapp.operations.package.change import Handling
    from azext_pythonapp.operations.package.install_requirements import RequirementsRequest
    from azext_pythonapp.operations.package.install_requirements import install_requirements as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        handling = Handling.parse(stop_app, restart=not no_restart, wait=not detach, timeout=timeout)
        request = RequirementsRequest.parse(
            requirement,
            constraint,
            wheel_dir,
            handling,
            restore=restore,
            upgrade=upgrade,
            pre=pre,
            no_deps=no_deps,
            only_binary=only_binary,
            no_index=no_index,
            index_url=index_url,
            extra_index_url=extra_index_url,
            proxy=proxy,
            require_hashes=require_hashes,
            pip_args=pip_args,
        )
        return operation(opened(), request, dry_run)


def list_packages(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.package.query import list_packages as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened())


def freeze_packages(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.package.query import freeze_packages as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened())


def outdated_packages(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    pre=False,
    index_url=None,
    extra_index_url=None,
    proxy=None,
    timeout=None,
):
    from azext_pythonapp.operations.package.index_options import parse_options
    from azext_pythonapp.operations.package.query import outdated_packages as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        options = parse_options(extra_index_url, pre=pre, index_url=index_url, proxy=proxy)
        return operation(opened(), options, timeout)


def check_packages(cmd, resource_group_name, webapp_name, slot=None, timeout=None):
    from azext_pythonapp.operations.package.query import check_packages as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), timeout)


def install_packages(
    cmd,
    resource_group_name,
    webapp_name,
    packages,
    slot=None,
    upgrade=False,
    pre=False,
    no_deps=False,
    only_binary=None,
    index_url=None,
    extra_index_url=None,
    proxy=None,
    pip_args=None,
    stop_app="auto",
    no_restart=False,
    detach=False,
    timeout=None,
    dry_run=False,
):
    from azext_pythonapp.operations.package.change import Handling
    from azext_pythonapp.operations.package.index_options import parse_options
    from azext_pythonapp.operations.package.install import install_packages as operation
    from azext_pythonapp.operations.package.install import requirement_lines

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        handling = Handling.parse(stop_app, restart=not no_restart, wait=not detach, timeout=timeout)
        options = parse_options(
            extra_index_url,
            pip_args,
            upgrade=upgrade,
            pre=pre,
            no_deps=no_deps,
            only_binary=only_binary,
            index_url=index_url,
            proxy=proxy,
        )
        return operation(opened(), requirement_lines(packages), options, handling, dry_run)


def uninstall_packages(
    cmd,
    resource_group_name,
    webapp_name,
    packages,
    slot=None,
    stop_app="auto",
    no_restart=False,
    detach=False,
    timeout=None,
    yes=False,
    dry_run=False,
):
    from azext_pythonapp.operations.package.change import Handling
    from azext_pythonapp.operations.package.install import package_names
    from azext_pythonapp.operations.package.install import uninstall_packages as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        handling = Handling.parse(stop_app, restart=not no_restart, wait=not detach, timeout=timeout)
        return operation(opened(), package_names(packages), handling, yes, dry_run)


def vendor_packages(
    cmd,
    resource_group_name,
    webapp_name,
    target,
    slot=None,
    app_path=None,
    requirement=None,
    constraint=None,
    upgrade=False,
    pre=False,
    wheel_dir=None,
    no_index=False,
    index_url=None,
    extra_index_url=None,
    proxy=None,
    timeout=None,
    dry_run=False,
):
    from azext_pythonapp.operations.package.index_options import parse_options
    from azext_pythonapp.operations.package.vendor import VendorRequest, vendor

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        options = parse_options(
            extra_index_url, upgrade=upgrade, pre=pre, no_index=no_index, index_url=index_url, proxy=proxy
        )
        request = VendorRequest.parse(target, app_path, requirement, constraint, wheel_dir, options, timeout)
        return vendor(opened(), request, dry_run)


def list_jobs(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.job.commands import list_jobs as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened())


def print_job_log(cmd, resource_group_name, webapp_name, slot=None, job_id=None, follow=False):
    from azext_pythonapp.operations.job.commands import print_log

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        print_log(opened(), job_id, follow)


def cancel_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None, dry_run=False):
    from azext_pythonapp.operations.job.commands import cancel_job as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), job_id, dry_run)


def show_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None):
    from azext_pythonapp.operations.job.commands import show_job as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), job_id)


def wait_for_job(cmd, resource_group_name, webapp_name, slot=None, job_id=None, timeout=None):
    from azext_pythonapp.operations.job.commands import wait_for_job as operation

    with _app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return operation(opened(), job_id, timeout)


def show_web_config(cmd, resource_group_name=None, webapp_name=None, slot=None, file=None):
    from azext_pythonapp.operations.web_config.show_set_diff import show_web_config as operation

    with _web_config(cmd, resource_group_name, webapp_name, slot, file) as opened:
        return operation(opened())


def set_web_config(
    cmd,
    resource_group_name=None,
    webapp_name=None,
    slot=None,
    file=None,
    version=None,
    architecture=None,
    python_path=None,
    handler="auto",
    app=None,
    startup_command=None,
    environment=None,
    static_path=None,
    startup_time_limit=None,
    startup_retry_count=None,
    rapid_fails=None,
    request_timeout=None,
    processes=None,
    stdout_log=None,
    windows_auth_token=None,
    output_file=None,
    dry_run=False,
):
    from azext_pythonapp.operations.web_config.show_set_diff import set_web_config as operation

    with _web_config(cmd, resource_group_name, webapp_name, slot, file) as opened:
        request = _web_config_request(
            version,
            architecture,
            python_path,
            handler,
            app,
            startup_command,
            environment,
            static_path,
            startup_time_limit,
            startup_retry_count,
            rapid_fails,
            request_timeout,
            processes,
            stdout_log,
            windows_auth_token,
            output_file,
        )
        return _with_diff(cmd, operation(opened(), request, dry_run))


def diff_web_config(
    cmd,
    resource_group_name=None,
    webapp_name=None,
    slot=None,
    file=None,
    version=None,
    architecture=None,
    python_path=None,
    handler="auto",
    app=None,
    startup_command=None,
    environment=None,
    static_path=None,
    startup_time_limit=None,
    startup_retry_count=None,
    rapid_fails=None,
    request_timeout=None,
    processes=None,
    stdout_log=None,
    windows_auth_token=None,
):
    from azext_pythonapp.operations.web_config.show_set_diff import diff_web_config as operation

    with _web_config(cmd, resource_group_name, webapp_name, slot, file) as opened:
        request = _web_config_request(
            version,
            architecture,
            python_path,
            handler,
            app,
            startup_command,
            environment,
            static_path,
            startup_time_limit,
            startup_retry_count,
            rapid_fails,
            request_timeout,
            processes,
            stdout_log,
            windows_auth_token,
            None,
        )
        return _with_diff(cmd, operation(opened(), request))


def _with_diff(cmd, answer):
    """The answer, of which a person at a terminal sees the diff in colours, unless it tells of what was done."""
    if "diff" in answer:
        _console(cmd).diff(answer["diff"])
    elif answer.get("dryRun"):
        _console(cmd).diff("".join(change.get("diff") or "" for change in answer["changes"]))
    return answer


def _web_config_request(
    version,
    architecture,
    python_path,
    handler,
    app,
    startup_command,
    environment,
    static_path,
    startup_time_limit,
    startup_retry_count,
    rapid_fails,
    request_timeout,
    processes,
    stdout_log,
    windows_auth_token,
    output_file,
):
    from azext_pythonapp.operations.web_config.handler import HandlerOptions
    from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest

    platform = PlatformOptions.parse(
        startup_time_limit,
        stdout_log,
        {
            "startupRetryCount": startup_retry_count,
            "rapidFailsPerMinute": rapid_fails,
            "requestTimeout": request_timeout,
            "processesPerApplication": processes,
            "forwardWindowsAuthToken": windows_auth_token.lower() if windows_auth_token else None,
        },
    )
    wish = HandlerOptions(handler.lower(), startup_command)
    return WebConfigRequest.parse(
        version, architecture, python_path, wish, app, platform, environment or (), static_path or (), output_file
    )


@contextmanager
def _web_config(cmd, resource_group_name, webapp_name, slot, file):
    """As _app_named, for the commands that work on a local file as well; what is yielded opens the one or the other."""
    from pathlib import Path

    from azext_pythonapp.operations.web_config.target import AppTarget, FileTarget

    if file is not None:
        yield lambda: FileTarget(Path(file), _console(cmd))
        return
    with _app_named(cmd, resource_group_name, webapp_name, slot, "Or name a local web.config with --file.") as opened:
        yield lambda: AppTarget(opened())


@contextmanager
def _app_named(cmd, resource_group_name, webapp_name, slot, otherwise="Leave both out to ask the public gallery."):
    """Every error from within names the app; what is yielded opens it, once the options have been read."""
    from azext_pythonapp.appservice.app import naming, open_app
    from azext_pythonapp.errors import InvalidInput

    def opened():
        if not resource_group_name or not webapp_name:
            raise InvalidInput("Both --resource-group and --name are needed to name an app.", otherwise)
        return open_app(cmd.cli_ctx, resource_group_name, webapp_name, slot, _console(cmd))

    # Read before anything else: az puts the default subscription there when the command line gives none.
    subscription = cmd.cli_ctx.data.get("subscription_id")
    with naming(webapp_name, slot, resource_group_name, subscription):
        yield opened


def _console(cmd):
    from azext_pythonapp.console import Console

    never_ask = cmd.cli_ctx.config.getboolean("core", "disable_confirm_prompt", fallback=False)
    return Console(cmd.cli_ctx.only_show_errors, never_ask)
