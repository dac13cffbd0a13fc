"""Whether the SCM site can be used from here."""

from __future__ import annotations

from datetime import timedelta

from azext_pythonapp.errors import AccessDenied, PythonAppError
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned
from azext_pythonapp.operations.doctor.sight import Sight

# Entra ID's servers take five minutes of difference for granted, more or less (docs/platform/az-extension.md 4.6).
MOST_SKEW = timedelta(minutes=5)


@check("scm-access", "The SCM site can be reached and lets you in")
def scm_access(sight: Sight) -> Result:
    """Reads %HOME%, by the SCM site."""
    try:
        home = sight.home
    except AccessDenied as error:
        return failed(_said(error), _way_in(sight, error))
    except PythonAppError as error:
        return failed(_said(error))
    return passed(f"{sight.site.scm_host} answers; %HOME% is {home}.{_basic(sight)}")


@check("clock", "This machine's clock agrees with Azure's")
def clock(sight: Sight) -> Result:
    """By the Date header of the SCM site's answers."""
    _ = sight.home
    ahead = sight.clock_difference
    if ahead is None:
        return skipped("The SCM site's answers have no time.")
    seconds = abs(ahead.total_seconds())
    if abs(ahead) <= MOST_SKEW:
        return passed(f"The clocks differ by {seconds:.0f} s.")
    way = "behind" if ahead > timedelta() else "ahead of"
    return warned(
        f"This machine's clock is {seconds / 60:.0f} minutes {way} Azure's, so sign-ins may be refused. Let it take "
        "its time from the network."
    )


def _said(error: PythonAppError) -> str:
    return " ".join(filter(None, (error.message, error.recommendation)))


def _way_in(sight: Sight, error: AccessDenied) -> Fix | None:
    """Return how to be let in, where a command does it: a stopped app, or no sign-in at all."""
    if sight.site.stopped and "(403)" in error.message:
        return Fix(sight.az("webapp start"))
    return Fix("az login") if not error.signed_in else None


def _basic(sight: Sight) -> str:
    try:
        allowed = sight.basic_allowed
    except PythonAppError:
        return ""
    if allowed is None:
        return ""
    state = "on" if allowed else "off, which does no harm: the sign-in uses a token"
    return f" Basic authentication is {state}."
