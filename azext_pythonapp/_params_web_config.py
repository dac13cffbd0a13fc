"""The options of the web-config commands."""


def load_web_config(loader, name):
    """Load the options of the web-config commands. name: the argument type of --name."""
    from azure.cli.core.commands.parameters import get_enum_type

    from azext_pythonapp._completers import installed_version_completer

    with loader.argument_context("webapp python web-config") as context:
        context.argument(
            "resource_group_name",
            help="Name of the resource group. Not needed with --file, or a resource id in --name.",
        )
        context.argument("webapp_name", name, required=False)
        context.argument(
            "file",
            options_list=["--file", "-f"],
            help="Work on this local web.config, in the folder of the app's files, without Azure.",
        )
        context.argument(
            "version",
            completer=installed_version_completer,
            help="Installed Python to start: `3.13` or `3.13.2`. Default: the one that "
            "web.config starts, else the app's only one.",
        )
        context.argument(
            "python_path", help="python.exe on the worker, instead of --version: `D:\\home\\python364x64\\python.exe`."
        )
        context.argument(
            "handler",
            arg_type=get_enum_type(["auto", "fastcgi", "httpplatform"]),
            default="auto",
            help="How IIS starts Python. `auto` keeps the handler that web.config has.",
        )
        context.argument(
            "app",
            options_list=["--app"],
            help="Entry point of the app: `MODULE:OBJECT`, `MODULE:FACTORY()`, or a Streamlit script. "
            "Default: what web.config or else the app setting WSGI_HANDLER says; else it is "
            "detected in the app's files.",
        )
        context.argument("startup_command", help="Arguments for python.exe under HttpPlatform.")
        context.argument(
            "environment",
            options_list=["--env"],
            nargs="+",
            help="Environment variables, space-separated: `KEY=VALUE`. Others are kept. For FastCGI they are "
            "appSettings. Keep secrets in the app's own settings.",
        )
        context.argument("output_file", help="Write the result to this local file instead of the app.")
    _http_platform(loader)


def _http_platform(loader):
    """Attributes of httpPlatform."""
    from azure.cli.core.commands.parameters import get_enum_type

    with loader.argument_context("webapp python web-config", arg_group="HttpPlatform") as context:
        context.argument(
            "startup_time_limit",
            type=int,
            help="Seconds until the app must listen (startupTimeLimit): 0 to 3600. Default for a new handler: 120.",
        )
        context.argument(
            "startup_retry_count", type=int, help="Number of start attempts (startupRetryCount): 0 to 100."
        )
        context.argument(
            "rapid_fails",
            type=int,
            help="Crashes per minute after which it is no longer started (rapidFailsPerMinute): 0 to 100.",
        )
        context.argument(
            "request_timeout", help="Longest wait for a response (requestTimeout), in whole minutes: `00:05:00`."
        )
        context.argument(
            "processes",
            type=int,
            help="Number of processes (processesPerApplication): 1 to 100. They do not share memory.",
        )
        context.argument(
            "stdout_log",
            help="File for what the app prints, without the suffix that is added to it "
            "(stdoutLogFile), or `none`: `%%HOME%%\\LogFiles\\python`.",
        )
        context.argument(
            "windows_auth_token",
            arg_type=get_enum_type(["true", "false"]),
            help="Pass Windows sign-in tokens to the app (forwardWindowsAuthToken).",
        )
