"""Each check of `doctor`: what it says of a clean app, of a fault, and of the app after its fix."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.appservice.kudu_commands import Process
from azext_pythonapp.errors import AccessDenied, InvalidInput, Unreachable
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.import_check import ImportCheck
from azext_pythonapp.operations.doctor.checks import all_checks, entry_point
from azext_pythonapp.operations.doctor.command import DoctorRequest
from azext_pythonapp.runtimes.identity import identify_folder
from tests.unit.operations.doctor.kit import APP, FASTCGI, XDT, configuration, look, platform, python, site

EXTENSION = "SiteExtensions/pythonapp-python3119x64/applicationHost.xdt"
WSGI = "site/wwwroot/app.py"


def command(name: str, status: str, **values: Any) -> str | None:
    """The fix of a check that has to find something."""
    found = look(name, **values)
    assert found.status == status, found
    return found.fix.command if found.fix is not None else None


def handlers(*rows: str) -> bytes:
    """FASTCGI with handlers before Python's (those that begin with "before:") and behind it."""
    before = "".join(row[7:] for row in rows if row.startswith("before:"))
    behind = "".join(row for row in rows if not row.startswith("before:"))
    text = FASTCGI.decode().replace("<handlers>", f"<handlers>{before}").replace("</handlers>", f"{behind}</handlers>")
    return text.encode()


NODE = '<add name="iisnode" path="*" verb="*" modules="iisnode" />'
PHP = '<add name="PHP" path="*.php" verb="*" modules="FastCgiModule" scriptProcessor="D:\\php\\php-cgi.exe" />'

