"""The licence of a package, from what its metadata says."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp.packages.licences import _BY_CLASSIFIER, _SPDX, licences
from tests.published_schemas import FOLDER

MIT = "License :: OSI Approved :: MIT License"
BSD = "License :: OSI Approved :: BSD License"


@pytest.mark.parametrize(
    "expression, field, classifiers, expected",
    [
        ("MIT OR\n Apache-2.0", "MIT", [BSD], [("expression", "MIT OR Apache-2.0")]),
        ("", "MIT", [MIT], [("id", "MIT")]),
        ("", "", [MIT, BSD], [("id", "MIT"), ("name", "BSD License")]),
        ("", "BSD-3-Clause", [BSD], [("id", "BSD-3-Clause")]),
        ("", "BSD", [BSD], [("name", "BSD License")]),
        ("", "apache license, version 2.0", [], [("id", "Apache-2.0")]),
        ("", "MIT License\n\nPermission is hereby granted", [], [("id", "MIT")]),
        ("", "Copyright 2020 somebody\nall of it", [], [("name", "Copyright 2020 somebody")]),
        ("", "x" * 500, [], [("name", "x" * 100)]),
        ("", "=====\n", ["License :: OSI Approved"], []),
        ("", "", ["License :: Public Domain"], [("name", "Public Domain")]),
        ("", "", [], []),
    ],
)
def test_licences(expression, field, classifiers, expected):
    found = [each.get("license", each) for each in licences(expression, field, classifiers)]
    assert [(key, each[key]) for each in found for key in ("expression", "id", "name") if key in each] == expected
    assert all(each["acknowledgement"] == "declared" for each in found)


def test_every_identifier_is_one_of_spdx():
    known = set(json.loads((FOLDER / "spdx.json").read_text(encoding="utf-8"))["enum"])
    assert {*_SPDX, *_BY_CLASSIFIER.values()} - known == set()
