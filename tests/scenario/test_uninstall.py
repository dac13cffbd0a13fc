"""`uninstall`: the site extension and the folder that it would leave behind, and nothing that somebody still needs."""

from __future__ import annotations

from tests.local_azure.windows import gallery
from tests.scenario.apps import naming, record_of, undo_line, web_root
from tests.scenario.terminal import answered
from tests.scenario.unchanged import unchanged

X64, X86 = "azureappservice-python364x64", "azureappservice-python364x86"
UNINSTALL = "webapp python uninstall"


def targets(answer) -> list[tuple[str, str]]:
    """What changed, or would, and how."""
    return [(change["target"], change["action"]) for change in answer["changes"]]


def extensions(site) -> set[str]:
    """The ids of what is installed."""
    return {one.text("id") for one in site.extensions.installed()}


def register(site, package_id: str) -> None:
    """Install the package of a Python 2, of which the local Azure has no build: all but its Python."""
    package = gallery.find(package_id)
    folder = site.machine.home / "SiteExtensions" / package_id
    folder.mkdir(parents=True)
    (folder / f"{package_id}.{package.version}.nupkg").write_bytes(gallery.nupkg(package))


def test_extension_and_folder_are_removed_once(az, azure, apps):
    site = apps.new()
    for package in (X64, X86):
        gallery.lay_down(site.machine, gallery.find(package))
    home = site.machine.home
    by_id = (UNINSTALL, "--extension-id", "python364x64", *naming(site))

    with unchanged(azure, site):
        ambiguous = az(UNINSTALL, "--version", "3.6", "--yes", *naming(site), expect=1)
        unasked = az(*by_id, expect=1)
        dry = az(*by_id, "--dry-run").json
    assert X64 in ambiguous.stderr and X86 in ambiguous.stderr and "--extension-id" in ambiguous.stderr, ambiguous
    assert "--yes" in unasked.stderr and "the folder python364x64" in unasked.stderr and unasked.stdout == "", unasked
    planned = [(f"siteextensions/{X64}", "uninstall"), ("python364x64", "uninstall")]
    assert dry["dryRun"] is True and dry["changed"] is True and targets(dry) == planned

    done = az(*by_id, "--yes")
    assert done.json["changed"] is True and targets(done.json) == planned
    assert f"the site extension is called {X64} now" in done.stderr, done
    record = record_of(site, done.json["changeId"])
    assert [(each["action"], each["version"], each["packageVersion"]) for each in record["runtimes"]] == [
        ("uninstall", "3.6.4", "3.6.4.4")
    ]
    (packages,) = record["packages"]
    assert (packages["folder"], packages["after"]) == ("python364x64", {}) and "pip" in packages["before"]
    assert done.stderr.rstrip().splitlines()[-1] == undo_line(site, done.json["changeId"]), done
    assert extensions(site) == {X86}
    assert not (home / "python364x64").exists() and (home / "python364x86/python.exe").is_file()

    with unchanged(azure, site):
        again = az(*by_id, "--yes")
        assert az(*by_id, "--dry-run").json["changes"] == []
    assert (again.json["changed"], again.json["changes"]) == (False, []) and "nothing to do" in again.stderr


def test_kept_folder_can_be_uninstalled_later(az, azure, apps):
    site = apps.new()
    gallery.lay_down(site.machine, gallery.find(X64))
    keep = (f"{UNINSTALL} --version 3.6.4 --keep-files --yes", *naming(site))
    kept = az(*keep).json
    assert targets(kept) == [(f"siteextensions/{X64}", "uninstall")]
    assert record_of(site, kept["changeId"])["packages"] == [], "they stay"
    assert extensions(site) == set() and (site.machine.home / "python364x64/python.exe").is_file()
    with unchanged(azure, site):
        assert az(*keep).json["changed"] is False
    later = az(UNINSTALL, "--extension-id", X64, "--yes", *naming(site)).json
    assert targets(later) == [("python364x64", "uninstall")]
    assert not (site.machine.home / "python364x64").exists()


def test_path_below_the_folder_keeps_it(az, azure, apps):
    site = apps.new()
    gallery.lay_down(site.machine, gallery.find(X64))
    command = (UNINSTALL, "--version", "3.6", "--yes", *naming(site))
    config = web_root(site) / "admin" / "web.config"
    config.parent.mkdir()
    config.write_text(
        '<configuration>\n<location path="x"><system.webServer><httpPlatform '
        'processPath="%HOME%/python364x64/Scripts/waitress-serve.exe" /></system.webServer></location>\n'
        "</configuration>",
        encoding="utf-8",
    )
    site.app_settings["TOOLS"] = r"D:\home\python364x64\Scripts;hidden-value"
    with unchanged(azure, site):
        refused = az(*command, expect=1)
    assert "site/wwwroot/admin/web.config line 2 (processPath of <httpPlatform>)" in refused.stderr, refused
    assert "the app setting TOOLS" in refused.stderr and "hidden-value" not in refused.stderr
    config.unlink()
    del site.app_settings["TOOLS"]
    assert az(*command).json["changed"] is True


def test_the_python_that_the_app_runs_is_kept_unless_forced(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    command = (UNINSTALL, "--version", "3.8", "--yes", *naming(site))
    with unchanged(azure, site):
        refused = az(*command, expect=1)
    assert r"starts D:\home\python3810x64\python.exe" in refused.stderr and "--force" in refused.stderr, refused
    assert f"az webapp python list-versions -g rg -n {site.name}" in refused.stderr, refused
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text

    config = web_root(site) / "web.config"
    readable = config.read_bytes()
    config.write_bytes(b"<configuration><broken")
    with unchanged(azure, site):
        unread = az(*command, expect=1)
    assert "web.config" in unread.stderr, unread
    config.write_bytes(readable)

    forced = az(*command, "--force").json
    assert targets(forced) == [("siteextensions/Contoso-python3810x64", "uninstall"), ("python3810x64", "uninstall")]
    assert not (site.machine.home / "python3810x64").exists() and config.read_bytes() == readable


def test_shared_folder_stays_until_the_last_extension(az, azure, apps):
    site = apps.new()
    for package in ("azureappservice-python2714x64", "azureappservice-python2714x86"):
        register(site, package)
    folder = site.machine.home / "Python27"
    folder.mkdir()
    (folder / "python.exe").write_bytes(b"MZ")

    first = az(UNINSTALL, "--extension-id", "python2714x64", "--yes", *naming(site)).json
    assert targets(first) == [("siteextensions/azureappservice-python2714x64", "uninstall")]
    assert folder.is_dir() and extensions(site) == {"azureappservice-python2714x86"}

    last = (UNINSTALL, "--version", "2.7.14", *naming(site))
    with unchanged(azure, site):
        code, screen = answered(az, *last, answer="n")
    assert code == 1 and "Nothing was changed" in screen, screen
    assert f"from app '{site.name}'" in screen and "the folder Python27" in screen
    code, screen = answered(az, *last, answer="y")
    assert code == 0, screen
    assert not folder.exists() and extensions(site) == set()
