"""Run by az's own Python: keeps az loaded, and forks a process for each command, which costs a tenth of a new az.

Each line of standard input is a request in JSON, each line of standard output its answer:

    {"arguments": [...], "environment": {...}, "folder": ..., "stdout": ..., "stderr": ...}  ->  {"pid": ...}
    {"wait": pid}  ->  {"status": as subprocess has it}
    {"load": [names of modules]}  ->  {"loaded": how many}

A forked process is az in all that matters here: one process with its threads, which a signal ends at any moment.
"""

import importlib
import json
import os
import sys
from contextlib import suppress


def load(names):
    """Import modules, so that the processes to come have them; those that cannot be imported are left out."""
    loaded = 0
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)
            loaded += 1
    return {"loaded": loaded}


def start(request):
    """Fork a process that runs a command."""
    pid = os.fork()
    if pid:
        return {"pid": pid}
    status = 70
    try:
        os.setsid()
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        for descriptor, name in ((0, os.devnull), (1, request["stdout"]), (2, request["stderr"])):
            opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY)
            os.dup2(opened, descriptor)
        status = az(request["arguments"])
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)  # pylint: disable=protected-access


def az(arguments):
    """What the program az does: azure/cli/__main__.py, without its telemetry and its version check."""
    from azure.cli.core import get_default_cli

    sys.argv = ["az", *arguments]
    status = get_default_cli().invoke(arguments)
    if os.environ.get("AZ_HOST_MODULES"):
        with open(os.environ["AZ_HOST_MODULES"], "w", encoding="utf-8") as file:
            json.dump(sorted(sys.modules), file)
    return status or 0


def main():
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            answer = load(request["load"])
        elif "wait" in request:
            answer = {"status": os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])}
        else:
            answer = start(request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
