# -*- coding: utf-8 -*-
"""What a job is asked to do, and where the files are that its request names."""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os

from .file_access import read_json, remove
from .outcome import JobFailed, words


class JobRequest:
    """request.json and secrets.json of a job.

    folder: the job's folder. data: %HOME%/data/pythonapp. fields: what request.json says; {} until read_fields().
    sources: option and value of the lines that say where packages come from; known once take_secrets() was called.
    """

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.dirname(os.path.dirname(folder))
        self.fields = {}
        self.sources = []

    def read(self, name):
        """What a JSON file in the job's folder holds. Raises JobFailed when it cannot be read."""
        try:
            return read_json(os.path.join(self.folder, name))
        except (IOError, OSError, ValueError) as error:
            raise JobFailed("%s of the job cannot be read: %s" % (name, words(error)))

    def read_fields(self):
        self.fields = self.read("request.json")

    def take_secrets(self):
        """The environment variables for pip; their file is gone before anything else happens."""
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
        """Raises JobFailed when what may hold secrets is gone: pip would ask another index than it was meant to."""
        names = list(self.fields.get("secretFiles") or []) + ["secrets.json"] * bool(self.fields.get("secrets"))
        for name in names:
            if not os.path.exists(os.path.join(self.folder, name)):
                raise JobFailed("%s was deleted, because the job did not begin in time; run the command again." % name)

    def source_texts(self):
        """The values of sources that are texts; addresses among them may hold credentials."""
        return [value for _, value in self.sources if not isinstance(value, dict)]

    def resolve(self, place):
        """The full path of {"job": path} or {"home": path}."""
        if "job" in place:
            return os.path.normpath(os.path.join(self.folder, place["job"]))
        return os.path.normpath(os.path.join(self.data, os.pardir, os.pardir, place["home"]))

    def directory(self):
        """The full path of the folder that pip is to run in."""
        return self.resolve(self.fields["directory"])

    def argument(self, argument):
        """An argument of pip: text as it is; a place as its path, short where it is below pip's directory."""
        if not isinstance(argument, dict):
            return argument
        path, directory = self.resolve(argument), self.directory()
        return os.path.relpath(path, directory) if path.startswith(directory + os.sep) else path
