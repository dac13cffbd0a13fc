"""Every command that names an app, with --ids: the same function for each of many apps, in threads of one process.

az gets the functions from here, as `azext_pythonapp.custom.fleet#runtime.show_app`. Without --ids, they do what the
function of that name does.
"""

import os
import stat
import sys
from collections import defaultdict
from contextlib import suppress
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature

# Those that change nothing, so that what Resource Graph says of an app, some minutes late, is good enough.
READERS = (
    "list_available_versions",
    "list_runtimes",
    "show_app",
    "export_python",
    "list_packages",
    "freeze_packages",
    "outdated_packages",
    "check_packages",
    "audit_packages",
    "list_components",
    "list_jobs",
    "show_job",
    "print_job_log",
    "list_changes",
    "show_change",
    "show_web_config",
    "diff_web_config",
)
# Those that change nothing without an option.
CHANGE_ONLY_WITH = {"diagnose_app": "fix"}
# Its result is one folder of this machine.
OF_ONE_APP = ("vendor_packages",)
DEFAULT_PARALLEL, MOST_PARALLEL = 10, 200
_APP_OPTIONS = {"resource_group_name": "--resource-group", "webapp_name": "--name", "slot": "--slot"}
_LOCAL_FILES = {"file": "--file", "output_file": "--output-file"}
_READ_FILES = {"requirement": "--requirement", "constraint": "--constraint", "package": "--package"}
_OF_MANY = ("--ids", "--parallel", "--max-failures")


def __getattr__(name):
    """Return what has the functions of custom/<name>.py as attributes."""
    if name.startswith("_"):
        raise AttributeError(name)
    return _Functions(import_module(f"azext_pythonapp.custom.{name}"))


class _Functions:
    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        function = getattr(self._module, name)
        names_an_app = name not in OF_ONE_APP and "webapp_name" in signature(function).parameters
        return for_many(function) if names_an_app else function


def for_many(function):
    """Return a command's function that takes --ids, --parallel and --max-failures as well.

    function: takes cmd, resource_group_name, webapp_name, slot, and options.
    """

    @wraps(function)
    def command(cmd, ids=None, parallel=None, max_failures=None, **options):
        if ids is not None:
            return Fleet(cmd, function, options, parallel, max_failures).run(ids)
        given = {"--parallel": parallel, "--max-failures": max_failures}
        alone = next((option for option, value in given.items() if value is not None), None)
        if alone:
            from azext_pythonapp.errors import InvalidInput

            name = options.get("webapp_name")
            one_app = f", and --name names one app, '{name}'" if name else ""
            raise InvalidInput(f"{alone} is only for --ids{one_app}.", f"Leave {alone} out, or use --ids.")
        options.setdefault("resource_group_name", None)
        options.setdefault("webapp_name", None)
        return function(cmd, **options)

    parameters = list(signature(function).parameters.values())
    own = [
        each.replace(kind=Parameter.KEYWORD_ONLY, default=None if each.name in _APP_OPTIONS else each.default)
        for each in parameters[1:]
    ]
    more = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in ("ids", "parallel", "max_failures")]
    setattr(command, "__signature__", signature(function).replace(parameters=[parameters[0], *own, *more]))
    return command


