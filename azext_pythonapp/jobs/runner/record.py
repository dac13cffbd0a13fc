# -*- coding: utf-8 -*-
"""The record of a successful run, which lets the next run see that nothing has to be done."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import io
import os

from .errors import error_text
from .file_access import make_folder, read_json, remove, sha256_of, write_json
from .site_packages import digest, metadata_names
from .state import now

# Settings with which pip reads other files than those of the request, or installs again what is there. The same
# requirements may have another result then.
READING = (
    "constraint",
    "requirement",
    "editable",
    "find-links",
    "build-constraint",
    "group",
    "upgrade",
    "force-reinstall",
    "ignore-installed",
)
NOT_SET = ("", "0", "no", "false", "off", "n", "f")


def leave_record(request, target, check, job_id, log):
    """Write the record; return the one that was there, {} for none, None when it was left as it is.

    The run has succeeded, so a problem, such as a full disk, is only logged: the next run calls pip again then.
    """
    try:
        return write_record(request, target, check, job_id, log)
    except (IOError, OSError) as error:
        log.line("The record of this run could not be written: %s" % error_text(error))
        return None


def write_record(request, target, check, job_id, log):
    """Write ../../records/<runtime>.json, unless pip read something else than the client has seen.

    request: the JobRequest. target: the Target. check: the result of `pip check`, {"ok", "problems"}. Returns what
    `leave_record` returns.
    """
    record = request.fields.get("record")
    if record is None:
        return None
    for path, expected in sorted(request.fields.get("watched", {}).items()):
        if sha256_of(request.resolve({"home": path})) != expected:
            log.line("%s was changed while pip ran; the next run calls pip again." % path)
            return None
    path = os.path.join(request.data, "records", request.fields["runtime"] + ".json")
    settings = reading_settings(target.prefix)
    if settings:
        log.line("%s changes what pip reads, so the next run calls pip again." % settings[0])
        before = earlier_record(path)
        remove(path)
        return before
    make_folder(os.path.dirname(path))
    packages = digest(metadata_names(target.packages))
    before = earlier_record(path)
    write_json(path, dict(record, packagesDigest=packages, check=check, finishedAt=now(), jobId=job_id))
    return before


def earlier_record(path):
    """Return the record that is there; {} for none, and for what is none."""
    try:
        before = read_json(path)
    except (IOError, OSError, ValueError):
        return {}
    return before if isinstance(before, dict) else {}


def reading_settings(prefix):
    """Return the names of the settings in READING that are set: PIP_CONSTRAINT, or "constraint of <pip.ini>".

    prefix: the folder of the Python that pip runs with.
    """
    return [shown for _, value, shown in configured(READING, prefix) if value not in NOT_SET]


def configured(names, prefix):
    """Return what variables and configuration files say of options of pip: [(name, value, where it is from)].

    names: of options, without dashes before them. prefix: the folder of the Python that pip runs with. The values are
    in lower case.
    """
    variables = [(name, "PIP_" + name.upper().replace("-", "_")) for name in names]
    found = [(name, os.environ.get(variable, "").strip().lower(), variable) for name, variable in variables]
    for path in configuration_files(prefix):
        with io.open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, _, value = line.replace(":", "=", 1 if "=" not in line.partition(":")[0] else 0).partition("=")
                name = key.strip().lower().replace("_", "-")
                if name in names:
                    found.append((name, value.strip().lower(), "%s of %s" % (key.strip(), path)))
    return [row for row in found if row[1]]


def configuration_files(prefix):
    """Return the paths of the configuration files that pip reads, those that count more last.

    prefix: the folder of its Python. With PIP_CONFIG_FILE, pip does not read those of the user.
    """
    own = os.environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return []
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    user = [os.path.join(os.path.expanduser("~"), "pip")]
    user += [os.path.join(os.environ["APPDATA"], "pip")] if os.environ.get("APPDATA") else []
    folders = [os.path.join(os.environ["PROGRAMDATA"], "pip")] if os.environ.get("PROGRAMDATA") else []
    folders += [] if own and os.path.isfile(own) else user
    paths = [os.path.join(folder, name) for folder in folders + [prefix]] + [own or ""]
    return [path for number, path in enumerate(paths) if os.path.isfile(path) and path not in paths[:number]]
