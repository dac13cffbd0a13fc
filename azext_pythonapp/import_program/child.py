# -*- coding: utf-8 -*-
"""The child process of the import check, which imports the entry point; supervise.py starts and watches it.

It reads its program from standard input, with a call of `child` at the end.
"""

# pylint: disable=consider-using-f-string,broad-exception-caught,protected-access
from __future__ import absolute_import, unicode_literals

import json
import os
import re
import sys
import threading
import time
import traceback

MARK = "pythonapp-import "
BEGUN = MARK + "begun"
SERVING = re.compile(
    r"serve_forever|run_forever|run_simple|run_app|asyncore|socketserver|site-packages.(uvicorn|"
    r"waitress|hypercorn|cheroot|cherrypy|werkzeug|tornado|aiohttp|gevent)",
    re.I,
)
clock = getattr(time, "monotonic", time.time)


def native(text):
    """Return text in the type that os.environ, sys.path and __import__ of this Python accept."""
    if sys.version_info[0] == 2 and not isinstance(text, bytes):
        return text.encode(sys.getfilesystemencoding() or "utf-8")
    return text


def one_line(text):
    """Return text, or bytes, as text on one line without control characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return " ".join(re.sub("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", " ", text).split())


def handler_of(name):
    """Return the WSGI handler, found as wfastcgi finds it: in the longest prefix that can be imported."""
    if not name:
        raise ValueError("WSGI_HANDLER is not set")
    module, _, last = name.rpartition(".")
    names, first = [last], None
    while module:
        try:
            found = __import__(module, fromlist=[native(names[0].replace("()", ""))])
            for each in names:
                found = getattr(found, each[:-2] if each.endswith("()") else each)
                if each.endswith("()"):
                    found = found()
            return found
        except ImportError:
            error = sys.exc_info()[1]
            if first is None or re.search(r"named '?(%s)\b" % re.escape(module), str(first)):
                first = error
            module, _, last = module.rpartition(".")
            names.insert(0, last)
    if first is not None:
        raise first
    raise ValueError('"%s" names no module' % name)


def object_of(module, name, call):
    """Return the application as a web server finds it: an attribute of a module, called when it is a factory."""
    found = __import__(native(module), fromlist=[native("x")])
    for part in name.split(".") if name else ():
        found = getattr(found, native(part))
    return found() if call else found


def imported(parameters, in_folder):
    """Import the entry point. Returns what is wrong with it, or None.

    in_folder: whether Python puts a script's folder, or the working directory, first on sys.path; an embeddable Python
    with a ._pth file does not.
    """
    here = os.getcwd()
    if parameters["kind"] == "fastCgi":
        os.environ.update((native(name), native(value)) for name, value in parameters["environment"].items())
        if in_folder:  # the folder of wfastcgi.py, which wfastcgi replaces
            sys.path.insert(0, "")
        sys.path[0] = "."
        for name, value in parameters["environment"].items():
            if name.lower() == "pythonpath":
                value = re.sub(r"%(\w+?)%", lambda match: os.getenv(match.group(1), ""), value)
                sys.path.extend(native(path) for path in value.split(";") if path)
        name = os.getenv("WSGI_HANDLER")
        found = handler_of(name)
    else:
        if in_folder:
            sys.path.insert(0, here)
        folders = [
            os.path.normpath(os.path.join(here, native(os.path.expandvars(each)))) for each in parameters["folders"]
        ]
        sys.path[len(sys.path) if parameters["last"] else 0 : 0] = folders
        name = parameters["object"]
        found = object_of(parameters["module"], name, parameters["call"])
    return None if callable(found) or not name else "%s is a %s, which cannot be called" % (name, type(found).__name__)


def place_of(frames):
    """Return the last frame, (file, line, function), in the app's files as text; without one, the last frame."""
    here = os.path.normcase(os.getcwd()) + os.sep
    frames = [frame for frame in frames if not frame[0].startswith("<")]
    own = [
        frame
        for frame in frames
        if os.path.normcase(os.path.abspath(frame[0])).startswith(here)
        and os.path.exists(frame[0])
        and "site-packages" not in frame[0]
    ]
    for name, line, _ in (own or frames)[-1:]:
        return "%s, line %s" % (os.path.abspath(name)[len(here) :] if own else name, line)
    return None


def stack_of(thread):
    """Return the stack of a thread as [(file, line, function)], the innermost last."""
    frame, found = sys._current_frames().get(thread), []
    while frame is not None:
        found.insert(0, (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found


def watch(main, parameters, report):
    """Report an import that makes no progress: it reaches no new line of code and uses hardly any processor time."""
    seen, started = set(), clock()
    active, used = started, sum(os.times()[:2])
    while True:
        time.sleep(0.5)
        now, stack, spent = clock(), stack_of(main), sum(os.times()[:2])
        if tuple(stack) not in seen or spent - used > 0.1:
            active = now
        seen.add(tuple(stack))
        used = spent
        serving = any(SERVING.search(name + " " + function) for name, _, function in stack)
        if now - active > parameters["serving" if serving else "quiet"]:
            report({"stuck": int(now - started), "place": place_of(stack), "serves": serving})


def child(parameters, first):
    """Import the entry point in this process, and write the answer to standard output."""
    channel = os.dup(1)
    os.dup2(2, 1)
    os.write(channel, (BEGUN + "\n").encode("ascii"))
    lock = threading.Lock()

    def report(answer):
        with lock:
            line = line_of(answer)
            while line:
                line = line[os.write(channel, line) :]
            time.sleep(60)  # until the parent process kills this one with all its children
            os._exit(0)

    line_of({})  # Python 2 imports modules for this, which a thread cannot do while another one imports
    act_as_server(parameters)
    watcher = threading.Thread(target=watch, args=(threading.current_thread().ident, parameters, report))
    watcher.daemon = True
    watcher.start()
    answer = {"error": None}
    try:
        answer["error"] = imported(parameters, first == [""])
    except BaseException:
        answer = answer_of_exception(*sys.exc_info())
    report(answer)


def line_of(answer):
    """Return the line, as bytes, that passes an answer to the parent process."""
    return ("\n" + MARK + json.dumps(answer) + "\n").encode("ascii")


def act_as_server(parameters):
    """Set what the app sees of its server's process: sys.argv, __main__ and the standard streams."""
    # wfastcgi.py beside python.exe, or the module of the server.
    started = (
        ("wfastcgi.py",)
        if parameters["kind"] == "fastCgi"
        else ("Lib", "site-packages", parameters["server"], "__main__.py")
    )
    sys.argv = [native(os.path.join(os.path.dirname(sys.executable), *started))]
    sys.modules["__main__"].__file__ = sys.argv[0]
    if parameters["kind"] == "fastCgi" and sys.version_info[0] > 2:
        import io

        sys.stdin.detach()
        sys.stdout = sys.__stdout__ = io.StringIO()
        sys.stderr = sys.__stderr__ = io.StringIO()


def answer_of_exception(kind, value, trace):
    """Return the answer for an exception that ended the import."""
    lines = traceback.format_exception_only(kind, value)
    frames = [(frame[0], frame[1], frame[2]) for frame in traceback.extract_tb(trace)]
    # The line of the exception may be followed by notes.
    named = [line for line in lines if re.match(r"([\w.<>]+\.)?%s\b" % re.escape(kind.__name__), line)]
    place = place_of(frames)
    if isinstance(value, SyntaxError) and value.filename:
        place = place_of([(value.filename, value.lineno, "")])
    error = one_line((named or lines[-1:])[0])[:2000]
    return {"error": error, "place": place, "exits": isinstance(value, SystemExit)}
