# -*- coding: utf-8 -*-
"""Runs pip on the worker for one job, and keeps the job's state where a client can read it at any time.

Started by Kudu as `"<python.exe>" -u -E -s runner.py` with the job's folder, %HOME%/data/pythonapp/jobs/<id>, as the
current directory; it works in the folder that holds this file:

    request.json   read     what to do (azext_pythonapp/jobs/request.py writes it)
    secrets.json   read     environment variables for pip; deleted as soon as they were read
    log.txt        written  pip's output, each line as it comes, credentials masked
    cancel         watched  when a client puts it there, pip is killed with its children and the job ends as canceled
    restore.txt    written  what --restore gives to pip; deleted at the end
    state.json     written  {id, command, state, phase, startedAt, heartbeatAt, ...} every 2 s, replaced atomically;
                            the final state is the last thing that is written

Only one job per runtime changes packages at a time: ../../locks/<runtime>.lock holds its id. A good run leaves
../../records/<runtime>.json, by which the next one can tell that there is nothing to do. Of the jobs that are over
the newest 20 are kept.

One file, standard library only, for Python 2.7 and 3.4 or newer.
"""
# Python 2.7 has neither f-strings nor `raise ... from`, nor a Popen that is a context manager.
# pylint: disable=consider-using-f-string,raise-missing-from,consider-using-with
from __future__ import print_function, unicode_literals

import calendar
import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import traceback

HEARTBEAT_SECONDS = 2
# A job that was not heard of for this long is dead; one that was heard of just now is alive.
DEAD_SECONDS = 60
ALIVE_SECONDS = 10
# Older jobs that are over are deleted; one that says it runs, but was silent for a day, is over as well.
KEPT_JOBS = 20
FORGOTTEN_SECONDS = 24 * 3600
JOB_ID = re.compile(r'\d{8}-\d{6}-[0-9a-f]{4}$')
# A pipe that another process holds open after pip has ended is given up when it brings nothing for so long.
DRAIN_SECONDS = 2
# Without the current directory on sys.path: a logging.py or requests.py next to the app must not get into pip.
START_PIP = 'import sys; del sys.path[0]; import runpy; runpy.run_module("pip", run_name="__main__", alter_sys=True)'
# Given as variables, because a pip that does not know an option ignores its variable but stops at the argument;
# --progress-bar came with pip 10, and runtimes of 2018 bring pip 9. NO_WARN is read inverted, so 0 is "no warning".
PIP_SETTINGS = {'PIP_NO_INPUT': '1', 'PIP_DISABLE_PIP_VERSION_CHECK': '1', 'PIP_PROGRESS_BAR': 'off',
                'PIP_NO_COLOR': '1', 'PIP_UPGRADE_STRATEGY': 'only-if-needed', 'PIP_NO_WARN_SCRIPT_LOCATION': '0',
                'PYTHONIOENCODING': 'utf-8', 'PYTHONUTF8': '1', 'PYTHONUNBUFFERED': '1', 'PYTHONNOUSERSITE': '1'}
# What would lead pip to another Python's library, to another folder, or to silence.
FOREIGN_SETTINGS = ('PYTHONHOME', 'PYTHONPATH', 'PYTHONSTARTUP', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT', 'PIP_USER',
                    'PIP_REQUIRE_VIRTUALENV', 'PIP_PYTHON', 'PIP_QUIET', 'PIP_DRY_RUN', 'PIP_LOG')
PHASES = (('Collecting ', 'resolving'), ('Downloading ', 'downloading'), ('Building wheel', 'building'),
          ('Installing build dependencies', 'building'),
          ('Installing collected packages', 'installing'))
INDEX_OPTIONS = (b'-i', b'--index-url', b'--extra-index-url', b'-f', b'--find-links', b'--no-index', b'--trusted-host',
                 b'--pre')
METADATA = ('METADATA', 'PKG-INFO')


class JobFailed(Exception):
    """The job ends as failed, for the reason given."""


class JobCanceled(Exception):
    """The job ends as canceled."""


def now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


def age(moment):
    """Seconds since a moment that now() wrote; None when the text is none."""
    try:
        return max(0, time.time() - calendar.timegm(time.strptime(moment, '%Y-%m-%dT%H:%M:%SZ')))
    except (TypeError, ValueError):
        return None


