"""What a record says of packages: where they come from, without secrets, and what a job made of them."""

from __future__ import annotations

import pytest

from azext_pythonapp.jobs.state import JobResult, PackageVersion, VersionChange
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import package_part, source_arguments, with_before, with_result
from azext_pythonapp.packages import pip
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipOptions

TARGET = Target("D:\\home\\python311x64\\python.exe", "python311x64", "3.11.9", "x64")
MAIN = JobFile("requirements.txt")


@pytest.mark.parametrize(
    "options, expected",
    [
        (PipOptions(), []),
        (PipOptions(upgrade=True, no_deps=True, only_binary=":all:"), []),
        (PipOptions(no_index=True, wheel_dir=JobFile("wheels.html")), ["--no-index"]),
        (PipOptions(pre=True, wheel_dir=HomeFile("site/wheels")), ["--pre", "--find-links", "%HOME%\\site\\wheels"]),
        (
            PipOptions(index_url="https://me:pw@h/simple", extra_index_urls=("https://a/s", "https://b/s?sig=s3cret")),
            ["--index-url", "https://h/simple", "--extra-index-url", "https://a/s", "--extra-index-url"],
        ),
        (PipOptions(more=("--trusted-host", "h", "--no-cache-dir")), ["--trusted-host", "h"]),
        (PipOptions(environment={"PIP_FIND_LINKS": "https://me:pw@h/a"}), ["--find-links", "https://h/a"]),
    ],
)
def test_where_packages_come_from(options, expected):
    found = source_arguments(pip.install(MAIN, options))
    assert found[: len(expected)] == expected
    assert all(secret not in " ".join(found) for secret in ("pw", "s3cret", "me:"))


def test_the_lines_of_requirements_files_count_as_well():
    sources = (("--extra-index-url", "https://me:pw@h/simple"), ("--no-index", ""), ("-f", HomeFile("site/w")))
    assert package_part(TARGET, {}, pip.install(MAIN, PipOptions()), sources).arguments == [
        *("--extra-index-url", "https://h/simple", "--no-index", "-f", "%HOME%\\site\\w")
    ]


def test_what_a_job_made_of_the_packages():
    part = package_part(TARGET, {"flask": "2.0", "six": "1.15", "old-one": "1"})
    result = JobResult(
        (PackageVersion("Jinja2", "3.0"),),
        (VersionChange("Flask", "2.0", "3.0"),),
        (PackageVersion("six", "1.15"),),
        (PackageVersion("old_one", "1"),),
        addresses={"six": "git+https://me:pw@h/six@4f2a"},
    )
    done = with_result(part, result)
    assert done.before == part.before and done.after == {"flask": "3.0", "six": "1.15", "jinja2": "3.0"}
    assert done.addresses == {"six": "git+https://h/six@4f2a"}
    again = with_result(done, JobResult(removed=(PackageVersion("six", "1.15"),)))
    assert again.after == {"flask": "3.0", "jinja2": "3.0"} and again.addresses == done.addresses


def test_what_the_first_of_two_jobs_replaced_is_kept():
    part = with_result(package_part(TARGET, {"six": "1"}), JobResult(record_before={"jobId": "a"}))
    assert part.last_run == {"jobId": "a"}
    assert with_result(part, JobResult(record_before={"jobId": "b"})).last_run == {"jobId": "a"}
    assert with_before(package_part(TARGET, {}), part).last_run == {"jobId": "a"}
    assert with_result(package_part(TARGET, {}), JobResult(record_before={})).last_run == {}
    assert with_result(package_part(TARGET, {}), JobResult()).last_run is None
    assert JobResult(record_before={"jobId": "b"}).following(JobResult(record_before={})).record_before == {}


def test_what_is_not_known_stays_so():
    assert with_result(package_part(TARGET, {}), None).after is None
    assert with_result(package_part(TARGET, None), JobResult((PackageVersion("six", "1"),))).after is None
