"""Every command block of README and of the how-to pages does what the page says, in order, on apps of its names."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.local_azure.windows import cpython_packages
from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import SAMPLES, Apps, web_root
from tests.scenario.az import Az
from tests.scenario.documents import SHELL, SHOWN, Command, blocks, commands, difference
from tests.scenario.test_set_version import BROKEN_ON_311, FAILS_ON_311
from tests.terminal import Terminal

pytestmark = pytest.mark.costly

PAGES = [REPOSITORY / "README.rst", *sorted((REPOSITORY / "docs" / "how-to").glob("*.md"))]
GROUP, APP = "my-group", "my-app"


def name_of(page: Path) -> str:
    """Return how a page is called in a test's id."""
    return page.stem.lower()


def what_is_run() -> Iterator[tuple[str, list[Command]]]:
    """Yield what one reader does, by the name of its preparation: a page, or a section of README."""
    for page in PAGES:
        run = [block for block in blocks(page) if block.language == SHELL and not block.not_run]
        parts: dict[str, list[Command]] = {}
        for block in run:
            name = block.section.lower().replace(" ", "-") if page.suffix == ".rst" else name_of(page)
            parts.setdefault(name, []).extend(commands(block))
        yield from parts.items()


@dataclass
class Reader:
    """Somebody at a terminal who follows a page.

    folder: where the shell is at first. environment: the variables that it has at first. means: what a name of the page
    (an address that nobody has) is for in this test. columns: the width of the terminal whose screen the page shows;
    None for a page that shows what a script would read.
    """

    azure: LocalAzure
    apps: Apps
    windows: Path
    folder: Path
    environment: dict[str, str]
    means: dict[str, str] = field(default_factory=dict)
    columns: int | None = None

    def app(self, sample: str, name: str = APP, slot: str | None = None, beside: Sequence[str] = ()) -> Site:
        """Make an app of a page's name that runs a sample under Python 3.8, and has other Pythons beside it."""
        site = self.apps.prepared(sample, slot=slot, name=name, resource_group=GROUP)
        site.use_32bit_worker = False
        for other in beside:
            self.apps.add_python(site, other)
        return site

    def put(self, name: str, text: str) -> None:
        """Put a file into the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def type(self, command: str) -> tuple[int, list[str]]:
        """Run a command as the shell of the page would, whose variables and folder stay; its exit code and output."""
        state = self.folder.parent / "shell"
        before = f". {shlex.quote(str(state))}\n" if state.exists() else ""
        after = f'{{ export -p; echo "cd $(printf %q "$PWD")"; }} >{shlex.quote(str(state))}'
        shell = ["bash", "-c", f"{before}{self._meant(command)}\ncode=$?\n{after}\nexit $code"]
        if self.columns:
            with Terminal(shell, self.environment, self.folder, self.columns) as terminal:
                code = terminal.end(300)
            return code, self._written(terminal.screen.text).rstrip().splitlines()
        done = subprocess.run(
            shell,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        return done.returncode, self._written(done.stdout).splitlines()

    def _meant(self, text: str) -> str:
        for name, value in self.means.items():
            text = text.replace(name, value)
        return text

    def _written(self, text: str) -> str:
        for name, value in self.means.items():
            text = text.replace(value, name)
        return text


@pytest.fixture
def reader(azure: LocalAzure, az: Az, apps: Apps, windows: Path, package_index: str, tmp_path: Path) -> Reader:
    """A reader who is signed in and has the extension, in an empty folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    programs = os.pathsep.join((str(az.executable.parent), az.environment["PATH"]))
    environment = {name: value for name, value in az.environment.items() if not name.startswith("PIP_")}
    index = {"PIP_INDEX_URL": package_index, "PIP_CONFIG_FILE": os.devnull}
    return Reader(azure, apps, windows, folder, environment | index | {"PATH": programs, "COLUMNS": "80"})


