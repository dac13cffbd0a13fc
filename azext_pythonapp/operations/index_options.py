"""The options that commands share which let pip get packages: from where, which, and how."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.packages import pip_arguments
from azext_pythonapp.packages.pip import PipOptions


def parse_options(extra_index_url: Sequence[str] | None = None, pip_args: str | None = None,
                  **options: Any) -> PipOptions:
    """From a command's options. options: fields of PipOptions. Raises InvalidInput for --pip-args that cannot be."""
    more, environment = pip_arguments.parse(pip_args)
    return replace(PipOptions(**options), extra_index_urls=tuple(extra_index_url or ()), more=more,
                   environment=environment)
