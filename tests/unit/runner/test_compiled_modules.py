"""Which modules of packages are compiled, by pip or behind it, and where the compiled ones are."""

from __future__ import annotations

import errno
import os
import resource
import signal
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.pending_restart import RESTART
from azext_pythonapp.jobs.runner import bytecode
from azext_pythonapp.jobs.runner.record import configured
from azext_pythonapp.packages.pip import JobFile, PipOptions, install, uninstall
from tests.unit.runner.compiled_modules import compiled, end, fresh, state
from tests.unit.runner.job_runtime import WHEELS, wheel

ODD = wheel(
    "boxed",
    "3.0",
    (),
    {
        "boxed/good.py": "VALUE = '\\d'\n",
        "boxed/old.py": "print 'of Python 2'\nexec 'x' in {}\n",
        "boxed/template.py": "{{ name }} = {% if x %}\n",
        "boxed/nothing.py": "\0",
    },
)


def test_what_cannot_be_compiled_is_passed_over_in_silence(runtime, monkeypatch):
    monkeypatch.setitem(WHEELS, *ODD)
    assert runtime.install("boxed==3.0").state == "succeeded"
    end(runtime)
    assert state(runtime)["compiled"] is True
    assert compiled(runtime, "boxed/good.py")
    for module in ("old", "template", "nothing"):
        assert not compiled(runtime, f"boxed/{module}.py") or module == "old"
    said = "".join(pending.answer.output + pending.answer.error for pending in runtime.site.pending)
    assert "Error" not in said and "Warning" not in said, said


@pytest.mark.parametrize(
    "variable, value, wanted",
    [("PIP_COMPILE", "perhaps", True), ("PIP_COMPILE", "0", None), ("PIP_NO_COMPILE", "1", None)],
)
def test_settings_of_the_user(runtime, variable, value, wanted):
    fresh(runtime, "left.py")
    runtime.site.environment[variable] = value
    job = runtime.install("left==1.0")
    assert job.state == "succeeded", runtime.lines
    end(runtime)
    assert state(runtime).get("compiled") is wanted
    assert bool(compiled(runtime, "left.py")) is bool(wanted)


@pytest.mark.parametrize("option, pips_own, late", [("--no-compile", False, None), ("--compile", True, True)])
def test_arguments_of_the_user(runtime, option, pips_own, late):
    fresh(runtime, "left.py")
    options = PipOptions(no_index=True, wheel_dir=JobFile("wheels"), more=(option,))
    job = runtime.install("left==1.0", pip=install(JobFile("requirements.txt"), options), on_success=RESTART)
    end(runtime)
    assert job.state == "succeeded"
    assert bool(compiled(runtime, "left.py")) is pips_own
    assert state(runtime).get("compiled") is (None if late is None else False)


def test_pip_removes_what_was_compiled(runtime):
    before = {path for path in runtime.packages.rglob("*") if "__pycache__" not in path.parts}
    runtime.install("right\nboxed")
    end(runtime)
    assert compiled(runtime, "right.py") and compiled(runtime, "boxed/first.py")
    runtime.install("right\nleft\nboxed", pip=uninstall(JobFile("requirements.txt")))
    after = {path for path in runtime.packages.rglob("*") if "__pycache__" not in path.parts}
    assert not after - before
    assert not any(compiled(runtime, f"{name}.py") for name in ("left", "right"))
    assert not (runtime.packages / "boxed").exists()


