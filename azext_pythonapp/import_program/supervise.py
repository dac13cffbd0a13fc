# -*- coding: utf-8 -*-
"""Import an app's entry point as its handler will, in a child process that is killed with all its children.

operations/app/import_check.py sends this file, after child.py, on a command line: compressed and without comments. It
runs with `source`, the text of the program itself, and `parameters`:

config     path of the web.config that the handler will read; temporary: whether it is a copy, which is deleted at once
directory  of the app's files
kind       fastCgi or httpPlatform. The latter has platform (the index of the <httpPlatform> element), server, module,
           object (None: import the module only), call (the object is a factory), folders (for sys.path; last: after
           all others) and flags (of python.exe)
quiet, serving, limit  seconds: without progress; without progress in the loop of a web server; in total

The answer is the last line that starts with MARK. Values of web.config and app settings are on no command line: the
child process reads them from its standard input.
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

from .child import BEGUN, MARK, clock, native, one_line

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


class ProcessGroup(object):
    """The child process with its own children; Windows kills all of them when this process ends."""

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
        """Kill all of them."""
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
    """Return the environment variables that the handler reads from web.config."""
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
    """Return the values that no error may show: app settings, values of web.config, and the secret parts of them."""
    named = dict(environment)
    named.update(
        (name, value) for name, value in os.environ.items() if name.startswith("APPSETTING_") or "CONNSTR_" in name
    )
    values = set()
    for name, value in named.items():
        if name.upper().replace("APPSETTING_", "") in HARMLESS:
            continue
        value = one_line(value)
        values.add(value)
        login = re.match(r"[\w+.-]+://([^/?#]*)@", value)
        values.update(login.group(1).split(":", 1) if login else [])
        values.update(re.findall(r"[\w ]+=([^;&]{6,})", value))
    found = [value for value in values if len(value) > 3 and value.lower() not in ORDINARY]
    return sorted(found, key=len, reverse=True)


def masked(text, hidden):
    """Return text with *** instead of these values; a short value is replaced only where it is a whole word."""
    for value in hidden:
        for form in (value, value.replace("\\", "\\\\")):
            text = re.sub(r"(?<!\w)%s(?!\w)" % re.escape(form) if len(form) < 8 else re.escape(form), "***", text)
    return text


def start_child(environment, parameters):
    """Start the child process with the environment that the handler gives to the app. Returns its Popen."""
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
    # On one line, because Python 2.7 and 3.4 accept no comma after **options, which the formatter would add.
    return subprocess.Popen(command, env=own, cwd=parameters["directory"], **options)


def answer_of(process, limit):
    """Return the answer of the child process. Its output is dropped, except one line when there is no answer.

    That is the last one, or the last error of a Python that ended before it had begun: it was not the app then.
    """
    answers, printed, errors, begun, answered = [], [""], [""], threading.Event(), threading.Event()

    def read(stream, own):
        for line in iter(lambda: stream.readline(65536), b""):
            line = one_line(line)
            if own and line == BEGUN:
                begun.set()
            elif own and line.startswith(MARK):
                answers.append(json.loads(line[len(MARK) :]))
                answered.set()
            elif line:
                printed[0] = line[:2000]
                if "Error: " in line:
                    errors[0] = line[:2000]

    readers = [threading.Thread(target=read, args=each) for each in ((process.stdout, True), (process.stderr, False))]
    for reader in readers:
        reader.daemon = True
        reader.start()
    started = printed_at = clock()
    while not answers:
        if process.poll() is not None:
            for reader in readers:  # its own children may keep the streams open
                reader.join(10)
            break
        if clock() - started > limit:
            return {"slow": int(clock() - started)}
        if clock() - printed_at > 10:  # Kudu kills a command that prints nothing
            printed_at = clock()
            print_line(".")
        answered.wait(0.1)
    if answers:
        return answers[0]
    told = printed[0] if begun.is_set() else errors[0] or printed[0]
    return {"ended": process.wait(), "begun": begun.is_set(), "printed": told}


def hand_over(process, program):
    """Write the program to the child's standard input; one that has ended by then tells why in other ways."""
    try:
        process.stdin.write(program)
        process.stdin.close()
    except (IOError, OSError):
        pass


def print_line(line):
    """Print a line for Kudu."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def delete_old_copies(config):
    """Delete copies of web.config in other folders, which clients have left behind that died."""
    folder, name = os.path.split(config)
    top = os.path.dirname(folder)
    for other in os.listdir(top):
        path = os.path.join(top, other, name)
        try:
            if time.time() - os.stat(path).st_mtime > 900:
                os.remove(path)
        except OSError:  # deleted by now, or in use
            pass


def supervise(source, parameters):
    """Read web.config, let a child process import the entry point, and print the answer."""
    import base64
    import zlib
    from xml.dom import minidom

    answer, environment = {"python": sys.version.split()[0]}, {}
    try:
        with open(parameters["config"], "rb") as file:
            content = file.read()
        if parameters["temporary"]:
            os.remove(parameters["config"])
            delete_old_copies(parameters["config"])
        environment = variables(minidom.parseString(content), parameters)
        process = start_child(environment, parameters)
        group = ProcessGroup(process)
        try:
            own = str(json.dumps(dict(parameters, environment=environment)))
            text = source + "\nchild(json.loads(%r), first)\n" % own
            hand_over(process, base64.b64encode(zlib.compress(text.encode("utf-8"))) + b"\n")
            answer.update(answer_of(process, parameters["limit"]))
        finally:
            group.kill()
    except Exception:
        answer["failed"] = one_line(traceback.format_exception_only(*sys.exc_info()[:2])[-1])
    hidden = secrets_of(environment)
    for name in ("error", "printed", "failed", "place"):
        if answer.get(name):
            answer[name] = masked(answer[name], hidden)[:500]
    print_line("\n" + MARK + json.dumps(answer))
    os._exit(0)


if "parameters" in globals():
    supervise(globals()["source"], globals()["parameters"])