def words(error):
    """An exception's text; in Python 2 it may be bytes that are no text."""
    try:
        return '%s' % error
    except UnicodeError:
        return repr(error)


def native(text):
    """Text as os.environ and Popen of this Python take it."""
    if sys.version_info[0] == 2:
        return text.encode(sys.getfilesystemencoding() or 'utf-8')
    return text


def persist(action):
    """Do what another process may keep from being done for a moment, such as replacing a file that it reads."""
    for _ in range(50):
        try:
            return action()
        except (IOError, OSError) as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EBUSY):
                raise
            time.sleep(0.1)
    return action()


def replace(source, target):
    if hasattr(os, 'replace'):
        os.replace(source, target)
    elif os.name == 'nt':
        import ctypes  # pylint: disable=import-outside-toplevel
        if not ctypes.windll.kernel32.MoveFileExW(source, target, 1):
            raise OSError(errno.EACCES, 'MoveFileExW failed with error %d' % ctypes.GetLastError(), target)
    else:
        os.rename(source, target)


def read_json(path):
    with io.open(path, encoding='utf-8') as stream:
        return json.load(stream)


def write_json(path, value):
    content = json.dumps(value, indent=1, sort_keys=True).encode('ascii')
    new = path + '.new'
    with open(new, 'wb') as stream:
        stream.write(content)
    persist(lambda: replace(new, path))


def make_folder(path):
    if not os.path.isdir(path):
        try:
            os.makedirs(path)
        except OSError:
            if not os.path.isdir(path):
                raise


