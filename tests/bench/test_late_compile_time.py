"""What a command with 40 packages costs beside a plain `pip install`, which compiles every module before it ends."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time

from tests.bench.test_pip_time import seconds_of_pip
from tests.local_azure.site import Site
from tests.scenario.apps import await_compiled, naming, web_root

ROUNDS = 3
RATIO = 0.5
VERSION, FOLDER = "3.11.9", "python3119x64"
PACKAGES = 42
NAMES = "bottle cryptography django fastapi flask gitpython lxml opentelemetry-api pandas requests uvicorn waitress"
# From a folder, because a package index costs both of them the same.
REQUIREMENTS = "\n".join(["--no-index", "--find-links wheels", *NAMES.split()])


def compiled(site: Site) -> int:
    """How many compiled modules are in the runtime's site-packages, without those of pip, which runs from there."""
    found = (site.machine.home / FOLDER / "Lib/site-packages").rglob("*.pyc")
    return len([path for path in found if "pip" not in path.parts])


def describe(site: Site) -> str:
    """The machine and the versions that the figures are for."""
    wine = subprocess.run(["wine", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    process = site.machine.spawn(f'"D:\\home\\{FOLDER}\\python.exe" -m pip --version', environment=site.environment())
    pip = " ".join(b"".join(line for _, line in process.lines()).decode("utf-8", "replace").split()[:2])
    process.wait(10)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{platform.platform()}, {os.cpu_count()} CPUs, load {load}; {wine}, CPython {VERSION} x64, {pip}"


def test_the_command_beside_plain_pip(az, apps, windows):
    """In each round both install the same into copies of the same Python; which goes first changes."""
    ratios = []
    for number in range(ROUNDS):
        ours, direct = apps.prepared("wsgi_hello", VERSION), apps.prepared("wsgi_hello", VERSION)
        for site in (ours, direct):
            (web_root(site) / "wheels").symlink_to(windows / "index")
            (web_root(site) / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
            site.machine.boot()
        if not number:
            print(f"\n{describe(direct)}")
        times, behind, before = {}, 0.0, compiled(ours)
        for kind in ("ours", "direct") if number % 2 else ("direct", "ours"):
            if kind == "direct":
                times[kind] = seconds_of_pip(direct, FOLDER)
                continue
            answer = az("webapp python install-requirements", *naming(ours))
            times[kind], began, at_once = answer.seconds, time.monotonic(), compiled(ours) - before
            assert len(answer.json["installed"]) == PACKAGES
            await_compiled(ours)
            behind = time.monotonic() - began
        assert compiled(ours) == compiled(direct), "the same modules are compiled in the end"
        ratios.append(times["ours"] / times["direct"])
        print(
            f"round {number + 1}: {PACKAGES} packages: install-requirements {times['ours']:.1f} s, plain pip "
            f"{times['direct']:.1f} s, ratio {ratios[-1]:.2f}; {at_once} of {compiled(ours) - before} modules were "
            f"compiled at its end, all of them {behind:.1f} s later"
        )
    ratio = statistics.median(ratios)
    print(f"ratio {ratio:.2f} (median of {ROUNDS} rounds; {RATIO} is wanted)")
    assert ratio <= RATIO
