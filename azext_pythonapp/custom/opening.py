"""Open the app that a command names, and the terminal that it talks to."""

import sys
from contextlib import contextmanager


@contextmanager
def app_named(cmd, resource_group_name, webapp_name, slot, otherwise="Leave both out to ask the public gallery."):
    """Every error from within names the app; what is yielded opens it, once the options have been read."""
    from azext_pythonapp.appservice.app import naming, open_app
    from azext_pythonapp.errors import InvalidInput

    def opened():
        if not resource_group_name or not webapp_name:
            raise InvalidInput("Both --resource-group and --name are needed to name an app.", otherwise)
        return open_app(cmd.cli_ctx, resource_group_name, webapp_name, slot, console(cmd))

    # Read before anything else: az puts the default subscription there when the command line gives none.
    subscription = cmd.cli_ctx.data.get("subscription_id")
    with naming(webapp_name, slot, resource_group_name, subscription):
        yield opened


def console(cmd):
    from azext_pythonapp.console import Console

    never_ask = cmd.cli_ctx.config.getboolean("core", "disable_confirm_prompt", fallback=False)
    return Console(cmd.cli_ctx.only_show_errors, never_ask, lambda function: _after_answer(cmd.cli_ctx, function))


def _after_answer(cli_ctx, function):
    """Call a function once az has printed the command's answer, also when that could not be printed."""
    from knack.events import EVENT_CLI_POST_EXECUTE

    def once(cli):
        cli.unregister_event(EVENT_CLI_POST_EXECUTE, once)
        try:
            sys.stdout.flush()
        except OSError:
            pass  # nobody reads the answer any more
        function()

    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, once)
