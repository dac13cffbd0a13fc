"""A list of apps cut into shards, for the jobs of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.inventory.selection import ListedApp

# GitHub Actions starts at most so many jobs of one matrix (docs/platform/resource-manager.md 4).
MOST_SHARDS = 256


def require_count(count: int) -> int:
    """Return the number of shards. Raises InvalidInput for one that a pipeline cannot have."""
    if not 1 <= count <= MOST_SHARDS:
        raise InvalidInput(
            f"--matrix {count} is not between 1 and {MOST_SHARDS}, the most jobs of a matrix in GitHub Actions.",
            "More jobs would not be faster: Resource Manager counts requests per subscription, not per machine.",
        )
    return count


def matrix(apps: Sequence[ListedApp], count: int) -> dict[str, Any]:
    """Return `{"include": [...]}`, at most `count` shards, for the matrix of GitHub Actions.

    Resource Manager counts requests per subscription, so a shard has apps of one subscription as long as there are
    enough shards for that. Else small subscriptions share shards, whole, and large ones are cut. An app and its slots
    stay together.
    """
    by_subscription = [list(group) for _, group in groupby(_ordered(apps), key=lambda app: app.subscription)]
    shards = _mixed(by_subscription, count) if len(by_subscription) > count else _cut(by_subscription, count)
    width = len(str(len(shards)))
    return {
        "include": [
            {
                "shard": f"{number:0{width}}",
                "subscription": " ".join(dict.fromkeys(app.subscription for app in shard)),
                "count": len(shard),
                "ids": " ".join(app.id for app in shard),
            }
            for number, shard in enumerate(shards, 1)
        ]
    }


def _ordered(apps: Iterable[ListedApp]) -> list[ListedApp]:
    """Return them by subscription, each app with its slots: by ids alone, `shop-api` is between `shop` and those."""
    return sorted(apps, key=lambda app: (app.subscription, app.site_id, app.id.lower()))


def _mixed(subscriptions: Sequence[list[ListedApp]], count: int) -> list[list[ListedApp]]:
    """Cut the subscriptions that are larger than a fair shard; the others, in what shards are left, stay whole."""
    total = sum(map(len, subscriptions))
    large = [apps for apps in subscriptions if len(apps) * count > total]
    small = [apps for apps in subscriptions if len(apps) * count <= total]
    left = min(count - sum(len(apps) * count // total for apps in large), len(small))
    return [*_cut(large, count - left), *_whole(small, left)]


def _whole(subscriptions: Sequence[list[ListedApp]], count: int) -> list[list[ListedApp]]:
    """Put whole subscriptions into shards, the largest first into the shard that has least."""
    shards: list[list[ListedApp]] = [[] for _ in range(count)]
    for apps in sorted(subscriptions, key=len, reverse=True):
        min(shards, key=len).extend(apps)
    return [_ordered(shard) for shard in shards]


def _cut(subscriptions: Sequence[list[ListedApp]], count: int) -> list[list[ListedApp]]:
    """Cut each subscription into as many shards as it deserves, so that the largest shard is small."""
    parts = [_together(apps) for apps in subscriptions]
    shares = [1] * len(parts)
    for _ in range(count - len(parts)):
        able = [index for index, units in enumerate(parts) if shares[index] < len(units)]
        if not able:
            break
        shares[max(able, key=lambda index: len(subscriptions[index]) / shares[index])] += 1
    return [shard for units, share in zip(parts, shares) for shard in _split(units, share)]


def _together(apps: Sequence[ListedApp]) -> list[list[ListedApp]]:
    """Return each app with its slots."""
    return [list(group) for _, group in groupby(apps, key=lambda app: app.site_id)]


def _split(units: Sequence[list[ListedApp]], share: int) -> list[list[ListedApp]]:
    """Split into so many shards, none empty and of nearly equal length; `share` is at most the number of units."""
    shards: list[list[ListedApp]] = []
    left, waiting = sum(map(len, units)), list(units)
    for remaining in range(share, 0, -1):
        shard: list[ListedApp] = []
        while waiting and (
            not shard or len(waiting) >= remaining and len(shard) + len(waiting[0]) / 2 <= left / remaining
        ):
            shard += waiting.pop(0)
        left -= len(shard)
        shards.append(shard)
    shards[-1] += [app for unit in waiting for app in unit]
    return shards
