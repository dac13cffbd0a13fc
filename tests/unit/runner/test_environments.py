"""An environment is built whole or not at all, and nothing of the one in use is touched meanwhile."""

from __future__ import annotations

import json
import os
import signal

import pytest

from azext_pythonapp.jobs.request import EnvironmentBuild, JobSpec
from azext_pythonapp.packages.pip import JobFile, PipCommand, PipOptions, install
from azext_pythonapp.runtimes.environment import LOCK
from tests.unit.runner.environments import Environments
from tests.unit.runner.job_runtime import Index, wheel

IN_USE = '<configuration><add scriptProcessor="D:\\home\\data\\pythonapp\\environments\\{}\\Scripts\\python.exe|x" />'
SHOWN = "import sys, left; print(left.VERSION, sys.prefix)"


@pytest.fixture
def environments(runtime):
    made = Environments(runtime)
    root = runtime.site.home / "site/wwwroot"
    root.mkdir(parents=True, exist_ok=True)
    (root / "web.config").write_text(IN_USE.format("a"))
    return made


@pytest.fixture
def both(environments):
    """Both environments, of which a is in use."""
    config = environments.runtime.site.home / "site/wwwroot/web.config"
    config.unlink()
    assert environments.build("a", "left==1.0").state == "succeeded"
    config.write_text(IN_USE.format("a"))
    assert environments.build("b", "left==1.0").state == "succeeded"
    return environments


def test_an_environment_has_its_own_packages_only(both):
    job = both.build("b", "left\nright", build={"compared": relative(both, "a")})
    assert job.state == "succeeded" and job.result.check_ok, both.runtime.lines
    assert both.says("a", SHOWN) == f"1.0 {both.parent / 'a'}"
    assert both.says("b", SHOWN) == f"2.0 {both.parent / 'b'}"
    assert [(each.name, each.before, each.after) for each in job.result.upgraded] == [("left", "1.0", "2.0")]
    assert [each.name for each in job.result.installed] == ["right"] and not job.result.reinstalled
    assert not list(both.runtime.packages.glob("left*")), "the runtime has what it had"
    assert both.names() == ["a", "b"], "the environment before is gone"


def relative(environments, letter):
    folder = next((environments.parent / letter).glob("lib/python*/site-packages"))
    return folder.relative_to(environments.runtime.site.home).as_posix()


def test_its_description_says_what_it_was_built_of(environments):
    job = environments.build("b", "left\nright")
    made = environments.description("b")
    assert made is not None
    assert (made.requirements, made.digest, made.added, made.removed) == (
        "requirements.txt",
        "0a",
        ("left>=1",),
        ("right",),
    )
    assert environments.packages("b") == {"left": "2.0", "right": "1.5"} and made.job == job.id
    assert made.base.python_path == environments.runtime.python and made.base.architecture == "x64"
    assert {"left": (), "right": ("left>=1",)}.items() <= made.requires.items() and made.direct == ()
    records = list((environments.parent / "b").glob("lib/python*/site-packages/*.dist-info/RECORD"))
    sizes = [line.rpartition(",")[2] for path in records for line in path.read_text().splitlines()]
    assert made.size == sum(int(each) for each in sizes if each) > 0
    assert made.installer.startswith("pip ") and made.built_at == made.built_at.strip()


def test_its_description_tells_addresses_and_needs(environments):
    """A licence with an empty line, a requirement that goes on in a second line, and one that is not ASCII."""
    metadata = "\n".join(
        [
            "Metadata-Version: 2.1",
            "Name: long",
            "Version: 1.0",
            "License: A",
            "        ",
            "        B",
            "Requires-Dist: left>=1 ;",
            "  python_version >= '3'",
            "requires-dist: right",
            "",
            "Requires-Dist: none",
        ]
    )
    files = dict(
        [
            wheel("long", "1.0", more={"long-1.0.dist-info/METADATA": metadata}),
            wheel("odd", "1.0", ["left ; os_name != '\u00e9'"]),
        ]
    )
    job = environments.build("b", "long\nodd\n./wheels/left-1.0-py2.py3-none-any.whl", files=files)
    assert job.state == "succeeded", environments.runtime.lines
    made = environments.description("b")
    assert made.requires["long"] == ("left>=1 ; python_version >= '3'", "right") and "odd" not in made.requires
    assert made.direct == ("left",)


def test_an_environment_can_be_without_packages(environments):
    job = environments.build("b", None)
    assert job.state == "succeeded" and job.result.check_ok
    assert environments.packages("b") == {}


def test_all_its_modules_are_compiled_behind_the_end(both):
    job = both.build("b", "left==1.0", build={"compared": relative(both, "a")})
    assert job.compiled is not None and not job.result.changed
    folder = both.runtime.site.home / relative(both, "b")
    assert [path.name.partition(".")[0] for path in folder.glob("__pycache__/*.pyc")] == ["left"]
    state = json.loads((both.runtime.job / "state.json").read_text())
    assert state["compiled"] is True


