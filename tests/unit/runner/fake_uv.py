"""A program in the place of uv.exe: it keeps what it was called with, prints what uv prints, and installs with pip."""

from __future__ import annotations

import hashlib
import json
import stat
import sys

from azext_pythonapp.packages import uv
from azext_pythonapp.packages.pip import JobFile, PipOptions
from tests.unit.runner.job_runtime import Runtime

ARGUMENTS, ENVIRONMENT, CHECK = "uv-arguments.json", "uv-environment.json", "uv-check.json"
STARTERS = "uv-starters.txt"
TAKES_OVER = "pip is used instead of uv: "
PROGRAM = """#!{python}
import json, os, subprocess, sys, time
if sys.argv[1:] == ["--version"]:
    print("uv 0.13.9 (x86_64-pc-windows-msvc)")
    sys.exit(0)
here = {here!r}
if sys.argv[1:3] == ["pip", "check"]:
    python = sys.argv[sys.argv.index("--python") + 1]
    json.dump(sys.argv[1:], open(here + "/{check}", "w"))
    sys.exit(subprocess.call([sys.executable, "-m", "pip", "--python", python, "check"], stdout=subprocess.DEVNULL))
json.dump(sys.argv[1:], open(here + "/{arguments}", "w"))
with open(here + "/{starters}", "a") as stream:
    stream.write("%d\\n" % os.getppid())
json.dump(dict(os.environ), open(here + "/{environment}", "w"))
words = sys.argv[3:]
python = words[words.index("--python") + 1]
links = words[words.index("--find-links") + 1]
call = [sys.executable, "-m", "pip", "--python", python, "-q", "install", "--no-index", "--no-compile", "--find-links", links]
call += [word for word in words if word == "--no-deps"] + words[words.index("-r"):]
print("Using Python 3.11.9 environment at: runtime")
print("Resolved 2 packages in 5ms")
code = subprocess.call(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if code:
    print("error: No solution found when resolving dependencies")
    print("  cause: Because absent was not found in the provided package locations and all versions of broken depend on")
    print("         absent, we can conclude that your requirements are unsatisfiable.")
    sys.exit(1)
print("Prepared 2 packages in 5ms")
print("Installed 2 packages in 5ms")
"""


def uv_in_place(runtime: Runtime, program: str = PROGRAM, whole: bool = True) -> uv.Build:
    """Put a program where uv.exe is on the app. program: its text. whole: whether its marker is there as well."""
    text = program.format(
        python=sys.executable,
        here=str(runtime.site.home),
        arguments=ARGUMENTS,
        environment=ENVIRONMENT,
        check=CHECK,
        starters=STARTERS,
    ).encode()
    build = uv.Build("uv.whl", "0" * 64, hashlib.sha256(text).hexdigest(), len(text), "data/pythonapp/tools/uv-0.13.9")
    path = runtime.site.home / build.program.path
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    if whole:
        (path.parent / build.marker).touch()
    return build


def uv_install(build: uv.Build, no_deps: bool = False, **more: object) -> uv.UvInstall:
    """How a job is told to use uv for requirements.txt, with the wheels beside it."""
    options = PipOptions(no_index=True, wheel_dir=JobFile("wheels"), no_deps=no_deps)
    arguments, variables = uv.install(JobFile("requirements.txt"), options)
    return uv.UvInstall(build, (arguments,), **{"environment": variables, **more})  # type: ignore[arg-type]


def starters(runtime: Runtime) -> list[int]:
    """The ids of the processes that have started each call that installs."""
    return [int(line) for line in (runtime.site.home / STARTERS).read_text().splitlines()]


def called_with(runtime: Runtime) -> tuple[list[str], dict[str, str]]:
    """The arguments and variables of the call; raises FileNotFoundError when there was none."""
    return tuple(  # type: ignore[return-value]
        json.loads((runtime.site.home / name).read_text()) for name in (ARGUMENTS, ENVIRONMENT)
    )


def said(runtime: Runtime) -> list[str]:
    """Why pip was used in uv's place, as the log says it; once at most, if all is well."""
    return [line.removeprefix(TAKES_OVER) for line in runtime.lines if line.startswith(TAKES_OVER)]
