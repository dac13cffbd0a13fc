"""The options that commands share which let pip get packages: from where, which, and how."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.packages import pip_arguments
from azext_pythonapp.packages.index_urls import for_any_pip
from azext_pythonapp.packages.pip import PipOptions


def parse_options(extra_index_url: Sequence[str] | None = None, pip_args: str | None = None,
                  index_url: str | None = None, **options: Any) -> PipOptions:
    """From a command's options. options: fields of PipOptions. Raises InvalidInput for --pip-args that cannot be."""
    more, environment = pip_arguments.parse(pip_args)
    return replace(PipOptions(**options), index_url=for_any_pip(index_url) if index_url else None,
                   extra_index_urls=tuple(map(for_any_pip, extra_index_url or ())), more=more, environment=environment)
