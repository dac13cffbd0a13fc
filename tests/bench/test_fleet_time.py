"""What `show --ids` costs beside az's own `az webapp show --ids`, in the same run: time, requests, and this machine's CPU."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.local_azure import login

SHOW = "webapp python show"
APPS = 100
DELAY = 0.1
"""Seconds that are added to each request."""
MOST_REQUESTS = 10


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds of time and of CPU, and its largest memory in MB."""

    returncode: int
    seconds: float
    cpu: float
    memory: float


def cost_of(az, folder: Path, *words: object, name: str = "out") -> Cost:
    """Run a new az to its end; its output is in the files <name>.json and <name>.txt of the folder."""
    with open(folder / f"{name}.json", "wb") as answer, open(folder / f"{name}.txt", "wb") as lines:
        began = time.monotonic()
        process = subprocess.Popen(
            [az.executable, *map(str, words)],
            env=az.environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=lines,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    return Cost(process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def split(requests):
    """How many of these requests went to Resource Manager, and how many to SCM sites."""
    arm = sum(one.host == "management.azure.com" for one in requests)
    return arm, sum(one.host != login.HOST for one in requests) - arm


def test_show_of_a_hundred_apps(az, azure, tmp_path):
    with azure.fleet(APPS, name="timed") as apps:
        ours = [*SHOW.split(), "--ids"]
        one = cost_of(az, tmp_path, *ours, apps.ids[0])
        cost_of(az, tmp_path, *ours, *apps.ids)  # makes the apps' files
        with azure.delayed(DELAY):
            number = len(azure.requests)
            many = cost_of(az, tmp_path, *ours, *apps.ids)
            arm, scm = split(azure.requests[number:])
            number = len(azure.requests)
            plain = cost_of(az, tmp_path, "webapp", "show", "--ids", *apps.ids)
            plain_arm, _ = split(azure.requests[number:])
    print(
        f"\n{APPS} apps, {DELAY * 1000:.0f} ms added to each request"
        f"\n{'az webapp python show --ids':30}{many.seconds:6.1f} s{many.cpu:6.1f} s of CPU, {arm} requests to Resource "
        f"Manager, {scm} to SCM sites; {(many.cpu - one.cpu) / (APPS - 1) * 1000:.0f} ms of CPU for one app more"
        f"\n{'az webapp show --ids':30}{plain.seconds:6.1f} s{plain.cpu:6.1f} s of CPU, {plain_arm} requests to Resource "
        f"Manager\nratio {many.seconds / plain.seconds:.2f}"
    )
    assert (one.returncode, many.returncode, plain.returncode) == (0, 0, 0)
    assert arm < MOST_REQUESTS
