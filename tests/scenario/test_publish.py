"""`publish`: from a folder to a running app, again without a change, with one edit, and back when it does not work."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest

from tests.scenario.apps import SAMPLES, naming, web_root
from tests.scenario.unchanged import unchanged

PAGE = """\
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"{text}"]
"""


@pytest.fixture
def folder(tmp_path):
    """A copy of a sample app."""

    def copy(sample):
        path = tmp_path / "shop"
        shutil.copytree(SAMPLES / sample, path, ignore=shutil.ignore_patterns("__pycache__"))
        return path

    return copy


def published(az, site, folder, *more, **how):
    """`publish` of a folder to an app."""
    return az("webapp python publish --src", folder, *naming(site), *more, **how)


def test_a_folder_becomes_a_running_app(az, azure, apps, folder):
    site, shop = apps.new(python="3.8.10"), folder("flask_hello")
    command = (site, shop, "--version", "3.8")
    with unchanged(azure, site):
        dry = published(az, *command, "--dry-run")
    count = sum(path.is_file() for path in shop.rglob("*"))
    assert dry.json["dryRun"] is True and dry.json["upload"]["files"] == count
    assert f"{count} files" in dry.stderr and "app.py" in dry.stderr, dry

    done = published(az, *command)
    answer = done.json
    assert answer["changed"] is True and answer["url"] == f"https://{site.host}/"
    assert answer["upload"]["files"] == count and answer["upload"]["bytes"] > 0
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "app.app")
    assert answer["verification"]["httpStatus"] == 200 and "Hello from Flask" in apps.get(site).text
    assert done.stderr.rstrip().splitlines()[-1] == f"https://{site.host}/", done

    with unchanged(azure, site):
        again = published(az, *command)
    assert (again.json["changed"], again.json["changes"], again.json["changeId"]) == (False, [], None), again
    assert again.json["upload"] == {"files": 0, "bytes": 0, "unchanged": count, "deleted": 0}
    assert again.stderr.rstrip().splitlines()[-1] == f"https://{site.host}/", again


def test_one_edit_sends_one_file(az, azure, apps, folder):
    site, shop = apps.prepared("wsgi_hello"), folder("wsgi_hello")
    published(az, site, shop)
    (shop / "app.py").write_text(PAGE.format(text="a new page"), encoding="utf-8")
    number = len(azure.requests)
    done = published(az, site, shop)
    upload = done.json["upload"]
    assert (upload["files"], upload["bytes"]) == (1, (shop / "app.py").stat().st_size), done
    assert [each["target"] for each in done.json["changes"]] == ["site/wwwroot/app.py", "app"]
    assert apps.get(site).text == "a new page"
    sent = [one.path for one in azure.requests[number:] if one.method == "PUT" and "/api/zip/site" in one.path]
    assert len(sent) == 1, sent
    record = json.loads((site.machine.home / "data/pythonapp/history" / f"{done.json['changeId']}.json").read_text())
    with zipfile.ZipFile(site.machine.home / record["published"]["archive"]) as kept:
        assert kept.read("app.py") == (SAMPLES / "wsgi_hello" / "app.py").read_bytes()


@pytest.mark.parametrize(
    "broken, said",
    [
        ("import a_module_that_nobody_has\n" + PAGE, "a_module_that_nobody_has"),
        (PAGE.replace("    start", "    raise RuntimeError('not this one')\n    start"), "answered 500"),
    ],
)
def test_a_broken_version_is_undone(az, apps, folder, broken, said):
    site, shop = apps.prepared("wsgi_hello"), folder("wsgi_hello")
    before = apps.get(site).text
    files = {path: path.read_bytes() for path in web_root(site).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    (shop / "app.py").write_text(broken.replace("{text}", "broken"), encoding="utf-8")
    (shop / "more.py").write_text("more = 1\n", encoding="utf-8")
    failed = published(az, site, shop, expect=1)
    assert said in failed.stderr and "runs its previous files with Python 3.8.10 again (200)" in failed.stderr, failed
    assert apps.get(site).text == before
    after = {path: path.read_bytes() for path in web_root(site).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert after == files, "new files are gone, old ones are as they were"
    assert "These changes remain" not in failed.stderr, failed


def test_clean_deletes_what_was_published_only(az, apps, folder):
    site, shop = apps.prepared("wsgi_hello"), folder("wsgi_hello")
    (shop / "old.py").write_text("old = 1\n", encoding="utf-8")
    published(az, site, shop)
    (web_root(site) / "upload.txt").write_text("a user's", encoding="utf-8")
    (shop / "old.py").unlink()
    assert published(az, site, shop).json["changed"] is False
    done = published(az, site, shop, "--clean").json
    assert done["upload"]["deleted"] == 1 and done["upload"]["files"] == 0
    assert not (web_root(site) / "old.py").exists() and (web_root(site) / "upload.txt").exists()
    assert (web_root(site) / "web.config").exists() and apps.get(site).status_code == 200


def test_two_thousand_files_twice(az, azure, apps, folder):
    site, shop = apps.prepared("wsgi_hello"), folder("wsgi_hello")
    for number in range(2000):
        path = shop / f"data/{number % 20}/{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * 20, encoding="ascii")
    first = published(az, site, shop).json
    assert first["upload"]["files"] == 2000
    with unchanged(azure, site):
        second = published(az, site, shop).json
    assert second["changed"] is False and second["upload"]["bytes"] == 0
    assert second["upload"]["unchanged"] == 2000 + first["upload"]["unchanged"]
    (shop / "data/7/7.txt").write_text("edited\n", encoding="ascii")
    third = published(az, site, shop).json
    assert (third["upload"]["files"], third["upload"]["bytes"]) == (1, 7)
    assert (web_root(site) / "data/7/7.txt").read_text() == "edited\n"


def test_an_app_that_runs_from_a_package_is_refused(az, azure, apps, folder):
    shop = folder("flask_hello")
    for value in ("1", "https://example.com/app.zip"):
        site = apps.prepared("wsgi_hello")
        site.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = value
        with unchanged(azure, site):
            refused = published(az, site, shop, "--no-requirements", expect=1)
        assert "runs from a package (app setting WEBSITE_RUN_FROM_PACKAGE)" in refused.stderr, refused
        assert "appsettings delete" in refused.stderr, refused


def test_a_held_file_is_named_with_the_way_out(az, apps, folder):
    site, shop = apps.prepared("wsgi_hello"), folder("wsgi_hello")
    (web_root(site) / "fast.pyd").write_bytes(b"old")
    (shop / "fast.pyd").write_bytes(b"new")
    (shop / "app.py").write_text(PAGE.format(text="new"), encoding="utf-8")
    site.switches.held_file = "fast.pyd"
    before = apps.get(site).text
    failed = published(az, site, shop, expect=1)
    assert "fast.pyd" in failed.stderr and "az webapp stop" in failed.stderr, failed
    assert apps.get(site).text == before and (web_root(site) / "fast.pyd").read_bytes() == b"old"


def test_the_folders_own_web_config_and_version_count(az, azure, apps, folder):
    site, shop = apps.new(python="3.8.10"), folder("wsgi_hello")
    errors = '<system.webServer>\n    <httpErrors errorMode="Detailed" />\n  </system.webServer>'
    own = f"<configuration>\n  {errors}\n</configuration>\n"
    (shop / "web.config").write_text(own, encoding="utf-8")
    (shop / ".python-version").write_text("3.8\n", encoding="utf-8")
    done = published(az, site, shop)
    config = (web_root(site) / "web.config").read_text(encoding="utf-8")
    assert "Python 3.8, as .python-version says" in done.stderr, done
    assert 'errorMode="Detailed"' in config and "python3810x64" in config and apps.get(site).status_code == 200
    az("webapp python web-config set --env COLOUR=blue", *naming(site))
    with unchanged(azure, site):
        assert published(az, site, shop).json["changed"] is False, "the app's own change stays"
    (shop / "web.config").write_text(own.replace("Detailed", "Custom"), encoding="utf-8")
    changed = published(az, site, shop)
    assert [each["target"] for each in changed.json["changes"]] == ["site/wwwroot/web.config", "app"], changed
    config = (web_root(site) / "web.config").read_text(encoding="utf-8")
    assert 'errorMode="Custom"' in config and "COLOUR" in config and apps.get(site).status_code == 200
    assert changed.json["upload"]["files"] == 1 and changed.json["upload"]["unchanged"] > 0
