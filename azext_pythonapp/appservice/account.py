"""The subscriptions that az is signed in to, by directory, and the apps in them: one connection, one token each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azext_pythonapp.appservice.app import App, Progress, bearer_token, web_session
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_budget import ArmBudget, Send
from azext_pythonapp.appservice.arm_pipeline import sender
from azext_pythonapp.appservice.arm_requests import ArmAnswer, ArmRequests
from azext_pythonapp.appservice.connections import Connections, one_first
from azext_pythonapp.appservice.credentials import ScmCredentials, token_failure
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.appservice.retry import Outage
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import InvalidInput

# As `az account list` prints them. In the others nothing can be read.
_USABLE = ("enabled", "warned", "pastdue")


@dataclass(frozen=True)
class Subscription:
    """id: in lower case. tenant: the id of its directory."""

    id: str
    name: str
    tenant: str


@dataclass(frozen=True)
class Directory:
    """The subscriptions of one directory (tenant), by their ids in lower case, and the connection to it."""

    requests: ArmRequests
    subscriptions: tuple[str, ...]


def subscriptions(cli_ctx: Any, named: Sequence[str]) -> list[Subscription]:
    """Return the subscriptions that az is signed in to in the current cloud, or only those that are named.

    named: ids or names. Raises InvalidInput for one that az does not know, or whose name several have. az's own error
    is raised when nobody is signed in.
    """
    from azure.cli.core._profile import Profile

    profile = Profile(cli_ctx=cli_ctx)
    rows = profile.load_cached_subscriptions()
    known = [Subscription(str(row["id"]).lower(), str(row.get("name") or ""), str(row["tenantId"])) for row in rows]
    usable = {
        each.id
        for each, row in zip(known, rows)
        if str(row.get("state") or "Enabled").lower() in _USABLE and each.id != each.tenant.lower()
    }
    if not known:
        profile.get_subscription()  # raises what az says when nobody is signed in
    if not named:
        return [each for each in known if each.id in usable]
    return list(dict.fromkeys(_named(known, text) for text in named))


def _named(known: Iterable[Subscription], text: str) -> Subscription:
    wanted = text.strip().lower()
    found = [each for each in known if wanted == each.id] or [each for each in known if wanted == each.name.lower()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(
            f"There is no subscription '{text}' among those that az is signed in to.",
            'List them: `az account list --query "[].{name:name, id:id}" --output table`.',
        )
    raise InvalidInput(
        f"Several subscriptions are named '{text}': {', '.join(each.id for each in found)}.", "Give the id of one."
    )


class Account:
    """The directories of some subscriptions, and what opens an app in them without asking Resource Manager for it.

    Signing in to a directory is done once, when it is first asked for, and its token is shared by all apps in it; one
    without a sign-in ends no other. What all apps share is that of `Connections`. Several threads can use it.
    """

    def __init__(self, cli_ctx: Any, chosen: Sequence[Subscription], progress: Progress):
        self._cli_ctx = cli_ctx
        self._progress = progress
        self._tenants = {each.id: each.tenant for each in chosen}
        self._outage = Outage("Azure Resource Manager", progress.say)
        self._shared = Connections(cli_ctx, {}, partial(bearer_token, cli_ctx), progress.say, reads=True)
        self._budgets = {each.id: ArmBudget(each.id, progress.say) for each in chosen}
        # The first subscription of each directory stands for it.
        self._first: dict[str, str] = {}
        for each in chosen:
            self._first.setdefault(each.tenant, each.id)
        self._senders = {tenant: self._sender(subscription) for tenant, subscription in self._first.items()}

    def _sender(self, subscription: str) -> Send:
        made: list[Send] = []

        def signed_in(*request: Any) -> Any:
            if not made:
                try:
                    made.append(sender(self._cli_ctx, subscription))
                except Exception as error:  # pylint: disable=broad-exception-caught  # az and MSAL have no common base
                    raise token_failure(error) from error
            return made[0](*request)

        send = one_first(signed_in)

        def within_limits(method: str, url: str, query: dict[str, str], body: Any, secret: bool) -> ArmAnswer:
            path = url.removeprefix(self._endpoint.rstrip("/")).lower().split("/")
            budget = self._budgets.get(path[2]) if path[1:2] == ["subscriptions"] and len(path) > 2 else None
            return (budget.keeping(send) if budget is not None else send)(method, url, query, body, secret)

        return within_limits

    @property
    def directories(self) -> list[Directory]:
        """The directories, in the order of their first subscriptions."""
        return [
            Directory(
                ArmRequests(send, self._endpoint, self._outage),
                tuple(subscription for subscription, other in self._tenants.items() if other == tenant),
            )
            for tenant, send in self._senders.items()
        ]

    def token(self, subscription: str) -> str:
        """Return the bearer token for the SCM sites of a subscription. Raises what az raises when it has none."""
        return self._shared.token(self._first[self._tenants[subscription]])

    def opened(self, site: Site) -> App:
        """Return an app of one of the subscriptions. site: as it is known already. Nothing is requested."""
        subscription = site.resource_id.split("/")[2].lower()
        send = self._senders[self._tenants[subscription]]
        arm = Arm(send, self._endpoint, subscription, subscription, self._outage)
        credentials = ScmCredentials(
            site.scm_host, partial(self.token, subscription), lambda: arm.publishing_credentials(site)
        )
        session = web_session(self._cli_ctx)
        self._shared.share_tls(session)
        return App(site, arm, Kudu(session, site.scm_host, credentials, site.label), session, self._progress)

    @property
    def _endpoint(self) -> str:
        return str(self._cli_ctx.cloud.endpoints.resource_manager)
