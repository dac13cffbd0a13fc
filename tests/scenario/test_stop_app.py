"""`--stop-app`: what becomes of a running app that holds files which pip must replace, also when something fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.local_azure.site import Site
from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import Apps, naming, web_root
from tests.scenario.held_index import HeldIndex
from tests.scenario.unchanged import home_files

HOLDS_SIX = """\
import six

held = open(six.__file__)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [six.__version__.encode()]
"""


# CreateFileW with no sharing at all.
HOLD_EXCLUSIVELY = (
    "import ctypes, time; ctypes.windll.kernel32.CreateFileW('{path}', 0x80000000, 0, None, 3, 0, None); "
    "print('held', flush=True); time.sleep(9999)"
)


class WatchingIndex(PackageIndex):
    """A package index that notes the app's state at each question, and hides one file until the app is stopped."""

    def __init__(self, folder: Path, site: Site, hidden: str = "-"):
        super().__init__(folder)
        self.states: list[str] = []
        self.watch: Callable[[], object] = lambda: None
        self._site, self._hidden = site, hidden

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """The index's answer, without the hidden file as long as the app runs."""
        self.states.append(self._site.state)
        self.watch()
        status, kind, body = super().answer(path)
        if self._site.state == "Running" and kind == "text/html":
            body = b"\n".join(line for line in body.split(b"\n") if self._hidden.encode() not in line)
        return status, kind, body


def wheel(folder: Path, name: str, version: str, *more: str, requires: str = "") -> Path:
    """Write a wheel with one module; more: paths of further, empty files."""
    path, information = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        **dict.fromkeys(more, ""),
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as packed:
        for file, text in files.items():
            packed.writestr(file, text)
        packed.writestr(f"{information}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{information}/RECORD"]))
    return path


def holding_six(apps: Apps, windows: Path) -> Site:
    """An app that has six 1.16.0 and holds six.py open."""
    site = apps.prepared("wsgi_hello")
    shutil.unpack_archive(windows / "index/six-1.16.0-py2.py3-none-any.whl", packages(site), "zip")
    (web_root(site) / "app.py").write_text(HOLDS_SIX, encoding="utf-8")
    assert apps.get(site).text == "1.16.0"
    return site


def packages(site: Site) -> Path:
    """The app's site-packages."""
    return site.machine.home / "python3810x64/Lib/site-packages"


def powers(azure, site: Site) -> list[str]:
    """Which of stop, start and restart Azure was asked for the app, in order."""
    words = [
        request.path.partition("?")[0].rpartition("/")[2]
        for request in azure.mutating_requests()
        if f"/sites/{site.name}/" in request.path
    ]
    return [word for word in words if word in ("stop", "start", "restart")]


def package_files(site: Site) -> dict[str, str]:
    """A hash of each file in site-packages."""
    return {path: content for path, content in home_files(site).items() if "site-packages" in path}