@pytest.mark.parametrize("there", [True, False])
def test_what_an_index_no_longer_has_is_copied(both, there):
    """A kept version that is gone, or an address that needs a token: the app has the package all the same."""
    gone = dict([wheel("gone", "1.0", ["left"], {"gone_parts/data.txt": "x"})])
    if there:
        both.runtime.site.home.joinpath("site/wwwroot/web.config").write_text(IN_USE.format("b"))
        assert both.build("a", "gone", files=gone).state == "succeeded"
        both.runtime.site.home.joinpath("site/wwwroot/web.config").write_text(IN_USE.format("a"))
    links = PipOptions(no_index=True, wheel_dir=JobFile("wheels"))
    job = both.build(
        "b",
        "right",
        files={"kept.txt": b"gone==1.0\nleft==2.0\n", "more.txt": b"right\n"},
        pip=install(JobFile("wheels/kept.txt"), links),
        then=(install(JobFile("wheels/more.txt"), links),),
        build={"compared": relative(both, "a"), "kept": ("gone", "left")},
    )
    if there:
        assert job.state == "succeeded" and job.result.check_ok, both.runtime.lines
        assert both.packages("b") == {"gone": "1.0", "left": "2.0", "right": "1.5"}
        assert both.says("b", "import gone; print(gone.VERSION)") == "1.0"
    else:
        assert job.state == "failed" and "gone" in job.error


def test_the_environment_in_use_is_not_built(both):
    before = both.hashes("a")
    job = both.build("a", "left")
    assert job.state == "failed" and "the app uses environment a" in job.error
    assert both.hashes("a") == before


@pytest.mark.parametrize(
    "text",
    [
        IN_USE.format("b").encode("utf-16"),
        IN_USE.format("B").upper().encode(),
        b"<httpPlatform processPath='%HOME%/data/pythonapp/environments/b/Scripts/python.exe' />",
    ],
)
def test_any_spelling_of_web_config_is_understood(environments, text):
    (environments.runtime.site.home / "site/wwwroot/web.config").write_bytes(text)
    job = environments.build("b", "left")
    assert job.state == "failed" and "the app uses environment b" in job.error and environments.names() == []


def test_a_comment_of_web_config_does_not_count(environments):
    config = environments.runtime.site.home / "site/wwwroot/web.config"
    config.write_text(f"<!-- {IN_USE.format('b')} -->{IN_USE.format('a')}")
    assert environments.build("b", "left").state == "succeeded"


def test_a_web_config_that_cannot_be_read_is_no_permission(environments):
    config = environments.runtime.site.home / "site/wwwroot/web.config"
    config.unlink()
    config.mkdir()
    job = environments.build("b", "left")
    assert job.state == "failed" and "whether the app uses environment b is not known" in job.error


def test_a_failing_requirement_leaves_both_as_they_were(both):
    before = both.hashes("a"), both.hashes("b")
    job = both.build("b", "left\nnosuch")
    assert job.state == "failed" and "nosuch" in job.error
    assert (both.hashes("a"), both.hashes("b")) == before and both.names() == ["a", "b"]


def test_a_failing_first_build_leaves_nothing(environments):
    assert environments.build("b", "nosuch").state == "failed"
    assert environments.names() == []


def test_a_canceled_build_leaves_both_as_they_were(both):
    before = both.hashes("a"), both.hashes("b")
    index = Index()
    launched = both.launch("b", "left", pip=both.runtime.from_index(index))
    assert index.entered.wait(60)
    both.runtime.cancel()
    assert both.runtime.follow(launched).state == "canceled"
    launched.pending.process.wait(60)
    assert (both.hashes("a"), both.hashes("b")) == before and both.names() == ["a", "b"]


def test_the_next_job_repairs_what_a_killed_one_left(both):
    before = both.hashes("a"), both.hashes("b")
    index = Index()
    launched = both.launch("b", "left", pip=both.runtime.from_index(index))
    assert index.entered.wait(60)
    os.killpg(launched.pending.process.pid, signal.SIGKILL)
    launched.pending.process.wait(20)
    assert both.description("b") is None and both.hashes("a") == before[0]
    lock = both.runtime.site.home / f"data/pythonapp/locks/{LOCK}.lock"
    lock.unlink()  # else the next one waits a minute, to be sure that its owner is dead
    assert both.build("b", "nosuch").state == "failed"
    assert (both.hashes("a"), both.hashes("b")) == before and both.names() == ["a", "b"]


def test_a_second_builder_is_told_of_the_first(both):
    index = Index()
    launched = both.launch("b", "left", pip=both.runtime.from_index(index))
    assert index.entered.wait(60)
    first = both.runtime.job_id
    second = both.build("b", "left==2.0")
    assert second.state == "failed" and second.blocked_by == first
    assert f"job {first} is building an environment at this moment" in second.error
    index.released.set()
    assert both.runtime.follow(launched).state == "succeeded"


def test_packages_of_an_environment_are_only_looked_at(both):
    spec = {"pip": None, "exclusive": False, "letter": "a"}
    before = both.hashes("a")
    job = both.runtime.install("", **spec, runtime=LOCK)
    assert job.state == "succeeded" and job.result.check_ok and both.hashes("a") == before
    with pytest.raises(ValueError, match="never changed"):
        JobSpec("package install", "p", LOCK, PipCommand(()), letter="a")
    with pytest.raises(ValueError, match="lock"):
        JobSpec("package install", "p", "python311x64", PipCommand(()), letter="a", build=EnvironmentBuild())


def test_a_python_of_another_folder_is_not_changed(environments):
    """A Python that does not take the folder for its environment, such as one that reads no pyvenv.cfg."""
    quick = [*environments.runtime.site.quick, ("environment", '"pyvenv.cfg"), text', '"other.cfg"), text')]
    environments.runtime.site.quick = quick
    job = environments.build("b", "left")
    assert job.state == "failed" and " is a Python of " in job.error, environments.runtime.lines
    assert environments.names() == [] and not list(environments.runtime.packages.glob("left*"))
