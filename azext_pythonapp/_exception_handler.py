"""The one place where errors become az's error types and exit codes: 1 failed, 2 wrong arguments, 3 not found."""

import sys


def exit_with(error):
    """End a command that raised.

    error: any exception. A PythonAppError is raised again as the azclierror type that says the same, with the
    recommendation; InvalidInput ends the process with exit code 2, which az itself keeps for its own parser;
    everything else goes on unchanged to az. A message may hold text from elsewhere: control characters in it, and what
    is secret in addresses, are not shown.
    """
    from azure.cli.core import azclierror

    from azext_pythonapp import errors
    from azext_pythonapp.plain_text import plain, plain_line
    from azext_pythonapp.url_secrets import masked

    if isinstance(error, errors.PythonAppError):
        recommendation = masked(plain_line(error.recommendation)) if error.recommendation else None
        # Scripts take the last of several lines as the recommendation (docs/json-output.md).
        lines = masked(plain(error.message)).split("\n")
        message = ("\n" if recommendation else " ").join(filter(None, lines))
    if isinstance(error, errors.InvalidInput):
        wrong = azclierror.InvalidArgumentValueError(message, recommendation)
        wrong.print_error()
        wrong.send_telemetry()
        sys.exit(2)
    if isinstance(error, errors.PythonAppError):
        kinds = {
            errors.NotFound: azclierror.ResourceNotFoundError,
            errors.AccessDenied: azclierror.ForbiddenError,
            errors.Unreachable: azclierror.AzureConnectionError,
            errors.UnknownOutcome: azclierror.AzureConnectionError,
            errors.Interrupted: azclierror.ManualInterrupt,
            errors.PlatformFailed: azclierror.AzureResponseError,
            errors.RemoteFailed: azclierror.AzureResponseError,
        }
        kind = kinds.get(type(error), azclierror.ValidationError)
        raise kind(message, recommendation) from error
    raise error
