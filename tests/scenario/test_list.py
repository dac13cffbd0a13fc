"""`list`: which Pythons are on an app, by what they say of themselves."""

from __future__ import annotations

import shutil

from tests.local_azure.windows import gallery, runtimes
from tests.scenario.apps import naming
from tests.scenario.unchanged import unchanged

ADVICE = "--use-32bit-worker-process false"


def test_sources_are_told_apart_in_one_remote_command(az, azure, apps, windows):
    site = apps.prepared("wsgi_hello")
    gallery.lay_down(site.machine, gallery.find("azureappservice-python364x86"))
    home = site.machine.home
    shutil.copytree(runtimes.runtime(windows, "3.11.9", "x64"), home / "python311")
    shutil.copytree(runtimes.runtime(windows, "3.6.4", "x86"), site.machine.drive / "Python34")
    for nothing in ("python399x64", "python-files"):
        (home / nothing).mkdir()
    (home / "python399x64" / "python.exe").write_bytes(b"MZ")

    commands = len(site.commands.started)
    with unchanged(azure, site):
        listed = az("webapp python list", *naming(site))
    assert len(site.commands.started) == commands + 2, "all at once, and the one that did not answer again, alone"
    rows = [
        (
            row["version"],
            row["architecture"],
            row["source"],
            row["extensionId"],
            row["packageVersion"],
            row["pythonPath"],
            row["inUse"],
        )
        for row in listed.json
    ]
    assert {row["pythonPath"] for row in listed.json if not row["answered"]} == {r"D:\home\python399x64\python.exe"}
    assert rows == [
        ("3.11.9", "x64", "folder", None, None, r"D:\home\python311\python.exe", False),
        ("3.9.9", "x64", "folder", None, None, r"D:\home\python399x64\python.exe", False),
        (
            "3.8.10",
            "x64",
            "siteExtension",
            "Contoso-python3810x64",
            "3.8.10",
            r"D:\home\python3810x64\python.exe",
            True,
        ),
        (
            "3.6.4",
            "x86",
            "siteExtension",
            "azureappservice-python364x86",
            "3.6.4.4",
            r"D:\home\python364x86\python.exe",
            False,
        ),
        ("3.6.4", "x86", "builtIn", None, None, r"D:\Python34\python.exe", False),
    ]
    assert r"D:\home\python399x64\python.exe does not run: it did not report its version" in listed.stderr, listed

    assert ADVICE in listed.stderr, "a 64-bit Python on a 32-bit worker"
    assert any(ADVICE in warning for warning in az("webapp python show", *naming(site)).json["warnings"])
    site.use_32bit_worker = False
    table = az("webapp python list --output table", *naming(site))
    assert ADVICE not in table.stderr
    assert len(table.stdout.splitlines()) == 2 + len(rows) and max(map(len, table.stdout.splitlines())) <= 80, table
    assert az("webapp python show", *naming(site)).json["warnings"] == []


def test_an_app_out_of_azs_defaults_is_named_like_any_other(az, apps):
    site = apps.new()
    shown = az("webapp python show", AZURE_DEFAULTS_GROUP="rg", AZURE_DEFAULTS_WEB=site.name).json
    assert shown["app"] == {"name": site.name, "resourceGroup": "rg", "slot": None}


def test_tables_of_what_install_and_uninstall_do_fit_a_terminal(az, apps):
    site = apps.new()
    gallery.lay_down(site.machine, gallery.find("azureappservice-python364x64"))
    (site.machine.home / "python364x64/Lib/site-packages/contoso_orders-1.0.dist-info").mkdir()
    for command in (
        "install --extension-id azureappservice-python364x64 --package-version 3.6.4.3 --dry-run",
        "uninstall --extension-id azureappservice-python364x64 --dry-run",
        "uninstall --version 2.7 --yes",
        "list-versions --all",
    ):
        table = az(f"webapp python {command} --output table", *naming(site))
        lines = table.stdout.splitlines()
        assert len(lines) >= 3 and max(map(len, lines)) <= 80, table
