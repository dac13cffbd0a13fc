"""Apps, files and answers that a check of `doctor` must neither break over nor take for worse than they are."""

from __future__ import annotations

from typing import Any

import pytest

from azext_pythonapp.appservice.site import FrontDoor
from azext_pythonapp.errors import PlatformFailed, Refused
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.import_check import ImportCheck
from azext_pythonapp.operations.doctor.check import Check, Fix, warned
from azext_pythonapp.operations.doctor.checks import all_checks, entry_point
from azext_pythonapp.operations.doctor.checks.server_log import said_by_wfastcgi
from azext_pythonapp.operations.doctor.command import _plan, _result
from tests.unit.operations.doctor.kit import APP, FASTCGI, XDT, configuration, look, platform, python, site
from tests.unit.operations.doctor.test_checks import EXTENSION, NODE, WSGI, handlers
from tests.unit.operations.doctor.test_server_log_check import INITIALIZED, START
from tests.unit.operations.shop import shop_app

BUSY = PlatformFailed("Azure answered 503.", "Try again in a minute.")


def test_a_line_that_only_looks_like_a_time_is_text() -> None:
    text = INITIALIZED + "0000-00-00 00:00:00: a row of the database\n"
    assert said_by_wfastcgi(text, START) == (None, False)
    assert said_by_wfastcgi("2026-13-45 25:61:61: no time\n", START) == (None, False)


@pytest.mark.parametrize("limit", ["\u00b2", "\u0665" * 4, "9" * 5000])
def test_an_odd_startup_time_limit_is_no_number(limit: str) -> None:
    content = platform("-m waitress app:app", f'startupTimeLimit="{limit}"')
    assert look("always-on", web_config=content, configuration=configuration(alwaysOn=False)).status == "pass"


@pytest.mark.parametrize("name", ["gb2312", "shift_jis", "x-none", "utf-16"])
def test_an_encoding_that_only_iis_may_know_is_no_fault(name: str) -> None:
    content = f'<?xml version="1.0" encoding="{name}"?><configuration/>'.encode()
    found = look("web-config", web_config=content, handler=None, problem=Finding("It declares an encoding."))
    assert (found.status, found.evidence) == ("warn", "It declares an encoding.")


def test_the_fault_of_one_check_ends_no_other() -> None:
    """Its message may hold what a file of the app holds, so only its kind is told."""

    def broken(sight: Any) -> Any:
        raise ValueError("secret")

    found = _result(Check("broken", "It works", broken), None)  # type: ignore[arg-type]
    assert found.status == "skipped" and "(ValueError)" in found.evidence and "secret" not in found.evidence


def test_a_plan_that_does_not_answer_hides_no_fault() -> None:
    used_up = look("site-state", site=site(usage="Exceeded"), tier=BUSY)
    assert (used_up.status, used_up.fix) == ("fail", None)
    assert look("disk-space", free_bytes=(0, 0), tier=BUSY).status == "warn"
    assert look("always-on", configuration=configuration(alwaysOn=False), packages={"pandas": "2"}, tier=BUSY).fix
    assert look("worker-bitness", configuration=configuration(use32BitWorkerProcess=True), tier=BUSY).status == "warn"


def test_without_its_tier_no_plan_gets_what_it_may_refuse() -> None:
    narrow = configuration(use32BitWorkerProcess=True, alwaysOn=False)
    for name in ("worker-bitness", "always-on"):
        found = look(name, configuration=narrow, packages={"pandas": "2"}, tier="")
        assert found.status == "warn" and found.fix and found.fix.mend is None
    assert "no Always On" in look("always-on", configuration=narrow, packages={"pandas": "2"}, tier="Dynamic").evidence


def test_a_handler_with_a_condition_may_not_count() -> None:
    """A working app has one for the other bitness, or for the classic pipeline, before Python's."""
    for condition in ("classicMode,runtimeVersionv4.0", "bitness32"):
        before = handlers("before:" + NODE.replace("modules", f'preCondition="{condition}" modules'))
        assert look("handler-order", web_config=before).status == "warn"
    always = handlers("before:" + NODE.replace("modules", 'preCondition="integratedMode" modules'))
    assert look("handler-order", web_config=always).status == "fail"
    own = handlers(NODE).replace(b'name="Python"', b'name="Python" preCondition="bitness64"')
    assert look("other-stacks", web_config=own).status == "pass"


