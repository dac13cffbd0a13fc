"""What a new environment gets: the requirements, what was added one by one, and all else in the versions of now."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.environment.contents import ADDED, KEPT, PROGRAMS, InUse, Wanted, contents_of, leaving
from azext_pythonapp.operations.environment.standing import require_fit
from azext_pythonapp.operations.package.install import FILE, requirement_lines
from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.packages.requirements import parse
from azext_pythonapp.runtimes.environment import Base, Description
from azext_pythonapp.webconfig.handlers import read_handler, write_handler
from tests.unit.operations.set_version.test_last_lines import OLD, platform
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

HOME = r"D:\home"
RUNTIME = "python3119x64"
OF_B = Target(rf"{HOME}\data\pythonapp\environments\b\Scripts\python.exe", "environments", "3.11.9", "x64", "b", "base")
# flask needs click; tool needs helper, and nobody needs tool.
PACKAGES = {
    "flask": ("3.0.3", ["click>=8"]),
    "click": ("8.1.8", []),
    "tool": ("1.0", ["helper"]),
    "helper": ("2.0", []),
}
BUILT = Description(
    Base("base", "3.11.9", "x64"), "requirements.txt", "0", ("tool==1.0",), (), "pip 24", "job", "now", {}
)


class Kudu:
    """An app's packages in a folder, as VFS shows them."""

    def __init__(self, place, packages, addresses):
        self._folder = f"{place}/Lib/site-packages"
        self._packages, self._addresses = packages, addresses
        self.asked = []

    def home(self):
        return HOME

    def list_directory(self, path):
        if path != self._folder:
            raise NotFound(path)
        names = [
            "pip-24.0.dist-info",
            *(f"{name}-{version}.dist-info" for name, (version, _) in self._packages.items()),
        ]
        return [SimpleNamespace(name=name, is_directory=True) for name in names]

    def read(self, path):
        self.asked.append(path.rpartition("site-packages/")[2])
        name = path.removeprefix(f"{self._folder}/").partition("-")[0]
        if name not in self._packages or not path.startswith(self._folder):
            raise NotFound(path)
        needs = "".join(f"Requires-Dist: {each}\n" for each in self._packages[name][1])
        text = f"Name: {name}\n{needs}\n" if path.endswith("METADATA") else f"{name}.py,sha256=x,1000\nRECORD,,\n"
        return SimpleNamespace(content=text.encode())

    def run(self, command):
        self.asked.append("python")
        rows = {f"{name}-1.dist-info": {"url": url} for name, url in self._addresses.items()}
        return SimpleNamespace(output="pythonapp-addresses " + json.dumps(rows))


def app_with(place=RUNTIME, packages=None, addresses=None, settings=None):
    kudu = Kudu(place, PACKAGES if packages is None else packages, addresses or {})
    arm = SimpleNamespace(app_settings=lambda site: settings or {})
    return SimpleNamespace(
        site=shop_site("Running"), kudu=kudu, arm=arm, progress=Recorded(), say_once=lambda text: None
    )


def files(text):
    return RequirementFiles(
        "requirements.txt",
        JobFile("requirements.txt"),
        JobFile(""),
        {"requirements.txt": text.encode()},
        parsed=tuple(parse(text).requirements),
    )


def planned(wanted, description=None, version="3.11.9", asked=None, **app):
    """asked: a list that gets what is read of the app's packages."""
    place = RUNTIME if description is None else "data/pythonapp/environments/a"
    now = InUse(place, "python.exe", version, "x64", description)
    opened = app_with(place, **app)
    opened.kudu.asked = asked if asked is not None else []
    return contents_of(opened, OF_B, wanted, now, ["site/wwwroot/web.config"])


def lines(contents, name):
    text = contents.run.uploads.get(name, b"").decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def calls(contents):
    run = contents.run
    return [call.arguments[-1].path for call in (run.call, *run.then) if call.arguments]


def test_moving_in_takes_along_what_no_requirement_asks_for():
    contents = planned(Wanted(files("flask")))
    assert contents.extra == ("helper==2.0", "tool==1.0") and contents.run.build.added == contents.extra
    assert lines(contents, KEPT) == ["click==8.1.8", "flask==3.0.3", "helper==2.0", "tool==1.0"]
    assert calls(contents) == [KEPT, "requirements.txt"], "what is added is among what is kept"
    assert "--no-deps" in contents.run.call.arguments
    assert contents.run.build.compared == f"{RUNTIME}/Lib/site-packages" and contents.run.planned == []
    assert contents.size == PROGRAMS + 6000


