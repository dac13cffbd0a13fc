"""The record that a good run leaves on the worker, by which the next run can tell that there is nothing to do."""

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
    """What the last good `install-requirements` of a runtime put where.

    requirements_sha256: `fingerprint` of the files asked for. options: PipOptions.normalised().
    packages_digest: installed.digest of site-packages right after the run.
    check: what `pip check` said then, {"ok", "problems"}; it still holds while the digest is the same.
    job_id, finished_at: the job that did it, and when (UTC, ISO 8601).
    """

    requirements_sha256: str
    options: dict[str, Any]
    packages_digest: str
    check: dict[str, Any]
    job_id: str
    finished_at: str


def path_for(runtime: str) -> str:
    """Where a runtime's record is, relative to %HOME%. runtime: the runtime's folder name, such as "python364x64"."""
    return f"{FOLDER}/{runtime}.json"


def parse(content: bytes) -> Record | None:
    """The record in a file; None when the file holds none that is whole."""
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


def to_json(requirements_sha256: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a record that is known before the run; the runner adds the rest."""
    return {"requirementsSha256": requirements_sha256, "options": dict(options)}


def fingerprint(files: Mapping[str, bytes]) -> str:
    """SHA-256, in hex, over the names and contents of the requirement and constraint files of one run."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def is_satisfied(
    record: Record | None, requirements_sha256: str, options: Mapping[str, Any], digest: str, *, pinned: bool
) -> bool:
    """Whether a run with these inputs would find everything done.

    digest: installed.digest of site-packages now. pinned: whether every requirement names exactly one version;
    with --upgrade and without that, only the index knows, so no record satisfies. Nor does any when pip is asked to
    install what is there already, or
    to read what may change unseen.
    """
    if record is None or (options.get("upgrade") and not pinned) or reads_more(options.get("more", ())):
        return False
    return (
        record.requirements_sha256 == requirements_sha256
        and record.options == dict(options)
        and record.packages_digest == digest
    )
