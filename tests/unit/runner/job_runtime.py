"""A Python with real pip and a site for its jobs: what the tests of the runner work with."""

from __future__ import annotations

import base64
import http.server
import io
import subprocess
import threading
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import JobSpec
from azext_pythonapp.jobs.store import request_cancel
from azext_pythonapp.packages import record
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from tests.unit.folder_site import FolderSite


def wheel(name, version, requires=(), more=None):
    """A wheel of a package with one module: (file name, content). more: text of further files by path."""
    stem = f"{name}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py2-none-any\nTag: py3-none-any\n",
        **(more or {}),
    }
    files[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{stem}.dist-info/RECORD"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, text)
    return f"{stem}-py2.py3-none-any.whl", archive.getvalue()


WHEELS = dict(
    [
        wheel("left", "1.0"),
        wheel("left", "2.0"),
        wheel("right", "1.5", ["left>=1"]),
        wheel("broken", "1.0", ["absent"]),
        # pip sees only while it installs that a file would get outside of site-packages.
        wheel("spoiled", "1.0", ["left==2.0", "middle"], {"../../outside.py": ""}),
        wheel("middle", "1.0"),
        *(
            wheel("boxed", version, (), {f"boxed/{name}.py": version for name in ("first", "held")})
            for version in ("1.0", "2.0")
        ),
    ]
)
PACKAGES = ("left", "right", "broken", "middle", "spoiled", "boxed")


class Index(http.server.ThreadingHTTPServer):
    """A package index on loopback that wants a user and takes its time for each page, or until it is released."""

    daemon_threads = True

    def __init__(self, seconds=60.0):
        super().__init__(("127.0.0.1", 0), _Page)
        self.seconds = seconds
        self.entered = threading.Event()
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://reader:s3cr%2Ft@127.0.0.1:{self.server_address[1]}/simple"


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"reader:s3cr/t").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.entered.set()
        body = WHEELS.get(self.path.rsplit("/", 1)[-1])
        if body is None:
            self.server.released.wait(self.server.seconds)
            package = self.path.rstrip("/").rsplit("/", 1)[-1]
            body = "".join(
                f'<a href="/files/{name}">{name}</a>' for name in WHEELS if name.startswith(package + "-")
            ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if body[:2] != b"PK" else "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except BrokenPipeError:  # the test has killed the reader
            self.close_connection = True

    def log_message(self, format, *args):
        pass


class QuickSite(FolderSite):
    """A site on which the runner's heart beats six times as fast, and which waits less for files that are held."""

    quick = [
        ("state", "HEARTBEAT_SECONDS = 2\n", "HEARTBEAT_SECONDS = 0.3\n"),
        ("job", "PAUSES = (2, 5, 10)\n", "PAUSES = (0.1, 0.1, 0.1)\n"),
    ]

    def start(self, command, directory=""):
        for name, slow, quick in self.quick:
            module = self.home / directory.replace("\\", "/") / f"runner/{name}.py"
            source = module.read_text()
            assert slow in source or quick in source, "a job's folder is used again when its packages are compiled"
            module.write_text(source if quick in source else source.replace(slow, quick))
        return super().start(command, directory)


def nap(seconds):
    """Sleep a tenth of what is asked for: a client that polls more often."""
    time.sleep(seconds / 10)


class Runtime:
    """A Python with site-packages of its own, and the site that it is on."""

    def __init__(self, folder, python):
        self.site = QuickSite(folder)
        self.python = python
        self.packages = Path(
            subprocess.run(
                [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout.strip()
        )
        self.lines = []
        self.job_id = None

    @property
    def job(self):
        return self.site.home / "data/pythonapp/jobs" / self.job_id

    def launch(self, requirements, **spec):
        options = PipOptions(no_index=True, wheel_dir=JobFile("wheels"))
        spec = {"pip": install(JobFile("requirements.txt"), options), **spec}
        files = {"requirements.txt": requirements.encode(), **{f"wheels/{name}": body for name, body in WHEELS.items()}}
        launched = launch(
            self.site,
            JobSpec(**{"command": "install-requirements", "python": self.python, "runtime": "python311x64", **spec}),
            files,
        )
        self.job_id = launched.job_id
        return launched

    def install(self, requirements, **spec):
        return self.follow(self.launch(requirements, **spec))

    def follow(self, launched, **options):
        return follow(self.site, launched, self.lines.append, timeout=120, sleep=nap, **options)

    def follow_in_haste(self, launched):
        """Follow with clocks, the site's and the client's, that go six times as fast from now on."""
        begun, told = datetime.now(timezone.utc), self.site.clock
        self.site.clock = lambda: begun + 6 * (told() - begun)
        return self.follow(launched, clock=lambda: time.monotonic() * 6)

    def cancel(self):
        request_cancel(self.site, self.job_id)

    def record(self):
        path = self.site.home / record.path_for("python311x64")
        return record.parse(path.read_bytes()) if path.exists() else None

    def from_index(self, index, **options):
        return install(JobFile("requirements.txt"), PipOptions(index_url=index.url, **options))
