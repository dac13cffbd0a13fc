"""The settings of pip on the worker, in uv's variables and arguments; what has no equal there leaves the job to pip."""

from __future__ import annotations

import sys

import pytest

from azext_pythonapp.jobs.runner import record
from azext_pythonapp.jobs.runner.uv_settings import Untranslatable, uv_settings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(record.os, "environ", {"HOME": str(tmp_path)})
    return tmp_path


def given(own_index=False, **variables):
    environment, arguments = uv_settings(variables, own_index, sys.prefix)
    return {name: value for name, value in environment.items() if name != "PATH"}, arguments


@pytest.mark.parametrize(
    "variables, expected, arguments",
    [
        ({"PIP_INDEX_URL": "https://u:p@pkgs.example/s"}, {"UV_INDEX_URL": "https://u:p@pkgs.example/s"}, []),
        (
            {"PIP_EXTRA_INDEX_URL": "https://a.example/s\n https://b.example/s"},
            {"UV_EXTRA_INDEX_URL": "https://a.example/s https://b.example/s"},
            [],
        ),
        (
            {"PIP_FIND_LINKS": "D:\\w https://a.example"},
            {},
            ["--find-links", "D:\\w", "--find-links", "https://a.example"],
        ),
        (
            {"PIP_TRUSTED_HOST": "a.example b.example"},
            {},
            ["--allow-insecure-host", "a.example"] * 1 + ["--allow-insecure-host", "b.example"],
        ),
        ({"PIP_NO_INDEX": "1"}, {}, ["--no-index"]),
        ({"PIP_NO_INDEX": "false", "PIP_PREFER_BINARY": "0"}, {}, []),
        ({"PIP_PRE": "true"}, {}, ["--prerelease", "allow"]),
        ({"PIP_TIMEOUT": "30", "PIP_RETRIES": "0"}, {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "0"}, []),
        ({"PIP_CERT": "D:\\ca.pem", "REQUESTS_CA_BUNDLE": "D:\\b"}, {"SSL_CERT_FILE": "D:\\ca.pem"}, []),
        ({"REQUESTS_CA_BUNDLE": "D:\\b.pem"}, {"SSL_CERT_FILE": "D:\\b.pem"}, []),
        ({"PIP_CLIENT_CERT": "D:\\me.pem"}, {"SSL_CLIENT_CERT": "D:\\me.pem"}, []),
        (
            {"PIP_PROXY": "http://p.example:1", "NO_PROXY": "x", "https_proxy_": "y"},
            {**dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p.example:1"), "https_proxy_": "y"},
            [],
        ),
        ({"PIP_NO_INPUT": "1", "PIP_UPGRADE_STRATEGY": "only-if-needed", "PIP_CACHE_DIR": "D:\\c"}, {}, []),
    ],
)
def test_settings_of_pip(variables, expected, arguments):
    environment, words = given(**variables)
    environment = {name: value for name, value in environment.items() if name not in ("REQUESTS_CA_BUNDLE",)}
    assert (environment, words) == (expected, arguments)


@pytest.mark.parametrize(
    "variables",
    [
        {"PIP_PREFER_BINARY": "1"},
        {"PIP_NO_BINARY": ":all:"},
        {"PIP_CONSTRAINT": "D:\\c.txt"},
        {"PIP_UPGRADE": "1"},
        {"PIP_UPGRADE_STRATEGY": "eager"},
        {"PIP_KEYRING_PROVIDER": "import"},
        {"PIP_INDEX_URL": "http://pkgs.example/simple"},
        {"PIP_INDEX_URL": "http://u:p@pkgs.example/simple", "PIP_TRUSTED_HOST": "other.example"},
    ],
)
def test_settings_without_an_equal(variables):
    with pytest.raises(Untranslatable) as raised:
        given(**variables)
    assert str(raised.value).startswith(next(iter(variables))) and "u:p" not in str(raised.value)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_an_index_of_a_file_counts_more_only_for_pip(name):
    with pytest.raises(Untranslatable, match=f"the requirements name an index, and {name} another one"):
        given(True, **{name: "https://pkgs.example/simple"})
    assert given(True, PIP_FIND_LINKS="D:\\w")[1] == ["--find-links", "D:\\w"]


def test_a_trusted_host_may_be_without_tls():
    url = "http://pkgs.example:8080/simple"
    assert given(PIP_INDEX_URL=url, PIP_TRUSTED_HOST="pkgs.example")[0] == {"UV_INDEX_URL": url}
    assert given(PIP_INDEX_URL="http://127.0.0.1:8080/simple")[0]


def test_own_variables_of_uv_that_lead_elsewhere_are_left_out():
    kept = {"UV_HTTP_TIMEOUT": "9", "UV_SYSTEM_CERTS": "1", "UV_CONCURRENT_DOWNLOADS": "2", "APP": "x"}
    index = {"UV_INDEX_URL": "https://a.example/s", "UV_FIND_LINKS": "D:\\w"}
    dropped = dict.fromkeys(
        ("UV_PYTHON", "UV_CACHE_DIR", "UV_LINK_MODE", "UV_OFFLINE", "UV_CONSTRAINT", "UV_PRERELEASE", "VIRTUAL_ENV"),
        "1",
    )
    assert given(**kept, **index, **dropped)[0] == {**kept, **index}
    assert given(True, **kept, **index)[0] == kept
    assert given(**kept, **index, PIP_INDEX_URL="https://b.example/s")[0] == {
        **kept,
        "UV_INDEX_URL": "https://b.example/s",
    }


def test_the_netrc_that_pip_reads(home):
    (home / "_netrc").touch()
    assert given()[0] == {"NETRC": str(home / "_netrc")}
    (home / ".netrc").touch()
    assert given()[0] == {"NETRC": str(home / ".netrc")}
    assert given(NETRC="D:\\n")[0] == {"NETRC": "D:\\n"}


@pytest.fixture
def settings_file(home, monkeypatch):
    path = home / "pip.ini"
    monkeypatch.setitem(record.os.environ, "PIP_CONFIG_FILE", str(path))
    return path


def test_files_count_less_than_variables(settings_file):
    settings_file.write_text(
        "[global]\nindex-url = https://a.example/s\ntimeout = 5\nextra_index_url =\n    https://b.example/s\n"
        "    https://c.example/s\n[install]\ntimeout = 6\n[list]\nformat = json\n[freeze]\nall = 1\n"
    )
    assert given()[0] == {
        "UV_INDEX_URL": "https://a.example/s",
        "UV_HTTP_TIMEOUT": "6",
        "UV_EXTRA_INDEX_URL": "https://b.example/s https://c.example/s",
    }
    assert given(PIP_TIMEOUT="7", PIP_INDEX_URL="https://z.example/s")[0]["UV_INDEX_URL"] == "https://z.example/s"


def test_a_file_without_an_equal_is_named(settings_file):
    settings_file.write_text("[install]\nno-binary = lxml\n")
    with pytest.raises(Untranslatable, match="no-binary in pip.ini has no equal in uv"):
        given()


def test_a_file_that_pip_could_not_read_says_nothing(settings_file):
    settings_file.write_bytes(b"[global\nindex-url\xff")
    assert given()[0] == {}
