"""Commands about the Python part of an app's web.config, or of a local one."""

from contextlib import contextmanager

from azext_pythonapp.custom.opening import app_named, console, output_format
from azext_pythonapp.custom.printed import version_as_printed
from azext_pythonapp.custom.shared_options import with_options_of


def show_web_config(cmd, resource_group_name=None, webapp_name=None, slot=None, file=None):
    from azext_pythonapp.operations.web_config import show_set_diff

    with _opened(cmd, resource_group_name, webapp_name, slot, file) as opened:
        answer = show_set_diff.show_web_config(opened())
        if output_format(cmd) == "table":
            # The table has room only for their number.
            console(cmd).conclude(*(f"Warning: {warning}" for warning in answer["warnings"]))
        return answer


def _request(
    output_file=None,
    *,
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
    """Return what web.config is to say, read and checked. output_file: what is written instead; None for nothing."""
    from azext_pythonapp.operations.web_config.handler import HandlerOptions
    from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest

    version, architecture = version_as_printed(version, architecture)
    platform = PlatformOptions.from_options(
        startup_time_limit=startup_time_limit,
        stdout_log=stdout_log,
        attributes={
            "startupRetryCount": startup_retry_count,
            "rapidFailsPerMinute": rapid_fails,
            "requestTimeout": request_timeout,
            "processesPerApplication": processes,
            "forwardWindowsAuthToken": windows_auth_token.lower() if windows_auth_token else None,
        },
    )
    return WebConfigRequest.from_options(
        version=version,
        architecture=architecture,
        python_path=python_path,
        handler=HandlerOptions.from_options(handler=handler, startup_command=startup_command),
        app=app,
        platform=platform,
        environment=environment or (),
        static=static_path or (),
        output=output_file,
    )


@with_options_of(_request)
def set_web_config(
    cmd, resource_group_name=None, webapp_name=None, slot=None, file=None, output_file=None, dry_run=False, **settings
):
    from azext_pythonapp.operations.web_config import show_set_diff

    with _opened(cmd, resource_group_name, webapp_name, slot, file) as opened:
        request = _request(output_file, **settings)
        return show_set_diff.set_web_config(opened(), request, dry_run)


@with_options_of(_request)
def diff_web_config(cmd, resource_group_name=None, webapp_name=None, slot=None, file=None, **settings):
    from azext_pythonapp.operations.web_config import show_set_diff

    with _opened(cmd, resource_group_name, webapp_name, slot, file) as opened:
        request = _request(**settings)
        target = opened()
        answer = show_set_diff.diff_web_config(target, request)
        if not answer["changed"]:
            target.progress.say(f"web.config of {target.files.label} would not change.")
        elif output_format(cmd) not in ("table", "tsv"):  # which show it already
            console(cmd).diff(answer["diff"])
        return answer


@contextmanager
def _opened(cmd, resource_group_name, webapp_name, slot, file):
    """As app_named, for the commands that work on a local file as well; what is yielded opens the one or the other."""
    from pathlib import Path

    from azext_pythonapp.operations.web_config import target

    if file is not None:
        yield lambda: target.FileTarget(Path(file), console(cmd))
        return
    with app_named(cmd, resource_group_name, webapp_name, slot, "Or name a local web.config with `--file`.") as opened:
        yield lambda: target.AppTarget(opened())
