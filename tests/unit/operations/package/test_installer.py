"""Whether pip or uv installs: what was asked for, what the app runs, and what the files say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Refused, Unreachable
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.job.run import PipRun, package_change, spec_of
from azext_pythonapp.operations.package.install import requirement_lines
from azext_pythonapp.operations.package.installer import Part, tool_of, wheels_of, with_installer
from azext_pythonapp.operations.package.requirement_files import local_files
from azext_pythonapp.packages import pip, uv
from azext_pythonapp.packages.pip import JobFile, PipOptions
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app

TARGET = Target(r"D:\home\python3119x64\python.exe", "python3119x64", "3.11.9", "x64")
HANDLER = (
    '<configuration><system.webServer><handlers><add name="py" path="*" verb="*" modules="httpPlatformHandler"/>'
    '</handlers><httpPlatform processPath="D:\\home\\{}\\python.exe" arguments="app.py"/></system.webServer>'
    "</configuration>"
)


@pytest.fixture
def app(tmp_path):
    kudu = FolderSite(tmp_path)
    (tmp_path / "site/wwwroot").mkdir(parents=True)
    kudu.home = tmp_path
    opened = shop_app(kudu)
    opened.settings = {}
    configuration = SimpleNamespace(virtual_applications=None)
    opened.arm = SimpleNamespace(app_settings=lambda site: opened.settings, configuration=lambda site: configuration)
    return opened


@pytest.fixture(autouse=True)
def configs(monkeypatch):
    """The web.config files of the site, or the error that reading them ends with."""
    found: list[object] = []

    def read(app):
        for each in found:
            if isinstance(each, Exception):
                raise each
            yield "site/wwwroot/web.config", each.encode()

    monkeypatch.setattr("azext_pythonapp.operations.app.used_runtimes.web_configs_of", read)
    return found


def run_for(files, options=PipOptions(), **more):
    return PipRun(TARGET, "Installing into", pip.install(files.main, options), [], uploads=files.uploads, **more)


def test_auto_and_pip_are_pip(app):
    files = requirement_lines(["six"])
    for installer in ("auto", "pip"):
        assert with_installer(app, run_for(files), installer, [Part(files, PipOptions())]).uv is None
    assert app.progress.said == []


@pytest.mark.parametrize("started", [None, "python3132x64"])
def test_uv_installs_for_a_python_that_the_app_does_not_run(app, configs, started):
    configs += [HANDLER.format(started)] if started else []
    files = requirement_lines(["six", "Flask>=3", 'pywin32; sys_platform == "linux"'])
    options = PipOptions(upgrade=True, index_url="https://u:secret@pkgs.example/s")
    preparation = pip.install_pip("pip", options)
    run = run_for(files, options, preparation=preparation)
    run = with_installer(app, run, "uv", [Part(files, options)])
    assert app.progress.said == []
    assert run.uv.calls[0][:4] == ("--upgrade-package", "six", "--upgrade-package", "flask")
    assert run.uv.build is uv.BUILDS["x64"] and run.uv.fetched and not run.uv.own_index
    spec = spec_of(run, "package install")
    assert spec.uv is run.uv and spec.environment["PIP_INDEX_URL"].startswith("https://u:secret@")


ENVIRONMENT = Target(
    r"D:\home\data\pythonapp\environments\b\Scripts\python.exe",
    "environments",
    "3.11.9",
    "x64",
    "b",
    TARGET.python_path,
)


def test_uv_asks_the_index_anew_as_pip_does(app):
    """It believes a page for ten minutes, so it would not see a release of a minute ago; except of what is settled."""
    files = requirement_lines(["six", "flask==3.1.2", "click"])
    run = replace(run_for(files), target=ENVIRONMENT)
    part = Part(files, PipOptions(), settled={"click"})
    (call,) = with_installer(app, run, "uv", [part]).uv.calls
    assert call[:-2] == ("--refresh-package", "six", "--refresh-package", "flask")


WHAT_STAYS = "click==8.1.8"


def together(app, lines, options=PipOptions(), pages=()):
    """The one call that is tried for what stays and for requirements; None for none."""
    kept, files = requirement_lines([WHAT_STAYS]), requirement_lines(lines)
    parts = [Part(kept, PipOptions(no_deps=True), pages, {"click"}), Part(files, options, settled={"click"})]
    return with_installer(app, replace(run_for(files), target=ENVIRONMENT), "auto", parts, kept=True).uv.together


def test_what_stays_is_installed_with_what_is_pinned(app):
    call = together(app, ["click", "flask==3.1.2", 'odd; sys_platform == "linux"'], PipOptions(pre=True))
    assert call[:3] == ("--prerelease", "allow", "-r") and call[-2] == "-r" and len(call) == 6


@pytest.mark.parametrize(
    "lines, more",
    [
        (["six"], {}),
        (["six>=1.16"], {}),
        (["six==1.*"], {}),
        (["six==1.17.0"], {"options": PipOptions(upgrade=True)}),
        (["six==1.17.0"], {"options": PipOptions(no_deps=True)}),
        (["six==1.17.0 --hash=sha256:" + "0" * 64], {}),
        (["six==1.17.0"], {"pages": (JobFile("stored.html"),)}),
    ],
)
def test_what_might_mean_something_else_together(app, lines, more):
    """pip takes the newest of what is asked for and changes what stays; uv would look for one that fits what stays."""
    assert together(app, lines, **more) is None


@pytest.mark.parametrize("installer, used", [("auto", True), ("uv", True), ("pip", False)])
def test_uv_installs_into_an_environment(app, configs, installer, used):
    configs += [HANDLER.format("python3119x64")]
    kept, files = requirement_lines(["click==8.1.8"]), requirement_lines(["six"])
    pages, settled = (JobFile("stored.html"),), {"click"}
    parts = [Part(kept, PipOptions(no_deps=True), pages, settled), Part(files, PipOptions(upgrade=True), (), settled)]
    run = with_installer(app, replace(run_for(files), target=ENVIRONMENT), installer, parts)
    assert (run.uv is not None) is used and app.progress.said == []
    if used:
        assert run.uv.calls == (
            ("--no-deps", "--find-links", JobFile("stored.html"), "-r", kept.main),
            ("--upgrade-package", "six", "--refresh", "-r", files.main),
        )
        assert run.uv.or_pip is (installer == "auto")
    assert with_installer(app, run_for(files), installer, []).uv is None


def test_one_part_that_needs_pip_is_enough(app):
    odd, files = requirement_lines(["odd @ git+https://host.example/odd"]), requirement_lines(["six"])
    parts = [Part(files, PipOptions()), Part(odd, PipOptions())]
    assert with_installer(app, replace(run_for(files), target=ENVIRONMENT), "auto", parts).uv is None
    assert len(app.progress.said) == 1 and "names a repository" in app.progress.said[0]


@pytest.mark.parametrize("how", ["web.config", "setting", "unread"])
def test_pip_installs_into_what_the_app_runs(app, configs, how):
    configs += [HANDLER.format("python3119x64")] if how == "web.config" else []
    configs += [Unreachable("no answer")] if how == "unread" else []
    if how == "setting":
        app.settings = {"START": r"D:\home\python3119x64\python.exe app.py"}
    files = requirement_lines(["six"])
    assert with_installer(app, run_for(files), "uv", [Part(files, PipOptions())]).uv is None
    assert app.progress.said == [
        "pip is used instead of uv: app 'shop' runs Python 3.11.9, and uv breaks a package of which a running program "
        "holds a file."
    ]


def test_pip_installs_what_uv_would_not_install_alike(app):
    files = requirement_lines(["six @ git+https://host.example/six"])
    assert with_installer(app, run_for(files), "uv", [Part(files, PipOptions())]).uv is None
    assert len(app.progress.said) == 1 and "--packages:1 names a repository" in app.progress.said[0]


def test_a_constraints_file_is_looked_at_as_well(app, tmp_path):
    (tmp_path / "r.txt").write_text("six\n")
    (tmp_path / "c.txt").write_text("six @ git+https://host.example/six\n")
    files = local_files(str(tmp_path / "r.txt"), str(tmp_path / "c.txt"), None)
    assert with_installer(app, run_for(files), "uv", [Part(files, PipOptions())]).uv is None
    assert "c.txt:1 names a repository" in app.progress.said[0]


def test_the_wheel_of_uv_is_no_package(app, tmp_path):
    from azext_pythonapp.packages.requirements import TargetEnvironment

    (tmp_path / "r.txt").write_text("six\n")
    for name in ("six-1.16.0-py2.py3-none-any.whl", uv.BUILDS["x64"].wheel):
        (tmp_path / name).write_bytes(b"PK")
    files = local_files(str(tmp_path / "r.txt"), None, str(tmp_path))
    files = files.for_target(TargetEnvironment("3.11.9", "x64"), lambda text: None)
    run = with_installer(app, run_for(files), "uv", [Part(files, PipOptions(wheel_dir=files.find_links))])
    assert [each.name for each in wheels_of(run, files)] == ["six-1.16.0-py2.py3-none-any.whl"]
    assert len(wheels_of(run_for(files), files)) == 2


def test_an_upgrade_of_pip_is_not_announced_with_uv(app):
    files = requirement_lines(["six"])
    planned = [package_change("pip", "upgrade", "9.0", "newest"), package_change("six", "install", None, "newest")]
    run = PipRun(
        TARGET, "x", pip.install(files.main, PipOptions()), planned, preparation=pip.install_pip("pip", PipOptions())
    )
    assert [each.target for each in with_installer(app, run, "uv", [Part(files, PipOptions())]).planned] == [
        "packages/six"
    ]


def test_nothing_is_brought_for_pip(app):
    tool_of(app, run_for(requirement_lines(["six"])), PipOptions(), None)(lambda: pytest.fail("nothing is written"))
    assert app.kudu.requests == []


def with_pip(app, version):
    """The app's Python has a pip of this version."""
    folder = app.kudu.home / "python3119x64" / "Lib" / "site-packages" / f"pip-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").touch()


