"""The options of the commands that make an app run something else: set-version, publish and rollback."""


def load_switch(loader):
    """Register them. loader: the extension's AzCommandsLoader."""
    _set_version(loader)
    _publish(loader)
    _rollback(loader)


def _set_version(loader):
    """Options of set-version."""
    from azext_pythonapp._completers import version_completer

    with loader.argument_context("webapp python set-version") as context:
        context.argument(
            "version",
            completer=version_completer,
            help="Python version: `3.13.2`; `3` or `3.13` for the newest of it on the app, or else the "
            "newest available; or `latest`.",
        )
        _switch(context)


def _publish(loader):
    """Options of publish."""
    from azext_pythonapp._completers import version_completer

    with loader.argument_context("webapp python publish") as context:
        context.argument("src", options_list=["--src"], help="The folder of the app on this machine.")
        context.argument(
            "exclude",
            nargs="+",
            help="Patterns of files to leave out, space-separated, as in a .gitignore. What .gitignore names, virtual "
            "environments, `.git`, `.env`, `__pycache__` and `node_modules` are left out anyway.",
        )
        context.argument(
            "clean",
            action="store_true",
            help="Delete files that this command published earlier and that are no longer in the folder. Never "
            "web.config, App_Data, or a file that was changed on the app since.",
        )
        context.argument(
            "version",
            completer=version_completer,
            help="Python version: `3.13.2`, `3.13`, `3` or `latest`. Default: the Python that the app runs; if it runs "
            "none, what `.python-version` or `runtime.txt` of the folder says, else `latest`.",
        )
        _switch(context)


def _rollback(loader):
    """Options of rollback."""
    from azext_pythonapp._completers import change_id_completer

    with loader.argument_context("webapp python rollback") as context:
        context.argument(
            "change_id",
            completer=change_id_completer,
            help="Id of the change to undo, or the beginning of it, as `history list` shows it. Default: the newest "
            "change that did not fail and was not undone.",
        )
        context.argument(
            "force",
            action="store_true",
            help="Undo it even though somebody changed the same files or packages since; that is lost.",
        )
        context.argument(
            "index_url",
            help="Package index to use instead of the recorded one, such as one that takes credentials. Records never "
            "contain any.",
        )
        context.argument(
            "extra_index_url", nargs="+", help="Package indexes to use instead of the recorded additional ones."
        )
        _checks(context)


def _switch(context):
    """Options of set-version and publish that mean the same."""
    from azure.cli.core.commands.parameters import get_enum_type

    context.argument("pre", action="store_true", help="Allow a pre-release of Python if it is the newest.")
    context.argument(
        "handler",
        arg_type=get_enum_type(["auto", "fastcgi", "httpplatform"]),
        default="auto",
        help="How IIS starts Python. `auto` keeps the handler that web.config has; a new one is FastCGI for a WSGI "
        "app on a runtime that is registered with IIS, else HttpPlatform.",
    )
    context.argument(
        "app",
        options_list=["--app"],
        help="Entry point of the app: `MODULE:OBJECT` or `MODULE:FACTORY()`; `MODULE.OBJECT`, as WSGI_HANDLER has "
        "it, is the same. Default: what web.config or else the app setting WSGI_HANDLER says; else it is detected "
        "in the app's files.",
    )
    context.argument(
        "startup_command",
        help="Arguments for python.exe under HttpPlatform, for example "
        "`-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% app:app`. Default: built from the entry point and "
        "the web server in requirements.txt or in the Python.",
    )
    context.argument(
        "packages_in",
        arg_type=get_enum_type(["runtime", "environment"]),
        help="Where the app's packages are. `runtime`: in the Python itself. `environment`: in one of two folders "
        "beside it, of which the one not in use is built anew for each change, so that nothing that runs is touched. "
        "Default: where they are now; `runtime` for a new app.",
    )
    context.argument("no_requirements", action="store_true", help="Do not install the app's requirements.txt.")
    _checks(context)


def _checks(context):
    """Options of the checks of set-version, publish and rollback."""
    context.argument(
        "health_path",
        help="Path of the page that must answer after the switch. Default: the app's healthCheckPath, else `/`, "
        "which may be unreachable from this machine.",
    )
    context.argument(
        "health_timeout",
        type=float,
        help="Seconds to wait for it. Default: 120, or web.config's startupTimeLimit plus 60 if that is more.",
    )
    context.argument("no_health_check", action="store_true", help="Do not fetch a page before and after the switch.")
    context.argument(
        "no_import_check",
        action="store_true",
        help="Do not import the entry point with the new Python before the switch.",
    )
