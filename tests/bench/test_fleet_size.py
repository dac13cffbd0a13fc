"""A thousand apps, 50 at a time: none fails, and this machine's memory stays small."""

from __future__ import annotations

import json

from tests.bench.test_fleet_time import cost_of, split

APPS, PARALLEL = 1000, 50
MOST_MB = 300


def test_show_of_a_thousand_apps(az, azure, tmp_path):
    with azure.fleet(APPS, name="large") as apps:
        (tmp_path / "apps.txt").write_text("\n".join(apps.ids) + "\n", "utf-8")
        number = len(azure.requests)
        words = ["webapp", "python", "show", "--parallel", PARALLEL, "--ids", "@apps.txt"]
        cost = cost_of(az, tmp_path, *words)
        arm, scm = split(azure.requests[number:])
    print(
        f"\n{APPS} apps, {PARALLEL} at a time: {cost.seconds:.0f} s, {cost.cpu:.0f} s of CPU, {cost.memory:.0f} MB, "
        f"{arm} requests to Resource Manager, {scm} to SCM sites"
    )
    answer = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [row["id"] for row in answer] == apps.ids
    assert [row for row in answer if row["status"] != "succeeded"] == []
    assert cost.returncode == 0 and cost.memory < MOST_MB
