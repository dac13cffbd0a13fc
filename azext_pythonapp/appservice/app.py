"""An opened app or slot: everything an operation needs to read and change it."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
from requests.cookies import RequestsCookieJar

from azext_pythonapp import advice
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_pipeline import connect
from azext_pythonapp.appservice.connections import Connections, EnvironmentProxies
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.appservice.outcome import is_permanent
from azext_pythonapp.appservice.site import Site, site_label
from azext_pythonapp.errors import PlatformFailed, PythonAppError
from azext_pythonapp.plan import Change

PUBLIC_PAUSES = (1.0, 2.0)
# A page of python.org's feed has less than a tenth of it.
PUBLIC_LARGEST = 50_000_000


class Progress(Protocol):
    """Where an operation reports its progress: the user's terminal, and standard output for data only."""

    def say(self, message: str) -> None:
        """Print one line about a step that starts or has ended."""

    def output(self, line: str) -> None:
        """Print one line of output of a program on the worker."""

    def status(self, text: str | None) -> None:
        """Show the current activity on a terminal's last line; None clears it."""

    def transfer(self, what: str, done: int, total: int) -> None:
        """Show on a terminal's last line how far an upload is, in bytes."""

    @property
    def seconds(self) -> float:
        """Return the seconds since the command began."""

    def phase(self, title: str) -> AbstractContextManager[None]:
        """Print the title, and show on a terminal that work goes on until the block ends."""

    def show_plan(
        self, label: str, now: str | None, changes: Sequence[Change], *, dry_run: bool, warnings: Sequence[str] = ()
    ) -> None:
        """Show a plan: before the question, or, in a dry run, as the last thing on the screen."""

    def conclude(self, *lines: str | None) -> None:
        """Print lines as the last thing on the screen, behind the command's answer."""

    def conclude_changes(self, heading: str, changes: Sequence[Change]) -> None:
        """Print a sentence and rows of changes, with their diffs, behind the command's answer."""

    def diff(self, text: str) -> None:
        """Show a unified diff as the last thing on the screen of a terminal."""

    def data(self, line: str) -> None:
        """Print one line of the requested data to standard output."""

    def confirm(self, question: str) -> None:
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when the user cannot be prompted."""


@dataclass(frozen=True)
class Principal:
    """Who az is signed in as: a user's name or a service principal's id, and the object id; "" for not known."""

    name: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class App:
    """An app or slot with its Resource Manager, SCM site, web session without credentials, and progress.

    command: the user's, to paste again, without secrets; None when it is not known.
    left: the changes that this command left to go on in Azure, by their ids; it has said how they are finished.
    fingerprint: tells whether the same command is run again (`advice.fingerprint`); "" when it is not known.
    looks: what tells the change that was interrupted before this command (`LeftChange`); empty where nobody looked.
    no_lease: set when the command that asks the Pythons saw that no change of the app was left, nor is being made.
    one_of_many: whether the command works on more apps: what the SCM site knows is then not asked of Resource Manager,
    which limits the requests.
    user: returns the name of who az is signed in as; "" when that is not known. principal: it and the object id.
    """

    site: Site
    arm: Arm
    kudu: Kudu
    web: requests.Session
    progress: Progress
    command: str | None = None
    fingerprint: str = ""
    user: Callable[[], str] = field(default=lambda: "", repr=False, compare=False)
    principal: Callable[[], Principal] = field(default=Principal, repr=False, compare=False)
    left: set[str] = field(default_factory=set, repr=False, compare=False)
    looks: list[Callable[[], Any]] = field(default_factory=list, repr=False, compare=False)
    no_lease: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    one_of_many: bool = field(default=False, compare=False)
    _said: set[str] = field(default_factory=set, repr=False, compare=False)

    def say_once(self, sentence: str) -> None:
        """Print a sentence, unless it was printed before."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.progress.say(sentence)

    @property
    def page_address(self) -> str:
        """Return https://<host>, without a path."""
        return f"https://{self.site.host}"


def open_app(
    cli_ctx: Any,
    resource_group: str,
    name: str,
    slot: str | None,
    progress: Progress,
    command: str | None = None,
    fingerprint: str = "",
    shared: Connections | None = None,
) -> App:
    """Look up an app or slot and connect to its SCM site.

    command: the user's, as messages advise to give it again; None when it is not known. fingerprint: of it.
    shared: the connections of a command that works on many apps; az's data then names the app's subscription.
    Raises NotFound, Refused (Linux), AccessDenied, Unreachable or PlatformFailed.
    """

    def token() -> str:
        return bearer_token(cli_ctx) if shared is None else shared.token(subscription)

    def session() -> requests.Session:
        if shared is None:
            return web_session(cli_ctx)
        opened = web_session(cli_ctx, shared.proxies)
        shared.share_tls(opened)
        return opened

    subscription = str(cli_ctx.data.get("subscription_id") or "")
    arm = connect(cli_ctx, progress.say) if shared is None else shared.arm(subscription, progress.say)
    # Names from `az configure --defaults` are objects that az's JSON output would serialize as such: make them plain.
    site = arm.open_site(str(resource_group), str(name), str(slot) if slot else None)
    credentials = ScmCredentials(site.scm_host, token, lambda: arm.publishing_credentials(site))
    kudu = Kudu(session(), site.scm_host, credentials, site.label, progress.say)
    return App(
        site,
        arm,
        kudu,
        session(),
        progress,
        command,
        fingerprint,
        lambda: _user(cli_ctx),
        lambda: Principal(_user(cli_ctx), _object_id(token)),
        one_of_many=shared is not None,
    )


