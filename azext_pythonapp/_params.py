"""The options of every command; those of web-config and of a switch are in modules of their own."""

from knack.arguments import CLIArgumentType

from azext_pythonapp._params_audit import load_audit
from azext_pythonapp._params_doctor import load_doctor
from azext_pythonapp._params_export import load_export
from azext_pythonapp._params_fleet import load_fleet
from azext_pythonapp._params_inventory import load_inventory
from azext_pythonapp._params_switch import load_switch
from azext_pythonapp._params_web_config import load_web_config

NAME = CLIArgumentType(
    options_list=["--name", "-n"],
    configured_default="web",
    help="Name of the web app: `APP`, `APP/SLOT`, or the resource id of an app or slot. You can configure the default "
    "using `az configure --defaults web=MyApp`.",
)


def load_arguments(loader, _):
    """Register the options of `az webapp python`. loader: the extension's AzCommandsLoader.

    --no-wait is called `detach` in the functions: az keeps a parameter named no_wait to itself, and prints nothing
    when it is given.
    """
    for register in (_common, _runtimes, _requirements, _pip, _packages, _jobs, _history):
        register(loader)
    load_audit(loader)
    load_export(loader)
    load_fleet(loader)
    load_switch(loader)
    load_web_config(loader, NAME)
    load_inventory(loader)
    load_doctor(loader)


def _common(loader):
    """Options that mean the same wherever a command has them."""
    from azure.cli.core.commands.parameters import get_enum_type, resource_group_name_type

    from azext_pythonapp._completers import slot_completer

    with loader.argument_context("webapp python") as context:
        # Required as well, but a resource id in --name has it; `custom/opening.py` says when it is missing.
        context.argument(
            "resource_group_name",
            resource_group_name_type,
            required=False,
            help="Name of the resource group. Required, unless --name is a resource id or --ids is given. You can "
            "configure the default group using `az configure --defaults group=<name>`.",
        )
        context.argument("webapp_name", NAME, required=False)
        context.argument(
            "slot",
            options_list=["--slot", "-s"],
            completer=slot_completer,
            help="Name of the deployment slot. Default: the production slot, whose name is `production`.",
        )
        context.argument(
            "architecture",
            arg_type=get_enum_type(["x64", "x86"]),
            options_list=["--arch"],
            help="Architecture of the runtime.",
        )
        context.argument(
            "dry_run",
            action="store_true",
            help="Print what would change, and change nothing. `changed` then says whether there is anything to do.",
        )
        context.argument(
            "no_restart", action="store_true", help="Do not restart the app; changes take effect when it restarts."
        )
        context.argument(
            "static_path", nargs="+", help="Folders below wwwroot, space-separated, whose files IIS serves directly."
        )
        context.argument("yes", options_list=["--yes", "-y"], action="store_true", help="Do not ask for confirmation.")


def _runtimes(loader):
    """Options of show, list-versions, install and uninstall."""
    from azure.cli.core.commands.parameters import get_enum_type

    from azext_pythonapp._completers import (
        extension_id_completer,
        installed_id_completer,
        installed_version_completer,
        version_completer,
    )

    with loader.argument_context("webapp python show") as context:
        context.argument(
            "check",
            action="store_true",
            help="Also fetch the app's page: that of its own health check (healthCheckPath) if one is set, else `/`.",
        )

    with loader.argument_context("webapp python list-versions") as context:
        context.argument("resource_group_name", help="Name of the resource group, together with --name.")
        context.argument("webapp_name", NAME, required=False)
        context.argument(
            "version", completer=version_completer, help="Show only this version: `3`, `3.13` or `3.13.2`."
        )
        context.argument(
            "all_versions",
            options_list=["--all"],
            action="store_true",
            help="Show every package version, not only the newest of each runtime, and the packages of "
            "third parties (`trusted` is false), which are installed only when their id is "
            "given.",
        )
        context.argument("pre", action="store_true", help="Show pre-releases of Python as well.")
        context.argument(
            "supported", action="store_true", help="Show only Python versions that still get security fixes."
        )

    with loader.argument_context("webapp python install") as context:
        context.argument(
            "version",
            completer=version_completer,
            help="Python version: `3.13.2`; `3` or `3.13` for the newest on the app, else available; or `latest`.",
        )
        context.argument(
            "extension_id",
            completer=extension_id_completer,
            help="Id of the package, as `list-versions` shows it. Required for a package of a third "
            "party, which runs its own installer on the app's worker.",
        )
        context.argument("package_version", help="Version of the site extension's package. Default: the newest.")
        context.argument(
            "source",
            arg_type=get_enum_type(["gallery", "nuget", "pythonOrg"]),
            type=_source,
            help="Use only Microsoft's site extensions in the gallery, or only python.org's "
            "builds on NuGet or on python.org itself. Default: the newest matching version of all.",
        )
        context.argument("pre", action="store_true", help="Allow a pre-release of Python if it is the newest.")
        context.argument(
            "package",
            help="A local package file of CPython to install: from NuGet (`python.3.13.2.nupkg`), or from python.org "
            "(`python-3.13.2-amd64.zip`).",
        )
        context.argument(
            "detach",
            options_list=["--no-wait"],
            action="store_true",
            help="Return as soon as the installation has started, with the command that finishes it.",
        )

    with loader.argument_context("webapp python uninstall") as context:
        context.argument(
            "version",
            completer=installed_version_completer,
            help="Python version: `3.13` or `3.13.2`. It must mean one runtime of the app.",
        )
        context.argument(
            "extension_id", completer=installed_id_completer, help="Id of the site extension, as `list` shows it."
        )
        context.argument("keep_files", action="store_true", help="Keep the runtime's folder and its packages.")
        context.argument("force", action="store_true", help="Uninstall it even though the app uses it.")


