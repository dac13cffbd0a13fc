# -*- coding: utf-8 -*-
"""Import an app's entry point as its handler will, in a process of its own that is ended with all that it started.

It travels on a command line, behind child.py, compressed and without comments (operations/import_check.py of
the extension), with `source`, its own text, and `parameters`:

config     path of the web.config that the handler will read; temporary: whether it is a copy, to be deleted at once
directory  of the app's files
kind       fastCgi or httpPlatform; the latter has platform (which of the <httpPlatform> elements), server, module,
           object (None: the module only), call (the object is a factory), folders (for the import path; last: behind
           all others) and flags (of python.exe)
quiet, serving, limit  seconds: without anything new; the same where a server's loop is seen; altogether

The answer is the last line that begins with MARK. What stands in web.config and in the app's settings is on no command
line; the importing process gets it through its standard input.
"""

# pylint: disable=consider-using-f-string,useless-object-inheritance,broad-exception-caught
# pylint: disable=consider-using-with,subprocess-popen-preexec-fn,protected-access
from __future__ import absolute_import, unicode_literals

import json
import os
import re
import sys
import threading
import time
import traceback

from .child import MARK, clock, native, plain

LOADER = (
    "import sys;first=sys.path[:1];sys.path[:1]=[x for x in first if x];import base64,zlib;"
    "exec(zlib.decompress(base64.b64decode(sys.stdin.readline().strip())))"
)
HARMLESS = (
    "WSGI_HANDLER",
    "WSGI_LOG",
    "PYTHONPATH",
    "PYTHONHOME",
    "DJANGO_SETTINGS_MODULE",
    "FLASK_APP",
    "SCRIPT_NAME",
    "WSGI_ALT_VIRTUALENV_HANDLER",
)
ORDINARY = ("true", "false", "none", "null")


class Group(object):
    """The imported app's process with all that it starts; they end with this object, or with this process."""

    def __init__(self, process):
        self.process, self.group = process, None
        try:
            import ctypes

            self.kernel = ctypes.windll.kernel32
            self.kernel.CreateJobObjectW.restype = ctypes.c_void_p
            group = ctypes.c_void_p(self.kernel.CreateJobObjectW(None, None))
            limits = ctypes.create_string_buffer(144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112)
            limits[16:20] = b"\x00\x20\x00\x00"  # LimitFlags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            self.kernel.SetInformationJobObject(group, 9, limits, len(limits))
            if self.kernel.AssignProcessToJobObject(group, ctypes.c_void_p(int(process._handle))):
                self.group = group
        except Exception:
            pass

    def kill(self):
        """End them all."""
        if self.group:
            self.kernel.TerminateJobObject(self.group, 1)
        elif os.name == "nt" and self.process.poll() is None:
            os.system("taskkill /F /T /PID %d >nul 2>&1" % self.process.pid)
        try:
            if os.name != "nt":
                os.killpg(self.process.pid, 9)
            self.process.kill()
        except OSError:
            pass


def variables(document, parameters):
    """What the handler adds to the environment, as it reads it from a web.config."""
    if parameters["kind"] == "fastCgi":
        adds = [
            add
            for root in document.getElementsByTagName("configuration")
            for section in root.getElementsByTagName("appSettings")
            for add in section.getElementsByTagName("add")
        ]
        return dict(
            (add.getAttribute("key").strip(), add.getAttribute("value")) for add in adds if add.getAttribute("key")
        )
    platform = document.getElementsByTagName("httpPlatform")[parameters["platform"]]
    return dict(
        (each.getAttribute("name"), each.getAttribute("value"))
        for each in platform.getElementsByTagName("environmentVariable")
    )


def secrets_of(environment):
    """The values that an error must not show: of the app's settings and of web.config, and the parts of them."""
    named = dict(environment)
    named.update(
        (name, value) for name, value in os.environ.items() if name.startswith("APPSETTING_") or "CONNSTR_" in name
    )
    values = set()
    for name, value in named.items():
        if name.upper().replace("APPSETTING_", "") in HARMLESS:
            continue
        value = plain(value)
        values.add(value)
        login = re.match(r"[\w+.-]+://([^/?#]*)@", value)
        values.update(login.group(1).split(":", 1) if login else [])
        values.update(re.findall(r"[\w ]+=([^;&]{6,})", value))
    found = [value for value in values if len(value) > 3 and value.lower() not in ORDINARY]
    return sorted(found, key=len, reverse=True)