class Fleet:
    """One command on many apps.

    function: of the command for one app. options: its options, by the names of its parameters.
    """

    def __init__(self, cmd, function, options, parallel, max_failures):
        from azext_pythonapp.errors import InvalidInput
        from azext_pythonapp.fleet.run import Limits
        from azext_pythonapp.fleet.screen import Screen

        self._cmd = cmd
        self._function = function
        self._options = options
        # az puts the default subscription there when something asks for it.
        self._subscription = cmd.cli_ctx.data.get("subscription_id")
        parallel = DEFAULT_PARALLEL if parallel is None else parallel
        if not 1 <= parallel <= MOST_PARALLEL:
            raise InvalidInput(f"--parallel {parallel} is not a number from 1 to {MOST_PARALLEL}.")
        if max_failures is not None and max_failures < 1:
            raise InvalidInput(f"--max-failures {max_failures} is not a number from 1 on.")
        self._limits = Limits(parallel, max_failures)
        self._screen = Screen(cmd.cli_ctx.only_show_errors)
        self._changes = False  # whether something may have been changed by now
        self._faults = []  # the apps whose answers tell a fault, which is an answer and no success
        self._unasked = set()  # the apps in which nothing was to change when the question was asked

    def run(self, ids):
        """Return the answer: what became of each app, in the order given. The exit code is 1 unless all succeeded.

        Raises InvalidInput for wrong ids and options, before anything starts.
        """
        from azext_pythonapp.custom.opening import console
        from azext_pythonapp.errors import Interrupted
        from azext_pythonapp.fleet.outcome import counted
        from azext_pythonapp.fleet.summary import summary_lines

        self._refuse_other_apps()
        members = self._members(ids)
        self._rehearse(members[0])
        try:
            known = self._confirmed(members)
            self._changes = not self._options.get("dry_run") and not self._only_reads
            done = self._run_all(members, self._options, known)
        except KeyboardInterrupt as interrupt:
            self._screen.close()
            _end_at_once(self._cmd.cli_ctx)
            if not self._changes:
                raise Interrupted("Interrupted. Nothing was changed.") from interrupt
            raise Interrupted(
                "Interrupted twice: apps that were worked on may be changed in part, and nothing is known of them.",
                "Run the same command again: it goes on with what it finds.",
            ) from interrupt
        answer = [outcome.to_dict(member) for member, outcome in zip(members, done.outcomes)]
        lines = summary_lines(answer) if self._options.get("dry_run") else []
        if len(members) > 1 or lines:
            lines.append(counted(done.outcomes))
        console(self._cmd).conclude(*lines)
        if done.interrupted or self._faults or any(outcome.status != "succeeded" for outcome in done.outcomes):
            _end_with_failure(self._cmd.cli_ctx)
        return answer

    @property
    def _only_reads(self):
        """Whether the command changes nothing, with these options."""
        name = self._function.__name__
        return name in READERS or (name in CHANGE_ONLY_WITH and not self._options.get(CHANGE_ONLY_WITH[name]))

    def _refuse_other_apps(self):
        from azext_pythonapp.errors import InvalidInput

        for name, option in _APP_OPTIONS.items():
            value = self._options.pop(name, None)
            if value is not None and not getattr(value, "is_default", False):
                raise InvalidInput(f"--ids and {option} both name an app.", f"Leave {option} out.")
        for name, option in _LOCAL_FILES.items():
            if self._options.get(name) is not None:
                raise InvalidInput(f"--ids and {option} cannot be used together: it is one file.", "Name one app.")
        for name, option in _READ_FILES.items():
            if _is_read_once(self._options.get(name)):
                raise InvalidInput(
                    f"{option} '{self._options[name]}' can be read only once, and --ids reads it for each app.",
                    "Put it into a file.",
                )

    def _members(self, ids):
        from azext_pythonapp.errors import InvalidInput
        from azext_pythonapp.fleet.selection import read_members

        members = read_members(ids, _read_standard_input, _read_text)
        given = self._subscription
        other = next((each for each in members if given and each.subscription.lower() != str(given).lower()), None)
        if other is not None:
            raise InvalidInput(
                f"--ids '{other.id}' and --subscription '{given}' contradict each other.", "Leave --subscription out."
            )
        return members

    def _rehearse(self, member):
        """Let the command read its options, so that wrong ones are refused once, before anything starts."""
        from azext_pythonapp.custom.opening import OptionsRead

        try:
            self._function(_Command(self._cmd, _One(None, None, rehearsal=True)), **self._for_one(member, {}))
        except OptionsRead:
            pass

    def _confirmed(self, members):
        """Ask once for all apps, where the command asks; return the outcomes of those that need not be tried again."""
        from azext_pythonapp.custom.opening import console
        from azext_pythonapp.errors import Interrupted
        from azext_pythonapp.fleet.outcome import apps
        from azext_pythonapp.fleet.summary import affected, summary_lines

        never_ask = self._cmd.cli_ctx.config.getboolean("core", "disable_confirm_prompt", fallback=False)
        asks = "yes" in self._options and not self._options["yes"] and not self._options.get("dry_run")
        asks = asks and not self._only_reads
        if not asks or never_ask:
            if asks:
                self._options["yes"] = True
            return []
        self._screen.say(f"Looking at what would change in {apps(len(members))}.")
        planned = self._run_all(members, {**self._options, "dry_run": True}, [])
        if planned.interrupted:
            raise Interrupted("Interrupted. Nothing was changed.")
        rows = [outcome.to_dict(member) for member, outcome in zip(members, planned.outcomes)]
        number = affected(rows)
        for line in summary_lines(rows):
            self._screen.say(line)
        if number:
            console(self._cmd).confirm(f"Change {number} of {apps(len(members))}?")
            self._options["yes"] = True
        self._unasked = {member.resource_id for member, row in zip(members, rows) if not affected([row])}
        return [None if outcome.status == "succeeded" else outcome for outcome in planned.outcomes]

    def _run_all(self, members, options, known):
        from azext_pythonapp.appservice.app import bearer_token
        from azext_pythonapp.appservice.connections import Connections
        from azext_pythonapp.fleet.run import run_all

        ids = defaultdict(list)
        for member in members:
            ids[member.subscription].append(member.resource_id)
        connections = Connections(
            self._cmd.cli_ctx,
            ids,
            lambda subscription: bearer_token(self._cmd.cli_ctx, subscription),
            self._screen.say,
            self._only_reads,
        )
        watcher = _Watcher(self._screen, len(members) - sum(each is not None for each in known))

        def work(member):
            one = _One(watcher.progress(member), connections, faults=self._faults)
            try:
                answer = self._function(_Command(self._cmd, one), **self._for_one(member, options))
            finally:
                for app in one.opened:
                    app.kudu.close()
                    app.web.close()
            return one.progress.lines if answer is None else answer

        return run_all(members, work, self._limits, watcher, known)

    def _for_one(self, member, options):
        named = {"resource_group_name": None, "webapp_name": member.resource_id, "slot": None}
        if member.resource_id in self._unasked:
            named["yes"] = False
        return {**self._options, **options, **named}


