"""The exceptions that this extension raises on purpose.

PythonAppError                what went wrong, in one sentence, and what to do next
├── InvalidInput              the command's arguments or local files are wrong                exit code 2
├── NotFound                  the requested app, runtime, job, file or version does not exist exit code 3
├── Conflict                  something else changed or locked it at the same time            exit code 1
├── Refused                   the app's state makes the request unsafe or impossible          exit code 1
├── InvalidWebConfig          the app's web.config cannot be edited safely                    exit code 1
├── AccessDenied              Azure refused the caller's credentials                          exit code 1
├── Unreachable               there was no answer                                             exit code 1
├── PlatformFailed            Azure answered with an error or with invalid data               exit code 1
├── RemoteFailed              a program on the worker failed                                  exit code 1
├── UnknownOutcome            the connection was cut: it may or may not have happened         exit code 1
└── Interrupted               the user pressed Ctrl-C                                         exit code 1

Only `azext_pythonapp/_exception_handler.py` turns them into azclierror types and exit codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class PythonAppError(Exception):
    """What went wrong, in one sentence, and what to do next.

    message: what happened and why, one sentence that names the app where one is involved.
    recommendation: what to do next, if possible a command to paste; None for no advice.
    """

    def __init__(self, message: str, recommendation: str | None = None):
        super().__init__(message)
        self.message = message
        self.recommendation = recommendation

    def precede(self, prefix: str) -> None:
        """Put a prefix, such as the app's name, in front of the message."""
        self.message = prefix + self.message
        self.args = (self.message,)

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Replace the message and the recommendation. change: takes and returns a text."""
        self.message = change(self.message)
        self.recommendation = change(self.recommendation) if self.recommendation is not None else None
        self.args = (self.message,)

    def extend(self, sentences: Sequence[str]) -> None:
        """Append sentences to the message: what was undone, and what is different now."""
        self.message = " ".join([self.message, *sentences])
        self.args = (self.message,)


class InvalidInput(PythonAppError):
    """The command's arguments or local files are wrong."""


class NotFound(PythonAppError):
    """The requested app, runtime, job, file or version does not exist."""


class Conflict(PythonAppError):
    """Something else changed or locked it at the same time."""


class Refused(PythonAppError):
    """The app's state makes the request unsafe or impossible."""


class InvalidWebConfig(PythonAppError):
    """The app's web.config cannot be edited safely."""


class AccessDenied(PythonAppError):
    """Azure refused the caller's credentials.

    signed_in: False when az has none, so that any other request would fail the same way.
    """

    signed_in = True


class Unreachable(PythonAppError):
    """There was no answer.

    permanent: whether a retry would fail the same way, as with a certificate that is not trusted.
    """

    permanent = False


class PlatformFailed(PythonAppError):
    """Azure answered with an error or with invalid data."""


class RemoteFailed(PythonAppError):
    """A program on the worker failed."""


class UnknownOutcome(PythonAppError):
    """The connection was cut: the work may or may not have happened."""


class Interrupted(PythonAppError):
    """The user pressed Ctrl-C. The message says what runs now and what goes on in Azure."""
