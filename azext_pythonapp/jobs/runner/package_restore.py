# -*- coding: utf-8 -*-
"""Restore the packages when pip has changed some and failed (--restore)."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import codecs
import os

from .bytecode import without_compiling
from .file_access import delete, write_json
from .site_packages import canonical, changes, entries_of, installed_packages


class PackageRestore:
    """The packages as they were before pip was called, or before the first attempt when this is the second.

    Created before pip is called. request: the JobRequest. target: the Target. packages: as
    installed_packages() returned them.
    """

    def __init__(self, request, state, log, target, packages):
        self.request = request
        self.target = target
        self.state = state
        self.log = log
        self.options = request.fields["restore"]
        self.before = packages
        since = self.options.get("since")
        if since is None:
            first = {"packages": packages, "entries": os.listdir(self.target.packages)}
            write_json(os.path.join(request.folder, "before.json"), first)
        else:
            first = request.read(os.path.join(os.pardir, since, "before.json"))
        self.packages = first["packages"]
        self.entries = first["entries"]

    def changes(self):
        """Return which packages differ from before; one that was installed again in the same version does not."""
        made = changes(self.packages, installed_packages(self.target.packages))
        del made["reinstalled"]
        return made

    def put_back(self, pip):
        """Restore what a failed pip has changed. Returns the outcome, to be appended to the error.

        pip cannot remove the files of the package at which it failed while it wrote them. Once all other packages are
        as before, everything that is new in site-packages is deleted.
        """
        made = self.changes()
        if not any(made.values()):
            return ""
        self.log.line("Putting back the packages that pip has changed.")
        old = [
            "%s==%s" % (row["name"], row.get("before") or row["version"]) for row in made["upgraded"] + made["removed"]
        ]
        new = [row["name"] for row in made["installed"]]
        if new:
            self.call(pip, ["uninstall", "-y"], new)
        if old:
            self.call(pip, ["install", "--no-deps"] + self.options["arguments"], self.source_lines() + old)
        left = self.changes()
        if not left["upgraded"] and not left["removed"]:
            self.delete_new_entries()
        self.mark_unchanged(old)
        if any(self.changes().values()):
            return "; putting back what it had changed did not fully succeed"
        return "; what it had changed was put back (%d packages)" % (len(old) + len(new))

    def call(self, pip, arguments, lines):
        """Call pip with a requirements file of these lines."""
        path = os.path.join(self.request.folder, "restore.txt")
        with open(path, "wb") as stream:
            stream.write(codecs.BOM_UTF8 + "\n".join(lines + [""]).encode("utf-8"))
        self.state.set(phase="restoring", progress=None)
        pip.run(
            without_compiling([self.request.argument(each) for each in arguments] + ["-r", path], self.target.pip),
            self.request.directory(),
            self.log.line,
        )
        self.state.raise_if_stopped()

    def source_lines(self):
        """Return the lines of the requirements files that name sources of packages, as the client has read them."""
        lines = []
        for option, value in self.request.sources:
            place = value if not isinstance(value, dict) else '"%s"' % self.request.resolve(value).replace(os.sep, "/")
            lines.append("%s %s" % (option, place) if place else option)
        return lines

    def mark_unchanged(self, restored):
        """Set what was installed before to the new files of restored packages, which are no change of this job."""
        after = installed_packages(self.target.packages)
        for line in restored:
            key = canonical(line.split("==")[0])
            if key in self.before and key in after and self.before[key][1] == after[key][1]:
                self.before[key] = after[key]

    def delete_new_entries(self):
        """Delete what is new in site-packages and belongs to no restored package: its files may have other names than
        before, such as a .dist-info folder instead of an .egg-info."""
        folder = self.target.packages
        known = set(name.lower() for name in self.entries) | set(["__pycache__"]) | entries_of(folder, self.packages)
        for name in [each for each in sorted(os.listdir(folder)) if each.lower() not in known]:
            self.log.line("Deleting %s, which pip has left behind." % name)
            delete(os.path.join(folder, name))
