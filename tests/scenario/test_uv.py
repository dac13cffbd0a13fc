"""The real uv.exe on the worker: it installs where nothing runs, builds environments, and pip takes over where it must."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from azext_pythonapp.packages import uv
from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.runtimes.environment import DESCRIPTION, parse
from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import await_compiled, naming
from tests.scenario.environment_job import HOME, run_job

REQUIREMENTS = "flask==3.1.2\nclick<8.3\nmarkupsafe\n"
# Those of flask that the index has for Python 3.11 on Windows, and what they need.
INSTALLED = ["blinker", "click", "colorama", "flask", "itsdangerous", "jinja2", "markupsafe", "werkzeug"]
TAKES_OVER = "pip is used instead of uv"
TOOLS = "data/pythonapp/tools"


@pytest.fixture
def index(windows):
    """An index of its own, which the az and the worker ask."""
    with PackageIndex(windows / "index") as made:
        yield made


@pytest.fixture
def idle(apps, az, tmp_path):
    """An app with a Python that nothing runs from, and a requirements.txt on this machine."""
    site = apps.new(python="3.11.9")
    path = tmp_path / "requirements.txt"
    path.write_text(REQUIREMENTS, encoding="utf-8")

    def install(*options, **expected):
        return az("webapp python install-requirements --installer uv -r", path, *options, *naming(site), **expected)

    return site, install


def test_uv_installs_and_its_cache_serves_environments(idle, index, az):
    site, install = idle
    planned = install("--index-url", index.url, "--dry-run")
    assert planned.json["changed"] and TAKES_OVER not in planned.stderr and index.requests == []
    done = install("--index-url", index.url)
    assert done.json["installer"] == "uv 0.13.9" and TAKES_OVER not in done.stderr, done.stderr
    assert [each["name"].lower() for each in done.json["installed"]] == INSTALLED
    assert done.json["check"] == {"ok": True, "problems": []}
    assert "Uploading uv 0.13.9" in done.stderr and "Resolved 8 packages" in done.stderr
    await_compiled(site)
    listed = {each["name"].lower(): each["version"] for each in az("webapp python package list", *naming(site)).json}
    assert listed["click"] == "8.1.8" and listed["flask"] == "3.1.2"
    program = site.machine.home / TOOLS / "uv-0.13.9/uv.exe"
    assert program.stat().st_size == uv.BUILDS["x64"].size
    again = install("--index-url", index.url)
    assert not again.json["changed"] and again.json["changeId"] is None

    # The packages are in the cache, so an environment can be built without the index.
    options = PipOptions(index_url=index.url)
    arguments, variables = uv.install(JobFile("requirements.txt"), options)
    call = uv.UvInstall(uv.BUILDS["x64"], (("--offline", *arguments),), variables)
    python = f"{HOME}\\{next(path.name for path in site.machine.home.glob('python3119*'))}\\python.exe"
    state, log = run_job(site, python, "a", REQUIREMENTS, options, {}, uv=call)
    assert state["installer"] == "uv 0.13.9" and TAKES_OVER not in log
    made = description(site, "a")
    assert made.installer == "uv 0.13.9" and made.packages["click"] == "8.1.8"
    assert sorted({*made.packages} - {"certifi"}) == INSTALLED
    assert state["result"]["check"] == {"ok": True, "problems": []}


def description(site, letter):
    return parse((site.machine.home / "data/pythonapp/environments" / letter / DESCRIPTION).read_bytes())


def test_environments_are_built_by_uv_unless_pip_is_needed(az, apps, index):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    moved = az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    assert description(site, "a").installer == "uv 0.13.9" and TAKES_OVER not in moved.stderr, moved.stderr
    assert "Hello from Flask" in apps.get(site).text
    added = az("webapp python package install --packages six --index-url", index.url, *naming(site))
    assert added.json["installer"] == "uv 0.13.9" and [each["name"] for each in added.json["installed"]] == ["six"]
    requirements = site.machine.home / "site/wwwroot/requirements.txt"
    requirements.write_text("--prefer-binary\nflask\nwaitress\nidna\n", encoding="utf-8")
    other = az("webapp python install-requirements", *naming(site))
    assert other.json["installer"] == "pip" and description(site, "a").installer.startswith("pip ")
    assert f"{TAKES_OVER}: requirements.txt:1 has --prefer-binary, which uv does not know." in other.stderr
    assert other.stderr.count(TAKES_OVER) == 1
    assert {"six", "idna", "flask"} <= description(site, "a").packages.keys()
    requirements.write_text("flask\nwaitress\nnosuchpackage\n", encoding="utf-8")
    failed = az("webapp python install-requirements", *naming(site), expect=1)
    assert failed.stderr.count(TAKES_OVER) == 1 and "has no package named nosuchpackage" in failed.stderr
    assert "Hello from Flask" in apps.get(site).text


def test_the_workers_pip_brings_uv_without_an_index_here(idle):
    site, install = idle
    done = install()
    assert done.json["installer"] == "uv 0.13.9" and "Uploading uv" not in done.stderr, done.stderr
    assert "pip download" in done.stderr and (site.machine.home / TOOLS / "uv-0.13.9/uv.exe").exists()


def test_pip_takes_over_from_a_uv_that_is_not_the_expected_one(idle, windows, tmp_path):
    site, install = idle
    folder = tmp_path / "index"
    folder.mkdir()
    for path in (windows / "index").glob("*.whl"):
        if not path.name.startswith("uv-"):
            shutil.copy(path, folder) if path.stat().st_size < 1_000_000 else None
    with zipfile.ZipFile(folder / uv.BUILDS["x64"].wheel, "w") as wheel:
        wheel.writestr("uv-0.13.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.13.9\n")
        wheel.writestr(
            "uv-0.13.9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-win_amd64\n"
        )
        wheel.writestr("uv-0.13.9.dist-info/RECORD", "")
        wheel.writestr(uv.BUILDS["x64"].member, b"MZ")
    with PackageIndex(folder) as index:
        done = install("--index-url", index.url)
    assert done.json["installer"] == "pip" and len(done.json["installed"]) == len(INSTALLED)
    assert f"{uv.BUILDS['x64'].wheel} of the index is not the expected file, so the worker looks for it." in done.stderr
    assert f"{TAKES_OVER}: the index has another file than the expected {uv.BUILDS['x64'].wheel}." in done.stderr
    assert done.stderr.count(TAKES_OVER) == 1 and not (site.machine.home / TOOLS / "uv-0.13.9/uv.exe").exists()


def test_pip_takes_over_from_a_uv_that_does_not_start(apps, windows, az):
    """Wine is a 64-bit one here: it cannot start the uv.exe for 32-bit Pythons."""
    site = apps.new()
    shutil.copytree(next((windows / "runtimes").glob("3.6.4-x86-*")), site.machine.home / "python364x86")
    build, options = uv.BUILDS["x86"], PipOptions()
    program = site.machine.home / build.program.path
    program.parent.mkdir(parents=True)
    with zipfile.ZipFile(windows / "index" / build.wheel) as wheel:
        program.write_bytes(wheel.read(build.member))
    (program.parent / build.marker).touch()
    arguments, variables = uv.install(JobFile("requirements.txt"), options)
    call = uv.UvInstall(build, (arguments,), variables, fetched=True, or_pip=True)
    state, log = run_job(site, f"{HOME}\\python364x86\\python.exe", "b", "six==1.16.0\n", options, {}, uv=call)
    assert state["installer"] is None and log.count(TAKES_OVER) == 1, log
    assert f"{TAKES_OVER}: it does not start on the worker (" in log, log
    made = description(site, "b")
    assert made.installer == "pip 21.3.1" and made.packages["six"] == "1.16.0"
