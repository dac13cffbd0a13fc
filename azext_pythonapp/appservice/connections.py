"""What a command on many apps shares between them: sign-ins, clients of Resource Manager, the TLS context, the proxies.

For each app anew, these cost a tenth of a second of this machine's time, most of it for reading certificates
(docs/platform/az-extension.md 5.2 has how urllib3 takes them).
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_budget import ArmBudget, Send
from azext_pythonapp.appservice.arm_pipeline import sender
from azext_pythonapp.appservice.arm_requests import ArmRequests
from azext_pythonapp.appservice.many_sites import ManySites
from azext_pythonapp.appservice.retry import Outage

# How long a token is used before az is asked again; az returns only tokens that are valid for five more minutes.
TOKEN_SECONDS = 60.0


@dataclass(frozen=True)
class _Subscription:
    """send: to its Resource Manager, within its limits. many: its apps."""

    send: Send
    many: ManySites


class Connections:
    """The connections of a command to many apps. Several threads can use it at the same time.

    cli_ctx: az's. resource_ids: of the apps and slots, by subscription. get_token: returns the bearer token of the
    current sign-in for SCM sites of a subscription. say: takes one line for the user. reads: whether the command only
    reads.
    """

    def __init__(
        self,
        cli_ctx: Any,
        resource_ids: Mapping[str, Iterable[str]],
        get_token: Callable[[str], str],
        say: Callable[[str], None],
        reads: bool,
    ):
        self._cli_ctx = cli_ctx
        self._resource_ids = {key.lower(): list(ids) for key, ids in resource_ids.items()}
        self._get_token = get_token
        self._say = say
        self.reads = reads
        self._lock = threading.Lock()
        self._subscriptions: dict[str, _Subscription] = {}
        self._tokens: dict[str, tuple[float, str]] = {}
        self._signing_in: dict[str, threading.Lock] = {}
        self._tls = SharedTls()
        self.proxies = EnvironmentProxies()

    def arm(self, subscription: str, say: Callable[[str], None]) -> Arm:
        """Return Resource Manager for one app. say: takes a line for the user when a request takes long."""
        shared = self._subscription(subscription)
        endpoint = self._cli_ctx.cloud.endpoints.resource_manager
        outage = Outage("Azure Resource Manager", say)
        return Arm(shared.send, endpoint, subscription, subscription, outage, shared.many)

    def _subscription(self, subscription: str) -> _Subscription:
        key = subscription.lower()
        with self._signing_in_lock(f"arm {key}"):
            found = self._subscriptions.get(key)
            if found is None:
                send = ArmBudget(subscription, self._say).keeping(one_first(sender(self._cli_ctx, subscription)))
                requests_ = ArmRequests(send, self._cli_ctx.cloud.endpoints.resource_manager)
                many = ManySites(requests_, subscription, self._resource_ids.get(key, ()), self.reads)
                found = self._subscriptions[key] = _Subscription(send, many)
        return found

    def token(self, subscription: str) -> str:
        """Return the bearer token for the SCM sites of a subscription; az is asked once a minute for all of them."""
        key = subscription.lower()
        with self._signing_in_lock(f"token {key}"):
            known = self._tokens.get(key)
            if known is None or time.monotonic() - known[0] >= TOKEN_SECONDS:
                known = self._tokens[key] = time.monotonic(), self._get_token(subscription)
        return known[1]

    def _signing_in_lock(self, key: str) -> threading.Lock:
        with self._lock:
            return self._signing_in.setdefault(key, threading.Lock())

    def share_tls(self, session: requests.Session) -> None:
        """Let a session use the TLS context of all, unless certificates are not to be verified."""
        if session.verify:
            session.mount("https://", self._tls.adapter(session.verify))


class SharedTls:
    """One TLS context for each bundle of certificates, which takes 10 ms or more to read."""

    def __init__(self) -> None:
        self._contexts: dict[str, Any] = {}
        self._lock = threading.Lock()

    def adapter(self, verify: bool | str) -> HTTPAdapter:
        """Return an adapter of its own, for one session. verify: of the session; True for what the environment says."""
        bundle = verify if isinstance(verify, str) else bundle_of_environment()
        with self._lock:
            if bundle not in self._contexts:
                # As urllib3 makes one for a single app: its flags depend on the version of Python.
                is_folder = os.path.isdir(bundle)
                file, folder = (None, bundle) if is_folder else (bundle, None)
                context = ssl.create_default_context(cafile=file, capath=folder)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                self._contexts[bundle] = context
            return _Adapter(self._contexts[bundle])


class EnvironmentProxies:
    """The proxies that the environment names, read once: requests goes through all variables four times a request.

    Several threads can use it at the same time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_all: dict[str, str] | None = None
        self._of_hosts: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, url: str) -> dict[str, str]:
        """Return what `requests.utils.get_environ_proxies` returns for an address."""
        with self._lock:
            if not self._of_hosts and self._of_all is None:
                named, found = getproxies_environment(), getproxies()
                # Otherwise the variable no_proxy, or what the system has set, tells which hosts are reached directly.
                self._of_all = found if not found or (named and "no" not in named) else None
            if self._of_all is not None:
                return dict(self._of_all)
            parts = urlsplit(url)
            key = parts.scheme, parts.netloc
            if key not in self._of_hosts:
                self._of_hosts[key] = get_environ_proxies(url)
            return dict(self._of_hosts[key])


def bundle_of_environment() -> str:
    """Return the file or folder of certificates that requests would take for `verify=True`."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH


class _Adapter(HTTPAdapter):
    """Connections that verify with a TLS context that has the certificates already."""

    def __init__(self, context: Any):
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools with the context."""
        super().init_poolmanager(*arguments, **options, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools behind a proxy, with the context."""
        return super().proxy_manager_for(proxy, **options, ssl_context=self._context)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return what tells pools apart, without the certificates: urllib3 would read them for each connection."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {name: value for name, value in pool.items() if name not in ("ca_certs", "ca_cert_dir")}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Let a connection be verified with the context."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if url.lower().startswith("https") and verify:
            conn.ca_certs = conn.ca_cert_dir = None


def one_first(send: Send) -> Send:
    """Return a function that sends as `send` does, but the first request alone: the token comes with it, once."""
    lock, signed_in = threading.Lock(), threading.Event()

    def sending(*request: Any) -> Any:
        if not signed_in.is_set():
            with lock:
                if not signed_in.is_set():
                    try:
                        return send(*request)
                    finally:
                        signed_in.set()  # after a failure, too: the others would fail one after the other
        return send(*request)

    return sending
