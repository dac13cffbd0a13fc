"""Commands about the packages of the Python that an app runs."""

from azext_pythonapp.custom.opening import app_named, said_if_empty
from azext_pythonapp.custom.shared_options import with_options_of

NO_PACKAGES = (
    "The Python of {app} has no packages yet. Install its requirements.txt: "
    "`az webapp python install-requirements {options}`."
)


def _run_options(*, stop_app="auto", no_restart=False, detach=False, timeout=None):
    """Return how pip is run and what becomes of the app, for the commands that change packages, read and checked."""
    from azext_pythonapp.operations.package import change

    return change.RunOptions.from_options(stop_app=stop_app, restart=not no_restart, wait=not detach, timeout=timeout)


@with_options_of(_run_options)
def install_from_requirements(
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
    uploaded_prior_to=None,
    pip_args=None,
    installer="auto",
    restore=False,
    dry_run=False,
    **run,
):
    # A command's options are its parameters.  pylint: disable=too-many-locals
    from azext_pythonapp.operations.package import install_requirements
    from azext_pythonapp.operations.set_version.packages import rebuild

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        request = install_requirements.RequirementsRequest.from_options(
            requirement=requirement,
            constraint=constraint,
            wheel_dir=wheel_dir,
            run_options=_run_options(**run),
            restore=restore,
            installer=installer,
            upgrade=upgrade,
            pre=pre,
            no_deps=no_deps,
            only_binary=only_binary,
            no_index=no_index,
            index_url=index_url,
            extra_index_url=extra_index_url,
            proxy=proxy,
            require_hashes=require_hashes,
            uploaded_prior_to=uploaded_prior_to,
            pip_args=pip_args,
        )
        return install_requirements.install_requirements(opened(), request, dry_run, rebuild)


def list_packages(cmd, resource_group_name, webapp_name, slot=None):
    from azext_pythonapp.operations.package import query

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        app = opened()
        return said_if_empty(app, query.list_packages(app), NO_PACKAGES)


def freeze_packages(
    cmd,
    resource_group_name,
    webapp_name,
    slot=None,
    freeze_format="requirements",
    index_url=None,
    extra_index_url=None,
    output_file=None,
):
    from azext_pythonapp.operations.package import lock_freeze, query
    from azext_pythonapp.packages.lock_write import to_toml

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        many = getattr(cmd, "one_of_many", None) is not None
        options = lock_freeze.lock_options(freeze_format, index_url, extra_index_url, output_file, many)
        app = opened()
        if options is not None:
            _instead_in_tsv(cmd.cli_ctx, lambda lock: to_toml(lock).rstrip("\n"))
            return lock_freeze.freeze_lock(app, options, output_file)
        _requirements_in_tsv(cmd.cli_ctx)
        return said_if_empty(app, query.freeze_packages(app), NO_PACKAGES)


def _requirements_in_tsv(cli_ctx):
    """Make `--output tsv` a requirements file, one line for each package; --query keeps its meaning."""
    _instead_in_tsv(cli_ctx, lambda rows: [row["requirement"] for row in rows])


def _instead_in_tsv(cli_ctx, shown):
    """Make `--output tsv` what a function makes of the answer; --query keeps its meaning."""
    from knack.events import EVENT_INVOKER_FILTER_RESULT

    def replaced(cli, event_data):
        cli.unregister_event(EVENT_INVOKER_FILTER_RESULT, replaced)
        # --query has been applied by now: az registered it first.
        if cli.invocation.data["output"] == "tsv" and not cli.invocation.data["query_active"]:
            event_data["result"] = shown(event_data["result"])

    cli_ctx.register_event(EVENT_INVOKER_FILTER_RESULT, replaced)


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
    from azext_pythonapp.operations.package import index_options, query

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        options = index_options.parse_options(
            extra_index_url=extra_index_url, pre=pre, index_url=index_url, proxy=proxy
        )
        app = opened()
        return said_if_empty(
            app,
            query.outdated_packages(app, options, timeout),
            "The index has nothing newer than the packages of {app}. To see them: "
            "`az webapp python package list {options}`.",
        )


def check_packages(cmd, resource_group_name, webapp_name, slot=None, timeout=None):
    from azext_pythonapp.operations.package import query

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        return query.check_packages(opened(), timeout)


@with_options_of(_run_options)
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
    uploaded_prior_to=None,
    pip_args=None,
    installer="auto",
    dry_run=False,
    **run,
):
    # A command's options are its parameters.  pylint: disable=too-many-locals
    from azext_pythonapp.operations.package import index_options, install
    from azext_pythonapp.operations.set_version.packages import rebuild

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        run_options = _run_options(**run)
        options = index_options.parse_options(
            extra_index_url=extra_index_url,
            pip_args=pip_args,
            upgrade=upgrade,
            pre=pre,
            no_deps=no_deps,
            only_binary=only_binary,
            index_url=index_url,
            proxy=proxy,
            uploaded_prior_to=uploaded_prior_to,
        )
        files = install.requirement_lines(packages)
        return install.install_packages(opened(), files, options, run_options, dry_run, rebuild, installer.lower())


@with_options_of(_run_options)
def uninstall_packages(cmd, resource_group_name, webapp_name, packages, slot=None, yes=False, dry_run=False, **run):
    from azext_pythonapp.operations.package import install
    from azext_pythonapp.operations.set_version.packages import rebuild

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        run_options = _run_options(**run)
        names = install.package_names(packages)
        return install.uninstall_packages(opened(), names, run_options, yes, dry_run, rebuild)


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
    from azext_pythonapp.operations.package import index_options, vendor

    with app_named(cmd, resource_group_name, webapp_name, slot) as opened:
        options = index_options.parse_options(
            extra_index_url=extra_index_url,
            upgrade=upgrade,
            pre=pre,
            no_index=no_index,
            index_url=index_url,
            proxy=proxy,
        )
        request = vendor.VendorRequest.from_options(
            target=target,
            app_path=app_path,
            requirement=requirement,
            constraint=constraint,
            wheel_dir=wheel_dir,
            options=options,
            timeout=timeout,
        )
        return vendor.vendor(opened(), request, dry_run)