DOCUMENT = (Path(__file__).resolve().parents[4] / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_check_has_a_section_and_every_section_a_check() -> None:
    sections = dict(re.findall(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", DOCUMENT, re.M | re.S))
    assert list(sections) == list(all_checks())
    for name, text in sections.items():
        assert "Source: [" in text, f"{name} has no source"


@pytest.fixture(autouse=True)
def _imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker imports everything."""
    monkeypatch.setattr(entry_point, "replace", lambda app, **_: app)
    monkeypatch.setattr(entry_point, "check_import", lambda *_: ImportCheck("3.11.9", None))


@pytest.mark.parametrize("name", all_checks())
def test_a_clean_app_passes(name: str) -> None:
    found = look(name, clock_difference=timedelta(seconds=2))
    assert (found.status, found.fix) == ("pass", None), found


def test_an_unknown_check_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        DoctorRequest.from_options(checks=["scm-acces"], fix=False, dry_run=False, confirmed=False)
    assert "scm-acces" in caught.value.message and "scm-access, clock" in str(caught.value.recommendation)


@pytest.mark.parametrize("options", [{"dry_run": True, "confirmed": False}, {"dry_run": False, "confirmed": True}])
def test_what_is_only_for_fix_is_refused(options: dict[str, bool]) -> None:
    with pytest.raises(InvalidInput, match="is only for --fix"):
        DoctorRequest.from_options(checks=None, fix=False, **options)


def test_a_refused_scm_site_fails() -> None:
    denied = AccessDenied("The SCM site of app 'shop' refused access (403): Ip Forbidden")
    assert look("scm-access", home=denied).status == "fail"
    assert look("scm-access", home=denied).fix is None
    fix = look("scm-access", home=denied, site=site("Stopped")).fix
    assert fix is not None and fix.command == "az webapp start -g rg -n shop"
    assert (
        look("scm-access", home=Unreachable("no answer", "Check the proxy.")).evidence == "no answer Check the proxy."
    )
    assert "off, which does no harm" in look("scm-access").evidence
    assert look("scm-access", basic_allowed=AccessDenied("no")).status == "pass"


@pytest.mark.parametrize(("minutes", "status"), [(0, "pass"), (5, "pass"), (6, "warn"), (-6, "warn")])
def test_a_clock_that_is_off_is_told(minutes: int, status: str) -> None:
    assert look("clock", clock_difference=timedelta(minutes=minutes)).status == status
    assert look("clock").status == "skipped"


def test_a_stopped_app_and_a_used_up_quota_fail() -> None:
    stopped = look("site-state", site=site("Stopped"))
    assert stopped.status == "fail" and stopped.fix and stopped.fix.command == "az webapp start -g rg -n shop"
    for used_up in (site("QuotaExceeded"), site(usage="Exceeded")):
        found = look("site-state", site=used_up, tier="Free")
        assert found.status == "fail" and found.fix is not None
        assert found.fix.command == "az appservice plan update -g plans -n plan --sku B1"
    assert look("site-state", site=site(usage="Exceeded"), tier="PremiumV3").fix is None


def test_plain_http_is_warned_of() -> None:
    found = look("https-only", site=site(https_only=False))
    assert found.status == "warn" and found.fix and found.fix.mend is None
    assert found.fix.command == "az webapp update -g rg -n shop --https-only true"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "pass"),
        ({"packages": {"pandas": "2.0"}}, "warn"),
        ({"web_config": platform("-m waitress app:app", 'startupTimeLimit="300"')}, "warn"),
        ({"web_config": platform("-m waitress app:app", 'startupTimeLimit="120"')}, "pass"),
    ],
)
def test_always_on_matters_where_the_start_is_long(values, status: str) -> None:
    off = configuration(alwaysOn=False)
    found = look("always-on", configuration=off, **values)
    assert found.status == status
    assert look("always-on", configuration=configuration(), **values).status == "pass"
    if status == "warn":
        assert found.fix and found.fix.mend and found.fix.command.endswith("-g rg -n shop --always-on true")
        free = look("always-on", configuration=off, tier="Free", **values).fix
        assert free and free.mend is None and "--sku B1" in free.command


def test_streamlit_needs_web_sockets() -> None:
    content = platform("-m streamlit run app.py --server.port %HTTP_PLATFORM_PORT%")
    found = look("web-sockets", web_config=content)
    assert found.status == "warn" and found.fix and found.fix.mend
    assert found.fix.command == "az webapp config set -g rg -n shop --web-sockets-enabled true"
    on = configuration(webSocketsEnabled=True)
    assert look("web-sockets", web_config=content, configuration=on).status == "pass"
    unknown = configuration(webSocketsEnabled=None)
    assert look("web-sockets", web_config=content, configuration=unknown).status == "skipped"


def test_a_python_that_is_not_there_fails() -> None:
    gone = Finding("It is not there.", "Again: `az webapp python set-version -g rg -n shop --version 3`. Or not.", True)
    found = look("python-starts", trouble=gone, current=None)
    assert found.status == "fail" and found.fix
    assert found.fix.command == "az webapp python set-version -g rg -n shop --version 3"
    silent = python(answered=False, unknown=True)
    assert look("python-starts", trouble=Finding("Silent."), current=silent).status == "skipped"
    assert look("python-starts", trouble=Finding("A script."), current=None).status == "warn"


def test_a_64_bit_python_needs_a_64_bit_worker() -> None:
    narrow = configuration(use32BitWorkerProcess=True)
    found = look("worker-bitness", configuration=narrow)
    assert found.status == "warn" and found.fix and found.fix.mend
    assert found.fix.command.endswith("-g rg -n shop --use-32bit-worker-process false")
    assert look("worker-bitness", configuration=narrow, current=python(architecture="x86")).status == "pass"
    free = look("worker-bitness", configuration=narrow, tier="Free").fix
    assert free and free.mend is None and free.command.endswith("--version 3 --arch x86")


def test_client_certificates_keep_health_checks_out() -> None:
    needed = site(certificates="Required")
    assert command("client-certificates", "warn", site=needed) == (
        "az webapp update -g rg -n shop --set clientCertMode=Optional"
    )
    assert look("client-certificates", site=site(certificates="Optional")).status == "pass"
    left_out = site(certificates="Required", without_certificate=("/health",))
    assert look("client-certificates", site=left_out).status == "warn"
    health = configuration(healthCheckPath="/healthz")
    assert look("client-certificates", site=left_out, configuration=health).status == "pass"


def test_an_old_python_gets_no_fixes() -> None:
    latest = "az webapp python set-version -g rg -n shop --version latest"
    assert command("python-end-of-life", "warn", current=python("3.6.4")) == latest
    assert look("python-end-of-life", current=None, web_config=None).status == "pass"
    assert command("third-party-runtime", "warn", current=python(extension_id="Nice-python3119x64")) == latest
    for trusted in ("azureappservice-python364x64", "pythonapp-python3119x64", None):
        assert look("third-party-runtime", current=python(extension_id=trusted)).status == "pass"


def test_an_extension_without_its_folder() -> None:
    lost = python(answered=False, missing=True, in_use=False, problem="It does not exist.")
    assert command("extension-without-folder", "warn", pythons=[python("3.8.10"), lost]) == (
        "az webapp python uninstall -g rg -n shop --extension-id pythonapp-python3119x64 --yes"
    )
    gone = Finding("Gone.", "Again: `az webapp python set-version -g rg -n shop --version 3.11.9 --arch x64`.", True)
    used = python(answered=False, missing=True, problem="It does not exist.")
    assert command("extension-without-folder", "fail", pythons=[used], trouble=gone) == (
        "az webapp python set-version -g rg -n shop --version 3.11.9 --arch x64"
    )


def test_a_folder_without_its_extension() -> None:
    values = {"source": "folder", "extension_id": None, "named": identify_folder("python3119x64")}
    assert command("folder-without-extension", "warn", pythons=[python(**values)]) == (
        "az webapp python install -g rg -n shop --version 3.11.9 --arch x64"
    )
    assert command("folder-without-extension", "warn", pythons=[python(in_use=False, **values)]) == (
        "az webapp python uninstall -g rg -n shop --version 3.11.9 --arch x64 --yes"
    )
    own = python(source="folder", extension_id=None, named=identify_folder("Python311"))
    assert look("folder-without-extension", pythons=[own]).status == "pass"


def test_a_pair_has_to_be_registered() -> None:
    web_config_set = "az webapp python web-config set -g rg -n shop"
    misspelt = FASTCGI.replace(rb"wfastcgi.py", rb"wfastcgi2.py")
    assert command("fastcgi-pair", "fail", web_config=misspelt) == web_config_set
    none = {WSGI: APP}
    assert command("fastcgi-pair", "fail", files=none) == f"{web_config_set} --handler httpplatform"
    unknown = python(extension_id=None, source="folder")
    assert command("fastcgi-pair", "warn", files=none, current=unknown) == f"{web_config_set} --handler httpplatform"
    own = {**none, "site/applicationHost.xdt": XDT}
    assert look("fastcgi-pair", files=own, current=unknown).status == "pass"
    built_in = FASTCGI.replace(rb"D:\home\python3119x64", rb"D:\Python34")
    assert look("fastcgi-pair", web_config=built_in, files=none).status == "pass"
    assert look("fastcgi-pair", web_config=platform("-m waitress app:app"), files=none).status == "pass"
    assert command("fastcgi-pair", "fail", settings={"WEBSITE_PRIVATE_EXTENSIONS": "0"}) == (
        "az webapp config appsettings delete -g rg -n shop --setting-names WEBSITE_PRIVATE_EXTENSIONS"
    )


def test_a_web_config_that_is_no_xml_fails() -> None:
    broken = look("web-config", web_config=b"<configuration>", handler=None, problem=Finding("Broken."))
    assert broken.status == "fail" and "500.19" in broken.evidence
    assert look("web-config", problem=Finding("Too odd.")).status == "warn"
    assert command("web-config", "warn", web_config=None) == "az webapp python set-version -g rg -n shop --version 3"


def test_handlers_of_other_stacks() -> None:
    before, behind = handlers(f"before:{NODE}"), handlers(NODE)
    doctor = "az webapp python doctor -g rg -n shop --check"
    assert command("handler-order", "fail", web_config=before) == f"{doctor} handler-order --fix"
    assert look("handler-order", web_config=behind).status == "pass"
    assert command("other-stacks", "warn", web_config=behind) == f"{doctor} other-stacks --fix"
    assert look("other-stacks", web_config=handlers(f"before:{PHP}", PHP)).status == "pass"
    assert look("handler-order", web_config=handlers(f"before:{PHP}")).status == "pass"
    some = NODE.replace('path="*"', 'path="*."')
    assert command("handler-order", "warn", web_config=handlers(f"before:{some}")) == f"{doctor} handler-order --fix"


def test_paths_are_on_the_drive_of_home() -> None:
    moved = FASTCGI.replace(b"D:", b"C:")
    for home in (r"C:\home", r"D:\home"):
        fix = command("platform-drive", "fail", web_config=moved, home=home)
        assert fix == "az webapp python web-config set -g rg -n shop"
        assert look("platform-drive", home=home).status == "pass"
    other = platform("-m waitress app:app", path=r"C:\home\python3119x64\python.exe")
    assert look("platform-drive", web_config=other).status == "fail"
    literal = platform("-m waitress app:app", path=r"D:\home\python3119x64\python.exe")
    assert look("platform-drive", web_config=literal, home=r"C:\home").status == "warn"
    assert look("platform-drive", web_config=literal).status == "pass"
    log = platform(r"-m waitress --log C:\home\log app:app")
    assert look("platform-drive", web_config=log).status == "warn"


@pytest.mark.parametrize("text", ["app.app()", "app:app", r"\app.app", "app.py"])
def test_an_impossible_wsgi_handler_fails(text: str) -> None:
    wrong = FASTCGI.replace(b'"app.app"', f'"{text}"'.encode())
    assert command("wsgi-handler", "fail", web_config=wrong) == "az webapp python web-config set -g rg -n shop"


def test_a_wsgi_handler_may_be_an_app_setting() -> None:
    without = FASTCGI.replace(b'<add key="WSGI_HANDLER" value="app.app" />', b"")
    assert look("wsgi-handler", web_config=without, settings={"WSGI_HANDLER": "app.app"}).status == "pass"
    assert command("wsgi-handler", "fail", web_config=without, settings={"WSGI_HANDLER": "app.app()"}) == (
        'az webapp config appsettings set -g rg -n shop --settings "WSGI_HANDLER=app.app"'
    )
    assert look("wsgi-handler", web_config=without).status == "fail"
    assert look("wsgi-handler", web_config=without, settings=None).status == "skipped"
    empty = FASTCGI.replace(b'"app.app"', b'""')
    assert look("wsgi-handler", web_config=empty).status == "fail"
    assert look("wsgi-handler", files={WSGI: b"print(1)"}).status == "pass", "its names may come from anywhere"


def test_a_full_home_directory_is_warned_of() -> None:
    assert "--sku S1" in (command("disk-space", "warn", free_bytes=(0, 0)) or "")
    assert look("disk-space", free_bytes=(None, None)).status == "skipped"


def test_files_that_are_not_those_of_the_app() -> None:
    delete = "az webapp config appsettings delete -g rg -n shop --setting-names"
    package = {"WEBSITE_RUN_FROM_PACKAGE": "1"}
    assert command("run-from-package", "warn", settings=package) == f"{delete} WEBSITE_RUN_FROM_PACKAGE"
    assert look("run-from-package", settings={"WEBSITE_RUN_FROM_PACKAGE": "0"}).status == "pass"
    assert look("run-from-package", free_bytes=(5, 0)).status == "warn"
    cached = {"WEBSITE_LOCAL_CACHE_OPTION": "Always"}
    assert command("local-cache", "warn", settings=cached) == f"{delete} WEBSITE_LOCAL_CACHE_OPTION"
    assert look("local-cache", settings={"WEBSITE_LOCAL_CACHE_OPTION": "Default"}).status == "pass"
    assert {look(name, settings=None).status for name in ("local-cache", "run-from-package")} == {"skipped"}


def test_a_virtual_environment_in_wwwroot() -> None:
    files = {WSGI: APP, "site/wwwroot/env/Scripts/python.exe": b""}
    assert command("virtual-environment", "warn", files=files) == (
        "az webapp python doctor -g rg -n shop --check virtual-environment --fix"
    )
    used = platform("-m waitress app:app", path=r"D:\home\site\wwwroot\env\Scripts\python.exe")
    assert "set-version" in (command("virtual-environment", "warn", files=files, web_config=used) or "")
    assert look("virtual-environment", files={"site/wwwroot/env/notes.txt": b""}).status == "pass"


def test_the_old_deployment_script() -> None:
    files = {"site/repository/.git/HEAD": b"", "site/wwwroot/requirements.txt": b""}
    assert command("deployment-script", "warn", files=files) == (
        'az webapp config appsettings set -g rg -n shop --settings "SCM_SCRIPT_GENERATOR_ARGS=--basic"'
    )
    basic = {"SCM_SCRIPT_GENERATOR_ARGS": "--basic"}
    assert look("deployment-script", files=files, settings=basic).status == "pass"
    out = {**files, "site/wwwroot/.skipPythonDeployment": b""}
    assert look("deployment-script", files=out).status == "pass"
    assert look("deployment-script", files={"site/wwwroot/ptvs_virtualenv_proxy.py": b""}).status == "pass"


def test_processes_of_other_pythons_hold_files() -> None:
    own = Process(1, r"D:\home\python3119x64\python.exe", "", False)
    other = Process(2, r"D:\home\python3810x64\python.exe", "", False)
    assert look("files-held", processes=[own]).status == "pass"
    assert command("files-held", "warn", processes=[own, other]) == "az webapp restart -g rg -n shop"
    assert look("files-held", processes=[own, other], jobs=("20261127-200000-abcd",)).status == "pass"


def test_an_entry_point_that_cannot_be_imported_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "ModuleNotFoundError: No module named 'yaml'"
    monkeypatch.setattr(entry_point, "check_import", lambda *_: ImportCheck("3.11.9", error))
    assert command("entry-point", "fail") == "az webapp python package install -g rg -n shop --packages pyyaml"
    own = "ModuleNotFoundError: No module named 'app'"
    monkeypatch.setattr(entry_point, "check_import", lambda *_: ImportCheck("3.11.9", own))
    assert command("entry-point", "fail") is None
    assert look("entry-point", current=None).status == "skipped"
    assert look("entry-point", web_config=platform("run.py")).status == "pass"