@pytest.mark.parametrize("undo", ['<remove name="python" />', "<clear />"])
def test_a_handler_that_answers_for_a_part_stays(undo: str) -> None:
    below = f"<system.webServer><handlers>{undo}</handlers></system.webServer>"
    located = handlers(NODE).replace(
        b"</configuration>", f'<location path="old">{below}</location></configuration>'.encode()
    )
    assert look("other-stacks", web_config=located).status == "pass"
    files = {WSGI: APP, "site/wwwroot/old/web.config": f"<configuration>{below}</configuration>".encode()}
    assert look("other-stacks", web_config=handlers(NODE), files=files).status == "pass"
    assert look("other-stacks", web_config=handlers(NODE)).status == "warn"


def test_files_of_iis_are_no_other_stack() -> None:
    static = '<add name="StaticFile" path="*" verb="*" modules="StaticFileModule" resourceType="File" />'
    assert look("other-stacks", web_config=handlers(static)).status == "pass"


def test_a_program_that_is_not_wfastcgi_needs_no_handler() -> None:
    own = FASTCGI.replace(rb"python3119x64\wfastcgi.py", rb"site\wwwroot\flup_app.py")
    own = own.replace(b'<add key="WSGI_HANDLER" value="app.app" />', b"")
    assert look("wsgi-handler", web_config=own).status == "pass"


def test_a_pair_that_is_registered_as_it_is_written_works() -> None:
    moved = FASTCGI.replace(b"D:", b"C:")
    own = {WSGI: APP, "site/applicationHost.xdt": XDT.replace(b"D:", b"C:")}
    for name in ("platform-drive", "fastcgi-pair"):
        assert look(name, web_config=moved, files=own, home=r"C:\home").status == "pass"


def test_a_handler_mapping_of_the_portal_registers() -> None:
    mapping = {
        "extension": "*",
        "scriptProcessor": r"D:\home\Python3119x64\python.exe",
        "arguments": r"D:\home\python3119x64\wfastcgi.py",
    }
    mapped = configuration(handlerMappings=[mapping])
    other = {WSGI: APP, EXTENSION: XDT.replace(b"wfastcgi.py", b"other.py")}
    assert look("fastcgi-pair", files=other).status == "fail"
    assert look("fastcgi-pair", files=other, configuration=mapped).status == "pass"


@pytest.mark.parametrize("place", ["%HOME%", r"%home%", r"%XDT_EXTENSIONPATH%\..\.."])
def test_a_transform_may_have_variables(place: str) -> None:
    content = FASTCGI.replace(rb"D:\home", place.replace("%home%", r"D:\home").replace("%HOME%", r"D:\home").encode())
    content = content.replace(b"%XDT_EXTENSIONPATH%", rb"D:\home\SiteExtensions\pythonapp-python3119x64")
    files = {WSGI: APP, EXTENSION: XDT.replace(rb"D:\home", place.encode())}
    assert look("fastcgi-pair", web_config=content, files=files).status == "pass"


@pytest.mark.parametrize("where", ["PYTHONPATH of web.config", "App setting PYTHONPATH", "The command line"])
def test_a_virtual_environment_that_is_named_is_used(where: str) -> None:
    path = r"D:\home\site\wwwroot\env\Lib\site-packages"
    added = FASTCGI.replace(b"<appSettings>", f'<appSettings><add key="PYTHONPATH" value="{path}" />'.encode())
    named: dict[str, dict[str, Any]] = {
        "PYTHONPATH of web.config": {"web_config": added},
        "App setting PYTHONPATH": {"settings": {"PYTHONPATH": path.replace("\\", "/")}},
        "The command line": {"web_config": platform("env/Scripts/waitress-serve-script.py app:app")},
    }
    files = {WSGI: APP, "site/wwwroot/env/Scripts/python.exe": b""}
    found = look("virtual-environment", files=files, **named[where])
    assert found.status == "warn" and found.fix is None and found.evidence.startswith(where)
    other = {"PYTHONPATH": path.replace("env", "my-env")}
    assert look("virtual-environment", files=files, settings=other).fix is not None
    assert look("virtual-environment", files=files, settings=None).fix is None