def _source(text):
    """Return the name of a source, which JSON calls after the kind of its packages."""
    named = {"siteextension": "gallery", "gallery": "gallery", "nuget": "nuget", "pythonorg": "pythonOrg"}
    return named.get(text.lower(), text)


def _requirements(loader):
    """Options of install-requirements, and of wheels."""
    with loader.argument_context("webapp python install-requirements") as context:
        context.argument(
            "requirement",
            options_list=["--requirement", "-r"],
            help="Local requirements file, uploaded for this installation with the files that it "
            "includes by -r and -c, or an https address that the worker's pip reads; or a lock, `pylock.toml` or "
            "`pylock.NAME.toml`, local or at an https address. Default: `requirements.txt` in the app's wwwroot, "
            "else `pylock.toml` there.",
        )
        context.argument(
            "constraint",
            options_list=["--constraint", "-c"],
            help="Local constraints file, uploaded for this installation.",
        )
        context.argument("require_hashes", action="store_true", help="Refuse packages without a matching hash.")
        context.argument(
            "restore",
            action="store_true",
            help="When pip fails, put the packages that it changed back to their previous versions.",
        )

    for command in ("install-requirements", "package vendor"):
        with loader.argument_context(f"webapp python {command}") as context:
            context.argument(
                "wheel_dir",
                help="Local folder of wheels for pip, in addition to the index. Wheels that match the Python and "
                "are not on the app yet are uploaded. They stay there for "
                "90 days after their last use, up to 4 GB in all.",
            )
            context.argument("no_index", action="store_true", help="Do not use a package index, only the wheels.")


def _pip(loader):
    """Options of pip, for every command that runs it."""
    from azure.cli.core.commands.parameters import get_enum_type

    for command in ("install-requirements", "package"):
        with loader.argument_context(f"webapp python {command}") as context:
            context.argument(
                "upgrade",
                action="store_true",
                help="Upgrade the named packages to the newest versions that the requirements allow.",
            )
            context.argument("pre", action="store_true", help="Allow pre-releases and development versions.")
            context.argument("no_deps", action="store_true", help="Do not install dependencies of the named packages.")
            context.argument(
                "only_binary",
                help="Packages to install from wheels only, comma-separated; `:all:` for "
                "all of them, so that nothing is built on the worker.",
            )
            context.argument(
                "index_url", help="Package index to use instead of pip's default. May contain credentials."
            )
            context.argument(
                "extra_index_url",
                nargs="+",
                help="Additional package indexes, space-separated. May contain credentials.",
            )
            context.argument("proxy", help="Proxy for pip on the worker. May contain credentials.")
            context.argument(
                "uploaded_prior_to",
                help="Use only packages that were uploaded before that: whole days or weeks ago, `P7D` or `P2W`, or a "
                "date, `2026-11-01`, in UTC. Days need pip 26.1 or uv, a date pip 26.0 or uv, and the index has to "
                "say when files were uploaded, as PyPI does.",
            )
            context.argument(
                "pip_args",
                help="More options of `pip install` in one argument, quoted as for a POSIX "
                'shell: `--pip-args="--prefer-binary --retries 3"`.',
            )
            context.argument(
                "installer",
                arg_type=get_enum_type(["auto", "pip", "uv"]),
                default="auto",
                help="Program that installs the packages. `uv` is faster, and is used only where nothing runs from the "
                "Python and where it does the same as pip; otherwise pip is used, and the message on standard "
                "error says why. `auto`: uv in an environment, with pip when it fails; pip in a runtime.",
            )
            context.argument(
                "stop_app",
                arg_type=get_enum_type(["auto", "always", "never"]),
                default="auto",
                help="Stop the app while pip runs. `auto`: only if it locks files that pip must replace.",
            )
            context.argument(
                "detach",
                options_list=["--no-wait"],
                action="store_true",
                help="Return as soon as pip has started; `job wait` re-attaches.",
            )
            context.argument(
                "timeout", type=int, help="Seconds to wait for pip, which keeps running after that. Default: no limit."
            )


