"""`install-requirements`: what it installs, what it says meanwhile and in the end, and what a failure leaves behind."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from tests.local_azure.windows import gallery
from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import deploy, naming, record_of, web_root
from tests.scenario.unchanged import unchanged

SECRET = "pa55-Of-the-index"


def names(rows: list[dict[str, str]]) -> set[str]:
    """The names of packages in an answer, in lower case."""
    return {row["name"].lower() for row in rows}


def test_compiled_wheels_install_with_live_pip_output(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    deploy(site, "numpy_hello")
    command = ("webapp python install-requirements", *naming(site))

    with unchanged(azure, site):
        dry = az(*command, "--dry-run").json
    assert dry["dryRun"] is True and dry["changed"] is True and dry["job"] is None
    assert [(change["target"], change["action"]) for change in dry["changes"]] == [
        ("packages/markupsafe", "install"),
        ("packages/numpy", "install"),
    ]

    running = az.start(*command)
    first = next(line for line in running.stderr if line.startswith("  | Collecting"))
    seen = time.monotonic()
    stdout, rest = running.communicate(timeout=300)
    assert running.returncode == 0, rest
    assert time.monotonic() - seen > 2, f"{first!r} came only at the end"

    answer = json.loads(stdout)
    assert answer["exitCode"] == 0 and answer["check"] == {"ok": True, "problems": []}
    assert {"markupsafe", "numpy"} <= names(answer["installed"])
    page = apps.get(site)
    assert "Hello from numpy 1.24.4 on Python 3.8.10" in page.text, page.text
    assert "by compiled code: True" in page.text


def test_the_second_run_after_a_good_one_is_empty(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    command = ("webapp python install-requirements", *naming(site))

    answer = az(*command).json
    assert set(answer) == {
        "changed",
        "app",
        "changes",
        "changeId",
        "exitCode",
        "installer",
        "installed",
        "upgraded",
        "reinstalled",
        "removed",
        "check",
        "job",
    }
    assert answer["changed"] is True
    assert answer["changes"] == [
        {"target": "packages/six", "action": "install", "before": None, "after": "1.16.0"},
        {"target": "app", "action": "restart", "before": None, "after": None},
    ]
    assert answer["installed"] == [{"name": "six", "version": "1.16.0"}]
    record = record_of(site, answer["changeId"])
    assert (record["state"], record["jobs"]) == ("succeeded", [answer["job"]["id"]])
    assert set(answer["job"]) == {"id", "state", "logUrl"} and answer["job"]["state"] == "succeeded"

    with unchanged(azure, site):
        again = az(*command).json
    assert (again["changed"], again["changes"], again["installed"], again["changeId"]) == (False, [], [], None)
    assert again["exitCode"] == 0 and again["job"] == answer["job"]

    with unchanged(azure, site):
        dry = az(*command, "--dry-run").json
    assert dry["changed"] is False and dry["dryRun"] is True


def test_local_file_with_include_constraint_and_upgrade(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    (tmp_path / "more").mkdir()
    (tmp_path / "requirements.txt").write_text("-r more/base.txt\n", encoding="utf-8")
    (tmp_path / "more" / "base.txt").write_text('six\nitsdangerous; python_version >= "3.8"\n', encoding="utf-8")
    (tmp_path / "limits.txt").write_text("six<1.17\n", encoding="utf-8")
    command = ("webapp python install-requirements -r", tmp_path / "requirements.txt", *naming(site))

    first = az(*command, "-c", tmp_path / "limits.txt").json
    assert sorted((row["name"].lower(), row["version"]) for row in first["installed"]) == [
        ("itsdangerous", "2.2.0"),
        ("six", "1.16.0"),
    ]
    second = az(*command, "--upgrade").json
    assert second["upgraded"] == [{"name": "six", "before": "1.16.0", "after": "1.17.0"}]
    assert second["changes"][0] == {
        "target": "packages/six",
        "action": "upgrade",
        "before": "1.16.0",
        "after": "1.17.0",
    }


def test_missing_requirement_is_explained_once(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six\nnosuchpackage==9\n", encoding="utf-8")
    restarts = site.restarts

    failed = az("webapp python install-requirements", *naming(site), expect=1)

    assert failed.stdout == ""
    errors = [line for line in failed.stderr.splitlines() if line.startswith("ERROR:")]
    assert len(errors) == 1 and "Traceback" not in failed.stderr, failed
    assert "has no package named nosuchpackage, so nothing satisfies nosuchpackage==9." in errors[0]
    assert failed.stderr.count("No matching distribution found") == 1, "pip's own line, as it came"
    assert f"app '{site.name}'" in errors[0] and "No package was changed" in errors[0]
    assert site.restarts == restarts
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text

    shown = az("webapp python job show", *naming(site)).json
    assert (shown["state"], shown["exitCode"], shown["command"]) == ("failed", 1, "install-requirements")
    waited = az("webapp python job wait", *naming(site), expect=1)
    assert "has no package named nosuchpackage" in waited.stderr


@pytest.mark.parametrize("where", ["option", "file"])
def test_an_index_with_a_password_leaves_it_nowhere(az, azure, apps, windows, tmp_path, where):
    site = apps.prepared("wsgi_hello")
    requests = len(azure.requests)
    with PackageIndex(windows / "index") as index:
        url = index.url.replace("http://", f"http://me:{SECRET}@")
        lines = "six\nnosuchpackage\n" if where == "option" else f"--index-url {url}\nsix\nnosuchpackage\n"
        (tmp_path / "requirements.txt").write_text(lines, encoding="utf-8")
        option = ("--index-url", url) if where == "option" else ()
        failed = az(
            "webapp python install-requirements --debug -r",
            tmp_path / "requirements.txt",
            *option,
            *naming(site),
            expect=1,
        )
        assert "/simple/six/" in index.requests
    assert "No matching distribution found for nosuchpackage" in failed.stderr
    echoed = "Command arguments: ["  # az itself repeats its command line with --debug
    said = "\n".join(line for line in failed.stderr.splitlines() if echoed not in line)
    assert SECRET not in said + failed.stdout
    assert not [str(request) for request in azure.requests[requests:] if SECRET in request.path]
    assert not [command.text for command in site.commands.started if SECRET in command.text]
    home = site.machine.home
    assert not [path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_wheels_of_this_machine_without_an_index(az, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    shutil.copy(windows / "index" / "six-1.16.0-py2.py3-none-any.whl", wheels)
    (tmp_path / "requirements.txt").write_text("six\n", encoding="utf-8")
    with PackageIndex(windows / "index") as index:
        answer = az(
            "webapp python install-requirements --no-index -r",
            tmp_path / "requirements.txt",
            "--wheel-dir",
            wheels,
            "--index-url",
            index.url,
            *naming(site),
        ).json
        assert index.requests == []
    assert answer["installed"] == [{"name": "six", "version": "1.16.0"}]


def test_what_the_app_runs_decides_the_python(az, apps):
    """Two runtimes are on the app; packages go into the one that web.config starts."""
    site = apps.prepared("wsgi_hello")
    gallery.lay_down(site.machine, gallery.find("azureappservice-python364x64"))
    (web_root(site) / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    az("webapp python install-requirements", *naming(site))
    assert (site.machine.home / "python3810x64/Lib/site-packages/six.py").exists()
    assert not (site.machine.home / "python364x64/Lib/site-packages/six.py").exists()

    (web_root(site) / "web.config").unlink()
    refused = az("webapp python install-requirements", *naming(site), expect=1)
    assert "Several Pythons are installed: 3.8.10 x64, 3.6.4 x64." in refused.stderr, refused
    assert "az webapp python set-version" in refused.stderr


def test_an_app_without_requirements_is_told_what_to_do(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    with unchanged(azure, site):
        failed = az("webapp python install-requirements", *naming(site), expect=3)
    assert f"app '{site.name}' has no requirements.txt" in failed.stderr, failed
    assert "-r requirements.txt" in failed.stderr