def masked(text, hidden):
    """Text with *** in the place of each of some values, of short ones only as whole words."""
    for value in hidden:
        for form in (value, value.replace("\\", "\\\\")):
            text = re.sub(r"(?<!\w)%s(?!\w)" % re.escape(form) if len(form) < 8 else re.escape(form), "***", text)
    return text


def start(environment, parameters):
    """Start the importing process in the environment that its handler gives it."""
    import subprocess

    own = dict(os.environ)
    if parameters["kind"] != "fastCgi":
        import socket

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
        listener.close()
        own["HTTP_PLATFORM_PORT"] = port
        for name, value in environment.items():
            value = re.sub("(?i)%HTTP_PLATFORM_PORT%", port, value)
            own[native(name.upper() if os.name == "nt" else name)] = native(value)
    options = {"creationflags": 0x08000000} if os.name == "nt" else {"preexec_fn": os.setsid}
    options.update(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command = [sys.executable] + parameters.get("flags", []) + ["-B", "-c", LOADER]
    # All on one line: Python 2.7 and 3.4 allow no comma after **options.
    return subprocess.Popen(command, env=own, cwd=parameters["directory"], **options)


def watched(process, limit):
    """The answer of the importing process; what else it printed goes nowhere, but its last line when it just ends."""
    answers, printed, told, ended = [], [""], threading.Event(), threading.Event()

    def read(stream, own):
        for line in iter(lambda: stream.readline(65536), b""):
            line = plain(line)
            if own and line.startswith(MARK):
                answers.append(json.loads(line[len(MARK) :]))
                told.set()
            elif line:
                printed[0] = line[:2000]
        if own:
            ended.set()

    for stream, own in ((process.stdout, True), (process.stderr, False)):
        reader = threading.Thread(target=read, args=(stream, own))
        reader.daemon = True
        reader.start()
    began = said = clock()
    while not answers:
        if process.poll() is not None:
            ended.wait(10)
            break
        if clock() - began > limit:
            return {"slow": int(clock() - began)}
        if clock() - said > 10:  # Kudu ends what is silent
            said = clock()
            say(".")
        told.wait(0.1)
    return answers[0] if answers else {"ended": process.wait(), "printed": printed[0]}


def say(line):
    """Print a line for Kudu."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def sweep(config):
    """Delete copies that a client which died has left in other folders."""
    folder, name = os.path.split(config)
    top = os.path.dirname(folder)
    for other in os.listdir(top):
        path = os.path.join(top, other, name)
        try:
            if time.time() - os.stat(path).st_mtime > 900:
                os.remove(path)
        except OSError:  # it is not there any more, or somebody's
            pass


def supervise(source, parameters):
    """Read web.config, import, and print the answer."""
    import base64
    import zlib
    from xml.dom import minidom

    answer, environment = {"python": sys.version.split()[0]}, {}
    try:
        with open(parameters["config"], "rb") as file:
            content = file.read()
        if parameters["temporary"]:
            os.remove(parameters["config"])
            sweep(parameters["config"])
        environment = variables(minidom.parseString(content), parameters)
        process = start(environment, parameters)
        group = Group(process)
        try:
            own = str(json.dumps(dict(parameters, environment=environment)))
            text = source + "\nchild(json.loads(%r), first)\n" % own
            process.stdin.write(base64.b64encode(zlib.compress(text.encode("utf-8"))) + b"\n")
            process.stdin.close()
            answer.update(watched(process, parameters["limit"]))
        finally:
            group.kill()
    except Exception:
        answer["failed"] = plain(traceback.format_exception_only(*sys.exc_info()[:2])[-1])
    hidden = secrets_of(environment)
    for name in ("error", "printed", "failed", "place"):
        if answer.get(name):
            answer[name] = masked(answer[name], hidden)[:500]
    say("\n" + MARK + json.dumps(answer))
    os._exit(0)


if "parameters" in globals():
    supervise(globals()["source"], globals()["parameters"])
