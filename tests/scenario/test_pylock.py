"""A lock is installed as it is: the same files on every app, nothing a second time, and nothing besides."""

from __future__ import annotations

import hashlib

from tests.scenario.apps import await_compiled, naming, web_root
from tests.scenario.unchanged import unchanged

SIX = "six-1.16.0-py2.py3-none-any.whl"
MARKUPSAFE = ("MarkupSafe-3.0.2-cp311-cp311-win_amd64.whl", "MarkupSafe-2.1.5-cp38-cp38-win_amd64.whl")
COLORAMA = "colorama-0.4.6-py2.py3-none-any.whl"
ITSDANGEROUS = "itsdangerous-2.2.0-py3-none-any.whl"
INSTALLED = {"six": "1.16.0", "markupsafe": "2.1.5", "colorama": "0.4.6"}


def locked(folder, base, path=None):
    """A lock of what the index has. base: where the files are. path: of colorama's wheel, in place of its address."""

    def wheel(name, place=None):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        return f'{{name = "{name}", {place or f"url = {base + name!r}"}, hashes = {{sha256 = "{digest}"}}}}'

    def package(name, version, wheels, more=""):
        return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}wheels = [{", ".join(wheels)}]\n'

    own = f'path = "{path}"' if path else None
    return "\n".join(
        [
            'lock-version = "1.0"\ncreated-by = "test"\nrequires-python = ">=3.8"',
            package("six", "1.16.0", [wheel(SIX)]),
            package("markupsafe", "3.0.2", [wheel(MARKUPSAFE[0])], "marker = \"python_version >= '3.9'\"\n"),
            package("markupsafe", "2.1.5", [wheel(MARKUPSAFE[1])], "marker = \"python_version < '3.9'\"\n"),
            package("itsdangerous", "2.2.0", [wheel(ITSDANGEROUS)], "marker = \"sys_platform == 'linux'\"\n"),
            package("colorama", "0.4.6", [wheel(COLORAMA, own)], "marker = \"os_name == 'nt'\"\n"),
        ]
    )


def files_of(site):
    """What the packages of the lock consist of, by path: the hashes of their files, and RECORD as it is."""
    await_compiled(site)
    root = site.machine.home / "python3810x64" / "Lib" / "site-packages"
    listed = [path for name in INSTALLED for path in root.glob(f"{name}*/**/*")] + [root / "six.py"]
    assert len(listed) > 20
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in listed
        if path.is_file() and path.suffix != ".pyc" and path.name != "direct_url.json"
    }


def test_one_lock_gives_two_apps_the_same_files(az, azure, apps, windows, package_index, tmp_path):
    base = package_index.replace("/simple/", "/files/")
    one, other = apps.prepared("wsgi_hello"), apps.prepared("wsgi_hello")
    lock = tmp_path / "pylock.web.toml"
    lock.write_text(locked(windows / "index", base, f"wheels/{COLORAMA}"), encoding="utf-8")
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / COLORAMA).write_bytes((windows / "index" / COLORAMA).read_bytes())
    command = ("webapp python install-requirements -r", lock, *naming(one))

    with unchanged(azure, one):
        planned = az(*command, "--dry-run").json
    assert {row["target"]: row["after"] for row in planned["changes"]} == {
        f"packages/{name}": version for name, version in INSTALLED.items()
    }
    done = az(*command)
    assert {row["name"].lower(): row["version"] for row in done.json["installed"]} == INSTALLED
    assert "Uploading 1 wheel (" in done.stderr and done.json["check"]["ok"], done
    with unchanged(azure, one):
        again = az(*command)
    assert again.json["changed"] is False and again.json["check"]["ok"], again

    # The other app has the lock among its own files, and no requirements.txt.
    (web_root(other) / "requirements.txt").unlink(missing_ok=True)
    (web_root(other) / "pylock.toml").write_text(locked(windows / "index", base), encoding="utf-8")
    own = az("webapp python install-requirements", *naming(other)).json
    assert {row["name"].lower(): row["version"] for row in own["installed"]} == INSTALLED
    assert files_of(one) == files_of(other)
    with unchanged(azure, other):
        assert az("webapp python install-requirements", *naming(other)).json["changed"] is False

    # What has drifted comes back, and what the lock does not name stays.
    az("webapp python package install --packages six==1.17.0 blinker", *naming(one))
    with unchanged(azure, one):
        drift = az(*command, "--dry-run").json
    assert [(row["target"], row["action"]) for row in drift["changes"]] == [("packages/six", "downgrade")]
    back = az(*command).json
    assert back["upgraded"] == [{"name": "six", "before": "1.17.0", "after": "1.16.0"}] and back["removed"] == []
    assert files_of(one) == files_of(other)
