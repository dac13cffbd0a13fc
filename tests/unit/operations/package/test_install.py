"""--packages: what is one requirement, and how it travels to pip."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.package.install import package_names, requirement_lines


def test_specs_travel_in_a_file_unchanged():
    specs = [
        'flask>=1,<2; python_version > "3"',
        "six[a]!=1.0",
        " x @ https://me:pw@h/x.whl ",
        "größe @ https://h/%41%",
    ]
    files = requirement_lines(specs[:3])
    assert files.uploads["packages.txt"].decode("utf-8").splitlines()[1:] == [spec.strip() for spec in specs[:3]]
    assert files.uploads["packages.txt"].startswith(b"# -*- coding: utf-8 -*-\n")
    assert [each.name for each in files.parsed] == ["flask", "six", "x"]
    assert "pw" not in files.name


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "-r x.txt",
        "--index-url https://h/",
        "flask\nsix",
        "flask\\",
        "# no",
        "a b",
        "=1",
        "./x.whl",
        r"C:\wheels\x.whl",
        "x.whl",
    ],
)
def test_anything_else_is_refused(spec):
    with pytest.raises(InvalidInput, match="--packages"):
        requirement_lines(["six", spec])


def test_names_to_uninstall():
    assert package_names(["Flask_SQLAlchemy", "six", "six"]) == ["flask-sqlalchemy", "six"]
    for wrong in ("six==1.0", "six[a]", "x @ https://h/x.whl"):
        with pytest.raises(InvalidInput, match="only names"):
            package_names([wrong])
    with pytest.raises(InvalidInput, match="pip cannot be uninstalled"):
        package_names(["PIP"])
