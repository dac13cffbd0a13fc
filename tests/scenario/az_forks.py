"""az, loaded once: a program for az's Python that forks a process for each command, in which az runs as it always does.

    az_forks.py PORT

It listens on the Unix socket PORT until standard input ends. A connection is one command: a line of JSON, {"arguments":
words after az, "folder": where it runs}, with the files for stdout and stderr, answered by a line {"pid": ...} when
it has begun and a line {"returncode": ...}, as subprocess has it, when it has ended.

A forked process runs the package azure.cli to its end, as `python -m azure.cli` does. It only finds modules imported
that commands before it have imported too; that costs most of the time of a new az.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
from pathlib import Path

LONGEST = 1 << 20


class Server:
    """Forks a process for each connection to `listener`."""

    def __init__(self, listener):
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.running = {}

    def serve(self):
        """Answer requests until standard input ends. Returns None then, and in a forked process its Command."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    command = self.fork(self.listener.accept()[0])
                    if command is not None:
                        return command
                elif key.fileobj is sys.stdin:
                    return None
                else:
                    self.end(key.fd)

    def fork(self, connection):
        """Begin a command. Returns it in the forked process, None in this one."""
        text, files, _, _ = socket.recv_fds(connection, LONGEST, 2)
        while not text.endswith(b"\n"):
            more = connection.recv(LONGEST)
            if not more:  # the client has gone
                connection.close()
                for file in files:
                    os.close(file)
                return None
            text += more
        modules = os.memfd_create("modules")
        pid = os.fork()
        if not pid:
            connection.close()
            self.close()
            return Command(json.loads(text), files, modules)
        for file in files:
            os.close(file)
        connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")
        watched = os.pidfd_open(pid)
        self.selector.register(watched, selectors.EVENT_READ)
        self.running[watched] = pid, connection, modules
        return None

    def end(self, watched):
        """Tell the client how a command has ended, and import what it has imported.

        Not after a failure: for a command that does not exist, az imports itself to the last module.
        """
        pid, connection, modules = self.running.pop(watched)
        self.selector.unregister(watched)
        os.close(watched)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(OSError), connection:
            connection.sendall(json.dumps({"returncode": code}).encode() + b"\n")
        with open(modules, encoding="utf-8") as file:
            file.seek(0)
            found = file.read()
        if found and not code:
            load(json.loads(found))

    def close(self):
        """Leave to the first process what is its own."""
        self.selector.close()
        self.listener.close()
        for watched, (_, connection, modules) in self.running.items():
            connection.close()
            os.close(watched)
            os.close(modules)


class Command:
    """What a forked process has to do."""

    def __init__(self, request, files, modules):
        self.request, self.files, self.modules = request, files, modules

    def run(self):
        """Become az."""
        known = set(sys.modules)
        atexit.register(self.tell_modules, known)
        for number, file in enumerate(self.files, 1):
            os.dup2(file, number)
            os.close(file)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(self.request["folder"])
        sys.path.insert(0, self.request["folder"])
        sys.argv[1:] = self.request["arguments"]
        runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)

    def tell_modules(self, known):
        """Write down which modules were imported, by name, with the folder that each was found from."""
        found = []
        for name, module in list(sys.modules.items()):
            origin = getattr(getattr(module, "__spec__", None), "origin", None)
            if name not in known and not name.endswith("__main__") and origin and os.path.isabs(origin):
                depth = name.count(".") + (Path(origin).name == "__init__.py")
                found.append((name, str(Path(origin).parents[depth])))
        with open(self.modules, "w", encoding="utf-8") as file:
            json.dump(found, file)


def load(modules):
    """Import modules of az and of its extensions, so that the next commands find them; what is elsewhere is left."""
    extensions = os.environ["AZURE_EXTENSION_DIR"]
    for name, folder in modules:
        if not folder.startswith((sys.prefix, sys.base_prefix, extensions)):
            continue
        path = list(sys.path)
        if folder.startswith(extensions):
            sys.path.append(folder)
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        sys.path[:] = path
    gc.freeze()


def main():
    """Serve, or be az."""
    del sys.path[0]  # the folder of this program, which az would not have there
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(16)
        print("ready", flush=True)
        command = Server(listener).serve()
    if command is not None:
        command.run()


if __name__ == "__main__":
    main()
