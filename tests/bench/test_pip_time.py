"""What `install-requirements` costs beside pip itself: time on the clock, and memory while wheels go up."""

from __future__ import annotations

import os
import shutil
import statistics
import time
import zipfile
from pathlib import Path

from tests.local_azure.site import Site
from tests.scenario.apps import naming, web_root
from tests.scenario.az import Az

ROUNDS = 3
RATIO, SECONDS = 1.10, 2.0  # the most that is accepted: this much of pip's own time, and this much beside it
REQUIREMENTS = "flask\nnumpy\npandas\ncryptography\nlxml\nwaitress\n"
PIP = (
    '"D:\\home\\{folder}\\python.exe" -u -m pip install --disable-pip-version-check --progress-bar off '
    "-r D:\\home\\site\\wwwroot\\requirements.txt"
)
WHEELS, WHEEL_BYTES = 10, 50 << 20
MEMORY_MB = 48


def seconds_of_pip(site: Site, folder: str = "python3810x64") -> float:
    """Run pip on the worker without anything around it; its wall time. folder: of the Python."""
    began = time.monotonic()
    process = site.machine.spawn(PIP.format(folder=folder), environment=site.environment())
    lines = [line.decode("utf-8", "replace") for _, line in process.lines()]
    assert process.wait(10) == 0, "".join(lines)
    return time.monotonic() - began


def test_time_beside_pip(az, apps):
    """In each round both install the same into copies of the same Python; which goes first changes."""
    pairs = []
    for number in range(ROUNDS):
        ours, direct = apps.prepared("wsgi_hello"), apps.prepared("wsgi_hello")
        for site in (ours, direct):
            (web_root(site) / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
            site.machine.boot()
        times = {}
        for kind in ("ours", "direct") if number % 2 else ("direct", "ours"):
            if kind == "ours":
                times[kind] = az("webapp python install-requirements", *naming(ours)).seconds
            else:
                times[kind] = seconds_of_pip(direct)
        pairs.append((times["ours"], times["direct"]))
        print(f"\nround {number + 1}: install-requirements {times['ours']:.1f} s, pip alone {times['direct']:.1f} s")
    over = statistics.median(ours - RATIO * direct for ours, direct in pairs)
    ratio = statistics.median(ours / direct for ours, direct in pairs)
    print(f"ratio {ratio:.3f}; beside {RATIO} x pip: {over:+.1f} s (medians of {ROUNDS} rounds)")
    assert over <= SECONDS


def put_wheels(folder: Path) -> None:
    """Wheels with content that cannot be compressed, WHEELS times WHEEL_BYTES."""
    for number in range(WHEELS):
        with zipfile.ZipFile(folder / f"noise{number}-1.0-py3-none-any.whl", "w") as wheel:
            with wheel.open("noise", "w") as stream:
                for _ in range(WHEEL_BYTES >> 20):
                    stream.write(os.urandom(1 << 20))


def peak_megabytes(az: Az, *command: object) -> float:
    """Run an az command; the most memory, in MB, that it or a process that it waited for held at once."""
    process = az.start("webapp python install-requirements --no-index", "--only-show-errors", *command)
    with process.stdout, process.stderr:
        said = process.stdout.read() + process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return usage.ru_maxrss / 1024


def test_memory_while_wheels_go_up(az, apps, windows, tmp_path):
    """The same command with one small wheel, and with half a gigabyte of others beside it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    shutil.copy(windows / "index" / "six-1.16.0-py2.py3-none-any.whl", wheels)
    (tmp_path / "requirements.txt").write_text("six\n", encoding="utf-8")
    options = ("--wheel-dir", wheels, "-r", tmp_path / "requirements.txt")
    small = peak_megabytes(az, *options, *naming(apps.prepared("wsgi_hello")))

    put_wheels(wheels)
    site = apps.prepared("wsgi_hello")
    began = time.monotonic()
    large = peak_megabytes(az, *options, *naming(site))
    seconds = time.monotonic() - began
    arrived = sum(path.stat().st_size for path in (site.machine.home / "data/pythonapp/wheels").glob("*/*.whl"))
    print(
        f"\nuploading {arrived / (1 << 20):.0f} MB of wheels: {large:.0f} MB of memory at most, {small:.0f} MB "
        f"without them; {seconds:.0f} s in all"
    )
    assert arrived > WHEELS * WHEEL_BYTES
    assert large - small < MEMORY_MB
