"""The options that commands share which let pip get packages: from where, which, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages import cooldown, pip_arguments
from azext_pythonapp.packages.index_urls import for_any_pip
from azext_pythonapp.packages.pip import PipOptions


def parse_options(
    *,
    extra_index_url: Sequence[str] | None = None,
    pip_args: str | None = None,
    index_url: str | None = None,
    uploaded_prior_to: str | None = None,
    **options: Any,
) -> PipOptions:
    """From a command's options. options: fields of PipOptions.

    Raises InvalidInput for --pip-args that cannot be, for addresses that pip would not take for such, and for a time
    that is none.
    """
    for option, url in [("--index-url", index_url), *(("--extra-index-url", url) for url in extra_index_url or ())]:
        _require_address(option, url or "")
    more, environment = pip_arguments.parse(pip_args)
    return replace(
        PipOptions(**options),
        index_url=for_any_pip(index_url) if index_url else None,
        extra_index_urls=tuple(map(for_any_pip, extra_index_url or ())),
        uploaded_prior_to=cooldown.parse(uploaded_prior_to),
        more=more,
        environment=environment,
    )


def _require_address(option: str, url: str) -> None:
    """Raise InvalidInput for what pip cannot use, and would show with the password in it; folders are fine."""
    if re.search(r"\s", url.strip()):
        raise InvalidInput(
            f"{option} contains a blank, which is not valid in a URL.",
            "Write a blank in it as %20; give the option once for each address.",
        )
    if re.match(r"[a-z][a-z0-9+.-]*://[^/]", url, re.IGNORECASE) is None and "@" in url:
        raise InvalidInput(
            f"{option} is a URL with credentials, but without a scheme.",
            f"Begin it with https://: `{option} https://USER:PASSWORD@HOST/simple`.",
        )
