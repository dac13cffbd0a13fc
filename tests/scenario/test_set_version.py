"""`set-version` on FastCGI: from an app without any Python to a served page, and what stays when a step fails."""

from __future__ import annotations

import json
import re

from tests.local_azure import login
from tests.scenario.apps import bytes_before, naming, record_of, undo_line, web_root
from tests.scenario.held_index import HeldIndex
from tests.scenario.unchanged import unchanged

FAILS_ON_311 = """\
import sys


def application(environ, start_response):
    if sys.version_info >= (3, 11):
        raise RuntimeError("not ready for 3.11")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served by " + sys.version.split()[0].encode()]
"""
BROKEN_ON_311 = FAILS_ON_311.replace(
    "\n\n\ndef", "\nif sys.version_info >= (3, 11):\n    import a_module_that_nobody_has\n\n\ndef"
)


def with_odd_bytes(content: bytes) -> bytes:
    """The same web.config as an editor on Windows may have left it: BOM, CRLF, comments, odd spaces and quotes."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    text = text.replace(
        "</configuration>",
        "  <!-- kept: ümläut &#xA; -->\n  <location path='private'>\n"
        "    <system.web   ><authorization /></system.web>\n  </location>\n</configuration>",
    )
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode("utf-8")


def test_bare_app_is_set_up_and_serves_its_page(az, azure, apps):
    site = apps.new("flask_hello")
    command = ("webapp python set-version --version 3.8", *naming(site))

    with unchanged(azure, site):
        dry = az(*command, "--dry-run")
    assert dry.json["dryRun"] is True and dry.json["changed"] is True
    assert [(change["target"], change["action"]) for change in dry.json["changes"]] == [
        ("nuget/python", "install"),
        ("packages/wfastcgi", "install"),
        ("siteextensions/pythonapp-python3810x64", "install"),
        ("packages/flask", "install"),
        ("site/wwwroot/web.config", "create"),
        ("app", "restart"),
    ]

    assert dry.json["runtime"]["answered"] is False, "nobody has asked a Python that is not there yet"
    lines = dry.stderr.rstrip().splitlines()
    assert f"Plan for app '{site.name}':" in lines and lines[-1].endswith("Nothing was changed (dry run)."), dry
    assert any(line.startswith("  ! ") and "end of life on 2024-10-07" in line for line in lines), dry
    assert any(line.startswith("  ! restart") and "does not answer for some seconds" in line for line in lines), dry

    done = az(*command)
    answer = done.json
    last, undo = done.stderr.rstrip().splitlines()[-2:]
    assert undo == undo_line(site, answer["changeId"]), done
    assert last.startswith(f"App '{site.name}' runs Python 3.8.10. https://{site.host}/ answers 200. 1 Python and"), (
        done
    )
    assert answer["changed"] is True and "dryRun" not in answer
    assert answer["app"] == {"name": site.name, "resourceGroup": "rg", "slot": None}
    assert answer["runtime"] == {
        "version": "3.8.10",
        "architecture": "x64",
        "extensionId": "pythonapp-python3810x64",
        "packageVersion": "3.8.10",
        "pythonPath": r"D:\home\python3810x64\python.exe",
        "source": "siteExtension",
        "inUse": True,
        "answered": True,
    }
    assert answer["handler"] == "fastCgi" and answer["entryPoint"] == "app.app"
    verification = {
        "pythonVersion": "3.8.10",
        "importOk": True,
        "httpStatus": 200,
        "httpStatusBefore": 403,
        "instances": [{"id": site.instance, "httpStatus": 200}],
    }
    assert answer["verification"] == verification
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", answer["changeId"])
    changes = {change["target"]: change for change in answer["changes"]}
    assert list(changes)[0] == "nuget/python" and list(changes)[-1] == "app"
    assert {"packages/flask", "packages/werkzeug", "packages/markupsafe"} <= set(changes)
    assert changes["site/wwwroot/web.config"]["action"] == "create"
    assert changes["site/wwwroot/web.config"]["diff"].startswith("--- ")
    assert "  | " in done.stderr, "pip's lines are on standard error"

    page = apps.get(site)
    assert page.status_code == 200 and "Hello from Flask on Python 3.8.10" in page.text, page.text

    with unchanged(azure, site):
        repeated = az(*command)
        again = repeated.json
    assert repeated.stderr.rstrip().splitlines()[-1] == (
        f"App '{site.name}' runs Python 3.8.10 already; nothing changed. https://{site.host}/ answers 200."
    )
    assert "Restarting" not in repeated.stderr and "Switching" not in repeated.stderr, repeated
    assert (again["changed"], again["changes"], again["changeId"]) == (False, [], None)
    assert again["runtime"] == answer["runtime"]
    assert again["verification"] == verification | {"httpStatusBefore": 200}


def test_another_version_changes_nothing_else_in_web_config(az, apps):
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    before = with_odd_bytes(config.read_bytes())
    config.write_bytes(before)

    done = az("webapp python set-version --version 3.11.9", *naming(site))
    answer = done.json

    assert config.read_bytes() == before.replace(b"python3810x64", b"python3119x64")
    (change,) = [change for change in answer["changes"] if change["target"] == "site/wwwroot/web.config"]
    assert change["action"] == "update"
    assert change["before"] == r"fastCgi D:\home\python3810x64\python.exe"
    assert change["after"] == r"fastCgi D:\home\python3119x64\python.exe"
    assert bytes_before(site, answer["changeId"]) == before
    record = record_of(site, answer["changeId"])
    assert (record["state"], [row["version"] for row in record["runtimes"]]) == ("succeeded", ["3.11.9"])
    assert (record["runtimeBefore"]["version"], record["runtimeAfter"]["version"]) == ("3.8.10", "3.11.9")
    assert "Hello from WSGI on Python 3.11.9" in apps.get(site).text
    *_, now, undo = done.stderr.rstrip().splitlines()
    assert now.startswith(f"App '{site.name}' runs Python 3.11.9 (was 3.8.10). https://{site.host}/ answers 200."), done
    assert undo == undo_line(site, answer["changeId"])
    assert done.stderr.count("Restarting app") == 2, "once to read the registration, once for the switch"

    back = az("webapp python set-version --version 3.8.10", *naming(site))
    assert config.read_bytes() == before and "on Python 3.8.10" in apps.get(site).text
    assert back.stderr.count("Restarting app") == 1 and "runs Python 3.8.10 (was 3.11.9)" in back.stderr, back


def test_failing_import_leaves_web_config_alone(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "app.py").write_text(BROKEN_ON_311, encoding="utf-8")
    config = web_root(site) / "web.config"
    before = with_odd_bytes(config.read_bytes())
    config.write_bytes(before)

    failed = az("webapp python set-version --version 3.11.9", *naming(site), expect=1)

    assert failed.stdout == ""
    assert config.read_bytes() == before
    assert f"app '{site.name}'" in failed.stderr and "Traceback" not in failed.stderr, failed
    assert "No module named 'a_module_that_nobody_has'" in failed.stderr
    assert "web.config was not touched" in failed.stderr
    assert f"Left on app '{site.name}', not in use: Python 3.11.9" in failed.stderr, "it says what stays"
    assert "--extension-id pythonapp-python3119x64" in failed.stderr, "and how to remove it"
    assert apps.get(site).text == "served by 3.8.10"


def test_failing_page_restores_web_config(az, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "app.py").write_text(FAILS_ON_311, encoding="utf-8")
    config = web_root(site) / "web.config"
    before = with_odd_bytes(config.read_bytes())
    config.write_bytes(before)

    failed = az("webapp python set-version --version 3.11.9", *naming(site), expect=1)

    assert failed.stdout == ""
    assert config.read_bytes() == before
    assert f"app '{site.name}'" in failed.stderr and "Traceback" not in failed.stderr, failed
    assert "answered 500" in failed.stderr
    assert "wfastcgi.log in LogFiles says: RuntimeError: not ready for 3.11" in failed.stderr, failed
    assert "app.py, line 6)" in failed.stderr, "it names the place"
    words = " ".join(failed.stderr.rpartition("ERROR: ")[2].split())
    assert words.startswith(f"With Python 3.11.9, https://{site.host}/ answered 500 (200 before)"), failed
    assert f"Rolled back: app '{site.name}' runs Python 3.8.10 again (200). Left on app" in words, failed
    assert "with 1 package. To remove it: `az webapp python uninstall" in words, failed
    assert "/api/vfs/LogFiles/wfastcgi.log" in words and "--health-path" not in words, failed
    assert apps.get(site).text == "served by 3.8.10"

    unchecked = az("webapp python set-version --version 3.11.9 --no-health-check", *naming(site)).json
    assert unchecked["verification"] == {
        "pythonVersion": "3.11.9",
        "importOk": True,
        "httpStatus": None,
        "httpStatusBefore": None,
        "instances": [],
    }
    assert apps.get(site).status_code == 500


def test_a_first_web_config_that_fails_is_removed_again(az, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "web.config").unlink()
    with (web_root(site) / "app.py").open("a", encoding="utf-8") as file:
        file.write('\n\ndef broken(environ, start_response):\n    raise RuntimeError("always")\n')

    failed = az("webapp python set-version --version 3.8 --app app:broken", *naming(site), expect=1)

    assert "was removed again: there was none before" in failed.stderr, failed
    assert not (web_root(site) / "web.config").exists()


def test_no_restart_and_no_requirements(az, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    config = web_root(site) / "web.config"
    config.write_bytes(config.read_bytes().replace(b"app.application", b"app.nothing"))
    restarts = site.restarts
    answer = az(
        "webapp python set-version --version 3.8 --app app:application --no-restart --no-requirements", *naming(site)
    ).json
    assert [change["target"] for change in answer["changes"]] == ["site/wwwroot/web.config"]
    assert answer["verification"]["httpStatus"] is None and site.restarts == restarts
    assert not (site.machine.home / "python3810x64/Lib/site-packages/six.py").exists()


def test_a_failing_requirement_leaves_web_config_alone(az, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    config = web_root(site) / "web.config"
    before = config.read_bytes()
    failed = az(
        'webapp python set-version --version 3.8 --handler httpplatform --startup-command "app.py"',
        *naming(site),
        expect=1,
    )
    assert "has no package named nosuchpackage" in failed.stderr.rpartition("ERROR:")[2], failed
    assert config.read_bytes() == before
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text


def test_home_on_drive_c(az, apps):
    site = apps.new("wsgi_hello")
    site.switches.home_drive = "C:"
    answer = az("webapp python set-version --version 3.8", *naming(site)).json
    assert answer["verification"]["httpStatus"] == 200
    assert answer["runtime"]["pythonPath"] == r"C:\home\python3810x64\python.exe"
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text


def test_several_entry_points_are_listed_and_app_chooses_one(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    root = web_root(site)
    (root / "web.config").unlink()
    source = (root / "app.py").read_text(encoding="utf-8")
    (root / "app.py").unlink()
    for name in ("shop", "blog"):
        (root / f"{name}.py").write_text(source, encoding="utf-8")
    with unchanged(azure, site):
        ambiguous = az("webapp python set-version --version 3.8", *naming(site), expect=1)
    assert "shop:application" in ambiguous.stderr and "blog:application" in ambiguous.stderr, ambiguous
    assert "--app" in ambiguous.stderr

    answer = az("webapp python set-version --version 3.8 --app shop:application", *naming(site)).json
    assert answer["entryPoint"] == "shop.application"
    assert apps.get(site).status_code == 200


def test_no_entry_point_is_not_found(az, azure, apps):
    site = apps.new()
    with unchanged(azure, site):
        failed = az("webapp python set-version --version 3.8", *naming(site), expect=3)
    assert "--app" in failed.stderr and f"'{site.name}'" in failed.stderr.replace("App", "app"), failed


def interrupted(az, site, change, *options):
    """Run set-version, and let somebody else change web.config while pip runs; its exit code and its last words.

    change: gives their web.config for the present one.
    """
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    running = az.start("webapp python set-version --version 3.8", *naming(site), *options)
    for line in running.stderr:
        if "  | " in line:
            break
    config = web_root(site) / "web.config"
    config.write_bytes(change(config.read_bytes()))
    _, rest = running.communicate(timeout=300)
    return running.returncode, rest


def test_concurrent_change_is_edited_and_restored(az, apps):
    """The ETag is another one when it writes; it reads again, and plans again. Then the app does not start."""
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    (web_root(site) / "fails.py").write_text('raise RuntimeError("no port for today")\n', encoding="utf-8")
    theirs = config.read_bytes() + b"<!-- theirs -->\r\n"

    code, said = interrupted(
        az,
        site,
        lambda _: theirs,
        "--handler",
        "httpplatform",
        "--startup-command",
        "fails.py",
        "--health-timeout",
        "15",
    )

    assert code == 1
    assert "<httpPlatform> was added" in said, said
    assert f"Rolled back: app '{site.name}' runs Python 3.8.10 with FastCGI again (200)." in said, said
    assert f"The packages of Python 3.8.10 of app '{site.name}' are as before." in said, said
    assert "says: RuntimeError: no port for today" in said and "fails.py, line 1)" in said, said
    assert config.read_bytes() == theirs
    assert "Hello from WSGI" in apps.get(site).text


def test_somebody_elses_change_of_what_starts_is_left_alone(az, apps):
    site = apps.prepared("wsgi_hello")
    config = web_root(site) / "web.config"
    before = config.read_bytes()

    code, said = interrupted(
        az,
        site,
        lambda content: content.replace(b'"app.application"', b'"app.theirs"'),
        "--app",
        "app:application",
        "--handler",
        "httpplatform",
        "--startup-command",
        "app.py",
    )

    assert code == 1
    assert (
        f"Somebody changed the entry point of app '{site.name}' from app.application to app.theirs while this ran. "
        "Your change was not made." in said
    ), said
    assert "<httpPlatform" not in said and "+++" not in said, said
    assert config.read_bytes() == before.replace(b'"app.application"', b'"app.theirs"')


def test_two_terminals_the_second_is_told_of_the_first(az, azure, apps, windows):
    """One waits for pip; meanwhile another one is refused, and one that only looks is not."""
    site = apps.prepared("wsgi_hello", also="3.11.9")
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    with HeldIndex(windows / "index") as index:
        site.app_settings["PIP_INDEX_URL"] = index.url
        waiting = az.start("webapp python set-version --version 3.8", *naming(site))
        while not index.asked.wait(0.2):
            assert waiting.poll() is None, waiting.communicate()
        other = az("webapp python set-version --version 3.11.9 --no-requirements", *naming(site), expect=1)
        assert az("webapp python show", *naming(site)).json["runtime"]["version"] == "3.8.10"
        index.release()
        answer, said = waiting.communicate(timeout=300)

    told = f"Another command is changing app '{site.name}': `set-version` of {login.CLIENT_ID}, since "
    assert told in other.stderr and "Nothing was changed." in other.stderr, other
    assert waiting.returncode == 0, said
    record = record_of(site, json.loads(answer)["changeId"])
    (packages,) = record["packages"]
    assert packages["after"].items() - packages["before"].items() == {("six", packages["after"]["six"])}
    assert record["state"] == "succeeded" and len(record["jobs"]) == 1 and packages["folder"] == "python3810x64"
