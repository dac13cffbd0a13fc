"""Open the app that a command names, and the terminal that it talks to."""

import sys
from contextlib import contextmanager


class OptionsRead(Exception):
    """Raised in place of opening the app when only the options of a command are to be read and checked."""


@contextmanager
def app_named(cmd, resource_group_name, webapp_name, slot, otherwise=None):
    """Every error from within names the app; what is yielded opens it, once the options have been read.

    webapp_name, slot: in any form that `read_app_name` understands. otherwise: what to do without an app, for a command
    that can do without one.
    """
    from azext_pythonapp import advice
    from azext_pythonapp.appservice.app import naming, open_app
    from azext_pythonapp.appservice.app_name import read_app_name
    from azext_pythonapp.errors import Interrupted, InvalidInput
    from azext_pythonapp.operations.app.left_change import LeftChange

    lefts: list[LeftChange] = []
    one = getattr(cmd, "one_of_many", None)  # of custom/fleet.py, for a command on many apps
    # Read before anything else: az puts the default subscription there when the command line gives none.
    subscription = cmd.cli_ctx.data.get("subscription_id")
    named = read_app_name(
        resource_group_name, webapp_name, slot, subscription, getattr(resource_group_name, "is_default", False)
    )
    if named.subscription:
        cmd.cli_ctx.data["subscription_id"] = named.subscription

    def opened():
        if one is not None and one.rehearsal:
            raise OptionsRead
        if not named.resource_group or not named.name:
            required = {"--resource-group/-g": named.resource_group, "--name/-n": named.name}
            missing = ", ".join(option for option, value in required.items() if not value)
            name_both = otherwise or "Name both, or put the app's resource id into --name, or those of many into --ids."
            raise InvalidInput(f"The following arguments are required: {missing}.", name_both)
        app = open_app(
            cmd.cli_ctx,
            named.resource_group,
            named.name,
            named.slot,
            console(cmd),
            given(),
            advice.fingerprint(words, arguments()),
            *([one.connections] if one is not None else []),
        )
        lefts.append(LeftChange(app, late=one is not None and one.connections.reads))
        if one is not None:
            one.opened.append(app)
        return app

    words = sys.argv[1:] if one is None else one.words

    def arguments():
        return advice.options(named.resource_group or "", named.name or "", named.slot, named.subscription)

    def given():
        return advice.given(words, arguments(), named.subscription)

    # What is wrong with the options is wrong for all apps.
    about = (None, None) if one is not None and one.rehearsal else (named.name, named.slot)
    with naming(*about, named.resource_group, named.subscription):
        succeeded = False
        try:
            yield opened
            succeeded = True
        except KeyboardInterrupt as interrupt:  # whoever changes something turns it into an error that says what
            raise _interrupted(Interrupted("Interrupted. Nothing was changed."), given()) from interrupt
        except Interrupted as interrupted:
            _interrupted(interrupted, given())
            raise
        finally:
            for left in lefts:
                left.tell(succeeded)


def _interrupted(error, again):
    """Return the error of Ctrl-C with the advice to give the command again, unless it has another."""
    if error.recommendation is None and again:
        error.recommendation = f"Run the command again: `{again}`."
    return error


def said_if_empty(app, rows, sentence):
    """Return the rows of a list; when there are none, tell a person so, and what to do next.

    sentence: with {app} for the app's label and {options} for the options that name it.
    """
    if not rows:
        app.progress.say(sentence.format(app=app.site.label, options=app.site.arguments))
    return rows


def output_format(cmd):
    """Return what --output or az's configuration says: "json", "table", "tsv", …"""
    return cmd.cli_ctx.invocation.data["output"]


def console(cmd):
    from azext_pythonapp.console import Console

    one = getattr(cmd, "one_of_many", None)
    if one is not None:
        return one.progress
    never_ask = cmd.cli_ctx.config.getboolean("core", "disable_confirm_prompt", fallback=False)
    return Console(cmd.cli_ctx.only_show_errors, never_ask, lambda function: _after_answer(cmd.cli_ctx, function))


def fail_after_answer(cmd, reasons):
    """Let the command end with exit code 1 once its answer is printed, which is true and not all that was asked for.

    reasons: sentences, which the command's last lines have; with --only-show-errors, which shows none of those, they
    are printed as errors. Of many apps, the command for all of them ends so.
    """
    from azext_pythonapp.plain_text import plain_line
    from azext_pythonapp.streams import print_error
    from azext_pythonapp.url_secrets import masked

    one = getattr(cmd, "one_of_many", None)
    if one is not None:
        one.has_fault()
        return

    def end():
        for reason in reasons if cmd.cli_ctx.only_show_errors else ():
            print_error(f"ERROR: {masked(plain_line(reason))}\n")
        sys.exit(1)

    _after_answer(cmd.cli_ctx, end)


def _after_answer(cli_ctx, function):
    """Call a function once az has printed the command's answer, also when that could not be printed."""
    from knack.events import EVENT_CLI_POST_EXECUTE

    def once(cli):
        cli.unregister_event(EVENT_CLI_POST_EXECUTE, once)
        try:
            sys.stdout.flush()
        except (AttributeError, OSError, ValueError):
            pass  # nobody reads the answer any more, or standard output is closed
        function()

    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, once)
