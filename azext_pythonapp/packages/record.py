"""The record that a successful run leaves on the worker; it tells the next run whether there is nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.packages.pip_arguments import reads_more

FOLDER = "data/pythonapp/records"


@dataclass(frozen=True)
class Record:
    """The last successful `install-requirements` of a runtime.

    requirements_sha256: `fingerprint` of the requirement files. options: PipOptions.normalised().
    packages_digest: installed.digest of site-packages right after the run.
    check: the result of `pip check` then, {"ok", "problems"}; it stays valid while the digest is the same.
    job_id, finished_at: the job, and when it finished (UTC, ISO 8601).
    """

    requirements_sha256: str
    options: dict[str, Any]
    packages_digest: str
    check: dict[str, Any]
    job_id: str
    finished_at: str


def path_for(runtime: str) -> str:
    """Return the path of a runtime's record, relative to %HOME%. runtime: its folder name, such as "python364x64"."""
    return f"{FOLDER}/{runtime}.json"


def parse(content: bytes) -> Record | None:
    """Return the record in a file; None when it is incomplete or invalid."""
    try:
        fields = json.loads(content)
        return Record(
            fields["requirementsSha256"],
            fields["options"],
            fields["packagesDigest"],
            fields["check"],
            fields["jobId"],
            fields["finishedAt"],
        )
    except (ValueError, KeyError, TypeError):
        return None


def fields_of(content: bytes) -> dict[str, Any]:
    """Return the fields of a record's file, as they are; {} for what is none."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def to_json(requirements_sha256: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a record that is known before the run; the runner adds the rest."""
    return {"requirementsSha256": requirements_sha256, "options": dict(options)}


def fingerprint(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, in hex, of the names and contents of the requirement and constraint files of one run."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def is_satisfied(
    record: Record | None, requirements_sha256: str, options: Mapping[str, Any], digest: str, *, pinned: bool
) -> bool:
    """Return whether a run with these inputs would have nothing to do.

    digest: installed.digest of site-packages now. pinned: whether every requirement names exactly one version; with
    --upgrade and unpinned requirements only the index knows. Always False when pip is to reinstall installed packages,
    or to read files that may change unnoticed.
    """
    if record is None or (options.get("upgrade") and not pinned) or reads_more(options.get("more", ())):
        return False
    return (
        record.requirements_sha256 == requirements_sha256
        and record.options == dict(options)
        and record.packages_digest == digest
    )
