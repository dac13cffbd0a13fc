"""A Windows worker: one Wine prefix whose drive D: is a Linux folder, and the processes that run on it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath
from types import TracebackType
from typing import Any

from tests.local_azure.windows import prefix
from tests.local_azure.windows.fastcgi import FastCgiProcess
from tests.local_azure.windows.process import Process, ProcessInfo, receive_value

HOME = "D:\\home"
START_TIMEOUT = 90.0
"""Seconds that the agent may take to call back; it takes two, or twenty on a very busy machine."""

END_TIMEOUT = 30.0
"""Seconds that the processes of a worker may take to end."""

INSIDE = ("agent.py", "fastcgi_host.py", "process_table.py")
BASE_ENVIRONMENT = {"HOME": HOME, "TEMP": r"D:\local\Temp", "TMP": r"D:\local\Temp"}
LINUX_ONLY = ("LANG", "XDG_RUNTIME_DIR")
"""Variables of Wine's Linux side that no Windows program would see.  WINE* must stay: child processes need them."""


class Machine:
    """A Windows worker.  Its drive D: is the Linux folder `drive`; C:\\home is the same folder as D:\\home.

    It boots when it is first needed.  It ends with `shutdown`, as a context manager, or with the interpreter.
    """

    starter = r"D:\local\Scripts\starter.cmd"
    """Kudu's `starter.cmd`, exactly `@%*`; commands run as `"<starter>" <command>` (docs/platform/worker.md 0.1)."""

    def __init__(self, folder: Path, cache: Path, environment: Mapping[str, str], core: int = 0) -> None:
        """Lay the drive out in `folder`/d.

        :param folder: where prefix/ and d/ are made; created when missing
        :param cache: what provision has filled
        :param environment: Windows variables for every process (PIP_INDEX_URL ...), over HOME, TEMP and Wine's own
        :param core: which of the processor cores at hand runs it all, counted round.  Wine asks a server process for
            everything, in turns: on two cores the same pip takes twice the time and twice the processor
        """
        self.folder = folder.resolve()
        self.cache = cache.resolve()
        self.environment = dict(environment)
        self._core = core
        self.drive = self.folder / "d"
        self.home = self.drive / "home"
        self._lay_out_drive()
        self._boot_lock = threading.Lock()
        self._agent: _RunningAgent | None = None

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def boot(self) -> None:
        """Make the prefix and start the agent, about 3 s; nothing when it runs.  Raises WineMissing, TimeoutError."""
        with self._boot_lock:
            if self._agent is None:
                self._agent = _RunningAgent(self.folder, self.cache, self.drive, self._core)

    def shutdown(self) -> None:
        """End every process of this worker, Wine's own included; the drive's files stay."""
        with self._boot_lock:
            if self._agent is not None:
                self._agent.close()
                self._agent = None

    def end_processes(self) -> None:
        """End every process of this worker but Wine's own.  Raises TimeoutError when some will not go."""
        if self._agent is None:
            return
        deadline = time.monotonic() + END_TIMEOUT
        while running := self.processes():
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes that will not end: {running}")
            for process in running:
                self.kill(process.pid)

    def clear(self) -> None:
        """Reset it: no process runs, and drive D: and the user's profile are as at first.

        What is booted stays booted, which saves the next user of this worker three seconds.
        """
        self.end_processes()
        for path in self.drive.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._lay_out_drive()
        if self._agent is not None:
            self._agent.clear_profile()

    def _lay_out_drive(self) -> None:
        for part in ("home/site/wwwroot", "home/LogFiles", "home/data", "local/Temp", "local/Scripts"):
            (self.drive / part).mkdir(parents=True, exist_ok=True)
        self.linux_path(self.starter).write_bytes(b"@%*")

    def linux_path(self, windows_path: str) -> Path:
        """The Linux path of a file on D: or in C:\\home, found without regard to case where it exists.

        Raises ValueError for any other place.
        """
        pure = PureWindowsPath(windows_path)
        parts = list(pure.parts[1:])
        on_c_home = pure.drive.upper() == "C:" and parts[:1] and parts[0].lower() == "home"
        if not pure.root or not (pure.drive.upper() == "D:" or on_c_home) or ".." in parts:
            raise ValueError(f"{windows_path} is not a full path on D: or in C:\\home")
        path = self.drive
        for part in parts:
            path = path / part if (path / part).exists() else _without_case(path, part)
        return path

    def windows_path(self, path: Path) -> str:
        """The path on D: of a Linux path below `drive`.  Raises ValueError for any other."""
        below = Path(os.path.abspath(path)).relative_to(self.drive)
        return str(PureWindowsPath("D:\\", *below.parts))

    def spawn(
        self,
        command_line: str,
        *,
        directory: str = HOME,
        environment: Mapping[str, str] | None = None,
        capture: bool = True,
    ) -> Process:
        """Start a raw Windows command line (CreateProcess), without a console window and with stdin closed.

        :param command_line: passed on untouched; a .cmd file may stand first, as CreateProcess allows
        :param directory: working directory, a Windows path
        :param environment: added to this machine's variables for this process
        :param capture: whether its output is wanted; if not, it goes to the null device
        Raises StartFailure when Windows cannot start it.
        """
        return Process(
            self._open(
                "spawn",
                command_line=command_line,
                directory=directory,
                capture=capture,
                environment=self._variables(environment),
            ),
            self,
        )

    def fastcgi(self, full_path: str, arguments: str, environment: Mapping[str, str]) -> FastCgiProcess:
        """Start a FastCGI program as IIS does, with a duplex named pipe for stdin.  Raises StartFailure.

        :param full_path: the program, e.g. D:\\home\\python364x64\\python.exe
        :param arguments: the rest of its command line, as the applicationHost.xdt has it
        :param environment: the application's environmentVariables and the site's settings
        """
        return FastCgiProcess(
            self._open(
                "fastcgi",
                command_line=f'"{full_path}" {arguments}',
                directory=HOME,
                environment=self._variables(environment),
            ),
            self,
        )

    def processes(self) -> list[ProcessInfo]:
        """The processes that run on this worker, Wine's own services apart, oldest first."""
        entries = [
            ProcessInfo(
                pid=entry["pid"],
                parent=entry["parent"],
                name=entry["name"],
                command_line=entry["command_line"],
                started=datetime.fromtimestamp(entry["started"], timezone.utc),
            )
            for entry in self.ask("processes")
        ]
        return sorted(entries, key=lambda entry: entry.started)

    def kill(self, pid: int) -> None:
        """End a process and its descendants; nothing when it has gone."""
        self.ask("kill", pid=pid)

    def kill_image(self, name: str) -> None:
        """End every process of a program, as `taskkill /F /IM name` does."""
        self.ask("kill_image", name=name)

    def ask(self, operation: str, **arguments: Any) -> Any:
        """Run one operation of agent.py and return its result.  Raises ConnectionError when the agent has gone."""
        with self._open(operation, **arguments) as channel:
            return receive_value(channel, b"r")

    def _variables(self, extra: Mapping[str, str] | None) -> dict[str, str | None]:
        variables: dict[str, str | None] = dict.fromkeys(LINUX_ONLY)
        for layer in (BASE_ENVIRONMENT, self.environment, extra or {}):
            variables.update(layer)
        return variables

    def _open(self, operation: str, **arguments: Any) -> socket.socket:
        self.boot()
        agent = self._agent
        if agent is None:
            raise ConnectionError("the Windows worker is being shut down")
        return agent.open({"operation": operation, **arguments})


