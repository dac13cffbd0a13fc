# -*- coding: utf-8 -*-
"""Import an app's entry point as its handler will, in a process of its own that is ended with all that it started.

It travels on a command line, compressed and without its comments (azext_pythonapp/operations/import_check.py), with
`source`, its own text, and `parameters`:

config     path of the web.config that the handler will read; temporary: whether it is a copy, to be deleted at once
directory  of the app's files
kind       fastCgi or httpPlatform; the latter has platform (which of the <httpPlatform> elements), module, object
           (None: the module only), call (the object is a factory), folders (for the import path; last: behind all
           others) and flags (of python.exe)
quiet, serving, limit  seconds: without anything new; the same where a server's loop is seen; altogether

The answer is the last line that begins with MARK. What stands in web.config and in the app's settings is on no command
line; the importing process gets it through its standard input.
"""
# pylint: disable=consider-using-f-string,useless-object-inheritance,broad-exception-caught
# pylint: disable=consider-using-with,subprocess-popen-preexec-fn,protected-access
from __future__ import unicode_literals

import json
import os
import re
import sys
import threading
import time
import traceback

MARK = 'pythonapp-import '
LOADER = ('import sys;first=sys.path[:1];sys.path[:1]=[x for x in first if x];import base64,zlib;'
          'exec(zlib.decompress(base64.b64decode(sys.stdin.readline().strip())))')
HARMLESS = ('WSGI_HANDLER', 'WSGI_LOG', 'PYTHONPATH', 'PYTHONHOME', 'DJANGO_SETTINGS_MODULE', 'FLASK_APP',
            'SCRIPT_NAME', 'WSGI_ALT_VIRTUALENV_HANDLER')
ORDINARY = ('true', 'false', 'none', 'null')
SERVING = re.compile(r'serve_forever|run_forever|run_simple|run_app|asyncore|socketserver|site-packages.(uvicorn|'
                     r'waitress|hypercorn|cheroot|cherrypy|werkzeug|tornado|aiohttp|gevent)', re.I)
clock = getattr(time, 'monotonic', time.time)


def native(text):
    """Text as os.environ, sys.path and __import__ of this Python take it."""
    if sys.version_info[0] == 2 and not isinstance(text, bytes):
        return text.encode(sys.getfilesystemencoding() or 'utf-8')
    return text


def plain(text):
    """Text on one line without control characters, of bytes as well."""
    if isinstance(text, bytes):
        text = text.decode('utf-8', 'replace')
    return ' '.join(re.sub('[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]', ' ', text).split())


# --- the process that imports

def handler_of(name):
    """What wfastcgi takes for the handler, found as it does: from the longest prefix that can be imported."""
    if not name:
        raise ValueError('WSGI_HANDLER is not set')
    module, _, last = name.rpartition('.')
    names, first = [last], None
    while module:
        try:
            found = __import__(module, fromlist=[native(names[0].replace('()', ''))])
            for each in names:
                found = getattr(found, each[:-2] if each.endswith('()') else each)
                if each.endswith('()'):
                    found = found()
            return found
        except ImportError:
            error = sys.exc_info()[1]
            if first is None or re.search(r"named '?(%s)\b" % re.escape(module), str(first)):
                first = error
            module, _, last = module.rpartition('.')
            names.insert(0, last)
    if first is not None:
        raise first
    raise ValueError('"%s" names no module' % name)


def object_of(module, name, call):
    """What a web server takes for the application: an attribute of a module, called when it is a factory."""
    found = __import__(native(module), fromlist=[native('x')])
    for part in name.split('.') if name else ():
        found = getattr(found, native(part))
    return found() if call else found


def imported(parameters, in_folder):
    """Import as parameters say. Returns what is wrong with what was found, or None.

    in_folder: whether Python puts a script's folder, or the working directory, first on its path; an embeddable one
    with a ._pth does not.
    """
    here = os.getcwd()
    if parameters['kind'] == 'fastCgi':
        os.environ.update((native(name), native(value)) for name, value in parameters['environment'].items())
        if in_folder:  # where the folder of wfastcgi.py is, which it replaces
            sys.path.insert(0, '')
        sys.path[0] = '.'
        for name, value in parameters['environment'].items():
            if name.lower() == 'pythonpath':
                value = re.sub(r'%(\w+?)%', lambda match: os.getenv(match.group(1), ''), value)
                sys.path.extend(native(path) for path in value.split(';') if path)
        name = os.getenv('WSGI_HANDLER')
        found = handler_of(name)
    else:
        if in_folder:
            sys.path.insert(0, here)
        folders = [os.path.normpath(os.path.join(here, native(os.path.expandvars(each))))
                   for each in parameters['folders']]
        sys.path[len(sys.path) if parameters['last'] else 0:0] = folders
        name = parameters['object']
        found = object_of(parameters['module'], name, parameters['call'])
    return None if callable(found) or not name else '%s is a %s, which cannot be called' % (name, type(found).__name__)


