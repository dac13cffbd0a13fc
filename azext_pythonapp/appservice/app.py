"""One app or slot, opened: everything an operation needs to look at it and to change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests

from azext_pythonapp import advice
from azext_pythonapp.appservice.arm import Arm, Site, site_label
from azext_pythonapp.appservice.arm_pipeline import connect
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.appservice.outcome import is_hopeless
from azext_pythonapp.errors import PlatformFailed, PythonAppError

PUBLIC_PAUSES = (1.0, 2.0)


class Progress(Protocol):
    """Where an operation says what it is doing: a person's terminal, and standard output for data only."""

    def say(self, message: str) -> None:
        """One line about a step that begins or ended."""

    def output(self, line: str) -> None:
        """One line that a program on the worker printed."""

    def status(self, text: str | None) -> None:
        """What goes on at this moment, for a terminal's last line; None when nothing does any more."""

    def data(self, line: str) -> None:
        """One line of what was asked for, to standard output."""

    def confirm(self, question: str) -> None:
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when nobody can answer."""


@dataclass(frozen=True)
class App:
    """An app or slot with its Resource Manager, SCM site, plain web session and the place for progress."""

    site: Site
    arm: Arm
    kudu: Kudu
    web: requests.Session
    progress: Progress
    _said: set[str] = field(default_factory=set, repr=False, compare=False)

    def say_once(self, sentence: str) -> None:
        """Tell the person, unless that very sentence was told before."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.progress.say(sentence)

    @property
    def page_address(self) -> str:
        """https://<host>, without a path."""
        return f"https://{self.site.host}"


def open_app(cli_ctx: Any, resource_group: str, name: str, slot: str | None, progress: Progress) -> App:
    """Look an app or slot up and connect to its SCM site.

    Raises NotFound, Refused (Linux), AccessDenied, Unreachable or PlatformFailed.
    """
    arm = connect(cli_ctx, progress.say)
    # Names out of `az configure --defaults` are objects that az's JSON output would take apart: make them plain.
    site = arm.open_site(str(resource_group), str(name), str(slot) if slot else None)
    session = web_session(cli_ctx)
    credentials = ScmCredentials(
        site.scm_host, lambda: _bearer_token(cli_ctx), lambda: arm.publishing_credentials(site)
    )
    kudu = Kudu(session, site.scm_host, credentials, site.label, progress.say)
    return App(site, arm, kudu, web_session(cli_ctx), progress)


@contextmanager
def naming(
    name: str | None, slot: str | None, resource_group: str | None = None, subscription: str | None = None
) -> Iterator[None]:
    """See to it that an error names the app, and so do the commands that it advises, also one from code that knows of
    no app.

    name: None for a command that names no app. subscription: the one that the command line gave.
    """
    try:
        yield
    except PythonAppError as error:
        if name is not None and resource_group is not None:
            arguments = advice.options(resource_group, name, slot, subscription)
            error.rewrite(lambda text: advice.completed(text, arguments, subscription))
        if name is not None and f"'{name}'" not in error.message:
            label = site_label(name, slot)
            error.precede(f"{label[0].upper()}{label[1:]}: ")
        raise


class _Session(requests.Session):
    """A session whose own `verify` holds for each request.

    Without it, requests prefers REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE to a session's `verify`, so that
    AZURE_CLI_DISABLE_CONNECTION_VERIFICATION had no effect where a bundle is named as well. az passes it with each
    request for that reason (azure.cli.core.util.send_raw_request).
    """

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The settings of one request; True, as ever, means the bundle that the environment names."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)


def web_session(cli_ctx: Any) -> requests.Session:
    """A requests session with az's user agent, request id and TLS setting."""
    from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify

    session = _Session()
    session.verify = not should_disable_connection_verify()
    session.headers["User-Agent"] = get_az_user_agent()
    request_id = (cli_ctx.data.get("headers") or {}).get("x-ms-client-request-id")
    if request_id:
        session.headers["x-ms-client-request-id"] = request_id
    return session


def fetch_json(session: requests.Session, url: str, sleep: Callable[[float], None] = time.sleep) -> Any:
    """Get a public JSON document; tried again twice where the server or the network is in trouble.

    Raises PlatformFailed when there is none.
    """
    for pause in (*PUBLIC_PAUSES, None):
        try:
            response = session.get(url, timeout=60)
            response.raise_for_status()
            return response.json()
        except (requests.RequestException, ValueError) as error:
            status = error.response.status_code if isinstance(error, requests.HTTPError) else 500
            if pause is None or is_hopeless(error) or status < 500 and status not in (408, 429):
                raise PlatformFailed(
                    f"{url} could not be read: {error}",
                    "Name an app with -g and -n to ask the gallery through its own SCM site.",
                ) from error
            sleep(pause)
    raise AssertionError("the last try returns or raises")


def _bearer_token(cli_ctx: Any) -> str:
    """A token for App Service, as az's own SCM commands ask for it (docs/platform/az-extension.md 4.6)."""
    from azure.cli.core._profile import Profile
    from azure.cli.core.cloud import CloudEndpointNotSetException

    try:
        resource = cli_ctx.cloud.endpoints.app_service_resource_id
    except (AttributeError, CloudEndpointNotSetException):
        resource = cli_ctx.cloud.endpoints.active_directory_resource_id
    subscription = cli_ctx.data.get("subscription_id")
    credentials, _, _ = Profile(cli_ctx=cli_ctx).get_raw_token(resource=resource, subscription=subscription)
    return str(credentials[1])
