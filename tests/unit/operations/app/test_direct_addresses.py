"""Where packages came from that no index provided, as the Python on the worker prints it."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.operations.app import site_packages
from azext_pythonapp.operations.app.site_packages import InstalledMetadata, direct_addresses

PYTHON = r"D:\home\python3810x64\python.exe"
FILES = {
    "six-1.16.0.dist-info": {"archive_info": {}, "url": "https://me:pw@h/six-1.16.0-py3-none-any.whl"},
    "Own_Pkg-1.0.dist-info": {
        "url": "https://h/a.git",
        "vcs_info": {"vcs": "git", "commit_id": "4f2a"},
        "subdirectory": "b",
    },
    "library-1.0.dist-info": {"url": "file:///D:/home/site/wwwroot/library", "dir_info": {"editable": True}},
    "list-1.0.dist-info": [],
    "empty-1.0.dist-info": {},
}


def app(run):
    return SimpleNamespace(kudu=SimpleNamespace(run=run))


def test_each_is_an_address_for_a_requirement(tmp_path, monkeypatch):
    folder = tmp_path / "Lib" / "site-packages"
    for name, fields in FILES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "direct_url.json").write_text(json.dumps(fields))
    (folder / "torn-1.0.dist-info").mkdir()
    (folder / "torn-1.0.dist-info" / "direct_url.json").write_text("{")
    (folder / "of_an_index-1.0.dist-info").mkdir()
    source = f"import sys, json\nsys.executable = {str(tmp_path / 'python')!r}\n" + site_packages._ADDRESSES
    printed = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert direct_addresses(app(lambda command: SimpleNamespace(output="a banner\n" + printed)), PYTHON) == {
        "six": "https://h/six-1.16.0-py3-none-any.whl",
        "own-pkg": "git+https://h/a.git@4f2a#subdirectory=b",
        "library": "-e file:///D:/home/site/wwwroot/library",
    }


@pytest.mark.parametrize("printed", ["", "pythonapp-addresses {", "python.exe is not recognized"])
def test_a_python_that_does_not_answer_tells_nothing(printed):
    assert direct_addresses(app(lambda command: SimpleNamespace(output=printed)), PYTHON) == {}


def test_what_cannot_be_asked_is_not_known():
    def run(text):
        raise UnknownOutcome("cut")

    assert direct_addresses(app(run), PYTHON) == {}


def test_the_app_cannot_name_a_size_that_is_none():
    rows = "a.py,sha256=x,7\nb.py,sha256=x," + "9" * 400 + "\n"
    scm = SimpleNamespace(read=lambda path: SimpleNamespace(content=rows.encode()))
    assert InstalledMetadata(SimpleNamespace(kudu=scm), "python", ["own-1.0.dist-info"]).sizes(["own"]) == 7