@contextmanager
def switch_version(reader: Reader) -> Iterator[None]:
    """An app and its slot with Python 3.8 in use and 3.11 beside it, and the archive of a deployment."""
    with zipfile.ZipFile(reader.folder / "app.zip", "w") as archive:
        archive.write(SAMPLES / "flask_hello" / "app.py", "app.py")
    reader.app("flask_hello", beside=["3.11.9"])
    reader.app("wsgi_hello", beside=["3.11.9"], slot="staging")
    yield


@contextmanager
def newer_python(reader: Reader) -> Iterator[None]:
    """An app with Python 3.8 in use."""
    reader.app("wsgi_hello")
    yield


@contextmanager
def pip_or_uv(reader: Reader) -> Iterator[None]:
    """An app with Python 3.8 in use, and one with a Python that it does not run yet."""
    reader.app("wsgi_hello")
    reader.apps.new(python="3.11.9", name="my-new-app", resource_group=GROUP).use_32bit_worker = False
    reader.put("requirements.txt", "six\n")
    yield


@contextmanager
def audit(reader: Reader) -> Iterator[None]:
    """An app whose pip is an old one, and a file of advisories that has one about it."""
    reader.app("wsgi_hello")
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "25.3"}]}]
    record = {
        "id": "GHSA-4xh5-x5gv-qwph",
        "modified": "2024-01-01T00:00:00Z",
        "aliases": ["CVE-2025-8869"],
        "summary": "Links in an archive may lead outside of its folder",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "pip"}, "ranges": ranges}],
        "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N"}],
    }
    with zipfile.ZipFile(reader.folder / "all.zip", "w") as archive:
        archive.writestr("GHSA-4xh5-x5gv-qwph.json", json.dumps(record))
    yield


@contextmanager
def offline_wheels(reader: Reader) -> Iterator[None]:
    """An app that lacks its packages, and a package file of CPython."""
    reader.app("flask_hello", name="my-test-app")
    reader.app("wsgi_hello")
    shutil.copy(SAMPLES / "flask_hello" / "requirements.txt", reader.folder)
    package = next(each for each in cpython_packages.PACKAGES if each.version == "3.11.9")
    shutil.copy(cpython_packages.path_of(reader.windows, package), reader.folder)
    yield


@contextmanager
def lock_files(reader: Reader) -> Iterator[None]:
    """An app with packages, and one without."""
    reader.app("flask_hello", name="my-test-app")
    reader.app("wsgi_hello")
    yield


