"""Runs inside Wine: starts, lists and ends Windows processes for machine.Machine, which cannot do so from Linux.

    agent.exe agent.py PORT TOKEN

It calls 127.0.0.1:PORT back and says which port it listens on itself; when that call ends, so does the agent.
Each connection to its port is one operation: a line of JSON, answered by frames (a letter, a length of 4 bytes
big endian, the content).  `p` process id, `o` and `e` output, `x` exit code, `z` end of the output,
`r` a result in JSON, `f` a failure in JSON.

Python 3.11, standard library only.
"""

import ctypes
import json
import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from ctypes import wintypes

import fastcgi_host
import process_table

INTERNAL_ERROR = 1359
SC_MANAGER_CONNECT, SERVICE_START = 0x1, 0x10
CREATE_NO_WINDOW = 0x08000000  # as Kudu starts its commands; gives code page 437 (docs/platform/worker.md 4)


class Connection:
    """One operation: its request, and the frames that answer it.  A caller who has gone is no reason to stop."""

    def __init__(self, channel):
        self.channel = channel
        self.sending = threading.Lock()

    def send(self, kind, content):
        with self.sending:
            try:
                self.channel.sendall(kind + struct.pack(">I", len(content)) + content)
            except OSError:
                pass

    def send_json(self, kind, value):
        self.send(kind, json.dumps(value).encode("ascii"))


def child_environment(changes):
    """The environment for a new process: the agent's own with `changes`; names are matched without case."""
    variables = {name.upper(): (name, value) for name, value in os.environ.items()}
    for name, value in changes.items():
        variables.pop(name.upper(), None)
        if value is not None:
            variables[name.upper()] = (name, value)
    return dict(variables.values())


def started(start):
    """A new process. A busy Wine may answer ERROR_INTERNAL_ERROR, as Windows does not: then it is started again."""
    for pause in (0.5, 1, 2):
        try:
            return start()
        except OSError as error:
            if error.winerror != INTERNAL_ERROR:
                raise
            time.sleep(pause)
    return start()


def pump(stream, kind, connection):
    while True:
        content = os.read(stream.fileno(), 65536)
        if not content:
            return
        connection.send(kind, content)


def spawn(request, connection):
    """Start a raw command line and report its output as it comes and its exit code, until both have ended."""
    output = subprocess.PIPE if request["capture"] else subprocess.DEVNULL
    process = started(
        lambda: subprocess.Popen(
            request["command_line"],
            cwd=request["directory"],
            env=child_environment(request["environment"]),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            creationflags=CREATE_NO_WINDOW,
        )
    )
    process.stdin.close()
    connection.send_json(b"p", process.pid)
    pumps = []
    if request["capture"]:
        for stream, kind in ((process.stdout, b"o"), (process.stderr, b"e")):
            pumps.append(threading.Thread(target=pump, args=(stream, kind, connection), daemon=True))
            pumps[-1].start()
    connection.send_json(b"x", process.wait())
    for thread in pumps:
        thread.join()
    connection.send(b"z", b"")


def run_fastcgi(request, connection):
    """Start a FastCGI process and pass requests and answers through until either side ends."""
    process = started(
        lambda: fastcgi_host.Process(
            request["command_line"], request["directory"], child_environment(request["environment"])
        )
    )
    connection.send_json(b"p", process.pid)
    process.relay(connection.channel)


OPERATIONS = {
    "processes": lambda request: process_table.processes(os.getpid()),
    "kill": lambda request: process_table.kill_tree(request["pid"]),
    "kill_image": lambda request: process_table.kill_image(request["name"], os.getpid()),
    "cpu": lambda request: process_table.cpu_seconds(request["pid"]),
}


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        connection = Connection(self.connection)
        request = json.loads(self.rfile.readline())  # the caller sends no more before it is answered
        if request["token"] != self.server.token:
            return
        try:
            if request["operation"] == "spawn":
                spawn(request, connection)
            elif request["operation"] == "fastcgi":
                run_fastcgi(request, connection)
            else:
                connection.send_json(b"r", OPERATIONS[request["operation"]](request))
        except OSError as error:
            connection.send_json(b"f", {"windows_error": error.winerror, "message": str(error)})


def start_background_services():
    """Start, with the agent's own null handles, what Wine would start from the first program that needs it.

    Wine's desktop and its RPC service would inherit that program's output pipes, which would then never end: so it
    goes with the first `_wmi` query of Python 3.12 and later, i.e. the first pip.  Both last as long as the agent,
    which has opened the desktop on its main thread.
    """
    ctypes.windll.user32.GetDesktopWindow()
    services = ctypes.windll.advapi32
    for function in (services.OpenSCManagerW, services.OpenServiceW):
        function.restype = wintypes.HANDLE
    services.OpenServiceW.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD]
    services.StartServiceW.argtypes = [wintypes.HANDLE, wintypes.DWORD, wintypes.LPVOID]
    rpc = services.OpenServiceW(services.OpenSCManagerW(None, None, SC_MANAGER_CONNECT), "RpcSs", SERVICE_START)
    services.StartServiceW(rpc, 0, None)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def main(port, token):
    start_background_services()
    with Server(("127.0.0.1", 0), Handler) as server:
        server.token = token
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(("127.0.0.1", port)) as lifeline:
            lifeline.sendall(json.dumps({"port": server.server_address[1], "token": token}).encode("ascii") + b"\n")
            while True:
                try:
                    if not lifeline.recv(64):
                        break
                except OSError:
                    break
    for process in process_table.processes(os.getpid()):
        process_table.kill_tree(process["pid"])
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