def _packages(loader):
    """Options of the package commands."""
    from azure.cli.core.commands.parameters import get_enum_type

    from azext_pythonapp._completers import package_completer

    with loader.argument_context("webapp python package") as context:
        context.argument("packages", nargs="+", completer=package_completer, help="Packages, space-separated.")

    with loader.argument_context("webapp python package freeze") as context:
        context.argument(
            "freeze_format",
            options_list=["--format"],
            arg_type=get_enum_type(["requirements", "pylock"]),
            default="requirements",
            help="`pylock`: a lock (pylock.toml) with the file of each package, its address and its hash, for the "
            "Python of the app. They are asked of the package index, from this machine.",
        )
        context.argument(
            "index_url",
            help="Package index that has the files. Default: that of this machine's settings of pip, else PyPI. May "
            "contain credentials, which do not get into the lock.",
        )
        context.argument(
            "extra_index_url",
            nargs="+",
            help="More indexes, space-separated, for packages that the first one does not have.",
        )
        context.argument("output_file", help="Also write the lock into this file, `pylock.toml` or `pylock.NAME.toml`.")

    with loader.argument_context("webapp python package vendor") as context:
        context.argument(
            "requirement",
            options_list=["--requirement", "-r"],
            help="Local requirements file. Default: `requirements.txt` in the app's wwwroot.",
        )
        context.argument("constraint", options_list=["--constraint", "-c"], help="Local constraints file.")
        context.argument(
            "target",
            help="Local folder to create. A folder that this command created before is replaced as a "
            "whole; any other folder is refused.",
        )
        context.argument(
            "app_path", help="Path of that folder below the app's wwwroot once deployed. Default: its name."
        )
        context.argument(
            "upgrade",
            action="store_true",
            help="Look for newer versions that the requirements allow, even though the folder satisfies them.",
        )
        context.argument("timeout", type=int, help="Seconds to wait for pip. Default: no limit.")

    with loader.argument_context("webapp python package install") as context:
        context.argument(
            "packages", nargs="+", help='Packages, space-separated, as in a requirements file: `flask "six>=1.16,<2"`.'
        )


def _jobs(loader):
    """Options of the job commands."""
    from azext_pythonapp._completers import job_id_completer

    with loader.argument_context("webapp python job log") as context:
        context.argument(
            "follow", options_list=["--follow", "-f"], action="store_true", help="Keep printing until the job ends."
        )

    with loader.argument_context("webapp python job") as context:
        context.argument("job_id", completer=job_id_completer, help="Id of the job. Default: the newest.")

    with loader.argument_context("webapp python job wait") as context:
        context.argument(
            "timeout", type=int, help="Seconds to wait; the job keeps running after that. Default: no limit."
        )


def _history(loader):
    """Options of the history commands."""
    from azext_pythonapp._completers import change_id_completer

    with loader.argument_context("webapp python history list") as context:
        context.argument("top", type=int, help="List only so many changes, the newest. Default: all that are kept.")

    with loader.argument_context("webapp python history show") as context:
        context.argument(
            "change_id",
            completer=change_id_completer,
            help="Id of the change, as `history list` and `changeId` have it, or its beginning. Default: the newest.",
        )