class _RunningAgent:
    """Wine with agent.py in it.  Ends with `close` or with the interpreter, whichever comes first."""

    def __init__(self, folder: Path, cache: Path, drive: Path, core: int) -> None:
        self._token = secrets.token_hex(16)
        if not (folder / "prefix").exists():
            prefix.unpack(cache, folder, drive)
        drive_c = folder / "prefix" / "drive_c"
        if not (drive_c / "worker").exists():
            (drive_c / "worker").symlink_to(cache / "agent")
        (drive_c / "agent").mkdir(exist_ok=True)
        for name in INSIDE:
            shutil.copy(Path(__file__).with_name(name), drive_c / "agent")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with _on_core(core):
                wine = self._start_wine(folder, drive, listener.getsockname()[1])
            self._stop = weakref.finalize(self, _stop_wine, folder, wine)
            try:
                self._lifeline, self._port = self._answered(listener)
            except OSError:
                self._stop()
                raise
        self._users = drive_c / "users"
        self._profile = set(self._users.rglob("*"))

    def clear_profile(self) -> None:
        """Take out of C:\\users what programs have put there since Wine started, pip's cache for example."""
        for path in sorted(set(self._users.rglob("*")) - self._profile, reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    def _start_wine(self, folder: Path, drive: Path, port: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["wine", r"C:\worker\agent.exe", "-E", "-s", "-B", r"C:\agent\agent.py", str(port), self._token],
            env=prefix.environment(folder),
            cwd=drive,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _answered(self, listener: socket.socket) -> tuple[socket.socket, int]:
        listener.settimeout(START_TIMEOUT)
        lifeline, _ = listener.accept()
        lifeline.settimeout(START_TIMEOUT)
        with lifeline.makefile("rb") as lines:
            greeting = json.loads(lines.readline())
        if greeting["token"] != self._token:
            raise ConnectionError("something else than the agent called back")
        return lifeline, int(greeting["port"])

    def open(self, request: dict[str, Any]) -> socket.socket:
        """A connection to the agent on which `request` has been sent."""
        channel = socket.create_connection(("127.0.0.1", self._port))
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel.sendall(json.dumps({**request, "token": self._token}).encode("ascii") + b"\n")
        return channel

    def close(self) -> None:
        """End Wine with everything in it, and wait for that."""
        self._stop()
        self._lifeline.close()


@contextmanager
def _on_core(number: int) -> Iterator[None]:
    """Keep what this thread starts within the block on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _stop_wine(folder: Path, wine: subprocess.Popen[bytes]) -> None:
    """End every process of the prefix, and wait for that."""
    for option in ("-k", "-w"):
        subprocess.run(
            [prefix.wineserver(), option],
            env=prefix.environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    wine.wait(timeout=60)


def _without_case(folder: Path, name: str) -> Path:
    if folder.is_dir() and not (folder / name).exists():
        for entry in folder.iterdir():
            if _upper(entry.name) == _upper(name):
                return entry
    return folder / name


def _upper(name: str) -> str:
    """Return a name as NTFS compares it: each letter for itself, so that ß is not ss, and dotless i no I."""
    return "".join(each.upper() if len(each.upper()) == 1 and each not in "\u0131\u017f" else each for each in name)
