"""Wine itself: where it is, the environment it is started with, and the prefix (Windows folder) each worker gets.

A fresh prefix costs 12 s and 700 MB.  So one is made once, its DLLs are replaced by links to the installed Wine,
and the 3 MB archive of that is unpacked for each worker in half a second (docs/platform/worker.md 2).
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.local_azure.windows import wineshim

DLL_OVERRIDES = "mscoree=;mshtml=;winemenubuilder.exe=;wbemprox=;ucrtbase=n,b;bcryptprimitives=n,b"
"""`wbemprox=` keeps platform.platform() of 3.12+ alive, the last two are the shims (docs/platform/worker.md 1)."""

TEMPLATE = "prefix.tgz"
UNFINISHED = "unfinished"
"""Folder of the cache where provision makes things; what an interrupted run left there goes with the next."""

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/lib/wine"


class WineMissing(RuntimeError):
    """Wine, or the part of it that is asked for, is not installed here."""


def wine_version() -> str:
    """The version line of the installed Wine, e.g. "wine-8.0 (Debian 8.0~repack-4)".  Raises WineMissing."""
    if shutil.which("wine", path=PATH) is None:
        raise WineMissing("Wine is not installed: run tests/local_azure/install_wine.sh")
    answer = subprocess.run(
        ["wine", "--version"],
        env={"PATH": PATH, "WINEDEBUG": "-all"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def wineserver() -> str:
    """Path of the wineserver program, which some versions of Debian keep off PATH.  Raises WineMissing."""
    found = shutil.which("wineserver", path=PATH) or shutil.which("wineserver64", path=PATH)
    if found is None:
        raise WineMissing("wineserver is not installed: run tests/local_azure/install_wine.sh")
    return found


def library_folder() -> Path:
    """Folder of Wine's own 64-bit PE files (kernel32.dll ...).  Raises WineMissing."""
    roots = [Path("/usr/lib"), Path("/opt")]
    patterns = ["*/wine/x86_64-windows", "wine/x86_64-windows", "wine*/lib*/wine/x86_64-windows"]
    for root in roots:
        for pattern in patterns:
            for folder in sorted(root.glob(pattern)):
                if (folder / "kernel32.dll").exists():
                    return folder
    raise WineMissing("Wine's 64-bit libraries are not installed: run tests/local_azure/install_wine.sh")


def environment(folder: Path) -> dict[str, str]:
    """The whole environment for a Wine program whose prefix is `folder`/prefix; nothing of the caller's leaks in.

    HOME is `folder`, so that Wine makes no links into the caller's home (docs/platform/worker.md 0.8).
    """
    return {
        "HOME": str(folder),
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "WINEPREFIX": str(folder / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": DLL_OVERRIDES,
        "XDG_RUNTIME_DIR": tempfile.gettempdir(),
    }


def build_template(cache: Path) -> bool:
    """Make `cache`/prefix.tgz for the installed Wine, in 20 seconds; False when it is there already."""
    archive, stamp = cache / TEMPLATE, cache / (TEMPLATE + ".version")
    version = f"{wine_version()} {DLL_OVERRIDES}\n"
    if archive.exists() and stamp.exists() and stamp.read_text() == version:
        return False
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=cache / UNFINISHED) as name:
        folder = Path(name)
        _make(folder)
        _link_libraries(folder / "prefix")
        wineshim.install(folder / "prefix" / "drive_c/windows/system32", library_folder())
        _forget_machine(folder / "prefix")
        partial = archive.with_suffix(".partial")
        with tarfile.open(partial, "w:gz", compresslevel=6) as packed:
            packed.add(folder / "prefix", "prefix")
        partial.replace(archive)
    stamp.write_text(version)
    return True


def _make(folder: Path) -> None:
    """Run Wine's own set-up, and have it say that it is Windows 10, as Python 3.9 and later want.

    All standard handles are the null device: Wine's servers inherit the first caller's, and a pipe would then never
    end (docs/platform/worker.md 0.4).
    """
    variables = environment(folder) | {"WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe="}
    for command in (["wineboot", "-i"], [wineserver(), "-w"], ["winecfg", "-v", "win10"], [wineserver(), "-w"]):
        subprocess.run(
            command,
            env=variables,
            cwd=folder,
            check=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _link_libraries(prefix: Path) -> None:
    """Replace every file that is a plain copy of an installed one by a link: 700 MB become 13 MB."""
    libraries = library_folder()
    for folder, _, names in os.walk(prefix / "drive_c"):
        for name in names:
            copy, original = Path(folder, name), libraries / name
            if not copy.is_symlink() and original.is_file() and filecmp.cmp(copy, original, shallow=False):
                copy.unlink()
                copy.symlink_to(original)


def _forget_machine(prefix: Path) -> None:
    """Take out what ties a prefix to the place and the user that made it (docs/platform/worker.md 0.7)."""
    for device in (prefix / "dosdevices").iterdir():
        if device.name.startswith(("com", "lpt")):
            device.unlink()
    (prefix / "wineserver").unlink(missing_ok=True)
    for path in (prefix / "drive_c" / "users").rglob("*"):
        if path.is_symlink():
            path.unlink()
            path.mkdir()


def unpack(cache: Path, folder: Path, drive: Path) -> None:
    """Give `folder` a prefix of its own whose drive D: is `drive`.  Half a second.

    Raises FileNotFoundError when the cache has no template (see provision).
    """
    if not (cache / TEMPLATE).exists():
        raise FileNotFoundError(f"{cache / TEMPLATE} is missing: python -m tests.local_azure.windows.provision {cache}")
    subprocess.run(["tar", "-xzf", cache / TEMPLATE, "-C", folder, "--no-same-owner"], check=True)
    prefix = folder / "prefix"
    (prefix / "dosdevices" / "d:").symlink_to(drive)
    (prefix / "drive_c" / "home").symlink_to(drive / "home")
