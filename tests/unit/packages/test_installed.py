"""What a site-packages listing tells, the record of a run, and the call of pip."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.request import JobSpec, request_files
from azext_pythonapp.packages import record
from azext_pythonapp.packages.installed import digest, doubles, every_version, packages
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipOptions, has_credentials, install, masked


def test_packages_by_their_canonical_name():
    assert packages(
        [
            "Flask-2.0.3.dist-info",
            "flask",
            "typing_extensions-4.1.1.dist-info",
            "zope.interface-5.0-py3.6.egg-info",
            "PyYAML-5.1-py3.6-win-amd64.egg-info",
            "legacy-name-1.0.dist-info",
            "ours-1.0+local.2.dist-info",
            "develop.egg-info",
            "~arkupsafe-2.0.1.dist-info",
            "__pycache__",
            "__editable__.mine-0.1.pth",
            "mine-0.1.dist-info",
            "easy-install.pth",
            "distutils-precedence.pth",
            "UPPER-1.0.DIST-INFO",
        ]
    ) == {
        "flask": "2.0.3",
        "typing-extensions": "4.1.1",
        "zope-interface": "5.0",
        "pyyaml": "5.1",
        "legacy-name": "1.0",
        "ours": "1.0+local.2",
        "develop": "",
        "mine": "0.1",
        "upper": "1.0",
    }


def test_the_digest_is_that_of_the_packages_alone():
    before = digest(["a-1.0.dist-info", "b-1.egg-info", "a", "b.py"])
    assert digest(["b-1.egg-info", "x.pth", "~a-1.0.dist-info", "a-1.0.dist-info"]) == before
    assert digest(["a-1.1.dist-info", "b-1.egg-info"]) != before


def good_record(**changes):
    fields = {
        **record.to_json("sha", {"pre": True}),
        "packagesDigest": "digest",
        "jobId": "j",
        "finishedAt": "t",
        "check": {"ok": True, "problems": []},
        **changes,
    }
    return record.parse(json.dumps(fields).encode())


def test_a_record_satisfies_the_same_run_only():
    same = ("sha", {"pre": True}, "digest")
    assert record.is_satisfied(good_record(), *same, pinned=False)
    for other in (("sh4", {"pre": True}, "digest"), ("sha", {}, "digest"), ("sha", {"pre": True}, "d1gest")):
        assert not record.is_satisfied(good_record(), *other, pinned=True)
    assert not record.is_satisfied(None, *same, pinned=True)


def test_with_upgrade_only_pins_can_be_satisfied():
    upgraded = good_record(options={"upgrade": True})
    assert record.is_satisfied(upgraded, "sha", {"upgrade": True}, "digest", pinned=True)
    assert not record.is_satisfied(upgraded, "sha", {"upgrade": True}, "digest", pinned=False)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"requirementsSha256": "x"}', b"\xff\xfe"])
def test_a_record_that_is_not_whole_is_none(content):
    assert record.parse(content) is None


def test_the_fingerprint_covers_names_and_contents():
    base = record.fingerprint({"requirements.txt": b"a", "c.txt": b"b"})
    assert base == record.fingerprint({"c.txt": b"b", "requirements.txt": b"a"})
    assert base not in (
        record.fingerprint({"requirements.txt": b"ab", "c.txt": b""}),
        record.fingerprint({"requirements.txt": b"b", "c.txt": b"a"}),
    )
    assert record.path_for("python364x64") == "data/pythonapp/records/python364x64.json"


def test_pip_gets_addresses_out_of_sight():
    options = PipOptions(
        upgrade=True,
        pre=True,
        no_index=True,
        require_hashes=True,
        wheel_dir=JobFile("wheels"),
        constraints=(HomeFile("site/wwwroot/pins.txt"),),
        index_url="https://u:s3cret@h/simple",
        extra_index_urls=("https://a/simple", "https://t0ken@b/simple"),
    )
    command = install(JobFile("requirements.txt"), options)
    assert command.arguments == (
        "install",
        "--upgrade",
        "--pre",
        "--require-hashes",
        "--no-index",
        "--find-links",
        JobFile("wheels"),
        "-c",
        HomeFile("site/wwwroot/pins.txt"),
        "-r",
        JobFile("requirements.txt"),
    )
    assert command.environment == {
        "PIP_INDEX_URL": "https://u:s3cret@h/simple",
        "PIP_EXTRA_INDEX_URL": "https://a/simple https://t0ken@b/simple",
    }
    assert "s3cret" not in repr(command)
    normalised = options.normalised()
    assert normalised["index_url"] == "https://h/simple"
    assert normalised["extra_index_urls"] == ["https://a/simple", "https://b/simple"]
    assert PipOptions().normalised() == {}


def test_credentials_are_found_and_masked():
    assert masked("x https://u:p@h/ y git+ssh://git@h/r") == "x https://****@h/ y git+ssh://git@h/r"
    assert masked("git+ssh://git:p@h/r https://token@h/") == "git+ssh://git:****@h/r https://****@h/"
    assert has_credentials(b"--index-url https://u:p@h/\n")
    assert has_credentials("﻿--index-url https://u:p@h/\n".encode("utf-16-le"))
    assert not has_credentials(b"a @ https://h/a@b.zip\nb==1 # me@home")


def test_the_files_of_a_job():
    spec = JobSpec(
        "install-requirements",
        r"D:\home\python364x64\python.exe",
        "python364x64",
        install(JobFile("requirements.txt"), PipOptions(index_url="https://u:s3cret@h/simple")),
        record=record.to_json("sha", {}),
        watched={"site/wwwroot/requirements.txt": b"a"},
    )
    job_id = new_id()
    files = request_files(spec, job_id, {"requirements.txt": b"-i https://u:s3cret@h", "pins.txt": b"a==1"})
    runner = {name for name in files if name.startswith("runner/")}
    assert {"runner/__init__.py", "runner/__main__.py", "runner/job.py", "runner/run_pip.py"} <= runner
    assert sorted(set(files) - runner) == ["pins.txt", "request.json", "requirements.txt", "secrets.json"]
    request = json.loads(files["request.json"])
    assert b"s3cret" not in files["request.json"]
    assert request["secretFiles"] == ["requirements.txt"]
    assert request["calls"] == [["install", "-r", {"job": "requirements.txt"}]]
    assert (request["exclusive"], request["checked"], request["restore"]) == (True, True, None)
    assert request["directory"] == {"job": ""}
    assert json.loads(files["secrets.json"])["environment"]["PIP_INDEX_URL"] == "https://u:s3cret@h/simple"


def test_a_file_cannot_take_the_place_of_the_jobs_own():
    spec = JobSpec("x", "python.exe", "python364x64", install(JobFile("r.txt"), PipOptions()))
    with pytest.raises(InvalidInput, match="state.json"):
        request_files(spec, new_id(), {"State.json": b""})
    for name in ("Runner", "runner/logging.py", "RUNNER\\pip.py", "./runner/x.py", "a/../runner/x.py", "runner. /x.py"):
        with pytest.raises(InvalidInput, match="runner"):
            request_files(spec, new_id(), {name: b""})
    assert "requirements/runner/x.txt" in request_files(spec, new_id(), {"requirements/runner/x.txt": b""})
    with pytest.raises(InvalidInput, match="runtime"):
        request_files(JobSpec("x", "python.exe", "../x", spec.pip), new_id(), {})


def test_ids_sort_by_age():
    assert len({new_id() for _ in range(20)}) > 15
    assert new_id()[:8] >= "20260101"


def test_an_entry_that_another_one_contradicts_is_in_doubt():
    names = ["pip-20.3.4.dist-info", "pip-24.0.dist-info", "six-1.16.0.dist-info", "pip", "Six.py"]
    assert doubles(names) == ["pip-20.3.4.dist-info", "pip-24.0.dist-info"]
    assert doubles(["Flask-1.0-py3.6.egg-info", "flask-2.0.dist-info"]) == [
        "Flask-1.0-py3.6.egg-info",
        "flask-2.0.dist-info",
    ]


def test_every_version_has_doubles_eggs_and_links():
    names = ["flask-1.0.dist-info", "Flask-1.10.dist-info", "~lask-0.5.dist-info", "Old_Thing-2.1-py3.6.egg", "x.py"]
    names += ["my.app.egg-link", "flask.egg-link"]
    assert every_version(names) == [("flask", "1.0"), ("flask", "1.10"), ("my-app", ""), ("old-thing", "2.1")]


def test_a_name_like_a_tag_of_python_stays():
    names = ["jupyter-py3-1.2.dist-info", "PyYAML-5.1-py3.6-win32.egg-info"]
    assert packages(names) == {"jupyter-py3": "1.2", "pyyaml": "5.1"}
