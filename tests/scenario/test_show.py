"""`show`: what an app runs now, and what looks wrong."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

KEYS = {"app", "home", "runtime", "environment", "handler", "entryPoint", "webConfig", "warnings"}


def test_an_app_that_runs_python(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    with unchanged(azure, site):
        shown = az("webapp python show", *naming(site)).json
    assert set(shown) == KEYS
    assert shown["app"] == {"name": site.name, "resourceGroup": "rg", "slot": None}
    assert shown["home"] == r"D:\home"
    assert shown["runtime"]["version"] == "3.8.10" and shown["runtime"]["inUse"] is True
    assert (shown["handler"], shown["entryPoint"]) == ("fastCgi", "app.application")
    assert shown["webConfig"]["path"] == r"D:\home\site\wwwroot\web.config" and shown["webConfig"]["etag"]
    assert shown["warnings"] == []

    config = web_root(site) / "web.config"
    config.write_bytes(config.read_bytes().replace(b"python3810x64", b"python399x64"))
    site.stop()
    changed = az("webapp python show", *naming(site)).json
    assert changed["runtime"] is None and changed["webConfig"]["etag"] != shown["webConfig"]["etag"]
    assert any(r"D:\home\python399x64\python.exe" in warning for warning in changed["warnings"])
    assert f"The app '{site.name}' is stopped. Start it: `az webapp start -g rg -n {site.name}`." in changed["warnings"]


def test_an_app_without_web_config_and_one_that_cannot_be_read(az, apps):
    site = apps.new()
    bare = az("webapp python show", *naming(site)).json
    assert (bare["runtime"], bare["handler"], bare["entryPoint"], bare["webConfig"]["etag"]) == (None, None, None, None)
    assert any(f"az webapp python set-version -g rg -n {site.name}" in warning for warning in bare["warnings"])

    (web_root(site) / "web.config").write_text("<configuration><broken", encoding="utf-8")
    broken = az("webapp python show", *naming(site)).json
    assert broken["handler"] is None and broken["webConfig"]["etag"]
    assert any("web.config" in warning for warning in broken["warnings"]), broken