def place_of(frames):
    """The last of some (file, line, function) that is in the app's files, else the last one at all."""
    here = os.path.normcase(os.getcwd()) + os.sep
    frames = [frame for frame in frames if not frame[0].startswith('<')]
    own = [frame for frame in frames if os.path.normcase(os.path.abspath(frame[0])).startswith(here)
           and os.path.exists(frame[0]) and 'site-packages' not in frame[0]]
    for name, line, _ in (own or frames)[-1:]:
        return '%s, line %s' % (os.path.abspath(name)[len(here):] if own else name, line)
    return None


def stack_of(thread):
    """(file, line, function) of what a thread is doing, the innermost last."""
    frame, found = sys._current_frames().get(thread), []
    while frame is not None:
        found.insert(0, (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found


def watch(main, parameters, report):
    """Report an import that does nothing new any more: no new place in the code, and hardly a processor."""
    seen, began = set(), clock()
    active, used = began, sum(os.times()[:2])
    while True:
        time.sleep(0.5)
        now, stack, spent = clock(), stack_of(main), sum(os.times()[:2])
        if tuple(stack) not in seen or spent - used > 0.1:
            active = now
        seen.add(tuple(stack))
        used = spent
        serving = any(SERVING.search(name + ' ' + function) for name, _, function in stack)
        if now - active > parameters['serving' if serving else 'quiet']:
            report({'stuck': int(now - began), 'place': place_of(stack), 'serves': serving})


def child(parameters, first):
    """Import in this process, which has nothing to say on its standard streams but the answer."""
    channel = os.dup(1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def line_of(answer):
        return ('\n' + MARK + json.dumps(answer) + '\n').encode('ascii')

    def report(answer):
        with lock:
            line = line_of(answer)
            while line:
                line = line[os.write(channel, line):]
            time.sleep(60)  # until the other process ends this one, with all that it started
            os._exit(0)

    line_of({})  # Python 2 loads what this needs, which a thread could not do while another one imports

    sys.argv = ['']
    if parameters['kind'] == 'fastCgi' and sys.version_info[0] > 2:
        import io
        sys.stdin.detach()
        sys.stdout = sys.__stdout__ = io.StringIO()
        sys.stderr = sys.__stderr__ = io.StringIO()
    watcher = threading.Thread(target=watch, args=(threading.current_thread().ident, parameters, report))
    watcher.daemon = True
    watcher.start()
    answer = {'error': None}
    try:
        answer['error'] = imported(parameters, first == [''])
    except BaseException:
        kind, value, trace = sys.exc_info()
        lines = traceback.format_exception_only(kind, value)
        frames = [(frame[0], frame[1], frame[2]) for frame in traceback.extract_tb(trace)]
        answer = {'error': plain(lines[-1])[:2000], 'place': place_of(frames),
                  'exits': isinstance(value, SystemExit)}
        if isinstance(value, SyntaxError) and value.filename:
            answer['place'] = place_of([(value.filename, value.lineno, '')])
    report(answer)


# --- the process that watches it

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
            limits[16:20] = b'\x00\x20\x00\x00'  # LimitFlags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            self.kernel.SetInformationJobObject(group, 9, limits, len(limits))
            if self.kernel.AssignProcessToJobObject(group, ctypes.c_void_p(int(process._handle))):
                self.group = group
        except Exception:
            pass

    def kill(self):
        """End them all."""
        if self.group:
            self.kernel.TerminateJobObject(self.group, 1)
        elif os.name == 'nt' and self.process.poll() is None:
            os.system('taskkill /F /T /PID %d >nul 2>&1' % self.process.pid)
        try:
            if os.name != 'nt':
                os.killpg(self.process.pid, 9)
            self.process.kill()
        except OSError:
            pass


def variables(document, parameters):
    """What the handler adds to the environment, as it reads it from a web.config."""
    if parameters['kind'] == 'fastCgi':
        adds = [add for root in document.getElementsByTagName('configuration')
                for section in root.getElementsByTagName('appSettings') for add in section.getElementsByTagName('add')]
        return dict((add.getAttribute('key').strip(), add.getAttribute('value')) for add in adds
                    if add.getAttribute('key'))
    platform = document.getElementsByTagName('httpPlatform')[parameters['platform']]
    return dict((each.getAttribute('name'), each.getAttribute('value'))
                for each in platform.getElementsByTagName('environmentVariable'))


def secrets_of(environment):
    """The values that an error must not show: of the app's settings and of web.config, and the parts of them."""
    named = dict(environment)
    named.update((name, value) for name, value in os.environ.items()
                 if name.startswith('APPSETTING_') or 'CONNSTR_' in name)
    values = set()
    for name, value in named.items():
        if name.upper().replace('APPSETTING_', '') in HARMLESS:
            continue
        value = plain(value)
        values.add(value)
        login = re.match(r'[\w+.-]+://([^/?#]*)@', value)
        values.update(login.group(1).split(':', 1) if login else [])
        values.update(re.findall(r'[\w ]+=([^;&]{6,})', value))
    found = [value for value in values if len(value) > 3 and value.lower() not in ORDINARY]
    return sorted(found, key=len, reverse=True)


def masked(text, hidden):
    """Text with *** in the place of each of some values, of short ones only as whole words."""
    for value in hidden:
        for form in (value, value.replace('\\', '\\\\')):
            text = re.sub(r'(?<!\w)%s(?!\w)' % re.escape(form) if len(form) < 8 else re.escape(form), '***', text)
    return text


def start(environment, parameters):
    """Start the importing process in the environment that its handler gives it."""
    import subprocess
    own = dict(os.environ)
    if parameters['kind'] != 'fastCgi':
        import socket
        listener = socket.socket()
        listener.bind(('127.0.0.1', 0))
        port = str(listener.getsockname()[1])
        listener.close()
        own['HTTP_PLATFORM_PORT'] = port
        for name, value in environment.items():
            value = re.sub('(?i)%HTTP_PLATFORM_PORT%', port, value)
            own[native(name.upper() if os.name == 'nt' else name)] = native(value)
    more = {'creationflags': 0x08000000} if os.name == 'nt' else {'preexec_fn': os.setsid}
    return subprocess.Popen([sys.executable] + parameters.get('flags', []) + ['-B', '-c', LOADER], env=own,
                            cwd=parameters['directory'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **more)


def watched(process, limit):
    """The answer of the importing process; what else it printed goes nowhere, but its last line when it just ends."""
    answers, printed, told, ended = [], [''], threading.Event(), threading.Event()

    def read(stream, own):
        for line in iter(lambda: stream.readline(65536), b''):
            line = plain(line)
            if own and line.startswith(MARK):
                answers.append(json.loads(line[len(MARK):]))
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
            return {'stuck': int(clock() - began), 'place': None, 'serves': False}
        if clock() - said > 10:  # Kudu ends what is silent
            said = clock()
            print('.')
            sys.stdout.flush()
        told.wait(0.1)
    return answers[0] if answers else {'ended': process.wait(), 'printed': printed[0]}


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
    answer, environment = {'python': sys.version.split()[0]}, {}
    try:
        with open(parameters['config'], 'rb') as file:
            content = file.read()
        if parameters['temporary']:
            os.remove(parameters['config'])
            sweep(parameters['config'])
        environment = variables(minidom.parseString(content), parameters)
        process = start(environment, parameters)
        group = Group(process)
        try:
            own = str(json.dumps(dict(parameters, environment=environment)))
            text = source + '\nchild(json.loads(%r), first)\n' % own
            process.stdin.write(base64.b64encode(zlib.compress(text.encode('utf-8'))) + b'\n')
            process.stdin.close()
            answer.update(watched(process, parameters['limit']))
        finally:
            group.kill()
    except Exception:
        answer['failed'] = plain(traceback.format_exception_only(*sys.exc_info()[:2])[-1])
    hidden = secrets_of(environment)
    for name in ('error', 'printed', 'failed', 'place'):
        if answer.get(name):
            answer[name] = masked(answer[name], hidden)[:500]
    print('\n' + MARK + json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


if 'parameters' in globals():
    supervise(globals()['source'], globals()['parameters'])