@contextmanager
def private_index(reader: Reader) -> Iterator[None]:
    """An index that lets one user in."""
    site = reader.app("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    with PackageIndex(reader.windows / "index", "build:s3cret") as index:
        address = index.url.removeprefix("http://").removesuffix("/simple/")
        for user in ("build:s3cret", "****"):
            reader.means[f"https://{user}@packages.example.com"] = f"http://{user}@{address}"
        wheel = reader.windows / "index" / "six-1.17.0-py2.py3-none-any.whl"
        other = reader.app("wsgi_hello", name="my-other-app", beside=["3.11.9"])
        other.app_settings["INDEX_TOKEN"] = "s3cret"
        lines = f"--index-url http://build:${{INDEX_TOKEN}}@{address}/simple/\nsix\n"
        (web_root(other) / "requirements.txt").write_text(lines, encoding="utf-8")
        reader.put("hashed.txt", f"six==1.17.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
        yield


@contextmanager
def behind_a_proxy(reader: Reader) -> Iterator[None]:
    """A shell that knows of no proxy yet, and the file of the authority that the proxy signs with."""
    site = reader.app("wsgi_hello")
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    reader.means["http://proxy.example.com:8080"] = reader.environment["HTTPS_PROXY"]
    reader.means["https://packages.example.com/simple/"] = reader.environment["PIP_INDEX_URL"]
    shutil.copy(reader.azure.ca_file, reader.folder / "corporate-ca.pem")
    unknown = ("http_proxy", "https_proxy", "requests_ca_bundle", "ssl_cert_file", "curl_ca_bundle")
    reader.environment = {name: value for name, value in reader.environment.items() if name.lower() not in unknown}
    yield


@contextmanager
def when_it_fails(reader: Reader) -> Iterator[None]:
    """Apps that have the troubles of the page."""
    reader.app("flask_hello", beside=["3.11.9"])
    reader.put("wrong.txt", "nosuchpackage==9\n")
    down = ("my-down-app", "import yaml\n")
    for name, source in (down, ("my-broken-app", BROKEN_ON_311), ("my-old-app", FAILS_ON_311)):
        site = reader.app("wsgi_hello", name=name, beside=["3.11.9"])
        (web_root(site) / "app.py").write_text(source, encoding="utf-8")
    reader.app("wsgi_hello", name="my-stopped-app", beside=["3.11.9"]).stop()
    packaged = reader.app("wsgi_hello", name="my-packaged-app", beside=["3.11.9"])
    packaged.app_settings["WEBSITE_RUN_FROM_PACKAGE"] = "1"
    yield


@contextmanager
def roles_and_permissions(reader: Reader) -> Iterator[None]:
    """An app whose SCM site refuses everybody."""
    reader.app("wsgi_hello", name="my-locked-app").switches.bearer_refused = True
    yield


@contextmanager
def web_config(reader: Reader) -> Iterator[None]:
    """An app with a folder of static files."""
    site = reader.app("wsgi_hello")
    (web_root(site) / "static").mkdir()
    yield


@contextmanager
def roll_back(reader: Reader) -> Iterator[None]:
    """An app that nothing was done to yet, as far as its records tell, with another Python beside its own."""
    site = reader.app("flask_hello", beside=["3.11.9"])
    shutil.rmtree(site.machine.home / "data" / "pythonapp" / "history", ignore_errors=True)
    yield


@contextmanager
def many_apps(reader: Reader) -> Iterator[None]:
    """Four scripted apps with Python 3.8 in use and 3.11 beside it."""
    reader.put("requirements.txt", "six\n")
    with reader.azure.fleet(4, name=APP, resource_group=GROUP):
        yield


@contextmanager
def environments(reader: Reader) -> Iterator[None]:
    """An app whose packages are in its runtime, Python 3.11."""
    reader.apps.prepared("flask_hello", "3.11.9", name=APP, resource_group=GROUP).use_32bit_worker = False
    yield


@contextmanager
def publish(reader: Reader) -> Iterator[None]:
    """An app without files that has a Python, a folder with an app, and an empty one."""
    reader.apps.new(python="3.11.9", name=APP, resource_group=GROUP).use_32bit_worker = False
    folder_of(reader, "site")
    (reader.folder / "empty").mkdir()
    yield


def folder_of(reader: Reader, name: str, sample: str = "flask_hello") -> Path:
    """A folder of the reader's with a sample."""
    return shutil.copytree(SAMPLES / sample, reader.folder / name, ignore=shutil.ignore_patterns("__pycache__"))


@contextmanager
def release(reader: Reader) -> Iterator[None]:
    """An app and its slot that run the sample, the script, and folders with a good and a broken next version."""
    for slot in (None, "staging"):
        site = reader.apps.prepared("flask_hello", "3.11.9", slot=slot, name=APP, resource_group=GROUP)
        site.use_32bit_worker = False
        shutil.rmtree(site.machine.home / "data" / "pythonapp" / "history", ignore_errors=True)
    for name, words in (("site", "Good morning"), ("broken", "Hello")):
        source = folder_of(reader, name) / "app.py"
        source.write_text(source.read_text(encoding="utf-8").replace("Hello", words), encoding="utf-8")
    with source.open("a", encoding="utf-8") as broken:
        broken.write("raise RuntimeError('no database')\n")
    shutil.copy(REPOSITORY / "docs" / "how-to" / "release.sh", reader.folder)
    yield


@contextmanager
def pipelines(reader: Reader) -> Iterator[None]:
    """Three apps with Python 3.8 in use."""
    with reader.azure.fleet(3, name=APP, resource_group=GROUP):
        yield


@contextmanager
def infrastructure_as_code(reader: Reader) -> Iterator[None]:
    """Two apps with two Pythons."""
    with reader.azure.fleet(2, name=APP, resource_group=GROUP):
        yield


@contextmanager
def install(reader: Reader) -> Iterator[None]:
    """The wheel as `make` built it, and an az without the extension."""
    (reader.folder / "dist").mkdir()
    shutil.copy(reader.environment["PYTHONAPP_WHEEL"], reader.folder / "dist")
    reader.environment["AZURE_EXTENSION_DIR"] = str(reader.folder.parent / "extensions")
    yield


@contextmanager
def the_commands(reader: Reader) -> Iterator[None]:
    """An app that never ran Python, a requirement that its Python lacks, and a folder with its next version."""
    with (folder_of(reader, "site", "wsgi_hello") / "app.py").open("a", encoding="utf-8") as source:
        source.write("# the next version\n")
    site = reader.apps.new("wsgi_hello", python="3.8.10", name=APP, resource_group=GROUP)
    (web_root(site) / "requirements.txt").write_text("six\n", encoding="utf-8")
    yield


@contextmanager
def tour(reader: Reader) -> Iterator[None]:
    """An app without a Python, the files to deploy to it, and the requirements that are typed on the way."""
    reader.columns = 80
    reader.apps.new(name="demo").use_32bit_worker = False
    shutil.copytree(SAMPLES / "flask_hello", reader.folder / "flask_hello")
    reader.put("requirements.txt", "flask\nnumpy\n")
    reader.put("wrong.txt", "nosuchpackage==9\n")
    yield


@contextmanager
def other_servers(reader: Reader) -> Iterator[None]:
    """The other apps of the tour, which have their Python already."""
    reader.columns = 80
    reader.apps.new("waitress_hello", python="3.11.9", name="demo-waitress").use_32bit_worker = False
    reader.apps.new("flask_hello", python="3.11.9", name="demo", slot="staging").use_32bit_worker = False
    yield


PREPARED: dict[str, Callable[[Reader], AbstractContextManager[None]]] = {
    "switch-version": switch_version,
    "newer-python": newer_python,
    "audit": audit,
    "offline-wheels": offline_wheels,
    "lock-files": lock_files,
    "private-index": private_index,
    "pip-or-uv": pip_or_uv,
    "behind-a-proxy": behind_a_proxy,
    "when-it-fails": when_it_fails,
    "roles-and-permissions": roles_and_permissions,
    "web-config": web_config,
    "roll-back": roll_back,
    "many-apps": many_apps,
    "environments": environments,
    "publish": publish,
    "pipelines": pipelines,
    "infrastructure-as-code": infrastructure_as_code,
    "release-through-a-slot": release,
    "install": install,
    "the-commands": the_commands,
    "a-five-minute-tour": tour,
    "other-servers-and-slots": other_servers,
}
"""What there is when a reader begins with a page, or with a section of README."""


@pytest.mark.parametrize(("name", "typed"), [pytest.param(*part, id=part[0]) for part in what_is_run()])
def test_each_command_does_what_the_page_says(reader, name, typed):
    with PREPARED[name](reader):
        for command in typed:
            code, printed = reader.type(command.text)
            where = f"{name}, line {command.line}: $ {command.text}"
            wrong = difference(command.shown, printed)
            if code != command.exit_code:
                wrong = "\n".join([f"ended with exit code {code}, having printed", *printed])
            if wrong:
                pytest.fail(f"{where}\n{wrong}", pytrace=False)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page):
    """A block is a shell's and is run, or is a text of a named kind with no command in it."""
    for block in blocks(page):
        where = f"{page.name} line {block.line}"
        assert block.language in (SHELL, *SHOWN), f"{where}: a block of the language {block.language!r}"
        if block.language == SHELL:
            assert commands(block), f"{where}: no command"
        else:
            assert not [line for line in block.lines if line.lstrip().startswith(("$ ", "az "))], where
