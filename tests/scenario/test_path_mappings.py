"""Apps whose "/" is not site\\wwwroot: the folder of the path mapping is where everything is looked for."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged


def test_files_are_those_of_the_mapped_folder(az, azure, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    old, public = web_root(site), web_root(site) / "public"
    public.mkdir()
    for name in ("app.py", "web.config"):
        (old / name).rename(public / name)
    (old / "web.config").write_text("<configuration />", encoding="utf-8")
    (old / "requirements.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    (public / "requirements.txt").write_text("six\n", encoding="utf-8")
    site.virtual_applications = [("/", r"site\wwwroot\public"), ("/files", r"site\files")]
    site.restart()
    assert apps.get(site).status_code == 200

    with unchanged(azure, site):
        shown = az("webapp python show", *naming(site)).json
    assert shown["webConfig"]["path"] == r"D:\home\site\wwwroot\public\web.config"
    assert (shown["entryPoint"], shown["runtime"]["version"]) == ("app.application", "3.8.10")

    answer = az("webapp python set-version --version 3.11.9", *naming(site)).json
    changes = {change["target"]: change["action"] for change in answer["changes"]}
    assert changes["site/wwwroot/public/web.config"] == "update" and "packages/six" in changes
    assert answer["verification"]["importOk"] is True and answer["verification"]["httpStatus"] == 200
    assert "Python 3.11.9" in apps.get(site).text
    assert (old / "web.config").read_text(encoding="utf-8") == "<configuration />"

    config = az("webapp python web-config show", *naming(site)).json
    assert config["path"] == "site/wwwroot/public/web.config" and config["entryPoint"] == "app.application"
    used = az("webapp python uninstall --version 3.11.9 --yes", *naming(site), expect=1)
    assert "so it is not uninstalled" in used.stderr, used
