"""The limit of requests to Resource Manager."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_azure.arm_budget import Allowance, ArmBudget
from tests.local_azure.site import SUBSCRIPTION, Site
from tests.unit.local_azure.linux_azure import Client, LinuxAzure, arm_path


@pytest.fixture
def clock(azure: LinuxAzure) -> Iterator[list[float]]:
    """A clock that the test moves, and small buckets."""
    moment = [0.0]
    budget = azure.arm_budget
    before = budget.reads, budget.writes, budget.deletes, budget.now
    budget.reads, budget.writes, budget.deletes = Allowance(3, 0.5), Allowance(2, 1), Allowance(1, 1)
    budget.now = lambda: moment[0]
    budget.fill()
    yield moment
    budget.reads, budget.writes, budget.deletes, budget.now = before
    budget.fill()


def test_the_sizes_are_those_of_azure() -> None:
    budget = ArmBudget(now=lambda: 0.0)
    for kind, size in (("reads", 250), ("writes", 200), ("deletes", 200)):
        left = [budget.take("s", "p", kind) for _ in range(size + 1)]  # type: ignore[arg-type]
        assert left[0] == (size - 1, None) and left[-2] == (0, None) and left[-1] == (0, 1)
    assert budget.take("other", "p", "reads") == budget.take("s", "other", "reads") == (249, None)


def test_reads(azure: LinuxAzure, management: Client, site: Site, clock: list[float]) -> None:
    def read() -> tuple[int, str | None, str | None]:
        answer = management("GET", arm_path(site))
        headers = answer.headers
        return answer.status_code, headers["x-ms-ratelimit-remaining-subscription-reads"], headers.get("Retry-After")

    assert [read() for _ in range(4)] == [(200, "2", None), (200, "1", None), (200, "0", None), (429, "0", "2")]
    error = management("GET", arm_path(site)).json()["error"]
    assert error["code"] == "SubscriptionRequestsThrottled"
    assert f"'read' requests for subscription '{SUBSCRIPTION}' actor" in error["message"]
    assert error["message"].endswith("Please try again after '2' seconds.")
    clock[0] += 2
    assert [read()[0] for _ in range(2)] == [200, 429]
    assert azure.arm_budget.refused == 3


def test_each_kind_and_subscription_has_its_own(
    azure: LinuxAzure, management: Client, site: Site, clock: list[float]
) -> None:
    listing = arm_path(site, "/config/appsettings/list")
    answers = [management("POST", listing) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["x-ms-ratelimit-remaining-subscription-writes"] == "1"
    assert management("GET", arm_path(site)).status_code == 200
    second = azure.subscriptions.add("Budget")
    try:
        path = f"/subscriptions/{second}?api-version=1"
        assert [management("GET", path).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert management("GET", arm_path(site)).status_code == 200
    finally:
        azure.subscriptions.remove(second)
