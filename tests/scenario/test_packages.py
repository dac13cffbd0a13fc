"""`package …`: look at and change single packages of the Python that the app runs."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from tests.local_azure.windows.index import PackageIndex
from tests.published_schemas import check_published
from tests.scenario.apps import naming, record_of, undo_line, web_root
from tests.scenario.unchanged import unchanged

HOSTILE = 'six >= 1.0, <2.0, != 1.5 ; python_version > "3" and platform_machine != "%PATH% & echo | ^ !x! größe"'


def versions(rows: list[dict[str, str]]) -> dict[str, str]:
    """Version by name."""
    return {row["name"].lower(): row["version"] for row in rows}


def test_install_list_freeze_outdated_check_uninstall(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    install = ("webapp python package install", *app, "--packages", "six<1.17", "waitress")

    with unchanged(azure, site):
        dry = az(*install, "--dry-run").json
    assert [(change["target"], change["action"], change["after"]) for change in dry["changes"]] == [
        ("packages/six", "install", "<1.17"),
        ("packages/waitress", "install", "newest"),
    ]

    answer = az(*install).json
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
    assert versions(answer["installed"]) == {"six": "1.16.0", "waitress": "3.0.0"}
    assert answer["changes"][-1] == {"target": "app", "action": "restart", "before": None, "after": None}
    with unchanged(azure, site):
        again = az(*install).json
        assert (again["changed"], again["changes"], again["job"], again["changeId"]) == (False, [], None, None)
        listed = az("webapp python package list", *app).json
        frozen = az("webapp python package freeze", *app, "--query", "[].requirement", "-o", "tsv").stdout.splitlines()
    assert versions(listed)["six"] == "1.16.0" and "pip" in versions(listed)
    assert "six==1.16.0" in frozen and not [line for line in frozen if line.startswith("pip==")]

    with unchanged(azure, site):
        bill = az("webapp python package sbom", *app).json
    check_published("cyclonedx-1.6", bill)
    assert {"six", "waitress", "pip", "CPython"} <= {each["name"] for each in bill["components"]}

    outdated = az("webapp python package outdated", *app).json
    assert {"name": "six", "version": "1.16.0", "latestVersion": "1.17.0"} in outdated
    site.app_settings["PIP_RETRIES"] = "0"
    unknown = az("webapp python package outdated --index-url http://127.0.0.1:1/simple", *app, expect=1)
    assert "is not known which packages" in unknown.stderr and "could not be reached" in unknown.stderr, unknown
    assert az("webapp python package check", *app).json == {"ok": True, "problems": []}
    upgraded = az("webapp python package install", *app, "--packages", "six", "--upgrade", "--no-restart").json
    assert upgraded["upgraded"] == [{"name": "six", "before": "1.16.0", "after": "1.17.0"}]
    assert [change["action"] for change in upgraded["changes"]] == ["upgrade"]
    record = record_of(site, upgraded["changeId"])
    assert (record["state"], record["jobs"]) == ("succeeded", [upgraded["job"]["id"]])
    (packages,) = record["packages"]
    assert (packages["before"]["six"], packages["after"]["six"]) == ("1.16.0", "1.17.0")
    assert packages["after"] == versions(az("webapp python package list", *app).json)

    remove = ("webapp python package uninstall", *app, "--packages", "six", "absent")
    asked = az(*remove, expect=1)
    assert "--yes" in asked.stderr and "Uninstall six from Python 3.8.10" in asked.stderr, asked
    removed = az(*remove, "--yes")
    assert removed.json["removed"] == [{"name": "six", "version": "1.17.0"}]
    assert "absent is not installed" in removed.stderr
    with unchanged(azure, site):
        assert az(*remove, "--yes").json["changed"] is False


def test_a_hostile_requirement_reaches_pip_unchanged(az, apps):
    site = apps.prepared("wsgi_hello")
    answer = az("webapp python package install --packages", HOSTILE, *naming(site), "--upgrade").json
    assert [row["name"] for row in answer["installed"]] == ["six"]
    folder = site.machine.home / "data/pythonapp/jobs" / answer["job"]["id"]
    assert (folder / "packages.txt").read_text(encoding="utf-8").splitlines()[1] == HOSTILE


def test_packages_that_do_not_fit_together_fail_the_check(az, apps):
    site = apps.prepared("wsgi_hello")
    az("webapp python package install --no-deps --packages flask", *naming(site))
    failed = az("webapp python package check", *naming(site), expect=1)
    assert failed.stdout == "" and f"app '{site.name}'" in failed.stderr, failed
    assert "requires" in failed.stderr and "which is not installed" in failed.stderr


def last_line(result):
    """What stands last on the screen."""
    return result.stderr.rstrip().splitlines()[-1]


def test_plan_and_last_lines_of_package_commands(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    added = az("webapp python package install --packages flask==3.0.3", *app)
    assert f"installed in Python 3.8.10 of app '{site.name}'; it was restarted (" in added.stderr, added
    assert last_line(added) == undo_line(site, added.json["changeId"]), added
    nothing = az("webapp python package install --packages flask==3.0.3", *app)
    assert last_line(nothing) == f"Nothing was changed: flask==3.0.3 is installed already on app '{site.name}'."

    remove = ("webapp python package uninstall --packages werkzeug blinker", *app)
    with unchanged(azure, site):
        dry = az(*remove, "--dry-run")
        asked = az(*remove, expect=1)
    for shown in (dry.stderr, asked.stderr):
        assert "needed by flask" in shown and "flask needs werkzeug and will not work without it." in shown, shown
        assert "2 to remove, 1 restart." in shown and shown.index("2 to remove") > shown.index("needed by flask")
    assert asked.stderr.index("2 to remove") < asked.stderr.index("Uninstall werkzeug, blinker from")
    assert "note" not in dry.stdout

    removed = az(*remove, "--yes")
    assert removed.json["exitCode"] == 0 and removed.json["check"]["ok"] is False
    assert "Warning: flask 3.0.3 requires werkzeug, which is not installed." in removed.stderr.replace("Werk", "werk")
    named = f"-g rg -n {site.name}"
    assert f"`az webapp python package check {named}`" in removed.stderr, removed
    assert last_line(removed) == undo_line(site, removed.json["changeId"]), removed
    (packages,) = record_of(site, removed.json["changeId"])["packages"]
    assert packages["before"].keys() - packages["after"].keys() == {"blinker", "werkzeug"}
    back = [f"{name}=={packages['before'][name]}" for name in ("blinker", "werkzeug")]
    az("webapp python package install --no-deps --packages", *back, *app)
    assert az("webapp python package check", *app).json["ok"] is True
    nothing = az("webapp python package uninstall --yes --packages absent", *app)
    assert last_line(nothing) == f"Nothing was changed: absent is not installed on app '{site.name}'."


def test_a_conflict_and_a_newer_python_in_a_sentence(az, apps):
    site = apps.prepared("wsgi_hello")
    install = ("webapp python package install", *naming(site), "--packages")
    for packages, sentence in (
        (("flask==3.0.3", "werkzeug==2.0.3"), "flask 3.0.3 needs Werkzeug>=3.0.0, you ask for werkzeug==2.0.3."),
        (("flask==3.1.2",), f"flask 3.1.2 needs Python 3.9 or newer; app '{site.name}' runs 3.8.10."),
        (
            ("six", "--index-url", "http://127.0.0.1:1/simple"),
            "The index http://127.0.0.1:1/simple could not be reached",
        ),
    ):
        failed = az(*install, *packages, *(["--pip-args=--retries=0"] if "six" in packages else []), expect=1)
        error = failed.stderr.rpartition("ERROR: ")[2]
        assert sentence in error and "No package was changed." in error and "spelling" not in error, failed
        assert "The conflict is caused by" not in error and error.count(sentence) == 1


def test_a_build_that_fails_is_explained(az, apps):
    site = apps.prepared("wsgi_hello")
    failed = az("webapp python package install --packages brokenbuild", *naming(site), expect=1)
    assert "brokenbuild 1.0 has no wheel for cp38 win_amd64" in failed.stderr, failed
    assert "RuntimeError: brokenbuild cannot be built" in failed.stderr and "--wheel-dir" in failed.stderr, failed
    refused = az("webapp python package install --packages brokenbuild --only-binary :all:", *naming(site), expect=1)
    assert "it has no wheel for cp38 win_amd64" in refused.stderr, refused


def test_a_pip_that_is_too_old_for_an_option_is_upgraded_first(az, apps):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    az("webapp python package install --packages pip==20.3.4", *app)
    command = ("webapp python package install --packages six==1.16.0 --pip-args=--config-settings=a=b", *app)
    dry = az(*command, "--dry-run").json
    assert dry["changes"][0] == {"target": "packages/pip", "action": "upgrade", "before": "20.3.4", "after": "<=25.0.1"}
    answer = az(*command).json
    assert answer["upgraded"] == [{"name": "pip", "before": "20.3.4", "after": "25.0.1"}]
    assert versions(answer["installed"]) == {"six": "1.16.0"}


@pytest.mark.parametrize(
    "option",
    [
        ("--pip-args=--target=elsewhere",),
        ("--packages", "-r x.txt"),
        ("--stop-app", "always", "--no-wait"),
        ("--timeout", "0"),
    ],
)
def test_invalid_arguments_are_refused_without_a_request(az, azure, apps, option):
    site = apps.new()
    requests = len(azure.requests)
    packages = () if "--packages" in option else ("--packages", "six")
    refused = az("webapp python package install", *naming(site), *packages, *option, expect=2)
    assert f"'{site.name}'" in refused.stderr, refused
    assert not [request for request in azure.requests[requests:] if "azurewebsites" in request.host]


def test_credentials_of_proxy_and_pip_args_stay_hidden(az, azure, apps, windows):
    site = apps.prepared("wsgi_hello")
    with PackageIndex(windows / "index") as links:
        page = links.url.replace("http://", "http://me:pa55w0rd@") + "six/"
        answer = az(
            "webapp python install-requirements -r",
            requirements(site, "six==1.16.0\n"),
            "--no-index",
            "--proxy",
            "me:pa55w0rd@127.0.0.1:9",
            f"--pip-args=--find-links {page}",
            *naming(site),
            expect=None,
        )
    home = site.machine.home
    assert "pa55w0rd" not in answer.stderr + answer.stdout, answer
    assert not [path for path in home.rglob("*") if path.is_file() and b"pa55w0rd" in path.read_bytes()]
    assert not [command.text for command in site.commands.started if "pa55w0rd" in command.text]


def test_what_a_failed_pip_changed_is_put_back(az, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    folder = tmp_path / "index"
    folder.mkdir()
    for wheel in (windows / "index").glob("six-*.whl"):
        shutil.copy(wheel, folder)
    with zipfile.ZipFile(folder / "spoiled-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in (
            ("../../outside.py", ""),
            ("spoiled.py", ""),
            (
                "spoiled-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: spoiled\nVersion: 1.0\nRequires-Dist: six==1.17.0\n",
            ),
            ("spoiled-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("spoiled-1.0.dist-info/RECORD", ""),
        ):
            wheel.writestr(path, text)
    with PackageIndex(folder) as index:
        options = ("--index-url", index.url, *naming(site))
        az("webapp python package install --packages six==1.16.0", *options)
        file = requirements(site, "spoiled\n")
        failed = az("webapp python install-requirements --restore -r", file, *options, expect=1)
        assert "what it had changed was put back" in failed.stderr, failed
        assert "No package was changed" in failed.stderr
        listed = versions(az("webapp python package list", *naming(site)).json)
        assert listed["six"] == "1.16.0" and "spoiled" not in listed
        failed = az("webapp python install-requirements -r", file, *options, expect=1)
        assert "six 1.16.0 -> 1.17.0" in failed.stderr, failed


def test_what_a_deployment_may_undo_is_warned_of(az, apps):
    site = apps.prepared("wsgi_hello")
    root = web_root(site)
    (root / "requirements.txt").write_text("six\n", encoding="utf-8")
    (root / "env" / "Scripts").mkdir(parents=True)
    (root / "venv").mkdir()
    (site.machine.home / "site" / "repository").mkdir()
    warned = az("webapp python install-requirements --dry-run", *naming(site)).stderr
    assert "virtual environment, 'env'" in warned and "'venv'" not in warned, warned
    assert ".skipPythonDeployment" in warned
    (root / ".skipPythonDeployment").touch()
    (root / "env" / "Scripts").rmdir()
    assert "Warning:" not in az("webapp python install-requirements --dry-run", *naming(site)).stderr


def requirements(site, text):
    """A local requirements file."""
    path = site.machine.folder / "local-requirements.txt"
    path.write_text(text, encoding="utf-8")
    return path