def test_an_app_that_holds_a_file_is_stopped_meanwhile(az, apps, windows):
    site = holding_six(apps, windows)
    (web_root(site) / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")

    done = az("webapp python install-requirements", *naming(site))
    assert "stopping" in done.stderr
    assert done.json["upgraded"] == [{"name": "six", "before": "1.16.0", "after": "1.17.0"}], done
    assert site.state == "Running" and apps.get(site).text == "1.17.0"


def test_never_changes_nothing_and_always_starts_the_app_again(az, azure, apps, windows, tmp_path):
    site = holding_six(apps, windows)
    (tmp_path / "newer.txt").write_text("six==1.17.0\n", encoding="utf-8")
    (tmp_path / "absent.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    install = ("webapp python install-requirements", *naming(site), "-r")
    files, before = package_files(site), powers(azure, site)

    never = az(*install, tmp_path / "newer.txt", "--stop-app", "never", expect=1)
    (error,) = [line for line in never.stderr.splitlines() if line.startswith("ERROR:")]
    assert "most likely the app, holds a file that pip must replace: " in error and "six.py" in error, never
    assert f"app '{site.name}'" in error and "No package was changed" in error and "--stop-app auto" in never.stderr
    assert package_files(site) == files and powers(azure, site) == before
    assert apps.get(site).text == "1.16.0"

    with WatchingIndex(windows / "index", site) as index:
        absent = az(*install, tmp_path / "absent.txt", "--stop-app", "always", "--index-url", index.url, expect=1)
    assert "No matching distribution found for nosuchpackage==9" in absent.stderr and set(index.states) == {"Stopped"}
    assert powers(azure, site) == [*before, "stop", "start"] and apps.get(site).text == "1.16.0"

    with WatchingIndex(windows / "index", site) as index:
        always = az(*install, tmp_path / "newer.txt", "--stop-app", "always", "--index-url", index.url).json
    assert set(index.states) == {"Stopped"}
    assert [(change["target"], change["action"]) for change in always["changes"]] == [("packages/six", "upgrade")]
    assert powers(azure, site) == [*before, "stop", "start", "stop", "start"] and apps.get(site).text == "1.17.0"
    assert not [*(site.machine.home / "data/pythonapp/left").iterdir()]


def test_job_wait_starts_the_app_of_a_dead_client(az, azure, apps, windows, tmp_path):
    site = apps.prepared("wsgi_hello")
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    with HeldIndex(windows / "index") as index:
        running = az.start(
            "webapp python install-requirements --stop-app always --index-url",
            index.url,
            "-r",
            tmp_path / "requirements.txt",
            *naming(site),
        )
        while not index.asked.wait(0.2):
            assert running.poll() is None, running.communicate()
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        refused = az("webapp python package install --packages waitress", *naming(site), expect=1)
        (wait,) = re.findall("Wait for that job: `az (webapp python job wait .*)`", refused.stderr)
        late = az(wait, "--timeout", 1, expect=1)
        assert "is still running on the worker" in late.stderr and site.state == "Stopped", late
        index.release()
        waited = az(wait)
    assert "was stopped for job" in waited.stderr and waited.json["state"] == "succeeded", waited
    assert site.state == "Running" and "Hello from WSGI" in apps.get(site).text
    assert not [*(site.machine.home / "data/pythonapp/left").iterdir()]


def test_restore_after_two_failed_attempts(az, azure, apps, windows, tmp_path):
    """The first attempt upgrades `zfirst`, fails at the held six.py and cannot put zfirst back; the second one, with
    the app stopped, fails at `awry`, which pip sees only while it installs it."""
    site = holding_six(apps, windows)
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("1.16.0", "1.17.0"):
        shutil.copy(windows / f"index/six-{version}-py2.py3-none-any.whl", folder)
    shutil.unpack_archive(wheel(folder, "zfirst", "1.0"), packages(site), "zip")
    wheel(folder, "zfirst", "2.0")
    wheel(
        folder, "awry", "1.0", "../../outside.py", requires="Requires-Dist: zfirst==2.0\nRequires-Dist: six==1.17.0\n"
    )
    (tmp_path / "requirements.txt").write_text("awry\n", encoding="utf-8")
    listed = az("webapp python package list", *naming(site)).json
    before = powers(azure, site)

    with WatchingIndex(folder, site, "zfirst-1.0") as index:
        failed = az(
            "webapp python install-requirements --restore --index-url",
            index.url,
            "-r",
            tmp_path / "requirements.txt",
            *naming(site),
            expect=1,
        )
    assert "putting back what it had changed did not fully succeed" in failed.stderr, failed
    (error,) = [line for line in failed.stderr.splitlines() if line.startswith("ERROR:")]
    assert "what it had changed was put back (2 packages)" in error and "No package was changed" in error, failed
    assert az("webapp python package list", *naming(site)).json == listed
    assert powers(azure, site) == [*before, "stop", "start"] and apps.get(site).text == "1.16.0"


def test_pip_waits_for_the_stopped_apps_processes(az, azure, apps, windows, tmp_path):
    site = holding_six(apps, windows)
    site.switches.stop_seconds = 12
    (tmp_path / "newer.txt").write_text("six==1.17.0\n", encoding="utf-8")
    (holder,) = [process for process in site.machine.processes() if "wfastcgi" in process.command_line]
    with WatchingIndex(windows / "index", site) as index:
        asked_while_alive = []
        index.watch = lambda: asked_while_alive.append(holder.pid in [each.pid for each in site.machine.processes()])
        answer = az(
            "webapp python install-requirements --stop-app always -r",
            tmp_path / "newer.txt",
            "--index-url",
            index.url,
            *naming(site),
        ).json
    assert answer["upgraded"] == [{"name": "six", "before": "1.16.0", "after": "1.17.0"}]
    assert asked_while_alive and not any(asked_while_alive)
    assert apps.get(site).text == "1.17.0" and site.state == "Running"


def test_a_stop_is_not_tried_for_a_file_outside_of_the_runtime(az, azure, apps, windows, tmp_path):
    """pip cannot copy a wheel that another program, such as an antivirus, holds."""
    site = apps.prepared("wsgi_hello")
    held = wheel(site.machine.home / "site", "heldwheel", "1.0")
    (tmp_path / "requirements.txt").write_text(f"D:\\home\\site\\{held.name}\n", encoding="utf-8")
    holder = site.machine.spawn(
        'D:\\home\\python3810x64\\python.exe -c "' + HOLD_EXCLUSIVELY.format(path=f"D:/home/site/{held.name}") + '"'
    )
    assert next(holder.lines())[1].strip() == b"held"
    before = powers(azure, site)
    failed = az("webapp python install-requirements -r", tmp_path / "requirements.txt", *naming(site), expect=1)
    holder.kill()
    assert powers(azure, site) == before, failed
    assert "trying again in" in failed.stderr and held.name in failed.stderr, failed
    assert "--stop-app" not in failed.stderr.split("ERROR: Job")[-1], failed
