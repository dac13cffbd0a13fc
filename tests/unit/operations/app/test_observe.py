"""One observation of an app: two rounds of requests, each part with an error of its own."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.kudu import RemoteFile
from azext_pythonapp.errors import (
    AccessDenied,
    InvalidWebConfig,
    NotFound,
    PlatformFailed,
    PythonAppError,
    Refused,
    UnknownOutcome,
    Unreachable,
)
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.runtime.list_installed import list_runtimes
from azext_pythonapp.operations.show import show
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

SITE = shop_site()
PYTHON = r"D:\home\python364x64\python.exe"
EXTENSIONS = [{"id": "azureappservice-python364x64", "version": "3.6.4.4", "title": "Python 3.6.4 x64"}]
PRINTED = (
    "pythonapp-home D:\\home \r\npythonapp-folder python364x64\r\npythonapp-folder site\r\n"
    "pythonapp-runtime 3.6.4 64 python364x64\r\n"
)
FIRST_ROUND = {"GET config/web", "GET siteextensions", "read site/wwwroot/web.config", "run the survey"}


RECORDS = "pythonapp-records\r\npythonapp-records-end\r\n"


def web_config(python: str = PYTHON, entry_point: str = "app.app") -> bytes:
    setting = f'<appSettings><add key="WSGI_HANDLER" value="{entry_point}" /></appSettings>' if entry_point else ""
    return (
        f"<configuration>{setting}<system.webServer><handlers>"
        f'<add name="Python" path="*" verb="*" modules="FastCgiModule" scriptProcessor="{python}|'
        r'D:\home\python364x64\wfastcgi.py" /></handlers></system.webServer></configuration>'
    ).encode()


class Azure:
    """An app, and everything that is asked about it.

    broken: the error that a request meets, by its name. barrier: met by each of the first requests, so that they end
    only when so many are under way at the same time.
    """

    def __init__(self, files=None, mapping="site\\wwwroot", use32=False):
        self.files = {"site/wwwroot/web.config": web_config()} if files is None else files
        self.printed, self.broken, self.asked, self.said = PRINTED, {}, [], []
        self.barrier, self.folders, self.answers_others = None, {}, True
        self.records, self.late_records = RECORDS, ""
        self._home, self._mapping, self._use32 = None, mapping, use32
        self._lock = threading.Lock()
        self.app = SimpleNamespace(
            site=SITE,
            arm=Arm(self.send, "https://arm", "sub"),
            kudu=self,
            say_once=self.said.append,
            one_of_many=False,
            no_lease=threading.Event(),
            progress=Recorded(self.said),
        )

    def request(self, name):
        with self._lock:
            self.asked.append(name)
            held = self.barrier is not None and len(self.asked) <= self.barrier.parties
        if held:
            self.barrier.wait(30)
        if name in self.broken:
            raise self.broken[name]

    def send(self, method, url, query, body, secret):
        name = f"{method} {url.partition('/sites/shop/')[2]}"
        try:
            self.request(name)
        except AccessDenied:
            return ArmAnswer(403, None, "")
        mappings = [{"virtualPath": "/", "physicalPath": self._mapping}]
        answers = {
            "GET config/web": {"properties": {"use32BitWorkerProcess": self._use32, "virtualApplications": mappings}},
            "GET siteextensions": {"value": EXTENSIONS},
            "POST config/appsettings/list": {"properties": {"WSGI_HANDLER": "shop.app"}},
        }
        return ArmAnswer(200, answers[name], "")

    def home(self):
        if self._home is None:
            self.list_directory("")
            self._home = "D:\\home"
        return self._home

    def note_home(self, home):
        self._home = home

    def read(self, path):
        self.request(f"read {path}")
        if path not in self.files:
            raise NotFound(path)
        return RemoteFile(self.files[path], '"1"', None)

    def list_directory(self, path):
        self.request(f"list {path}")
        folders = {"": ["python364x64", "site"], "python364x64": ["python.exe"]} | self.folders
        if path not in folders:
            raise NotFound(path)
        names = folders[path]
        return [SimpleNamespace(name=name, is_directory="." not in name) for name in names]

    def run(self, command):
        survey = "pythonapp-home" in command
        self.request("run the survey" if survey else "run another command")
        if survey:
            return SimpleNamespace(output=self.printed + self.records, error="", exit_code=0)
        if RECORDS.split()[0] in command:
            return SimpleNamespace(output=self.late_records, error="", exit_code=0)
        paths = re.findall(r'"([^"]+)" -E -B -c "[^"]+" ([0-9]+)', command)
        paths = paths if self.answers_others else []
        output = "".join(f"pythonapp-runtime 3.9.13 32 {index}\r\n" for path, index in paths if "home" in path)
        return SimpleNamespace(output=output, error="", exit_code=0)


def test_everything_is_asked_at_the_same_time():
    azure = Azure()
    azure.barrier = threading.Barrier(4)
    seen = observe(azure.app)
    (python,) = seen.pythons
    assert (python.version, python.in_use, python.extension_id) == ("3.6.4", True, "azureappservice-python364x64")
    assert (seen.handler.entry_point, seen.web_config.etag, seen.root) == ("app.app", '"1"', "site/wwwroot")
    assert azure.app.kudu.home() == "D:\\home"
    assert set(azure.asked) == FIRST_ROUND and len(azure.asked) == 4


def test_without_the_pythons_it_is_two_requests():
    azure = Azure()
    azure.barrier = threading.Barrier(2)
    seen = observe(azure.app, pythons=False)
    assert seen.handler.kind == "fastCgi" and seen.root == "site/wwwroot"
    assert sorted(azure.asked) == ["GET config/web", "read site/wwwroot/web.config"]
    assert len(seen.pythons) == 1 and set(azure.asked) == FIRST_ROUND, "asked when they are needed after all"


@pytest.mark.parametrize("operation", [show, list_runtimes])
def test_reading_commands_need_no_request_more(operation):
    azure = Azure()
    operation(azure.app)
    assert set(azure.asked) == FIRST_ROUND and len(azure.asked) == 4


@pytest.mark.parametrize("error", [PlatformFailed("Azure answered 503."), AccessDenied("No."), Unreachable("Away.")])
def test_what_goes_on_is_not_known_when_a_record_is_not_read(error):
    job, azure = "20261126-155714-fc54", Azure()
    azure.records = f"pythonapp-records\r\n{job}\r\npythonapp-records-end\r\n"
    azure.broken[f"read data/pythonapp/jobs/{job}/state.json"] = error
    shown = show(azure.app)
    assert shown["runtime"]["version"] == "3.6.4" and shown["pendingRestart"] is shown["runningJob"] is None
    assert f"is not known: {error.message}" in shown["warnings"][0]
    assert len(list_runtimes(azure.app)) == 1


@pytest.mark.parametrize(("late", "pending"), [(RECORDS, False), ("", None), (RECORDS[:20], None)])
def test_records_that_did_not_arrive_are_asked_for_again(late, pending):
    """A busy worker did not get to the end of the command that asks the Pythons first."""
    azure = Azure()
    azure.records, azure.late_records = RECORDS[:20], late
    shown = show(azure.app)
    assert shown["pendingRestart"] is pending and sorted(azure.asked) == sorted([*FIRST_ROUND, "run another command"])
    assert any("did not answer in time" in warning for warning in shown["warnings"]) is (pending is None)


def test_records_that_cannot_be_asked_for_again_are_not_known():
    azure = Azure()
    azure.records = ""
    azure.broken["run another command"] = PlatformFailed("Azure answered 503.")
    assert show(azure.app)["pendingRestart"] is None


def test_a_site_with_another_root_costs_one_read_more():
    files = {"site/wwwroot/web.config": b"<broken", "site/wwwroot/public/web.config": web_config(entry_point="api.app")}
    azure = Azure(files, "site\\wwwroot\\public")
    shown = show(azure.app)
    assert shown["entryPoint"] == "api.app" and shown["runtime"]["inUse"] is True
    assert shown["webConfig"]["path"] == r"D:\home\site\wwwroot\public\web.config"
    assert sorted(azure.asked) == sorted([*FIRST_ROUND, "read site/wwwroot/public/web.config"])


def test_settings_are_read_only_without_an_entry_point():
    azure = Azure({"site/wwwroot/web.config": web_config(entry_point="")})
    shown = show(azure.app)
    assert shown["entryPoint"] == "shop.app"
    assert sorted(azure.asked) == sorted([*FIRST_ROUND, "POST config/appsettings/list"])


def test_python_outside_home_costs_one_more_command():
    azure = Azure({"site/wwwroot/web.config": web_config(r"D:\home\site\tools\python.exe")})
    assert [(one.version, one.in_use) for one in observe(azure.app).pythons] == [("3.9.13", True), ("3.6.4", False)]
    assert sorted(azure.asked) == sorted([*FIRST_ROUND, "run another command"])


def test_unreadable_configuration_is_reported_once():
    azure = Azure()
    azure.broken["GET config/web"] = AccessDenied("no")
    seen = observe(azure.app)
    assert seen.root == "site/wwwroot" and seen.pythons and seen.handler
    assert azure.said == [
        "Your role may not read the path mappings of app 'shop'; assuming the default (site\\wwwroot)."
    ]
    show(azure.app)
    assert azure.asked.count("GET config/web") == 1


@pytest.mark.parametrize(
    "request_, error, needing, free",
    [
        ("GET config/web", PlatformFailed("500"), ("web_config", "handler", "pythons"), ()),
        ("read site/wwwroot/web.config", PlatformFailed("503"), ("web_config", "handler", "pythons"), ("root",)),
        ("GET siteextensions", AccessDenied("no"), ("pythons",), ("root", "web_config", "handler")),
        ("run the survey", PlatformFailed("503"), ("pythons",), ("root", "web_config", "handler")),
    ],
)
def test_an_error_is_raised_where_it_is_needed_and_only_there(request_, error, needing, free):
    azure = Azure()
    azure.broken[request_] = error
    seen = observe(azure.app)
    for name in free:
        assert getattr(seen, name)
    for name in needing:
        for _ in range(2):
            with pytest.raises(type(error)):
                getattr(seen, name)
    assert azure.asked.count(request_) == 1, "no second try"


def test_no_web_config_is_an_answer():
    seen = observe(Azure({}).app)
    assert (seen.web_config.content, seen.handler, seen.problem) == (None, None, None)
    assert [one.in_use for one in seen.pythons] == [False]


def test_a_web_config_that_cannot_be_read_hides_no_python():
    azure = Azure({"site/wwwroot/web.config": b"<configuration><broken"})
    seen = observe(azure.app)
    with pytest.raises(InvalidWebConfig):
        _ = seen.handler
    assert seen.problem and seen.readable_handler is None and [one.in_use for one in seen.pythons] == [False]
    list_runtimes(azure.app)
    assert azure.said == [
        "web.config of app 'shop' is not valid XML at line 1, column 16: unclosed token. So which Python it starts is not "
        "known. Correct web.config manually, then run the command again."
    ]


def test_a_survey_that_was_cut_is_followed_by_one_command():
    azure = Azure()
    azure.broken["run the survey"] = UnknownOutcome("cut")
    (python,) = observe(azure.app).pythons
    assert python.answered and python.version == "3.9.13"
    assert azure.asked.count("list ") == 2 and azure.asked.count("run another command") == 1


def test_a_root_outside_of_home_is_refused():
    azure = Azure(mapping="D:\\local\\x")
    with pytest.raises(Refused, match="outside of its home"):
        _ = observe(azure.app).web_config


def test_failure_does_not_wait_for_the_other_requests():
    azure = Azure()
    azure.broken["read site/wwwroot/web.config"] = PlatformFailed("503")
    released = threading.Event()
    run, azure.run = azure.run, lambda command: released.wait(30) and run(command)
    try:
        with pytest.raises(PythonAppError, match="503"):
            show(azure.app)
        assert not released.is_set()
    finally:
        released.set()


def trouble_of(azure):
    return observe(azure.app).trouble


def test_a_python_that_is_gone_is_told_by_what_is_in_its_folder():
    azure = Azure({"site/wwwroot/web.config": web_config(r"%HOME%\python3810x64\python.exe")})
    azure.folders, azure.answers_others = {"python3810x64": ["Lib"]}, False
    gone = trouble_of(azure)
    assert gone.fatal and gone.message == (
        "web.config of app 'shop' starts D:\\home\\python3810x64\\python.exe, which is not there. The app cannot start."
    )
    assert "--version 3.8.10 --arch x64`. Or switch" in gone.advice
    azure.folders = {"python3810x64": ["python.exe"]}
    broken = trouble_of(azure)
    assert broken.fatal and "which does not run: it did not report its version" in broken.message
    assert broken.advice == gone.advice


@pytest.mark.parametrize("folder", ["python36x64", "Python27", "python36", r"site\wwwroot\env\Scripts"])
def test_a_name_that_is_no_full_version_names_none(folder):
    azure = Azure({"site/wwwroot/web.config": web_config(rf"D:\home\{folder}\python.exe")})
    azure.printed = azure.printed.replace("python364x64", "python3119x64")
    azure.answers_others = False
    finding = trouble_of(azure)
    assert finding.fatal and re.fullmatch("Switch to another Python: `[^`]+ --version 3`.", finding.advice)


def test_a_python_outside_the_home_is_not_called_gone():
    azure = Azure({"site/wwwroot/web.config": web_config(r"D:\Python34\python.exe")})
    azure.answers_others = False
    finding = trouble_of(azure)
    assert not finding.fatal and "it is not there, or does not run" in finding.message


def test_an_extension_without_its_python_is_gone():
    azure = Azure()
    azure.printed = azure.printed.replace("python364x64", "python3119x64")
    azure.folders, azure.answers_others = {"python364x64": ["Lib"]}, False
    finding = trouble_of(azure)
    assert finding.fatal and "which is not there" in finding.message and "--version 3.6.4 --arch x64" in finding.advice


def test_a_running_python_is_no_trouble():
    assert trouble_of(Azure()) is None and trouble_of(Azure({})) is None


def test_a_misspelled_python_is_not_installed_again():
    azure = Azure({"site/wwwroot/web.config": web_config(r"D:\home\python364x64\pythn.exe")})
    azure.folders, azure.answers_others = {"python364x64": ["python.exe"]}, False
    finding = trouble_of(azure)
    assert finding.fatal and "pythn.exe, which is not there" in finding.message
    assert finding.advice.startswith("Python 3.6.4 x64 is on the app; to switch to it: `az webapp python set-version ")
