"""Where an app's files are: the physical path of "/" among its path mappings (virtual applications)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.site import Site, VirtualApplication
from azext_pythonapp.errors import AccessDenied, NotFound, Refused
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.wwwroot import application_roots, home_folder, web_root
from azext_pythonapp.operations.package.requirement_files import files_on_app
from azext_pythonapp.operations.package.vendor_path import deployed_path

SITE = Site("shop", "rg", None, "/sites/shop", "shop.azurewebsites.net", "shop.scm.azurewebsites.net", "Running")
HOME = "D:\\home"


class Kudu:
    """An SCM site of few files."""

    def __init__(self, files):
        self.files = files
        self.listed = []

    def home(self):
        return HOME

    def read(self, path):
        if path not in self.files:
            raise NotFound(path)
        return SimpleNamespace(content=self.files[path], etag='"1"')

    def list_directory(self, path):
        self.listed.append(path)
        return []


def app(mappings, files=None, status=200):
    """An app with these mappings: (virtual path, physical path), or what `config/web` has in their place."""
    rows = [{"virtualPath": virtual, "physicalPath": physical} for virtual, physical in mappings or []]
    body = {"properties": {"use32BitWorkerProcess": True, "virtualApplications": rows if mappings else mappings}}
    asked, said = [], []

    def send(method, url, query, body_, secret):
        asked.append(url)
        return ArmAnswer(status, body if status == 200 else None, "")

    made = SimpleNamespace(arm=Arm(send, "https://arm", "sub"), site=SITE, kudu=Kudu(files or {}), say_once=said.append)
    made.asked, made.said = asked, said
    return made


@pytest.mark.parametrize(
    "mappings, folder",
    [
        ([("/", "site\\wwwroot")], "site/wwwroot"),
        ([("/", "site\\wwwroot\\public")], "site/wwwroot/public"),
        ([("/", "site/repository")], "site/repository"),
        ([("/", "\\site\\wwwroot\\")], "site/wwwroot"),
        ([("/api", "site\\api"), ("/", "site\\wwwroot\\web")], "site/wwwroot/web"),
        ([("/", "D:\\home\\site\\wwwroot\\x")], "site/wwwroot/x"),
        ([("/", "C:\\home\\site\\x")], "site/x"),
        ([("/", "%HOME%\\site\\x")], "site/x"),
        ([("/", "site\\wwwroot\\..\\app")], "site/app"),
        ([("/api", "site\\api")], "site/wwwroot"),
        ([], "site/wwwroot"),
        (None, "site/wwwroot"),
    ],
)
def test_the_folder_of_the_site(mappings, folder):
    assert web_root(app(mappings)) == folder


@pytest.mark.parametrize(
    "physical", ["D:\\local\\x", "..\\x", "site\\..", "%HOME%", "\\\\server\\share", "D:\\homes\\x"]
)
def test_a_folder_outside_of_home_is_refused(physical):
    with pytest.raises(Refused, match="app 'shop' serves .*outside of its home"):
        web_root(app([("/", physical)]))


def test_unreadable_mappings_are_reported():
    unseen = app(None, status=403)
    assert web_root(unseen) == "site/wwwroot" and "may not read the path mappings" in unseen.said[0]
    with pytest.raises(AccessDenied):
        unseen.arm.configuration(SITE)


def test_the_configuration_is_asked_for_once():
    seen = app([("/", "site\\wwwroot")])
    web_root(seen)
    assert seen.arm.has_32bit_worker(SITE) and seen.arm.configuration(SITE).applications == (
        VirtualApplication("/", "site\\wwwroot"),
    )
    assert len(seen.asked) == 1


def test_all_applications_that_can_be_reached():
    configuration = app([("/", "site\\a"), ("/b", "site\\b"), ("/c", "D:\\local\\c")]).arm.configuration(SITE)
    assert [(each.virtual_path, each.folder) for each in application_roots(configuration, HOME)] == [
        ("/", "site/a"),
        ("/b", "site/b"),
    ]
    assert home_folder("site\\x", "C:\\home") == "site/x"


def test_web_config_and_requirements_are_those_of_the_site():
    files = {
        "site/wwwroot/web.config": b"old",
        "site/wwwroot/requirements.txt": b"flask\n",
        "site/wwwroot/public/web.config": b"<configuration />",
        "site/wwwroot/public/requirements.txt": b"bottle\n",
    }
    mapped = app([("/", "site\\wwwroot\\public")], files)
    assert observe(mapped, pythons=False).web_config.content == b"<configuration />"
    found = files_on_app(mapped, None, None)
    assert [each.name for each in found.parsed] == ["bottle"]
    assert list(found.watched) == ["site/wwwroot/public/requirements.txt"]
    assert deployed_path(mapped, "lib") == "D:\\home\\site\\wwwroot\\public\\lib"


def test_a_relative_log_lies_below_the_sites_folder():
    content = (
        b'<configuration><system.webServer><handlers><add name="x" path="*" verb="*" '
        b'modules="httpPlatformHandler" /></handlers><httpPlatform processPath="%HOME%\\python364x64\\python.exe" '
        b'arguments="-m waitress app:app" stdoutLogEnabled="true" stdoutLogFile=".\\logs\\out" />'
        b"</system.webServer></configuration>"
    )
    mapped = app([("/", "site\\wwwroot\\public")])
    ServerLog(mapped, content)
    assert mapped.kudu.listed == ["site/wwwroot/public/logs"]