def test_a_deployment_may_run_something_else() -> None:
    files = {"site/repository/.git/HEAD": b"", "site/wwwroot/requirements.txt": b""}
    for settings in (
        {"scm_script_generator_args": "--basic -p web"},
        {"SCM_SCRIPT_GENERATOR_ARGS": "--aspNetCore web/web.csproj"},
        {"SCM_DO_BUILD_DURING_DEPLOYMENT": "false"},
        {"COMMAND": "deploy.cmd"},
    ):
        assert look("deployment-script", files=files, settings=settings).status == "pass", settings
    own = {**files, "site/repository/.deployment": b"[config]\r\ncommand = deploy.cmd\r\n"}
    assert look("deployment-script", files=own).status == "pass"
    assert look("deployment-script", files=files, settings=None).status == "skipped"


def test_options_of_a_deployment_are_not_overwritten() -> None:
    files = {"site/repository/.git/HEAD": b"", "site/wwwroot/requirements.txt": b""}
    found = look("deployment-script", files=files, settings={"SCM_SCRIPT_GENERATOR_ARGS": "--python -p web"})
    assert (found.status, found.fix) == ("warn", None)


def test_an_import_that_fails_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_point, "replace", lambda app, **_: app)
    for error in ("ValueError: postgres://shop:geheim@db/shop", "OperationalError: Server=db;Password=geheim"):
        monkeypatch.setattr(entry_point, "check_import", lambda *_, said=error: ImportCheck("3.11.9", said))
        assert "geheim" not in look("entry-point").evidence
        unread = look("entry-point", parts={"settings": None}, settings=BUSY)
        assert unread.status == "fail"


OF_A_PYTHON = (
    "worker-bitness",
    "python-end-of-life",
    "third-party-runtime",
    "pip-check",
    "requirements",
    "pip-version",
    "certifi",
)


@pytest.mark.parametrize("name", OF_A_PYTHON)
def test_a_python_that_is_not_known_is_not_called_good(name: str) -> None:
    """One outside of the app's folders, or that of a web.config that cannot be read."""
    outside = look(name, current=None, packages={})
    assert outside.status == "skipped" and "none of the app's" in outside.evidence
    unread = look(name, current=None, packages={}, handler=None, problem=Finding("It is odd."))
    assert unread.status == "skipped" and "It is odd." in unread.evidence
    assert look(name, current=None, packages={}, handler=None).status == "pass"


def test_what_azure_does_not_say_is_not_called_good() -> None:
    assert look("https-only", site=site(https_only=FrontDoor.from_properties({}).https_only)).status == "skipped"
    assert look("site-state", site=site("")).status == "skipped"
    assert look("worker-bitness", configuration=configuration(use32BitWorkerProcess=None)).status == "skipped"
    assert look("worker-bitness", current=python(architecture=None)).status == "skipped"
    assert look("python-end-of-life", current=python(version="3.11.9", architecture=None)).status == "pass"


def test_a_fix_that_is_refused_keeps_no_other_from_being_planned() -> None:
    app: Any = shop_app(None)  # type: ignore[arg-type]
    row = {"target": "config/alwaysOn", "action": "update", "before": "false", "after": "true"}

    def refuse(app: Any, dry_run: bool) -> Any:
        raise Refused("Two values.", "Delete one.")

    bad = warned("Bad.", Fix("az bad", refuse))
    good = warned("Off.", Fix("az good", lambda app, dry_run: {"changes": [row]}))
    checks = all_checks()
    plan, _ = _plan(app, [(checks["web-config-secrets"], bad), (checks["always-on"], good)], False)
    assert [change.target for change in plan.changes] == ["config/alwaysOn"]
    assert "Not fixed: Two values. Delete one." in app.progress.said
    with pytest.raises(Refused):
        _plan(app, [(checks["web-config-secrets"], bad)], False)