@pytest.mark.parametrize(
    "time, own, version, message, advice",
    [
        (
            "P7D",
            "26.0.1",
            "3.11.9",
            "--uploaded-prior-to with a number of days needs pip 26.1, and pip of Python 3.11.9 on app 'shop' is 26.0.1.",
            "`az webapp python package install -g rg -n shop --packages pip --upgrade`",
        ),
        (
            "2026-11-01T00:00:00Z",
            "25.3",
            "3.11.9",
            "--uploaded-prior-to with a date needs pip 26.0, and pip of Python 3.11.9 on app 'shop' is 25.3.",
            "--packages pip --upgrade`",
        ),
        (
            "P7D",
            "9.0.3",
            "3.6.4",
            "needs pip 26.1, and the last pip for Python 3.6.4 on app 'shop' is 21.3.1.",
            "use a newer Python: `az webapp python set-version`",
        ),
        ("P7D", "26.1", "3.11.9", None, None),
        ("2026-11-01T00:00:00Z", "26.0", "3.11.9", None, None),
    ],
)
def test_a_pip_that_knows_no_cooldown_is_refused(app, time, own, version, message, advice):
    with_pip(app, own)
    files, options = requirement_lines(["six"]), PipOptions(uploaded_prior_to=time)
    run = replace(run_for(files, options), target=replace(TARGET, version=version))
    if message is None:
        assert with_installer(app, run, "pip", [Part(files, options)]) is run
        return
    with pytest.raises(Refused) as caught:
        with_installer(app, run, "pip", [Part(files, options)])
    assert message in caught.value.message and "Nothing was changed." in caught.value.message
    assert advice in caught.value.recommendation


def test_uv_knows_the_cooldown_that_pip_does_not(app):
    """pip does not take over then: it would fail, or install what is too new."""
    with_pip(app, "25.0.1")
    files, options = requirement_lines(["six"]), PipOptions(uploaded_prior_to="P7D")
    run = replace(run_for(files, options), target=ENVIRONMENT)
    used = with_installer(app, run, "auto", [Part(files, options)])
    words = used.uv.calls[0]
    assert words[words.index("--exclude-newer") + 1] == "P7D" and not used.uv.or_pip
