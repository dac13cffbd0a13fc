"""The front end of a site: what IIS does on a Windows worker."""

from __future__ import annotations

from .iis import FrontEnd

__all__ = ["FrontEnd"]
