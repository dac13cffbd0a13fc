"""What Resource Manager knows: the subscriptions, and the apps and slots in them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from .site import SUBSCRIPTION, Site


class Subscriptions:
    """The subscriptions that the signed-in principal may read; one is always there.

    A client knows those of its sign-in: an az that is to see a new one signs in again.
    """

    def __init__(self) -> None:
        self._names = {SUBSCRIPTION: "Local Azure"}

    def add(self, name: str) -> str:
        """Add a subscription of that name; return its id, which is the same for the same name."""
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"subscription {name}"))
        self._names[identity] = name
        return identity

    def remove(self, identity: str) -> None:
        """Take one away."""
        del self._names[identity]

    def __contains__(self, identity: str) -> bool:
        return identity in self._names

    def items(self) -> list[tuple[str, str]]:
        """The id and the name of each."""
        return list(self._names.items())


@dataclass
class Lists:
    """How lists of sites are answered. page: sites in an answer; the rest is behind `nextLink`. None: all in one."""

    page: int | None = 100


class Directory:
    """The apps and slots of all subscriptions, in the order in which they were added."""

    def __init__(self) -> None:
        self.subscriptions = Subscriptions()
        self.lists = Lists()
        self._lock = threading.Lock()
        self._by_id: dict[str, Site] = {}

    def __iter__(self) -> Iterator[Site]:
        with self._lock:
            return iter(list(self._by_id.values()))

    def add(self, site: Site) -> None:
        """Add a site."""
        with self._lock:
            self._by_id[site.address.resource_id.lower()] = site

    def remove(self, site: Site) -> None:
        """Take a site away."""
        with self._lock:
            del self._by_id[site.address.resource_id.lower()]

    def exchange(self, one: Site, other: Site) -> None:
        """Let two sites change places."""
        with self._lock:
            one.change_places(other)
            for site in (one, other):
                self._by_id[site.address.resource_id.lower()] = site

    def find(self, resource_id: str) -> Site | None:
        """The site with an ARM id, in any case."""
        return self._by_id.get(resource_id.lower())

    def listed(self, subscription: str, group: str | None = None) -> list[Site]:
        """The apps and slots of a subscription, or of one of its resource groups, that a list shows."""
        return [
            site
            for site in self
            if site.address.subscription == subscription
            and group in (None, site.resource_group.lower())
            and not (site.switches.arm_unlisted or site.switches.arm_forbidden)
        ]