def test_a_package_of_no_index_comes_from_its_address():
    contents = planned(Wanted(files("flask")), addresses={"tool": "https://example.org/tool.zip"})
    assert "tool @ https://example.org/tool.zip" in lines(contents, KEPT)


@pytest.mark.parametrize(
    "text, kept", [("flask==3.1.0", ["click==8.1.8"]), ("flask>=2", ["click==8.1.8", "flask==3.0.3"])]
)
def test_only_what_the_requirements_allow_stays(text, kept):
    contents = planned(Wanted(files(text)), BUILT)
    assert [line for line in lines(contents, KEPT) if line[:4] not in ("tool", "help")] == kept
    assert contents.extra == (), "an environment has a list of them"


TELLING = replace(
    BUILT,
    packages={"pip": "24.0", **{name: version for name, (version, _) in PACKAGES.items()}},
    requires={name: tuple(needs) for name, (_, needs) in PACKAGES.items()},
    size=4000,
    direct=(),
)


@pytest.mark.parametrize(
    "wanted", [Wanted(files("flask")), Wanted(None, singles=requirement_lines(["new"]), stays=True)]
)
def test_what_an_environment_says_of_its_packages_is_not_read(wanted):
    asked = []
    told, read = planned(wanted, TELLING, asked=asked), planned(wanted, BUILT)
    assert asked == []
    assert told.run.uploads == read.run.uploads and told.run.build == read.run.build
    assert told.run.planned == read.run.planned and told.size == read.size


def test_a_package_that_was_put_there_since_is_read():
    asked = []
    packages = {**PACKAGES, "click": ("8.2.0", ["helper"])}
    contents = planned(Wanted(files("flask")), TELLING, packages=packages, asked=asked)
    assert {"click==8.2.0", "helper==2.0"} <= set(lines(contents, KEPT))
    assert sorted(asked) == ["click-8.2.0.dist-info/METADATA", "python"]


def test_addresses_are_asked_where_there_are_any():
    asked = []
    address = {"tool": "https://example.org/tool.zip"}
    contents = planned(Wanted(files("flask")), replace(TELLING, direct=("tool",)), asked=asked, addresses=address)
    assert asked == ["python"] and "tool @ https://example.org/tool.zip" in lines(contents, KEPT)


def test_what_was_added_before_is_installed_again():
    contents = planned(Wanted(files("flask"), PipOptions(upgrade=True)), BUILT)
    assert lines(contents, KEPT) == [] and lines(contents, ADDED) == ["tool==1.0"]
    assert calls(contents) == ["requirements.txt", ADDED] and contents.run.build.added == ("tool==1.0",)
    assert "--upgrade" in contents.run.call.arguments and "--upgrade" not in contents.run.then[0].arguments


@pytest.mark.parametrize(
    "wanted, description, together",
    [
        (Wanted(files("flask\nnew==1.0")), BUILT, True),
        (Wanted(files("flask\nnew")), BUILT, False),
        (Wanted(files("flask==9"), PipOptions(upgrade=True)), BUILT, False),
        (Wanted(files("flask"), removed=("click",)), BUILT, False),
        (Wanted(files("flask"), singles=requirement_lines(["new==1.0"])), BUILT, False),
        (Wanted(files("flask")), None, False),
    ],
)
def test_one_call_for_just_what_is_required(wanted, description, together):
    """One call adds what a package needs and lacks: not to one that was just found in the runtime."""
    call = planned(wanted, description).run.uv.together
    assert (call is not None) is together
    if together:
        assert call[-3:] == (JobFile("requirements.txt"), "-r", JobFile(KEPT))


def test_what_nobody_needs_any_more_goes():
    contents = planned(Wanted(files("click")), BUILT)
    assert [(row.target, row.action) for row in contents.run.planned] == [("packages/flask", "uninstall")]
    assert "flask==3.0.3" not in lines(contents, KEPT)


