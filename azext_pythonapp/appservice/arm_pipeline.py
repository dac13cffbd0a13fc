"""The connection to Azure Resource Manager: az's own pipeline, with its sign-in, headers and TLS settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_budget import Send
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.credentials import token_failure
from azext_pythonapp.appservice.outcome import is_permanent, never_sent, parse_json
from azext_pythonapp.appservice.retry import Outage, retry_after_seconds
from azext_pythonapp.errors import PythonAppError, UnknownOutcome, Unreachable


def connect(cli_ctx: Any, say: Callable[[str], None] = lambda line: None) -> Arm:
    """Return Resource Manager for az's current subscription (or --subscription), through azure-mgmt-web's client.

    say: takes a line for the user when a request takes long.
    """
    from azure.cli.core.commands.client_factory import get_subscription_id

    # Read this first: get_subscription_id stores the default one there when --subscription was not given.
    given = cli_ctx.data.get("subscription_id")
    send = sender(cli_ctx)
    return Arm(
        send,
        cli_ctx.cloud.endpoints.resource_manager,
        get_subscription_id(cli_ctx),
        str(given) if given else None,
        Outage("Azure Resource Manager", say),
    )


def sender(cli_ctx: Any, subscription: str | None = None) -> Send:
    """Return the function that sends one request to Resource Manager, as `ArmRequests` takes it.

    subscription: the id of one, with whose directory (tenant) requests are signed; None for az's current one. The
    function works for all subscriptions of that directory.
    """
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.cli.core.profiles import ResourceType

    client = get_mgmt_service_client(cli_ctx, ResourceType.MGMT_APPSERVICE, subscription_id=subscription)
    # Public since azure-mgmt-web 11.0; the pipeline below it has been the same object in all versions that az
    # shipped since 2.75 (docs/platform/az-extension.md 4.1).
    send_request = getattr(client, "send_request", None)
    if send_request is None:
        send_request = client.web_apps._client.send_request  # pylint: disable=protected-access

    def send(method: str, url: str, query: dict[str, str], body: Any, secret: bool) -> ArmAnswer:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest
        from knack.util import CLIError
        from requests import RequestException

        try:
            response = send_request(
                HttpRequest(method, url, params=query, json=body), logging_enable=not secret, retry_total=0
            )
            text = response.content.decode("utf-8-sig", "replace")
        except AzureError as error:
            raise _failure(error) from error
        except (CLIError, RequestException) as error:  # from az's sign-in, which does not use the pipeline
            raise token_failure(error) from error
        retry_after = retry_after_seconds(response.headers.get("Retry-After"))
        headers = {name.lower(): value for name, value in response.headers.items() if name.lower().startswith("x-ms-")}
        return ArmAnswer(response.status_code, parse_json(text), text, retry_after, headers)

    return send


def _failure(error: Any) -> PythonAppError:
    """Return the error that an exception of azure-core means: no token, never sent, or a missing or incomplete answer.

    azure-core treats a connection through a proxy that ended before the answer as "never sent"; the exception of
    requests inside is more precise.
    """
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    if isinstance(error, ClientAuthenticationError):
        return token_failure(error)
    inner = error.inner_exception
    sent = not never_sent(inner) if isinstance(inner, Exception) else not isinstance(error, ServiceRequestError)
    if sent:
        return UnknownOutcome(
            f"The connection to Azure Resource Manager was cut before the answer came: {error.message}",
            "Run the command again; it first checks the current state.",
        )
    failure = Unreachable(
        f"Azure Resource Manager could not be reached: {error.message}", "Check the network and the proxy settings."
    )
    failure.permanent = is_permanent(inner)
    return failure
