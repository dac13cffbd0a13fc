"""What pip installs anew in the same version is told, and what a requirements file says in any encoding is installed."""

from __future__ import annotations

import codecs
import json
import os
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.request import JobSpec, Restore, request_files
from azext_pythonapp.jobs.runner import run_pip, site_packages
from azext_pythonapp.jobs.state import JobResult, PackageVersion, VersionChange
from azext_pythonapp.operations.job.run import job_failure, result_changes
from azext_pythonapp.operations.package.change import package_rows
from azext_pythonapp.packages import installed, record
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipOptions, install, restore_arguments

WHEELS = PipOptions(no_index=True, wheel_dir=JobFile("wheels"))
PROJECT = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
BACKEND = """\
import zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "boxed-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.writestr("boxed.py", open("boxed.py").read())
        archive.writestr("boxed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: boxed\\nVersion: 1.0\\n")
        archive.writestr("boxed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("boxed-1.0.dist-info/RECORD", "boxed.py,,\\n")
    return name


build_editable = build_wheel
"""


def with_more(*words):
    return install(JobFile("requirements.txt"), PipOptions(no_index=True, wheel_dir=JobFile("wheels"), more=words))


def test_only_reinstalled_packages_count_as_such(runtime):
    runtime.install("left==1.0\nmiddle\n")
    job = runtime.install("left==1.0\nmiddle\n", on_success="restart")
    assert not job.result.changed and not list((runtime.site.home / "data/pythonapp/left").iterdir())
    job = runtime.install("left==1.0\n", pip=with_more("--force-reinstall"), on_success="restart")
    assert job.result.changed and job.result.reinstalled == (PackageVersion("left", "1.0"),)
    assert (job.result.installed, job.result.upgraded, job.result.removed) == ((), (), ())
    assert (runtime.site.home / f"data/pythonapp/left/{runtime.job_id}.restart").exists()


@pytest.mark.parametrize("line", [".", "-e ."])
def test_new_code_of_a_folder_is_told(runtime, line):
    folder = runtime.site.home / "site/wwwroot"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for code in ("1", "22"):
        (folder / "boxed.py").write_text(code)
        job = runtime.install(line + "\n", directory=HomeFile("site/wwwroot"))
        assert job.state == "succeeded", runtime.lines
    assert job.result.reinstalled == (PackageVersion("boxed", "1.0"),), runtime.lines
    assert not job.result.installed and (runtime.packages / "boxed.py").read_text() == "22"


@pytest.mark.parametrize(
    "content",
    [
        b"# caf\xe9 \x9d\nleft==1.0\n",
        "# café ”\nleft==1.0\n".encode(),
        codecs.BOM_UTF16_LE + "# é\nleft==1.0\n".encode("utf-16-le"),
        "# -*- coding: koi8-r -*-\n# ж\nleft==1.0\n".encode("koi8-r"),
        codecs.BOM_UTF8 + b"left==1.0\n",
        b"# coding: no-such\nleft==1.0\n",
    ],
)
def test_any_encoding_that_plain_pip_reads_is_installed(runtime, content):
    job = runtime.install(SimpleNamespace(encode=lambda: content))
    assert job.result.installed == (PackageVersion("left", "1.0"),), runtime.lines


def test_declared_encoding_goes_to_pips_decoder_first():
    asked = []
    decode = run_pip.by_content(lambda data, *more: asked.append(data) or "asked")
    assert decode(codecs.BOM_UTF16_BE + b"\0a", "url") == "asked" and decode(b"# coding: x\n", "url") == "asked"
    assert decode("é”".encode()) == "é”" and decode(b"\xe9", "url") == "é" and len(asked) == 2


def test_an_editable_package_of_an_old_pip_is_a_package(tmp_path):
    source, folder = tmp_path / "src", tmp_path / "site-packages"
    (source / "my_shop.egg-info").mkdir(parents=True)
    folder.mkdir()
    (source / "my_shop.egg-info/PKG-INFO").write_text("Name: my-shop\nVersion: 1.0\n")
    (folder / "my-shop.egg-link").write_text(f"{source}\n.")
    (folder / "gone.egg-link").write_text("D:\\home\\nowhere\n.")
    before = site_packages.installed_packages(str(folder))
    assert before["my-shop"][:2] == ("my-shop", "1.0") and "gone" not in before
    assert site_packages.changes({}, before)["installed"] == [{"name": "my-shop", "version": "1.0"}]
    os.utime(folder / "my-shop.egg-link", (1, 1))
    assert site_packages.changes(before, site_packages.installed_packages(str(folder)))["reinstalled"] == [
        {"name": "my-shop", "version": "1.0"}
    ]
    names = os.listdir(folder)
    assert (
        site_packages.digest(site_packages.metadata_names(str(folder)))
        == installed.digest(names)
        != installed.digest([])
    )
    assert installed.packages(names) == {}


