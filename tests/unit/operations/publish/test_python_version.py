"""The Python that a folder asks for."""

from __future__ import annotations

import pytest

from azext_pythonapp.operations.publish.python_version import version_of
from azext_pythonapp.source.folder import read_source


def asked(tmp_path, **files):
    for name, content in {"app.py": "", **files}.items():
        (tmp_path / name.replace("_dot_", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())
    version, of = version_of(read_source(tmp_path))
    return str(version) if version else None, of


@pytest.mark.parametrize(
    "text, version",
    [
        ("3.11\n", "3.11"),
        ("# ours\n\n3.12.4 # the newest\n3.11.9\n", "3.12.4"),
        ("cpython-3.13", "3.13"),
        ("3.13.x", "3.13"),
        ("\ufeff3.14.0rc1\r\n", "3.14.0rc1"),
        ("2.7.18", "2.7.18"),
        ("cpython@3.12\n", "3.12"),
        ("cpython-3.12.4-windows-x86_64-none\n", "3.12.4"),
        ("3.11\r\n".encode("utf-16"), "3.11"),
        ("3", "3"),
    ],
)
def test_python_version_is_read_as_pyenv_does(tmp_path, text, version):
    assert asked(tmp_path, **{"_dot_python-version": text}) == (version, ".python-version")


@pytest.mark.parametrize("text", ["pypy3.10-7.3.17\n", "miniconda3-latest", "", "system", "3.11.4/envs/shop", "latest"])
def test_what_is_no_version_of_cpython_means_nothing(tmp_path, text):
    assert asked(tmp_path, **{"_dot_python-version": text}) == (None, "")


def test_runtime_txt_comes_second(tmp_path):
    assert asked(tmp_path, runtime_dot_txt="python-3.11.9\n") == ("3.11.9", "runtime.txt")
    assert asked(tmp_path, **{"_dot_python-version": "3.12"}) == ("3.12", ".python-version")
    assert asked(tmp_path, **{"_dot_python-version": b"\xff\xfe\x00"}) == ("3.11.9", "runtime.txt")


def test_a_folder_without_either_asks_for_nothing(tmp_path):
    assert asked(tmp_path) == (None, "")
