"""What the runner writes into an environment's description of its packages: their sizes, needs and addresses."""

from __future__ import annotations

import json
from email.parser import HeaderParser

import pytest

from azext_pythonapp.jobs.runner import site_packages
from azext_pythonapp.jobs.runner.site_packages import details, direct_addresses


def add(folder, entry, **files):
    (folder / entry).mkdir()
    for name, text in files.items():
        (folder / entry / name.replace("_json", ".json")).write_text(text)


@pytest.mark.parametrize(
    "more",
    [
        "Requires-Dist: left\nRequires-Dist: right\n",
        "Requires-Dist: left\n\nRequires-Dist: right\n",
        "Requires-Dist: left\nThis is no header.\nRequires-Dist: right\n",
        "Requires-Dist: left\nSpaced : 1\nRequires-Dist: right\n",
        "requires-dist:left\nDescription: long\n        |\n        Requires-Dist: right\n",
    ],
)
def test_needs_are_those_that_pip_reads(tmp_path, more):
    text = f"Name: own\nVersion: 1.0\n{more}"
    add(tmp_path, "own-1.0.dist-info", METADATA=text)
    assert details(str(tmp_path))[1] == {"own": HeaderParser().parsestr(text).get_all("Requires-Dist")}


def test_needs_of_another_version_are_not_told(tmp_path):
    add(tmp_path, "own-1.0.dist-info", METADATA="Name: own\nVersion: 1.0\nRequires-Dist: left\n")
    add(tmp_path, "own-2.0.dist-info", RECORD="own.py,,3\n")
    assert details(str(tmp_path)) == (3, {})


@pytest.mark.parametrize("number, told", [(20, True), (100_000, False)])
def test_needs_are_told_as_long_as_a_client_reads_them(tmp_path, number, told):
    """Each short line takes eight times as much in the description."""
    add(tmp_path, "own-1.0.dist-info", METADATA="Name: own\nVersion: 1.0\n" + "Requires-Dist: a\n" * number)
    assert details(str(tmp_path))[1] == ({"own": ["a"] * number} if told else {})


def test_a_size_that_no_file_has_does_not_count(tmp_path):
    add(tmp_path, "own-1.0.dist-info", METADATA="Name: own\nVersion: 1.0\n", RECORD="a,,7\nb,,%s\n" % ("9" * 5000))
    assert details(str(tmp_path)) == (7, {"own": []})


def test_a_file_that_cannot_be_read_now_is_no_failure(tmp_path, monkeypatch):
    add(tmp_path, "held-1.0.dist-info", METADATA="Name: held\nVersion: 1.0\n", RECORD="a,,7\n")
    add(tmp_path, "own-1.0.dist-info", METADATA="Name: own\nVersion: 1.0\nRequires-Dist: left\n", RECORD="a,,7\n")
    opened = site_packages.io.open

    def open_unless_held(path, *arguments, **options):
        if "held-" in str(path):
            raise PermissionError(13, "another program has it open", path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(site_packages.io, "open", open_unless_held)
    assert details(str(tmp_path)) == (None, {"own": ["left"]})


def test_addresses_are_those_of_names_with_hyphens_too(tmp_path):
    address = json.dumps({"url": "https://example.org/a.zip"})
    for entry in ("own-tool-1.0.dist-info", "Other_Tool-2.0.dist-info", "plain.egg-info", "old-1.0-py3.8.egg-info"):
        add(tmp_path, entry, direct_url_json=address)
    assert sorted(direct_addresses(str(tmp_path))) == ["old", "other-tool", "own-tool", "plain"]
