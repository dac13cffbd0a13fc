"""az's own parser, without what it would run. A program for az's Python: it reads a command line of JSON words on each
line of standard input, and answers each with a line of JSON: null, or what az says against it."""

from __future__ import annotations

import contextlib
import io
import json
import sys

from azure.cli.core import get_default_cli
from azure.cli.core.commands import AzCliCommandInvoker


class Parsing(AzCliCommandInvoker):
    """An az command up to the point at which it would begin: loaded, parsed, and its arguments validated."""

    def _run_jobs_serially(self, jobs, ids):
        return [], []

    def _run_jobs_concurrently(self, jobs, ids):
        return [], []

    def resolve_warnings(self, cmd, parsed_args):
        """Say nothing."""

    def resolve_confirmation(self, cmd, parsed_args):
        """Ask nothing."""

    def _validate_cmd_level(self, ns, cmd_validator):
        """Validators of a whole command ask Azure."""


def complaint(cli, words):
    """Return what az says when it parses a command line, None when it accepts it."""
    cli.invocation = Parsing(
        cli_ctx=cli, parser_cls=cli.parser_cls, commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls
    )
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            cli.invocation.execute(list(words))
    except SystemExit as end:
        return (said.getvalue().strip() or f"exit code {end.code}") if end.code else None
    except Exception as error:  # whatever az would print
        return f"{type(error).__name__}: {error}"
    return None


def main():
    """Answer until standard input ends."""
    cli = get_default_cli()
    answers = sys.stdout
    for line in sys.stdin:
        words = json.loads(line)
        print(json.dumps(complaint(cli, words)), file=answers, flush=True)


if __name__ == "__main__":
    main()