def test_two_attempts_together():
    first = JobResult(
        reinstalled=(PackageVersion("a", "1"), PackageVersion("c", "1")), upgraded=(VersionChange("b", "1", "2"),)
    )
    second = JobResult(
        reinstalled=(PackageVersion("b", "2"), PackageVersion("d", "1")), removed=(PackageVersion("c", "1"),)
    )
    both = second.following(first)
    assert both.reinstalled == (PackageVersion("a", "1"), PackageVersion("d", "1"))
    assert both.upgraded == (VersionChange("b", "1", "2"),) and both.removed == (PackageVersion("c", "1"),)
    assert [(change.target, change.action, change.before, change.after) for change in result_changes(both)] == [
        ("packages/b", "upgrade", "1", "2"),
        ("packages/a", "reinstall", "1", "1"),
        ("packages/d", "reinstall", "1", "1"),
        ("packages/c", "uninstall", "1", None),
    ]


def test_the_answer_has_all_the_rows():
    rows = package_rows(JobResult(reinstalled=(PackageVersion("a", "1"),)))
    assert rows == {"installed": [], "upgraded": [], "reinstalled": [{"name": "a", "version": "1"}], "removed": []}


def test_a_failure_tells_what_was_reinstalled():
    job = SimpleNamespace(
        id="j",
        state="failed",
        error="x",
        explained_error=None,
        result=JobResult(reinstalled=(PackageVersion("a", "1"),)),
        blocked_by=None,
        advice=None,
    )
    app = SimpleNamespace(site=SimpleNamespace(label="app 'x'", arguments="-g g -n x"))
    assert "It changed: a 1 reinstalled." in job_failure(app, job).message


@pytest.mark.parametrize(
    "name, value, left",
    [
        ("PIP_CONSTRAINT", "{}", False),
        ("PIP_UPGRADE", "1", False),
        ("PIP_UPGRADE", "0", True),
        ("PIP_TIMEOUT", "9", True),
        ("PIP_CONFIG_FILE", "{}.ini", False),
    ],
)
def test_settings_by_which_pip_reads_more_leave_no_record(runtime, tmp_path, name, value, left):
    asked = record.to_json("abc", {})
    runtime.install("left==1.0\n", record=asked)
    assert runtime.record() is not None
    limits = tmp_path / "limits.txt"
    limits.write_text("left<2\n")
    (tmp_path / "limits.txt.ini").write_text(f"[install]\nconstraint = {limits}\n")
    runtime.site.environment[name] = value.format(limits)
    assert runtime.install("left==1.0\n", record=asked).state == "succeeded", runtime.lines
    assert (runtime.record() is not None) is left
    assert any("changes what pip reads" in line for line in runtime.lines) is not left


def test_packages_are_put_back_from_the_very_sources_of_the_run(runtime):
    """One of a nested file, with credentials and a blank, by a path that is relative to another folder than pip's."""
    (runtime.site.home / "site/my links").mkdir(parents=True)
    runtime.install("left==1.0")
    for path in (runtime.job / "wheels").iterdir():
        (runtime.site.home / "site/my links" / path.name).write_bytes(path.read_bytes())
    sources = (
        ("--index-url", "http://reader:s3cr3t@127.0.0.1:9/simple"),
        ("--no-index", ""),
        ("--find-links", HomeFile("site/my links")),
    )
    text = "--no-index\n--find-links wheels\nspoiled\n"
    job = runtime.install(
        text,
        restore=Restore((), sources),
        pip=install(JobFile("requirements.txt"), PipOptions()),
        directory=JobFile(""),
    )
    assert "; what it had changed was put back (3 packages)" in job.error, runtime.lines
    assert not job.result.changed
    for path in runtime.job.rglob("*"):
        assert path.is_dir() or b"s3cr3t" not in path.read_bytes(), path