def put(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_only_what_lies_in_site_packages(tmp_path):
    folder = tmp_path / "site-packages"
    record = 'one.py,,\none/a.py,,\n"one/with, comma.py",,\n../../Scripts/x.py,,\none/data.txt,,\n/etc/x.py,,\n'
    put(
        folder,
        {
            "One-1.0.dist-info/METADATA": "Name: One\nVersion: 1.0\n",
            "One-1.0.dist-info/RECORD": record + "linked/b.py,,\n",
            "two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n",
            "two-2.0-py2.7.egg-info/installed-files.txt": "../two.py\n../../../up.py\nPKG-INFO\n",
            "other-1.0.dist-info/METADATA": "Name: other\nVersion: 1.0\n",
            "other-1.0.dist-info/RECORD": "other.py,,\n",
        },
    )
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    found = bytecode.sources(str(folder), ["one", "TWO"])
    assert [os.path.relpath(path, folder) for path in found] == ["one.py", "one/a.py", "one/with, comma.py", "two.py"]


def test_a_source_that_changes_meanwhile_keeps_its_own_code(tmp_path, monkeypatch):
    source, aside = tmp_path / "module.py", tmp_path / "aside"
    source.write_text("VALUE = 1\n")
    own = bytecode.code_of

    def slow(path):
        code = own(path)
        source.write_text("VALUE = 'another one'\n")
        return code

    monkeypatch.setattr(bytecode, "code_of", slow)
    assert not bytecode.compile_module(str(source), str(aside), lambda: True)
    assert not (tmp_path / "__pycache__").exists()
    monkeypatch.setattr(bytecode, "code_of", own)
    assert bytecode.compile_module(str(source), str(aside), lambda: True) and bytecode.is_compiled(str(source))


def test_a_module_written_in_part_is_not_put_in_place(tmp_path):
    source, aside = tmp_path / "module.py", tmp_path / "aside"
    source.write_text("".join(f"VALUE_{number} = {number}\n" for number in range(4000)))
    own = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, own[1]))  # as on a full disk, a part of what is written stays
    try:
        with pytest.raises(OSError, match="only in part") as caught:
            bytecode.compile_module(str(source), str(aside), lambda: True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, own)
        signal.signal(signal.SIGXFSZ, before)
    assert caught.value.errno == errno.ENOSPC and aside.stat().st_size == 20000
    assert not (tmp_path / "__pycache__").exists()


def test_settings_of_pip_with_either_delimiter(tmp_path, monkeypatch):
    (tmp_path / "pip.ini").write_text("[install]\nno-compile: yes\nconstraint = https://host/a\nupgrade: a=b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.ini"))
    found = configured(("no-compile", "constraint", "upgrade"), str(tmp_path))
    assert [row[:2] for row in found] == [("no-compile", "yes"), ("constraint", "https://host/a"), ("upgrade", "a=b")]


def test_lists_of_files_keep_names_in_a_code_page(tmp_path, monkeypatch):
    name = "two-2.0-py2.7.egg-info/installed-files.txt"
    put(tmp_path, {"two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n", name: ""})
    (tmp_path / name).write_bytes(b"../gr\xf6n.txt\n../two.py\n")
    monkeypatch.setattr(bytecode, "sys", SimpleNamespace(version_info=(2, 7)))
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_bytes().splitlines() == [b"../gr\xf6n.txt", b"../two.py", b"../two.pyc"]


def test_lists_of_files_are_completed_for_python_2(tmp_path, monkeypatch):
    name = "two-2.0-py2.7.egg-info/installed-files.txt"
    files = {"two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n", name: "../two.py\n../b.py\n../b.pyc\nx\n"}
    put(tmp_path, files)
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_text() == files[name], "pip for Python 3 knows where compiled modules are"
    monkeypatch.setattr(bytecode, "sys", SimpleNamespace(version_info=(2, 7)))
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_text().splitlines() == ["../two.py", "../b.py", "../b.pyc", "x", "../two.pyc"]


@pytest.mark.parametrize(
    "entry, arguments, expected",
    [
        ("pip-9.0.1.dist-info", ["install", "-r", "x"], ["install", "--no-compile", "-r", "x"]),
        ("pip-1.4.1-py2.7.egg-info", ["install", "x"], ["install", "x"]),
        ("setuptools-1.0.dist-info", ["install", "x"], ["install", "x"]),
        ("pip-25.0.1.dist-info", ["uninstall", "-y", "x"], ["uninstall", "-y", "x"]),
        ("pip-25.0.1.dist-info", ["install", "x", "--no-compile"], ["install", "x", "--no-compile"]),
    ],
)
def test_pips_that_know_the_option(tmp_path, entry, arguments, expected):
    (tmp_path / entry).mkdir()
    assert bytecode.without_compiling(arguments, str(tmp_path)) == expected