@contextmanager
def naming(
    name: str | None, slot: str | None, resource_group: str | None = None, subscription: str | None = None
) -> Iterator[None]:
    """Make every error, and the commands that it advises, name the app, also when raised by code that knows no app.

    name: None for a command without an app. subscription: the one given on the command line.
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


class _Cookies(RequestsCookieJar):
    """Cookies that one thread can read while the answer to another one sets some."""

    _cookies_lock: threading.RLock  # of http.cookiejar, which takes it to set them

    def __iter__(self) -> Iterator[Any]:
        with self._cookies_lock:
            return iter(list(super().__iter__()))


class _Session(requests.Session):
    """A session that several threads can use, and whose own `verify` applies to each request.

    By default, requests prefers REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE to a session's `verify`, so that
    AZURE_CLI_DISABLE_CONNECTION_VERIFICATION would have no effect where a bundle is set as well. az passes `verify`
    with each request for that reason (azure.cli.core.util.send_raw_request).

    environment: the proxies that it names.
    """

    __attrs__ = [*requests.Session.__attrs__, "_environment"]  # what a copy has, too

    def __init__(self, environment: EnvironmentProxies) -> None:
        super().__init__()
        self._environment = environment

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Return the settings of one request; `verify` True still means the bundle that the environment names."""
        verify = self.verify if verify is None else verify
        if not self.trust_env or proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        if verify is True:
            verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        return {
            "proxies": {**self.proxies, **self._environment.of(url)},
            "stream": self.stream if stream is None else stream,
            "verify": verify,
            "cert": self.cert if cert is None else cert,
        }


def web_session(cli_ctx: Any, proxies: EnvironmentProxies | None = None) -> requests.Session:
    """Return a requests session with az's user agent, request id and TLS setting.

    proxies: those of the environment, where they were read already; None to read them at its first request.
    """
    from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify

    session = _Session(proxies or EnvironmentProxies())
    session.cookies = _Cookies()
    session.verify = not should_disable_connection_verify()
    session.headers["User-Agent"] = get_az_user_agent()
    request_id = (cli_ctx.data.get("headers") or {}).get("x-ms-client-request-id")
    if request_id:
        session.headers["x-ms-client-request-id"] = request_id
    return session


def fetch_json(session: requests.Session, url: str, sleep: Callable[[float], None] = time.sleep) -> Any:
    """Return a public JSON document; retried twice on transient errors.

    Raises PlatformFailed when it cannot be read, also when it is far too large or a redirection left https.
    """
    for pause in (*PUBLIC_PAUSES, None):
        try:
            with session.get(url, timeout=60, stream=True) as response:
                response.raise_for_status()
                return json.loads(_body(url, response))
        except (requests.RequestException, ValueError, RecursionError) as error:
            status = error.response.status_code if isinstance(error, requests.HTTPError) else 500
            if pause is None or is_permanent(error) or status < 500 and status not in (408, 429):
                raise PlatformFailed(
                    f"{url} could not be read: {error}",
                    "Name an app with -g and -n to ask the gallery through its own SCM site.",
                ) from error
            sleep(pause)
    raise AssertionError("the last try returns or raises")


def _body(url: str, response: requests.Response) -> bytes:
    """Return the body of a public document. Raises PlatformFailed for one that is not to be read to its end."""
    if url.startswith("https://") and not response.url.startswith("https://"):
        raise PlatformFailed(f"{url} leads to {response.url.partition('?')[0]}, which is not an https address.")
    content = bytearray()
    for chunk in response.iter_content(1 << 16):
        content += chunk
        if len(content) > PUBLIC_LARGEST:
            raise PlatformFailed(f"{url} could not be read: it is larger than {PUBLIC_LARGEST // 1_000_000} MB.")
    return bytes(content)


def _user(cli_ctx: Any) -> str:
    """Return who az is signed in as: a user's name or the id of a service principal; "" when az does not say."""
    from azure.cli.core._profile import Profile
    from knack.util import CLIError

    try:
        account = Profile(cli_ctx=cli_ctx).get_subscription(cli_ctx.data.get("subscription_id"))
    except CLIError:
        return ""
    return str((account.get("user") or {}).get("name") or "")


def _object_id(token: Callable[[], str]) -> str:
    """Return the object id of who az is signed in as, from the token that it has anyway; "" when it names none.

    token: returns that. Source: the claim `oid` of access tokens (docs/platform/az-extension.md 4.6).
    """
    try:
        payload = token().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims.get("oid") or "")
    except Exception:  # pylint: disable=broad-except  # whatever az raises without a token: it is not known then
        return ""


def bearer_token(cli_ctx: Any, subscription: str | None = None) -> str:
    """Return a token for App Service, requested like az's own SCM commands do (docs/platform/az-extension.md 4.6).

    subscription: the id of one in whose directory it is valid; None for the one that the command names, or az's.
    """
    from azure.cli.core._profile import Profile
    from azure.cli.core.cloud import CloudEndpointNotSetException

    try:
        resource = cli_ctx.cloud.endpoints.app_service_resource_id
    except (AttributeError, CloudEndpointNotSetException):
        resource = cli_ctx.cloud.endpoints.active_directory_resource_id
    subscription = subscription or cli_ctx.data.get("subscription_id")
    credentials, _, _ = Profile(cli_ctx=cli_ctx).get_raw_token(resource=resource, subscription=subscription)
    return str(credentials[1])