def test_sources_travel_with_the_secrets_only():
    restore = Restore((), (("--index-url", "https://u:s3cr3t@h/"), ("--find-links", HomeFile("site/x"))))
    spec = JobSpec(
        "install-requirements", "python.exe", "python311x64", install(JobFile("r.txt"), PipOptions()), restore=restore
    )
    files = request_files(spec, "20261122-115930-4f2a", {})
    assert json.loads(files["secrets.json"])["sources"] == [
        ["--index-url", "https://u:s3cr3t@h/"],
        ["--find-links", {"home": "site/x"}],
    ]
    assert [name for name, content in files.items() if b"s3cr3t" in content] == ["secrets.json"]
    assert "s3cr3t" not in repr(restore)


def test_the_arguments_of_the_run_count_for_putting_back():
    options = PipOptions(no_index=True, wheel_dir=JobFile("w"), more=("--trusted-host", "h", "-I", "--cert", "x"))
    assert restore_arguments(options) == (
        "--no-index",
        "--find-links",
        JobFile("w"),
        "--trusted-host",
        "h",
        "--cert",
        "x",
    )


def test_package_without_metadata_is_there_by_its_folder(tmp_path):
    for name, files in (
        ("odd_box-1.0.dist-info", ("RECORD", "WHEEL")),
        ("nameless-2.0.dist-info", ("RECORD", "METADATA")),
        ("left-1.0.dist-info", ("RECORD", "METADATA")),
        ("pip-9.0.dist-info", ()),
        ("notes.dist-info", ("RECORD",)),
    ):
        (tmp_path / name).mkdir()
        for file in files:
            text = "Metadata-Version: 2.1\n" + ("Name: left\nVersion: 1.0\n" if name.startswith("left") else "")
            (tmp_path / name / file).write_text(text)
    found = site_packages.installed_packages(str(tmp_path))
    assert {key: row[:2] for key, row in found.items()} == {
        "odd-box": ("odd_box", "1.0"),
        "nameless": ("nameless", "2.0"),
        "left": ("left", "1.0"),
    }
    assert "odd_box-1.0.dist-info" in site_packages.entries_of(str(tmp_path), found)


def test_where_a_package_came_from_is_told_without_secrets(runtime):
    """By its direct_url.json; of a package that an index provided there is none."""
    runtime.install("left==1.0\nmiddle\n")
    (found,) = runtime.packages.glob("left-*.dist-info")
    address = {"url": "https://host/left.zip?sig=s3cr3t", "archive_info": {}, "subdirectory": "lib"}
    (found / "direct_url.json").write_text(json.dumps(address))
    job = runtime.install("left==2.0\n")
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),), runtime.lines
    assert job.result.addresses == {"left": "https://host/left.zip?****#subdirectory=lib"}
    assert runtime.install("left==2.0\n").result.addresses == {}


def test_an_address_leads_to_its_package_whatever_the_job_reads(runtime):
    """It is what brings the package back: a user of ssh stays, and a repository that the requirements name as well."""
    runtime.install("left==1.0\n")
    (found,) = runtime.packages.glob("left-*.dist-info")
    address = {"url": "ssh://git@host/left.git", "vcs_info": {"vcs": "git", "commit_id": "4f2a"}}
    (found / "direct_url.json").write_text(json.dumps(address))
    job = runtime.install("left==2.0  # git+ssh://git@host/left.git@v1\n")
    assert job.result.addresses == {"left": "git+ssh://git@host/left.git@4f2a"}


@pytest.mark.parametrize(
    "fields, address",
    [
        ({"url": "https://h/a", "vcs_info": {"vcs": "git", "commit_id": "4f"}}, "git+https://h/a@4f"),
        ({"url": "file:///D:/home/site/wwwroot/a.whl", "archive_info": {}}, "file:///D:/home/site/wwwroot/a.whl"),
        ([], None),
        ({"url": "https://h/a", "vcs_info": "git"}, None),
    ],
)
def test_an_address_as_requirements_name_it(tmp_path, fields, address):
    (tmp_path / "My_Tool-1.0.dist-info").mkdir()
    (tmp_path / "My_Tool-1.0.dist-info/direct_url.json").write_text(json.dumps(fields))
    assert site_packages.direct_addresses(str(tmp_path)) == ({"my-tool": address} if address else {})