def remove(path):
    try:
        persist(lambda: os.remove(path))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def delete(path):
    """Delete a file or folder as far as that is possible."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            remove(path)
        except OSError as error:
            say('%s could not be deleted: %s' % (path, words(error)))


def sha256_of(path):
    with open(path, 'rb') as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def secret_words(values):
    """The credentials in the secret variables, longest first: user:password of each URL, and the password alone."""
    found = set()
    for url in re.findall(r'://(\S+)', ' '.join(values)):
        if '@' in url:
            user = url.rsplit('@', 1)[0]
            found.add(user)
            found.update(part for part in user.split(':', 1)[1:] if len(part) > 2)
    return sorted(found, key=len, reverse=True)


class Log:
    """log.txt: one line at a time, readable by others at once. A full disk costs the log, not the job."""

    def __init__(self, path):
        self.secrets = []
        self.problem = None
        self.stream = open(path, 'ab', 0)

    def masked(self, text):
        """The text without the known secrets and the user:password@ of any URL."""
        for secret in self.secrets:
            text = text.replace(secret, '****')
        return re.sub(r'(://)[^/\s]*@', r'\1****@', text)

    def line(self, text):
        if self.problem is None:
            try:
                self.stream.write(self.masked(text).encode('utf-8') + b'\n')
            except (IOError, OSError) as error:
                self.problem = 'log.txt is incomplete: %s' % words(error)


class State:
    """state.json, refreshed by a thread for as long as the job runs, which also looks whether to cancel the job.

    canceled: set once a client asked for it. on_beat: called at each beat; what it returns goes into the state.
    on_cancel: called at each beat from then on, so that a pip that starts a moment later is ended too.
    """

    def __init__(self, folder):
        self.path = os.path.join(folder, 'state.json')
        self.cancel_path = os.path.join(folder, 'cancel')
        self.canceled = threading.Event()
        self.on_beat = dict
        self.on_cancel = lambda: None
        self.fields = {'id': os.path.basename(folder), 'command': None, 'state': 'running', 'phase': 'starting',
                       'startedAt': now(), 'pid': os.getpid()}
        self.guard = threading.Lock()
        self.ended = threading.Event()
        self.write()
        self.thread = threading.Thread(target=self.beat, name='heartbeat')
        self.thread.daemon = True
        self.thread.start()

    def set(self, **fields):
        with self.guard:
            self.fields.update(fields)

    def write(self):
        with self.guard:
            self.fields['heartbeatAt'] = now()
            write_json(self.path, self.fields)

    def beat(self):
        while not self.ended.wait(HEARTBEAT_SECONDS):
            self.look_for_cancel()
            try:
                self.set(**self.on_beat())
                self.write()
            except (IOError, OSError) as error:
                say('state.json could not be written: %s' % words(error))
            say('%s %s' % (now(), self.fields['phase']))

    def look_for_cancel(self):
        if not self.canceled.is_set() and os.path.exists(self.cancel_path):
            self.canceled.set()
        if self.canceled.is_set():
            self.on_cancel()

    def stop_if_canceled(self):
        """Raises JobCanceled when a client asked for it."""
        if self.canceled.is_set():
            raise JobCanceled()

    def finish(self, **fields):
        """Write the final state; on a full disk over the old one, which needs no more room on the disk."""
        self.ended.set()
        self.thread.join()
        self.set(finishedAt=now(), phase='done', **fields)
        say('%s %s exit code %s %s' % (now(), self.fields['state'], fields.get('exitCode'), fields.get('error') or ''))
        try:
            self.write()
        except (IOError, OSError) as error:
            self.fields.pop('result', None)
            self.set(warnings=['state.json could not be replaced: %s' % words(error)])
            with open(self.path, 'r+b') as stream:
                stream.write(json.dumps(self.fields, sort_keys=True).encode('ascii'))
                stream.truncate()


def say(text):
    """Print for Kudu, which kills what is silent (facts/kudu.md 1.4). Whether anybody listens is no matter."""
    try:
        print(text.encode('ascii', 'replace').decode('ascii'))
        sys.stdout.flush()
    except (IOError, OSError, ValueError, AttributeError):
        pass


class RuntimeLock:
    """locks/<runtime>.lock: the id of the one job that may change this runtime's packages."""

    def __init__(self, data, runtime, job_id):
        self.path = os.path.join(data, 'locks', runtime + '.lock')
        self.jobs = os.path.join(data, 'jobs')
        self.runtime = runtime
        self.job_id = job_id
        make_folder(os.path.dirname(self.path))

    def acquire(self, log, on_wait):
        """Take the lock; from a dead job with a word in the log. Raises JobFailed when a living job holds it.

        on_wait: called while it is waited for; what it raises ends the waiting.
        """
        waiting = False
        while not self.create():
            on_wait()
            owner = self.owner()
            if owner is None:
                continue
            silence = self.silence(owner)
            if not owner and silence is not None and silence < DEAD_SECONDS:
                time.sleep(0.2)  # its owner is about to write its id
                continue
            if silence is None or silence > DEAD_SECONDS:
                log.line('Job %s held %s and is over or dead; this job takes over.' % (owner, self.runtime))
                self.take_from(owner)
            elif silence < ALIVE_SECONDS:
                raise JobFailed('job %s is changing the packages of %s at this moment.' % (owner, self.runtime))
            else:
                if not waiting:
                    log.line('Waiting for job %s, which holds %s; nothing was heard of it for %d s.'
                             % (owner, self.runtime, silence))
                waiting = True
                time.sleep(HEARTBEAT_SECONDS)

    def create(self):
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except OSError as error:
            # Windows: EACCES while a deleted file is still open somewhere.
            if error.errno not in (errno.EEXIST, errno.EACCES) or not os.path.exists(self.path):
                raise
            return False
        try:
            os.write(handle, self.job_id.encode('ascii'))
        finally:
            os.close(handle)
        return True

    def owner(self):
        """The id in the lock; None when the lock is gone by now. A lock without one counts as held by ''."""
        try:
            with open(self.path, 'rb') as stream:
                return stream.read().decode('ascii', 'replace')
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def silence(self, owner):
        """Seconds since the owner's last heartbeat; None when it has ended."""
        try:
            state = read_json(os.path.join(self.jobs, os.path.basename(owner) or '-', 'state.json'))
        except (IOError, OSError, ValueError):
            try:
                return max(0, time.time() - os.path.getmtime(self.path))
            except OSError:
                return None
        return age(state.get('heartbeatAt')) if state.get('state') == 'running' else None

    def take_from(self, owner):
        """Move a dead job's lock aside; one that changed hands meanwhile is put back."""
        aside = '%s.%s' % (self.path, self.job_id)
        try:
            persist(lambda: os.rename(self.path, aside))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return
        with open(aside, 'rb') as stream:
            found = stream.read().decode('ascii', 'replace')
        if found == owner:
            remove(aside)
        else:
            replace(aside, self.path)

    def release(self):
        if self.owner() == self.job_id:
            remove(self.path)


