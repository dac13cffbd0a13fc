"""The same fact in the same words, whichever command meets it."""

from __future__ import annotations

import shutil

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

GONE = r"starts D:\home\python3810x64\python.exe, which is not there. The app cannot start."
PACKAGE_COMMANDS = [
    "package list",
    "package freeze",
    "package outdated",
    "package check",
    "package install --packages six",
    "package install --packages six --dry-run",
    "package uninstall --packages six --yes",
    "install-requirements -r requirements.txt",
    "install-requirements -r requirements.txt --dry-run",
    "web-config diff",
    "web-config set",
]


def told(site):
    """What every command says of an app whose Python is gone, with the two commands that help."""
    slot = f" (slot '{site.slot}')" if site.slot else ""
    name = f"-g rg -n {site.name}" + (f" -s {site.slot}" if site.slot else "")
    return (
        f"web.config of app '{site.name}'{slot} {GONE}",
        "Install it again, with the app's requirements: `az webapp python set-version "
        f"{name} --version 3.8.10 --arch x64`. Or switch to another Python: `az webapp python set-version "
        f"{name} --version 3`.",
    )


@pytest.mark.parametrize(
    "sample, handler, slot", [("wsgi_hello", "fastcgi", None), ("waitress_hello", "httpplatform", "staging")]
)
def test_a_python_that_was_uninstalled_by_force(az, azure, apps, tmp_path, sample, handler, slot):
    (tmp_path / "requirements.txt").write_text("six\n")
    site = apps.prepared(sample, handler=handler, slot=slot, also="3.11.9")
    az("webapp python uninstall --version 3.8.10 --force --yes", *naming(site))
    message, advice = told(site)
    with unchanged(azure, site):
        for command in PACKAGE_COMMANDS:
            refused = az(f"webapp python {command}", *naming(site), expect=1)
            assert refused.stderr.count(message) == 1 and advice in refused.stderr, refused
            assert "only Python" not in refused.stderr and "waitress" not in refused.stderr, refused
        shown = az("webapp python show", *naming(site)).json
        assert shown["runtime"] is None and shown["warnings"] == [f"{message} {advice}"]
        assert f"{message} {advice}" in az("webapp python web-config show", *naming(site)).json["warnings"]
        listed = az("webapp python list", *naming(site))
        assert f"{message} {advice}\n" in listed.stderr and all(not row["inUse"] for row in listed.json)

    switched = az("webapp python set-version --version 3.8.10 --arch x64", *naming(site))
    assert switched.stderr.count(message) == 1, switched
    assert apps.get(site).status_code == 200


@pytest.mark.parametrize("left", ["nothing", "packages", "the site extension"])
def test_what_is_left_of_a_python_is_no_python(az, apps, left):
    site = apps.prepared("wsgi_hello")
    folder = site.machine.home / "python3810x64"
    if left == "nothing":
        az("webapp python uninstall --version 3.8.10 --force --yes", *naming(site))
    elif left == "packages":
        (folder / "python.exe").unlink()
    else:
        shutil.rmtree(folder)
    message, advice = told(site)
    for command in ("package list", "package check"):
        refused = az(f"webapp python {command}", *naming(site), expect=1)
        assert message in refused.stderr and advice in refused.stderr, refused
    assert f"{message} {advice}" in az("webapp python show", *naming(site)).json["warnings"]


def test_a_broken_python_is_not_called_gone(az, apps):
    site = apps.prepared("wsgi_hello")
    python = site.machine.home / "python3810x64" / "python.exe"
    python.unlink()
    python.write_bytes(b"broken")
    said = "does not run: it did not report its version. The app cannot start."
    refused = az("webapp python package check", *naming(site), expect=1)
    assert said in refused.stderr and "not there" not in refused.stderr, refused
    assert any(said in warning for warning in az("webapp python show", *naming(site)).json["warnings"])
    assert said in az("webapp python list", *naming(site)).stderr


def test_a_web_config_that_cannot_be_read(az, azure, apps, tmp_path):
    (tmp_path / "requirements.txt").write_text("six\n")
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "web.config").write_text("<configuration><broken", encoding="utf-8")
    said = (
        f"web.config of app '{site.name}' is not valid XML at line 1, column 16: unclosed token. So which Python it "
        "starts is not known."
    )
    with unchanged(azure, site):
        for command in (*PACKAGE_COMMANDS, "web-config show", "set-version --version 3.8"):
            refused = az(f"webapp python {command}", *naming(site), expect=1)
            assert refused.stderr.count(said) == 1, refused
        assert [warning for warning in az("webapp python show", *naming(site)).json["warnings"] if said in warning]
        assert said in az("webapp python list", *naming(site)).stderr


@pytest.mark.parametrize("has_file", [True, False])
def test_a_web_config_without_python(az, azure, apps, has_file):
    site = apps.new(python="3.8.10")
    apps.add_python(site, "3.11.9")
    if has_file:
        (web_root(site) / "web.config").write_text("<configuration/>", encoding="utf-8")
    said = (
        f"web.config of app '{site.name}' has no handler that starts Python."
        if has_file
        else f"The app '{site.name}' has no web.config, so IIS starts no Python."
    )
    advice = f"Switch to one: `az webapp python set-version -g rg -n {site.name} --version 3`."
    with unchanged(azure, site):
        for command in ("package list", "package check", "package uninstall --packages six --yes"):
            refused = az(f"webapp python {command}", *naming(site), expect=1)
            assert said in refused.stderr and "Several Pythons are installed" in refused.stderr, refused
        assert f"{said} {advice}" in az("webapp python show", *naming(site)).json["warnings"]
        if has_file:
            assert f"{said} {advice}" in az("webapp python web-config show", *naming(site)).json["warnings"]
        assert said in az("webapp python web-config diff --app app:app", *naming(site), expect=2).stderr


def test_a_virtual_environment_that_is_gone(az, apps):
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    path = rb"D:\home\site\wwwroot\env\Scripts\python.exe"
    config.write_bytes(config.read_bytes().replace(rb"D:\home\python3810x64\python.exe", path))
    said = f"starts {path.decode()}, which is not there. The app cannot start."
    for command in ("package list", "package check"):
        assert said in az(f"webapp python {command}", *naming(site), expect=1).stderr
    assert any(said in warning for warning in az("webapp python show", *naming(site)).json["warnings"])
