"""Whether an app's worker can run a 64-bit Python, by what Resource Manager says of the app and its plan."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.operations.app.worker_fit import fit_warnings

SITE_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
PLAN_ID = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/serverfarms/plan"
SITE = Site("shop", "rg", None, SITE_ID, "shop.azurewebsites.net", "shop.scm.azurewebsites.net", "Running", PLAN_ID)


def warnings(
    architecture: str | None, worker: tuple[int, object], plan: tuple[int, object] = (404, None)
) -> tuple[list[str], int]:
    """The warnings, and how many requests they cost. worker, plan: status and body of Azure's answers."""
    answers = {f"{SITE_ID}/config/web": worker, PLAN_ID: plan}
    asked = []

    def send(method, url, query, body, secret):
        asked.append(url)
        return ArmAnswer(*answers[url.removeprefix("https://arm")], "")

    app = SimpleNamespace(arm=Arm(send, "https://arm", "sub"), site=SITE)
    return fit_warnings(app, architecture), len(asked)


def worker(is_32bit: bool) -> tuple[int, object]:
    return 200, {"properties": {"use32BitWorkerProcess": is_32bit}}


@pytest.mark.parametrize("architecture, is_32bit, requests", [("x86", True, 0), (None, True, 0), ("x64", False, 1)])
def test_what_fits_is_not_warned_of(architecture, is_32bit, requests):
    assert warnings(architecture, worker(is_32bit)) == ([], requests)


@pytest.mark.parametrize("tier", ["Basic", "Standard", "PremiumV3"])
def test_a_32_bit_worker_is_one_command_away_from_a_64_bit_one(tier):
    (warning,), requests = warnings("x64", worker(True), (200, {"sku": {"tier": tier}}))
    assert "az webapp config set -g rg -n shop --use-32bit-worker-process false" in warning
    assert requests == 2


@pytest.mark.parametrize("tier", ["Free", "Shared"])
def test_a_plan_without_64_bit_workers(tier):
    (warning,), _ = warnings("x64", worker(True), (200, {"sku": {"tier": tier}}))
    assert f"on a {tier} plan" in warning and "--arch x86" in warning


@pytest.mark.parametrize("plan", [(403, {"error": {"message": "no role"}}), (404, None), (200, None)])
def test_a_plan_that_cannot_be_seen_is_taken_for_a_good_one(plan):
    (warning,), _ = warnings("x64", worker(True), plan)
    assert "--use-32bit-worker-process false" in warning


def test_a_worker_that_cannot_be_asked_about_is_not_warned_of():
    assert warnings("x64", (403, {"error": {"message": "no role"}})) == ([], 1)