def test_a_single_package_changes_nothing_else():
    singles = requirement_lines(["right>=1"])
    contents = planned(Wanted(None, PipOptions(), singles, (), True), BUILT)
    assert lines(contents, KEPT) == ["click==8.1.8", "flask==3.0.3", "helper==2.0", "tool==1.0"]
    assert contents.run.build.kept == ("click", "flask", "helper", "tool")
    assert calls(contents) == [KEPT, FILE] and contents.run.build.added == ("tool==1.0", "right>=1")
    assert (contents.run.build.requirements, contents.run.build.digest) == ("requirements.txt", "0")
    assert contents.run.record is None


@pytest.mark.parametrize("description", [BUILT, None])
@pytest.mark.parametrize(
    "options",
    [PipOptions(no_index=True), PipOptions(more=("--force-reinstall",)), PipOptions(more=("-I",)), PipOptions(True)],
)
def test_no_option_for_a_single_package_loses_the_others(options, description):
    contents = planned(Wanted(None, options, requirement_lines(["click"]), (), True), description)
    assert {"flask==3.0.3", "helper==2.0", "tool==1.0"} <= set(lines(contents, KEPT)), calls(contents)
    assert "--no-index" not in contents.run.call.arguments, "only a wheel of click was brought"


def test_a_package_that_is_taken_out_stays_out():
    contents = planned(Wanted(None, PipOptions(), None, ("tool",), True), BUILT)
    assert lines(contents, KEPT) == ["click==8.1.8", "flask==3.0.3", "helper==2.0"]
    assert contents.run.build.added == () and contents.run.build.removed == ("tool",)
    assert [(row.target, row.action) for row in contents.run.planned] == [("packages/tool", "uninstall")]


def test_another_python_gets_its_own_versions():
    contents = planned(Wanted(files("flask")), BUILT, version="3.8.10")
    assert lines(contents, KEPT) == [] and calls(contents) == ["requirements.txt", ADDED]


def test_without_requirements_all_stays():
    contents = planned(Wanted(None))
    assert len(lines(contents, KEPT)) == 4 and calls(contents) == [KEPT]


def test_requirements_of_another_file_drop_nothing():
    before = Description(**{**vars(BUILT), "requirements": "more.txt"})
    for options in (PipOptions(), PipOptions(no_index=True), PipOptions(more=("--force-reinstall",))):
        contents = planned(Wanted(files("click"), options), before)
        assert "flask==3.0.3" in lines(contents, KEPT)
        assert "--no-index" not in contents.run.call.arguments
        assert ("--no-index" in contents.run.then[0].arguments) == options.no_index


def test_hashes_and_no_index_leave_versions_to_the_requirements():
    for options in (
        PipOptions(no_index=True),
        PipOptions(require_hashes=True),
        PipOptions(more=("--force-reinstall",)),
    ):
        assert lines(planned(Wanted(files("flask"), options), BUILT), KEPT) == []


def test_what_was_added_goes_along_into_a_runtime():
    target = Target(rf"{HOME}\{RUNTIME}\python.exe", RUNTIME, "3.11.9", "x64")
    without = {name: row for name, row in PACKAGES.items() if name != "tool"}
    run = leaving(app_with(packages=without), target, BUILT, files("flask"))
    assert [call.arguments[-1].path for call in (run.call, *run.then)] == ["requirements.txt", ADDED]
    assert [row.target for row in run.planned] == ["packages/tool"] and run.record is None
    alone = leaving(app_with(packages=without), target, BUILT, None)
    assert alone.call.arguments[-1].path == ADDED
    assert leaving(app_with(), target, BUILT, None) is None


def test_where_an_environment_cannot_work_it_is_refused():
    with pytest.raises(Refused, match=r"^Python 2\.7\.18 cannot have an environment on app 'shop'"):
        require_fit(app_with(), "2.7.18", None)
    handler = read_handler(write_handler(None, platform(OLD)).content)
    assert handler is not None
    require_fit(app_with(), "3.11.9", handler)
    handler.environment["PYTHONHOME"] = "x"
    with pytest.raises(Refused, match=r"^web\.config of app 'shop' sets PYTHONHOME"):
        require_fit(app_with(), "3.11.9", handler)
    with pytest.raises(Refused, match=r"^The app settings of app 'shop' have PYTHONHOME"):
        require_fit(app_with(settings={"PythonHome": "x"}), "3.11.9", None)