class _Watcher:
    """Tells the screen what goes on. number: of apps to work on."""

    def __init__(self, screen, number):
        self._screen = screen
        self._progresses = {}
        self.say = screen.say
        screen.begin(number)

    def progress(self, member):
        return self._progresses[member.resource_id]

    def began(self, member):
        progress = self._progresses[member.resource_id] = self._screen.progress(member)
        self._screen.began(member, progress)

    def ended(self, member, outcome):
        from azext_pythonapp.fleet.summary import result_in_words

        self._progresses.pop(member.resource_id, None)
        self._screen.ended(member, outcome, result_in_words(outcome.result))


class _One:
    """What `custom/opening.py` needs to know of one app of many.

    progress: where its work reports. connections: those of all. rehearsal: whether only the options are to be read.
    words: of a command line for this app alone. opened: the apps that were opened, to be closed. faults: gets the app
    when its answer tells a fault.
    """

    def __init__(self, progress, connections, rehearsal=False, faults=None):
        self.progress = progress
        self.connections = connections
        self.rehearsal = rehearsal
        self.words = words_for_one(sys.argv[1:])
        self.opened = []
        self._faults = faults

    def has_fault(self):
        """Let the command for all apps end with exit code 1 once its answer is printed."""
        if self._faults is not None:
            self._faults.append(self)


class _Command:
    """az's cmd, as the function of a command for one app uses it."""

    def __init__(self, cmd, one):
        self.cli_ctx = _Context(cmd.cli_ctx)
        self.one_of_many = one


class _Context:
    """az's cli_ctx with data of its own, because the app's subscription is written there, and without events: those of
    one app are not about the answer for all."""

    def __init__(self, cli_ctx):
        self._cli_ctx = cli_ctx
        self.data = {**cli_ctx.data, "subscription_id": None}

    def __getattr__(self, name):
        return getattr(self._cli_ctx, name)

    def register_event(self, *_):
        """Leave az's events alone."""

    def unregister_event(self, *_):
        """Leave az's events alone."""


def words_for_one(words):
    """Return the words of a command line without --ids, --parallel and --max-failures, and without their values."""
    kept, skips = [], False
    for word in words:
        if word.startswith("--"):
            skips = any(option.startswith(word.partition("=")[0]) for option in _OF_MANY) and len(word) > 2
        elif word.startswith("-") and word != "-":
            skips = False
        if not skips:
            kept.append(word)
    return kept


def _read_standard_input():
    if sys.stdin is None:
        raise ValueError("it is closed")
    return sys.stdin.read()


def _read_text(name):
    with open(name, encoding="utf-8-sig") as file:
        return file.read()


def _is_read_once(name):
    """Return whether a file is a pipe, a terminal or the like, which is empty for whoever reads it next."""
    try:
        mode = os.stat(name).st_mode if name and name != os.devnull else 0
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _end_at_once(cli_ctx):
    """Let the process end once az has printed the error, without waiting for requests of apps that are worked on."""
    from knack.events import EVENT_CLI_POST_EXECUTE

    def end(_cli, **_):
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os._exit(1)  # pylint: disable=protected-access  # Python itself would wait for the threads of pools

    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, end)


def _end_with_failure(cli_ctx):
    """Let az end with exit code 1 once it has printed the answer."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def end(cli, **_):
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, end)
        sys.exit(1)

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, end)
