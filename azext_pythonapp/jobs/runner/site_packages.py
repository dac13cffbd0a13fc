# -*- coding: utf-8 -*-
"""The packages that are installed in this Python."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import hashlib
import io
import json
import os
import re
import sys
import sysconfig

from .file_access import delete, read_json

METADATA = ("METADATA", "PKG-INFO")
# More than this of what packages need, as JSON, is in no description of an environment, of which a client reads 1 MB.
LONGEST_REQUIRES = 500000


def site_packages():
    """Return the path of the folder that pip installs to."""
    return sysconfig.get_path("purelib")


def platform_tag():
    """Return the tags that the name of a wheel with compiled code must have, such as "cp38 win_amd64"."""
    return "cp%d%d %s" % (sys.version_info[:2] + (re.sub("[-.]", "_", sysconfig.get_platform()),))


def metadata_names(folder):
    """Return the names of the metadata of packages. pip leaves names with a leading ~ behind, which do not count."""
    return sorted(
        name
        for name in os.listdir(folder)
        if name.lower().endswith((".dist-info", ".egg-info", ".egg-link")) and not name.startswith("~")
    )


def digest(names):
    """Return a hash of names of metadata, as azext_pythonapp/packages/installed.py computes it from a listing."""
    return hashlib.sha256("\n".join(sorted(names)).encode("utf-8")).hexdigest()


def remove_empty_dist_info(folder):
    """Delete .dist-info folders without metadata. pip leaves one when it replaces itself, and fails at it later.

    Returns whether there was any.
    """
    found = False
    for name in metadata_names(folder):
        path = os.path.join(folder, name)
        if (
            os.path.isdir(path)
            and name.lower().endswith(".dist-info")
            and not set(os.listdir(path)) & set(METADATA + ("RECORD",))
        ):
            delete(path)
            found = True
    return found


def metadata_fields(path):
    """Return Name and Version of a METADATA or PKG-INFO file; {} when there is no such file."""
    fields = {}
    if os.path.isfile(path):
        with io.open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                match = re.match(r"(Name|Version):\s*(.*?)\s*$", line)
                if match:
                    fields.setdefault(*match.groups())
                if len(fields) == 2 or not line.strip():
                    break
    return fields


def installed_packages(folder):
    """Return the packages in a site-packages folder: {normalized name: (name, version, mark)}.

    mark: text that changes when pip installs the package again, even in the same version.
    """
    packages = {}
    for entry in metadata_names(folder):
        where = os.path.join(folder, entry)
        for path, fields in described(where, entry):
            packages[canonical(fields["Name"])] = (
                fields["Name"],
                fields.get("Version", ""),
                mark([where, path, os.path.join(where, "RECORD"), os.path.join(where, "direct_url.json")]),
            )
    return packages


def described(where, entry):
    """Return (path, {"Name", "Version"}) for each file that describes an entry of site-packages.

    A package whose METADATA is missing or names nothing is there all the same when pip has listed its files: the name
    of its folder tells what it is. `pip list` passes over it.
    """
    metadata = linked_metadata(where) if entry.lower().endswith(".egg-link") else where
    found = [(path, metadata_fields(path)) for path in [metadata] + [os.path.join(metadata, name) for name in METADATA]]
    found = [(path, fields) for path, fields in found if "Name" in fields]
    named = re.match(r"(.+?)-(\d[^-]*)\.dist-info$", entry, re.IGNORECASE)
    if not found and named and os.path.isfile(os.path.join(where, "RECORD")):
        found = [(os.path.join(where, "RECORD"), {"Name": named.group(1), "Version": named.group(2)})]
    return found


def details(folder):
    """Return what is asked of packages in a folder: (bytes of their files, {normalized name: lines of Requires-Dist}).

    The bytes are those that their lists of files name (PEP 376: path, hash, size); None where those cannot be read. A
    package without METADATA, as an .egg-info, is not among the second, nor is one with such lines that are not ASCII;
    none is where they are too long together.
    """
    size, requires = 0, {}
    for entry in metadata_names(folder):
        where = os.path.join(folder, entry)
        try:
            size = None if size is None else size + listed_size(os.path.join(where, "RECORD"))
            for path, fields in described(where, entry):
                name = canonical(fields["Name"])
                requires.pop(name, None)
                lines = required_lines(path) if os.path.basename(path) == "METADATA" else None
                if lines is not None and all(re.match("[ -~]*$", line) for line in lines):
                    requires[name] = lines
        except (IOError, OSError):  # another program has a file open: whoever needs it asks again
            size = None
    return size, requires if len(json.dumps(requires, indent=1)) <= LONGEST_REQUIRES else {}


def listed_size(path):
    """Return the sum of the sizes in a RECORD; 0 for none. Raises IOError."""
    if not os.path.isfile(path):
        return 0
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        sizes = [line.strip().rpartition(",")[2] for line in stream]
    return sum(int(each) for each in sizes if re.match("[0-9]{1,15}$", each))


def required_lines(path):
    """Return the values of Requires-Dist in a METADATA file; one may go on in lines that begin with a blank.

    The headers end with the first line that is none, as for pip.
    """
    found = []
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        name = None
        for line in stream:
            header = re.match("([!-9;-~]+):(.*)", line)
            if line[0] in " \t" and name is not None:
                if name == "requires-dist":
                    found[-1] = (found[-1] + " " + line.strip()).strip()
            elif header:
                name = header.group(1).lower()
                if name == "requires-dist":
                    found.append(header.group(2).strip())
            else:
                break
    return found


def entries_of(folder, packages):
    """Return the entries of a site-packages folder, in lower case, that belong to packages whose version is unchanged.

    packages: as installed_packages() returned them before.
    """
    found = set()
    for entry in metadata_names(folder):
        where = os.path.join(folder, entry)
        for _, fields in described(where, entry):
            before = packages.get(canonical(fields["Name"]))
            if before is not None and before[1] == fields.get("Version", ""):
                found.add(entry.lower())
                found.update(name.lower() for name in listed_entries(where, entry))
    return found


def listed_entries(where, entry):
    """Yield the first part of each path that a package's metadata lists."""
    for name, start in (("RECORD", ""), ("installed-files.txt", entry), ("top_level.txt", "")):
        path = os.path.join(where, name)
        if os.path.isfile(path):
            with io.open(path, encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    file = os.path.join(start, line.split(",")[0].strip().strip('"').replace("\\", "/"))
                    first = os.path.normpath(file).replace(os.sep, "/").split("/")[0]
                    yield first
                    if name == "top_level.txt":
                        yield first + ".py"


def canonical(name):
    """Return a package's name in its normalized form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def linked_metadata(path):
    """Return the .egg-info folder that the .egg-link of an editable package points to; else the link itself."""
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        source = stream.readline().strip()
    name = canonical(os.path.basename(path)[: -len(".egg-link")])
    for entry in sorted(os.listdir(source) if os.path.isdir(source) else ()):
        if entry.lower().endswith(".egg-info") and canonical(entry[: -len(".egg-info")]) == name:
            return os.path.join(source, entry)
    return path


def mark(paths):
    """Return time and size of the files as text; pip writes them again with each installation."""
    found = []
    for path in paths:
        if os.path.isfile(path):
            status = os.stat(path)
            found.append("%r %d" % (status.st_mtime, status.st_size))
    return " ".join(found)


def direct_addresses(folder):
    """Return where packages came from that no index provided: {normalized name: address}, as requirements name it.

    pip notes it in direct_url.json (PEP 610).
    """
    found = {}
    for entry in metadata_names(folder):
        path = os.path.join(folder, entry, "direct_url.json")
        if os.path.isfile(path):
            try:
                address = direct_address(read_json(path))
            except (IOError, OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
            found[named_package(entry)] = address
    return found


def named_package(entry):
    """Return the normalized name of the package that an entry of site-packages names; it may have hyphens."""
    stem = re.sub(r"-py\d.*$", "", entry.rpartition(".")[0])
    name, _, version = stem.rpartition("-")
    return canonical(name if name and version[:1].isdigit() else stem)


def direct_address(fields):
    """Return the address in the fields of a direct_url.json, such as "git+https://host/a.git@4f2a#subdirectory=b".

    That of a package that runs from its own folder begins with "-e ".
    """
    address, vcs = fields["url"], fields.get("vcs_info")
    if (fields.get("dir_info") or {}).get("editable"):
        return "-e " + address
    if vcs:
        address = "%s+%s@%s" % (vcs["vcs"], address, vcs["commit_id"])
    return address + ("#subdirectory=" + fields["subdirectory"] if fields.get("subdirectory") else "")


def changes(before, after):
    """Return the differences between two sets of packages, as in the job's result."""
    return {
        "installed": [{"name": after[key][0], "version": after[key][1]} for key in sorted(set(after) - set(before))],
        "upgraded": [
            {"name": after[key][0], "before": before[key][1], "after": after[key][1]}
            for key in sorted(set(after) & set(before))
            if before[key][1] != after[key][1]
        ],
        "reinstalled": [
            {"name": after[key][0], "version": after[key][1]}
            for key in sorted(set(after) & set(before))
            if before[key][1] == after[key][1] and list(before[key][2:]) != list(after[key][2:])
        ],
        "removed": [{"name": before[key][0], "version": before[key][1]} for key in sorted(set(before) - set(after))],
    }
