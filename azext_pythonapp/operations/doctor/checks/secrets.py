"""Secrets in web.config, which is among the sources, and which whoever deploys the app can read."""

from __future__ import annotations

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.operations.doctor.check import Fix, Result, check, passed, skipped, warned
from azext_pythonapp.operations.doctor.moved_secrets import move_secrets
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.webconfig.secrets import Secret, secrets_in

MOST_NAMED = 5


@check("web-config-secrets", "web.config holds no secrets")
def web_config_secrets(sight: Sight) -> Result:
    """Names and values of appSettings and environmentVariables. A value is never shown."""
    if sight.web_config is None:
        return passed("There is no web.config.")
    try:
        found = secrets_in(sight.web_config)
    except InvalidWebConfig as error:
        return skipped(f"web.config cannot be read: {error.message}")
    if not found:
        return passed("No name and no value of its settings looks like a secret.")
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return warned(
        f"{', '.join(map(_told, found[:MOST_NAMED]))}{more} of web.config may be secret. In an app setting of the same "
        "name the app gets it as well, and the sources do not have it.",
        Fix(sight.python("doctor", "--check web-config-secrets --fix --yes"), move_secrets),
    )


def _told(secret: Secret) -> str:
    return f"line {secret.line} ({secret.name} in {secret.section})"
