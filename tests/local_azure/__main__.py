"""Run a command, or a shell, in which `az` talks to a local Azure:  python -m tests.local_azure [--app NAME] -- COMMAND

The worker's pip asks the package index in the cache, on loopback; with --use-machine-pip what this machine's pip asks.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import login
from .cloud import LocalAzure
from .machine_pip import worker_variables
from .windows.index import PackageIndex


def main() -> int:
    """Start everything, run the command, end everything; return the command's exit code."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="local-azure-") as folder, _azure(options, Path(folder)) as azure:
        for name in [*options.app, *options.slot]:
            app, _, slot = name.partition("/")
            azure.add_site(app, slot=slot or None).use_32bit_worker = False
        az = shutil.which("az")
        if az is not None:
            _prepare(az, azure, options.extension)
        _tell(azure, az)
        try:
            return subprocess.run(options.command, env=azure.env).returncode
        except KeyboardInterrupt:
            return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.local_azure", description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=os.environ.get("PYTHONAPP_WINDOWS", ".work/windows"),
        help="what windows.provision filled (default: $PYTHONAPP_WINDOWS, .work/windows)",
    )
    parser.add_argument("--app", action="append", metavar="NAME", help="an app in resource group rg (default: app)")
    parser.add_argument("--slot", action="append", default=[], metavar="APP/SLOT", help="a slot of an app")
    parser.add_argument(
        "--use-machine-pip", action="store_true", help="the worker's pip is configured as this machine's"
    )
    parser.add_argument(
        "--extension",
        default=os.environ.get("PYTHONAPP_WHEEL"),
        metavar="WHEEL",
        help="az extension to install (default: $PYTHONAPP_WHEEL)",
    )
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="default: $SHELL")
    options = parser.parse_args()
    options.app = options.app or ["app"]
    options.command = options.command or [os.environ.get("SHELL", "/bin/sh")]
    return options


@contextmanager
def _azure(options: argparse.Namespace, folder: Path) -> Iterator[LocalAzure]:
    if options.use_machine_pip:
        with LocalAzure(folder, options.cache, worker_environment=worker_variables()) as azure:
            yield azure
    else:
        with PackageIndex(options.cache / "index") as index, LocalAzure(folder, options.cache, index.url) as azure:
            yield azure


def _prepare(az: str, azure: LocalAzure, extension: str | None) -> None:
    """Sign az in and install the extension. Raises CalledProcessError; az has printed the reason."""
    commands = [
        [
            "login",
            "--service-principal",
            "--username",
            login.CLIENT_ID,
            "--password",
            login.CLIENT_SECRET,
            "--tenant",
            login.TENANT,
        ]
    ]
    if extension:
        commands.append(["extension", "add", "--yes", "--source", extension, "--only-show-errors"])
    for arguments in commands:
        subprocess.run([az, *arguments], env=azure.env, stdout=subprocess.DEVNULL, check=True)


def _tell(azure: LocalAzure, az: str | None) -> None:
    lines = ["A local Azure is up; nothing here reaches the real one."]
    for site in azure.sites:
        slot = f" --slot {site.slot}" if site.slot else ""
        lines.append(
            f"  -g {site.resource_group} -n {site.name}{slot}   https://{site.host}/   %HOME% = {site.machine.home}"
        )
    lines.append(f"az is signed in ({az})." if az else "There is no az on PATH.")
    lines.append("HTTPS_PROXY and the CA variables of this environment lead there; curl works too.")
    print("\n".join(lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