def site_packages():
    return sysconfig.get_path('purelib')


def platform_tag():
    """Such as cp38 win_amd64: what the name of a wheel with compiled code must say to fit."""
    return 'cp%d%d %s' % (sys.version_info[:2] + (re.sub('[-.]', '_', sysconfig.get_platform()),))


def metadata_names(folder):
    """Names of the packages' metadata; a leading ~ is what pip leaves of a file that it could not delete."""
    return sorted(name for name in os.listdir(folder)
                  if name.lower().endswith(('.dist-info', '.egg-info')) and not name.startswith('~'))


def digest(names):
    """azext_pythonapp/packages/installed.py computes the same from a listing of the folder."""
    return hashlib.sha256('\n'.join(sorted(names)).encode('utf-8')).hexdigest()


def sweep(folder):
    """Remove .dist-info folders without metadata: what a pip leaves that replaced itself, and the next one fails at."""
    for name in metadata_names(folder):
        path = os.path.join(folder, name)
        if (os.path.isdir(path) and name.lower().endswith('.dist-info')
                and not set(os.listdir(path)) & set(METADATA + ('RECORD',))):
            delete(path)


def metadata_fields(path):
    """Name and version out of the head of a METADATA or PKG-INFO file; {} when there is no such file."""
    fields = {}
    if os.path.isfile(path):
        with io.open(path, encoding='utf-8', errors='replace') as stream:
            for line in stream:
                match = re.match(r'(Name|Version):\s*(.*?)\s*$', line)
                if match:
                    fields.setdefault(*match.groups())
                if len(fields) == 2 or not line.strip():
                    break
    return fields


def installed_packages(folder):
    """Every package in a site-packages folder: {normalised name: (name, version)}."""
    packages = {}
    for entry in metadata_names(folder):
        for path in [entry] + [os.path.join(entry, name) for name in METADATA]:
            fields = metadata_fields(os.path.join(folder, path))
            if 'Name' in fields:
                key = re.sub(r'[-_.]+', '-', fields['Name']).lower()
                packages[key] = (fields['Name'], fields.get('Version', ''))
    return packages


def changes(before, after):
    """What differs between two package sets, as the job's result shows it."""
    return {
        'installed': [{'name': after[key][0], 'version': after[key][1]} for key in sorted(set(after) - set(before))],
        'upgraded': [{'name': after[key][0], 'before': before[key][1], 'after': after[key][1]}
                     for key in sorted(set(after) & set(before)) if before[key][1] != after[key][1]],
        'removed': [{'name': before[key][0], 'version': before[key][1]} for key in sorted(set(before) - set(after))]}


def prune(data):
    """Delete the older jobs that are over, except those that a record names: their log may still be asked for."""
    folder = os.path.join(data, 'jobs')
    records = os.path.join(data, 'records')
    try:
        named = [read_json(os.path.join(records, name)).get('jobId')
                 for name in (os.listdir(records) if os.path.isdir(records) else ())]
        for job in sorted(name for name in os.listdir(folder) if JOB_ID.match(name))[:-KEPT_JOBS]:
            if job not in named and is_over(os.path.join(folder, job)):
                shutil.rmtree(os.path.join(folder, job), ignore_errors=True)
    except (IOError, OSError, ValueError) as error:
        say('old jobs were not deleted: %s' % words(error))


def is_over(folder):
    """Whether nothing will happen in a job's folder any more."""
    try:
        state = read_json(os.path.join(folder, 'state.json'))
        silence = age(state.get('heartbeatAt'))
        return state.get('state') != 'running' or silence is None or silence > FORGOTTEN_SECONDS
    except (IOError, OSError, ValueError):
        return time.time() - os.path.getmtime(folder) > FORGOTTEN_SECONDS


