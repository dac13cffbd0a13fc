"""Costs on the worker are measured in the local Azure, with the apps and the az of the scenario tests."""

from tests.scenario.conftest import apps, az, azure, loaded, package_index, prepared, signed_in, windows

__all__ = ["apps", "az", "azure", "loaded", "package_index", "prepared", "signed_in", "windows"]
