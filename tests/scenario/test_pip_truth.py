"""What `install-requirements` says about pip is true: of files as people have them, and of pip's own reasons."""

from __future__ import annotations

import codecs
import io
import shutil
import tarfile

import pytest

from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

COMMAND = "webapp python install-requirements"
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "shop"
version = "1.0"
"""
BACKEND = """\
import zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "shop-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.write("src/shop.py", "shop.py")
        archive.writestr("shop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: shop\\nVersion: 1.0\\n"
                         "Requires-Dist: six; extra == 'web'\\nProvides-Extra: web\\n")
        archive.writestr("shop-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("shop-1.0.dist-info/RECORD", "shop.py,,\\n")
    return name


build_editable = build_wheel
"""
APP = """\
import shop


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [shop.SAYS.encode()]
"""


@pytest.fixture
def put(tmp_path):
    """Write a file of this machine below the test's folder; returns its path."""

    def put(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return put


def names(rows):
    return {row["name"].lower() for row in rows}


def errors(result):
    """The error that az shows, in one text."""
    return " ".join(line for line in result.stderr.splitlines() if not line.startswith("  | "))


def test_new_code_of_a_local_package_is_installed(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    root = web_root(site)
    (root / "src").mkdir()
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND)
    (root / "requirements.txt").write_text(".[web]\n")
    (root / "app.py").write_text(APP)
    for says, rows in (("one", "installed"), ("two", "reinstalled")):
        (root / "src" / "shop.py").write_text(f"SAYS = {says!r}\n")
        with unchanged(azure, site):
            assert az(COMMAND, "--dry-run", *naming(site)).json["changed"] is True
        restarts = site.restarts
        answer = az(COMMAND, *naming(site)).json
        assert answer["changed"] is True and "shop" in names(answer[rows]), answer
        assert {"target": "app", "action": "restart", "before": None, "after": None} in answer["changes"]
        assert site.restarts == restarts + 1 and apps.get(site).text == says
    assert {"target": "packages/shop", "action": "reinstall", "before": "1.0", "after": "1.0"} in answer["changes"]


def test_an_include_outside_wwwroot_is_watched(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    shared = site.machine.home / "site" / "shared"
    shared.mkdir()
    (web_root(site) / "requirements.txt").write_bytes(b"# caf\xe9, in the ANSI code page\n-r ../shared/common.txt\n")
    (shared / "common.txt").write_text("itsdangerous==2.0.1\n")
    assert names(az(COMMAND, *naming(site)).json["installed"]) == {"itsdangerous"}
    with unchanged(azure, site):
        assert az(COMMAND, *naming(site)).json["changed"] is False
    (shared / "common.txt").write_text("itsdangerous==2.2.0\n")
    assert [row["after"] for row in az(COMMAND, *naming(site)).json["upgraded"]] == ["2.2.0"]


def test_local_includes_go_up_wherever_they_are(az, azure, apps, put):
    site = apps.prepared("wsgi_hello")
    put("requirements.txt", '-r "requirements/a:b.txt"\nitsdangerous==2.2.0\n')
    put("requirements/a:b.txt", b"# caf\xe9\nsix==1.16.0\n")
    main = put(
        "requirements/con.txt", codecs.BOM_UTF16_LE + "-r ../requirements.txt\r\n-c ../ünd.txt\r\n".encode("utf-16-le")
    )
    put("ünd.txt", "six<1.17\n-c requirements/limits.txt\n")
    put("requirements/limits.txt", "itsdangerous<3\n")
    done = az(COMMAND, "-r", main, *naming(site))
    assert names(done.json["installed"]) == {"itsdangerous", "six"}, done
    with unchanged(azure, site):
        assert az(COMMAND, "-r", main, *naming(site)).json["changed"] is False


def test_what_an_installed_package_lacks_is_seen_in_a_dry_run(az, azure, apps, windows):
    site = apps.prepared("wsgi_hello")
    shutil.unpack_archive(
        windows / "index" / "flask-3.0.3-py3-none-any.whl", site.machine.home / "python3810x64/Lib/site-packages", "zip"
    )
    (web_root(site) / "requirements.txt").write_text("flask>=3\n")
    with unchanged(azure, site):
        dry = az(COMMAND, "--dry-run", *naming(site)).json
    assert dry["changed"] is True and "packages/werkzeug" in {change["target"] for change in dry["changes"]}
    assert "packages/flask" not in {change["target"] for change in dry["changes"]}
    with unchanged(azure, site):
        dry = az("webapp python package install --dry-run --packages flask", *naming(site)).json
    assert dry["changed"] is True
    assert "werkzeug" in names(az(COMMAND, *naming(site)).json["installed"])
    with unchanged(azure, site):
        assert az(COMMAND, "--dry-run", *naming(site)).json["changed"] is False
        ignored = az("webapp python package install --packages", "pywin32; sys_platform == 'linux'", *naming(site))
    assert ignored.json["changed"] is False
    assert "Ignoring pywin32; sys_platform == 'linux'" in ignored.stderr and "3.8.10" in ignored.stderr


def use_pip(site, windows, release):
    """Put another release of pip into the app's Python."""
    site_packages = site.machine.home / "python3810x64/Lib/site-packages"
    for folder in [site_packages / "pip", *site_packages.glob("pip-*.dist-info")]:
        shutil.rmtree(folder)
    (wheel,) = (windows / "index").glob(f"pip-{release}-*.whl")
    shutil.unpack_archive(wheel, site_packages, "zip")


def test_lines_that_only_pip_knows_are_left_to_it(az, azure, apps, windows, put):
    """`>=2.1.*` is no valid specifier; pip accepted it until 24.0."""
    site = apps.prepared("wsgi_hello")
    use_pip(site, windows, "24.0")
    path = put("r.txt", "itsdangerous>=2.1.*\nsix -C x=y\n")
    with unchanged(azure, site):
        dry = az(COMMAND, "--dry-run", "-r", path, *naming(site)).json
    assert {"target": "packages/itsdangerous", "action": "install", "before": None, "after": "unknown"} in dry[
        "changes"
    ]
    assert names(az(COMMAND, "-r", path, *naming(site)).json["installed"]) == {"itsdangerous", "six"}
    with unchanged(azure, site):
        assert az(COMMAND, "-r", path, *naming(site)).json["changed"] is False
    failed = az(COMMAND, "-r", put("o.txt", "--use-wheel\nsix\n"), *naming(site), expect=1)
    assert "--use-wheel (no such option: --use-wheel)" in errors(failed), failed


@pytest.mark.parametrize(
    "content, shown",
    [
        (b"six\r\nx @ file:///C:/b/abs/croot/x/work\r\n", ["r.txt:2: ", "another machine"]),
        (b"itsdangerous=2.2.0=pyhd3eb1b0_0\n", ["r.txt:1: ", "conda"]),
        (b"flask==3.0.3\r\n" + "waitress\r\n".encode("utf-16-le"), ["r.txt:2: ", "encoding"]),
        (b"-e .\n", ["r.txt:1: ", "not uploaded", "--wheel-dir"]),
    ],
)
def test_what_no_pip_could_install_is_refused_before_it_starts(az, azure, apps, put, content, shown):
    site = apps.prepared("wsgi_hello")
    with unchanged(azure, site):
        refused = az(COMMAND, "-r", put("r.txt", content), *naming(site), expect=2)
    assert all(part in refused.stderr for part in shown) and "\0" not in refused.stderr, refused


def sdist(folder, name, version, setup):
    """A source package without a wheel."""
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for path, text in (
            ("setup.py", setup),
            ("PKG-INFO", f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n"),
        ):
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))


def test_pips_own_reason_reaches_the_error(az, apps, put, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    (tmp_path / "index").mkdir()
    for wheel in (
        "click-8.1.8-py3-none-any.whl",
        "colorama-0.4.6-py2.py3-none-any.whl",
        "flask-3.0.3-py3-none-any.whl",
        "Werkzeug-2.0.3-py3-none-any.whl",
        "setuptools-75.3.2-py3-none-any.whl",
        "wheel-0.45.1-py3-none-any.whl",
    ):
        shutil.copy(windows / "index" / wheel, tmp_path / "index")
    sdist(
        tmp_path / "index", "uvloop", "0.17.0", "raise RuntimeError('uvloop does not support Windows at the moment')\n"
    )
    good = "63c132bbbed01578a06712a2d1f497bb62d9c1c0d329b7903a866228027263b2"
    cases = (
        ("click==8.1.8 --hash=sha256:" + "0" * 64, ["click==8.1.8", "expected sha256 000", f"got {good}"]),
        (f"click==8.1.8 --hash=sha256:{good}", ["colorama", "uv pip compile --universal"]),
        ("pkg-resources==0.0.0", ["Delete the line of pkg-resources", "Debian"]),
        ("uvloop==0.17.0", ["uvloop does not work on Windows", 'uvloop==0.17.0; sys_platform != "win32"']),
        ("flask==3.0.3\nwerkzeug==2.0.3", ["flask 3.0.3 needs Werkzeug>=3.0.0, you ask for werkzeug==2.0.3."]),
    )
    with PackageIndex(tmp_path / "index") as index:
        for content, shown in cases:
            failed = az(COMMAND, "-r", put("r.txt", content + "\n"), "--index-url", index.url, *naming(site), expect=1)
            assert [part for part in shown if part not in errors(failed)] == [], failed
            assert errors(failed).count("pip failed on app") == 1, failed
            assert "for help visit" not in errors(failed) and "No package was changed" in errors(failed)
