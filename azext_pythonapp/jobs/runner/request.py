# -*- coding: utf-8 -*-
"""What a job is asked to do, and the paths of the files that its request names."""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os

from .errors import JobFailed, error_text
from .file_access import read_json, remove


class JobRequest:
    """request.json and secrets.json of a job.

    folder: the job's folder. data: %HOME%/data/pythonapp. fields: the content of request.json; {} until read_fields().
    sources: (option, value) of each line of the requirements files that names a source of packages; [] until
    take_secrets().
    """

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.dirname(os.path.dirname(folder))
        self.fields = {}
        self.sources = []

    def read(self, name):
        """Return the value in a JSON file of the job's folder. Raises JobFailed when it cannot be read."""
        try:
            return read_json(os.path.join(self.folder, name))
        except (IOError, OSError, ValueError) as error:
            raise JobFailed("%s of the job cannot be read: %s" % (name, error_text(error)))

    def read_fields(self):
        """Read request.json. Raises JobFailed when it cannot be read."""
        self.fields = self.read("request.json")

    def take_secrets(self):
        """Read secrets.json and delete it. Returns the environment variables for pip.

        Raises JobFailed when the file cannot be read.
        """
        path = os.path.join(self.folder, "secrets.json")
        if not os.path.exists(path):
            return {}
        try:
            secrets = self.read("secrets.json")
            self.sources = secrets.get("sources", [])
            return secrets["environment"]
        finally:
            remove(path)

    def require_secrets(self):
        """Raise JobFailed when a file that may hold secrets was deleted: pip would use another index without it."""
        names = list(self.fields.get("secretFiles") or []) + ["secrets.json"] * bool(self.fields.get("secrets"))
        for name in names:
            if not os.path.exists(os.path.join(self.folder, name)):
                raise JobFailed("%s was deleted, because the job did not start in time; run the command again." % name)

    def source_texts(self):
        """Return the values of the sources that are text; URLs among them may hold credentials."""
        return [value for _, value in self.sources if not isinstance(value, dict)]

    def resolve(self, place):
        """Return the full path of {"job": path} or {"home": path}."""
        if "job" in place:
            return os.path.normpath(os.path.join(self.folder, place["job"]))
        return os.path.normpath(os.path.join(self.data, os.pardir, os.pardir, place["home"]))

    def directory(self):
        """Return the full path of the folder in which pip runs."""
        return self.resolve(self.fields["directory"])

    def argument(self, argument):
        """Return an argument of pip as text: a place as its path, relative when it is below pip's directory."""
        if not isinstance(argument, dict):
            return argument
        path, directory = self.resolve(argument), self.directory()
        return os.path.relpath(path, directory) if path.startswith(directory + os.sep) else path
