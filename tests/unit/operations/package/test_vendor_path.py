"""What is said about PYTHONPATH: only what makes vendored libraries go before those of the Python."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.site import SiteConfiguration, VirtualApplication
from azext_pythonapp.errors import AccessDenied, InvalidInput
from azext_pythonapp.operations.package.vendor_path import check_app_path, deployed_path, path_warnings
from azext_pythonapp.webconfig.handlers import PythonHandler

CONFIGURATION = SiteConfiguration(True, (VirtualApplication("/", "site\\wwwroot"),))
PATH = "D:\\home\\site\\wwwroot\\lib"


def app(settings=None):
    """An app whose settings may not be seen when there are none."""

    def app_settings(site):
        if settings is None:
            raise AccessDenied("no")
        return settings

    return SimpleNamespace(
        kudu=SimpleNamespace(home=lambda: "D:\\home"),
        arm=SimpleNamespace(app_settings=app_settings, configuration=lambda site: CONFIGURATION),
        site=SimpleNamespace(arguments="-g rg -n shop"),
    )


def handler(kind, **environment):
    return PythonHandler(kind, "D:\\home\\python364x64\\python.exe", None, None, None, environment, "Python")


def test_the_deployed_path():
    assert deployed_path(app(), "lib") == PATH
    assert deployed_path(app(), "app/./lib") == "D:\\home\\site\\wwwroot\\app\\lib"


@pytest.mark.parametrize("folder", ["..", "../lib", "a/../../b", "/lib", "D:\\lib", "D:lib", ".", "a;b"])
def test_a_folder_outside_of_wwwroot(folder):
    with pytest.raises(InvalidInput, match="no path below"):
        check_app_path(folder)


@pytest.mark.parametrize(
    "found, settings",
    [
        (handler("httpPlatform", PYTHONPATH=PATH), {}),
        (handler("httpPlatform", pythonpath=PATH.lower() + ";D:\\more"), None),
        (handler("httpPlatform"), {"PYTHONPATH": PATH}),
        (handler("fastCgi", PYTHONPATH="D:\\more"), {"PYTHONPATH": PATH + ";D:\\home\\x"}),
        (None, {"PythonPath": "C:\\home\\site\\wwwroot\\lib"}),
    ],
)
def test_nothing_is_said_where_the_folder_goes_first(found, settings):
    assert path_warnings(app(settings), found, PATH) == []


@pytest.mark.parametrize(
    "found, settings, command",
    [
        (handler("httpPlatform"), {}, f'az webapp python web-config set -g rg -n shop --env "PYTHONPATH={PATH}"'),
        (
            handler("httpPlatform", PYTHONPATH="D:\\more;" + PATH),
            {"PYTHONPATH": PATH},
            f'az webapp python web-config set -g rg -n shop --env "PYTHONPATH={PATH};D:\\more"',
        ),
        (
            handler("fastCgi", PYTHONPATH=PATH),
            {"PYTHONPATH": "D:\\more"},
            f'az webapp config appsettings set -g rg -n shop --settings "PYTHONPATH={PATH};D:\\more"',
        ),
        (handler("fastCgi"), None, f'az webapp config appsettings set -g rg -n shop --settings "PYTHONPATH={PATH}"'),
    ],
)
def test_the_command_that_puts_the_folder_first(found, settings, command):
    (warning,) = path_warnings(app(settings), found, PATH)
    assert warning.endswith(f"Once: `{command}`.")
    assert ("wfastcgi appends it" in warning) == (found.kind == "fastCgi")
