"""The libraries with compiled code that people ask for: one command, and the app uses them."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming, web_root

pytestmark = pytest.mark.costly

REQUIREMENTS = "numpy\npandas\ncryptography\nlxml\n"
APP = """\
import sys

import numpy
import pandas
from cryptography.fernet import Fernet
from lxml import etree


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    box = Fernet(Fernet.generate_key())
    frame = pandas.DataFrame({"a": numpy.arange(5)})
    text = etree.fromstring("<a><b>lxml</b></a>").findtext("b")
    answer = [sys.version.split()[0], int(frame.a.sum()), float(numpy.linalg.det(numpy.eye(3))),
              box.decrypt(box.encrypt(b"fernet")).decode(), text]
    return [" ".join(map(str, answer)).encode()]
"""


@pytest.mark.long
@pytest.mark.parametrize("version, exact", [("3.8", "3.8.10"), ("3.11", "3.11.9")])
def test_compiled_libraries_work_after_one_command(az, apps, version, exact):
    site = apps.new(python=exact)
    (web_root(site) / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    (web_root(site) / "app.py").write_text(APP, encoding="utf-8")

    answer = az("webapp python set-version", *naming(site), "--version", version, "--health-path", "/").json

    assert answer["verification"].items() >= {"pythonVersion": exact, "importOk": True, "httpStatus": 200}.items()
    assert {"packages/numpy", "packages/pandas", "packages/cryptography", "packages/lxml"} <= {
        change["target"] for change in answer["changes"]
    }
    assert apps.get(site).text == f"{exact} 10 1.0 fernet lxml"
