"""`package vendor`: a local folder of libraries for the app's Python, which goes before what that Python has itself."""

from __future__ import annotations

import re
import shlex
import shutil

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

REQUIREMENTS = """\
six==1.16.0
markupsafe<3
wfastcgi==3.0.0
colorama; sys_platform == "win32"
zipp; python_version < "3.9"
nosuchpackage; sys_platform != "win32"
"""
SHOWS_SIX = """\
import six


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["{} {}".format(six.__version__, six.__file__).encode()]


application = app
"""
DEPLOYED = "D:\\home\\site\\wwwroot\\lib"


def tree(folder):
    """The content of each file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_libraries_are_chosen_by_the_python_of_the_app(az, azure, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    lib = tmp_path / "lib"
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    command = ("webapp python package vendor --target", lib, "-r", tmp_path / "requirements.txt", *naming(site))
    packages = set((site.machine.home / "python3810x64/Lib/site-packages").iterdir())

    with unchanged(azure, site):
        dry = az(*command, "--dry-run").json
    assert dry["changed"] is True and dry["dryRun"] is True and not lib.exists()
    assert [(row["target"], row["action"]) for row in dry["changes"]] == [
        (f"vendored/{name}", "install") for name in ("six", "markupsafe", "wfastcgi", "colorama", "zipp")
    ]

    answer = az(*command).json
    assert {(row["name"], row["version"]) for row in answer["packages"]} == {
        ("six", "1.16.0"),
        ("markupsafe", "2.1.5"),
        ("wfastcgi", "3.0.0"),
        ("colorama", "0.4.6"),
        ("zipp", "3.20.2"),
    }
    assert {row["action"] for row in answer["changes"]} == {"install"} and len(answer["changes"]) == 5
    assert answer["runtime"]["version"] == "3.8.10" and answer["deployedPath"] == DEPLOYED
    assert (lib / "markupsafe" / "_speedups.cp38-win_amd64.pyd").exists()
    assert (lib / "six-1.16.0.dist-info" / "METADATA").exists() and (lib / "wfastcgi.py").exists()
    assert not [path for path in tree(lib) if path.startswith("bin/") or path.endswith((".pyc", ".exe"))]
    assert set((site.machine.home / "python3810x64/Lib/site-packages").iterdir()) == packages
    assert not list((site.machine.home / "data").rglob("*.whl"))
    made = tree(lib)

    with unchanged(azure, site):
        again = az(*command).json
    assert (again["changed"], again["changes"], again["job"]) == (False, [], None)
    assert again["packages"] == answer["packages"]
    assert tree(lib) == made and [path.name for path in tmp_path.iterdir() if path.name.startswith(".lib")] == []

    (lib / "six.py").write_text("broken", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("six\nzipp\n", encoding="utf-8")
    changed = az(*command).json
    assert [(row["target"], row["action"], row["before"], row["after"]) for row in changed["changes"]] == [
        ("vendored/colorama", "uninstall", "0.4.6", None),
        ("vendored/markupsafe", "uninstall", "2.1.5", None),
        ("vendored/six", "upgrade", "1.16.0", "1.17.0"),
        ("vendored/wfastcgi", "uninstall", "3.0.0", None),
    ]
    assert not (lib / "markupsafe").exists() and b"1.17.0" in (lib / "six.py").read_bytes()


def test_foreign_folder_and_failing_pip_change_nothing(az, azure, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    lib = tmp_path / "lib"
    (tmp_path / "requirements.txt").write_text("nosuchpackage\n", encoding="utf-8")
    command = ("webapp python package vendor --target", lib, "-r", tmp_path / "requirements.txt", *naming(site))
    lib.mkdir()
    (lib / "precious.py").write_text("mine", encoding="utf-8")
    with unchanged(azure, site):
        refused = az(*command, expect=2)
    assert "was not created by `package vendor`" in refused.stderr and tree(lib) == {"precious.py": b"mine"}, refused

    (lib / "precious.py").unlink()
    failed = az(*command, expect=1)
    assert "No matching distribution found for nosuchpackage" in failed.stderr, failed
    assert list(lib.iterdir()) == [] and not [path for path in tmp_path.iterdir() if path.name.startswith(".lib")]


def vendor_six(az, site, folder):
    """Install six 1.16.0 into the app's Python, and vendor 1.17.0; the answer."""
    web_root(site).joinpath("requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    az("webapp python install-requirements", *naming(site))
    (folder / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
    answer = az(
        "webapp python package vendor --target", folder / "lib", "-r", folder / "requirements.txt", *naming(site)
    ).json
    shutil.copytree(folder / "lib", web_root(site) / "lib")
    (web_root(site) / "app.py").write_text(SHOWS_SIX, encoding="utf-8")
    site.restart()
    return answer


def advised(answer):
    """The words of the command in an answer's only warning."""
    (warning,) = answer["warnings"]
    return shlex.split(re.search(r"`az (.*)`\.$", warning)[1].replace("\\", "\\\\"))


def test_vendored_copy_wins_under_http_platform(az, apps, tmp_path):
    site = apps.prepared("waitress_hello", handler="httpplatform")
    answer = vendor_six(az, site, tmp_path)
    assert apps.get(site).text.startswith("1.16.0 "), "without PYTHONPATH the runtime has its own"

    az("", *advised(answer))
    assert apps.get(site).text == f"1.17.0 {DEPLOYED}\\six.py"
    second = az(
        "webapp python package vendor --target", tmp_path / "lib", "-r", tmp_path / "requirements.txt", *naming(site)
    ).json
    assert (second["changed"], second["warnings"]) == (False, [])


def test_vendored_copy_needs_an_app_setting_under_fastcgi(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    answer = vendor_six(az, site, tmp_path)
    assert "wfastcgi appends it after site-packages" in answer["warnings"][0]
    assert apps.get(site).text.startswith("1.16.0 ")

    words = advised(answer)
    assert words[:5] == ["webapp", "config", "appsettings", "set", "-g"] and words[-1] == f"PYTHONPATH={DEPLOYED}"
    site.app_settings["PYTHONPATH"] = DEPLOYED
    site.restart()
    assert apps.get(site).text == f"1.17.0 {DEPLOYED}\\six.py"
    second = az(
        "webapp python package vendor --target", tmp_path / "lib", "-r", tmp_path / "requirements.txt", *naming(site)
    ).json
    assert (second["changed"], second["warnings"]) == (False, [])
