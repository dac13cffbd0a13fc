"""This machine's pip configuration, for a pip on the Windows worker: its paths are seen there on drive Z:."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

# Where packages come from and how they are reached; constraints are meant for this machine's own Pythons.
_MEANT = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "find-links",
    "no-index",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def worker_variables() -> dict[str, str]:
    """PIP_* and proxy variables that make the worker's pip ask where this machine's `pip install` asks."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    variables = {"PIP_CERT": str(_SYSTEM_CERTIFICATES)} if _SYSTEM_CERTIFICATES.exists() else {}
    variables |= pip_variables(listing.stdout)
    for name in _PROXIES:
        value = os.environ.get(name, os.environ.get(name.lower()))
        if value is not None:
            variables[name] = value
    return {name: on_drive_z(value) for name, value in variables.items()}


def pip_variables(listing: str) -> dict[str, str]:
    """The variables for what `pip config list` printed; `install` goes before `global`, variables before both."""
    layers: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in layers and option in _MEANT:
            name = "PIP_" + option.removeprefix("default-").replace("-", "_").upper()
            layers[section][name] = " ".join(str(ast.literal_eval(value)).split())
    return layers["global"] | layers["install"] | layers[":env:"]


def on_drive_z(value: str) -> str:
    r"""`value` with its Linux paths as the worker names them: /a/b is Z:\a\b, file:///a is file:///Z:/a."""
    words = []
    for word in value.split():
        if word.startswith("/"):
            word = "Z:" + word.replace("/", "\\")
        words.append(re.sub(r"^file:///(?![A-Za-z]:)", "file:///Z:/", word))
    return " ".join(words)