class ProcessTree:
    """A process and all that it starts, to be ended together.

    Windows: a job object, which child processes belong to as well. Elsewhere it is the process alone.
    """

    def __init__(self, process):
        self.process = process
        self.group = None
        if os.name == 'nt':
            import ctypes  # pylint: disable=import-outside-toplevel
            self.kernel = ctypes.windll.kernel32
            self.kernel.CreateJobObjectW.restype = ctypes.c_void_p
            group = ctypes.c_void_p(self.kernel.CreateJobObjectW(None, None))
            handle = ctypes.c_void_p(int(process._handle))  # pylint: disable=protected-access
            if group and self.kernel.AssignProcessToJobObject(group, handle):
                self.group = group

    def kill(self):
        if self.group is not None:
            self.kernel.TerminateJobObject(self.group, 1)
        elif self.process.poll() is None:
            try:
                self.process.kill()
            except OSError as error:
                say('pip could not be ended: %s' % words(error))


class Pip:
    """pip of this very Python, with an environment that leads it nowhere else."""

    def __init__(self, environment):
        self.tree = None
        self.environment = {}
        for name, value in os.environ.items():
            if name.upper() not in FOREIGN_SETTINGS:
                self.environment[name] = value
        for settings in (PIP_SETTINGS, environment):
            for name, value in settings.items():
                self.environment[native(name)] = native(value)

    def run(self, arguments, directory, on_line):
        """Run it; on_line gets each line that it prints, at once. Returns the exit code."""
        command = [sys.executable, '-s', '-u', '-c', START_PIP] + list(arguments)
        with open(os.devnull, 'rb') as nothing:
            process = subprocess.Popen([native(part) for part in command], cwd=native(directory),
                                       env=self.environment, stdin=nothing, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
        self.tree = ProcessTree(process)
        seen = []

        def copy():
            for line in iter(process.stdout.readline, b''):
                seen[:] = [line]
                on_line(line.decode('utf-8', 'replace').rstrip('\r\n'))

        reader = threading.Thread(target=copy, name='pip-output')
        reader.daemon = True
        reader.start()
        code = process.wait()
        reader.join(DRAIN_SECONDS)
        while reader.is_alive() and seen:
            del seen[:]
            reader.join(DRAIN_SECONDS)
        self.tree = None
        return code

    def stop(self):
        """End it, if it runs."""
        tree = self.tree
        if tree is not None:
            tree.kill()

    def check(self, directory):
        """What `pip check` says: {"ok", "problems"}; ok is None for a pip before 9, which has no such command."""
        lines = []
        code = self.run(['check'], directory, lines.append)
        problems = [line for line in lines if line.strip()] if code else []
        if any('unknown command' in line for line in problems):
            return {'ok': None, 'problems': []}
        return {'ok': code == 0, 'problems': problems}


class Progress:
    """What pip is doing, read off its lines and, while it installs, off site-packages."""

    def __init__(self, folder, before):
        self.folder = folder
        self.before = set(before)
        self.fields = {}
        self.expected = 0

    def line(self, line):
        """Take a line of pip's; returns the fields of the state that it changes."""
        line = line.strip()
        for start, phase in PHASES:
            if line.startswith(start):
                size = re.search(r'\(([\d.]+ ?[kMG]?B)\)$', line)
                self.fields = {'phase': phase, 'progress': size.group(1) if size and phase == 'downloading' else None}
                self.expected = line.count(',') + 1 if phase == 'installing' else 0
        return self.fields

    def beat(self):
        """The same for the time between two lines: pip prints none while it installs."""
        if self.expected:
            done = len(set(metadata_names(self.folder)) - self.before)
            return {'progress': '%d of %d' % (min(done, self.expected), self.expected)}
        return {}


class Job:
    """One job, from its request to its final state."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.dirname(os.path.dirname(folder))
        self.state = State(folder)
        self.log = None
        self.request = {}
        self.lock = None
        self.progress = None
        self.last_lines = []

    def run(self):
        """Do the job; whatever goes wrong ends in a final state. Returns the exit code of this process."""
        outcome = {'state': 'failed', 'exitCode': 1}
        try:
            self.work(outcome)
        except JobFailed as failure:
            outcome.update(state='failed', error=failure.args[0])
        except JobCanceled:
            outcome.update(state='canceled', exitCode=None, error='somebody canceled it')
        # MemoryError, SystemExit and KeyboardInterrupt as well: a job never ends in silence.
        except BaseException as error:  # pylint: disable=broad-exception-caught
            outcome.update(state='failed', error='%s: %s' % (type(error).__name__, words(error)))
            traceback.print_exc()
        try:
            self.clean(outcome)
        finally:
            self.state.finish(**outcome)
            prune(self.data)
        return outcome['exitCode'] or int(outcome['state'] != 'succeeded')

    def work(self, outcome):
        self.log = Log(os.path.join(self.folder, 'log.txt'))
        self.request = self.read('request.json')
        environment = self.take_secrets()
        self.log.secrets = secret_words(environment.values())
        self.state.set(command=self.request['command'])
        self.state.write()
        self.log.line('Python %s %s at %s, job %s'
                      % (sys.version.split()[0], platform_tag(), sys.executable, self.state.fields['id']))
        if self.request['exclusive']:
            self.lock = RuntimeLock(self.data, self.request['runtime'], self.state.fields['id'])
            self.lock.acquire(self.log, self.state.stop_if_canceled)
        pip = Pip(environment)
        self.state.on_cancel = pip.stop
        self.pip(pip, outcome)

    def pip(self, pip, outcome):
        self.state.set(phase='reading packages')
        folder = site_packages()
        names, before = os.listdir(folder), installed_packages(folder)
        self.progress = Progress(folder, metadata_names(folder))
        self.state.on_beat = self.progress.beat
        try:
            self.calls(pip, outcome)
        except JobFailed as failure:
            if self.request['restore'] is None:
                raise
            raise JobFailed(failure.args[0] + self.restore(pip, before, names))
        finally:
            if self.request['exclusive']:
                sweep(folder)
            self.state.on_beat = dict
            self.state.set(phase='reading packages', progress=None)
            outcome['result'] = changes(before, installed_packages(folder))
        self.check(pip, outcome)
        self.write_record(outcome['result']['check'])
        outcome['state'] = 'succeeded'

    def calls(self, pip, outcome):
        """Call pip as the request says, until it is done or fails."""
        directory = self.resolve(self.request['directory'])
        for call in self.request['calls']:
            arguments = [self.argument(argument, directory) for argument in call]
            self.log.line('pip ' + ' '.join(arguments))
            self.state.stop_if_canceled()
            self.state.set(phase='pip', progress=None)
            outcome['exitCode'] = pip.run(arguments, directory, self.on_line)
            self.state.stop_if_canceled()
            if outcome['exitCode']:
                raise JobFailed('pip ended with exit code %d: %s' % (outcome['exitCode'], self.reason()))
        outcome['exitCode'] = 0

    def restore(self, pip, before, names):
        """Put back what a failed pip has changed; returns how that ended, to be added to the error.

        names: what was in site-packages. Of a package at which pip has failed while it wrote its files, pip itself
        can remove none: once all others are as before, whatever is new there is deleted.
        """
        folder = site_packages()
        made = changes(before, installed_packages(folder))
        if not any(made.values()):
            return ''
        self.log.line('Putting back the packages as they were.')
        directory = self.resolve(self.request['directory'])
        path = os.path.join(self.folder, 'restore.txt')
        old = ['%s==%s' % (row['name'], row.get('before') or row['version']) for row in
               made['upgraded'] + made['removed']]
        new = [row['name'] for row in made['installed']]
        for arguments, lines in ((['uninstall', '-y'], new),
                                 (['install', '--no-deps'] + self.request['restore']['arguments'], old)):
            if lines:
                with open(path, 'wb') as stream:
                    stream.write(self.index_options() if arguments[0] == 'install' else b'')
                    stream.write('\n'.join(lines + ['']).encode('utf-8'))
                call = [self.argument(argument, directory) for argument in arguments] + ['-r', path]
                self.state.set(phase='restoring', progress=None)
                pip.run(call, directory, self.log.line)
                self.state.stop_if_canceled()
        left = changes(before, installed_packages(folder))
        if not left['upgraded'] and not left['removed']:
            for name in set(os.listdir(folder)) - set(names) - set(['__pycache__']):
                self.log.line('Deleting %s, which is left over.' % name)
                delete(os.path.join(folder, name))
        if any(changes(before, installed_packages(folder)).values()):
            return '; putting back what it had changed did not fully succeed'
        return '; what it had changed was put back (%d packages)' % (len(old) + len(new))

    def index_options(self):
        """The lines of the requirements file that say where packages come from, as bytes."""
        source = self.request['restore']['optionsFrom']
        if source is None:
            return b''
        with open(self.resolve(source), 'rb') as stream:
            lines = stream.read().splitlines()
        return b''.join(line + b'\n' for line in lines if line.startswith(INDEX_OPTIONS))

    def check(self, pip, outcome):
        """Let pip check the packages, when that was asked for."""
        result = outcome['result']
        result['check'] = {'ok': None, 'problems': []}
        if self.request['checked']:
            self.state.set(phase='checking')
            found = pip.check(self.folder)
            self.state.stop_if_canceled()
            result['check'] = found
            for problem in found['problems']:
                self.log.line('pip check: ' + problem)

    def on_line(self, line):
        self.log.line(line)
        if line.strip():
            self.last_lines = self.last_lines[-30:] + [self.log.masked(line.strip())]
        self.state.set(**self.progress.line(line))

    def reason(self):
        """pip's own sentence: its last error line; older pips print the reason as their last line."""
        errors = [line for line in self.last_lines if line.lower().startswith('error')]
        return (errors or self.last_lines or ['it printed nothing'])[-1]

    def read(self, name):
        try:
            return read_json(os.path.join(self.folder, name))
        except (IOError, OSError, ValueError) as error:
            raise JobFailed('%s of the job cannot be read: %s' % (name, words(error)))

    def take_secrets(self):
        """The environment variables for pip; their file is gone before anything else happens."""
        path = os.path.join(self.folder, 'secrets.json')
        if not os.path.exists(path):
            return {}
        try:
            return self.read('secrets.json')['environment']
        finally:
            remove(path)

    def resolve(self, place):
        """The full path of {"job": path} or {"home": path}."""
        if 'job' in place:
            return os.path.normpath(os.path.join(self.folder, place['job']))
        return os.path.normpath(os.path.join(self.data, os.pardir, os.pardir, place['home']))

    def argument(self, argument, directory):
        """An argument of pip: text as it is; a place as its path, short where it is below pip's directory."""
        if not isinstance(argument, dict):
            return argument
        path = self.resolve(argument)
        return os.path.relpath(path, directory) if path.startswith(directory + os.sep) else path

    def write_record(self, check):
        """Leave the record of a good run, unless its files are no longer those that were asked for."""
        record = self.request.get('record')
        if record is None:
            return
        for path, expected in sorted(self.request.get('watched', {}).items()):
            if sha256_of(self.resolve({'home': path})) != expected:
                self.log.line('%s was changed while pip ran; the next run installs again.' % path)
                return
        folder = os.path.join(self.data, 'records')
        make_folder(folder)
        write_json(os.path.join(folder, self.request['runtime'] + '.json'),
                   dict(record, packagesDigest=digest(metadata_names(site_packages())), check=check,
                        finishedAt=now(), jobId=self.state.fields['id']))

    def clean(self, outcome):
        """Delete what may hold secrets, give the lock back, close the log; what fails here is said, not fatal."""
        problems = [self.log.problem] if self.log and self.log.problem else []
        steps = [lambda path=name: remove(os.path.join(self.folder, path))
                 for name in ['secrets.json', 'restore.txt'] + self.request.get('secretFiles', [])]
        for step in steps + ([self.lock.release] if self.lock else []):
            try:
                step()
            except (IOError, OSError) as error:
                problems.append('cleaning up failed: %s' % words(error))
        if outcome['state'] != 'succeeded' and self.log:
            self.log.line('%s: %s' % (outcome['state'].capitalize(), outcome['error']))
            outcome['error'] = self.log.masked(outcome['error'])
        if problems:
            outcome['warnings'] = problems


if __name__ == '__main__':
    sys.exit(Job(os.path.dirname(os.path.abspath(__file__))).run())
