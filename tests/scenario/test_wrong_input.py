"""Wrong arguments end in exit code 2, what is not there in 3, and nothing is changed or asked in vain."""

from __future__ import annotations

import pytest

from tests.local_azure import login
from tests.scenario.apps import naming

ARGUMENTS = {
    "set-version --version three": "three",
    'set-version --version 3.8 --app "not an entry point"': "MODULE:OBJECT",
    "set-version --version 3.8 --health-path page": "'/'",
    "set-version --version 3.8 --handler fastcgi --startup-command x": "--startup-command",
    "install": "--version or --extension-id",
    "install --version 3.6 --extension-id python364x64": "--version or --extension-id",
    "install --extension-id python364x64 --arch x64": "--arch",
    "install --version 3.6 --package-version 3.6.4.4": "--package-version",
    'history show --change-id ""': "--change-id is empty",
    'rollback --change-id " " --yes': "--change-id is empty",
    'job cancel --job-id ""': "--job-id is empty",
    'job wait --job-id ""': "--job-id is empty",
    'uninstall --extension-id "" --yes': "--extension-id is empty",
    'install --extension-id ""': "--extension-id is empty",
    'install --version ""': "--version is empty",
    'uninstall --version "" --yes': "--version is empty",
    'set-version --version ""': "--version is empty",
    'list-versions --version ""': "--version is empty",
    'install --extension-id python364x64 --package-version ""': "''",
    "install-requirements -r no-such-file.txt": "'no-such-file.txt' cannot be read",
    "install-requirements --timeout 0": "--timeout",
    "install-requirements --no-wait --stop-app always": "--stop-app always",
    "install-requirements --wheel-dir . -r good.txt": "no wheels",
    "install-requirements -r outside.txt": "which outside.txt:1 includes, cannot be read",
    "install-requirements --stop-app sometimes": "sometimes",
    "list-versions --version x.y": "x.y",
}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_wrong_arguments(az, azure, tmp_path, command):
    (tmp_path / "good.txt").write_text("six\n", encoding="utf-8")
    (tmp_path / "outside.txt").write_text("-r ../no-such.txt\n", encoding="utf-8")
    before = len(azure.mutating_requests())
    failed = az(f"webapp python {command} -g rg -n no-such-app", expect=None)
    assert failed.returncode == 2, failed
    assert ARGUMENTS[command] in failed.stderr, failed
    assert failed.stdout == "" and "Traceback" not in failed.stderr, failed
    assert len(azure.mutating_requests()) == before


def test_what_is_not_there(az, azure, apps):
    site = apps.new()
    before = len(azure.mutating_requests())
    for command, words in {
        f"show -g rg -n {site.name} -s nowhere": f"app '{site.name}' (slot 'nowhere')",
        "show -g rg -n no-such-app": "app 'no-such-app'",
        f"install -g rg -n {site.name} --version 9.9": "9.9",
        f"install -g rg -n {site.name} --extension-id no-such-id": "no-such-id",
        f"install -g rg -n {site.name} --extension-id python364x64 --package-version 9": "3.6.4.4",
    }.items():
        failed = az(f"webapp python {command}", expect=3)
        assert words in failed.stderr and "Traceback" not in failed.stderr and failed.stdout == "", failed
    assert len(azure.mutating_requests()) == before


def test_an_app_on_linux_is_refused(az, azure, apps):
    site = apps.new(reserved=True)
    before = len(azure.requests)
    failed = az("webapp python set-version --version 3.8", *naming(site), expect=1)
    assert f"app '{site.name}' runs on Linux" in failed.stderr and "--linux-fx-version" in failed.stderr, failed
    assert len([request for request in azure.requests[before:] if request.host != login.HOST]) == 1
